"""The body of a commit request: one JSON object per line, read from disk without holding a large file in memory."""

from __future__ import annotations

import base64
import binascii
import json
import mmap
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from core.errors import InvalidInput, TooLarge
from core.git import Copy, Delete, DeleteFolder, Put, check_tree_path
from core.localhub.lfs import Pointer
from core.localhub.wire import Unprocessable

SHORT_LINE = 2 << 20
KEPT_IN_MEMORY = 32 << 20
MAX_OPERATIONS = 50_000
_BLOCK = 4 << 18
_CONTENT = re.compile(rb'"content"\s*:\s*"')


@dataclass
class CommitBody:
    """What a commit request asks for. `pointers` are LFS files by path; size None means "as it is stored"."""

    summary: str = ""
    description: str = ""
    parent: str | None = None
    changes: list[Put | Delete | DeleteFolder | Copy] = field(default_factory=list)
    pointers: dict[str, tuple[str, int | None]] = field(default_factory=dict)

    @property
    def message(self) -> str:
        return f"{self.summary}\n\n{self.description}".strip()


def read_commit(body: Path, scratch: Path, *, one_document: bool = False) -> CommitBody:
    """Read a commit request; contents too large for memory go to files in `scratch`.

    Errors: `InvalidInput` (400) for a body of the wrong form, `Unprocessable` (422) for a path that cannot be used.
    """
    if body.stat().st_size == 0:
        raise InvalidInput("The body of a commit cannot be empty.")
    asked = CommitBody()
    kept = _Contents(scratch)
    operations = _document(body) if one_document else _lines(body, kept)
    for count, (key, value) in enumerate(operations):
        if count > MAX_OPERATIONS:
            raise TooLarge(f"A commit takes at most {MAX_OPERATIONS} operations.")
        _apply(asked, key, value, kept)
    if not asked.summary:
        raise InvalidInput('"summary" is required: the first line must be the header of the commit.')
    return asked


class _Contents:
    """File contents: in memory while there is room for them, else in files."""

    def __init__(self, scratch: Path):
        self._scratch, self._held, self._count = scratch, 0, 0

    def keep(self, data: bytes) -> bytes | Path:
        self._held += len(data)
        if self._held <= KEPT_IN_MEMORY:
            return data
        path = self.new_file()
        path.write_bytes(data)
        return path

    def new_file(self) -> Path:
        self._count += 1
        return self._scratch / str(self._count)


def _lines(body: Path, kept: _Contents) -> Iterator[tuple[str, dict[str, Any]]]:
    with body.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as view:
        start = 0
        while start < len(view):
            end = view.find(b"\n", start)
            end = len(view) if end < 0 else end
            if end - start > SHORT_LINE:
                yield _long_line(view, start, end, kept)
            elif line := view[start:end].strip():
                yield _operation(line)
            start = end + 1


def _long_line(view: mmap.mmap, start: int, end: int, kept: _Contents) -> tuple[str, dict[str, Any]]:
    # A quote inside a JSON string is escaped, so the first match is the field itself.
    found = _CONTENT.search(view, start, min(start + SHORT_LINE, end))
    close = view.find(b'"', found.end(), end) if found else -1
    if close < 0 or end - close > SHORT_LINE:
        raise InvalidInput("A line of the body is too long.")
    key, value = _operation(view[start : found.end()] + view[close:end])
    if value.get("encoding") != "base64":
        raise InvalidInput('Contents of more than 1 MB must have "encoding": "base64".')
    path = kept.new_file()
    with path.open("wb") as file:
        for at in range(found.end(), close, _BLOCK):
            file.write(_base64(view[at : min(at + _BLOCK, close)]))
    return key, value | {"content": path}


def _operation(line: bytes) -> tuple[str, dict[str, Any]]:
    try:
        shape = json.loads(line)
        key, value = shape["key"], shape["value"]
    except (ValueError, KeyError, TypeError, RecursionError):
        raise InvalidInput('Each line of the body must be {"key": …, "value": …}.') from None
    if not isinstance(key, str) or not isinstance(value, dict):
        raise InvalidInput('Each line of the body must be {"key": …, "value": …}.')
    return key, value


def _document(body: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    """The older form: one JSON object with lists of files, lfsFiles and deletedEntries."""
    if body.stat().st_size > 16 * SHORT_LINE:
        raise TooLarge("A commit of this size must be sent as application/x-ndjson.")
    try:
        shape = json.loads(body.read_bytes())
        yield "header", {key: shape[key] for key in ("summary", "description", "parentCommit") if key in shape}
        for name, key in (("files", "file"), ("lfsFiles", "lfsFile"), ("deletedEntries", "deletedEntry")):
            for value in shape.get(name, ()):
                yield key, dict(value)
    except (ValueError, TypeError, AttributeError, RecursionError):
        raise InvalidInput("The body is not a valid commit.") from None


def _apply(asked: CommitBody, key: str, value: dict[str, Any], kept: _Contents) -> None:
    if key == "header":
        asked.summary, asked.description = _text(value, "summary"), _text(value, "description", "")
        asked.parent = _text(value, "parentCommit", "") or None
        if asked.parent and not re.fullmatch(r"[0-9a-f]{5,40}", asked.parent):
            raise InvalidInput('"parentCommit" must be 5 to 40 hex digits.')
        return
    path = _path(value)
    if key == "file":
        content = value.get("content")
        asked.changes.append(Put(path, content if isinstance(content, Path) else kept.keep(_content(value))))
    elif key == "lfsFile":
        size = value.get("size")
        if value.get("algo", "sha256") != "sha256" or not re.fullmatch(r"[0-9a-f]{64}", _text(value, "oid")):
            raise InvalidInput(f"The LFS object of {path!r} must be named by its sha256.")
        asked.pointers[path] = (value["oid"], size if isinstance(size, int) and size >= 0 else None)
    elif key == "deletedFile" or (key == "deletedEntry" and not value["path"].endswith("/")):
        asked.changes.append(Delete(path))
    elif key in ("deletedFolder", "deletedEntry"):
        asked.changes.append(DeleteFolder(path))
    elif key == "copyFile":
        asked.changes.append(Copy(_path(value, "srcPath"), path))
    else:
        raise InvalidInput(f"{key[:80]!r} is not an operation of a commit.")
    if "oldPath" in value:
        asked.changes.append(Delete(_path(value, "oldPath")))


def pointer_put(path: str, oid: str, size: int) -> Put:
    """The pointer file of an LFS object."""
    return Put(path, Pointer(oid, size).to_bytes())


def _text(value: dict[str, Any], key: str, default: str | None = None) -> str:
    found = value.get(key, default)
    if found is None and default is not None:
        return default
    if not isinstance(found, str) or len(found) > 1_000_000:
        raise InvalidInput(f'"{key}" must be a string.')
    return found


def _path(value: dict[str, Any], key: str = "path") -> str:
    path = _text(value, key)
    try:
        return check_tree_path(path.rstrip("/") if path.endswith("/") else path)
    except InvalidInput as error:
        raise Unprocessable(error.message) from None


def _content(value: dict[str, Any]) -> bytes:
    content = _text_of_any_length(value)
    if value.get("encoding", "base64") == "base64":
        return _base64(content.encode("ascii", "replace"))
    if value["encoding"] != "utf-8":
        raise InvalidInput('"encoding" must be base64 or utf-8.')
    return content.encode("utf-8", "replace")


def _text_of_any_length(value: dict[str, Any]) -> str:
    content = value.get("content")
    if not isinstance(content, str):
        raise InvalidInput('"content" must be a string.')
    return content


def _base64(data: bytes) -> bytes:
    try:
        return base64.b64decode(data, validate=True)
    except binascii.Error:
        raise InvalidInput("The content of a file is not valid base64.") from None
