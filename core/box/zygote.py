"""Processes with the stock packages loaded, from which boxes are forked: this side of them."""

from __future__ import annotations

import logging
import os
import queue
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Mapping
from pathlib import Path

from core.box import tree

log = logging.getLogger(__name__)
RUNNER = Path(__file__).parent / "runners" / "zygote.py"
FORKS = 200  # from one process; then a new one takes over
ATTEMPTS = 3  # in a row that never got ready
ANSWER_SECONDS = 10.0

# All that `/proc/<app>/environ` of a forked app will show. The directories stand for the app's own, put in after the fork.
ENVIRONMENT = {
    "PATH": os.defpath,
    "LANG": "C.UTF-8",
    "TZ": "UTC",
    "HOME": "/unset/home",
    "GRADIO_TEMP_DIR": "/unset/gradio",
    "GRADIO_ANALYTICS_ENABLED": "False",
    "MPLBACKEND": "Agg",
    "OMP_NUM_THREADS": "1",  # numpy's own threads would not survive a fork
    "OPENBLAS_NUM_THREADS": "1",
    "JE_ARROW_MALLOC_CONF": "background_thread:false",  # nor would the one of pyarrow's allocator
}
# Read when the stock packages are imported (huggingface_hub.constants, gradio.oauth, numpy, the interpreter itself).
READ_AT_IMPORT = ("HF_", "HUGGINGFACE_", "TRANSFORMERS_", "OAUTH_", "OPENID_", "PYTHON", "OMP_", "OPENBLAS_", "MKL_", "LD_", "XDG_")
READ_LATE = {"HF_TOKEN", "PYTHONPATH", "PYTHONUNBUFFERED", "PYTHONDONTWRITEBYTECODE"}


def too_late(env: Mapping[str, str]) -> bool:
    """Whether a variable would have had to be there when the stock packages were imported."""
    return any(name.startswith(READ_AT_IMPORT) and name not in READ_LATE for name in env)


class ForkedProcess:
    """A box that is not our child: what `subprocess.Popen` offers of one, for as much as a handle needs."""

    def __init__(self, pid: int):
        self.pid = pid
        self.returncode: int | None = None
        self._ended = threading.Event()
        try:
            self._descriptor: int | None = os.pidfd_open(pid)  # a number may be somebody else's after the end
        except OSError:
            self._descriptor = None
        self._lock = threading.Lock()

    def poll(self) -> int | None:
        return self.returncode if self._ended.is_set() else None

    def wait(self, timeout: float | None = None) -> int:
        if not self._ended.wait(timeout):
            raise subprocess.TimeoutExpired("box", timeout or 0)
        return self.returncode or 0

    def terminate(self) -> None:
        self._send(signal.SIGTERM)

    def kill(self) -> None:
        self._send(signal.SIGKILL)

    def _send(self, number: int) -> None:
        with self._lock:
            if self._descriptor is not None:
                try:
                    signal.pidfd_send_signal(self._descriptor, number)
                except ProcessLookupError:
                    pass

    def ended(self, returncode: int) -> None:
        """It is gone; negative for the signal that ended it, as Popen has it."""
        with self._lock:
            self.returncode = returncode
            if self._descriptor is not None:
                os.close(self._descriptor)
                self._descriptor = None
        self._ended.set()


class Zygote:
    """One such process and the thread that started it and reads from it: the kernel ends it with that thread.

    arguments: for the runner; "programs" for boxes that start a program by exec.
    """

    def __init__(self, marker: str, arguments: tuple[str, ...] = ()):
        self.failure = ""
        self.forks = 0
        self.pid: int | None = None
        self._marker, self._arguments = marker, arguments
        self._settled = threading.Event()  # ready, or gone
        self.gone = threading.Event()
        self.over = threading.Event()  # nothing of it is left
        self._process: subprocess.Popen | None = None
        self._started: queue.SimpleQueue[ForkedProcess | None] = queue.SimpleQueue()
        self._boxes: dict[int, ForkedProcess] = {}
        self._lock = threading.Lock()
        self._ours, self._theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        threading.Thread(target=self._run, name="zygote", daemon=True).start()

    @property
    def ready(self) -> bool:
        return self._settled.is_set() and not self.gone.is_set()

    def wait_ready(self, seconds: float) -> bool:
        """Wait until it can fork, or is gone; whether it can."""
        self._settled.wait(seconds)
        return self.ready

    def fork(self, policy: bytes, *descriptors: int) -> ForkedProcess | None:
        """A new box told `policy`; None when this process is gone.

        Args:
            policy: JSON for the box, which alone reads it.
            descriptors: listener, standard output, standard error, report.
        """
        told, teller = os.pipe()
        try:
            with self._lock:
                if not self.ready:
                    return None
                self.forks += 1
                socket.send_fds(self._ours, [b"start"], [told, *descriptors])
                box = self._started.get(timeout=ANSWER_SECONDS)
            os.close(told)
            told = -1
            if box is not None:
                with open(teller, "wb", closefd=False) as pipe:
                    pipe.write(policy)
            return box
        except BrokenPipeError:
            return box  # it is gone already; its status is what wait() reports
        except (OSError, queue.Empty):
            self.end()
            return None
        finally:
            for descriptor in (told, teller):
                if descriptor >= 0:
                    os.close(descriptor)

    def retire(self) -> None:
        """No more forks: it ends after its last box."""
        try:
            self._ours.send(b"retire")
        except OSError:
            pass

    def end(self) -> None:
        """End it now; the boxes forked from it end with it."""
        try:
            self._ours.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        if self._process is not None and not self.ready:
            self._process.kill()  # still importing, it hears nothing

    def _run(self) -> None:
        process = None
        try:
            process = subprocess.Popen(
                [sys.executable, "-I", "-u", str(RUNNER), str(self._theirs.fileno()), *self._arguments],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                env={**ENVIRONMENT, tree.MARKER: self._marker},
                cwd="/",
                pass_fds=(self._theirs.fileno(),),
            )
            self.pid, self._process = process.pid, process
            self._theirs.close()
            while message := self._ours.recv(256):
                self._hear(*message.decode().split(" ", 1))
        except OSError as error:
            self.failure = self.failure or str(error)
        finally:
            self.gone.set()
            self._settled.set()
            if process is not None:
                _finish(process)
            self._started.put(None)
            for box in list(self._boxes.values()):
                box.ended(-signal.SIGTERM)
            self._theirs.close()
            self._ours.close()
            self.over.set()

    def _hear(self, word: str, rest: str = "") -> None:
        if word == "ready":
            self._settled.set()
        elif word == "failed":
            self.failure = rest
        elif word == "started":
            box = self._boxes[int(rest)] = ForkedProcess(int(rest))
            self._started.put(box)
        elif word == "ended":
            pid, code = rest.split()
            self._boxes.pop(int(pid)).ended(int(code))


def _finish(process: subprocess.Popen) -> None:
    try:
        process.wait(2)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


class Zygotes:
    """The current zygote of one engine: made when asked for, replaced when it died or has forked enough.

    name: of the engine; every process forked here carries it in its environment's marker.
    arguments: as `Zygote` takes them.
    """

    def __init__(self, name: str, *, forks: int = FORKS, arguments: tuple[str, ...] = ()):
        self._marker, self._most, self._arguments = f"zygote.{name}", forks, arguments
        self._current: Zygote | None = None
        self._retired: list[Zygote] = []
        self._failures = 0
        self._wanted = self._closed = False
        self._lock = threading.Lock()

    @property
    def pid(self) -> int | None:
        """The process apps are forked from now, once it is ready."""
        current = self._current
        return current.pid if current and current.ready else None

    def warm(self, seconds: float = 0) -> bool:
        """Make one in the background, unless there is one; whether it is ready within `seconds`."""
        with self._lock:
            self._wanted = not self._closed
            current = self._usable() if self._wanted else None
        return current is not None and current.wait_ready(seconds)

    def fork(self, policy: bytes, *descriptors: int, within: float = 0) -> ForkedProcess | None:
        """A box from the current zygote; None when none was asked for or none is ready within so many seconds."""
        with self._lock:
            current = self._usable() if self._wanted else None
        if current is None or not current.wait_ready(within):
            return None
        return current.fork(policy, *descriptors)

    def close(self) -> None:
        """End it, with every box forked from it."""
        with self._lock:
            self._wanted, self._closed = False, True
            leaving = [*self._retired, *([self._current] if self._current else [])]
            self._retired, self._current = [], None
        for zygote in leaving:
            zygote.end()
        for zygote in leaving:
            zygote.over.wait(5)

    def _usable(self) -> Zygote | None:
        current = self._current
        if current is not None and current.gone.is_set():
            if current.forks == 0:
                self._failures += 1
                log.warning("the process apps are forked from ended before it forked any: %s", current.failure or "no reason given")
            else:
                self._failures = 0
            current = None
        elif current is not None and current.forks >= self._most and current.ready:
            current.retire()
            self._retired = [zygote for zygote in (*self._retired, current) if not zygote.gone.is_set()]
            current = None
        if current is None and sys.platform == "linux" and self._failures < ATTEMPTS:
            current = Zygote(self._marker, self._arguments)
        self._current = current
        return current
