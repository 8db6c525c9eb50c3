"""The project's files as a tree, its history as changes, a change as a diff."""

from __future__ import annotations

import base64
from collections.abc import Collection, Mapping, Sequence
from pathlib import PurePosixPath
from typing import Any

from ui.parts.draw import draw

# Suffix or whole name → the editor's language.
_LANGUAGES = {
    ".py": "python", ".md": "markdown", ".json": "json", ".html": "html", ".htm": "html", ".css": "css", ".js": "javascript",
    ".mjs": "javascript", ".ts": "typescript", ".yaml": "yaml", ".yml": "yaml", ".sh": "shell", ".sql": "sql", ".r": "r",
    ".jinja": "jinja2", ".c": "c", ".cpp": "cpp", ".tex": "latex", "dockerfile": "dockerfile",
}  # fmt: skip
# SVG is text here, and as a picture of its own it could carry a script.
_PICTURES = {".png": "image/png", ".jpg": "image/jpeg", ".jpeg": "image/jpeg", ".gif": "image/gif", ".webp": "image/webp", ".ico": "image/x-icon"}
_LARGEST_PICTURE = 4_000_000  # characters of base64
_SHOWN_TEXT = 20_000
_LONGEST_PATCH = 40_000


def language(path: str) -> str | None:
    """The editor's language for a file, by its suffix; None for plain text."""
    name = PurePosixPath(path).name.lower()
    return _LANGUAGES.get(name) or _LANGUAGES.get(PurePosixPath(name).suffix)


def tree(files: Sequence[Mapping[str, Any]], selected: str | None, *, project: str = "", edited: Collection[str] = ()) -> str:
    """The files as an indented list of buttons, folders before their files, the open one and the edited ones marked.

    Args:
        files: `{path, size}` each.
        selected: the open file, or the open folder with a slash at its end.
        project: whose files they are, for uploads dropped onto them.
        edited: paths with changes that are not saved.
    """
    rows: list[dict[str, Any]] = []
    folders: set[str] = set()
    for one in sorted(files, key=lambda one: _order(str(one["path"]))):
        path = PurePosixPath(str(one["path"]))
        for parent in reversed(path.parents[:-1]):
            if str(parent) not in folders:
                folders.add(str(parent))
                rows.append({"folder": True, "name": parent.name, "path": f"{parent}/", "inside": _inside(parent), "depth": len(parent.parts) - 1, "selected": f"{parent}/" == selected})  # fmt: skip
        rows.append({"folder": False, "name": path.name, "path": str(path), "inside": _inside(path), "size": one.get("size"), "depth": len(path.parts) - 1, "selected": str(path) == selected, "edited": str(path) in edited})  # fmt: skip
    return draw("tree", rows=rows, project=project)


def _inside(path: PurePosixPath) -> str:
    return "" if str(path.parent) == "." else f"{path.parent}/"


def upload() -> str:
    """The button that sends files, and the one that sends a folder."""
    return draw("upload")


def file_head(path: str, size: int | None, *, edited: bool = False) -> str:
    """The line above the editor: which file, how large, whether it is edited, and what can be done with it."""
    *folders, name = path.split("/")
    return draw("file_head", path=path, folders=folders, name=name, size=size, edited=edited, folder=False, count=0)


def folder_head(path: str, files: Sequence[Mapping[str, Any]]) -> str:
    """The same line for a folder: how much is in it. `path` ends with a slash."""
    *folders, name = path.rstrip("/").split("/")
    inside = [one for one in files if str(one["path"]).startswith(path)]
    size = sum(int(one.get("size") or 0) for one in inside)
    return draw("file_head", path=path, folders=folders, name=name + "/", size=size, edited=False, folder=True, count=len(inside))


def opaque(file: Mapping[str, Any]) -> str:
    """A file no editor shows: a picture as a picture, other bytes as their first ones, a long text as its beginning.

    Args:
        file: `{path, size}` and `text` or `base64`, as `project_read` gives it.
    """
    path, text, data = str(file["path"]), file.get("text"), str(file.get("base64") or "")
    kind = _PICTURES.get(PurePosixPath(path).suffix.lower())
    picture = f"data:{kind};base64,{data}" if kind and data and len(data) < _LARGEST_PICTURE else None
    begins = text is not None and "\0" not in text
    head = base64.b64decode(data[:1024]) if data else str(text or "")[:256].encode("utf-8", "replace")[:256]
    rows = [] if picture or begins else [_dump(place, head[place : place + 16]) for place in range(0, min(len(head), 256), 16)]
    return draw("opaque", path=path, size=file.get("size"), picture=picture, text=str(text)[:_SHOWN_TEXT] if begins else None, rows=rows)


def _dump(place: int, row: bytes) -> dict[str, str]:
    letters = "".join(chr(byte) if 32 <= byte < 127 else "·" for byte in row)
    return {"place": f"{place:04x}", "bytes": row.hex(" "), "letters": letters}


def compared(diffs: Sequence[Mapping[str, Any]]) -> str:
    """What is typed and not saved, file by file, before it is saved."""
    return draw("compared", diffs=[readable(one) for one in diffs])


def _order(path: str) -> list[tuple[bool, str]]:
    parts = path.split("/")
    return [(place == len(parts) - 1, part.lower()) for place, part in enumerate(parts)]


def history(changes: Sequence[Mapping[str, Any]], opened: str | None = None, diffs: Sequence[Mapping[str, Any]] = ()) -> str:
    """The changes, newest first; the opened one shows its diff, file by file."""
    return draw("history", changes=changes, opened=opened, diffs=[readable(one) for one in diffs])


def readable(diff: Mapping[str, Any]) -> dict[str, Any]:
    patch = str(diff.get("patch") or "")
    lines = [{"kind": _kind(line), "text": line} for line in patch[:_LONGEST_PATCH].splitlines()]
    return {**diff, "lines": lines, "cut": len(patch) > _LONGEST_PATCH}


def _kind(line: str) -> str:
    if line.startswith(("+++", "---", "diff ", "index ", "new file", "deleted file")):
        return "meta"
    return {"+": "plus", "-": "minus", "@": "place"}.get(line[:1], "same")
