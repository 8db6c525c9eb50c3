"""The editor: what is typed stays until it is saved or discarded; it is compared, saved, and never written over others' work."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import gradio as gr

from core.errors import Outdated, SpacesError
from ui.bind import QUIET, Bind
from ui.desk import Desk, Updates, preview_of
from ui.live import arg
from ui.parts import files as drawn
from ui.parts.notice import Button, failure, notice
from ui.tabs import preview
from ui.tabs.drafts import Drafts, stash, without
from ui.tabs.files import Shelf, opening, outputs, remarked

_NO_PROJECT = notice("There is no project to save.", "Build an app first, or import a zip.", tone="warning")


def behave(bind: Bind, desk: Desk, shelf: Shelf, stage: preview.Stage) -> None:
    """Wire the editor."""

    def left(project: str | None, path: str | None, text: str, loaded: dict | None, drafts: Drafts, listing: list) -> Updates:
        """The editor lost the focus: what was typed is kept, whatever is opened next."""
        try:
            now = stash(drafts, project, loaded, text)
        except SpacesError as error:
            return {shelf.said: failure(error.to_dict())}
        if not project or set(now.get(project, {})) == set(drafts.get(project, {})):
            return {shelf.drafts: now}
        return {shelf.drafts: now, **remarked(shelf, project, path, listing, now)}

    async def pick(project: str | None, text: str, loaded: dict | None, drafts: Drafts, request: gr.Request, event: gr.EventData) -> Updates:
        if not project:
            return {shelf.said: ""}
        try:
            now = stash(drafts, project, loaded, text)
            return {shelf.drafts: now, **await opening(bind, request, desk, shelf, project, arg(event), drafts=now)}
        except SpacesError as error:
            return {shelf.said: failure(error.to_dict())}

    async def save(project: str | None, path: str | None, text: str, loaded: dict | None, drafts: Drafts, request: gr.Request):
        if not project:
            yield {shelf.said: _NO_PROJECT}
            return
        now = drafts
        try:
            now = stash(drafts, project, loaded, text)
            saved = await write(project, now, request)
        except Outdated as error:
            yield {shelf.drafts: now, shelf.said: conflict(error)}
            return
        except SpacesError as error:
            yield {shelf.drafts: now, shelf.said: failure(error.to_dict())}
            return
        now = without(now, project, *saved)
        updates = {shelf.drafts: now, **await opening(bind, request, desk, shelf, project, path, drafts=now)}
        if not saved:
            yield updates | {shelf.said: notice("Nothing had changed.", tone="idle")}
            return
        async for each in shown_running(bind, desk, shelf, stage, project, saved_words(saved), updates, request):
            yield each

    async def write(project: str, drafts: Drafts, request: gr.Request) -> list[str]:
        """Write every draft, those of one base in one change; the paths. What was written before a refusal stays written."""
        mine = drafts.get(project, {})
        for revision in sorted({draft["base"]["revision"] for draft in mine.values()}):
            files = {path: draft["text"] for path, draft in mine.items() if draft["base"]["revision"] == revision}
            await bind.ask("project_write", {"project": project, "files": files, "base": revision}, request)
        return sorted(mine)

    async def compare(project: str | None, text: str, loaded: dict | None, drafts: Drafts, request: gr.Request) -> Updates:
        if not project:
            return {shelf.said: _NO_PROJECT}
        try:
            now = stash(drafts, project, loaded, text)
            files = {path: draft["text"] for path, draft in now.get(project, {}).items()}
            found = (await bind.ask("project_compare", {"project": project, "files": files}, request))["items"] if files else []
        except SpacesError as error:
            return {shelf.said: failure(error.to_dict())}
        return {shelf.drafts: now, shelf.panel: drawn.compared(found)}

    async def discard(project: str, path: str | None, text: str, loaded: dict | None, drafts: Drafts, request: gr.Request, event: gr.EventData) -> Updates:
        dropped = arg(event)
        try:
            now = without(stash(drafts, project, loaded, text), project, dropped)
            updates = await opening(bind, request, desk, shelf, project, path, drafts=now)
        except SpacesError as error:
            return {shelf.said: failure(error.to_dict())}
        return {shelf.drafts: now, **updates, shelf.said: notice(f"What you typed into {dropped} is discarded.", "It stands as it was saved last.", tone="idle")}

    async def mine(project: str, path: str | None, text: str, loaded: dict | None, drafts: Drafts, request: gr.Request, event: gr.EventData):
        """Write the drafts of a conflict over what is there; theirs stays in the history."""
        paths = [name for name in arg(event).split("\n") if name in drafts.get(project, {})]
        try:
            now = stash(drafts, project, loaded, text)
            files = {name: now[project][name]["text"] for name in paths if name in now[project]}
            await bind.ask("project_write", {"project": project, "files": files, "message": f"Keep my version of {', '.join(files)}"}, request)
        except SpacesError as error:
            yield {shelf.said: failure(error.to_dict())}
            return
        now = without(now, project, *paths)
        updates = {shelf.drafts: now, **await opening(bind, request, desk, shelf, project, path, drafts=now)}
        async for each in shown_running(bind, desk, shelf, stage, project, "Your version is saved; the other one is in the history.", updates, request):
            yield each

    async def theirs(project: str, path: str | None, text: str, loaded: dict | None, drafts: Drafts, request: gr.Request, event: gr.EventData) -> Updates:
        """Leave what is there; what was typed is put into the history and taken back at once, so that it can be read there."""
        paths = arg(event).split("\n")
        try:
            now = stash(drafts, project, loaded, text)
            files = {name: now[project][name]["text"] for name in paths if name in now.get(project, {})}
            put = await bind.ask("project_write", {"project": project, "files": files, "message": f"My version of {', '.join(files)}, not kept"}, request)
            if put["changed"]:
                await bind.ask("project_undo", {"project": project}, request)
            now = without(now, project, *paths)
            updates = await opening(bind, request, desk, shelf, project, path, drafts=now)
        except SpacesError as error:
            return {shelf.said: failure(error.to_dict())}
        return {shelf.drafts: now, **updates, shelf.said: notice("Their version stays.", "Yours is in the history.", tone="done")}

    typed = [shelf.editor, shelf.loaded, shelf.drafts]
    given = [desk.project, desk.path, *typed]
    pane = [shelf.drafts, *outputs(desk, shelf)]
    running = [*pane, *preview.outputs(desk, stage), desk.bar, desk.dock]
    shelf.editor.blur(left, [*given, shelf.listing], [shelf.drafts, shelf.tree, shelf.head, shelf.save, shelf.compare, shelf.said], **QUIET)
    shelf.tree.pick(pick, [desk.project, *typed], pane, **QUIET)
    for press in (shelf.save.click, shelf.panel.save):
        press(save, given, running, **QUIET)
    for press in (shelf.compare.click, shelf.said.compare):
        press(compare, [desk.project, *typed], [shelf.drafts, shelf.panel, shelf.said], **QUIET)
    for press in (shelf.head.discard, shelf.panel.discard):
        press(discard, given, pane, **QUIET)
    shelf.said.mine(mine, given, running, **QUIET)
    shelf.said.theirs(theirs, given, pane, **QUIET)


def saved_words(saved: list[str]) -> str:
    """What was saved, in words."""
    return f"{saved[0]} is saved." if len(saved) == 1 else f"{len(saved)} files are saved."


def conflict(error: Outdated) -> str:
    """Both versions exist: say so, and offer every way out."""
    paths = "\n".join(error.details.get("paths") or [])
    buttons = [
        Button("Compare", event="compare", primary=True),
        Button("Keep mine", event="mine", arg=paths),
        Button("Take theirs", event="theirs", arg=paths),
    ]
    return notice(error.message, "Nothing is lost: theirs is saved, yours is here, and whichever you choose, the other stays in the history.", tone="warning", buttons=buttons)


async def shown_running(bind: Bind, desk: Desk, shelf: Shelf, stage: preview.Stage, project: str, words: str, updates: Updates, request: gr.Request):
    """After a change: bring it to the app where one runs or has failed, say what came of it; else offer to start it."""
    now = await preview_of(bind, request, project)
    if (now or {}).get("stage") in (None, "stopped"):
        yield updates | {shelf.said: notice(words, "The app is not running.", tone="done", buttons=[Button("Start the app", event="restart", icon="play")])}
        return
    yield updates | {shelf.said: notice(words, "The app gets it now.", tone="working")}
    async for each, ended in preview.refreshing(bind, desk, stage, project, request):
        told = {one: value for one, value in each.items() if one is not stage.panes}
        if ended is not None:
            told[shelf.said] = _came_of(words, ended)
        yield told


def _came_of(words: str, error: Mapping[str, Any]) -> str:
    if not error:
        return notice(words, "The app runs with it.", tone="done")
    if (error.get("details") or {}).get("preview"):
        said = f"The app does not start with it, and goes on as it was before: {error['message']}"
    else:
        said = f"The app does not start with it: {error['message']} The Preview and Logs panes say why."
    return notice(words, said, tone="failed", buttons=[Button("Undo", event="undo", icon="undo")])
