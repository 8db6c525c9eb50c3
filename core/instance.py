"""One process at a time works in a data directory; the others find it and talk to it.

The lock is the kernel's (`flock`), so it ends with its process however that ends.
"""

from __future__ import annotations

import fcntl
import json
import os
import socket
from dataclasses import dataclass
from pathlib import Path

from core.errors import Conflict, StorageFull

_NAME = "instance.json"


@dataclass(frozen=True)
class Running:
    """The process that holds a data directory."""

    pid: int
    port: int

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"


class Instance:
    """The hold on a data directory. `Conflict` when another process has it."""

    def __init__(self, data: Path, port: int):
        try:
            data.mkdir(parents=True, exist_ok=True)
            self._file = open(data / _NAME, "a+", encoding="utf-8")  # noqa: SIM115  held until release
        except OSError as error:
            raise StorageFull(f"The data directory {data} cannot be written ({error.strerror}).", "Name another one with --data.") from None
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            self._file.close()
            other = running(data)
            where = f" (process {other.pid}, port {other.port})" if other else ""
            raise Conflict(f"Another process works in {data}{where}.", "Use that one, stop it, or name another directory with --data.") from None
        self._file.truncate(0)
        self._file.write(json.dumps({"pid": os.getpid(), "port": port}))
        self._file.flush()

    def release(self) -> None:
        self._file.truncate(0)
        self._file.close()


def running(data: Path) -> Running | None:
    """The process that works in this directory now, or None."""
    try:
        with open(data / _NAME, "r+", encoding="utf-8") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
                return None  # nobody holds it
            except OSError:
                return Running(**json.loads(file.read()))
    except (OSError, ValueError, TypeError):
        return None


def free_port(wanted: int, host: str = "0.0.0.0") -> int:
    """`wanted` when nothing listens there, or any free port for 0. Raises `Conflict` when it is taken."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, wanted))
        except OSError as error:
            raise Conflict(f"Port {wanted} cannot be used ({error.strerror}).", "Choose another one with --port.") from None
        return probe.getsockname()[1]
