"""One program from its start to its end in a box: its output kept in bounds, its limits held, everything it forked ended."""

from __future__ import annotations

import os
import selectors
import signal
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from core.box import tree
from core.box.engine import Ending, Handle, Launch, SandboxEngine
from core.box.limits import MB
from core.box.monitor import Breach, Monitor, Watch
from core.box.output import Excerpt
from core.errors import Cancelled

KilledBy = Literal["timeout", "memory", "disk", "processes", "output"]
Stream = Literal["stdout", "stderr"]
KEPT_BYTES = 256 * 1024  # of each stream
MOST_OUTPUT = 64 * MB  # of each stream; then the program is ended
_SLICE_SECONDS = 0.1  # between two looks at whether it was cancelled
_DRAIN_SECONDS = 2.0  # to read what an ended program had written


@dataclass(frozen=True)
class Execution:
    """How a program went.

    exit: its exit code, None when a signal ended it; signal: that signal's number, else None.
    wall_ms: milliseconds from its start until nothing of it was left. peak_bytes: the most memory it held at once.
    killed_by: the limit that ended it, else None. layers: what separated it from this machine: name → on, partial, off.
    """

    stdout: str
    stderr: str
    exit: int | None
    signal: int | None
    wall_ms: float
    peak_bytes: int
    killed_by: KilledBy | None = None
    layers: Mapping[str, str] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)


def run(
    engine: SandboxEngine,
    launch: Launch,
    *,
    monitor: Monitor,
    timeout: float,
    layers: Mapping[str, str],
    cancelled: threading.Event | None = None,
    wrote: Callable[[Stream, bytes], None] = lambda stream, data: None,
) -> Execution:
    """Start `launch` and wait for its end, which comes after `timeout` seconds at the latest. Blocks; the workspace stays.

    Args:
        engine: where.
        monitor: watches its memory, disk and processes.
        timeout: seconds of wall time.
        layers: what the result shall say of the box.
        cancelled: ends it when set; raises `Cancelled`.
        wrote: called with each piece of output as it comes, whole; without `separate_errors` all is "stdout".
    """
    began = time.monotonic()
    handle = engine.start(launch)
    program = _Program(handle, wrote)
    watch = Watch(launch.id, lambda: handle.pid, launch.workspace.root, launch.limits, breached=program.breached)
    monitor.watch(watch)
    try:
        program.follow(began + timeout, cancelled or threading.Event())
    finally:
        handle.end()
        tree.kill_known(watch.seen)
        monitor.forget(watch)
        program.drain()
        program.close()
    ending = handle.ending or _as_a_shell_says(handle.poll())
    killed = program.killed_by or ("timeout" if ending.signal == signal.SIGXCPU else None)
    if program.killed_by:
        ending = Ending(None, int(signal.SIGKILL), ending.peak_bytes)  # that is how a box ends its tree
    return Execution(
        stdout=program.kept["stdout"].text(),
        stderr=program.kept["stderr"].text(),
        exit=ending.exit,
        signal=ending.signal,
        wall_ms=round((time.monotonic() - began) * 1000, 1),
        peak_bytes=max(ending.peak_bytes, watch.figures.peak_bytes),
        killed_by=killed,
        layers=layers,
    )


def _as_a_shell_says(code: int | None) -> Ending:
    """The box did not come to report: 128 + signal is all that is known."""
    return Ending(None, code - 128, 0) if code and code > 128 else Ending(code, None, 0)


class _Program:
    """A running one: its pipes, what they gave, and why it was ended."""

    def __init__(self, handle: Handle, wrote: Callable[[Stream, bytes], None]):
        self.handle, self._wrote = handle, wrote
        self.kept: dict[Stream, Excerpt] = {"stdout": Excerpt(KEPT_BYTES), "stderr": Excerpt(KEPT_BYTES)}
        self.killed_by: KilledBy | None = None
        self._selector = selectors.DefaultSelector()
        self._open: set[int] = set()
        for descriptor, stream in ((handle.output, "stdout"), (handle.errors, "stderr")):
            if descriptor is not None:
                os.set_blocking(descriptor, False)
                self._selector.register(descriptor, selectors.EVENT_READ, stream)
                self._open.add(descriptor)
        try:
            self._end = os.pidfd_open(handle.pid)  # readable once the box has ended
            self._selector.register(self._end, selectors.EVENT_READ, None)
        except (OSError, AttributeError):
            self._end = None

    def breached(self, breach: Breach) -> None:
        """The monitor has stopped it."""
        self.killed_by = self.killed_by or breach.kind
        self.handle.end()

    def follow(self, deadline: float, cancelled: threading.Event) -> None:
        """Read until the box has ended, or has to."""
        while True:
            left = deadline - time.monotonic()
            if cancelled.is_set():
                raise Cancelled("The execution was cancelled.")
            if left <= 0:
                self.killed_by = self.killed_by or "timeout"
                return
            pause = min(left, _SLICE_SECONDS if self._end is not None else 0.01)
            if self._read(pause) or (self._end is None and self.handle.poll() is not None):
                return
            if any(kept.received > MOST_OUTPUT for kept in self.kept.values()):
                self.killed_by = self.killed_by or "output"
                return

    def _read(self, seconds: float) -> bool:
        """Take what is there; whether the box has ended."""
        ended = False
        for key, _ in self._selector.select(seconds):
            if key.data is None:
                ended = True
                continue
            try:
                data = os.read(key.fd, 1 << 16)
            except BlockingIOError:
                continue
            if data:
                self.kept[key.data].feed(data)
                self._wrote(key.data, data)
            else:
                self._shut(key.fd)
        return ended

    def drain(self) -> None:
        """Read what was written before the end."""
        if self._end is not None:
            self._selector.unregister(self._end)
            os.close(self._end)
            self._end = None
        deadline = time.monotonic() + _DRAIN_SECONDS
        while self._open and time.monotonic() < deadline:
            self._read(0.05)

    def close(self) -> None:
        for descriptor in list(self._open):
            self._shut(descriptor)
        self._selector.close()

    def _shut(self, descriptor: int) -> None:
        self._selector.unregister(descriptor)
        self._open.discard(descriptor)
        os.close(descriptor)
