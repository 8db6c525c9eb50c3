"""One thread that measures every box a few times a second and ends those that break a limit the kernel does not hold."""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from core.box import disk, proc, tree
from core.box.limits import MB, Limits
from core.box.proc import Row
from core.errors import AppFailed

log = logging.getLogger(__name__)
TICK_SECONDS = 0.25
PROPORTIONAL_SECONDS = 2.0  # between two readings of shared memory; at once when the plain sum is above the limit
READING_SECONDS = 1.0  # for one such reading: it waits for a lock that a forking process holds most of the time
DISK_SECONDS = 1.0  # between two looks at the disk, and at least twenty times what the last one took
DISK_SHARE = 20
FREE_FLOOR_BYTES = 256 * MB
FLOOR_SHARE = 20
BLAMED_BYTES = 8 * MB  # a box that wrote less did not fill the disk
MANY = 2000  # processes of one box that are looked at one by one

Kind = Literal["memory", "disk", "processes"]


@dataclass(frozen=True)
class Figures:
    """What one box uses now. memory_bytes counts shared pages once, rss_bytes once a process."""

    memory_bytes: int = 0
    rss_bytes: int = 0
    peak_bytes: int = 0
    cpu_seconds: float = 0.0
    cpu_percent: float = 0.0  # of one core
    processes: int = 0
    threads: int = 0
    disk_bytes: int = 0
    entries: int = 0
    depth: int = 0
    log_bytes_per_second: float = 0.0


@dataclass(frozen=True)
class Breach:
    """Which limit was broken, in words for whoever wrote the app."""

    kind: Kind
    sentence: str
    fix: str

    @property
    def error(self) -> AppFailed:
        return AppFailed(self.sentence, self.fix)


class Watch:
    """One box under watch.

    Args:
        name: for this server's log.
        pid: the process at the root of the tree, None while there is none.
        root: the directory the tree may write below.
        limits: its bounds.
        written: bytes it has written to its log so far.
        breached: called once, in a thread of its own, the whole tree stopped; it has to end the box.
    """

    def __init__(
        self,
        name: str,
        pid: Callable[[], int | None],
        root: Path,
        limits: Limits,
        *,
        breached: Callable[[Breach], None],
        written: Callable[[], int] = lambda: 0,
    ):
        self.name, self.pid, self.root, self.limits = name, pid, root, limits
        self.breached, self.written = breached, written
        self.figures = Figures()
        self.breach: Breach | None = None
        self.frozen = False  # the tree is stopped: nothing of it changes, so the dear figures are not read
        self.seen: set[tree.Known] = set()  # every process met below it that may still run
        self._measured = time.monotonic()
        self._logged = 0
        self._shared = (0.0, 0, 0)  # when shared memory was read, what it was, what the plain sum was then
        self._disk_due = 0.0

    def look(self, rows: Mapping[int, Row], now: float) -> None:
        """Take the figures from one snapshot of the system's processes."""
        pid = self.pid()
        found = tree.descend(rows, pid) if pid is not None else []
        still = {one for one in self.seen if (row := rows.get(one.pid)) and row.started == one.started}
        self.seen = still | {tree.known(row) for row in found}
        rss = sum(row.rss_bytes for row in found)
        cpu = sum(row.cpu_seconds for row in found) + (rows[pid].cpu_seconds if pid in rows else 0.0)
        before, passed, written = self.figures, max(now - self._measured, 1e-3), self.written()
        memory = self._memory(found, rss, now)
        self.figures = replace(
            before,
            memory_bytes=memory,
            rss_bytes=rss,
            peak_bytes=max(before.peak_bytes, memory),
            cpu_seconds=max(before.cpu_seconds, cpu),
            cpu_percent=round(max(0.0, cpu - before.cpu_seconds) / passed * 100, 1),
            processes=len(found),
            threads=sum(row.threads for row in found),
            log_bytes_per_second=round((written - self._logged) / passed, 1),
        )
        self._measured, self._logged = now, written
        if now >= self._disk_due and (found or not self._disk_due) and not self.frozen and len(found) <= self.limits.processes:
            self._look_at_disk(found)

    def _memory(self, found: list[Row], rss: int, now: float) -> int:
        """Proportional memory: read where it decides, or the last reading is old, else moved along with the plain sum.

        What cannot be read in time counts plain.
        """
        read, shared, then = self._shared
        if not found or len(found) > self.limits.processes:
            return rss  # too many are ended for that
        if (now - read >= PROPORTIONAL_SECONDS and not self.frozen) or rss > self.limits.memory_bytes:
            until = time.monotonic() + READING_SECONDS
            parts = [(proc.proportional_bytes(row.pid) if time.monotonic() < until else None, row.rss_bytes) for row in found[:MANY]]
            self._shared = now, sum(plain if part is None else part for part, plain in parts), rss
            return self._shared[1]
        return max(0, min(rss, shared + rss - then))

    def _look_at_disk(self, found: list[Row]) -> None:
        began, limits = time.monotonic(), self.limits
        held = disk.measure(self.root, most_bytes=limits.workspace_bytes, most_entries=limits.files_written)
        unlinked = disk.unlinked_bytes([row.pid for row in found[:MANY]], self.root, most_file=limits.file_bytes)
        self.figures = replace(self.figures, disk_bytes=held.bytes + unlinked, entries=held.entries, depth=held.depth)
        ended = time.monotonic()
        self._disk_due = ended + max(DISK_SECONDS, DISK_SHARE * (ended - began))

    def verdict(self) -> Breach | None:
        """The first limit that is broken, or None."""
        now, limits = self.figures, self.limits
        if now.processes > limits.processes:
            return Breach(
                "processes", f"The app started more than {limits.processes} processes and was stopped.", "Start fewer processes."
            )
        if now.threads > limits.threads:
            return Breach("processes", f"The app started more than {limits.threads} threads and was stopped.", "Start fewer threads.")
        if now.memory_bytes > limits.memory_bytes:
            sentence = f"The app used more than {limits.memory_bytes // MB} MB of memory and was stopped."
            return Breach("memory", sentence, "Load less at once, or a smaller model.")
        if now.disk_bytes > limits.workspace_bytes:
            sentence = f"The app wrote more than {limits.workspace_bytes // MB} MB to disk and was stopped."
            return Breach("disk", sentence, "Write less, or delete what is no longer needed.")
        if now.entries > limits.files_written:
            return Breach("disk", f"The app made more than {limits.files_written} files and was stopped.", "Make fewer files.")
        if now.depth > disk.DEEPEST:
            sentence = f"The app nested folders more than {disk.DEEPEST} deep and was stopped."
            return Breach("disk", sentence, "Nest folders less deeply.")
        return None


class Monitor:
    """Watches any number of boxes. The thread runs while there is something to watch.

    looked: called with each watch after it was measured, for what else depends on time.
    free_floor: bytes that must stay free on the disk, else the box that holds most is ended; None for 256 MB, or a twentieth of
        a small file system.
    """

    def __init__(self, *, looked: Callable[[Watch], None] = lambda watch: None, free_floor: int | None = None):
        self.cpu_seconds = 0.0  # what watching itself has cost
        self._looked, self._free_floor = looked, free_floor
        self._lock = threading.Lock()
        self._watches: list[Watch] = []
        self._thread: threading.Thread | None = None
        self._changed = threading.Event()
        self._zombies: dict[tree.Known, int] = {}

    def watch(self, watch: Watch) -> Watch:
        """Begin to watch a box; the caller ends it with `forget`."""
        with self._lock:
            self._watches.append(watch)
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="box-monitor", daemon=True)
                self._thread.start()
        return watch

    def forget(self, watch: Watch) -> None:
        """No longer watch that box. Its figures stay as they were."""
        with self._lock:
            if watch in self._watches:
                self._watches.remove(watch)
        self._changed.set()

    def close(self) -> None:
        """Watch nothing any more and end the thread."""
        with self._lock:
            self._watches.clear()
            thread = self._thread
        self._changed.set()
        if thread is not None and thread is not threading.current_thread():
            thread.join(5)

    def _run(self) -> None:
        due = time.monotonic() + TICK_SECONDS
        while True:
            self._changed.wait(max(0.0, due - time.monotonic()))
            self._changed.clear()
            with self._lock:
                watches = list(self._watches)
                if not watches:
                    self._thread = None
                    return
            if time.monotonic() < due:
                continue
            began = time.thread_time()
            try:
                self._tick(watches)
            except Exception:  # the thread has to live as long as there are boxes
                log.exception("the boxes could not be measured")
            self.cpu_seconds += time.thread_time() - began
            due = time.monotonic() + TICK_SECONDS

    def _tick(self, watches: list[Watch]) -> None:
        rows, now = proc.snapshot(), time.monotonic()
        for watch in watches:
            try:
                if watch.breach is None:
                    watch.look(rows, now)
                    self._judge(watch, watch.verdict())
                    self._looked(watch)
            except Exception:  # one box that cannot be measured must not leave the others unwatched
                log.exception("box %s could not be measured", watch.name)
        self._guard_the_disk(watches)
        self._collect(rows)

    def _judge(self, watch: Watch, breach: Breach | None) -> None:
        if breach is None:
            return
        watch.breach = breach
        if (pid := watch.pid()) is not None:
            tree.halt(pid)
        threading.Thread(target=watch.breached, args=(breach,), name=f"breach-{watch.name}", daemon=True).start()

    def _guard_the_disk(self, watches: list[Watch]) -> None:
        """What no count of one box finds (files in flight between processes) still fills the disk."""
        suspects = [watch for watch in watches if watch.breach is None and watch.figures.disk_bytes >= BLAMED_BYTES]
        if not suspects:
            return
        worst = max(suspects, key=lambda watch: watch.figures.disk_bytes)
        try:
            free, whole = disk.free_bytes(worst.root)
        except OSError:
            return
        floor = min(FREE_FLOOR_BYTES, whole // FLOOR_SHARE) if self._free_floor is None else self._free_floor
        if free < floor:
            sentence = f"This machine's disk has less than {floor // MB} MB left and the app held the most of it, so it was stopped."
            self._judge(worst, Breach("disk", sentence, "Write less, or free space on the disk."))

    def _collect(self, rows: Mapping[int, Row]) -> None:
        """A subreaper inherits the zombies of boxes that are gone; they keep their pid until somebody collects them.

        A child this process started itself shares its session, or is waited for at once.
        """
        me, found = os.getpid(), {}
        own = rows[me].session if me in rows else 0
        for row in rows.values():
            if row.parent == me and row.state in proc.ENDED and row.session not in (own, row.pid, 0):
                key = tree.known(row)
                found[key] = self._zombies.get(key, 0) + 1
                if found[key] * TICK_SECONDS > 5:
                    tree.collect(row.pid)
        self._zombies = found
