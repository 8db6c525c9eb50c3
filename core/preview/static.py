"""A static app has no process: its files are served from the workspace, as the Hub serves a static Space."""

from __future__ import annotations

import mimetypes
import os
from collections.abc import AsyncIterator
from dataclasses import dataclass
from email.utils import formatdate, parsedate_to_datetime
from pathlib import Path

import anyio.to_thread

from core.box import workspace
from core.errors import NotFound

CHUNK = 256 * 1024
_TYPES = {".js": "text/javascript", ".mjs": "text/javascript", ".wasm": "application/wasm", ".webmanifest": "application/manifest+json",
          ".md": "text/markdown", ".woff2": "font/woff2", ".avif": "image/avif", ".webp": "image/webp"}  # fmt: skip


@dataclass(frozen=True)
class File:
    """An opened file of the project, with what its headers need."""

    descriptor: int
    size: int
    modified: float
    content_type: str

    @property
    def etag(self) -> str:
        return f'"{self.size:x}-{int(self.modified * 1e6):x}"'


def find(root: Path, path: str, index: str) -> File | None:
    """The file a path names below `root`: a folder means its index.html, the root means `index`. None when there is none.

    Dotfiles and anything reached through a symbolic link are not there.
    """
    parts = [part for part in path.split("/") if part]
    if any(part.startswith(".") or "\0" in part or "\\" in part for part in parts):
        return None
    if not parts:
        parts = index.split("/")
    found = _open(root, parts)
    if found is None and parts:
        found = _open(root, [*parts, "index.html"])
    return found


def _open(root: Path, parts: list[str]) -> File | None:
    try:
        descriptor = workspace.open_file(root, parts)
    except NotFound:
        return None
    info = os.fstat(descriptor)
    return File(descriptor, info.st_size, info.st_mtime, content_type(parts[-1]))


def content_type(name: str) -> str:
    """Media type by the end of a name; text is UTF-8."""
    kind = _TYPES.get(os.path.splitext(name)[1].lower()) or mimetypes.guess_type(name)[0] or "application/octet-stream"
    return f"{kind}; charset=utf-8" if kind.startswith("text/") or kind == "application/json" else kind


@dataclass(frozen=True)
class Answer:
    status: int
    headers: list[tuple[bytes, bytes]]
    first: int = 0
    length: int = 0


def answer(file: File, request: dict[bytes, bytes]) -> Answer:
    """Status, headers and byte range for one request (RFC 9110: conditional requests, a single range)."""
    modified = formatdate(file.modified, usegmt=True)
    headers = [
        (b"content-type", file.content_type.encode()),
        (b"etag", file.etag.encode()),
        (b"last-modified", modified.encode()),
        (b"accept-ranges", b"bytes"),
        (b"cache-control", b"no-cache"),
    ]
    if file.etag.encode() in request.get(b"if-none-match", b"") or _unchanged(request, modified):
        return Answer(304, headers)
    wanted = request.get(b"range", b"").decode("latin-1")
    if not wanted or request.get(b"if-range", file.etag.encode()) not in (file.etag.encode(), modified.encode()):
        return Answer(200, [*headers, (b"content-length", str(file.size).encode())], 0, file.size)
    span = _span(wanted, file.size)
    if span is None:
        return Answer(200, [*headers, (b"content-length", str(file.size).encode())], 0, file.size)
    first, last = span
    if first > last:
        return Answer(416, [*headers, (b"content-range", f"bytes */{file.size}".encode()), (b"content-length", b"0")])
    headers += [
        (b"content-range", f"bytes {first}-{last}/{file.size}".encode()),
        (b"content-length", str(last - first + 1).encode()),
    ]
    return Answer(206, headers, first, last - first + 1)


def _unchanged(request: dict[bytes, bytes], modified: str) -> bool:
    since = request.get(b"if-modified-since")
    if since is None or b"if-none-match" in request:
        return False
    try:
        return parsedate_to_datetime(modified) <= parsedate_to_datetime(since.decode("latin-1"))
    except (ValueError, TypeError):
        return False


def _span(wanted: str, size: int) -> tuple[int, int] | None:
    """First and last byte of a single range; (1, 0) when it lies outside; None when it is not one we read."""
    unit, _, text = wanted.partition("=")
    first, dash, last = text.strip().partition("-")
    if unit.strip() != "bytes" or not dash or "," in text or not (first + last).isdigit():
        return None
    if not first:
        return (max(0, size - int(last)), size - 1) if int(last) and size else (1, 0)
    end = min(int(last), size - 1) if last else size - 1
    return (int(first), end) if int(first) <= end else (1, 0)


async def read(file: File, first: int, length: int) -> AsyncIterator[bytes]:
    """Those bytes, in pieces of at most 256 KB, read in a thread."""
    while length > 0:
        piece = await anyio.to_thread.run_sync(os.pread, file.descriptor, min(CHUNK, length), first)
        if not piece:
            return
        first, length = first + len(piece), length - len(piece)
        yield piece
