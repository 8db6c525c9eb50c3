"""The requests to services outside: connections, redirects, sizes, repeats, pauses."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import secrets
import ssl
import time
import weakref
from collections.abc import Container, Mapping
from functools import cache
from typing import Any
from urllib.parse import quote

import aiohttp
import orjson
from yarl import URL

from core.errors import InvalidInput, TimedOut, TooLarge
from core.reading import sitting
from core.reading.memory import Memory
from core.reading.pacing import Pace
from core.reading.source import Raw, Read, Source, SourceUnavailable, Want, limited, rate_limited, read

CONNECT_SECONDS, SECONDS = 3.0, 15.0
TTL = 300.0
MOST_BYTES = 5_000_000
LONGEST_WAIT = 2.0  # seconds; a service that asks for more is not waited for
UNREACHABLE_SECONDS = 10.0  # a host that could not be reached is not tried again before
_LONGEST_PAUSE = 600.0
_PAUSES = 200
_HOPS = 3
_MOVED = frozenset({301, 302, 303, 307, 308})
_HEADERS = {
    "User-Agent": "agentic-spaces-os",
    "Accept": "application/json, text/html;q=0.9, */*;q=0.5",
    "Accept-Encoding": "gzip, deflate",
}


class _Lost(Exception):
    """The connection broke on the way; asking once more is worth it."""


class Reader:
    """Requests to sources from any event loop, with one memory of their answers.

    ttl: seconds an answer is given again to whoever shows the same key.
    """

    def __init__(self, *, ttl: float = TTL):
        self._salt = secrets.token_bytes(32)
        self._memory = Memory(ttl)
        self._pauses: dict[tuple, tuple[float, str]] = {}  # until when, and why a host cannot be reached; "" for a rate limit
        self._pace = Pace()
        self._sessions: weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, aiohttp.ClientSession] = weakref.WeakKeyDictionary()

    async def get(
        self,
        source: Source,
        path: str,
        *,
        params: Mapping[str, Any] | None = None,
        want: Want = "json",
        accept: str | None = None,
        timeout: float = SECONDS,
        most_bytes: int = MOST_BYTES,
        allow_status: Container[int] = (),
    ) -> Read:
        """Read one address.

        Args:
            path: below the base, beginning with "/", as it is before quoting; no "..".
            params: the query; None is left out, a list is repeated.
            want: json (a web page or broken JSON is `SourceUnavailable`), text, or bytes.
            accept: the Accept header, where the source has several forms of an answer.
            timeout: seconds for everything together.
            most_bytes: an answer that is larger is `TooLarge`.
            allow_status: statuses that come back instead of an error; their data is whatever could be read.
        Raises SourceUnavailable, TimedOut, RateLimited (`details["retry_after"]`), NotFound, Unauthorized, Forbidden,
        InvalidInput for what the source refuses, TooLarge.
        """
        url = _address(source, path, params)
        key = (self._who(source), str(url), accept)
        raw = self._memory.find(key)
        if raw is None:
            raw = await self._ask(source, "GET", url, None, accept, timeout, most_bytes)
            self._memory.keep(key, raw)
        return await read(source, raw, want, allow_status)

    async def post(self, source: Source, path: str, *, json: Any, params: Mapping[str, Any] | None = None, timeout: float = SECONDS) -> Read:
        """Ask with a body, where a service wants its questions so: the bounds and errors of `get`, no redirects, no memory."""
        raw = await self._ask(source, "POST", _address(source, path, params), orjson.dumps(json), None, timeout, MOST_BYTES)
        return await read(source, raw, "json", ())

    async def close(self) -> None:
        """End the connections of every loop and forget what is remembered."""
        self._memory.clear()
        here = asyncio.get_running_loop()
        for loop, session in list(self._sessions.items()):
            if loop is here:
                await session.close()
            elif loop.is_closed():
                abandon(session)
            else:
                asyncio.run_coroutine_threadsafe(session.close(), loop)
        self._sessions.clear()

    async def _ask(self, source: Source, method: str, url: URL, body: bytes | None, accept: str | None, timeout: float, most: int) -> Raw:
        """The answer: asked once more after 5xx and a broken connection, and after 429 when the wait is short."""
        account = (source.base, self._who(source))
        again = True
        try:
            async with asyncio.timeout(timeout):
                while True:
                    self._held(source, url, account)
                    if late := await self._pace.turn(account, source.pace):
                        raise rate_limited(source, late)
                    self._held(source, url, account)  # somebody may have been told to wait while this one waited
                    try:
                        raw = await self._follow(source, method, url, body, accept, most)
                        wait = limited(raw)
                        if wait is not None and wait > LONGEST_WAIT:
                            self._pause(account, wait)
                        if wait is not None and (wait > LONGEST_WAIT or not again):
                            raise rate_limited(source, wait)
                        if wait is None and (raw.status < 500 or not again):
                            return raw
                    except _Lost as lost:
                        if not again:
                            raise SourceUnavailable(f"{source.name} ({url.host}) could not be read: {lost}.") from None
                        wait = None
                    again = False
                    await asyncio.sleep(0.3 if wait is None else wait)
        except TimeoutError:
            raise TimedOut(f"{source.name} ({url.host}) did not answer within {timeout:g} seconds.") from None

    async def _follow(self, source: Source, method: str, url: URL, body: bytes | None, accept: str | None, most: int) -> Raw:
        home = URL(source.base).origin()
        allowed = {home, *(URL(other).origin() for other in source.also)}
        for _ in range(_HOPS + 1):
            self._held(source, url, (str(url.origin()),))
            headers = dict(source.headers) | ({"Accept": accept} if accept else {}) | ({"Content-Type": "application/json"} if body else {})
            if source.secret is not None and url.origin() == home:
                headers[source.header] = source.prefix + source.secret.reveal()
            try:
                async with self._session().request(method, url, headers=headers, data=body, allow_redirects=False) as response:
                    there = response.headers.get("Location")
                    if response.status not in _MOVED or not there:
                        return await _whole(source, response, most)
            except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError) as error:
                self._pause((str(url.origin()),), UNREACHABLE_SECONDS, _why(error))
                sitting.remember(str(url.origin()), _why(error))
                raise _unreachable(source, url, _why(error)) from None
            except aiohttp.ClientPayloadError:
                raise _Lost("the answer broke off") from None
            except (aiohttp.ClientError, OSError) as error:
                raise _Lost(f"the connection broke ({type(error).__name__})") from None
            url = _next(source, method, url, there, allowed)
        raise SourceUnavailable(f"{source.name} ({url.host}) redirects in a circle.")

    def _session(self) -> aiohttp.ClientSession:
        loop = asyncio.get_running_loop()
        if loop not in self._sessions:
            for other in [other for other in self._sessions if other.is_closed()]:
                abandon(self._sessions.pop(other))
            self._sessions[loop] = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=16, limit_per_host=4, keepalive_timeout=15, ttl_dns_cache=30, ssl=tls()),
                cookie_jar=aiohttp.DummyCookieJar(),
                timeout=aiohttp.ClientTimeout(total=None, sock_connect=CONNECT_SECONDS),
                trust_env=False,
                headers=_HEADERS,
            )
        return self._sessions[loop]

    def _who(self, source: Source) -> bytes:
        """Whose answers these are: the key as a fingerprint that means nothing outside this process."""
        return hmac.digest(self._salt, source.secret.reveal().encode(), hashlib.sha256) if source.secret else b""

    def _held(self, source: Source, url: URL, key: tuple) -> None:
        if gone := sitting.lost(str(url.origin())):
            raise _unreachable(source, url, gone)
        until, why = self._pauses.get(key, (0.0, ""))
        if (left := until - time.monotonic()) > 0:
            raise _unreachable(source, url, why) if why else rate_limited(source, left)

    def _pause(self, key: tuple, seconds: float, why: str = "") -> None:
        now = time.monotonic()
        self._pauses = {old: kept for old, kept in list(self._pauses.items())[-_PAUSES:] if kept[0] > now}
        self._pauses[key] = (now + min(seconds, _LONGEST_PAUSE), why)


def _unreachable(source: Source, url: URL, why: str) -> SourceUnavailable:
    message = f"{source.name} ({url.host}) cannot be reached from this server: {why}."
    return SourceUnavailable(message, "Go on without it; asking again soon gives the same answer.")


@cache
def tls() -> ssl.SSLContext:
    """One TLS context for all our clients; reading the certificates takes tens of milliseconds."""
    import httpx

    return httpx.create_ssl_context()


def abandon(session: aiohttp.ClientSession) -> None:
    """Let go of connections where their loop is gone; their sockets close as they are collected."""
    connector = session.connector
    session.detach()
    if connector is not None:
        connector._closed = True  # closing it properly needs its loop, and unclosed it complains


def _address(source: Source, path: str, params: Mapping[str, Any] | None) -> URL:
    parts = path.replace("\\", "/").split("/")
    if not path.startswith("/") or path.startswith("//") or len(path) > 2_000 or not path.isprintable() or {"..", "."} & set(parts):
        raise InvalidInput(f"{path[:100]!r} is not a path at {source.name}.", 'Begin it with one "/" and use no dots as parts.')
    url = URL(source.base.rstrip("/") + quote(path, safe="/:@,+=~"), encoded=True)
    many = [
        (name, str(value))
        for name, given in (params or {}).items()
        for value in (given if isinstance(given, (list, tuple)) else (given,))
        if value is not None
    ]
    return url.with_query(many) if many else url


def _next(source: Source, method: str, url: URL, location: str, allowed: set[URL]) -> URL:
    try:
        there = url.join(URL(location)).with_fragment(None)
        known = there.origin() in allowed and there.user is None
    except ValueError:
        there, known = URL(), False
    if not known or method != "GET":
        raise SourceUnavailable(f"{source.name} ({url.host}) redirects to {there.host or 'no proper address'}, which is not followed.")
    return there


async def _whole(source: Source, response: aiohttp.ClientResponse, most: int) -> Raw:
    body = bytearray()
    too_large = TooLarge(f"The answer of {source.name} is larger than {most / 1_000_000:g} MB.", "Ask for less at a time.")
    if (response.content_length or 0) > most:
        response.close()
        raise too_large
    async for piece in response.content.iter_chunked(65_536):
        body += piece
        if len(body) > most:
            response.close()
            raise too_large
    return Raw(response.status, str(response.url), {name.lower(): value for name, value in response.headers.items()}, bytes(body))


def _why(error: aiohttp.ClientError) -> str:
    if isinstance(error, aiohttp.ConnectionTimeoutError):
        return f"no connection within {CONNECT_SECONDS:g} seconds"
    if isinstance(error, aiohttp.ClientConnectorCertificateError):
        return "its certificate is not valid for its name"
    if isinstance(error, aiohttp.ClientConnectorDNSError):
        return "its name is not known here"
    return "it does not answer"
