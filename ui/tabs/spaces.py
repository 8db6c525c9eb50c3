"""The Deploy tab: a board of my Spaces, what can be done to each, its log under its row."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator
from dataclasses import dataclass, replace

import gradio as gr

from core.errors import SpacesError
from core.events import Done, Failed, Log
from ui.bind import QUIET, Bind
from ui.desk import Desk, Updates
from ui.live import arg, live
from ui.parts import board as drawn
from ui.parts.board import Open
from ui.parts.notice import Button, empty, failure, skeleton

_LOOK_AGAIN_SECONDS = 4
_ASKED_WHETHER_THEY_ANSWER = 12
_KEPT_LINES = 200


@dataclass(frozen=True)
class Board:
    """The tab's components. `spaces` are the statuses shown, `opened` what is unfolded; `watch` looks again while one moves."""

    tab: gr.Tab
    refresh: gr.Button
    rows: gr.HTML
    spaces: gr.State
    opened: gr.State
    watch: gr.Timer


def layout(tab: gr.Tab) -> Board:
    """The tab."""
    with gr.Row(elem_id="board-head"):
        gr.HTML("<h2>My Spaces</h2>", apply_default_css=False)
        refresh = gr.Button("Refresh", size="sm", scale=0, min_width=80, elem_id="board-refresh")
    rows = live("log", "log_build", "log_run", "restart", "pause", "ask_delete", "delete", "close", "again", value=skeleton("rows", 4), elem_id="board")
    return Board(tab, refresh, rows, gr.State(None), gr.State(None), gr.Timer(_LOOK_AGAIN_SECONDS, active=False))


def behave(bind: Bind, desk: Desk, own: Board) -> None:
    """Wire the tab."""

    def draw(spaces: list[dict], opened: Open | None, busy: dict | None = None, trouble: dict | None = None) -> Updates:
        if not spaces:
            inside = empty("No Spaces yet.", "Build an app, look at it, deploy it: it appears here with its address, state and log.", icon="rocket", buttons=[Button("Build an app", go="agent", primary=True)])  # fmt: skip
        else:
            inside = drawn.board(spaces, opened=opened, busy=busy, trouble=trouble)
        watching = drawn.moving(spaces) and not (opened and opened.following)
        return {own.rows: inside, own.spaces: spaces, own.opened: opened, own.watch: gr.Timer(active=watching)}

    async def listed(request: gr.Request) -> list[dict]:
        """The Spaces; those that should serve are asked whether they do."""
        spaces = (await bind.ask("space_list", {}, request))["items"]

        async def looked_at(one: dict) -> dict:
            try:
                return await bind.ask("space_status", {"repo": one["repo"]}, request)
            except SpacesError:
                return one

        first = spaces[:_ASKED_WHETHER_THEY_ANSWER]
        return [*await asyncio.gather(*(looked_at(one) for one in first)), *spaces[_ASKED_WHETHER_THEY_ANSWER:]]

    async def refresh(opened: Open | None, request: gr.Request) -> Updates:
        try:
            return draw(await listed(request), opened)
        except SpacesError as error:
            again = Button("Try again", event="again", icon="reload")
            return {own.rows: failure(error.to_dict(), again), own.spaces: None, own.opened: None, own.watch: gr.Timer(active=False)}

    async def first(spaces: list | None, opened: Open | None, request: gr.Request):
        if spaces is None:
            yield {own.rows: skeleton("rows", 4)}
        yield await refresh(opened, request)

    async def act(name: str, given: dict, words: str, spaces: list, opened: Open | None, request: gr.Request) -> AsyncGenerator[Updates]:
        repo = given["repo"]
        await bind.stop("log", request)
        opened = replace(opened, following=False) if opened else None
        yield draw(spaces or [], opened, {repo: words})
        try:
            await bind.ask(name, given, request)
        except SpacesError as error:
            yield draw(spaces or [], opened, trouble={"repo": repo, "message": error.message, "fix": error.fix})
            return
        yield await refresh(opened, request) | {own.watch: gr.Timer(active=True)}

    async def restart(spaces: list, opened: Open | None, request: gr.Request, event: gr.EventData):
        async for updates in act("space_control", {"repo": arg(event), "command": "restart"}, "restarting", spaces, opened, request):
            yield updates

    async def pause(spaces: list, opened: Open | None, request: gr.Request, event: gr.EventData):
        async for updates in act("space_control", {"repo": arg(event), "command": "pause"}, "pausing", spaces, opened, request):
            yield updates

    async def delete(spaces: list, request: gr.Request, event: gr.EventData):
        async for updates in act("space_delete", {"repo": arg(event)}, "deleting", spaces, None, request):
            yield updates

    async def ask_delete(spaces: list, request: gr.Request, event: gr.EventData) -> Updates:
        await bind.stop("log", request)
        return draw(spaces or [], Open(arg(event), "delete"))

    async def close(spaces: list, request: gr.Request) -> Updates:
        await bind.stop("log", request)
        return draw(spaces or [], None)

    async def tail(repo: str, kind: str, spaces: list, request: gr.Request) -> AsyncGenerator[Updates]:
        """The log under its row, line by line, until its stream ends or it is closed; the stages go on being watched."""
        opened = Open(repo, "log", kind, following=True)
        spaces, looked, trouble = spaces or [], time.monotonic(), None
        yield draw(spaces, opened)
        async for batch in bind.follow("space_logs", {"repo": repo, "kind": kind, "follow": True}, request, job="log"):
            fresh = [event.text for event in batch if isinstance(event, Log)]
            last = batch[-1] if batch else None
            ended = isinstance(last, Done | Failed)
            if isinstance(last, Failed) and last.error["code"] == "cancelled":
                return  # closed, or another log was opened: whoever did that has drawn the board
            if isinstance(last, Failed):
                trouble = {"repo": repo, "message": last.error["message"], "fix": last.error["fix"]}
            opened = replace(opened, lines=(*opened.lines, *fresh)[-_KEPT_LINES:], following=not ended)
            again = ended or time.monotonic() - looked > _LOOK_AGAIN_SECONDS
            if again:
                try:
                    spaces, looked = _still_serving(spaces, (await bind.ask("space_list", {}, request))["items"]), time.monotonic()
                except SpacesError:
                    looked = time.monotonic()
            yield draw(spaces, opened, trouble=trouble) if fresh or again else {own.opened: opened}

    async def log(spaces: list, opened: Open | None, request: gr.Request, event: gr.EventData):
        repo = arg(event)
        if opened and opened.repo == repo and opened.what == "log":
            yield await close(spaces, request)
            return
        stage = next((one["stage"] for one in spaces or [] if one["repo"] == repo), "")
        building = stage in ("BUILDING", "BUILD_ERROR", "CONFIG_ERROR", "NO_APP_FILE")
        async for updates in tail(repo, "build" if building else "run", spaces, request):
            yield updates

    async def build_log(spaces: list, request: gr.Request, event: gr.EventData):
        async for updates in tail(arg(event), "build", spaces, request):
            yield updates

    async def run_log(spaces: list, request: gr.Request, event: gr.EventData):
        async for updates in tail(arg(event), "run", spaces, request):
            yield updates

    both = [own.spaces, own.opened]
    parts = [own.rows, own.spaces, own.opened, own.watch]
    own.tab.select(first, both, parts, **QUIET)
    own.refresh.click(first, both, parts, **QUIET)
    own.rows.again(first, both, parts, **QUIET)
    own.watch.tick(refresh, own.opened, parts, **QUIET)
    own.rows.log(log, both, parts, trigger_mode="multiple", **QUIET)
    own.rows.log_build(build_log, own.spaces, parts, trigger_mode="multiple", **QUIET)
    own.rows.log_run(run_log, own.spaces, parts, trigger_mode="multiple", **QUIET)
    own.rows.restart(restart, both, parts, **QUIET)
    own.rows.pause(pause, both, parts, **QUIET)
    own.rows.ask_delete(ask_delete, own.spaces, parts, **QUIET)
    own.rows.delete(delete, own.spaces, parts, **QUIET)
    own.rows.close(close, own.spaces, parts, **QUIET)


def _still_serving(before: list[dict], now: list[dict]) -> list[dict]:
    """The new list, with what was seen of each address where the list itself does not look and the stage is the same."""
    seen = {(one["repo"], one["stage"]): one["serving"] for one in before}
    return [{**one, "serving": seen.get((one["repo"], one["stage"]))} if one["serving"] is None else one for one in now]
