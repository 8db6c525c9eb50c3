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
from core.providers.sse import DONE, Events

ANSWER_BYTES = 32_000_000
ERROR_BYTES = 64_000
_CONNECTIONS = 200
_KEEP_ALIVE_SECONDS = 20
_ERROR_SECONDS = 5
_GOODBYE_SECONDS = 0.5
_LAST_WORDS_SECONDS = 2.0
_SAME_HOST_HOPS = 3
_reused: ContextVar[bool] = ContextVar("reused", default=False)
_leaving: set[asyncio.Task[None]] = set()


@dataclass(frozen=True)
class Timeouts:
    """Seconds. connect: until a connection stands. first_byte: until the headers came.
    idle: between two pieces that mean something. whole: for one prompt with all its attempts."""

    connect: float = 10.0
    first_byte: float = 90.0
    idle: float = 60.0
    whole: float = 600.0


class Response:
    """An answer whose headers came."""

    def __init__(self, response: aiohttp.ClientResponse, deadline: float, idle: float):
        self._response = response
        self._deadline = deadline
        self._idle = idle
        self.status = response.status
        self.headers = response.headers

    @property
    def content_type(self) -> str:
        return self._response.content_type.lower()

    async def body(self, limit: int = ANSWER_BYTES, *, deadline: float | None = None) -> bytes:
        """The whole body. A body longer than `limit` bytes is a `Fault`, before the rest of it is read.

        Spaces may come for as long as the upstream thinks; once the answer begins it must be complete within the idle time.
        """
        content = self._response.content
        if content.is_eof() and content.total_bytes <= limit:
            return content.read_nowait()  # it came with the headers
        until = min(self._deadline, deadline or self._deadline)
        clock = asyncio.get_running_loop().time
        idle = clock() + self._idle
        pieces: list[bytes] = []
        size = 0
        began = False
        while True:
            piece = await self._piece(min(until, idle))
            if not piece:
                return b"".join(pieces) if len(pieces) != 1 else pieces[0]
            if not began:
                began = not piece.isspace()
                idle = clock() + self._idle
            pieces.append(piece)
            size += len(piece)
            if size > limit:
                raise Fault("nonsense", f"sent more than {limit} bytes.", status=self.status)

    async def json(self) -> Any:
        """The whole body as JSON; a `Fault` that says what came instead."""
        body = await self.body()
        try:
            return orjson.loads(body)
        except orjson.JSONDecodeError:
            what = "a web page" if body.lstrip()[:1] == b"<" else f"{len(body)} bytes that are not JSON" if body.strip() else "nothing"
            raise Fault("empty" if what == "nothing" else "nonsense", f"answered {what} instead of JSON.", status=self.status) from None

    async def error_body(self) -> Any:
        """What an error answer says: JSON, text or None; never slower or larger than an error deserves."""
        try:
            body = await self.body(ERROR_BYTES, deadline=asyncio.get_running_loop().time() + _ERROR_SECONDS)
        except Fault:
            return None
        try:
            return orjson.loads(body)
        except orjson.JSONDecodeError:
            return None if body.lstrip()[:1] == b"<" else body.decode("utf-8", "replace")

    async def events(self) -> AsyncIterator[list[bytes]]:
        """The payloads of the stream, in batches as they arrive; ends at `[DONE]`, which is the last payload, or at its end.

        Only an event moves the idle deadline, so bytes that drip without ever completing one do not hold us.
        """
        parser = Events()
        clock = asyncio.get_running_loop().time
        until = clock() + self._idle
        size = 0
        while True:
            piece = await self._piece(min(self._deadline, until))
            size += len(piece)
            if size > ANSWER_BYTES:
                raise Fault("nonsense", f"sent more than {ANSWER_BYTES} bytes.", status=self.status)
            batch = parser.feed(piece) if piece else parser.end()
            if batch:
                yield batch
                if DONE in batch:
                    return
                until = clock() + self._idle
            elif piece.startswith(b":"):
                until = clock() + self._idle  # a comment says that the upstream is still at work
            if not piece:
                return

    def expect_the_end(self) -> None:
        """The answer is complete; what may still come (usage, `[DONE]`) is waited for shortly."""
        self._idle = min(self._idle, _LAST_WORDS_SECONDS)

    async def _piece(self, until: float) -> bytes:
        try:
            async with asyncio.timeout_at(until):
                return await self._response.content.readany()
        except TimeoutError:
            raise Fault("timeout", "stopped sending before its answer was complete.", status=self.status) from None
        except (aiohttp.ClientError, OSError, ValueError) as error:
            raise Fault("cut", f"broke off its answer ({type(error).__name__}).", status=self.status) from None

    def leave(self) -> None:
        """Give the connection back when the answer is complete. The closing chunk often comes a packet after `[DONE]`:
        it is waited for without holding the caller, and a connection on which it does not come is closed."""
        if self._response.content.is_eof():
            self._response.release()
            return
        task = asyncio.ensure_future(self._say_goodbye())
        _leaving.add(task)
        task.add_done_callback(_leaving.discard)

    def drop(self) -> None:
        """End an answer that is not wanted any more; its connection is closed unless it had come whole."""
        if self._response.content.is_eof():
            self._response.release()
        else:
            self._response.close()

    async def _say_goodbye(self) -> None:
        try:
            async with asyncio.timeout(_GOODBYE_SECONDS):
                await self._response.content.readany()
        except (TimeoutError, aiohttp.ClientError, OSError):
            pass
        finally:
            self.drop()


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
        until = min(deadline, asyncio.get_running_loop().time() + self.timeouts.first_byte)
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
