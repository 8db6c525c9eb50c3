"""The connections to one app: aiohttp over its unix socket, its loopback port or a remote address, with a bound on all of it.

No cookie jar, no redirects, no proxies of the environment, no decompression: what the app says passes as it was said.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import aiohttp
from yarl import URL

if TYPE_CHECKING:
    from core.preview.preview import Preview

CONNECTIONS = 64  # requests an app works on at once; Gradio holds two open for every visitor
WAITING = 128  # requests that may wait for one of them
SOCKETS = 64  # WebSockets of one app
LARGEST_MESSAGE = 16 << 20
_WAIT_SECONDS = 5  # for a free connection, and for it to stand
_KEEP_ALIVE_SECONDS = 4  # uvicorn hangs up after 5
_LARGEST_HEAD = 16 << 10  # of one line of an app's answer
_REMOTE_HEARTBEAT_SECONDS = 30  # only a network loses connections without a word
_NOT_ADDED = ("Accept", "Accept-Encoding", "Content-Type", "User-Agent")


class Busy(Exception):
    """As many requests wait for this app as may."""


@dataclass(frozen=True)
class Target:
    """Where requests to one app go.

    base: scheme, host, port and the front of the path.
    socket: the unix socket to connect to instead of the base's host.
    headers: sent with every request; no visitor sees or overrides them.
    remote: it is another machine, with a host name of its own.
    """

    base: URL
    socket: Path | None = None
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    remote: bool = False

    @property
    def hosts(self) -> tuple[str, ...]:
        """The hosts by which the app itself knows this address."""
        return (self.base.authority,) if self.remote else ("127.0.0.1:7860", "localhost:7860", "127.0.0.1", "localhost")

    def at(self, below: str, query: bytes = b"", *, scheme: str = "") -> URL:
        """The address of a path, byte for byte as the visitor sent it; `scheme` "ws" for a WebSocket."""
        secure = self.base.scheme == "https"
        return URL.build(
            scheme=scheme + "s" * secure if scheme else self.base.scheme,
            authority=self.base.raw_authority,
            path=self.base.raw_path.rstrip("/") + _ascii(below.encode("latin-1")),
            query_string=_ascii(query),
            encoded=True,
        )


def target_of(preview: Preview) -> Target:
    """Where that preview's app answers."""
    address = preview.address
    if address.url:
        return Target(URL(address.url, encoded=True), headers=address.headers, remote=True)
    return Target(URL.build(scheme="http", host="127.0.0.1", port=address.port or 7860), socket=address.socket)


class Upstream:
    """The connections to one app from one event loop."""

    def __init__(self, target: Target):
        self.target = target
        self._in_flight = 0
        self._sockets = 0
        self._session = aiohttp.ClientSession(
            connector=_connector(target),
            cookie_jar=aiohttp.DummyCookieJar(),
            timeout=aiohttp.ClientTimeout(total=None, connect=_WAIT_SECONDS),
            skip_auto_headers=_NOT_ADDED,
            auto_decompress=False,
            trust_env=False,
            max_line_size=_LARGEST_HEAD,
            max_field_size=_LARGEST_HEAD,
        )
        # Of its own, so that open WebSockets do not take the places of requests.
        self._talk = aiohttp.ClientSession(
            connector=_connector(target),
            cookie_jar=aiohttp.DummyCookieJar(),
            timeout=aiohttp.ClientTimeout(total=None, connect=_WAIT_SECONDS),
            skip_auto_headers=_NOT_ADDED,
            trust_env=False,
            middlewares=(_without_redirects,),
        )

    async def ask(
        self, method: str, below: str, query: bytes, *, headers: Iterable[tuple[str, str]], body: bytes | AsyncIterator[bytes] | None
    ) -> aiohttp.ClientResponse:
        """Send one request; returns once the head of the answer is there, whose body is then read from `.content`.

        `Busy` when too many wait already or none of the connections became free, `aiohttp.ClientError` or `OSError`
        when the app cannot be reached or does not speak HTTP. The caller closes the response.
        """
        if self._in_flight >= CONNECTIONS + WAITING:
            raise Busy
        self._in_flight += 1
        try:
            response = await self._session.request(
                method, self.target.at(below, query), headers=self._own(headers), data=body, allow_redirects=False
            )
        except aiohttp.ConnectionTimeoutError:
            raise Busy from None
        finally:
            self._in_flight -= 1
        if response.status < 200:  # a change of protocol nobody asked for
            response.close()
            raise aiohttp.ClientPayloadError
        return response

    async def connect(
        self, below: str, query: bytes, *, headers: Iterable[tuple[str, str]], origin: str, protocols: Iterable[str]
    ) -> aiohttp.ClientWebSocketResponse:
        """Open one WebSocket with the subprotocol the app chooses. `Busy` when the app has as many as it may have;
        the caller hands it back to `hang_up`."""
        if self._sockets >= SOCKETS:
            raise Busy
        self._sockets += 1
        try:
            return await self._talk.ws_connect(
                self.target.at(below, query, scheme="ws"),
                headers=self._own(headers),
                origin=str(self.target.base.origin()) if self.target.remote else origin,
                protocols=tuple(protocols),
                max_msg_size=LARGEST_MESSAGE,
                heartbeat=_REMOTE_HEARTBEAT_SECONDS if self.target.remote else None,
                timeout=aiohttp.ClientWSTimeout(ws_close=2),
            )
        except BaseException:
            self._sockets -= 1
            raise

    async def hang_up(self, app: aiohttp.ClientWebSocketResponse, code: int, reason: str = "") -> None:
        """Say goodbye to the app, for at most two seconds."""
        self._sockets -= 1
        try:
            await app.close(code=code, message=reason.encode()[:123])
        except (OSError, aiohttp.ClientError, RuntimeError):
            return

    async def aclose(self) -> None:
        """Close every connection."""
        await self._session.close()
        await self._talk.close()

    def _own(self, headers: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
        if not self.target.remote:
            return list(headers)
        ours = {"host", *(name.lower() for name in self.target.headers)}
        return [pair for pair in headers if pair[0] not in ours] + list(self.target.headers.items())


def upstream(preview: Preview) -> Upstream:
    """The connections of that app alone, one set per event loop: nothing of them is ever another's."""
    loop, clients = asyncio.get_running_loop(), preview.clients  # once: a preview that moves to a new address gets new ones
    found = clients.get(loop)
    if found is None:
        for other in [key for key in clients if key.is_closed()]:
            del clients[other]
        found = clients[loop] = Upstream(target_of(preview))
    return found


def _connector(target: Target) -> aiohttp.BaseConnector:
    if target.socket is not None:
        return aiohttp.UnixConnector(str(target.socket), limit=CONNECTIONS, keepalive_timeout=_KEEP_ALIVE_SECONDS)
    # Plain HTTP needs no certificates, and loading them takes longer than many a request.
    context = ssl.create_default_context() if target.base.scheme == "https" else False
    return aiohttp.TCPConnector(limit=CONNECTIONS, keepalive_timeout=_KEEP_ALIVE_SECONDS, ssl=context)


async def _without_redirects(request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType) -> aiohttp.ClientResponse:
    """aiohttp follows the redirect of a WebSocket's handshake; an app could send us, and our headers, anywhere with it."""
    response = await handler(request)
    if "sec-websocket-key" in request.headers and response.status != 101:
        response.close()
        raise aiohttp.ClientPayloadError("the app refused the WebSocket")
    return response


def _ascii(raw: bytes) -> str:
    """Those bytes as an address can carry them."""
    return raw.decode("ascii") if raw.isascii() else "".join(chr(b) if b < 128 else f"%{b:02X}" for b in raw)
