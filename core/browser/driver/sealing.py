"""Seal this process, and with it everything it will start; then try whether the seal holds."""

from __future__ import annotations

import importlib.util
import os
import socket
from contextlib import closing
from typing import Any


def seal(orders: dict[str, Any]) -> bool:
    """Carry out `{program, policy, closed}`; whether everything in `closed` was then refused. `OSError` when a step fails."""
    spec = importlib.util.spec_from_file_location("seal", orders["program"])
    program = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(program)
    program.prepare(orders["policy"])()
    closed = orders["closed"]
    attempts = (
        lambda: os.close(os.open(closed["file"], os.O_RDONLY)),
        lambda: os.listdir(closed["directory"]),
        lambda: _connect(closed["port"]),
        lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM).close(),
        lambda: os.close(os.open(os.path.join(closed["directory"], f"probe-{os.getpid()}"), os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)),
    )
    return all(_refused(attempt) for attempt in attempts)


def _connect(port: int) -> None:
    with closing(socket.socket()) as one:
        one.settimeout(2)
        one.connect(("127.0.0.1", port))


def _refused(attempt) -> bool:
    try:
        attempt()
    except PermissionError:
        return True
    except OSError:
        return False  # it got as far as an answer: nobody had kept it from asking
    return False
