"""The driver's process from our side: started with nothing of ours, spoken to through a socket, ended whole."""

from __future__ import annotations

import asyncio
import itertools
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import psutil

from core.browser.chromium import environment, switches
from core.browser.seal import seal_of
from core.errors import SpacesError, Unexpected

START_SECONDS = 60
LISTEN_SECONDS = 0.5
LONGEST_LINE = 64 * 1024 * 1024
_PREFIX = "spaces-browser-"


class Gone(Exception):
    """The driver or its Chromium ended; the message says how."""


class Worker:
    """One driver with one Chromium, from `start` to `end`."""

    def __init__(self, *, name: str):
        self.home = Path(tempfile.mkdtemp(prefix=f"{_PREFIX}{name}-{os.getpid()}-"))
        for name in ("app", "home", "tmp"):
            (self.home / name).mkdir(mode=0o700)
        self.version, self.sandboxed, self.sealed = "", False, False
        self.process: subprocess.Popen | None = None
        self.reason = "The browser stopped."
        self._numbers = itertools.count(1)
        self._waiting: dict[int, asyncio.Future[dict[str, Any]]] = {}
        self._reading: asyncio.Task | None = None
        self._seen: set[psutil.Process] = set()

    @property
    def alive(self) -> bool:
        return self._reading is not None and not self._reading.done()

    @property
    def contained(self) -> bool:
        """Whether something besides Chromium itself keeps a page that took it over from this user's files and processes."""
        return self.sandboxed or self.sealed

    async def start(self, executable: str, *, port: int, sealing: bool = True) -> None:
        """Start Chromium, which then reaches `port` of this machine and nothing else. `Unexpected` when it does not start.

        sealing: the kernel is asked to keep it in, where it can.
        """
        ours, theirs = socket.socketpair()
        seal = seal_of(self.home, port=port, executable=executable) if sealing else None
        setup = json.dumps({"executable": executable, "switches": switches(port), "seal": seal})
        try:
            with theirs:
                self.process = self._spawn(setup, theirs)  # in this thread: with the one that starts it, it would end
            reader, self._writer = await asyncio.open_unix_connection(sock=ours, limit=LONGEST_LINE)
            told = json.loads(await asyncio.wait_for(reader.readline(), START_SECONDS) or b"{}")
            if "ready" not in told:
                raise Unexpected(
                    f"Chromium did not start: {told.get('failed', 'its driver ended')}"[:400],
                    f"Try `{executable} --headless --dump-dom about:blank` in a terminal to see why.",
                )
        except (OSError, TimeoutError, ValueError) as error:
            await self.end()
            raise Unexpected(f"Chromium did not start ({type(error).__name__}).") from None
        except BaseException:
            await self.end()
            raise
        self.version, self.sandboxed, self.sealed = told["ready"], told["sandboxed"], told["sealed"]
        self._reading = asyncio.create_task(self._read(reader))

    def _spawn(self, setup: str, theirs: socket.socket) -> subprocess.Popen:
        # The way modules are found is given as it is here: HOME is another one there, and user installations depend on it.
        code = "import sys, json, runpy; sys.path[:] = json.loads(sys.argv.pop(1)); runpy.run_module('core.browser.driver', run_name='__main__')"
        root = str(Path(__file__).resolve().parents[2])
        descriptor = theirs.fileno()
        return subprocess.Popen(
            [sys.executable, "-I", "-c", code, json.dumps([root, *(path for path in sys.path if path)]), setup],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env={**environment(self.home), "SPACES_BROWSER_SOCKET": str(descriptor)},
            cwd=self.home / "app",
            pass_fds=(descriptor,),
            start_new_session=True,
        )

    async def visit(self, order: dict[str, Any], *, seconds: float, errors: Callable[[], int] | None = None) -> dict[str, Any]:
        """Have one visit made; what the driver found. `Gone` when the browser ended meanwhile, `TimeoutError` after so long.

        errors: how many errors the app has written so far; the driver is told when there are more.
        """
        number = next(self._numbers)
        answer = self._waiting[number] = asyncio.get_running_loop().create_future()
        listening = asyncio.create_task(self._listen(number, errors)) if errors else None
        try:
            self._tell({**order, "id": number})
            return await asyncio.wait_for(answer, seconds)
        except asyncio.CancelledError:
            self._tell({"id": number, "cancel": True})
            raise
        finally:
            del self._waiting[number]
            if listening:
                listening.cancel()

    async def _listen(self, number: int, errors: Callable[[], int]) -> None:
        known = errors()
        while True:
            await asyncio.sleep(LISTEN_SECONDS)
            if (now := errors()) > known:
                known = now
                self._tell({"id": number, "raised": True})

    def _tell(self, message: dict[str, Any]) -> None:
        if not self._writer.is_closing():
            self._writer.write(json.dumps(message).encode() + b"\n")

    async def _read(self, reader: asyncio.StreamReader) -> None:
        try:
            while line := await reader.readline():
                told = json.loads(line)
                answer = self._waiting.get(told["id"])
                if answer is None or answer.done():
                    continue
                if "outcome" in told:
                    answer.set_result(told["outcome"])
                else:
                    answer.set_exception(Gone(f"The browser could not make this visit: {told['failed']}"))
        except (OSError, ValueError):
            pass
        finally:
            for answer in self._waiting.values():
                if not answer.done():
                    answer.set_exception(Gone(self.reason))

    def memory(self) -> int:
        """Bytes of memory that only the driver and its Chromium use. Blocks for some milliseconds."""
        total, self._seen = 0, set(self._tree()) | {process for process in self._seen if process.is_running()}
        for process in self._seen:
            with suppress(psutil.Error):
                total += process.memory_full_info().uss
        return total

    def _tree(self) -> list[psutil.Process]:
        try:
            root = psutil.Process(self.process.pid)
            return [root, *root.children(recursive=True)]
        except (psutil.Error, AttributeError):
            return []

    async def end(self, reason: str = "") -> None:
        """End every process of it, and remove its directory. Whoever waits for a visit gets `reason`."""
        self.reason = reason or self.reason
        await asyncio.to_thread(self._end)
        if self._reading is not None:
            self._writer.close()
            await asyncio.wait({self._reading}, timeout=5)

    def _end(self) -> None:
        ended = [*self._tree(), *self._seen]
        # Chromium's processes leave the driver's tree when it ends first; they are known by the directory they were given.
        for process in psutil.process_iter():
            with suppress(psutil.Error, OSError):
                if process.uids().real == os.getuid() and process.environ().get("HOME") == str(self.home / "home"):
                    ended.append(process)
        for process in ended:
            with suppress(psutil.Error):
                process.kill()  # psutil makes sure that the number still means the same process
        if self.process is not None:
            self.process.wait(10)
        deadline = time.monotonic() + 5
        while any(_running(process) for process in ended) and time.monotonic() < deadline:
            time.sleep(0.01)  # what still runs could write into the directory
        shutil.rmtree(self.home, ignore_errors=True)


def _running(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.Error:
        return False


def sweep(name: str) -> None:
    """Remove what browsers of that name, or of any server that is gone, left on disk; their processes ended with it."""
    for left in Path(tempfile.gettempdir()).glob(f"{_PREFIX}*-*-*"):
        owner, server = left.name.removeprefix(_PREFIX).split("-")[:2]
        gone = server.isdigit() and not psutil.pid_exists(int(server))
        if left.lstat().st_uid == os.getuid() and (owner == name or gone):
            shutil.rmtree(left, ignore_errors=True)


def trouble(gone: Gone) -> SpacesError:
    """A browser that ended, for whoever asked."""
    return Unexpected(str(gone), "Check again; a fresh browser is started.")
