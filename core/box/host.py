"""What this process does for itself before it starts boxes."""

from __future__ import annotations

import ctypes
import sys

PR_SET_DUMPABLE, PR_SET_CHILD_SUBREAPER = 4, 36  # linux/prctl.h


def guard_host() -> None:
    """Close this process's memory and environment to others of its user, and become the parent of what loses its own.

    A box whose own process was killed leaves orphans; they become children of this one, which finds and ends them.
    """
    if sys.platform == "linux":
        libc = ctypes.CDLL(None)
        libc.prctl(PR_SET_DUMPABLE, 0, 0, 0, 0)
        libc.prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
