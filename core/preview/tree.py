"""Processes of one preview: found by descent and by the marker in their environment, measured, ended."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterable
from dataclasses import dataclass

import psutil

MARKER = "SPACES_PREVIEW"  # environment variable every process of a preview carries


@dataclass(frozen=True)
class Usage:
    rss_bytes: int
    cpu_seconds: float
    processes: int


def parents() -> dict[int, list[int]]:
    """Every pid of the machine by its parent, zombies included: one scan serves all previews."""
    children: dict[int, list[int]] = {}
    for pid, parent in psutil._psplatform.ppid_map().items():
        children.setdefault(parent, []).append(pid)
    return children


def below(root: int, children: dict[int, list[int]]) -> list[int]:
    """Pids below `root` in that scan."""
    found: list[int] = []
    todo = [root]
    while todo:
        here = children.get(todo.pop(), [])
        found += here
        todo += here
    return found


def measure(pids: Iterable[int]) -> Usage:
    """Resident bytes, processor seconds and count of those that are still there."""
    rss = count = 0
    cpu = 0.0
    for pid in pids:
        try:
            process = psutil.Process(pid)
            with process.oneshot():
                times = process.cpu_times()
                rss += process.memory_info().rss
            cpu += times.user + times.system
            count += 1
        except psutil.Error:
            continue
    return Usage(rss, cpu, count)


def proportional_bytes(pids: Iterable[int]) -> int:
    """Resident bytes with every shared page counted once: dearer to read than the plain sum, which counts it per process."""
    total = 0
    for pid in pids:
        try:
            total += psutil.Process(pid).memory_full_info().pss
        except (psutil.Error, AttributeError):  # only Linux tells it
            continue
    return total


def marked(suffix: str) -> list[psutil.Process]:
    """Processes whose marker ends with `suffix`: those of one preview, or of one data directory."""
    found = []
    for process in psutil.process_iter():
        try:
            value = process.environ().get(MARKER, "")
        except (psutil.Error, OSError):
            continue
        if value.endswith(suffix) and process.pid != os.getpid():
            found.append(process)
    return found


def kill_marked(suffix: str, *, seconds: float = 5.0) -> int:
    """End every process with that marker, until a scan finds none; returns how many were ended."""
    ended: set[int] = set()
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        left = [process for process in marked(suffix) if process.status() != psutil.STATUS_ZOMBIE]
        if not left:
            break
        for process in left:
            _kill(process.pid)
            ended.add(process.pid)
        time.sleep(0.01)
    return len(ended)


def identify(pids: Iterable[int]) -> set[tuple[int, float]]:
    """(pid, time it was created) of each: a pid alone may be somebody else's a moment later."""
    found = set()
    for pid in pids:
        try:
            found.add((pid, psutil.Process(pid).create_time()))
        except psutil.Error:
            continue
    return found


def kill_same(pid: int, created: float) -> None:
    """End that process if it is still the one seen then."""
    try:
        if psutil.Process(pid).create_time() == created:
            _kill(pid)
    except psutil.Error:
        pass


def kill_below(root: int, *, seconds: float = 5.0) -> None:
    """End `root` and everything below it, in rounds, the whole tree stopped before it is killed."""
    deadline = time.monotonic() + seconds
    pids = [root, *below(root, parents())]
    while pids and time.monotonic() < deadline:
        for pid in pids:
            _kill(pid, signal.SIGSTOP)
        for pid in pids:
            _kill(pid)
        time.sleep(0.005)
        pids = below(root, parents())


def _kill(pid: int, number: int = signal.SIGKILL) -> None:
    try:
        os.kill(pid, number)
    except (ProcessLookupError, PermissionError):
        pass
