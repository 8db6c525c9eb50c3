"""The only way out of a box whose project asked for one: a proxy per box that reaches named hosts and counts bytes.

A box may connect to its own gateway's port and to nothing else, so the port says who asks. Names are resolved
here, once, and the connection goes to the address that was checked.
"""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import re
import socket
import tempfile
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from core.addresses import allowed
from core.errors import AppFailed, InvalidInput

HEAD_BYTES = 16 << 10
HEAD_SECONDS = 10
CONNECT_SECONDS = 15
IDLE_SECONDS = 300
MOST_CONNECTIONS = 32
PIECE = 64 << 10
_NAME = re.compile(r"(\*\.)?([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)*[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")
_REQUEST = re.compile(rb"([A-Z]{3,10}) (\S{1,8192}) HTTP/1\.[01]")
_HOP = {b"proxy-connection", b"proxy-authorization", b"connection", b"keep-alive"}


@dataclass(frozen=True)
class Host:
    """One place a box may reach.

    name: a host, or "*.example.org" for everything below it. port: one port; None for 80 and 443.
    private: it may stand for a private or loopback address, because this machine's owner named it.
    """

    name: str
    port: int | None = None
    private: bool = False

    def covers(self, name: str, port: int) -> bool:
        right_port = port in (80, 443) if self.port is None else port == self.port
        if self.name.startswith("*."):
            return right_port and name.endswith(self.name[1:])
        return right_port and name == self.name


def read_hosts(names: Iterable[str]) -> tuple[Host, ...]:
    """Hosts as a person writes them ("huggingface.co", "*.hf.co", "example.org:8443"); `InvalidInput` names the wrong one."""
    hosts = []
    for text in names:
        name, colon, port = text.strip().lower().partition(":")
        digits = name.replace("*.", "").replace(".", "").isdigit()
        bad_port = colon and not (port.isdigit() and 0 < int(port) < 65536)
        if digits or bad_port or len(name) > 253 or not _NAME.fullmatch(name) or "." not in name.removeprefix("*."):
            raise InvalidInput(f"{text[:80]!r} is not a host an app may be given.", "Write names like huggingface.co or *.hf.co.")
        hosts.append(Host(name, int(port) if colon else None))
    if len(hosts) > 32:
        raise InvalidInput(f"{len(hosts)} hosts are more than the 32 one app may be given.")
    return tuple(hosts)


class Gateway:
    """The open way of one box. `sent` and `received` count the bytes so far.

    port: on the loopback interface. path: a unix socket, for a box that has a loopback interface of its own.
    """

    def __init__(self, egress: Egress, hosts: tuple[Host, ...], *, most_bytes: int, say: Callable[[str], None]):
        self.hosts, self.most_bytes, self.port = hosts, most_bytes, 0
        self.path: Path | None = None
        self.sent = self.received = 0
        self._egress, self._say = egress, say
        self._servers: list[asyncio.Server] = []
        self._place: tempfile.TemporaryDirectory | None = None
        self._open: set[asyncio.Task] = set()
        self._refused: set[str] = set()

    @property
    def environment(self) -> dict[str, str]:
        """What tells programs of the way out."""
        url = f"http://127.0.0.1:{self.port}"
        names = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY")
        return {name: url for name in (*names, *(name.lower() for name in names))} | {"NO_PROXY": "localhost,127.0.0.1"}

    def close(self) -> None:
        """End the way and every connection on it. Safe to call twice."""
        self._egress.close_one(self)

    async def open(self) -> None:
        self._servers.append(await asyncio.start_server(self._serve, "127.0.0.1", 0, limit=HEAD_BYTES))
        self.port = self._servers[0].sockets[0].getsockname()[1]
        self._place = tempfile.TemporaryDirectory(prefix="spaces-way-", ignore_cleanup_errors=True)  # only we can enter it
        self.path = Path(self._place.name) / "gateway.sock"
        self._servers.append(await asyncio.start_unix_server(self._serve, self.path, limit=HEAD_BYTES))

    async def end(self) -> None:
        for server in self._servers:
            server.close()
        for task in list(self._open):
            task.cancel()
        await asyncio.gather(*self._open, return_exceptions=True)
        if self._place is not None:
            self._place.cleanup()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        self._open.add(task)
        try:
            if len(self._open) > MOST_CONNECTIONS:
                await _refuse(writer, 503, "Too many connections at once.")
            else:
                await self._answer(reader, writer)
        except (OSError, TimeoutError, asyncio.IncompleteReadError, asyncio.LimitOverrunError, asyncio.CancelledError):
            pass  # either side has gone, or the way was closed
        finally:
            self._open.discard(task)
            writer.close()

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        async with asyncio.timeout(HEAD_SECONDS):
            head = await reader.readuntil(b"\r\n\r\n")
        request, *lines = head[:-4].split(b"\r\n")
        found = _REQUEST.fullmatch(request)
        target = _target(found[1], found[2].decode("latin-1")) if found else None
        if target is None:
            await _refuse(writer, 400, "This proxy understands CONNECT host:port and GET http://host/path.")
            return
        name, port, path = target
        if self.sent + self.received >= self.most_bytes:
            await _refuse(writer, 403, "This app has used up the bytes it may exchange.")
            return
        try:
            address = await self._address(name, port)
        except PermissionError as refused:
            self._tell(f"Refused: {name}:{port}. {refused}")
            await _refuse(writer, 403, str(refused))
            return
        except OSError:
            await _refuse(writer, 502, f"{name} cannot be found.")
            return
        try:
            async with asyncio.timeout(CONNECT_SECONDS):
                there, out = await asyncio.open_connection(address, port, limit=PIECE)
        except (OSError, TimeoutError):
            await _refuse(writer, 502, f"{name} does not answer.")
            return
        try:
            if path is None:
                writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
            else:
                # One request a connection: the next one on it could name another host.
                self.sent += len(head)
                kept = [line for line in lines if line.split(b":", 1)[0].strip().lower() not in _HOP]
                out.write(b"\r\n".join([b"%s %s HTTP/1.1" % (found[1], path), *kept, b"Connection: close", b"", b""]))
            await self._join(reader, writer, there, out)
        finally:
            out.close()

    async def _join(self, reader, writer, there, out) -> None:
        """Pour both ways until the other side has said everything, or either way fails."""
        back = asyncio.create_task(self._pour(there, writer, "received"))
        forth = asyncio.create_task(self._pour(reader, out, "sent"))
        try:
            await asyncio.wait((back, forth), return_when=asyncio.FIRST_COMPLETED)
            if not back.done() and forth.exception() is None:
                await back
        finally:
            for task in (back, forth):
                task.cancel()
            await asyncio.gather(back, forth, return_exceptions=True)

    async def _pour(self, source: asyncio.StreamReader, sink: asyncio.StreamWriter, count: str) -> None:
        while True:
            async with asyncio.timeout(IDLE_SECONDS):
                piece = await source.read(PIECE)
            if not piece:
                break
            setattr(self, count, getattr(self, count) + len(piece))
            if self.sent + self.received > self.most_bytes:
                self._tell(f"The app exchanged {self.most_bytes} bytes with other hosts, all it may; its connections were closed.")
                raise ConnectionAbortedError
            sink.write(piece)
            async with asyncio.timeout(IDLE_SECONDS):
                await sink.drain()
        with contextlib.suppress(OSError):
            if sink.can_write_eof():
                sink.write_eof()

    async def _address(self, name: str, port: int) -> str:
        """The address to connect to; PermissionError when this box may not reach it."""
        host = next((host for host in self.hosts if host.covers(name, port)), None)
        if host is None:
            raise PermissionError("The project's owner has not allowed this host.")
        found = await asyncio.get_running_loop().getaddrinfo(name, port, type=socket.SOCK_STREAM)
        addresses = list(dict.fromkeys(str(entry[4][0]) for entry in found))
        for address in addresses:
            if not host.private and not allowed(ipaddress.ip_address(address.partition("%")[0])):
                raise PermissionError("The name stands for a private, local or reserved address.")
        return addresses[0]

    def _tell(self, line: str) -> None:
        if line not in self._refused and len(self._refused) < 50:
            self._refused.add(line)
            self._say(line)


class Egress:
    """All gateways of one process, on an event loop of their own. Nothing runs until the first is opened."""

    def __init__(self) -> None:
        self._loop: asyncio.AbstractEventLoop | None = None
        self._lock = threading.Lock()
        self._gateways: set[Gateway] = set()

    def open(self, hosts: tuple[Host, ...], *, most_bytes: int = 1 << 30, say: Callable[[str], None] = lambda line: None) -> Gateway:
        """A way to these hosts; `say` gets a line for each new refusal. Blocks; the caller closes it."""
        gateway = Gateway(self, hosts, most_bytes=most_bytes, say=say)
        try:
            self.call(gateway.open())
        except OSError as error:
            self.call(gateway.end())
            raise AppFailed(f"The way out for this app could not be opened: {error.strerror}.") from None
        self._gateways.add(gateway)
        return gateway

    def call(self, coroutine) -> None:
        """Run it on the gateways' loop and wait."""
        with self._lock:
            if self._loop is None:
                self._loop = asyncio.new_event_loop()
                threading.Thread(target=self._loop.run_forever, name="egress", daemon=True).start()
        asyncio.run_coroutine_threadsafe(coroutine, self._loop).result(30)

    def close_one(self, gateway: Gateway) -> None:
        """End one gateway."""
        if gateway in self._gateways:
            self._gateways.discard(gateway)
            self.call(gateway.end())

    def close(self) -> None:
        """End every gateway, and the loop."""
        for gateway in list(self._gateways):
            self.close_one(gateway)
        with self._lock:
            if self._loop is not None:
                self._loop.call_soon_threadsafe(self._loop.stop)
                self._loop = None


def _target(method: bytes, text: str) -> tuple[str, int, bytes | None] | None:
    """Host, port and, for plain HTTP, the path. None when it is neither."""
    try:
        if method == b"CONNECT":
            parts = urlsplit(f"//{text}")
            return (parts.hostname, parts.port, None) if parts.hostname and parts.port and not parts.path else None
        parts = urlsplit(text)
        port = parts.port or 80
    except ValueError:
        return None
    if parts.scheme != "http" or not parts.hostname or parts.username is not None:
        return None
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return parts.hostname, port, path.encode("latin-1")


async def _refuse(writer: asyncio.StreamWriter, status: int, sentence: str) -> None:
    body = f"{sentence}\n".encode()
    head = f"HTTP/1.1 {status} Refused\r\nContent-Type: text/plain\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n"
    writer.write(head.encode() + body)
    await writer.drain()
