"""The running app in the right pane: its frame, its chrome, starting and stopping it, its log."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import gradio as gr

from core.errors import SpacesError
from core.events import Done, Failed
from ui.bind import QUIET, Bind
from ui.desk import Desk, Updates, preview_of, surroundings
from ui.live import arg, live
from ui.parts import frame, logs, steps
from ui.parts.notice import Button, empty, failure, skeleton

_REMEMBERED_FIGURES = 40  # for the small curve: the last minute and a third


_NO_APP = empty("No log yet.", "What the app prints stands here once it runs.", icon="log")
_NO_OUTPUT = empty("Nothing printed yet.", "The app runs; what it prints appears here.", icon="log")


@dataclass(frozen=True)
class Stage:
    """The right pane's components.

    slot: stands where the frame will be. box: what is between the app and this machine, when somebody opens it.
    pulse: asks for figures and log lines, only while somebody can see them. trail: the last figures. seen: the newest
    line of the log that is drawn.
    """

    panes: gr.Tabs
    pane_preview: gr.Tab
    pane_files: gr.Tab
    pane_terminal: gr.Tab
    pane_logs: gr.Tab
    pane_receipt: gr.Tab
    chrome: gr.HTML
    tools: gr.HTML
    box: gr.HTML
    frame: gr.HTML
    slot: gr.HTML
    log: gr.HTML
    pulse: gr.HTML
    trail: gr.State
    seen: gr.State


def start_here() -> str:
    """What stands in the frame's place before anything was built."""
    return empty(
        "Your app appears here.",
        "Describe it, or press an example. It is planned, written, checked and started on this machine; nothing is published until you deploy it.",
        icon="cube",
    )


def layout_preview() -> tuple[gr.HTML, gr.HTML, gr.HTML, gr.HTML, gr.HTML]:
    """Chrome, tools, box, frame and slot, inside the Preview pane."""
    with gr.Row(elem_id="chrome-row"):
        chrome = live("box", elem_id="chrome")
        tools = live("restart", "halt", elem_id="tools")
    boxed = live("retest", "network", "close", "restart", elem_id="box")
    shown = live(elem_id="frame")
    return chrome, tools, boxed, shown, live("restart", value=start_here(), elem_id="slot")


def layout_log() -> gr.HTML:
    """The log, inside the Logs pane."""
    return live(value=_NO_APP, elem_id="preview-log")


def outputs(desk: Desk, stage: Stage) -> list[Any]:
    """What `waiting`, `showing` and `nothing` may redraw."""
    return [desk.preview, stage.chrome, stage.tools, stage.box, stage.frame, stage.slot, stage.trail, stage.log, stage.seen, stage.panes]


def waiting(stage: Stage, inside: str) -> Updates:
    """The pane while something is being started."""
    return {stage.chrome: "", stage.tools: "", stage.box: "", stage.frame: "", stage.slot: inside, stage.panes: gr.Tabs(selected="preview")}


def showing(desk: Desk, stage: Stage, preview: Mapping[str, Any], title: str) -> Updates:
    """The pane with a running app."""
    return {
        desk.preview: dict(preview),
        stage.chrome: frame.chrome(preview),
        stage.tools: frame.tools(preview),
        stage.frame: frame.frame(preview, title),
        stage.slot: "",
        stage.trail: [],
        stage.seen: 0,
    }


def nothing(desk: Desk, stage: Stage, error: Mapping[str, Any] | None, *, project: str | None = None) -> Updates:
    """The pane without a running app: where to begin, how to start it, or why it did not start."""
    known = project or ((error or {}).get("details") or {}).get("project")
    inside = start_here()
    log: Updates = {}
    if error and error.get("code") == "app_failed":
        inside = failure(error, Button("Start it again", event="restart", icon="play"))
        lines = [{"source": "run", "text": str(text)} for text in (error.get("details") or {}).get("log") or []]
        log = {stage.log: logs.log_lines(lines)}
    elif known:
        inside = empty("The app is not running.", "Its files are kept. Start it to see it here.", icon="cube", buttons=[Button("Start the app", event="restart", icon="play", primary=True)])  # fmt: skip
    return {desk.preview: None, stage.chrome: "", stage.tools: "", stage.box: "", stage.frame: "", stage.slot: inside, **log}


def behave(bind: Bind, desk: Desk, stage: Stage) -> None:
    """Wire the pane: restart, stop, figures, log."""

    async def restart(project: str | None, request: gr.Request):
        if not project:
            yield nothing(desk, stage, None)
            return
        async for updates in restarting(bind, desk, stage, project, request):
            yield updates

    async def halt(project: str | None, request: gr.Request, event: gr.EventData) -> Updates:
        try:
            await bind.ask("preview_stop", {"preview": arg(event)}, request)
        except SpacesError:
            pass  # it was gone already, which is what was asked for
        return nothing(desk, stage, None, project=project) | await surroundings(desk, bind, request, project, None)

    async def figures(project: str | None, known: dict | None, trail: list, request: gr.Request) -> Updates:
        now = await preview_of(bind, request, project)
        beat = {stage.pulse: f"<i>{time.time()}</i>"}
        if now and now["stage"] == "running" and known and now["id"] == known["id"]:
            rested = bool(trail[-1].get("frozen") if trail else (known.get("stats") or {}).get("frozen"))
            turned = rested != bool(now["stats"].get("frozen"))  # the bar says resting when the pane does
            around = await surroundings(desk, bind, request, project, now) if turned else {}
            trail = [*trail, now["stats"]][-_REMEMBERED_FIGURES:]
            return beat | around | {stage.trail: trail, stage.chrome: frame.chrome(now, trail)}
        if now and now["stage"] in ("building", "starting"):
            return beat
        if now and now["stage"] == "running":
            return beat | showing(desk, stage, now, "the app") | await surroundings(desk, bind, request, project, now)
        error = (now or {}).get("error")
        return beat | nothing(desk, stage, error, project=project) | await surroundings(desk, bind, request, project, now)

    async def tail(known: dict | None, seen: int, request: gr.Request) -> Updates:
        beat: Updates = {stage.pulse: f"<i>{time.time()}</i>", stage.seen: seen}
        if not known:
            return beat
        try:
            found = (await bind.ask("preview_logs", {"preview": known["id"], "limit": 400}, request))["items"]
        except SpacesError:
            return beat
        newest = found[-1]["number"] if found else 0
        if newest == seen:
            return beat  # nothing new: the log stays as it is, and as it is scrolled
        return beat | {stage.log: logs.log_lines(found), stage.seen: newest}

    async def tail_now(known: dict | None, seen: int, request: gr.Request) -> Updates:
        keep: Updates = {} if seen or not known else {stage.log: _NO_OUTPUT}
        return keep | await tail(known, 0, request)

    drawn = [*outputs(desk, stage), desk.bar, desk.dock]
    for press in (stage.tools.restart, stage.slot.restart, stage.box.restart):
        press(restart, desk.project, drawn, **QUIET)
    stage.tools.halt(halt, desk.project, drawn, **QUIET)
    stage.pulse.figures(figures, [desk.project, desk.preview, stage.trail], [stage.pulse, *drawn], **QUIET)
    tailed = [stage.pulse, stage.log, stage.seen]
    stage.pulse.tail(tail, [desk.preview, stage.seen], tailed, **QUIET)
    stage.pane_logs.select(tail_now, [desk.preview, stage.seen], tailed, **QUIET)


async def restarting(bind: Bind, desk: Desk, stage: Stage, project: str, request: gr.Request):
    """Start a project's app in place of the one that runs, and draw the pane on the way."""
    lines = steps.begin(steps.RESTART)
    yield waiting(stage, skeleton("frame", 1))
    async for batch in bind.follow("preview_start", {"project": project}, request):
        lines = steps.advance(lines, batch)
        last = batch[-1] if batch else None
        if isinstance(last, Done):
            now = {**last.result, "stats": {}}
            yield showing(desk, stage, now, "the app") | await surroundings(desk, bind, request, project, now)
        elif isinstance(last, Failed):
            error = {**last.error, "details": {"project": project, **(last.error.get("details") or {})}}
            yield nothing(desk, stage, error) | await surroundings(desk, bind, request, project, {"stage": "failed"})
        else:
            yield {stage.slot: steps.step_list(lines)}


async def refreshing(bind: Bind, desk: Desk, stage: Stage, project: str, request: gr.Request):
    """Bring changed files to the app, at the same address, and draw the pane on the way.

    Yields pairs of updates and, with the last ones, how it ended: an error, or an empty mapping when the app has the files.
    """
    before = await preview_of(bind, request, project)
    runs = (before or {}).get("stage") == "running"
    if runs:
        yield {stage.chrome: frame.chrome({**before, "stage": "reloading"})}, None
    else:
        yield waiting(stage, skeleton("frame", 1)), None
    async for batch in bind.follow("preview_update", {"project": project}, request):
        last = batch[-1] if batch else None
        if isinstance(last, Done):
            now = await preview_of(bind, request, project) or {**last.result, "stats": {}}
            if last.result["changed"] == "start":
                yield showing(desk, stage, now, "the app") | await surroundings(desk, bind, request, project, now), {}
            elif last.result["changed"] in ("code", "nothing"):  # the open page fits what runs now, and keeps its inputs
                yield {desk.preview: now, stage.chrome: frame.chrome(now)}, {}
            else:
                yield {desk.preview: now, stage.chrome: frame.chrome(now), stage.frame: frame.frame(now, "the app", version=str(time.time()))}, {}
        elif isinstance(last, Failed):
            error = {**last.error, "details": {"project": project, **(last.error.get("details") or {})}}
            now = await preview_of(bind, request, project)
            if runs and (now or {}).get("stage") == "running":
                yield {stage.chrome: frame.chrome(now)}, error
            else:
                yield nothing(desk, stage, error) | await surroundings(desk, bind, request, project, {"stage": "failed"}), error
