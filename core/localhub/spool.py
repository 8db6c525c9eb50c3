"""Request bodies on disk: a large upload is never in memory, and never fills the disk to its end."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from anyio import to_thread
from starlette.requests import Request

from core.errors import StorageFull, TooLarge

MAX_UPLOAD = 50 * 1000**3
KEEP_FREE = 256 * 1000**2
BLOCK = 1 << 20


@asynccontextmanager
async def spooled(request: Request, folder: Path, limit: int = MAX_UPLOAD) -> AsyncIterator[Path]:
    """The request's body as a file that is removed afterwards.

    Errors: `TooLarge` beyond `limit` bytes; `StorageFull` where the body would leave less than 256 MB free.
    """
    folder.mkdir(parents=True, exist_ok=True)
    announced = request.headers.get("content-length", "")
    _check_room(folder, int(announced) if announced.isdigit() and len(announced) < 16 else 0, limit)
    handle, name = tempfile.mkstemp(prefix="body-", dir=folder)
    path = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            await _copy(request, file, folder, limit)
        yield path
    finally:
        path.unlink(missing_ok=True)


async def _copy(request: Request, file, folder: Path, limit: int) -> None:
    block = bytearray()
    total = 0
    async for chunk in request.stream():
        block += chunk
        total += len(chunk)
        if total > limit:
            raise TooLarge(f"The request body is larger than {limit} bytes.")
        if len(block) >= BLOCK:
            await to_thread.run_sync(file.write, bytes(block))
            block.clear()
            if total % (64 * BLOCK) < BLOCK:
                _check_room(folder, 0, limit)
    if block:
        await to_thread.run_sync(file.write, bytes(block))


def _check_room(folder: Path, more: int, limit: int) -> None:
    if more > limit:
        raise TooLarge(f"The request body is larger than {limit} bytes.")
    if shutil.disk_usage(folder).free - more < KEEP_FREE:
        raise StorageFull("There is not enough room on the disk for this upload.")
