"""The Files pane's buttons: new, rename, delete, upload, undo, redo, history, zip in and out, receipt."""

from __future__ import annotations

import asyncio
import base64
import json
from pathlib import Path

import gradio as gr
from gradio.processing_utils import save_bytes_to_cache

from core.errors import InvalidInput, SpacesError
from ui.bind import QUIET, Bind
from ui.desk import Desk, Updates, surroundings
from ui.live import arg
from ui.parts import files as drawn
from ui.parts.notice import Button, failure, notice
from ui.tabs import preview
from ui.tabs.drafts import Drafts, moved, stash, without
from ui.tabs.editing import shown_running
from ui.tabs.files import Shelf, opening, outputs
from ui.tabs.receipts import receipt_of

_UNDO = [Button("Undo", event="undo", icon="undo")]


def behave(bind: Bind, desk: Desk, shelf: Shelf, stage: preview.Stage) -> None:
    """Wire the buttons."""

    def needs_project() -> Updates:
        return {shelf.said: notice("No project is open.", "Build an app first, or import a zip.", tone="warning")}

    async def changed(project: str, path: str | None, said: str, drafts: Drafts, request: gr.Request) -> Updates:
        return await opening(bind, request, desk, shelf, project, path, drafts=drafts) | {shelf.said: said, shelf.drafts: drafts}

    def ask_new(project: str | None, path: str | None) -> Updates:
        if not project:
            return needs_project()
        beside = (path or "").rpartition("/")[0]
        return {shelf.box: gr.Row(visible=True), shelf.box_path: f"{beside}/" if beside else "", shelf.box_yes: gr.Button("Create"), shelf.asking: None}

    def ask_name(project: str | None, event: gr.EventData) -> Updates:
        old = arg(event)
        return {shelf.box: gr.Row(visible=True), shelf.box_path: old.rstrip("/"), shelf.box_yes: gr.Button("Rename"), shelf.asking: old}

    async def named(project: str | None, asking: str | None, wanted: str, text: str, loaded: dict | None, drafts: Drafts, request: gr.Request) -> Updates:
        new = (wanted or "").strip()
        try:
            if not project or not new:
                raise InvalidInput("The file needs a name.", "Write a path such as pages/about.py.")
            now = stash(drafts, project, loaded, text)
            if asking:
                done = await bind.ask("project_rename", {"project": project, "path": asking, "new_path": new}, request)
                now = moved(now, project, asking, new, done["revision"])
                folder = asking.endswith("/")
                return await changed(project, new.rstrip("/") + "/" if folder else new, notice(f"{asking} is now {new}.", tone="done", buttons=_UNDO), now, request)
            there = (await bind.ask("project_files", {"project": project}, request))["items"]
            if any(one["path"] == new for one in there):
                raise InvalidInput(f"{new} exists already.", "Choose another name, or open that file.")
            await bind.ask("project_write", {"project": project, "files": {new: ""}, "message": f"Add {new}"}, request)
            return await changed(project, new, notice(f"{new} is there.", "Write into it and save.", tone="done"), now, request)
        except SpacesError as error:
            return {shelf.said: failure(error.to_dict())}

    async def delete(project: str, path: str | None, text: str, loaded: dict | None, drafts: Drafts, request: gr.Request, event: gr.EventData) -> Updates:
        gone = arg(event)
        try:
            now = without(stash(drafts, project, loaded, text), project, gone)
            await bind.ask("project_remove", {"project": project, "path": gone}, request)
            return await changed(project, path if path != gone else None, notice(f"{gone} is deleted.", tone="done", buttons=_UNDO), now, request)
        except SpacesError as error:
            return {shelf.said: failure(error.to_dict())}

    def stepping(name: str, word: str):
        async def step(project: str | None, path: str | None, text: str, loaded: dict | None, drafts: Drafts, request: gr.Request):
            if not project:
                yield needs_project()
                return
            try:
                now = stash(drafts, project, loaded, text)
                done = await bind.ask(name, {"project": project}, request)
                updates = await changed(project, path, "", now, request)
            except SpacesError as error:
                yield {shelf.said: failure(error.to_dict())}
                return
            async for each in shown_running(bind, desk, shelf, stage, project, f"{word}: {', '.join(done['changed']) or 'nothing'}.", updates, request):
                yield each

        return step

    async def restore(project: str, path: str | None, text: str, loaded: dict | None, drafts: Drafts, request: gr.Request, event: gr.EventData):
        revision = arg(event)
        try:
            now = stash(drafts, project, loaded, text)
            await bind.ask("project_restore", {"project": project, "revision": revision}, request)
            updates = await changed(project, path, "", now, request)
        except SpacesError as error:
            yield {shelf.said: failure(error.to_dict())}
            return
        async for each in shown_running(bind, desk, shelf, stage, project, f"The files are as they were at {revision[:7]}.", updates, request):
            yield each

    async def history(project: str | None, shown: str, request: gr.Request) -> Updates:
        if not project:
            return needs_project()
        if "class=\"history\"" in (shown or ""):
            return {shelf.panel: ""}
        return {shelf.panel: drawn.history((await bind.ask("project_history", {"project": project}, request))["items"])}

    async def diff(project: str, request: gr.Request, event: gr.EventData) -> Updates:
        changes = (await bind.ask("project_history", {"project": project}, request))["items"]
        revision = arg(event)
        if not any(one["revision"] == revision for one in changes):
            return {shelf.panel: drawn.history(changes)}
        found = await bind.ask("project_diff", {"project": project, "new": revision}, request)
        return {shelf.panel: drawn.history(changes, revision, found["items"])}

    async def uploaded(project: str, path: str | None, text: str, loaded: dict | None, drafts: Drafts, request: gr.Request, event: gr.EventData):
        """The browser has sent the files by the action itself; `arg` tells which were written."""
        paths = [str(one) for one in json.loads(arg(event) or "[]")]
        try:
            now = stash(drafts, project, loaded, text)
            updates = await changed(project, path or (paths[0] if len(paths) == 1 else None), "", now, request)
        except SpacesError as error:
            yield {shelf.said: failure(error.to_dict())}
            return
        words = "Nothing differs from what is there." if not paths else f"{paths[0]} is uploaded." if len(paths) == 1 else f"{len(paths)} files are uploaded."
        async for each in shown_running(bind, desk, shelf, stage, project, words, updates, request):
            yield each

    def refused(event: gr.EventData) -> str:
        error = json.loads(arg(event) or "{}")
        return failure({"message": str(error.get("message") or "The upload did not arrive."), "fix": str(error.get("fix") or "Try again in a moment.")})

    async def bring(file: str | None, request: gr.Request) -> Updates:
        try:
            data = base64.b64encode(await asyncio.to_thread(Path(file or "").read_bytes)).decode() if file else ""
            made = await bind.ask("project_import", {"data": data}, request)
        except SpacesError as error:
            return {shelf.said: failure(error.to_dict())}
        said = notice(f"{made['title']} was imported.", "Start it in the Preview pane.", tone="done")
        return {
            desk.project: made["id"],
            **preview.nothing(desk, stage, None, project=made["id"]),
            **await opening(bind, request, desk, shelf, made["id"]),
            shelf.said: said,
            **await surroundings(desk, bind, request, made["id"], None),
        }

    async def take(project: str | None, request: gr.Request) -> Updates:
        if not project:
            return needs_project()
        made = await bind.ask("project_export", {"project": project}, request)
        # In the page's cache, from where the browser fetches it and which is swept by age.
        kept = await asyncio.to_thread(save_bytes_to_cache, base64.b64decode(made["base64"]), made["name"], shelf.taken.GRADIO_CACHE)
        return {shelf.taken: gr.DownloadButton(value=kept, visible="hidden")}

    async def show_receipt(project: str | None, built: dict | None, request: gr.Request) -> str:
        return await receipt_of(bind, request, project, built)

    async def ask_remove(project: str | None, built: dict | None, request: gr.Request) -> str:
        return await receipt_of(bind, request, project, built, asking=True)

    box = [shelf.box, shelf.box_path, shelf.box_yes, shelf.asking, shelf.said]
    pane = [shelf.drafts, *outputs(desk, shelf)]
    running = [*pane, *preview.outputs(desk, stage), desk.bar, desk.dock]
    typed = [shelf.editor, shelf.loaded, shelf.drafts]
    given = [desk.project, desk.path, *typed]
    shelf.new.click(ask_new, [desk.project, desk.path], box, **QUIET)
    shelf.head.rename(ask_name, desk.project, box, **QUIET)
    shelf.box_no.click(lambda: gr.Row(visible=False), None, shelf.box, **QUIET)
    for confirm in (shelf.box_yes.click, shelf.box_path.submit):
        confirm(named, [desk.project, shelf.asking, shelf.box_path, *typed], pane, **QUIET)
    shelf.head.delete(delete, given, pane, **QUIET)
    undo = stepping("project_undo", "Taken back")
    for press in (shelf.undo.click, shelf.said.undo):
        press(undo, given, running, **QUIET)
    shelf.redo.click(stepping("project_redo", "Brought back"), given, running, **QUIET)
    shelf.changes.click(history, [desk.project, shelf.panel], [shelf.panel, shelf.said], **QUIET)
    shelf.panel.diff(diff, desk.project, shelf.panel, **QUIET)
    shelf.panel.restore(restore, given, running, **QUIET)
    shelf.panel.close(lambda: "", None, shelf.panel, **QUIET)
    shelf.send.uploaded(uploaded, given, running, **QUIET)
    shelf.send.refused(refused, None, shelf.said, **QUIET)
    shelf.bring.upload(bring, shelf.bring, [desk.project, *outputs(desk, shelf), *preview.outputs(desk, stage), desk.bar, desk.dock], **QUIET)
    shelf.take.click(take, desk.project, [shelf.taken, shelf.said], **QUIET).then(
        None, None, None, js="() => setTimeout(() => document.querySelector('#export-file a, a#export-file, #export-file')?.click(), 150)", **QUIET
    )
    shelf.receipt.ask_remove(ask_remove, [desk.project, desk.built], shelf.receipt, **QUIET)
    shelf.receipt.leave(show_receipt, [desk.project, desk.built], shelf.receipt, **QUIET)
    stage.pane_receipt.select(show_receipt, [desk.project, desk.built], shelf.receipt, **QUIET)
