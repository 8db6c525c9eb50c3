"""Loose objects: written and read as streams, so that a large file is never in memory whole."""

from __future__ import annotations

import hashlib
import os
import tempfile
import time
import zlib
from collections.abc import Iterator
from pathlib import Path

CHUNK = 1 << 20


def write_object(objects: Path, kind: bytes, data: bytes | Path) -> str:
    """Write one object (`blob`, `tree`, `commit`, `tag`) under `objects` and return its 40-hex oid.

    The file appears by one rename, so a reader or a crash never sees half of it. Writing an object
    that is already there does nothing.
    """
    size = len(data) if isinstance(data, bytes) else data.stat().st_size
    header = b"%s %d\0" % (kind, size)
    digest = hashlib.sha1(header, usedforsecurity=False)
    for chunk in _chunks(data):
        digest.update(chunk)
    oid = digest.hexdigest()
    target = loose_path(objects, oid)
    if target.exists():
        return oid
    target.parent.mkdir(exist_ok=True)
    handle, name = tempfile.mkstemp(prefix="tmp_obj_", dir=target.parent)
    try:
        packer = zlib.compressobj(_level(data))
        written = 0
        with os.fdopen(handle, "wb") as file:
            file.write(packer.compress(header))
            for chunk in _chunks(data):
                written += len(chunk)
                file.write(packer.compress(chunk))
            file.write(packer.flush())
        if written != size:
            raise OSError("the file changed while it was read")
        os.chmod(name, 0o444)
        os.replace(name, target)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
    return oid


def sweep(objects: Path, *, older_than: float = 3600.0) -> None:
    """Remove what writers that were killed left behind: unfinished files older than so many seconds."""
    until = time.time() - older_than
    for unfinished in (*objects.glob("??/tmp_obj_*"), *objects.glob("tmp_pack_*"), *objects.glob("pack/tmp*")):
        try:
            if unfinished.stat().st_mtime < until:
                unfinished.unlink()
        except FileNotFoundError:
            pass


def read_loose(objects: Path, oid: str, start: int = 0, stop: int | None = None) -> Iterator[bytes] | None:
    """Bytes `start` to `stop` of a loose object's content as chunks, or None when it is not loose."""
    try:
        file = loose_path(objects, oid).open("rb")
    except FileNotFoundError:
        return None
    return _inflate(file, start, stop)


def loose_size(objects: Path, oid: str) -> int | None:
    """The content size of a loose object, from its first bytes; None when it is not loose."""
    try:
        with loose_path(objects, oid).open("rb") as file:
            head = zlib.decompressobj().decompress(file.read(128), 64)
    except FileNotFoundError:
        return None
    return int(head[: head.index(b"\0")].split(b" ")[1])


def loose_path(objects: Path, oid: str) -> Path:
    return objects / oid[:2] / oid[2:]


def _inflate(file, start: int, stop: int | None) -> Iterator[bytes]:
    with file:
        unpacker = zlib.decompressobj()
        at: int | None = None
        while True:
            raw = file.read(CHUNK)
            piece = unpacker.decompress(raw) if raw else unpacker.flush()
            if at is None and piece:
                piece = piece[piece.index(b"\0") + 1 :]
                at = 0
            if piece and at is not None:
                begin, end = at, at + len(piece)
                at = end
                cut = piece[max(start - begin, 0) : len(piece) if stop is None else max(stop - begin, 0)]
                if cut:
                    yield cut
                if stop is not None and end >= stop:
                    return
            if not raw:
                return


def _chunks(data: bytes | Path) -> Iterator[bytes]:
    if isinstance(data, bytes):
        yield data
        return
    with data.open("rb") as file:
        while chunk := file.read(CHUNK):
            yield chunk


def _level(data: bytes | Path) -> int:
    """zlib level: 1, or 0 where a sample shows that the content does not shrink."""
    sample = next(_chunks(data), b"")[:65536]
    return 1 if len(zlib.compress(sample, 1)) < 0.95 * len(sample) else 0
