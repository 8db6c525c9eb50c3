"""The log of one preview: a bounded ring of numbered lines, and the pump that fills it no faster than allowed."""

from __future__ import annotations

import asyncio
import os
import threading
import time
from collections import deque
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

Source = Literal["build", "run"]
LINE_LIMIT = 4096  # characters; a longer line is cut, so that one line cannot be the whole log


@dataclass(frozen=True)
class LogLine:
    number: int
    at: datetime
    source: Source
    text: str


class LogRing:
    """The newest lines, bounded by count and bytes; numbers keep counting when old lines fall out.

    Any thread appends; any number of readers on any event loop follow. `clean` takes secrets out of a line.
    """

    def __init__(self, *, lines: int = 5000, size: int = 2 << 20, clean: Callable[[str], str] = str):
        self._clean = clean
        self._lines: deque[LogLine] = deque()
        self._max_lines, self._max_size = lines, size
        self._size = 0
        self._next = 1
        self.received = 0  # bytes that were written to it, also those that fell out
        self._closed = False
        self._lock = threading.Lock()
        self._wakers: set[tuple[asyncio.AbstractEventLoop, asyncio.Event]] = set()

    def append(self, text: str, source: Source = "run") -> None:
        """Add one line (or several, split at newlines); cut at 4096 characters each."""
        with self._lock:
            for part in self._clean(text).split("\n"):
                part = part if len(part) <= LINE_LIMIT else part[:LINE_LIMIT] + " …"
                self._lines.append(LogLine(self._next, datetime.now(UTC), source, part))
                self._next += 1
                self._size += len(part)
                while len(self._lines) > self._max_lines or self._size > self._max_size:
                    self._size -= len(self._lines.popleft().text)
        self._wake()

    def lines(self, after: int = 0) -> list[LogLine]:
        """The lines numbered above `after` that are still held, oldest first."""
        with self._lock:
            if not self._lines or self._lines[-1].number <= after:
                return []
            skip = max(0, after + 1 - self._lines[0].number)
            return [line for index, line in enumerate(self._lines) if index >= skip]

    async def follow(self, after: int = 0) -> AsyncIterator[LogLine]:
        """Every line above `after`, then each new one, until the preview has ended."""
        waker = (asyncio.get_running_loop(), asyncio.Event())
        with self._lock:
            self._wakers.add(waker)
        try:
            while True:
                waker[1].clear()
                closed = self._closed
                for line in self.lines(after):
                    after = line.number
                    yield line
                if closed:
                    return
                await waker[1].wait()
        finally:
            with self._lock:
                self._wakers.discard(waker)

    def close(self) -> None:
        """No more lines will come; followers end."""
        self._closed = True
        self._wake()

    def _wake(self) -> None:
        with self._lock:
            wakers = list(self._wakers)
        for loop, event in wakers:
            try:
                loop.call_soon_threadsafe(event.set)
            except RuntimeError:  # that reader's loop is closed already
                with self._lock:
                    self._wakers.discard((loop, event))


def pump(descriptor: int, ring: LogRing, *, source: Source = "run", rate: int = 1 << 20) -> None:
    """Read a pipe into the ring until it ends, at `rate` bytes per second with a burst of one second.

    A writer that is faster blocks in its own write. Bytes that are not UTF-8 become U+FFFD. Closes the descriptor.
    """
    partial = b""
    allowance, before = float(rate), time.monotonic()
    try:
        while chunk := os.read(descriptor, 65536):
            ring.received += len(chunk)
            *whole, partial = (partial + chunk).split(b"\n")
            for line in whole:
                ring.append(_text(line), source)
            if len(partial) > LINE_LIMIT * 4:
                ring.append(_text(partial), source)
                partial = b""
            now = time.monotonic()
            allowance = min(float(rate), allowance + (now - before) * rate) - len(chunk)
            before = now
            if allowance < 0:
                time.sleep(-allowance / rate)
        if partial:
            ring.append(_text(partial), source)
    finally:
        os.close(descriptor)


def _text(line: bytes) -> str:
    return line.decode("utf-8", "replace").rstrip("\r").replace("\0", "\N{REPLACEMENT CHARACTER}")
