"""Writing a revision's files into a folder."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from core.errors import InvalidInput
from core.git.paths import check_tree_path
from core.git.values import Entry


def write_files(entries: Iterable[Entry], stream: Callable[[str], Iterator[bytes]], directory: Path) -> None:
    """Write plain files; a link in the repository becomes a file holding its text, so that nothing leads outside."""
    directory.mkdir(parents=True, exist_ok=True)
    root = directory.resolve()
    for entry in entries:
        # A pushed tree may hold any name; the commit API checks its own.
        target = root / check_tree_path(entry.path)
        if entry.kind == "directory":
            target.mkdir(parents=True, exist_ok=True)
            continue
        target.parent.mkdir(parents=True, exist_ok=True)
        if not target.parent.resolve().is_relative_to(root):
            raise InvalidInput(f"The path {entry.path!r} would leave the folder.", "Remove the link that leads outside.")
        target.unlink(missing_ok=True)
        with os.fdopen(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666), "wb") as file:
            for chunk in stream(entry.oid):
                file.write(chunk)
        if entry.mode == 0o100755:
            target.chmod(target.stat().st_mode | 0o111)
