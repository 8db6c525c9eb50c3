"""What the product can do, one function an ability. Importing this room fills the registry.

Actions are thin: they take the caller's words, ask the rooms, and give plain data back. A list comes as
`{ok, item, items, meta, error}`.
"""

from core.actions import account, agent, build, checking, deploy, editing, exploring, files, github, hub_details, network, operate, outside, papers, preview, projects, providers, query, questions, repairing, repositories, research, sandbox, search, similar, space_tools, terminal, verifying  # noqa: F401
