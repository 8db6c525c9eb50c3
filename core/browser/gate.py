"""The only address a checked page can reach: a listener on the loopback interface that serves each check its own app."""

from __future__ import annotations

import asyncio
import secrets
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from core.browser.chromium import DOMAIN

MOST_BYTES = 200_000_000  # of answers, in one check
MOST_SOCKETS = 256
MOST_REFUSED = 200


class Spent(Exception):
    """The page has loaded as much as one check may."""


@dataclass
class Passage:
    """One check's way to its app: a name nobody can guess, and nothing but what lies below the app's own mount."""

    app: ASGIApp
    mount: str
    host: str
    left: int = MOST_BYTES
    refused: dict[str, int] = field(default_factory=dict)  # path → status of at most so many answers from 400 on

    @property
    def origin(self) -> str:
        return f"http://{self.host}"


class Gate:
    """Listens on a port of 127.0.0.1 in the running event loop, from `start` to `close`."""

    def __init__(self) -> None:
        self.port = 0
        self._passages: dict[str, Passage] = {}

    async def start(self) -> None:
        """Begin to listen; `port` is the kernel's choice."""
        import uvicorn  # only a process that checks something pays for it

        listener = socket.create_server(("127.0.0.1", 0), backlog=128)
        self.port = listener.getsockname()[1]
        # Its loggers are the whole process's: they stay as the server that serves the page has set them.
        config = uvicorn.Config(self, lifespan="off", log_config=None, limit_concurrency=MOST_SOCKETS, server_header=False, timeout_graceful_shutdown=1)
        self._server = uvicorn.Server(config)
        self._serving = asyncio.create_task(self._server.serve(sockets=[listener]))
        while not self._server.started and not self._serving.done():
            await asyncio.sleep(0.005)
        if self._serving.done():
            self._serving.result()

    async def close(self) -> None:
        """Stop listening and drop what is open."""
        self._passages.clear()
        self._server.should_exit = self._server.force_exit = True
        await asyncio.wait({self._serving}, timeout=5)

    @contextmanager
    def passage(self, app: ASGIApp, mount: str) -> Iterator[Passage]:
        """Serve an app under a name of its own, until the block ends."""
        made = Passage(app, mount, f"{secrets.token_hex(12)}.{DOMAIN}")
        self._passages[made.host] = made
        try:
            yield made
        finally:
            del self._passages[made.host]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        host = dict(scope["headers"]).get(b"host", b"").decode("latin-1").partition(":")[0]
        passage = self._passages.get(host)
        path = (scope.get("raw_path") or scope["path"].encode()).split(b"?", 1)[0].decode("latin-1")
        if passage is None or not (path + "/").startswith(passage.mount + "/"):
            if passage is not None and path != "/favicon.ico" and len(passage.refused) < MOST_REFUSED:
                passage.refused[path] = 404
            await _refuse(scope, send, 204 if path == "/favicon.ico" else 404)
            return

        async def counted(message: Message) -> None:
            if message.get("status", 0) >= 400 and len(passage.refused) < MOST_REFUSED:
                passage.refused[path.removeprefix(passage.mount)] = message["status"]
            passage.left -= len(message.get("body") or message.get("bytes") or (message.get("text") or "").encode())
            if passage.left < 0:
                raise Spent
            await send(message)

        try:
            await passage.app(scope, receive, counted)
        except Spent:
            return  # uvicorn closes what was not finished; the visitor sees a cut answer


async def _refuse(scope: Scope, send: Send, status: int) -> None:
    if scope["type"] == "websocket":
        await send({"type": "websocket.close", "code": 1008})
        return
    await send({"type": "http.response.start", "status": status, "headers": [(b"content-length", b"0")]})
    await send({"type": "http.response.body", "body": b""})
