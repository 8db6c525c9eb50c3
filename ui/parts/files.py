"""The project's files as a tree, its history as changes, a change as a diff."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import PurePosixPath
from typing import Any

from ui.parts.draw import draw

# Suffix or whole name → the editor's language.
_LANGUAGES = {
    ".py": "python", ".md": "markdown", ".json": "json", ".html": "html", ".htm": "html", ".css": "css", ".js": "javascript",
    ".mjs": "javascript", ".ts": "typescript", ".yaml": "yaml", ".yml": "yaml", ".sh": "shell", ".sql": "sql", ".r": "r",
    ".jinja": "jinja2", ".c": "c", ".cpp": "cpp", ".tex": "latex", "dockerfile": "dockerfile",
}  # fmt: skip
_LONGEST_PATCH = 40_000


def language(path: str) -> str | None:
    """The editor's language for a file, by its suffix; None for plain text."""
    name = PurePosixPath(path).name.lower()
    return _LANGUAGES.get(name) or _LANGUAGES.get(PurePosixPath(name).suffix)


def tree(files: Sequence[Mapping[str, Any]], selected: str | None) -> str:
    """The files as an indented list of buttons, folders before their files, the open one marked."""
    rows: list[dict[str, Any]] = []
    folders: set[str] = set()
    for one in sorted(files, key=lambda one: _order(str(one["path"]))):
        path = PurePosixPath(str(one["path"]))
        for parent in reversed(path.parents[:-1]):
            if str(parent) not in folders:
                folders.add(str(parent))
                rows.append({"folder": True, "name": parent.name, "depth": len(parent.parts) - 1})
        rows.append({"folder": False, "name": path.name, "path": str(path), "size": one.get("size"), "depth": len(path.parts) - 1, "selected": str(path) == selected})  # fmt: skip
    return draw("tree", rows=rows)


def _order(path: str) -> list[tuple[bool, str]]:
    parts = path.split("/")
    return [(place == len(parts) - 1, part.lower()) for place, part in enumerate(parts)]


def history(changes: Sequence[Mapping[str, Any]], opened: str | None = None, diffs: Sequence[Mapping[str, Any]] = ()) -> str:
    """The changes, newest first; the opened one shows its diff, file by file."""
    return draw("history", changes=changes, opened=opened, diffs=[_readable(one) for one in diffs])


def _readable(diff: Mapping[str, Any]) -> dict[str, Any]:
    patch = str(diff.get("patch") or "")
    lines = [{"kind": _kind(line), "text": line} for line in patch[:_LONGEST_PATCH].splitlines()]
    return {**diff, "lines": lines, "cut": len(patch) > _LONGEST_PATCH}


def _kind(line: str) -> str:
    if line.startswith(("+++", "---", "diff ", "index ", "new file", "deleted file")):
        return "meta"
    return {"+": "plus", "-": "minus", "@": "place"}.get(line[:1], "same")
