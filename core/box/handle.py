"""A running box as the server holds it: what comes out of it, where its app answers, and its end."""

from __future__ import annotations

import json
import os
import subprocess
import threading
from collections.abc import Callable
from pathlib import Path

import psutil

from core.box import tree
from core.box.bubblewrap import ContainedProcess
from core.box.engine import Address, Ending
from core.box.zygote import ForkedProcess


class Pipes:
    """What a box writes to: the app's output, its errors, and the box's own report. Each a pair of reader and writer."""

    def __init__(self, separate_errors: bool):
        self.output, self.report = os.pipe(), os.pipe()
        self.errors = os.pipe() if separate_errors else (None, self.output[1])

    def close_writers(self) -> None:
        for descriptor in {self.output[1], self.errors[1], self.report[1]}:
            os.close(descriptor)

    def close(self) -> None:
        for descriptor in (self.output[0], self.errors[0], self.report[0]):
            if descriptor is not None:
                os.close(descriptor)


class BoxHandle:
    """A box and the app in it."""

    def __init__(
        self,
        process: subprocess.Popen | ForkedProcess | ContainedProcess,
        pipes: Pipes,
        addresses: tuple[Address, ...],
        marker: str,
        place: Path | None,
        at_the_end: Callable[[], None],
    ):
        self.process = process
        self.output, self.errors, self._report = pipes.output[0], pipes.errors[0], pipes.report[0]
        self.pid = process.pid
        self.ending: Ending | None = None
        self._marker, self._place, self._at_the_end = marker, place, at_the_end
        self._ended = threading.Lock()
        self.addresses = addresses

    def poll(self) -> int | None:
        return _code(self.process.poll())

    def wait(self, timeout: float | None) -> int | None:
        try:
            return _code(self.process.wait(timeout))
        except subprocess.TimeoutExpired:
            return None

    def owns(self, address: Address) -> bool:
        if address.socket:
            return True
        return any(_listens(process, address.port) for process in tree.below(self.pid))

    def end(self) -> None:
        if self.process.poll() is None:
            self.process.terminate()  # the box ends its tree, then itself
            if self.wait(8) is None:
                tree.kill_below(self.pid)
                self.process.kill()
                self.process.wait()
        with self._ended:
            if self._report is None:
                return
            told = _read_report(self._report)
            os.close(self._report)
            self._report = None
            self.ending = told
        by_itself = (self.process.returncode or 0) >= 0 and (told is not None or isinstance(self.process, ForkedProcess))
        if not by_itself:  # the box was killed, so it has ended nothing
            tree.kill_marked(self._marker, under=self._place)
            tree.kill_adopted()
        self._at_the_end()


def _read_report(descriptor: int) -> Ending | None:
    """What the box wrote when nothing was left below it; None when it did not come to that."""
    os.set_blocking(descriptor, False)
    try:
        told = json.loads(os.read(descriptor, 1024))
        return Ending(told["exit"], told["signal"], told["peak_bytes"])
    except (BlockingIOError, ValueError, KeyError, TypeError):
        return None


def _code(returncode: int | None) -> int | None:
    """The shell's way of saying it: 128 + signal."""
    return returncode if returncode is None or returncode >= 0 else 128 - returncode


def _listens(process: psutil.Process, port: int | None) -> bool:
    try:
        connections = process.net_connections(kind="tcp")
    except psutil.Error:
        return False
    return any(c.status == psutil.CONN_LISTEN and c.laddr.port == port for c in connections)
