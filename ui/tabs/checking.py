"""The check of the running app, under its frame: a button, one line, and what was found."""

from __future__ import annotations

from typing import Any

import gradio as gr

from core.errors import SpacesError
from ui.bind import QUIET, Bind
from ui.desk import Desk, Preview
from ui.live import live
from ui.parts.check import check

# The page's own check: open the app, fill its fields, press its main button.
STEPS: list[dict[str, Any]] = [{"do": "use"}]


def layout() -> gr.HTML:
    """The part; it is rendered at the foot of the Preview pane."""
    return live("inspect", render=False, elem_id="check")


def behave(bind: Bind, desk: Desk, part: gr.HTML) -> None:
    """Wire the button; another preview empties the line."""

    def fresh(preview: Preview | None) -> str:
        return check(running=_running(preview))

    async def inspect(preview: Preview | None, request: gr.Request):
        if not preview:
            yield check(running=False)
            return
        yield check(running=True, working=True)
        try:
            found = await bind.ask("preview_check", {"preview_or_project": preview["id"], "steps": STEPS}, request)
            yield check(running=True, found=found)
        except SpacesError as error:
            yield check(running=True, error=error.to_dict())

    part.inspect(inspect, desk.preview, part, **QUIET)
    desk.preview.change(fresh, desk.preview, part, **QUIET)


def _running(preview: Preview | None) -> bool:
    return preview is not None and preview.get("stage") == "running"
