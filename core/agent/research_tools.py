"""What a research reads with: tools that read, all of them, and a box that keeps nothing. There is no way to write.

They are actions under the names and with the arguments the table keeps; every call goes the way of the chat's own tools
(checked, audited, redacted, marked as data), and what comes back is cut to what a research needs of one page.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from core.agent.citing import Sources
from core.agent.offering import table
from core.agent.own_tools import OWN
from core.agent.rendering import enclosed, render, without
from core.agent.toolbox import ChatProject, RegistryToolbox
from core.agent.values import Asked, Emit, Output, Tool, ToolRequest
from core.errors import InvalidInput
from core.registry import Call, actions

HEAD, TAIL = 4_800, 3_200  # characters of a result; together 8,000
_WHOLE = 1_000_000
_SUBJECTS = ("arxiv_id", "dataset", "url", "repo", "repo_id", "id", "path", "query", "owner", "endpoint")


@dataclass(frozen=True)
class Row:
    """One tool. arguments: what the model names → what the action names; None keeps all as they are. fixed: put in for it.

    project: it needs the chat's project, and is not offered without one.
    """

    action: str
    arguments: Mapping[str, str] | None = None
    fixed: Mapping[str, Any] = field(default_factory=dict)
    description: str = ""
    project: bool = False


_LOOKS_UP = frozenset({"hf_repo_files", "hf_inspect_dataset", "hf_model_details", "fetch_hf_docs", "hf_papers"})
_BOX = (
    "Run a bash command in a fresh sealed box: no network (nothing can be downloaded), no files of the person's, nothing kept. For sums, for cutting text, and to look "
    'into the packages installed here: python -c "import inspect, gradio; print(inspect.signature(gradio.Blocks.launch))"; a large import needs a timeout of 60.'
)
_CALLED = re.compile(r"\b[a-z]+(?:_[a-z]+)+\b")
TOOLS: Mapping[str, Row] = {
    **{
        name: Row(name)
        for name in (
            "hf_papers", "hf_inspect_dataset", "explore_hf_docs", "fetch_hf_docs", "find_hf_api",
            "github_find_examples", "github_list_repos", "github_read_file", "hf_repo_files",
            "hf_search_models", "hf_search_datasets", "hf_model_details", "hf_hub_query", "hf_runtime_capabilities",
        )
    },
    "read": Row("project_read", {"path": "path"}, description="Read a file of the person's project.", project=True),
    "bash": Row("sandbox_execute", {"command": "code", "timeout": "timeout"}, {"runtime": "bash"}, _BOX),
}  # fmt: skip


class ReadingTools:
    """values.Toolbox of one research. sources: what its tools returned, for the citations. told: called with each call's name and subject."""

    def __init__(self, call: Call, *, project: str = "", sources: Sources, told: Callable[[str], None]):
        self._inner = RegistryToolbox(call, project=ChatProject(project))
        self._sources, self._told = sources, told
        self._rows = {name: row for name, row in TOOLS.items() if row.action in actions() and (project or not row.project)}
        self._tools = tuple(_tool(name, row) for name, row in self._rows.items())

    def tools(self) -> Sequence[Tool]:
        return self._tools

    async def judge(self, request: ToolRequest) -> Asked | None:
        return None

    async def run(self, request: ToolRequest, *, emit: Emit, approved: bool = False) -> Output:
        row = self._rows.get(request.name)
        if row is None:
            return Output(f"not_found: There is no tool called {request.name[:60]!r}. The tools are: {', '.join(self._rows)}.", ok=False)
        if request.problem:
            return Output(request.problem, ok=False)
        try:
            given = _given(request.name, row, request.arguments)
        except InvalidInput as error:
            return Output(f"{error.code}: {error.message} {error.fix}", ok=False)
        subject = next((str(request.arguments[name]) for name in _SUBJECTS if request.arguments.get(name)), "")
        self._told(f"{request.name} {subject[:60]}".strip())
        found = await self._inner.run(ToolRequest(request.id, row.action, given), emit=emit)
        if not found.ok and _is_missing(request.name, request.arguments, found.data):
            self._sources.missed(request.arguments)
        if not found.ok or found.data is None:
            return replace(found, text=ends(found.text) + self._not_here(found.text), data=None, picture=None)
        self._sources.take(request.name, request.arguments, found.data)
        text = ends(render(without(found.data, table().leave_out.get(row.action, ())), longest=_WHOLE))
        return Output(enclosed(text, f"{request.name} {subject}".strip()), cost_usd=found.cost_usd)

    def _not_here(self, text: str) -> str:
        """A word on the tools an error sends to that a research does not have."""
        strange = sorted((set(_CALLED.findall(text)) & (actions().keys() | OWN.keys())) - self._rows.keys())
        return f"\n(Not among your tools: {', '.join(strange)}. Take another of yours, or go on without.)" if strange else ""


def _is_missing(name: str, arguments: Mapping[str, Any], data: Any) -> bool:
    """Its subject itself was not found, rather than a file or a section of it."""
    error = data.get("error") if isinstance(data, Mapping) else None
    if not isinstance(error, Mapping) or error.get("code") != "not_found" or name not in _LOOKS_UP:
        return False
    return not arguments.get("section") and "files" not in (error.get("details") or {})


def ends(text: str) -> str:
    """The first 4,800 and the last 3,200 characters of a longer text, with a word on what is gone."""
    if len(text) <= HEAD + TAIL:
        return text
    return f"{text[:HEAD]}\n… [{len(text) - HEAD - TAIL} characters left out; ask for a part, a page or fewer] …\n{text[-TAIL:]}"


def _given(name: str, row: Row, arguments: Mapping[str, Any]) -> dict[str, Any]:
    """The action's arguments; what the tool does not have is refused, so that nothing reaches past the table."""
    if row.arguments is None:
        return {**arguments, **row.fixed}
    if strange := set(arguments) - set(row.arguments):
        raise InvalidInput(f"{name} has no argument {min(strange)!r}.", f"Its arguments are: {', '.join(row.arguments)}.")
    return {row.arguments[key]: value for key, value in arguments.items()} | dict(row.fixed)


def _tool(name: str, row: Row) -> Tool:
    """The action as a tool under the table's name and with the table's arguments."""
    action = actions()[row.action]
    schema = dict(action.schema)
    if row.arguments is not None:
        properties, required = schema["properties"], schema.get("required", ())
        schema = {
            "type": "object",
            "properties": {mine: properties[its] for mine, its in row.arguments.items()},
            "required": [mine for mine, its in row.arguments.items() if its in required],
        }
    return Tool(name, row.description or action.description, schema, title=action.title, reads=row.action != "sandbox_execute")
