"""One Hub: huggingface.co, or the Local Hub. The unmodified huggingface_hub does the talking, in threads."""

from __future__ import annotations

import asyncio
import hashlib
import random
import time
from collections import OrderedDict
from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import urlsplit

import httpx
from anyio import CapacityLimiter, to_thread

from core.caller import Caller
from core.errors import HubUnavailable, InvalidInput, NotFound, RateLimited, SpacesError, TimedOut
from core.hub.errors import hub_errors, of_sample
from core.hub.transport import CONNECT_SECONDS, LONGEST_WAIT, READ_SECONDS, Ticket, prepare, ticket
from core.hub.wire import TTL, Wire
from core.reading import tls
from core.settings import DATASETS_SERVER, HUGGINGFACE

if TYPE_CHECKING:
    from huggingface_hub import HfApi

Result = TypeVar("Result")

THREADS = 16
RETRY_SECONDS = 8.0  # all waits of one read together
_CACHE_SIZE = 256
LOCAL_TTL = 2.0  # asking the Local Hub again costs a millisecond, and its owner sees what they just did


class Hub:
    """The Hub at one endpoint, for every caller.

    Args:
        endpoint: `https://huggingface.co`, or where the Local Hub answers; may carry a path.
        local: True for the Local Hub: everything is free there, and its catalogue is a sample.
        datasets_server: where rows of datasets are read; None for the service of huggingface.co, and for any other
            Hub the path `/datasets-server` below it.

    `wire` reads this Hub from the event loop, `datasets` its service of rows.
    """

    def __init__(self, endpoint: str, *, local: bool = False, datasets_server: str | None = None):
        parts = urlsplit(endpoint)
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.username or parts.query:
            raise InvalidInput(f"{endpoint!r} is not the address of a Hub.", "Use one such as https://huggingface.co.")
        self.endpoint = endpoint.rstrip("/")
        self.local = local
        ttl = LOCAL_TTL if local else TTL
        rows = DATASETS_SERVER if self.endpoint == HUGGINGFACE else f"{self.endpoint}/datasets-server"
        self.wire, self.datasets = Wire(self.endpoint, ttl=ttl, sample=local), Wire(datasets_server or rows, ttl=ttl, sample=local)
        self._limiter = CapacityLimiter(THREADS)
        self._background: set[asyncio.Future] = set()
        self._cache: OrderedDict[tuple[str, str], tuple[float, Any]] = OrderedDict()

    def api(self, caller: Caller) -> HfApi:
        """The library's client with this caller's token, or explicitly without one."""
        prepare()
        from huggingface_hub import HfApi

        return HfApi(endpoint=self.endpoint, token=caller.hub_token)

    async def ask(
        self,
        caller: Caller,
        question: Callable[[HfApi], Result],
        *,
        doing: str,
        timeout: float = 60,
        retry: bool = False,
        stop: Ticket | None = None,
    ) -> Result:
        """Run one call of the client library in a thread.

        Args:
            question: what to ask, given the client: `lambda api: api.space_info(repo)`. A generator must be consumed in it.
            doing: what a person would say is being done, for the sentence of an error ("read alice/demo").
            timeout: seconds for everything together, retries included.
            retry: True for reads: 429 with a short wait, 5xx and lost connections are asked again, up to 8 s of waiting.
            stop: a ticket of the caller's, whose `over` ends the call before its next request.

        Raises the errors of `hub_errors`, and `TimedOut` after `timeout`. When the awaiting task is cancelled the
        thread ends before its next request; nothing more is written.
        """
        current = stop or Ticket()
        current.deadline = time.monotonic() + timeout

        def call() -> Result:
            api = self.api(caller)  # here, because the first one imports the library
            try:
                with hub_errors(doing, caller.token):
                    return question(api)
            except NotFound as error:
                raise (of_sample(error) if self.local else error) from None

        async def attempts() -> Result:
            started = time.monotonic()
            pause = 0.25
            while True:
                try:
                    return await self._in_thread(call, current)
                except (RateLimited, HubUnavailable) as error:
                    wait = error.details.get("retry_after") or pause
                    wait *= 1 + random.random() / 4
                    if not retry or wait > LONGEST_WAIT * 1.25 or time.monotonic() - started + wait > RETRY_SECONDS:
                        raise
                await asyncio.sleep(wait)
                pause *= 2

        try:
            async with asyncio.timeout(timeout):
                return await attempts()
        except TimeoutError:
            current.over = True
            raise TimedOut(f"Could not {doing}: the Hub did not answer within {timeout:g} seconds.") from None
        except asyncio.CancelledError:
            if stop is None:
                current.over = True
            raise

    async def _in_thread(self, call: Callable[[], Result], current: Ticket) -> Result:
        # The thread's own task keeps its place in the limiter when the awaiting one gives up, so that abandoned
        # requests stay counted; at the end of the loop it is dropped and does not hold the process.
        mark = ticket.set(current)
        try:
            work = asyncio.ensure_future(to_thread.run_sync(call, abandon_on_cancel=True, limiter=self._limiter))
        finally:
            ticket.reset(mark)
        return await asyncio.shield(self._keep(work))

    def later(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        """Run something to its end even if whoever began it is cancelled; the Hub holds on to it."""
        return self._keep(asyncio.ensure_future(work))

    def _keep(self, work):
        self._background.add(work)
        work.add_done_callback(self._background.discard)
        work.add_done_callback(lambda done: done.cancelled() or done.exception())
        return work

    async def remembered(
        self, caller: Caller, what: str, seconds: float, fetch: Callable[[], Coroutine[Any, Any, Result]]
    ) -> Result:
        """The answer to `what` for this caller's token, at most `seconds` old; 256 answers are kept, errors never."""
        token = caller.token.reveal() if caller.token else ""
        key = (hashlib.sha256(token.encode()).hexdigest(), what)
        found = self._cache.get(key)
        if found and time.monotonic() < found[0]:
            self._cache.move_to_end(key)
            return found[1]
        value = await fetch()
        self._cache[key] = (time.monotonic() + seconds, value)
        while len(self._cache) > _CACHE_SIZE:
            self._cache.popitem(last=False)
        return value

    def forget(self, caller: Caller) -> None:
        """Drop every remembered answer of this caller's token."""
        self.wire.forget(caller.token)
        self.datasets.forget(caller.token)
        digest = hashlib.sha256((caller.token.reveal() if caller.token else "").encode()).hexdigest()
        for key in [key for key in self._cache if key[0] == digest]:
            del self._cache[key]

    def web(self) -> httpx.AsyncClient:
        """A short-lived client for what the library does not do: log streams, and looking whether an app answers."""
        return httpx.AsyncClient(
            verify=tls(),
            timeout=httpx.Timeout(READ_SECONDS, connect=CONNECT_SECONDS),
            follow_redirects=True,
            max_redirects=5,
        )

    async def ping(self) -> None:
        """Return when the Hub answers at all; raises `HubUnavailable` or `TimedOut` within 5 seconds."""
        nobody = Caller(id="ping")

        def question(api: HfApi) -> None:
            api.auth_check("ping/ping", repo_type="space")

        try:
            await self.ask(nobody, question, doing="reach the Hub", timeout=5)
        except (HubUnavailable, TimedOut, RateLimited):
            raise
        except SpacesError:
            return  # it answered, and no is an answer

    async def close(self) -> None:
        """Give up what is still on its way; threads end before their next request."""
        for work in list(self._background):
            work.cancel()
        if self._background:
            await asyncio.wait(list(self._background), timeout=3)
        await asyncio.gather(self.wire.close(), self.datasets.close())
        self._cache.clear()
