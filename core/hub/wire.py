"""Read one Hub from the event loop: one pool, one cache and one bound for everybody, each caller's answers their own."""

from __future__ import annotations

import asyncio
import re
import weakref
from collections.abc import AsyncIterator, Callable, Container, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote

from yarl import URL

from core.errors import InvalidInput, TimedOut
from core.hub.answers import Answers, Key, Reply
from core.hub.errors import of_sample
from core.hub.exchange import IN_FLIGHT, Exchange
from core.hub.reply import content, pairs, refused
from core.secrets import Secret

TTL = 30.0
_LONGEST_PATH = 2_000
_NEXT = re.compile(r'<([^<>]+)>\s*;[^,<]*?\brel\s*=\s*"?next"?')


@dataclass(frozen=True)
class Answer:
    """What the Hub said.

    data: JSON, or the text of what is not JSON. cached: no body travelled for it. next: the address of the next page.
    """

    status: int
    url: str
    data: Any
    headers: Mapping[str, str]
    cached: bool
    next: str | None


@dataclass
class _Flight:
    """A request under way and how many wait for it; it ends with the last of them."""

    task: asyncio.Task[Reply]
    waiting: int = 0


@dataclass
class _Room:
    """What belongs to one event loop."""

    exchange: Exchange
    flights: dict[Key, _Flight] = field(default_factory=dict)


class _Stopped(Exception):
    """`on_request` of the caller who began the request said no; those who joined it ask for themselves."""

    def __init__(self, reason: BaseException):
        self.reason = reason


class Wire:
    """GET requests to one endpoint.

    Args:
        endpoint: the Hub's address, which may carry a path; tokens go to its host only.
        ttl: seconds an answer is given again to the same caller without asking; then its ETag is asked about.
        in_flight: requests under way at once, 10.
        sample: it is a Local Hub, which says so of what it does not have.
    """

    def __init__(self, endpoint: str, *, ttl: float = TTL, in_flight: int = IN_FLIGHT, sample: bool = False):
        self.endpoint = endpoint.rstrip("/")
        self._base = URL(self.endpoint)
        self._in_flight, self._sample = in_flight, sample
        self._answers = Answers(ttl=ttl)
        self._rooms: weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, _Room] = weakref.WeakKeyDictionary()

    async def get(
        self,
        path: str,
        *,
        token: Secret | None,
        params: Mapping[str, Any] | None = None,
        timeout: float = 30,
        fresh: bool = False,
        on_request: Callable[[], None] | None = None,
        allow_status: Container[int] = (),
    ) -> Answer:
        """Read one address.

        Args:
            path: below the endpoint, beginning with "/", without a query.
            token: of whoever asks, or None.
            params: the query: values, or lists for what is repeated; None is left out.
            timeout: seconds for everything together, 30.
            fresh: do not answer from memory and do not join a request that is under way.
            on_request: called before each HTTP request that leaves, repeats and redirects among them; may raise.
            allow_status: statuses that come back as an Answer instead of an error.
        Raises Unauthorized, Forbidden, NotFound, RateLimited (`details["retry_after"]`), HubUnavailable, TimedOut,
        InvalidInput for a path or value that is none, Unexpected for HTML, broken JSON and more than 10 MB.
        """
        return await self._ask(self._url(path, params), token, timeout, fresh, on_request, allow_status)

    async def pages(
        self,
        path: str,
        *,
        token: Secret | None,
        params: Mapping[str, Any] | None = None,
        max_pages: int = 10,
        timeout: float = 30,
        on_request: Callable[[], None] | None = None,
    ) -> AsyncIterator[Answer]:
        """A listing page by page, at most `max_pages`, along the links to the next one on the same host."""
        url, seen = self._url(path, params), set()
        for _ in range(max_pages):
            seen.add(url)
            answer = await self._ask(url, token, timeout, False, on_request, ())
            yield answer
            if answer.next is None or (url := URL(answer.next, encoded=True)) in seen:
                return

    def forget(self, token: Secret | None) -> None:
        """Drop what is remembered for this caller: they have just changed something."""
        self._answers.forget(token)

    async def close(self) -> None:
        """End what is under way, and the connections of every loop."""
        self._answers.clear()
        here = asyncio.get_running_loop()
        for loop, room in list(self._rooms.items()):
            if loop is here:
                tasks = [flight.task for flight in room.flights.values()]
                for task in tasks:
                    task.cancel()
                await asyncio.gather(*tasks, return_exceptions=True)
                await room.exchange.close()
            elif loop.is_closed():
                room.exchange.abandon()
            else:
                asyncio.run_coroutine_threadsafe(room.exchange.close(), loop)
        self._rooms.clear()

    def _url(self, path: str, params: Mapping[str, Any] | None) -> URL:
        parts = unquote(unquote(path)).replace("\\", "/").split("/")
        if not path.startswith("/") or path.startswith("//") or len(path) > _LONGEST_PATH:
            raise InvalidInput(f"{path[:100]!r} is not a path on the Hub.", 'Begin it with one "/", such as /api/models.')
        if set(path) & set("?#") or ".." in parts or "." in parts or not path.isprintable() or " " in path:
            raise InvalidInput(f"{path[:100]!r} is not a path on the Hub.", "Give arguments as params, and no dots or blanks.")
        try:
            url = URL(self.endpoint + path, encoded="%" in path)
            return url.with_query(list(pairs(params))) if params else url
        except (ValueError, TypeError):
            raise InvalidInput(f"The arguments for {path[:100]!r} cannot be written into an address.") from None

    def _room(self) -> _Room:
        loop = asyncio.get_running_loop()
        if loop not in self._rooms:
            for other in [other for other in self._rooms if other.is_closed()]:
                self._rooms.pop(other).exchange.abandon()
            self._rooms[loop] = _Room(Exchange(self._base, in_flight=self._in_flight))
        return self._rooms[loop]

    async def _ask(
        self,
        url: URL,
        token: Secret | None,
        timeout: float,
        fresh: bool,
        on_request: Callable[[], None] | None,
        allow_status: Container[int],
    ) -> Answer:
        key = self._answers.key(token, str(url))
        reply = None if fresh else self._answers.fresh(key)
        if reply is None:
            try:
                async with asyncio.timeout(timeout):
                    reply = await self._fetch(key, url, token, fresh, on_request)
            except TimeoutError:
                raise TimedOut(f"Could not read {url.path}: the Hub did not answer within {timeout:g} seconds.") from None
        if not 200 <= reply.status < 300 and reply.status not in allow_status:
            error = refused(reply, url, token)
            raise of_sample(error) if self._sample else error
        data = await content(reply, url)
        return Answer(reply.status, reply.url, data, reply.headers, reply.cached, self._next(reply))

    async def _fetch(self, key: Key, url: URL, token: Secret | None, fresh: bool, on_request: Callable[[], None] | None) -> Reply:
        room = self._room()
        while True:
            flight = None if fresh else room.flights.get(key)
            began = flight is None
            if flight is None:
                flight = _Flight(asyncio.ensure_future(self._travel(room, key, url, token, fresh, on_request)))
                flight.task.add_done_callback(lambda done: done.cancelled() or done.exception())
                if not fresh:
                    room.flights[key] = flight
                    flight.task.add_done_callback(lambda _, flight=flight: _landed(room, key, flight))
            flight.waiting += 1
            try:
                return await asyncio.shield(flight.task)
            except _Stopped as stopped:
                if began:
                    raise stopped.reason from None
            finally:
                flight.waiting -= 1
                if not flight.waiting and not flight.task.done():
                    _landed(room, key, flight)
                    flight.task.cancel()

    async def _travel(
        self, room: _Room, key: Key, url: URL, token: Secret | None, fresh: bool, on_request: Callable[[], None] | None
    ) -> Reply:
        def leaving() -> None:
            try:
                on_request()
            except Exception as reason:
                raise _Stopped(reason) from None

        old = None if fresh else self._answers.stale(key)
        reply = await room.exchange.fetch(
            url, token=token, who=key[0], etag=old.etag if old else None, on_request=leaving if on_request else None
        )
        if reply.status == 304 and old is not None:
            self._answers.renew(key, old)
            return Reply(old.status, old.url, old.headers, old.body, cached=True)
        self._answers.keep(key, reply)
        return reply

    def _next(self, reply: Reply) -> str | None:
        """The next page, when it is on this Hub: a link elsewhere is not followed."""
        link = _NEXT.search(reply.headers.get("link", ""))
        if not link or len(link[1]) > 8_000:
            return None
        try:
            there = URL(reply.url, encoded=True).join(URL(link[1], encoded=True))
            below = there.path.startswith(self._base.path.rstrip("/") + "/")
            return str(there) if there.origin() == self._base.origin() and below else None
        except ValueError:
            return None


def _landed(room: _Room, key: Key, flight: _Flight) -> None:
    if room.flights.get(key) is flight:
        del room.flights[key]
