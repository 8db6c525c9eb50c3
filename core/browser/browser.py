"""One warm Chromium for all checks of a process: started when first needed, ended when idle, replaced when it hangs."""

from __future__ import annotations

import asyncio
import hashlib
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any
from weakref import WeakSet

from starlette.types import ASGIApp

from core.browser.check import Check, check_bounds
from core.browser.chromium import find_chromium, no_chromium
from core.browser.gate import Gate
from core.browser.verdict import outcome_of, unseen
from core.browser.worker import Gone, Worker, sweep, trouble
from core.errors import Conflict, Forbidden, RateLimited, TimedOut, Unexpected

AT_ONCE = 2
MOST_WAITING = 8
IDLE_SECONDS = 120
MEMORY_BYTES = 1536 << 20
LOOKS_SECONDS = 40  # what a visit may take beyond its own limit: the last looks, and closing


class Browser:
    """Opens apps and uses them, in a thread and a process of their own.

    root: the data directory; what a killed server left of its browsers is recognised by it.
    idle_seconds: Chromium is ended after so long without a check.
    """

    def __init__(self, root: Path, *, idle_seconds: float = IDLE_SECONDS, memory_bytes: int = MEMORY_BYTES):
        self.name = hashlib.sha256(str(root.resolve()).encode()).hexdigest()[:12]
        self.idle_seconds, self.memory_bytes = idle_seconds, memory_bytes
        self.worker: Worker | None = None
        self._gate = Gate()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None
        self._lock = threading.Lock()
        self._closed = False
        self._asked, self._sealing = 0, True
        self._too_large: WeakSet[Worker] = WeakSet()
        self._idle: asyncio.TimerHandle | None = None

    async def check(
        self, app: ASGIApp, check: Check, *, mount: str, hide: tuple[str, ...] = (), strangers: bool = False, errors: Callable[[], int] | None = None
    ) -> dict[str, Any]:
        """Open an app, use it, and say how that went.

        Args:
            app: serves the paths below `mount`; everything else is out of the browser's reach.
            check: what to do.
            mount: the front of the app's paths, as in "/p/x".
            hide: texts that stand nowhere in the result, such as the token in the mount.
            strangers: the app is a stranger's, so a browser that nothing seals does not open it.
            errors: how many errors the app has written so far, asked from another thread; a step that waits for an answer
                gives up soon after a new one.

        Returns `{status, title, ready_ms, settled, console, failed_requests, accessibility, screenshot, steps, verdict}`.
        Raises `NotFound` without a Chromium, `Forbidden` for a stranger's app where it cannot be sealed,
        `RateLimited` when too many wait, `TimedOut` or `Unexpected` when the browser hangs or ends.
        """
        check_bounds(check)
        executable = find_chromium()
        if executable is None:
            raise no_chromium()
        future = asyncio.run_coroutine_threadsafe(self._check(executable, app, check, mount, strangers, errors), self._running())
        found = outcome_of(await asyncio.wrap_future(future), steps=len(check.steps))
        return _without(found, tuple(text for text in hide if text))

    def _running(self) -> asyncio.AbstractEventLoop:
        """The browser's own loop: the server's never waits for it, and it outlives whichever loop asked first."""
        with self._lock:
            if self._closed:
                raise Conflict("The server is being stopped.", "Check again when the server is back.")
            if self._loop is None:
                self._loop = asyncio.new_event_loop()
                self._thread = threading.Thread(target=self._loop.run_forever, name="browser", daemon=True)
                self._thread.start()
                self._slots, self._starting = asyncio.Semaphore(AT_ONCE), asyncio.Lock()
                sweep(self.name)
            return self._loop

    async def _check(self, executable: str, app: ASGIApp, check: Check, mount: str, strangers: bool, errors: Callable[[], int] | None) -> dict[str, Any]:
        if self._asked >= AT_ONCE + MOST_WAITING:
            raise RateLimited(f"{self._asked} checks are running or waiting already.", retry_after=10)
        self._asked += 1
        if self._idle is not None:
            self._idle.cancel()
        try:
            async with self._slots:
                worker = await self._warm(executable)
                if strangers and not worker.contained:
                    raise Forbidden(
                        "This instance is public and its browser cannot be sealed, so it opens no app of a visitor.",
                        "Check the app on your own machine, or look at it in the preview.",
                    )
                with self._gate.passage(app, mount) as passage:
                    order = {"url": passage.origin + mount + check.path, "origin": passage.origin, "mount": mount, "check": check.to_dict()}
                    return _with_statuses(await self._visit(worker, order, check.limit_seconds + LOOKS_SECONDS, errors), passage.refused)
        finally:
            self._asked -= 1
            if self._asked == 0 and self.worker is not None:
                self._idle = asyncio.get_running_loop().call_later(self.idle_seconds, self._cool)

    async def _warm(self, executable: str) -> Worker:
        async with self._starting:
            if self._gate.port == 0:
                await self._gate.start()
            if self.worker is None or not self.worker.alive:
                await self._drop("The browser stopped.")
                self.worker = await self._started(executable)
            return self.worker

    async def _started(self, executable: str) -> Worker:
        """A new browser, sealed where the kernel can and Chromium bears it."""
        for sealing in (True, False) if self._sealing else (False,):
            worker = Worker(name=self.name)
            try:
                await worker.start(executable, port=self._gate.port, sealing=sealing)
            except Unexpected:
                if not sealing:
                    raise
                continue
            self._sealing = sealing
            return worker
        raise AssertionError("the last attempt returns or raises")

    async def _visit(self, worker: Worker, order: dict[str, Any], seconds: float, errors: Callable[[], int] | None) -> dict[str, Any]:
        watching = asyncio.create_task(self._watch(worker))
        try:
            return await worker.visit(order, seconds=seconds, errors=errors)
        except Gone as gone:
            if worker in self._too_large:
                return unseen(str(gone))
            raise trouble(gone) from None
        except TimeoutError:
            await worker.end("The browser hung in another check and was ended.")
            raise TimedOut(f"The browser did not come back within {seconds:g} seconds and was ended.", "Check again; a fresh one is started.") from None
        finally:
            watching.cancel()

    async def _watch(self, worker: Worker) -> None:
        """End a browser that a page makes too large."""
        while worker.alive:
            await asyncio.sleep(1)
            if await asyncio.to_thread(worker.memory) > self.memory_bytes:
                self._too_large.add(worker)
                await worker.end(f"The page made the browser use more than {self.memory_bytes >> 20} MB, so it was ended.")

    def _cool(self) -> None:
        if self._asked == 0:
            self._cooling = asyncio.ensure_future(self._drop("The browser was idle."))

    async def _drop(self, reason: str) -> None:
        worker, self.worker = self.worker, None
        if worker is not None:
            await worker.end(reason)

    async def close(self) -> None:
        """End Chromium, the listener and the thread."""
        with self._lock:
            self._closed, loop, self._loop = True, self._loop, None
        if loop is None:
            return
        await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(self._end(), loop))
        loop.call_soon_threadsafe(loop.stop)
        await asyncio.to_thread(self._thread.join, 10)
        if not self._thread.is_alive():
            loop.close()

    async def _end(self) -> None:
        if self._idle is not None:
            self._idle.cancel()
        await self._drop("The server is being stopped.")
        if self._gate.port:
            await self._gate.close()
        others = asyncio.all_tasks() - {asyncio.current_task()}
        if others:
            await asyncio.wait(others, timeout=2)  # connections to apps are being closed here
        for task in others:
            task.cancel()
        with suppress(TimeoutError):
            await asyncio.wait_for(asyncio.gather(*others, return_exceptions=True), 5)


def _with_statuses(visit: dict[str, Any], refused: dict[str, int]) -> dict[str, Any]:
    """Failed requests with the status the app gave: a document of opaque origin is only told that something failed."""
    for entry in visit["failed_requests"]:
        status = refused.get(entry["url"].partition("?")[0])
        if status is not None and entry.get("reason") not in (None, "outside the preview"):
            del entry["reason"]
            entry["status"] = status
    return visit


def _without(found: Any, hidden: tuple[str, ...]) -> Any:
    """The same data with "…" in place of the hidden texts."""
    if isinstance(found, str):
        for text in hidden:
            found = found.replace(text, "…")
        return found
    if isinstance(found, dict):
        return {name: value if name == "base64" else _without(value, hidden) for name, value in found.items()}
    return [_without(each, hidden) for each in found] if isinstance(found, list) else found
