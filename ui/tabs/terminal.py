"""The Terminal pane: a command runner with history, output as it comes, and a stop that stops."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import gradio as gr

from core.errors import Outdated, SpacesError
from core.events import Done, Failed, Log
from ui.bind import QUIET, Bind
from ui.desk import Desk, Updates
from ui.live import arg, live
from ui.parts import terminal as drawn
from ui.parts.notice import failure
from ui.parts.terminal import Entry
from ui.tabs import preview
from ui.tabs.editing import shown_running
from ui.tabs.files import Shelf, opening, outputs

_REMEMBERED = 20  # commands of one project in one page
_OUTPUT = 60_000  # characters of each that are remembered

# project → what was run in this page
Sessions = Mapping[str, Sequence[Entry]]


@dataclass(frozen=True)
class Terminal:
    """The pane's components. `entries` is what this page has run, by project."""

    view: gr.HTML
    said: gr.HTML
    command: gr.Textbox
    run: gr.Button
    stop: gr.Button
    clear: gr.Button
    entries: gr.State


def layout() -> Terminal:
    """The pane."""
    view = live("example", "keep", "discard", value=drawn.terminal([]), elem_id="terminal")
    said = gr.HTML("", elem_id="terminal-said", apply_default_css=False)
    with gr.Row(elem_id="terminal-bar"):
        command = gr.Textbox(
            label="Command", show_label=False, container=False, lines=1, max_lines=1, max_length=20_000, elem_id="terminal-command",
            placeholder="A command, such as ls -la", autofocus=False,
        )  # fmt: skip
        run = gr.Button("Run", variant="primary", size="sm", scale=0, min_width=64, elem_id="terminal-run")
        stop = gr.Button("Stop", size="sm", scale=0, min_width=64, elem_id="terminal-stop", visible=False)
        clear = gr.Button("Clear", size="sm", scale=0, min_width=64, elem_id="terminal-clear")
    return Terminal(view, said, command, run, stop, clear, gr.State({}))


def behave(bind: Bind, desk: Desk, own: Terminal, shelf: Shelf, stage: preview.Stage) -> None:
    """Wire the pane."""

    async def execute(project: str | None, command: str, entries: Sessions, request: gr.Request):
        command = (command or "").strip()
        if not project or not command:
            yield {own.said: failure({"message": "No project is open.", "fix": "Build an app first, or import a zip."}) if not project else ""}
            return
        before = list(entries.get(project, ()))[-_REMEMBERED + 1 :]
        folder = next((one.result.get("folder", "") for one in reversed(before) if one.result), "")
        entry = Entry(command, began=time.time(), folder=folder)

        def now(changed: Entry) -> Updates:
            kept = {**entries, project: [*before, changed]}
            return {own.entries: kept, own.view: drawn.terminal(kept[project], now=time.time())}

        yield {own.command: "", own.said: "", own.run: gr.Button(visible=False), own.stop: gr.Button(visible=True), **now(entry)}
        async for batch in bind.follow("project_run", {"project": project, "command": command, "folder": folder}, request, job="terminal"):
            told = "".join(event.text for event in batch if isinstance(event, Log))
            entry = replace(entry, output=(entry.output + told)[-_OUTPUT:])
            last = batch[-1] if batch else None
            if isinstance(last, Done):
                result = {**last.result, "output": last.result["output"][-_OUTPUT:]}
                entry = replace(entry, state=drawn.state_of(result), result=result)
            elif isinstance(last, Failed):
                stopped = last.error["code"] == "cancelled"
                entry = replace(entry, state="stopped" if stopped else "failed", error={} if stopped else last.error)
            over = {own.run: gr.Button(visible=True), own.stop: gr.Button(visible=False)} if entry.state != "working" else {}
            yield {**now(entry), **over}

    async def from_example(project: str | None, entries: Sessions, request: gr.Request, event: gr.EventData):
        async for updates in execute(project, arg(event), entries, request):
            yield updates

    async def stop(request: gr.Request) -> None:
        await bind.stop("terminal", request)

    def settled(entries: Sessions, project: str, run: str, how: str) -> Updates:
        """The entries after the changes of the last run were kept or discarded."""
        mine = [replace(one, settled=how) if one.result.get("run") == run else one for one in entries.get(project, ())]
        return {own.entries: {**entries, project: mine}, own.view: drawn.terminal(mine), own.said: ""}

    async def keep(project: str, path: str | None, drafts: dict, entries: Sessions, request: gr.Request, event: gr.EventData):
        try:
            await bind.ask("project_run_keep", {"project": project, "run": arg(event)}, request)
            updates = await opening(bind, request, desk, shelf, project, path, drafts=drafts)
        except Outdated as error:
            yield {own.said: failure({**error.to_dict(), "fix": "Discard this and run the command again over the newest files."})}
            return
        except SpacesError as error:
            yield {own.said: failure(error.to_dict())}
            return
        updates |= settled(entries, project, arg(event), "kept")
        async for each in shown_running(bind, desk, shelf, stage, project, "What the command changed is kept.", updates, request):
            yield each

    async def discard(project: str, entries: Sessions, request: gr.Request, event: gr.EventData) -> Updates:
        try:
            await bind.ask("project_run_discard", {"project": project, "run": arg(event)}, request)
        except SpacesError as error:
            return {own.said: failure(error.to_dict())}
        return settled(entries, project, arg(event), "discarded")

    def clear(project: str | None, entries: Sessions) -> Updates:
        return {own.entries: {**entries, project or "": []}, own.view: drawn.terminal([]), own.said: ""}

    def other(project: str | None, entries: Sessions) -> Updates:
        return {own.view: drawn.terminal(list(entries.get(project or "", ())), now=time.time()), own.said: ""}

    running = [own.entries, own.view, own.said, own.command, own.run, own.stop]
    for press in (own.run.click, own.command.submit):
        press(execute, [desk.project, own.command, own.entries], running, **QUIET)
    own.view.example(from_example, [desk.project, own.entries], running, **QUIET)
    own.stop.click(stop, None, None, **QUIET)
    kept = [own.entries, own.view, own.said, *outputs(desk, shelf), *preview.outputs(desk, stage), desk.bar, desk.dock]
    own.view.keep(keep, [desk.project, desk.path, shelf.drafts, own.entries], kept, **QUIET)
    own.view.discard(discard, [desk.project, own.entries], [own.entries, own.view, own.said], **QUIET)
    own.clear.click(clear, [desk.project, own.entries], [own.entries, own.view, own.said], **QUIET)
    desk.project.change(other, [desk.project, own.entries], [own.view, own.said], **QUIET)
