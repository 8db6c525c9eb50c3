"""Differences between two trees, as text."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterator

from core.git.values import FileDiff

MAX_DIFF_BYTES = 400_000
MAX_DIFF_LINES = 10_000


def file_diff(path: str, old: bytes | None, new: bytes | None) -> FileDiff:
    """The difference of one file; None stands for "not there"."""
    status = "added" if old is None else "deleted" if new is None else "changed"
    before, after = _lines(old or b""), _lines(new or b"")
    if before is None or after is None:
        return FileDiff(path, status, 0, 0, "")
    patch = [
        f"--- {'/dev/null' if old is None else 'a/' + path}\n",
        f"+++ {'/dev/null' if new is None else 'b/' + path}\n",
    ]
    added = removed = 0
    for line in list(difflib.unified_diff(before, after))[2:]:
        added += line.startswith("+")
        removed += line.startswith("-")
        patch.append(line if line.endswith("\n") else line + "\n\\ No newline at end of file\n")
    return FileDiff(path, status, added, removed, "".join(patch) if len(patch) > 2 else "")


def changed_paths(
    old: str | None, new: str | None, entries: Callable[[str], dict[str, tuple[int, str]]], prefix: str = ""
) -> Iterator[tuple[str, str | None, str | None]]:
    """(path, old blob, new blob) of every file that differs, descending only where folders differ."""
    if old == new:
        return
    before = entries(old) if old else {}
    after = entries(new) if new else {}
    for name in sorted(before.keys() | after.keys()):
        left, right = before.get(name), after.get(name)
        if left == right:
            continue
        path = f"{prefix}{name}"
        left_tree, right_tree = (item[1] if item and item[0] == 0o040000 else None for item in (left, right))
        if left_tree or right_tree:
            yield from changed_paths(left_tree, right_tree, entries, path + "/")
        left_blob, right_blob = (item[1] if item and item[0] not in (0o040000, 0o160000) else None for item in (left, right))
        if left_blob != right_blob:
            yield path, left_blob, right_blob


def _lines(data: bytes) -> list[str] | None:
    if len(data) > MAX_DIFF_BYTES or b"\0" in data:
        return None
    try:
        text = data.decode()
    except UnicodeDecodeError:
        return None
    lines = text.split("\n")
    kept = [line + "\n" for line in lines[:-1]] + ([lines[-1]] if lines[-1] else [])
    return kept if len(kept) <= MAX_DIFF_LINES else None
