"""A Space's build and run logs as server-sent events, in the lines the Hub writes them in."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator, Iterator
from datetime import datetime
from typing import Literal

from core.localhub.builds import Attempt
from core.localhub.repos import format_time
from core.localhub.space import Space

Source = Literal["build", "run"]
POLL_SECONDS = 0.15
# Longer than the five seconds of silence after which a client that does not follow hangs up.
KEEP_ALIVE_SECONDS = 15


async def events(space: Space, source: Source, *, tail: int | None = None) -> AsyncIterator[bytes]:
    """What was written so far, from the first line that is still held, then what follows.

    Ends when nothing more can come: the build is done, or the app has ended.

    Args:
        source: build (the newest one) or run (the revision that serves, or the newest that began to).
        tail: only so many of the lines there are already; None for all.
    """
    attempt = _attempt(space, source)
    if attempt is None:
        return
    seen, spoke = 0, time.monotonic()
    for at, text in _head(attempt, source):
        yield _event(at, text)
    first = True
    while True:
        over = attempt.built if source == "build" else attempt.over
        lines = [line for line in attempt.preview.logs.lines(seen) if line.source == source] if attempt.preview else []
        for line in lines[-tail:] if first and tail is not None else lines:
            yield _event(line.at, line.text)
        if lines:
            seen, spoke = lines[-1].number, time.monotonic()
        first = False
        if over:
            break
        if time.monotonic() - spoke > KEEP_ALIVE_SECONDS:
            spoke = time.monotonic()
            yield b"data:\n\n"
        await asyncio.sleep(POLL_SECONDS)
    for at, text in _foot(attempt, source):
        yield _event(at, text)


def _attempt(space: Space, source: Source) -> Attempt | None:
    newest = space.latest
    if source == "build" or newest is None or newest.started:
        return newest
    return space.serving


def _head(attempt: Attempt, source: Source) -> Iterator[tuple[datetime, str]]:
    at = attempt.queued_at
    if source == "build":
        yield at, f"===== Build Queued at {at:%Y-%m-%d %H:%M:%S} / Commit SHA: {attempt.sha[:7]} ====="
        yield at, ""
    else:
        yield at, f"===== Application Startup at {at:%Y-%m-%d %H:%M:%S} ====="
        yield at, ""


def _foot(attempt: Attempt, source: Source) -> Iterator[tuple[datetime, str]]:
    stages = ("RUNTIME_ERROR",) if source == "run" else ("CONFIG_ERROR", "NO_APP_FILE", "BUILD_ERROR")
    if attempt.problem is not None and attempt.problem.stage in stages:
        yield attempt.ended_at, f"{attempt.problem.stage}: {attempt.problem.message}"
    elif source == "build" and attempt.started:
        yield attempt.queued_at, "Build finished."


def _event(at: datetime, text: str) -> bytes:
    data = json.dumps({"data": f"{text}\n", "timestamp": format_time(at)}, ensure_ascii=False, separators=(",", ":"))
    return f"data: {data}\n\n".encode("utf-8", "replace")
