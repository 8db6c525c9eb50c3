"""The executions of one server: a few at a time, a bounded number waiting, no caller taking all."""

from __future__ import annotations

import asyncio
import threading
from collections import Counter
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from core.box.engine import SandboxEngine
from core.box.execution import Runtime, execute
from core.box.monitor import Monitor
from core.box.program import Execution
from core.errors import Conflict, RateLimited
from core.exposition import Counters

AT_ONCE = 4
PER_CALLER = 2  # running or waiting
WAITING = 16

_COUNTED = {
    "total": ("counter", "Executions by runtime and what ended them: none, timeout, memory, disk, processes, output."),
    "seconds": ("histogram", "Seconds of wall time of an execution, by runtime."),
}
_SECONDS = (0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 120.0)


class Executions:
    """Runs code for callers.

    Args:
        engine, monitor: as `execute` takes them.
        root: the directory for the boxes' own; emptied by whoever sweeps it.
        at_once: how many run at the same time.
        per_caller: how many of one caller run or wait.
        waiting: how many wait.
    """

    def __init__(
        self, engine: SandboxEngine, monitor: Monitor, root: Path, *, at_once: int = AT_ONCE, per_caller: int = PER_CALLER, waiting: int = WAITING
    ):
        self._engine, self._monitor, self._root = engine, monitor, root
        self._most, self._per_caller = at_once + waiting, per_caller
        # The kernel ends a box with the thread that started it, so these live as long as the server.
        self._threads = ThreadPoolExecutor(at_once, thread_name_prefix="execution")
        self._lock = threading.Lock()
        self._callers: Counter[str] = Counter()
        self._cancels: set[threading.Event] = set()
        self._closed = False
        self._counters = Counters(_COUNTED, bounds=_SECONDS)

    async def execute(
        self,
        caller: str,
        code: str,
        *,
        runtime: Runtime = "python",
        timeout: float = 10,
        files: Mapping[str, bytes] | None = None,
        stdin: bytes | None = None,
    ) -> Execution:
        """Run code for a caller as `execute` does, when its turn comes; cancelling ends the program.

        Raises `RateLimited` when the caller or the server has enough of them already, and what `execute` raises.
        """

        def work(cancelled: threading.Event) -> Execution:
            return execute(
                self._engine, self._root, code, monitor=self._monitor, runtime=runtime, timeout=timeout, files=files, stdin=stdin,
                cancelled=cancelled,
            )  # fmt: skip

        done = await self.turn(caller, work)
        self._counters.add("total", runtime=runtime, killed_by=done.killed_by or "none")
        self._counters.observe("seconds", done.wall_ms / 1000, runtime=runtime)
        return done

    async def turn(self, caller: str, work: Callable[[threading.Event], Execution]) -> Execution:
        """Call `work` in a thread when the caller's turn comes; its argument is set when nobody waits for it any more."""
        cancelled = threading.Event()
        with self._lock:
            self._admit(caller)
            self._callers[caller] += 1
            self._cancels.add(cancelled)
        future = None
        try:
            future = self._threads.submit(work, cancelled)
            future.add_done_callback(lambda _: self._leave(caller, cancelled))
            return await asyncio.wrap_future(future)
        except asyncio.CancelledError:
            cancelled.set()
            raise
        except RuntimeError:
            if future is not None:
                raise
            self._leave(caller, cancelled)  # the threads were shut down meanwhile
            raise Conflict("The server is being stopped.", "Run it again when the server is back.") from None

    def _admit(self, caller: str) -> None:
        if self._closed:
            raise Conflict("The server is being stopped.", "Run it again when the server is back.")
        if self._callers[caller] >= self._per_caller:
            raise RateLimited(f"{self._per_caller} of your executions run already.", "Wait until one has ended.")
        if self._callers.total() >= self._most:
            raise RateLimited("Too many executions are waiting on this server.", "Try again in a minute.")

    def _leave(self, caller: str, cancelled: threading.Event) -> None:
        with self._lock:
            self._cancels.discard(cancelled)
            self._callers[caller] -= 1
            if self._callers[caller] <= 0:
                del self._callers[caller]

    def metrics(self) -> str:
        """Executions and how they ended, as Prometheus text."""
        return "\n".join(self._counters.lines("spaces_os_execution_")) + "\n"

    def close(self) -> None:
        """End what runs, take nothing more. Blocks until that is so."""
        with self._lock:
            self._closed = True
            for cancelled in self._cancels:
                cancelled.set()
        self._threads.shutdown(wait=True, cancel_futures=True)
