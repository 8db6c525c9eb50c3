"""Processes of one box: found by descent and by the marks they carry, stopped for a while, ended."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import NamedTuple

import psutil

from core.box import proc
from core.box.proc import Row

MARKER = "SPACES_PREVIEW"  # environment variable of a box and of all that is started in it by exec


class Known(NamedTuple):
    """A process that was seen, told from a later one with its pid."""

    pid: int
    started: float


def known(row: Row) -> Known:
    return Known(row.pid, row.started)


def descend(rows: Mapping[int, Row], root: int) -> list[Row]:
    """Every process below `root`, parents first, ended ones left out. `root` itself is not among them."""
    children: dict[int, list[Row]] = {}
    for row in rows.values():
        children.setdefault(row.parent, []).append(row)
    found, todo = [], [root]
    for pid in todo:
        for row in children.get(pid, ()):
            todo.append(row.pid)
            if row.state not in proc.ENDED:
                found.append(row)
    return found


def below(root: int) -> list[psutil.Process]:
    """Every process below `root`, ended ones that nobody has collected left out."""
    return _processes(row.pid for row in descend(proc.snapshot(), root))


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


def marked(suffix: str, *, under: Path | None = None) -> list[psutil.Process]:
    """Processes whose marker ends with `suffix` (of one box, or of one data directory), or that work below `under`.

    The second mark finds what was forked from a process with another environment: the kernel shows that one's.
    """
    ends, name = suffix.encode(), MARKER.encode() + b"="
    found = []
    for pid in proc.snapshot():
        if pid == os.getpid():
            continue
        entries = proc.environment(pid).split(b"\0")
        ours = any(entry.startswith(name) and entry.endswith(ends) for entry in entries)
        if ours or (under is not None and (place := proc.directory(pid)) is not None and place.is_relative_to(under)):
            found.append(pid)
    return _processes(found)


def kill_marked(suffix: str, *, under: Path | None = None, seconds: float = 5.0) -> int:
    """End every process `marked` finds, until it finds none; returns how many were ended."""
    return _kill_until_none(lambda: alive(marked(suffix, under=under)), seconds)


def adopted() -> list[psutil.Process]:
    """Sealed processes whose box is gone: they have become direct children of this process, their subreaper.

    What this process itself starts is under no more filters than it is.
    """
    own = proc.filters(os.getpid())
    mine = [row for row in proc.snapshot().values() if row.parent == os.getpid() and row.state not in proc.ENDED]
    return _processes(row.pid for row in mine if proc.filters(row.pid) > own)


def kill_adopted(*, seconds: float = 5.0) -> int:
    """End every adopted process with all it forks meanwhile, and collect them; returns how many were ended."""
    ended: set[int] = set()

    def left() -> list[psutil.Process]:
        found = adopted()
        ended.update(process.pid for process in found)
        return found

    _kill_until_none(left, seconds)
    for pid in ended:
        collect(pid)
    return len(ended)


def collect(pid: int) -> None:
    """Take the exit status of an ended child nobody else waits for."""
    try:
        os.waitpid(pid, os.WNOHANG)
    except ChildProcessError:
        pass


def kill_known(processes: Iterable[Known]) -> None:
    """End those processes, each only if its pid is still its own."""
    for process in processes:
        _signal(process, signal.SIGKILL)


def kill_below(root: int, *, seconds: float = 5.0) -> None:
    """End everything below `root`, in rounds, the whole tree stopped before it is killed."""
    deadline = time.monotonic() + seconds
    while (left := descend(proc.snapshot(), root)) and time.monotonic() < deadline:
        _strike(root, left, signal.SIGKILL)
        time.sleep(0.005)


def halt(root: int, *, seconds: float = 1.0) -> None:
    """Stop everything below `root` before it is ended, for at most so many seconds."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        moving = [row for row in descend(proc.snapshot(), root) if row.state not in proc.STOPPED]
        if not moving:
            return
        _strike(root, moving, signal.SIGSTOP)
        time.sleep(0.001)


def _strike(root: int, rows: Iterable[proc.Row], number: int) -> None:
    """Signal those below `root`, whole process groups first: the kernel reaches a group at once, with what it is just forking."""
    spared = {os.getpgrp(), _group(root)}
    struck: set[int] = set()
    for row in rows:
        group = _group(row.pid)
        if group is not None and group not in spared and group not in struck:
            struck.add(group)
            try:
                os.killpg(group, number)
            except OSError:
                continue
    for row in rows:
        _kill(row.pid, number)


def _group(pid: int) -> int | None:
    try:
        return os.getpgid(pid)
    except OSError:
        return None


def freeze(root: int, *, wanted: Callable[[], bool] = lambda: True, seconds: float = 1.0) -> frozenset[Known]:
    """Stop everything below `root`, parents first, in rounds until nothing new has been forked.

    Args:
        root: the box, which goes on: it can still end its tree.
        wanted: asked before each round; when no longer, what was stopped goes on and the result is empty.
        seconds: give up after so long, as above.

    Returns those that were stopped by this, for `thaw`.
    """
    stopped: set[Known] = set()
    if _stop(root, stopped, wanted, seconds):
        return frozenset(stopped)
    thaw(stopped)
    return frozenset()


def _stop(root: int, stopped: set[Known], wanted: Callable[[], bool], seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while wanted() and time.monotonic() < deadline:
        moving = [row for row in descend(proc.snapshot(), root) if row.state not in proc.STOPPED]
        if not moving:
            return True
        for row in moving:
            stopped.add(known(row))
            _kill(row.pid, signal.SIGSTOP)
        time.sleep(0.001)
    return False


def thaw(stopped: Iterable[Known]) -> None:
    """Let those go on."""
    for process in stopped:
        _signal(process, signal.SIGCONT)


def _kill_until_none(find: Callable[[], list[psutil.Process]], seconds: float) -> int:
    ended: set[int] = set()
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline and (left := find()):
        for number in (signal.SIGSTOP, signal.SIGKILL):
            for process in left:
                _kill(process.pid, number)
        ended.update(process.pid for process in left)
        time.sleep(0.005)
    return len(ended)


def _processes(pids: Iterable[int]) -> list[psutil.Process]:
    found = []
    for pid in pids:
        try:
            found.append(psutil.Process(pid))
        except psutil.Error:
            continue
    return found


def _signal(process: Known, number: int) -> None:
    row = proc.read(process.pid)
    if row is not None and row.started == process.started:
        _kill(process.pid, number)


def _kill(pid: int, number: int) -> None:
    try:
        os.kill(pid, number)
    except (ProcessLookupError, PermissionError):
        pass
