"""A server on loopback that answers what a test tells it to, in bytes if need be, and remembers what it was asked."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import orjson


@dataclass(frozen=True)
class Asked:
    """One request. target: path and query as they came."""

    target: str
    headers: dict[str, str]


@dataclass
class PlayingHub:
    """`play` maps a request to the bytes of its answer; None closes the connection without one."""

    play: Callable[[Asked], Awaitable[bytes | None]]
    asked: list[Asked] = field(default_factory=list)
    under_way: int = 0
    most_under_way: int = 0
    port: int = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
                headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in head[1:] if line)}
                request = Asked(head[0].split(" ")[1], headers)
                self.asked.append(request)
                self.under_way += 1
                self.most_under_way = max(self.most_under_way, self.under_way)
                try:
                    answer = await self.play(request)
                finally:
                    self.under_way -= 1
                if answer is None:
                    return
                writer.write(answer)
                await writer.drain()
                if b"connection: close" in answer.split(b"\r\n\r\n")[0].lower():
                    return
        except (asyncio.IncompleteReadError, asyncio.CancelledError, ConnectionError):
            return
        finally:
            writer.close()


@asynccontextmanager
async def playing(play: Callable[[Asked], Awaitable[bytes | None]]):
    """Serve `play` on a port of its own while the block lasts."""
    hub = PlayingHub(play)
    server = await asyncio.start_server(hub.serve, "127.0.0.1", 0)
    hub.port = server.sockets[0].getsockname()[1]
    try:
        yield hub
    finally:
        server.close()


def answer(data: object = None, *, status: int = 200, type: str = "application/json", body: bytes | None = None, **headers: str) -> bytes:
    """An HTTP answer; `X_Error_Code="…"` becomes that header."""
    content = orjson.dumps(data) if body is None else body
    lines = [f"HTTP/1.1 {status} Told", f"Content-Type: {type}"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    if "Content_Length" not in headers:
        lines.append(f"Content-Length: {len(content)}")
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + content
