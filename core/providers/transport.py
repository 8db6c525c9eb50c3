"""The wire toward upstreams: aiohttp, one pair of sessions for each running loop, and a bound on everything.

No cookies, no proxies from the environment, no redirects but a GET's on the same host, TLS always verified.
"""

from __future__ import annotations

import asyncio
import weakref
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

import aiohttp
import orjson
from yarl import URL

from core.providers.addresses import CheckedResolver, Lookup, RefusedAddress, check_url, lookup
from core.providers.policy import Fault
from core.providers.response import Response

_CONNECTIONS = 200
_KEEP_ALIVE_SECONDS = 20
_SAME_HOST_HOPS = 3
_reused: ContextVar[bool] = ContextVar("reused", default=False)


@dataclass(frozen=True)
class Timeouts:
    """Seconds. connect: until a connection stands. first_byte: until the headers came; own: the same over plain http, which is a
    machine of the owner's, where a model may have to be loaded and a long prompt read before the first word.
    idle: between two pieces that mean something. whole: for one prompt with all its attempts."""

    connect: float = 10.0
    first_byte: float = 90.0
    own: float = 300.0
    idle: float = 60.0
    whole: float = 600.0


class Transport:
    """Sends requests. Owns the connections of every loop it was used in.

    lookup: how names are resolved; only the address that was checked is connected to.
    """

    def __init__(self, *, timeouts: Timeouts | None = None, lookup: Lookup = lookup):
        self.timeouts = timeouts or Timeouts()
        self._lookup = lookup
        self._sessions: weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, dict[bool, aiohttp.ClientSession]] = weakref.WeakKeyDictionary()

    @asynccontextmanager
    async def post(
        self, url: str, *, headers: Mapping[str, str], body: bytes, allow_private: bool = False, deadline: float
    ) -> AsyncIterator[Response]:
        """Send one POST and give the answer once its headers came. Leaving the block ends the request at once.

        Args:
            url: the upstream's address.
            headers: all of them; the key is in here and nowhere else.
            allow_private: the address may be private or loopback.
            deadline: the loop's time when the whole answer must be there.
        Raises:
            Fault: the address is refused, nothing answers, it is too slow, or it redirects.
        """
        answer = await self.send(url, headers=headers, body=body, allow_private=allow_private, deadline=deadline)
        try:
            yield answer
        except BaseException:
            answer.drop()
            raise
        answer.leave()

    async def send(self, url: str, *, headers: Mapping[str, str], body: bytes, allow_private: bool = False, deadline: float) -> Response:
        """As `post`, but whoever asked ends the answer, by its `leave` or its `drop`."""
        response = await self._send("POST", check_url(url, allow_private=allow_private), headers, body, allow_private, deadline)
        if 300 <= response.status < 400:
            response.close()
            raise Fault("nonsense", f"answered {response.status}, a redirect, which a key does not follow.", status=response.status)
        return Response(response, deadline, self.timeouts.idle)

    async def get_json(
        self, url: str, *, headers: Mapping[str, str], allow_private: bool = False, timeout: float = 15.0
    ) -> tuple[int, Any, Mapping[str, str]]:
        """GET: status, body and headers. Raises `Fault`."""
        return await self.send_json("GET", url, headers=headers, allow_private=allow_private, timeout=timeout)

    async def send_json(
        self, method: str, url: str, *, headers: Mapping[str, str], body: Any = None, allow_private: bool = False, timeout: float = 15.0
    ) -> tuple[int, Any, Mapping[str, str]]:
        """One short request: status, body and headers of its answer. Raises `Fault`.

        Redirects of a GET are followed on the same host only, three at most; those of other methods never.

        Args:
            body: sent as JSON; None sends none.
            timeout: seconds for all of it.
        """
        data = None if body is None else orjson.dumps(body)
        headers = headers if data is None else {"Content-Type": "application/json", **headers}
        deadline = asyncio.get_running_loop().time() + timeout
        target = check_url(url, allow_private=allow_private)
        for _ in range(_SAME_HOST_HOPS + 1):
            response = await self._send(method, target, headers, data, allow_private, deadline)
            try:
                if 300 <= response.status < 400 and "Location" in response.headers:
                    if method != "GET":
                        raise Fault("nonsense", f"answered {response.status}, a redirect, which a key does not follow.", status=response.status)
                    target = check_url(_on_the_same_host(target, response), allow_private=allow_private)
                    continue
                answer = Response(response, deadline, timeout)
                said = None if response.status == 204 else await answer.json() if response.status < 300 else await answer.error_body()
                return response.status, said, response.headers
            finally:
                response.close() if not response.content.is_eof() else response.release()
        raise Fault("nonsense", "redirects in a circle.")

    async def close(self) -> None:
        """Close the connections of the running loop."""
        for session in self._sessions.pop(asyncio.get_running_loop(), {}).values():
            await session.close()

    def _session(self, allow_private: bool) -> aiohttp.ClientSession:
        loop = asyncio.get_running_loop()
        sessions = self._sessions.setdefault(loop, {})
        if allow_private not in sessions:
            sessions[allow_private] = aiohttp.ClientSession(
                connector=_Connector(
                    resolver=CheckedResolver(allow_private=allow_private, lookup=self._lookup),
                    limit=_CONNECTIONS,
                    keepalive_timeout=_KEEP_ALIVE_SECONDS,
                    ttl_dns_cache=30,
                ),
                cookie_jar=aiohttp.DummyCookieJar(),
                timeout=aiohttp.ClientTimeout(total=None, sock_connect=self.timeouts.connect),
                trust_env=False,
                headers={"User-Agent": "agentic-spaces-os", "Accept-Encoding": "gzip, deflate"},
            )
        return sessions[allow_private]

    async def _send(
        self, method: str, url: URL, headers: Mapping[str, str], body: bytes | None, allow_private: bool, deadline: float
    ) -> aiohttp.ClientResponse:
        session = self._session(allow_private)
        patience = self.timeouts.own if url.scheme == "http" else self.timeouts.first_byte
        until = min(deadline, asyncio.get_running_loop().time() + patience)
        while True:
            try:
                async with asyncio.timeout_at(until):
                    return await session.request(method, url, headers=headers, data=body, allow_redirects=False)
            except (aiohttp.ServerDisconnectedError, ConnectionResetError):
                # A kept connection that the other side had closed meanwhile says nothing about the upstream.
                if not _reused.get():
                    raise Fault("cut", "closed the connection without an answer.") from None
            except (TimeoutError, aiohttp.ServerTimeoutError):
                raise Fault("timeout", "did not answer in time.") from None
            except aiohttp.ClientConnectorCertificateError:
                raise Fault("network", "shows a certificate that is not valid for its name.") from None
            except aiohttp.ClientSSLError:
                raise Fault("network", "does not speak TLS properly.") from None
            except aiohttp.ClientConnectorError as error:
                if isinstance(error.os_error, RefusedAddress):
                    raise Fault("address", "its name stands for a private, local or reserved address.") from None
                raise Fault("network", f"cannot be reached ({_reason(error)}).") from None
            except aiohttp.ClientResponseError:
                raise Fault("nonsense", "answered something that is not HTTP.") from None
            except (aiohttp.ClientError, OSError, ValueError) as error:
                raise Fault("network", f"the request failed ({type(error).__name__}).") from None


def _on_the_same_host(here: URL, response: aiohttp.ClientResponse) -> str:
    """Where an answer redirects to; a `Fault` when that is another host, or no address at all."""
    try:
        there = here.join(URL(response.headers["Location"]))
        same = there.origin() == here.origin()
    except ValueError:
        same = False
    if not same:
        raise Fault("nonsense", "redirects to another host, which a key does not follow.", status=response.status)
    return str(there)


class _Connector(aiohttp.TCPConnector):
    """Tells whether a request went out on a connection that had carried one before; aiohttp's tracing does too, at a third of the call."""

    def __init__(self, **given: Any):
        super().__init__(**given)
        self._carried: weakref.WeakSet[Any] = weakref.WeakSet()

    async def connect(self, req: Any, traces: Any, timeout: Any) -> Any:
        connection = await super().connect(req, traces, timeout)
        reused = connection.protocol in self._carried
        _reused.set(reused)
        if not reused:
            self._carried.add(connection.protocol)
        return connection


def _reason(error: aiohttp.ClientConnectorError) -> str:
    if isinstance(error, aiohttp.ClientConnectorDNSError):
        return "its name is not known"
    return (error.os_error.strerror or type(error.os_error).__name__).lower()
