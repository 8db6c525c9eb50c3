"""Call this Space: beside its details, its endpoints, a form for one of them, and what it answered."""

from __future__ import annotations

import json
from dataclasses import dataclass

import gradio as gr

from core.errors import Cancelled, InvalidInput
from core.events import Done, Failed
from ui.bind import QUIET, Bind
from ui.desk import Updates
from ui.live import arg, live
from ui.parts import calling as drawn
from ui.parts.notice import Button, failure, notice, skeleton

_JOB = "call"


@dataclass(frozen=True)
class Calling:
    """The components. `of` holds the Space that is called, its endpoints and the chosen one's name, or None."""

    form: gr.HTML
    answer: gr.HTML
    of: gr.State


def layout() -> Calling:
    """Empty until a Space is called."""
    form = live("tool", "run", "close", "call", elem_id="search-calling")
    return Calling(form, live("stop", elem_id="search-called"), gr.State(None))


def behave(bind: Bind, own: Calling, details: gr.HTML, opened: gr.State) -> None:
    """Wire it: `details` has the button that begins, and once `opened` is something else the call is over."""

    async def end(name: str, given: dict, request: gr.Request) -> Done | Failed | None:
        """How the action ended, None when something else of this page's call took its place."""
        last = None
        async for batch in bind.follow(name, given, request, job=_JOB):
            last = batch[-1] if batch else last
        if isinstance(last, Failed) and last.error.get("code") == Cancelled.code:
            return None
        return last if isinstance(last, Done | Failed) else None

    async def call(request: gr.Request, event: gr.EventData):
        id = arg(event)
        yield {own.form: skeleton("lines", 3), own.answer: "", own.of: None}
        ended = await end("hf_space_tools", {"id": id}, request)
        if isinstance(ended, Failed):
            again = Button("Try again", event="call", arg=id, icon="reload")
            yield {own.form: failure(ended.error, again, Button("Close", event="close"))}
        elif ended:
            tools = ended.result["items"]
            chosen = tools[0]["name"] if tools else ""
            yield {own.form: drawn.form(id, tools, chosen), own.of: {"id": id, "tools": tools, "chosen": chosen}}

    async def choose(of: dict | None, request: gr.Request, event: gr.EventData) -> Updates:
        await bind.stop(_JOB, request)
        if not of:
            return {own.answer: ""}
        return {own.form: drawn.form(of["id"], of["tools"], arg(event)), own.answer: "", own.of: of | {"chosen": arg(event)}}

    async def run(of: dict | None, request: gr.Request, event: gr.EventData):
        tool = next((one for one in of["tools"] if one["name"] == of["chosen"]), None) if of else None
        if not of or not tool:
            return
        try:
            given = drawn.values(tool, _written(arg(event)))
        except InvalidInput as error:
            yield {own.answer: failure(error.to_dict())}
            return
        yield {own.answer: notice(f"{tool['name']} runs.", tone="working", buttons=[Button("Stop", event="stop")])}
        ended = await end("hf_run_space_tool", {"id": of["id"], "tool": tool["name"], "inputs": given}, request)
        if isinstance(ended, Failed):
            yield {own.answer: failure(ended.error)}
        elif ended:
            yield {own.answer: drawn.outputs(tool, ended.result["outputs"])}

    async def stop(request: gr.Request) -> Updates:
        await bind.stop(_JOB, request)
        return {own.answer: notice("Stopped.", "Nobody waits for the answer any more; the Space itself may still be at work.", tone="stopped")}

    async def clear(request: gr.Request) -> Updates:
        await bind.stop(_JOB, request)
        return {own.form: "", own.answer: "", own.of: None}

    parts = [own.form, own.answer, own.of]
    for part in (details, own.form):
        part.call(call, None, parts, **QUIET)
    own.form.tool(choose, own.of, parts, **QUIET)
    own.form.run(run, own.of, own.answer, **QUIET)
    own.form.close(clear, None, parts, **QUIET)
    own.answer.stop(stop, None, own.answer, **QUIET)
    opened.change(clear, None, parts, **QUIET)


def _written(text: str) -> dict:
    """What the form sent; `arg` cuts what is too long, so that it is no JSON any more."""
    try:
        return json.loads(text)
    except ValueError:
        raise InvalidInput("The inputs are longer than 20,000 characters.", "Give less, or call the Space from code.") from None
