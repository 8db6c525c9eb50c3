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


def below(root: int) -> list[psutil.Process]:
    """Every process below `root`, ended ones that nobody has collected left out."""
    try:
        return alive(psutil.Process(root).children(recursive=True))
    except psutil.Error:
        return []


def alive(processes: Iterable[psutil.Process]) -> list[psutil.Process]:
    """Those that still run: not ended, not a zombie, the pid not somebody else's by now. One may end while it is looked at."""
    left = []
    for process in processes:
        try:
            if process.is_running() and process.status() != psutil.STATUS_ZOMBIE:
                left.append(process)
        except psutil.Error:
            continue
    return left


def measure(processes: Iterable[psutil.Process]) -> Usage:
    """Resident bytes, processor seconds and count of those that are still there."""
    rss = count = 0
    cpu = 0.0
    for process in processes:
        try:
            with process.oneshot():
                times = process.cpu_times()
                rss += process.memory_info().rss
        except psutil.Error:
            continue
        cpu += times.user + times.system
        count += 1
    return Usage(rss, cpu, count)


def proportional_bytes(processes: Iterable[psutil.Process]) -> int:
    """Resident bytes with every shared page counted once: dearer to read than the plain sum, which counts it per process."""
    total = 0
    for process in processes:
        try:
            total += process.memory_full_info().pss
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
        left = alive(marked(suffix))
        if not left:
            break
        for process in left:
            _kill(process.pid)
            ended.add(process.pid)
        time.sleep(0.01)
    return len(ended)


def kill_known(processes: Iterable[psutil.Process]) -> None:
    """End those processes, each only if its pid is still its own."""
    for process in processes:
        try:
            process.kill()
        except psutil.Error:
            continue


def kill_below(root: int, *, seconds: float = 5.0) -> None:
    """End everything below `root`, in rounds, the whole tree stopped before it is killed."""
    deadline = time.monotonic() + seconds
    while (left := below(root)) and time.monotonic() < deadline:
        for number in (signal.SIGSTOP, signal.SIGKILL):
            for process in left:
                _kill(process.pid, number)
        time.sleep(0.005)


def _kill(pid: int, number: int = signal.SIGKILL) -> None:
    try:
        os.kill(pid, number)
    except (ProcessLookupError, PermissionError):
        pass
