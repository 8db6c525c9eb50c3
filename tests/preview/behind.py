"""A proxy in front of an app that is a few lines on a socket: for answers no framework would give."""

from __future__ import annotations

import asyncio
import socket
import tempfile
import threading
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import uvicorn

from core.box import Address, Workspace
from core.preview import Limits, Preview, PreviewSpec, proxy

App = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
PREFIX = "/p/one-token"


async def head_of(reader: asyncio.StreamReader) -> bytes:
    """The head of one request."""
    return await reader.readuntil(b"\r\n\r\n")


def answers(raw: bytes, *, close: bool = True) -> App:
    """An app that answers these bytes to everything."""

    async def app(reader, writer):
        await head_of(reader)
        writer.write(raw)
        await writer.drain()
        if not close:
            await reader.read()

    return app


@dataclass
class Visitor:
    """What came over one connection."""

    raw: bytes

    @property
    def status(self) -> int:
        return int(self.raw.split(b" ", 2)[1])

    @property
    def head(self) -> bytes:
        return self.raw.split(b"\r\n\r\n", 1)[0].lower()

    @property
    def body(self) -> bytes:
        return self.raw.split(b"\r\n\r\n", 1)[1]


@dataclass
class Behind:
    """The running pair; `base` is where the app is found through the proxy."""

    port: int
    preview: Preview
    loop: asyncio.AbstractEventLoop

    @property
    def base(self) -> str:
        return f"http://127.0.0.1:{self.port}{PREFIX}"

    def connect(self, *, buffer: int | None = None) -> socket.socket:
        """A connection to the proxy; `buffer` bytes is what the kernel may hold of what is not read."""
        visitor = socket.socket()
        if buffer:
            visitor.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer)
        visitor.settimeout(30)
        visitor.connect(("127.0.0.1", self.port))
        return visitor

    def send(self, raw: bytes) -> Visitor:
        """Send bytes on a connection of their own; returns all that comes until it is closed."""
        with self.connect() as visitor:
            visitor.sendall(raw)
            return Visitor(read_all(visitor))

    def get(self, path: str = "/", *lines: str, method: str = "GET") -> Visitor:
        """One request that asks for the connection to be closed."""
        more = "".join(line + "\r\n" for line in lines)
        return self.send(f"{method} {PREFIX}{path} HTTP/1.1\r\nHost: h\r\nConnection: close\r\n{more}\r\n".encode("latin-1"))


def read_all(visitor: socket.socket) -> bytes:
    """Everything until the other side closes."""
    pieces = []
    try:
        while piece := visitor.recv(1 << 16):
            pieces.append(piece)
    except ConnectionResetError:
        pass
    return b"".join(pieces)


class behind:
    """The proxy before `app`, on real sockets, until the block ends.

    remote: headers for an app that is on another machine, below /base; None for one on a unix socket.
    """

    def __init__(self, app: App, *, remote: Mapping[str, str] | None = None, origins: tuple[str, ...] = (), **limits):
        self._app, self._remote, self._origins = app, remote, origins
        self._limits = Limits(**limits)
        self._ready = threading.Event()

    def __enter__(self) -> Behind:
        self._place = tempfile.TemporaryDirectory()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._run()), daemon=True)
        self._thread.start()
        assert self._ready.wait(30)
        return self._pair

    async def _run(self) -> None:
        path = Path(self._place.name) / "app.sock"
        spec = PreviewSpec(
            files={"app.py": b""}, sdk="docker", owner="me", label="app", mount=PREFIX, limits=self._limits, origins=self._origins
        )
        preview = Preview(spec, id="one", token="token", place=Workspace(Path(self._place.name)))
        preview.become("running")
        tasks = set()

        async def serve(reader, writer):
            tasks.add(asyncio.current_task())
            try:
                await self._app(reader, writer)
            except (OSError, asyncio.IncompleteReadError):
                pass
            finally:
                writer.close()

        async def front(scope, receive, send):
            if scope["type"] != "lifespan":
                await proxy(preview, scope, receive, send, prefix=PREFIX, ancestors="'self'")

        listener = socket.socket()
        listener.bind(("127.0.0.1", 0))
        server = uvicorn.Server(uvicorn.Config(front, log_level="critical", lifespan="off", timeout_graceful_shutdown=1))
        if self._remote is None:
            listening = await asyncio.start_unix_server(serve, path)
            preview.address = Address(socket=path)
        else:
            listening = await asyncio.start_server(serve, "127.0.0.1", 0)
            port = listening.sockets[0].getsockname()[1]
            preview.address = Address(url=f"http://127.0.0.1:{port}/base/", headers=self._remote)
        async with listening:
            serving = asyncio.create_task(server.serve(sockets=[listener]))
            while not server.started:
                await asyncio.sleep(0.01)
            self._server = server
            self._pair = Behind(listener.getsockname()[1], preview, asyncio.get_running_loop())
            self._ready.set()
            await serving
            for upstream in preview.clients.values():
                await upstream.aclose()
            for task in tasks:
                task.cancel()

    def __exit__(self, *error) -> None:
        self._server.should_exit = True
        self._thread.join(10)
        self._place.cleanup()
