"""The Files pane's buttons: new, rename, delete, undo, history, zip in and out, receipt."""

from __future__ import annotations

import asyncio
import base64
from pathlib import Path

import gradio as gr

from core.errors import InvalidInput, SpacesError
from ui.bind import QUIET, Bind
from ui.desk import Desk, Updates, surroundings
from ui.live import arg
from ui.parts import files as drawn
from ui.parts.notice import failure, notice
from ui.tabs import preview
from ui.tabs.files import Shelf, export_file, opening, outputs, receipt_of


def behave(bind: Bind, desk: Desk, shelf: Shelf, stage: preview.Stage) -> None:
    """Wire the buttons."""

    async def changed(project: str, path: str | None, said: str, request: gr.Request) -> Updates:
        return await opening(bind, request, desk, shelf, project, path) | {shelf.said: said}

    def needs_project() -> Updates:
        return {shelf.said: notice("No project is open.", "Build an app first, or import a zip.", tone="warning")}

    def ask_new(project: str | None) -> Updates:
        if not project:
            return needs_project()
        return {shelf.box: gr.Row(visible=True), shelf.box_path: "", shelf.box_yes: gr.Button("Create"), shelf.asking: "new"}

    def ask_name(project: str | None, path: str | None) -> Updates:
        if not project or not path:
            return needs_project()
        return {shelf.box: gr.Row(visible=True), shelf.box_path: path, shelf.box_yes: gr.Button("Rename"), shelf.asking: "rename"}

    async def named(project: str | None, path: str | None, asking: str, wanted: str, request: gr.Request) -> Updates:
        new = (wanted or "").strip()
        try:
            if not project or not new:
                raise InvalidInput("The file needs a name.", "Write a path such as pages/about.py.")
            if asking == "rename" and path:
                await bind.ask("project_rename", {"project": project, "path": path, "new_path": new}, request)
                said = notice(f"{path} is now {new}.", "Undo takes it back.", tone="done")
            else:
                there = (await bind.ask("project_files", {"project": project}, request))["items"]
                if any(one["path"] == new for one in there):
                    raise InvalidInput(f"{new} exists already.", "Choose another name, or open the file on the left.")
                await bind.ask("project_write", {"project": project, "files": {new: ""}, "message": f"Add {new}"}, request)
                said = notice(f"{new} was made.", "Write into it and save.", tone="done")
            return await changed(project, new, said, request) | {shelf.box: gr.Row(visible=False)}
        except SpacesError as error:
            return {shelf.said: failure(error.to_dict())}

    async def delete(project: str | None, path: str | None, request: gr.Request) -> Updates:
        if not project or not path:
            return needs_project()
        try:
            await bind.ask("project_write", {"project": project, "files": {path: None}}, request)
            return await changed(project, None, notice(f"{path} was deleted.", "Undo brings it back.", tone="done"), request)
        except SpacesError as error:
            return {shelf.said: failure(error.to_dict())}

    async def undo(project: str | None, path: str | None, request: gr.Request) -> Updates:
        if not project:
            return needs_project()
        try:
            done = await bind.ask("project_undo", {"project": project}, request)
            back = ", ".join(done["changed"]) or "Nothing"
            return await changed(project, path, notice(f"Taken back: {back}.", "Save and restart shows it running.", tone="done"), request)
        except SpacesError as error:
            return {shelf.said: failure(error.to_dict())}

    async def history(project: str | None, shown: str, request: gr.Request) -> Updates:
        if not project:
            return needs_project()
        if shown:
            return {shelf.history: ""}
        return {shelf.history: drawn.history((await bind.ask("project_history", {"project": project}, request))["items"])}

    async def diff(project: str, request: gr.Request, event: gr.EventData) -> Updates:
        changes = (await bind.ask("project_history", {"project": project}, request))["items"]
        revision = arg(event)
        if not any(one["revision"] == revision for one in changes):
            return {shelf.history: drawn.history(changes)}
        found = await bind.ask("project_diff", {"project": project, "new": revision}, request)
        return {shelf.history: drawn.history(changes, revision, found["items"])}

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
            **await changed(made["id"], None, said, request),
            **await surroundings(desk, bind, request, made["id"], None),
        }

    async def take(project: str | None, request: gr.Request) -> Updates:
        if not project:
            return needs_project()
        return {shelf.taken: gr.DownloadButton(value=await export_file(bind, request, shelf, project), visible="hidden")}

    async def show_receipt(project: str | None, built: dict | None, request: gr.Request) -> str:
        return await receipt_of(bind, request, project, built)

    async def ask_remove(project: str | None, built: dict | None, request: gr.Request) -> str:
        return await receipt_of(bind, request, project, built, asking=True)

    box = [shelf.box, shelf.box_path, shelf.box_yes, shelf.asking, shelf.said]
    pane = outputs(desk, shelf)
    shelf.new.click(ask_new, desk.project, box, **QUIET)
    shelf.rename.click(ask_name, [desk.project, desk.path], box, **QUIET)
    shelf.box_no.click(lambda: gr.Row(visible=False), None, shelf.box, **QUIET)
    given = [desk.project, desk.path, shelf.asking, shelf.box_path]
    for confirm in (shelf.box_yes.click, shelf.box_path.submit):
        confirm(named, given, [*pane, shelf.box], **QUIET)
    shelf.delete.click(delete, [desk.project, desk.path], pane, **QUIET)
    shelf.undo.click(undo, [desk.project, desk.path], pane, **QUIET)
    shelf.changes.click(history, [desk.project, shelf.history], [shelf.history, shelf.said], **QUIET)
    shelf.history.diff(diff, desk.project, shelf.history, **QUIET)
    shelf.bring.upload(bring, shelf.bring, [desk.project, *pane, *preview.outputs(desk, stage), desk.bar, desk.dock], **QUIET)
    shelf.take.click(take, desk.project, [shelf.taken, shelf.said], **QUIET).then(
        None, None, None, js="() => setTimeout(() => document.querySelector('#export-file a, a#export-file, #export-file')?.click(), 150)", **QUIET
    )
    shelf.receipt.ask_remove(ask_remove, [desk.project, desk.built], shelf.receipt, **QUIET)
    shelf.receipt.leave(show_receipt, [desk.project, desk.built], shelf.receipt, **QUIET)
    stage.pane_receipt.select(show_receipt, [desk.project, desk.built], shelf.receipt, **QUIET)
