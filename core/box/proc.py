"""What the system tells of its processes, read the cheap way: one small file each on Linux, psutil elsewhere."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import NamedTuple

import psutil

LINUX = sys.platform == "linux"
ENDED, STOPPED = ("Z", "X"), ("T", "t")
_TICK = os.sysconf("SC_CLK_TCK")
_PAGE = os.sysconf("SC_PAGE_SIZE")
_STATES = {psutil.STATUS_ZOMBIE: "Z", psutil.STATUS_STOPPED: "T"}


class Row(NamedTuple):
    """One process. `started` tells it from a later one with its pid; seconds of ended children it has collected count."""

    pid: int
    parent: int
    state: str  # one letter, as in proc_pid_stat(5)
    session: int
    cpu_seconds: float
    threads: int
    rss_bytes: int
    started: float


def snapshot() -> dict[int, Row]:
    """Every process there is now, by pid."""
    if not LINUX:
        return {row.pid: row for process in psutil.process_iter() if (row := _portable(process))}
    pids = (int(name) for name in os.listdir("/proc") if name.isdigit())
    return {pid: row for pid in pids if (row := read(pid))}


def read(pid: int) -> Row | None:
    """One process, or None when there is none of that pid."""
    if not LINUX:
        try:
            return _portable(psutil.Process(pid))
        except psutil.Error:
            return None
    try:
        with open(f"/proc/{pid}/stat", "rb", buffering=0) as file:
            text = file.read(1024)
    except OSError:
        return None
    of = text[text.rindex(b")") + 2 :].split()
    cpu = int(of[11]) + int(of[12]) + int(of[13]) + int(of[14])
    return Row(pid, int(of[1]), of[0].decode(), int(of[3]), cpu / _TICK, int(of[17]), int(of[21]) * _PAGE, float(of[19]))


def _portable(process: psutil.Process) -> Row | None:
    try:
        with process.oneshot():
            state, times = _STATES.get(process.status(), "S"), process.cpu_times()
            rss = 0 if state == "Z" else process.memory_info().rss
            threads = 0 if state == "Z" else process.num_threads()
            cpu = times.user + times.system
            return Row(process.pid, process.ppid(), state, 0, cpu, threads, rss, process.create_time())
    except psutil.Error:
        return None


def proportional_bytes(pid: int) -> int | None:
    """Its memory with every shared page divided among those that share it, swapped pages included; None where that is not told.

    Dearer to read than the resident size: the kernel walks all pages.
    """
    total = 0
    try:
        with open(f"/proc/{pid}/smaps_rollup", "rb") as file:
            for line in file:
                if line.startswith((b"Pss:", b"SwapPss:")):
                    total += int(line.split()[1]) * 1024
    except OSError:
        return None
    return total


def environment(pid: int) -> bytes:
    """`name=value` entries with zero bytes between, as the process was started with; empty where they cannot be read."""
    try:
        if LINUX:
            with open(f"/proc/{pid}/environ", "rb") as file:
                return file.read(1 << 20)
        return b"\0".join(f"{name}={value}".encode() for name, value in psutil.Process(pid).environ().items())
    except (OSError, psutil.Error):
        return b""


def directory(pid: int) -> Path | None:
    """Its working directory, or None where that cannot be read."""
    try:
        return Path(os.readlink(f"/proc/{pid}/cwd").removesuffix(" (deleted)") if LINUX else psutil.Process(pid).cwd())
    except (OSError, psutil.Error):
        return None


def filters(pid: int) -> int:
    """How many seccomp filters it is under. They are inherited and cannot be taken off; 0 where that is not told."""
    try:
        with open(f"/proc/{pid}/status", "rb") as file:
            for line in file:
                if line.startswith(b"Seccomp_filters:"):  # Linux 5.9
                    return int(line.split()[1])
    except OSError:
        pass
    return 0
