"""One live preview: its stage, its log, its address, and how it is ended. What its thread does stands in `life`."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, Literal

from core.box import Address, Breach, Handle, LogRing, Watch, Workspace, tree
from core.errors import AppFailed, SpacesError, TimedOut
from core.preview.spec import PreviewSpec
from core.preview.upstream import Upstream
from core.secrets import redact

Stage = Literal["building", "starting", "running", "failed", "stopped"]
Cause = Literal["stopped", "failed", "memory", "disk", "processes", "idle", "evicted"]


class Ended(Exception):
    """The preview was stopped while it was being built or started."""


class Preview:
    """An app under one capability address.

    `url` is where it is served on our port (mount + "/"), `stage` one of building, starting, running,
    failed, stopped; `error` is the shape of a `SpacesError` once it failed. `changed` is called after each change of stage.
    """

    def __init__(
        self, spec: PreviewSpec, *, id: str, token: str, place: Workspace, changed: Callable[[Preview], None] = lambda preview: None
    ):
        self.spec, self.id, self.token = spec, id, token
        self.mount = spec.mount if spec.mount is not None else f"/p/{id}-{token}"
        self.url = self.mount + "/"
        self.stage: Stage = "building"
        self.stages: list[Stage] = ["building"]  # every one it has been in
        self.error: dict[str, Any] | None = None
        self.cause: Cause | None = None  # why it has ended
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
        self.watch = Watch(
            id, lambda: self.pid, place.root, limits, breached=self._breached, written=lambda: self.logs.received
        )
        self.clients: dict[asyncio.AbstractEventLoop, Upstream] = {}
        self.ending = threading.Event()  # somebody asked it to end
        self.ended = threading.Event()  # nothing of it is left
        self.handle: Handle | None = None
        self.same_page = False  # pages opened before the last change of files fit what runs now
        self.next: Handle | None = None  # a tree with changed files that does not answer yet
        self.renewing = threading.Lock()
        self._reason: SpacesError | None = None
        self._lock = threading.RLock()
        self._changed = changed
        self._open = 0
        self._resting = threading.Lock()
        self._stopped: frozenset[tree.Known] = frozenset()
        self._wakers: set[tuple[asyncio.AbstractEventLoop, asyncio.Event]] = set()

    @property
    def live(self) -> bool:
        return self.stage not in ("failed", "stopped")

    @property
    def pid(self) -> int | None:
        """The process at the root of the tree, while there is one."""
        return getattr(self.handle, "pid", None)

    @property
    def seen(self) -> set[tree.Known]:
        """Every process met below it: ended with it even if it slips out of its tree."""
        return self.watch.seen

    @property
    def frozen(self) -> bool:
        """Its processes stand still until somebody uses it; it still counts as running."""
        return self.watch.frozen

    def touch(self) -> None:
        """It is used just now: idleness counts from here, and a frozen one goes on."""
        self.last_used = time.monotonic()
        if self.watch.frozen:
            with self._resting:
                tree.thaw(self._stopped)
                self._stopped, self.watch.frozen = frozenset(), False

    @contextmanager
    def use(self) -> Iterator[None]:
        """Somebody is connected: a request, an event stream or a WebSocket is open. It is not idle meanwhile."""
        with self._lock:
            self._open += 1
        try:
            self.touch()
            yield
        finally:
            with self._lock:
                self._open -= 1
            self.touch()

    @property
    def idle_seconds(self) -> float:
        """Since the last use; 0 while somebody is connected."""
        return 0.0 if self._open else time.monotonic() - self.last_used

    def freeze(self) -> None:
        """Let its processes stand still, unless somebody uses it at the same moment."""
        with self._resting:
            if self.pid is None or self.watch.frozen:
                return
            before = self.last_used
            self.watch.frozen = True  # from here on whoever uses it waits for the lock
            self._stopped = tree.freeze(self.pid, wanted=lambda: self.last_used == before and not self._open)
            self.watch.frozen = bool(self._stopped)

    def stats(self) -> dict[str, Any]:
        """What it uses, measured at most a second ago, memory_bytes at most two.

        `{memory_bytes, rss_bytes, peak_bytes, cpu_percent, cpu_seconds, processes, threads, disk_bytes, files,
        log_bytes_per_second, frozen}`; memory_bytes counts shared pages once, cpu_percent is of one core.
        """
        now = self.watch.figures
        return {
            "memory_bytes": now.memory_bytes,
            "rss_bytes": now.rss_bytes,
            "peak_bytes": now.peak_bytes,
            "cpu_percent": now.cpu_percent,
            "cpu_seconds": round(now.cpu_seconds, 2),
            "processes": now.processes,
            "threads": now.threads,
            "disk_bytes": now.disk_bytes,
            "files": now.entries,
            "log_bytes_per_second": now.log_bytes_per_second,
            "frozen": self.frozen,
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

    def _breached(self, breach: Breach) -> None:
        self.end(breach.error, note=breach.sentence, cause=breach.kind)

    def end(self, reason: SpacesError | None = None, *, note: str = "", cause: Cause = "stopped") -> None:
        """End the app, with everything it forked, and wait until that is so. Blocks; safe to call twice.

        Args:
            reason: the preview failed because of this; None when it was simply stopped.
            note: a line for the log.
            cause: why, in one word, for the figures of all.
        """
        with self._lock:
            if self.live and not self.ending.is_set():
                self.cause = cause
                self._reason = reason
                self.logs.append(note or (reason.message if reason else "Stopped."), "run")
            self.ending.set()
            trees = [self.handle, self.next]
        for handle in trees:
            if handle is not None:
                handle.end()
        self.ended.wait(30)

    def adopt(self, handle: Handle) -> Handle:
        """Take a started tree as this preview's; when it is being ended already, end the tree (`Ended`)."""
        with self._lock:
            if not self.ending.is_set():
                self.handle = handle
                return handle
        handle.end()
        raise Ended

    def audition(self, handle: Handle) -> Handle:
        """Take a started tree as the next of this preview, which goes on with the one it has."""
        with self._lock:
            if not self.ending.is_set():
                self.next = handle
                return handle
        handle.end()
        raise Ended

    def leave(self, handle: Handle | None) -> bool:
        """That tree has ended. Whether it was the last: then no other can take its place any more."""
        with self._lock:
            if self.handle is not handle:
                return False
            self.ending.set()
            waiting, self.next = self.next, None
        if waiting is not None:
            waiting.end()
        return True

    def move(self, address: Address, spec: PreviewSpec) -> Handle:
        """From now on the next tree is this preview's, at the same public address; returns the one before, still running."""
        with self._lock:
            if self.ending.is_set() or not self.live:
                raise Ended
            before, self.handle, self.next = self.handle, self.next, None
            self.address, self.spec = address, spec
            clients, self.clients = self.clients, {}
        _close(clients)
        return before

    def belongs_to(self, owner: str) -> None:
        """From now on it is that owner's."""
        with self._lock:
            self.spec = replace(self.spec, owner=owner)

    def finish(self, reason: SpacesError | None) -> None:
        """The last stage: failed when there is a reason (a broken limit first), stopped when not. Nothing of it is left."""
        with self._lock:
            self._reason = self._reason or reason
            self.error = self._reason.to_dict() if self._reason else None
            self.cause = self.cause or ("failed" if self._reason else "stopped")
        self.become("failed" if self._reason else "stopped")
        _close(self.clients)
        self.spec = replace(self.spec, files={}, secrets={}, remote=None)  # it is remembered for its log; these would only weigh
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
        self._changed(self)


def _close(clients: dict[asyncio.AbstractEventLoop, Upstream]) -> None:
    for loop, client in list(clients.items()):
        if loop.is_running():
            asyncio.run_coroutine_threadsafe(client.aclose(), loop)
