"""A revision's files as answers: tree entries, and bytes with ranges."""

from __future__ import annotations

import codecs
import mimetypes
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

from core.errors import NotFound
from core.git import Commit, Entry, GitStore
from core.localhub.lfs import object_path, read_pointer
from core.localhub.repos import format_time
from core.localhub.wire import EntryNotFound

CHUNK = 1 << 20


@dataclass(frozen=True)
class Content:
    """One file of one revision, ready to be sent. `etag` is the git oid, or the sha256 of an LFS object."""

    name: str
    commit: str
    etag: str
    size: int
    linked: bool
    git: GitStore
    stored: str | Path

    def read(self, start: int, stop: int) -> Iterator[bytes]:
        """The bytes from `start` up to `stop`, in chunks."""
        if isinstance(self.stored, str):
            yield from self.git.stream(self.stored, start, stop)
            return
        with self.stored.open("rb") as file:
            file.seek(start)
            while start < stop and (chunk := file.read(min(CHUNK, stop - start))):
                start += len(chunk)
                yield chunk

    def headers(self) -> dict[str, str]:
        """What every answer with this file carries."""
        name = self.name.rsplit("/", 1)[-1]
        plain = re.sub(r'[^\x20-\x7e]|["\\%]', "_", name)
        shown = {
            "ETag": f'"{self.etag}"',
            "X-Repo-Commit": self.commit,
            "Accept-Ranges": "bytes",
            "Content-Type": self._type(),
            "Content-Disposition": f"inline; filename*=UTF-8''{quote(name, safe='', errors='surrogateescape')}; filename=\"{plain}\";",
            # The Hub serves what anybody uploaded: it must not run as a page of this address.
            "Content-Security-Policy": "default-src 'none'; sandbox",
            "X-Content-Type-Options": "nosniff",
            "Cache-Control": "no-cache",
        }
        if self.linked:
            shown |= {"X-Linked-ETag": f'"{self.etag}"', "X-Linked-Size": str(self.size)}
        return shown

    def _type(self) -> str:
        guessed = mimetypes.guess_type(self.name)[0] or ""
        if guessed.startswith(("image/", "audio/", "video/", "font/")) and guessed != "image/svg+xml":
            return guessed
        sample = b"" if self.linked else next(self.read(0, min(self.size, 1024)), b"")
        binary = self.linked or not _is_text(sample)
        return (guessed or "application/octet-stream") if binary else "text/plain; charset=utf-8"


def _is_text(sample: bytes) -> bool:
    """Whether the first bytes of a file are UTF-8 without a NUL; a character cut off at the end is one."""
    try:
        codecs.getincrementaldecoder("utf-8")().decode(sample)
    except UnicodeDecodeError:
        return False
    return b"\0" not in sample


def open_content(git: GitStore, commit: str, path: str, *, raw: bool = False) -> Content:
    """A file of a commit; an LFS pointer stands for its bytes unless `raw`. `EntryNotFound` otherwise."""
    try:
        entry = git.entry(commit, path)
    except NotFound:
        entry = None
    if entry is None or entry.kind != "file":
        raise EntryNotFound("Entry not found", commit=commit)
    pointer = None if raw else read_pointer(git, entry)
    if pointer is None:
        return Content(path, commit, entry.oid, entry.size, False, git, entry.oid)
    stored = object_path(git.path, pointer.oid)
    if not stored.is_file():
        raise EntryNotFound("The large file behind this pointer was never uploaded.", commit=commit)
    return Content(path, commit, pointer.oid, pointer.size, True, git, stored)


def entry_shape(git: GitStore, entry: Entry, last: Commit | None = None) -> dict[str, Any]:
    """A tree entry as `/tree` and `/paths-info` tell it; with `last`, what `expand` adds."""
    shape: dict[str, Any] = {"type": entry.kind, "oid": entry.oid, "size": entry.size, "path": entry.path}
    if pointer := read_pointer(git, entry):
        shape["size"] = pointer.size
        shape["lfs"] = {"oid": pointer.oid, "size": pointer.size, "pointerSize": entry.size}
    if last:
        shape["lastCommit"] = {"id": last.oid, "title": last.title, "date": format_time(last.at)}
        if entry.kind == "file":
            # Nothing scans files here, and nothing claims to have.
            unscanned = {"status": "unscanned"}
            shape["securityFileStatus"] = {**unscanned, "avScan": unscanned, "pickleImportScan": unscanned}
    return shape


def parse_range(header: str | None, size: int) -> tuple[int, int] | None:
    """(start, stop) of a `Range: bytes=…` header; None where the whole file is asked. `ValueError` past the end."""
    found = re.fullmatch(r"bytes=(\d{0,18})-(\d{0,18})", (header or "").strip())
    if not found or found[0] == "bytes=-":
        return None
    first, last = found.groups()
    if not first:
        start, stop = max(size - int(last), 0), size
        if int(last) == 0:
            raise ValueError("an empty range")
    else:
        start, stop = int(first), min(int(last) + 1, size) if last else size
        if last and int(last) < start:
            return None
    if start >= size:
        raise ValueError("past the end")
    return start, stop
