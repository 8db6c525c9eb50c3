"""What the browser's processes may reach where the kernel can say no: their own directory, programs, and one port.

The driver seals itself before it starts anything, so that whatever takes over a page's process stays inside too. Not
covered: unix sockets of the same user, which Chromium needs for itself and a system call filter cannot tell apart by path.
"""

from __future__ import annotations

import base64
import errno
import os
import socket
import sys
from pathlib import Path
from typing import Any

from core.box import Entry, Launch, Limits, Seal, Workspace, landlock, sealing, seccomp

PROGRAM = sealing.RUNNERS / "seal.py"
_INTERNET_ADDRESS_BYTES = (16, 28)  # sockaddr_in, sockaddr_in6
_ROOT = Path(__file__).resolve().parents[2]


def seal_of(home: Path, *, port: int, executable: str) -> dict[str, Any] | None:
    """The driver's orders for sealing itself: `{program, policy, closed}`; None where the kernel knows no rules for ports.

    Args:
        home: the browser's own directory, the only one it may write to.
        port: of 127.0.0.1, the only one it may connect to.
        executable: the Chromium.
    """
    means = sealing.find_means()
    if not means.seccomp or means.landlock < 4:
        return None
    programs = (Path(executable).resolve().parent, _ROOT / "core", Path("/etc/chromium.d"), Path("/etc/chromium"), Path("/etc/opt"))
    launch = Launch(
        id="browser",
        python=Path(sys.executable),
        entry=Entry(),
        workspace=Workspace(home),
        env={},
        limits=Limits(),
        seal=Seal("egress", ports=(port,), read=programs),
    )
    policy = sealing.policy(launch, means)
    # Chromium's processes look at each other there. Of foreign ones Landlock still hides memory, environment and files.
    policy["landlock"]["paths"].append([landlock.READ_FILE | landlock.READ_DIR, "/proc"])
    filters = (seccomp.prelude(means.machine), seccomp.assemble(_rules(means.landlock), means.machine))
    policy["filters"] = [base64.b64encode(one).decode() for one in filters]
    closed = {"file": f"/proc/{os.getpid()}/environ", "directory": str(home.parent), "port": port - 1}  # what it must find closed
    return {"program": str(PROGRAM), "policy": policy, "closed": closed}


def _rules(version: int) -> tuple[seccomp.Rule, ...]:
    """A box's rules for TCP on chosen ports, but for the unix socket by which a second Chromium would find the first."""
    kept = tuple(rule for rule in seccomp.rules("egress", landlock=version, guarded=(os.getpid(),)) if rule.calls != ("socket",))

    def unless(call: str, argument: int, *values: int, mask: int = 0xFFFFFFFF) -> seccomp.Rule:
        return seccomp.Rule(errno.EACCES, (call,), tuple(seccomp.Test(argument, value, mask, differs=True) for value in values))

    return (
        unless("socket", 0, socket.AF_INET, socket.AF_INET6, socket.AF_UNIX),
        unless("socket", 1, socket.SOCK_STREAM, mask=0xF),
        unless("socket", 2, 0, socket.IPPROTO_TCP),
        unless("connect", 2, *_INTERNET_ADDRESS_BYTES),
        *kept,
    )
