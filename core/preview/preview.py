"""One live preview: its stage, its log, its address, and how it is ended. What its thread does stands in `life`."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, Literal

import psutil

from core.box import Address, Handle, LogRing, Workspace, tree
from core.errors import AppFailed, SpacesError, TimedOut
from core.preview.spec import PreviewSpec
from core.preview.upstream import Upstream
from core.secrets import redact

Stage = Literal["building", "starting", "running", "failed", "stopped"]


class Ended(Exception):
    """The preview was stopped while it was being built or started."""


class Preview:
    """An app under one capability address.

    `url` is where it is served on our port (mount + "/"), `stage` one of building, starting, running,
    failed, stopped; `error` is the shape of a `SpacesError` once it failed.
    """

    def __init__(self, spec: PreviewSpec, *, id: str, token: str, place: Workspace):
        self.spec, self.id, self.token = spec, id, token
        self.mount = spec.mount if spec.mount is not None else f"/p/{id}-{token}"
        self.url = self.mount + "/"
        self.stage: Stage = "building"
        self.stages: list[Stage] = ["building"]  # every one it has been in
        self.error: dict[str, Any] | None = None
        self.started_at = datetime.now(UTC)
        self.ready_seconds: float | None = None
        self.last_used = time.monotonic()
        self.address: Address | None = None
        self.workspace = place
        limits = spec.limits
        hidden = tuple(spec.secrets.values())
        self.logs = LogRing(
            lines=limits.log_lines, size=limits.log_bytes, clean=lambda text: redact(text.replace(token, "…"), *hidden)
        )
        self.usage = tree.Usage(0, 0.0, 0)
        self.cpu_percent = 0.0
        self.disk_bytes = 0
        self.clients: dict[asyncio.AbstractEventLoop, Upstream] = {}
        self.seen: set[psutil.Process] = set()
        self.ending = threading.Event()  # somebody asked it to end
        self.ended = threading.Event()  # nothing of it is left
        self.handle: Handle | None = None
        self._reason: SpacesError | None = None
        self._lock = threading.RLock()
        self._wakers: set[tuple[asyncio.AbstractEventLoop, asyncio.Event]] = set()

    @property
    def live(self) -> bool:
        return self.stage not in ("failed", "stopped")

    @property
    def pid(self) -> int | None:
        """The process at the root of the tree, while there is one."""
        return getattr(self.handle, "pid", None)

    def touch(self) -> None:
        """It was used just now; idleness counts from here."""
        self.last_used = time.monotonic()

    def stats(self) -> dict[str, Any]:
        """`{rss_bytes, cpu_percent, processes, disk_bytes}` as last measured, at most a second ago."""
        return {
            "rss_bytes": self.usage.rss_bytes,
            "cpu_percent": round(self.cpu_percent, 1),
            "processes": self.usage.processes,
            "disk_bytes": self.disk_bytes,
        }

    async def ready(self, timeout: float = 60) -> None:
        """Wait until the app answers. `AppFailed` (or what it failed with) when it does not, `TimedOut` after `timeout` seconds."""
        try:
            async with asyncio.timeout(timeout):
                while (stage := self.stage) in ("building", "starting"):
                    await self.wait_stage_change(stage)
        except TimeoutError:
            raise TimedOut(f"The app did not answer within {timeout:g} seconds.", "Look at its log, or wait longer.") from None
        if self._reason is not None and self.stage == "failed":
            raise self._reason
        if self.stage == "stopped":
            raise AppFailed("The app was stopped before it answered.", "Start it again.")

    async def wait_stage_change(self, after: Stage | None = None) -> None:
        """Return at the next change of stage; at once when the stage is no longer `after`, or has ended."""
        waker = (asyncio.get_running_loop(), asyncio.Event())
        with self._lock:
            if (after is not None and self.stage != after) or not self.live:
                return
            self._wakers.add(waker)
        try:
            await waker[1].wait()
        finally:
            with self._lock:
                self._wakers.discard(waker)

    def remember(self, processes: list[psutil.Process]) -> None:
        """Processes seen below it: ended with it even if they slip out of its tree."""
        self.seen = {process for process in (*processes, *self.seen) if process.is_running()}

    def end(self, reason: SpacesError | None = None, *, note: str = "") -> None:
        """End the app, with everything it forked, and wait until that is so. Blocks; safe to call twice.

        Args:
            reason: the preview failed because of this; None when it was simply stopped.
            note: a line for the log.
        """
        with self._lock:
            if self.live and not self.ending.is_set():
                self._reason = reason
                self.logs.append(note or (reason.message if reason else "Stopped."), "run")
            self.ending.set()
            handle = self.handle
        if handle is not None:
            handle.end()
        self.ended.wait(30)

    def adopt(self, start: Callable[[], Handle]) -> Handle:
        """Start a tree as this preview's, unless it is being ended already (`Ended`)."""
        with self._lock:
            if self.ending.is_set():
                raise Ended
            self.handle = start()
            return self.handle

    def finish(self, reason: SpacesError | None) -> None:
        """The last stage: failed when there is a reason (a broken limit first), stopped when not. Nothing of it is left."""
        with self._lock:
            self._reason = self._reason or reason
            self.error = self._reason.to_dict() if self._reason else None
        self.become("failed" if self._reason else "stopped")
        for loop, client in list(self.clients.items()):
            if loop.is_running():
                asyncio.run_coroutine_threadsafe(client.aclose(), loop)
        self.spec = replace(self.spec, files={}, secrets={})  # it is remembered for its log; these would only weigh
        self.logs.close()
        self.ended.set()

    def become(self, stage: Stage) -> None:
        """Enter a stage and wake whoever waits for that."""
        with self._lock:
            self.stage = stage
            self.stages.append(stage)
            wakers, self._wakers = self._wakers, set()
        for loop, event in wakers:
            try:
                loop.call_soon_threadsafe(event.set)
            except RuntimeError:
                continue  # that loop is closed
