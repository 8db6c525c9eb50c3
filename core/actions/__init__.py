"""What the product can do, one function an ability. Importing this room fills the registry.

Actions are thin: they take the caller's words, ask the rooms, and give plain data back. A list comes as
`{ok, item, items, meta, error}`.
"""

from core.actions import account, agent, build, checking, deploy, exploring, files, github, hub_details, network, operate, outside, papers, preview, projects, providers, query, questions, repositories, sandbox, search, space_tools, terminal  # noqa: F401
