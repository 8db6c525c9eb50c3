"""The Files pane: tree, editor, every change a commit that can be undone, zip in and out."""

from __future__ import annotations

import asyncio
import base64
from dataclasses import dataclass
from typing import Any

import gradio as gr
from gradio.processing_utils import save_bytes_to_cache

from core.errors import SpacesError
from ui.bind import QUIET, Bind
from ui.desk import Desk, Updates
from ui.live import arg, live
from ui.parts import files as drawn
from ui.parts import receipt
from ui.parts.notice import empty, failure, notice
from ui.tabs import preview

_LARGEST_TEXT = 400_000
_FIRST = ("app.py", "index.html", "main.py", "README.md")


@dataclass(frozen=True)
class Shelf:
    """The pane's components. `loaded` is the text the editor was filled with; `asking` what the name box is for."""

    tree: gr.HTML
    editor: gr.Code
    name: gr.HTML
    save: gr.Button
    undo: gr.Button
    changes: gr.Button
    new: gr.Button
    rename: gr.Button
    delete: gr.Button
    bring: gr.UploadButton
    take: gr.Button
    taken: gr.DownloadButton
    box: gr.Row
    box_path: gr.Textbox
    box_yes: gr.Button
    box_no: gr.Button
    said: gr.HTML
    history: gr.HTML
    receipt: gr.HTML
    loaded: gr.State
    asking: gr.State


def layout(receipt_part: gr.HTML) -> Shelf:
    """The pane."""
    with gr.Row(elem_id="files-bar"):
        small = {"size": "sm", "min_width": 20, "scale": 0}
        save = gr.Button("Save and restart", variant="primary", elem_id="save", **small)
        undo = gr.Button("Undo", elem_id="undo", **small)
        changes = gr.Button("History", elem_id="changes", **small)
        new = gr.Button("New file", elem_id="file-new", **small)
        rename = gr.Button("Rename", elem_id="file-rename", **small)
        delete = gr.Button("Delete", elem_id="file-delete", **small)
        bring = gr.UploadButton("Import zip", file_types=[".zip"], elem_id="import", **small)
        take = gr.Button("Export zip", elem_id="export", **small)
        taken = gr.DownloadButton("Download", visible="hidden", elem_id="export-file")
    with gr.Row(visible=False, elem_id="path-box") as box:
        box_path = gr.Textbox(label="Path", show_label=False, container=False, max_length=1000, elem_id="path", placeholder="folder/name.py")
        box_yes = gr.Button("Create", variant="primary", size="sm", scale=0, min_width=80, elem_id="path-yes")
        box_no = gr.Button("Cancel", size="sm", scale=0, min_width=80, elem_id="path-no")
    said = gr.HTML("", elem_id="files-said", apply_default_css=False)
    history = live("diff", elem_id="history")
    with gr.Row(elem_id="files-row"):
        tree = live("pick", value=nothing_open(), elem_id="tree")
        with gr.Column(elem_id="editor-column", min_width=200):
            name = gr.HTML("", elem_id="file-name", apply_default_css=False)
            editor = gr.Code("", language=None, show_label=False, container=False, interactive=True, elem_id="editor", visible=False, wrap_lines=False, buttons=["copy"])
    return Shelf(
        tree, editor, name, save, undo, changes, new, rename, delete, bring, take, taken, box, box_path, box_yes, box_no,
        said, history, receipt_part, gr.State(""), gr.State(""),
    )  # fmt: skip


def nothing_open() -> str:
    """What stands here while no project is open."""
    return empty("No files yet.", "Build an app on the left, or import a zip of a Space's files.", icon="file")


def outputs(desk: Desk, shelf: Shelf) -> list[Any]:
    """What `opening` may redraw."""
    return [shelf.tree, shelf.editor, shelf.name, shelf.loaded, desk.path, shelf.said, shelf.history, shelf.receipt]


async def opening(bind: Bind, request: gr.Request, desk: Desk, shelf: Shelf, project: str | None, path: str | None = None) -> Updates:
    """The pane with a project's files, one of them in the editor: `path`, or the one a person reads first."""
    cleared: Updates = {shelf.said: "", shelf.history: ""}
    if not project:
        return cleared | _closed(desk, shelf) | {shelf.tree: nothing_open(), shelf.receipt: no_receipt()}
    listed = (await bind.ask("project_files", {"project": project}, request))["items"]
    paths = [one["path"] for one in listed]
    chosen = path if path in paths else next((name for name in _FIRST if name in paths), paths[0] if paths else None)
    shown: Updates = {shelf.tree: drawn.tree(listed, chosen)}
    if chosen is None:
        return cleared | shown | _closed(desk, shelf)
    return cleared | shown | await _in_editor(bind, request, desk, shelf, project, chosen)


def no_receipt() -> str:
    """What stands in the Receipt pane while no project is open."""
    return empty("No receipt yet.", "After a build it says what was made, why, what was checked, and how long each step took.", icon="log")


async def _in_editor(bind: Bind, request: gr.Request, desk: Desk, shelf: Shelf, project: str, path: str) -> Updates:
    file = await bind.ask("project_read", {"project": project, "path": path}, request)
    text = file.get("text")
    if text is None or file["size"] > _LARGEST_TEXT:
        why = "This file is not text" if text is None else "This file is too large for the editor"
        return _closed(desk, shelf) | {shelf.name: notice(f"{path}", f"{why} ({file['size']:,} bytes). Export the project to work on it.")}
    editor = gr.Code(text, language=drawn.language(path), visible=True, label=path)  # type: ignore[arg-type]
    return {shelf.editor: editor, shelf.name: "", shelf.loaded: text, desk.path: path}


def _closed(desk: Desk, shelf: Shelf) -> Updates:
    return {shelf.editor: gr.Code("", visible=False), shelf.name: "", shelf.loaded: "", desk.path: None}


def behave(bind: Bind, desk: Desk, shelf: Shelf, stage: preview.Stage) -> None:
    """Wire the pane's editor; the other buttons are wired in `ui.tabs.filing`."""

    async def kept(project: str, path: str | None, text: str, loaded: str, request: gr.Request) -> str | None:
        """Write what was typed, if anything was; the revision's path when it changed."""
        if not path or _same(text, loaded):
            return None
        await bind.ask("project_write", {"project": project, "files": {path: text or ""}}, request)
        return path

    async def pick(project: str | None, path: str | None, text: str, loaded: str, request: gr.Request, event: gr.EventData) -> Updates:
        if not project:
            return {shelf.said: ""}
        try:
            changed = await kept(project, path, text, loaded, request)
            updates = await opening(bind, request, desk, shelf, project, arg(event))
        except SpacesError as error:
            return {shelf.said: failure(error.to_dict())}
        if changed:
            updates[shelf.said] = notice(f"{changed} was saved first.", "Press Save and restart to see it run.", tone="done")
        return updates

    async def save(project: str | None, path: str | None, text: str, loaded: str, request: gr.Request):
        if not project:
            yield {shelf.said: notice("There is no project to save.", "Build an app first, or import a zip.", tone="warning")}
            return
        try:
            changed = await kept(project, path, text, loaded, request)
        except SpacesError as error:
            yield {shelf.said: failure(error.to_dict())}
            return
        done = notice(f"{changed} saved." if changed else "Nothing had changed.", "The app is starting again.", tone="done")
        yield {shelf.loaded: text, shelf.said: done}
        async for updates in preview.restarting(bind, desk, stage, project, request):
            yield {each: value for each, value in updates.items() if each is not stage.panes}
            if desk.preview in updates:
                running = updates[desk.preview] is not None
                yield {shelf.said: notice("Saved, and the app runs.", tone="done") if running else notice("Saved, and the app does not start.", "The Preview and Logs panes say why. Undo takes the change back.", tone="failed")}  # fmt: skip

    given = [desk.project, desk.path, shelf.editor, shelf.loaded]
    shelf.tree.pick(pick, given, outputs(desk, shelf), **QUIET)
    shelf.save.click(save, given, [shelf.loaded, shelf.said, *preview.outputs(desk, stage), desk.bar, desk.dock], **QUIET)


def _same(text: str | None, loaded: str | None) -> bool:
    return (text or "").replace("\r\n", "\n") == (loaded or "").replace("\r\n", "\n")


async def export_file(bind: Bind, request: gr.Request, shelf: Shelf, project: str) -> str:
    """The project's zip in the page's cache, from where the browser fetches it and which is swept by age."""
    made = await bind.ask("project_export", {"project": project}, request)
    data = base64.b64decode(made["base64"])
    return await asyncio.to_thread(save_bytes_to_cache, data, made["name"], shelf.taken.GRADIO_CACHE)


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
