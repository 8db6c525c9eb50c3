"""The Files pane: tree, editor, and what stands in the editor's place where a file is no text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import gradio as gr

from ui.bind import Bind
from ui.desk import Desk, Updates
from ui.live import live
from ui.parts import files as drawn
from ui.parts.notice import empty
from ui.tabs.drafts import Drafts, draft_of
from ui.tabs.receipts import no_receipt

_LARGEST_TEXT = 400_000
_FIRST = ("app.py", "index.html", "main.py", "README.md")


@dataclass(frozen=True)
class Shelf:
    """The pane's components.

    head: the line above the editor: the open file or folder and what can be done with it. shown: what stands in the
    editor's place. panel: history, or what is not saved yet. loaded: `{path, text, revision}` the editor was filled
    with. drafts: what was typed and is not saved. listing: the project's files. asking: what the name box is for.
    """

    tree: gr.HTML
    editor: gr.Code
    head: gr.HTML
    shown: gr.HTML
    save: gr.Button
    compare: gr.Button
    undo: gr.Button
    redo: gr.Button
    changes: gr.Button
    new: gr.Button
    send: gr.HTML
    bring: gr.UploadButton
    take: gr.Button
    taken: gr.DownloadButton
    box: gr.Row
    box_path: gr.Textbox
    box_yes: gr.Button
    box_no: gr.Button
    said: gr.HTML
    panel: gr.HTML
    receipt: gr.HTML
    loaded: gr.State
    drafts: gr.State
    listing: gr.State
    asking: gr.State


def layout(receipt_part: gr.HTML) -> Shelf:
    """The pane."""
    with gr.Row(elem_id="files-bar"):
        small = {"size": "sm", "min_width": 20, "scale": 0}
        save = gr.Button("Save", variant="primary", elem_id="save", **small)
        compare = gr.Button("Compare", elem_id="compare", **small)
        undo = gr.Button("Undo", elem_id="undo", **small)
        redo = gr.Button("Redo", elem_id="redo", **small)
        changes = gr.Button("History", elem_id="changes", **small)
        new = gr.Button("New file", elem_id="file-new", **small)
        send = live("uploaded", "refused", value=drawn.upload(), elem_id="upload", min_width=20)
        bring = gr.UploadButton("Import zip", file_types=[".zip"], elem_id="import", **small)
        take = gr.Button("Export zip", elem_id="export", **small)
        taken = gr.DownloadButton("Download", visible="hidden", elem_id="export-file")
    with gr.Row(visible=False, elem_id="path-box") as box:
        box_path = gr.Textbox(label="Path", show_label=False, container=False, max_length=1000, elem_id="path", placeholder="folder/name.py")
        box_yes = gr.Button("Create", variant="primary", size="sm", scale=0, min_width=80, elem_id="path-yes")
        box_no = gr.Button("Cancel", size="sm", scale=0, min_width=80, elem_id="path-no")
    said = live("compare", "mine", "theirs", "restart", "undo", elem_id="files-said")
    panel = live("diff", "restore", "save", "discard", "close", elem_id="history")
    with gr.Row(elem_id="files-row"):
        tree = live("pick", value=nothing_open(), elem_id="tree")
        with gr.Column(elem_id="editor-column", min_width=200):
            head = live("rename", "delete", "discard", elem_id="file-name")
            shown = gr.HTML("", elem_id="file-shown", apply_default_css=False)
            editor = gr.Code("", language=None, show_label=False, container=False, interactive=True, elem_id="editor", visible=False, wrap_lines=False, buttons=["copy"])
    return Shelf(
        tree, editor, head, shown, save, compare, undo, redo, changes, new, send, bring, take, taken, box, box_path, box_yes, box_no,
        said, panel, receipt_part, gr.State(None), gr.State({}), gr.State([]), gr.State(None),
    )  # fmt: skip


def nothing_open() -> str:
    """What stands here while no project is open."""
    return empty("No files yet.", "Build an app, or import a zip of a Space's files.", icon="file")


def outputs(desk: Desk, shelf: Shelf) -> list[Any]:
    """What `opening` may redraw."""
    return [
        shelf.tree, shelf.editor, shelf.head, shelf.shown, shelf.loaded, shelf.listing, desk.path, shelf.said, shelf.panel,
        shelf.receipt, shelf.save, shelf.compare, shelf.box,
    ]  # fmt: skip


async def opening(
    bind: Bind, request: gr.Request, desk: Desk, shelf: Shelf, project: str | None, path: str | None = None, *, drafts: Drafts | None = None
) -> Updates:
    """The pane with a project's files, one of them in the editor: `path`, or the one a person reads first.

    Args:
        path: a file, or a folder with a slash at its end.
        drafts: what was typed and is not saved; a file among them shows that.
    """
    cleared: Updates = {shelf.said: "", shelf.panel: "", shelf.box: gr.Row(visible=False), **marks(shelf, project, drafts or {})}
    if not project:
        return cleared | _closed(desk, shelf) | {shelf.tree: nothing_open(), shelf.receipt: no_receipt(), shelf.listing: []}
    listed = (await bind.ask("project_files", {"project": project}, request))["items"]
    paths = [one["path"] for one in listed]
    folder = bool(path) and path.endswith("/") and any(one.startswith(path) for one in paths)
    chosen = path if folder or path in paths else next((name for name in _FIRST if name in paths), paths[0] if paths else None)
    edited = (drafts or {}).get(project, {})
    shown: Updates = {shelf.tree: drawn.tree(listed, chosen, project=project, edited=edited), shelf.listing: listed}
    if chosen is None:
        return cleared | shown | _closed(desk, shelf)
    if folder:
        return cleared | shown | _closed(desk, shelf) | {shelf.head: drawn.folder_head(chosen, listed), desk.path: chosen}
    return cleared | shown | await _in_editor(bind, request, desk, shelf, project, chosen, drafts or {})


def marks(shelf: Shelf, project: str | None, drafts: Drafts) -> Updates:
    """The two buttons that say how much is not saved yet."""
    count = len(drafts.get(project or "", {}))
    return {
        shelf.save: gr.Button(f"Save {count} files" if count > 1 else "Save"),
        shelf.compare: gr.Button(f"Compare · {count}" if count else "Compare"),
    }


def remarked(shelf: Shelf, project: str, path: str | None, listing: Sequence[Mapping[str, Any]], drafts: Drafts) -> Updates:
    """Tree, head and buttons, when what is edited changed and nothing else did."""
    edited = drafts.get(project, {})
    size = next((one["size"] for one in listing if one["path"] == path), None)
    head = {shelf.head: drawn.file_head(path, size, edited=path in edited)} if path else {}
    return {shelf.tree: drawn.tree(listing, path, project=project, edited=edited), **head, **marks(shelf, project, drafts)}


async def _in_editor(bind: Bind, request: gr.Request, desk: Desk, shelf: Shelf, project: str, path: str, drafts: Drafts) -> Updates:
    file = await bind.ask("project_read", {"project": project, "path": path}, request)
    draft = draft_of(drafts, project, path)
    head = {shelf.head: drawn.file_head(path, file["size"], edited=draft is not None)}
    if file.get("text") is None or file["size"] > _LARGEST_TEXT or "\0" in file["text"]:
        return _closed(desk, shelf) | head | {shelf.shown: drawn.opaque(file), desk.path: path}
    loaded = draft["base"] if draft else {"path": path, "text": file["text"], "revision": file["revision"]}
    editor = gr.Code(draft["text"] if draft else file["text"], language=drawn.language(path), visible=True, label=path)  # type: ignore[arg-type]
    return head | {shelf.editor: editor, shelf.shown: "", shelf.loaded: loaded, desk.path: path}


def _closed(desk: Desk, shelf: Shelf) -> Updates:
    return {shelf.editor: gr.Code("", visible=False), shelf.head: "", shelf.shown: "", shelf.loaded: None, desk.path: None}
