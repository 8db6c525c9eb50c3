"""The engine of this machine: a sealed process tree with a constructed environment, its own directories and limits."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import socket
import stat
import subprocess
import sys
import tempfile
import threading
from dataclasses import replace
from pathlib import Path

from core.box import bubblewrap, sealing, tree
from core.box.bubblewrap import ContainedProcess
from core.box.engine import Address, EngineStatus, Launch, Seal
from core.box.groups import Groups
from core.box.handle import BoxHandle, Pipes
from core.box.probing import status_of
from core.box.sealing import RUNNERS
from core.box.workspace import storage_error
from core.box.zygote import ForkedProcess, Zygotes, too_late
from core.errors import AppFailed, Conflict, Forbidden, StorageFull

APP_PORT = 7860  # the port an app on a Space expects to be its own
NICE = 5


class LocalBox:
    """Starts each app under `runners/box.py`, listening on a unix socket in a directory only we can enter.

    root: the data directory; its processes are recognised by it after a crash.
    unsealed: apps run also where the self-test shows that nothing seals them: for a machine with one user.
    means: what seals them; found when None.
    """

    def __init__(self, root: Path, *, unsealed: bool = False, means: sealing.Means | None = None):
        self.name = hashlib.sha256(str(root.resolve()).encode()).hexdigest()[:12]
        self.root = root.resolve()
        # A unix socket's path is at most 107 bytes (unix(7)), so the sockets do not live under `root`.
        self.sockets = Path(tempfile.gettempdir()) / f"spaces-{os.getuid()}-{self.name}"
        self.zygotes = Zygotes(self.name)
        self.programs = Zygotes(self.name, arguments=("programs",))
        self.groups = Groups(self.name)
        self.means = means or sealing.find_means()
        self.unsealed = unsealed
        self._status: EngineStatus | None = None
        self._namespaces = False  # whether boxes in namespaces of their own held
        self._probing = threading.Lock()

    def probe(self, *, retest: bool = False) -> EngineStatus:
        with self._probing:
            if self._status is None or retest:
                place = self.root / "live"
                self._status, self._namespaces = status_of(self._start, place, self.means, unsealed=self.unsealed, counted=self.groups.counted)
            return self._status

    def start(self, launch: Launch) -> BoxHandle:
        if not self.unsealed and not self.probe().sealed:
            raise Forbidden(
                "This machine cannot seal an app, so none is run here: the app could read whatever this server can.",
                "Use a static page, run it in a sandbox at Hugging Face, or use Linux with Landlock; on a computer that only "
                "you use, the setting unsealed_apps: true allows it.",
            )
        return self._start(launch, namespaces=self._in_namespaces(launch.seal))

    def _in_namespaces(self, seal: Seal) -> bool:
        """Whether this box gets a network of its own. A sealed one needs none, and starts quicker without."""
        if seal.network == "sealed" or (seal.network == "egress" and seal.gateway is None):
            return False
        self.probe()
        return self._namespaces

    def _start(self, launch: Launch, *, namespaces: bool = False) -> BoxHandle:
        launch, port = self._with_port(launch, namespaces)
        self._own_directory()
        path = self.sockets / f"{launch.id}.sock"
        way_in = self.sockets / f"{launch.id}.port.sock" if namespaces and port else None
        listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        inward = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) if way_in else None
        pipes, group = Pipes(launch.separate_errors), None

        def ending() -> None:
            path.unlink(missing_ok=True)
            if way_in:
                way_in.unlink(missing_ok=True)
            self.groups.remove(group)

        def handle(process: subprocess.Popen | ForkedProcess | ContainedProcess) -> BoxHandle:
            place = None if launch.beside else launch.workspace.root
            own = Address(socket=way_in) if way_in else Address(port=port) if port else None
            addresses = (Address(socket=path), own) if own else (Address(socket=path),)
            return BoxHandle(process, pipes, addresses, env[tree.MARKER], place, ending)

        try:
            path.unlink(missing_ok=True)
            listener.bind(str(path))
            if inward:
                way_in.unlink(missing_ok=True)
                inward.bind(str(way_in))
            env = {**launch.env, tree.MARKER: f"{launch.id}.{self.name}"}
            if launch.entry.server:
                env.setdefault("PORT", str(port or APP_PORT))
            group = self.groups.make(launch.id, 2 * launch.limits.threads)  # the monitor is to see it and say so
            policy = self._policy(launch, env, listener.fileno(), path, port, group)
            process = None if namespaces else self._forked(launch, policy, listener.fileno(), pipes)
            if process is not None:
                return handle(process)
            policy["report"] = pipes.report[1]
            command = [sys.executable, "-I", "-S", str(RUNNERS / "box.py")]
            clean = {"PATH": os.defpath, tree.MARKER: env[tree.MARKER]}
            kept = (listener.fileno(), pipes.report[1])
            if namespaces:
                policy |= {"parent": 0, "crossing": _crossing(launch.seal, inward, port)}  # from inside, nobody is above the first process
                process = bubblewrap.start(
                    self.means.bubblewrap, command, launch, output=pipes.output[1], errors=pipes.errors[1], env=clean,
                    kept=(*kept, inward.fileno()) if inward else kept, groups=(group.parent,) if group else (),
                )  # fmt: skip
            else:
                process = subprocess.Popen(
                    command, stdin=subprocess.PIPE, stdout=pipes.output[1], stderr=pipes.errors[1], env=clean,
                    cwd=launch.workspace.app, close_fds=True, pass_fds=kept,
                )  # fmt: skip
            try:
                with process.stdin as pipe:
                    pipe.write(json.dumps(policy).encode())
            except BrokenPipeError:
                pass  # it is gone already; its exit code is what wait() reports
        except OSError as error:
            pipes.close()
            ending()
            if error.filename and str(error.filename).startswith(str(launch.workspace.root)):
                raise storage_error(error) from None
            raise AppFailed(f"The app's process could not be started: {error.strerror}.") from None
        finally:
            pipes.close_writers()
            listener.close()
            if inward:
                inward.close()
        return handle(process)

    def _with_port(self, launch: Launch, namespaces: bool) -> tuple[Launch, int | None]:
        """The launch with the port of its own that its profile gives it, if any."""
        if not launch.entry.server:
            return launch, None
        if launch.seal.network == "tcp-own":
            port = launch.seal.ports[0] if launch.seal.ports else APP_PORT if namespaces else _free_port()
            return replace(launch, seal=replace(launch.seal, ports=(port,))), port
        if launch.entry.command:
            raise AppFailed(
                f"{launch.entry.command[0]} serves on a TCP port of its own, and the network of this app is sealed.",
                "Open the network profile tcp-own for the project, or start a Python server, which gets the app's socket.",
            )
        return launch, None

    def _forked(self, launch: Launch, policy: dict, listener: int, pipes: Pipes) -> ForkedProcess | None:
        """A box forked from a process that waits for that: for an app one with the stock packages loaded, where it may have one."""
        told, descriptors = json.dumps(policy).encode(), (listener, pipes.output[1], pipes.errors[1], pipes.report[1])
        if launch.entry.command and not launch.entry.server:
            self.programs.warm()
            return self.programs.fork(told, *descriptors)
        stock = not launch.entry.command and launch.python == Path(sys.executable)
        if not stock or launch.fork_within is None or too_late(launch.env):
            return None
        return self.zygotes.fork(told, *descriptors, within=launch.fork_within)

    def warm(self, seconds: float = 0) -> bool:
        """Load the stock packages in a process that later boxes are forked from; whether it is ready within `seconds`."""
        return self.zygotes.warm(seconds)

    def _policy(
        self, launch: Launch, env: dict[str, str], listener: int, path: Path, port: int | None, group: Path | None
    ) -> dict:
        """What the box is told, through a pipe: command lines are readable by every user of a machine."""
        entry, limits = launch.entry, launch.limits
        directory = str(launch.workspace.app / launch.directory)
        command = list(entry.command) or [str(launch.python), "-I", "-u", str(RUNNERS / "bootstrap.py")]
        app = None
        if not entry.command:
            app = {
                "script": entry.script,
                "module": entry.module,
                "arguments": list(entry.arguments),
                "directory": directory,
                "mount": launch.mount,
                "socket": str(path),
                "port": APP_PORT,
                "fallback": port,
            }
        return {
            "parent": os.getpid(),
            "command": command,
            "directory": directory,
            "env": env,
            "listener": listener,
            "app": app,
            "limits": {
                "file_bytes": limits.file_bytes,
                "open_files": limits.open_files,
                "data_bytes": limits.data_bytes,
                "threads": limits.threads,
                "address_bytes": limits.address_bytes,
                "cpu_seconds": limits.cpu_seconds,
                "group": str(group) if group else None,
                "nice": NICE,
            },
            "seal": sealing.policy(launch, self.means),
        }

    def _own_directory(self) -> None:
        """The socket directory, 0700 and ours: another user of the machine may have made one of that name first."""
        try:
            self.sockets.mkdir(mode=0o700, exist_ok=True)
        except OSError as error:
            raise StorageFull(f"The directory for preview sockets cannot be made: {error.strerror}.") from None
        info = self.sockets.lstat()
        if not stat.S_ISDIR(info.st_mode) or info.st_uid != os.getuid() or info.st_mode & 0o077:
            raise Conflict(
                f"{self.sockets} belongs to somebody else or is open to others, so no preview can be reached safely.",
                "Remove it, or set TMPDIR to a directory of your own.",
            )

    def sweep(self) -> int:
        ended = tree.kill_marked(f".{self.name}", under=self.root / "live")
        shutil.rmtree(self.sockets, ignore_errors=True)
        self.groups.sweep()
        return ended

    def close(self) -> None:
        self.zygotes.close()
        self.programs.close()
        shutil.rmtree(self.sockets, ignore_errors=True)


def _crossing(seal: Seal, inward: socket.socket | None, port: int | None) -> dict:
    """What leads into and out of a network that has nobody else in it, for `runners/crossing.py`."""
    gateway = {"path": str(seal.gateway), "port": seal.ports[0]} if seal.network == "egress" and seal.gateway else None
    return {"listener": inward.fileno() if inward else None, "port": port, "gateway": gateway}


def _free_port() -> int:
    """A port nobody uses now, below the range the kernel gives to outgoing connections."""
    for _ in range(50):
        port = 20000 + int.from_bytes(os.urandom(2)) % 10000
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
                return port
            except OSError:
                continue
    raise AppFailed("There is no free port on this machine.", "End some programs and try again.")
