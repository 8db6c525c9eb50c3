"""How many tasks a box may have, counted by the kernel: a control group each, where this machine lets us make one.

RLIMIT_NPROC counts the tasks of a user and never root's (setrlimit(2)); the pids controller counts those of a group,
whoever they run as (kernel: admin-guide/cgroup-v2, "PID"). Containers mostly mount it read-only; then there is none.
"""

from __future__ import annotations

import contextlib
import os
import time
from pathlib import Path

_MEMBERS, _MOST = "cgroup.procs", "pids.max"


class Groups:
    """The groups of one engine, below this process's own. name: what tells them from those of other servers."""

    def __init__(self, name: str):
        self._prefix = f"spaces-{name}-"
        self._base = next((base for base in _bases() if _works(base / f"{self._prefix}probe")), None)

    @property
    def counted(self) -> bool:
        """Whether the kernel counts a box's tasks here."""
        return self._base is not None

    def make(self, id: str, most: int) -> Path | None:
        """A group for at most `most` tasks; who writes "0" into the returned file joins it. None where there are none."""
        if self._base is None:
            return None
        place = self._base / f"{self._prefix}{id}"
        try:
            place.mkdir(exist_ok=True)
            (place / _MOST).write_text(str(most))
        except OSError:
            return None
        return place / _MEMBERS

    def remove(self, members: Path | None, *, seconds: float = 2.0) -> None:
        """Remove a group that is empty, or will be within so long: the kernel lets go of ended tasks a moment later."""
        deadline = time.monotonic() + seconds
        while members is not None:
            try:
                members.parent.rmdir()
            except FileNotFoundError:
                return
            except OSError:
                if time.monotonic() > deadline:
                    return
                time.sleep(0.005)

    def sweep(self) -> None:
        """Remove what a killed server left: its own groups, and empty ones of any other that nobody has joined for a minute."""
        for place in self._base.glob("spaces-*") if self._base else ():
            with contextlib.suppress(OSError):
                if place.name.startswith(self._prefix) or time.time() - place.stat().st_mtime > 60:
                    self.remove(place / _MEMBERS, seconds=0)


def _bases() -> list[Path]:
    """Where groups may be made: this process's own place in the pids hierarchy, of version 1 or 2."""
    try:
        mounts = Path("/proc/self/mountinfo").read_text().splitlines()
        own = [line.split(":", 2) for line in Path("/proc/self/cgroup").read_text().splitlines()]
    except OSError:
        return []
    found = []
    for line in mounts:
        before, _, after = line.partition(" - ")
        kind, _, options = (after.split() + ["", "", ""])[:3]
        if kind == "cgroup2":
            below = [path for _, controllers, path in own if controllers == ""]
        elif kind == "cgroup" and "pids" in options.split(","):
            below = [path for _, controllers, path in own if "pids" in controllers.split(",")]
        else:
            continue
        mount = Path(before.split()[4])
        found += [mount / path.lstrip("/") for path in below] + [mount]
    return found


def _works(place: Path) -> bool:
    """Found by making one: version 2 wants the controller switched on above it, which a group with members refuses."""
    with contextlib.suppress(OSError):
        (place.parent / "cgroup.subtree_control").write_text("+pids")
    try:
        place.mkdir(exist_ok=True)
        (place / _MOST).write_text("10")
        return (place / _MOST).read_text().strip() == "10" and os.access(place / _MEMBERS, os.W_OK)
    except OSError:
        return False
    finally:
        with contextlib.suppress(OSError):
            place.rmdir()
