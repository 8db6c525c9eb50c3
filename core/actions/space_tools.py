"""Call what other Spaces can do."""

from __future__ import annotations

from typing import Any

from core.actions.shapes import listing
from core.hub import run_space_tool, space_tools
from core.registry import Call, action


@action(risk="read", title="What a Space can do")
async def hf_space_tools(call: Call, id: str) -> dict:
    """The endpoints of a Gradio Space that can be called: items have name, inputs (name, label, type, component, required, default,
    choices, example) and outputs.

    Args:
        id: owner/name of a Space that runs.
    """
    return listing(await space_tools(call.house.hub, call.caller, id.strip()))


@action(risk="write", title="Call a Space")
async def hf_run_space_tool(call: Call, id: str, tool: str, inputs: dict[str, Any] | None = None, timeout: int = 120) -> dict:
    """Run one endpoint of a Gradio Space; gives `{id, tool, outputs}`, outputs in the order hf_space_tools tells them.

    Args:
        id: owner/name of a Space that runs.
        tool: the endpoint's name as hf_space_tools gives it, such as greet.
        inputs: values by the names of the inputs; what has a default may be left out.
        timeout: seconds, 1 to 300.
    """
    return {"id": id, "tool": tool, "outputs": await run_space_tool(call.house.hub, call.caller, id.strip(), tool, inputs or {}, timeout=timeout)}
