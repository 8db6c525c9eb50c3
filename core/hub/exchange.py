"""One GET toward a Hub over aiohttp: redirects, sizes, repeats, and the bound on how many are under way.

No cookies, no proxies from the environment. The token goes to the Hub's own host; a redirect elsewhere loses it.
"""

from __future__ import annotations

import asyncio
import random
import re
from collections.abc import Callable, Mapping

import aiohttp
from yarl import URL

from core.errors import HubUnavailable, RateLimited, Unexpected
from core.hub.answers import Reply
from core.hub.transport import CONNECT_SECONDS, LONGEST_WAIT, READ_SECONDS
from core.reading import abandon, tls
from core.secrets import Secret

IN_FLIGHT = 10
ANSWER_BYTES = 10_000_000
USER_AGENT = "agentic-spaces-os"
AGAIN = frozenset({408, 429, 500, 502, 503, 504})
_ATTEMPTS = 4
_WAITS = 8.0  # all waits of one request together
_HOPS = 5
_MOVED = frozenset({301, 302, 303, 307, 308})
# `RateLimit: "api";r=0;t=55`: requests left in this window, seconds until the next one.
_LIMIT = re.compile(r'"[^"]*"\s*;\s*r\s*=\s*(\d+)\s*;\s*t\s*=\s*(\d+)')


class Exchange:
    """The connections of one event loop toward one Hub.

    Args:
        endpoint: the Hub's own address; a token goes to its host only.
        in_flight: requests under way at once.
    """

    def __init__(self, endpoint: URL, *, in_flight: int = IN_FLIGHT):
        self._home = endpoint.origin()
        self._turns = asyncio.Semaphore(in_flight)
        self._paused_until: dict[bytes, float] = {}
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(
                limit=in_flight, keepalive_timeout=20, ttl_dns_cache=30, ssl=tls() if endpoint.scheme == "https" else True
            ),
            cookie_jar=aiohttp.DummyCookieJar(),
            timeout=aiohttp.ClientTimeout(total=None, sock_connect=CONNECT_SECONDS, sock_read=READ_SECONDS),
            trust_env=False,
            headers={"User-Agent": USER_AGENT, "Accept": "application/json, text/plain;q=0.9, */*;q=0.5", "Accept-Encoding": "gzip, deflate"},
        )

    async def fetch(
        self, url: URL, *, token: Secret | None, who: bytes, etag: str | None, on_request: Callable[[], None] | None
    ) -> Reply:
        """The answer, whatever its status; repeated after 408, 429, 5xx and lost connections, within 8 s of waiting.

        Args:
            who: tells callers apart, so that one who must wait does not make the others wait.
            etag: of the answer that is there already; a 304 comes back as such.
        Raises HubUnavailable, RateLimited, Unexpected, and what `on_request` raises.
        """
        waited, attempt = 0.0, 0
        loop = asyncio.get_running_loop()
        while True:
            attempt += 1
            await self._until_allowed(who)
            reply, lost = None, None
            try:
                reply = await self._follow(url, token, etag, on_request)
            except (aiohttp.ClientError, TimeoutError, OSError) as error:
                lost = HubUnavailable(f"Could not read {url.path}: {_lost(error)}.")
            if reply is not None and reply.status not in AGAIN:
                return reply
            pause = 0.25 * 2 ** (attempt - 1) * (0.5 + random.random())
            told = seconds_to_wait(reply.headers) if reply else None
            if reply and reply.status == 429 and told is not None:
                pause = told * (1 + random.random() / 10)
                if told > LONGEST_WAIT:
                    self._pause(who, loop.time() + told)
            if attempt >= _ATTEMPTS or pause > LONGEST_WAIT * 1.1 or waited + pause > _WAITS:
                if reply is not None:
                    return reply
                raise lost
            waited += pause
            await asyncio.sleep(pause)

    async def _until_allowed(self, who: bytes) -> None:
        left = self._paused_until.get(who, 0) - asyncio.get_running_loop().time()
        if left > LONGEST_WAIT:
            raise rate_limited(round(left) + 1)
        if left > 0:
            await asyncio.sleep(left)

    def _pause(self, who: bytes, until: float) -> None:
        now = asyncio.get_running_loop().time()
        for old in [old for old, end in self._paused_until.items() if end <= now]:
            del self._paused_until[old]
        while len(self._paused_until) >= 1_000:
            self._paused_until.pop(next(iter(self._paused_until)))
        self._paused_until[who] = max(until, self._paused_until.get(who, 0))

    async def _follow(self, url: URL, token: Secret | None, etag: str | None, on_request: Callable[[], None] | None) -> Reply:
        for _ in range(_HOPS + 1):
            headers = {"If-None-Match": etag} if etag else {}
            if token is not None and url.origin() == self._home:
                headers["Authorization"] = f"Bearer {token.reveal()}"
            async with self._turns:
                if on_request is not None:
                    on_request()
                async with self._session.get(url, headers=headers, allow_redirects=False) as response:
                    there = response.headers.get("Location")
                    if response.status not in _MOVED or not there:
                        return await _whole(response)
            url = self._next(url, there)
        raise Unexpected(f"Could not read {url.path}: the Hub redirects in a circle.")

    def _next(self, url: URL, location: str) -> URL:
        try:
            there = url.join(URL(location))
        except ValueError:
            there = URL()
        if there.scheme not in ("http", "https") or not there.host or (url.scheme == "https" and there.scheme == "http"):
            raise Unexpected(f"Could not read {url.path}: the Hub redirects to an address that is not followed.")
        return there

    async def close(self) -> None:
        await self._session.close()

    def abandon(self) -> None:
        abandon(self._session)


async def _whole(response: aiohttp.ClientResponse) -> Reply:
    headers = {name.lower(): value for name, value in response.headers.items() if name.lower() != "link"}
    if links := response.headers.getall("Link", None):
        headers["link"] = ", ".join(links)
    body = bytearray()
    if (response.content_length or 0) > ANSWER_BYTES:
        raise _too_large(response)
    async for piece in response.content.iter_chunked(65_536):
        body += piece
        if len(body) > ANSWER_BYTES:
            raise _too_large(response)
    return Reply(response.status, str(response.url), headers, bytes(body))


def _too_large(response: aiohttp.ClientResponse) -> Unexpected:
    response.close()
    return Unexpected(
        f"Could not read {response.url.path}: the answer is larger than {ANSWER_BYTES // 1_000_000} MB.",
        "Ask for fewer rows at a time.",
    )


def seconds_to_wait(headers: Mapping[str, str]) -> int | None:
    """Seconds until more requests are taken, as `RateLimit` or `Retry-After` tell it; None when neither does."""
    limit = _LIMIT.search(headers.get("ratelimit", ""))
    if limit and limit[1] == "0":
        return min(int(limit[2]) + 1, 86_400)
    text = headers.get("retry-after", "").strip()
    return int(text) if text.isdigit() and len(text) < 6 else None


def rate_limited(seconds: int | None) -> RateLimited:
    when = f"in {seconds} seconds" if seconds else "in a minute"
    return RateLimited("The Hub takes no more requests from this account for now.", f"Try again {when}.", retry_after=seconds)


def _lost(error: Exception) -> str:
    if isinstance(error, aiohttp.ClientConnectorCertificateError):
        return "the Hub shows a certificate that is not valid for its name"
    if isinstance(error, aiohttp.ClientConnectorError):
        return "the Hub cannot be reached"
    if isinstance(error, TimeoutError):
        return "the Hub stopped answering"
    if isinstance(error, aiohttp.ClientPayloadError):
        return "the answer of the Hub broke off"
    return f"the connection to the Hub broke ({type(error).__name__})"
