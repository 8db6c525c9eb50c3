"""The Receipt pane: what was made of an idea, what was checked, and the end of a project."""

from __future__ import annotations

import gradio as gr

from ui.bind import Bind
from ui.parts import receipt
from ui.parts.notice import empty


def no_receipt() -> str:
    """What stands in the Receipt pane while no project is open."""
    return empty("No receipt yet.", "After a build it says what was made, why, what was checked, and how long each step took.", icon="log")


async def receipt_of(bind: Bind, request: gr.Request, project: str | None, built: dict | None, *, asking: bool = False) -> str:
    """The Receipt pane for a project: what this visit knows of its build, and its files and checks as they are now."""
    if not project:
        return no_receipt()
    known = (await bind.ask("project_list", {}, request))["items"]
    one = next((each for each in known if each["id"] == project), None)
    if one is None:
        return no_receipt()
    listed = (await bind.ask("project_files", {"project": project}, request))["items"]
    findings = (await bind.ask("project_check", {"project": project}, request))["items"]
    mine = built if built and built["result"]["project"]["id"] == project else None
    return receipt.receipt(one, listed, findings, (mine or {}).get("result"), (mine or {}).get("lines") or (), asking)
