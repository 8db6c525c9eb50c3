"""A box in namespaces of its own: its network has a loopback interface and nothing else, and no process but its own exists.

Bubblewrap makes the namespaces; what runs inside is the same box with the same seal.
"""

from __future__ import annotations

import contextlib
import json
import os
import select
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from core.box.engine import Launch

START_SECONDS = 10.0
_LOOK_SECONDS = 0.01


def find() -> Path | None:
    """The program, where it is installed; whether it works here is for the self-test to find out."""
    found = shutil.which("bwrap") if sys.platform == "linux" else None
    return Path(found) if found else None


def arguments(program: Path, launch: Launch, *, info: int, groups: Iterable[Path] = ()) -> list[str]:
    """What is put before the box's own command: every namespace new, files as they are but writable only where it may write.

    Args:
        program: bubblewrap.
        launch: what will run.
        info: descriptor on which bubblewrap says who the first process inside is.
        groups: control groups that the box enters by itself.
    """
    # One mount for all it may write: files cannot be linked or moved from one mount to another.
    writable = os.path.commonpath([launch.workspace.root, *launch.seal.write])
    # No process of bubblewrap's own inside: the box itself collects what is left, as it does elsewhere.
    command = [str(program), "--unshare-all", "--die-with-parent", "--as-pid-1", "--info-fd", str(info), "--ro-bind", "/", "/"]
    command += ["--dev", "/dev", "--proc", "/proc"]
    for place in (writable, *groups):
        command += ["--bind", str(place), str(place)]
    return [*command, "--"]


def start(
    program: Path,
    command: Sequence[str],
    launch: Launch,
    *,
    output: int,
    errors: int,
    env: Mapping[str, str],
    kept: Sequence[int] = (),
    groups: Iterable[Path] = (),
) -> ContainedProcess:
    """Start `command` inside. OSError when bubblewrap cannot be executed; what it complains of later goes to `errors`."""
    readable, info = os.pipe()
    try:
        with _termination_held():
            outer = subprocess.Popen(
                [*arguments(program, launch, info=info, groups=groups), *command],
                stdin=subprocess.PIPE,
                stdout=output,
                stderr=errors,
                env=dict(env),
                cwd=launch.workspace.app,
                close_fds=True,
                pass_fds=(*kept, info),
            )
        os.close(info)
        info = -1
        return ContainedProcess(outer, _first_inside(readable))
    finally:
        os.close(readable)
        if info >= 0:
            os.close(info)


@contextlib.contextmanager
def _termination_held() -> Iterator[None]:
    """What is started meanwhile keeps a SIGTERM until it waits for one: the kernel drops it for the first process of a namespace
    that neither blocks nor handles it (pid_namespaces(7))."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _first_inside(readable: int) -> int | None:
    """The first process of the new namespace, by its number here; None when there is none."""
    told, deadline = b"", time.monotonic() + START_SECONDS
    while (left := deadline - time.monotonic()) > 0 and select.select([readable], [], [], left)[0]:
        piece = os.read(readable, 4096)
        if not piece:
            break
        told += piece
        with contextlib.suppress(ValueError, KeyError, TypeError):
            return int(json.loads(told)["child-pid"])
    return None


class ContainedProcess:
    """Bubblewrap and the box in it: what `subprocess.Popen` offers of one process, for as much as a handle needs.

    pid: of the box. It has ended when both have.
    """

    def __init__(self, outer: subprocess.Popen, inner: int | None):
        self.stdin = outer.stdin
        self.pid = inner or outer.pid
        self.outer_pid = outer.pid
        self._outer = outer
        self._lock = threading.Lock()
        try:
            self._inner = os.pidfd_open(inner) if inner else None
        except OSError:
            self._inner = None  # it is gone already

    @property
    def returncode(self) -> int | None:
        return self._outer.returncode

    def poll(self) -> int | None:
        code = self._outer.poll()
        return code if code is not None and self._inner_ended() else None

    def wait(self, timeout: float | None = None) -> int:
        deadline = None if timeout is None else time.monotonic() + timeout
        code = self._outer.wait(timeout)
        while not self._inner_ended():  # bubblewrap was killed: the box is told, and ends its tree
            if deadline is not None and time.monotonic() > deadline:
                raise subprocess.TimeoutExpired("box", timeout or 0)
            time.sleep(_LOOK_SECONDS)
        return code

    def terminate(self) -> None:
        self._send(signal.SIGTERM)

    def kill(self) -> None:
        """With the first process of its namespace the kernel ends every other one in it."""
        self._send(signal.SIGKILL)
        self._outer.kill()

    def _send(self, number: int) -> None:
        with self._lock:
            if self._inner is not None:
                with contextlib.suppress(ProcessLookupError):
                    signal.pidfd_send_signal(self._inner, number)

    def _inner_ended(self) -> bool:
        with self._lock:
            if self._inner is None:
                return True
            if not select.select([self._inner], [], [], 0)[0]:
                return False
            with contextlib.suppress(ChildProcessError):  # ours only where bubblewrap ended first
                os.waitid(os.P_PIDFD, self._inner, os.WEXITED | os.WNOHANG)
            os.close(self._inner)
            self._inner = None
            return True
