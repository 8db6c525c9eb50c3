"""A piece of HTML whose buttons are events of the page."""

from __future__ import annotations

import json
from typing import Any

import gradio as gr


def live(*events: str, value: str = "", **options: Any) -> gr.HTML:
    """A `gr.HTML` for one of the parts; each name in `events` becomes a listener, as in `board.restart(handler, …)`.

    A button of the part says `data-act="restart" data-arg="owner/name"`, a list `data-change="sort"`; the handler
    reads the argument with `arg(event)`. The part may be redrawn at any time, its listeners stay.
    """
    return gr.HTML(value, js_on_load=f"window.spaces.wire(element, trigger, watch, {json.dumps(list(events))})", apply_default_css=False, **options)


def arg(event: gr.EventData) -> str:
    """What the pressed button stands for."""
    data = event._data or {}
    return str(data.get("arg") or "")[:20_000]
