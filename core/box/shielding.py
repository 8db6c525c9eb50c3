"""What the server does to itself, so that no app of the same user looks into it and none outlives its box unseen."""

from __future__ import annotations

import ctypes
import sys

_PR_SET_DUMPABLE, _PR_SET_CHILD_SUBREAPER = 4, 36  # linux/prctl.h


def shield_this_process() -> None:
    """Close this process's memory, environment and descriptors to others of its user, and become the parent of orphans.

    Once, at the start of a server; a second line behind the seal of the box. Does nothing but on Linux.
    """
    if sys.platform != "linux":
        return
    libc = ctypes.CDLL(None, use_errno=True)
    libc.prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)
    libc.prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
