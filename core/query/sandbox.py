"""Where programs run: workers of pydantic-monty, processes of their own without files, network or environment."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from typing import Any
from weakref import WeakValueDictionary

from core.errors import AppFailed, RateLimited, TimedOut, TooLarge

WORKERS = 8  # a program that waits for the Hub keeps its worker, so more than there are cores
CPU_SECONDS = 10.0
MEMORY_BYTES = 64 * 1024 * 1024
RECURSION = 100
SUSPENSIONS = 5_000
KEPT_FREE = 2  # workers one caller never takes, so that others find one
_KILL_AFTER = 0.3  # a single native operation, such as a huge power, does not look at the clock
_QUEUE_SECONDS = 30.0
_SETTLE_SECONDS = 0.1
_PRELUDE = "import asyncio, json, re, math, datetime\n"  # one line before the program's, sent with it: every message wakes a process

Helper = Callable[..., Awaitable[Any]]


class Sandbox:
    """A pool of workers for one event loop, started by the first program and ended by `close`."""

    def __init__(self, *, workers: int = WORKERS):
        self._workers = workers
        self._pool: Any = None
        self._starting = asyncio.Lock()
        self._free = asyncio.Semaphore(workers)
        self._shares: WeakValueDictionary[str, asyncio.Semaphore] = WeakValueDictionary()
        self._closed = False

    async def run(
        self, source: str, *, inputs: Mapping[str, Any], helpers: Mapping[str, Helper],
        printed: Callable[[str], None], who: str = "", cpu_seconds: float = CPU_SECONDS,
    ) -> Any:  # fmt: skip
        """The value of the program's last line.

        Args:
            source: a program the contract accepted.
            inputs: names bound before it starts.
            helpers: coroutine functions it may call; nothing else of this process can be reached.
            printed: gets what it prints.
            who: one caller has at most all workers but two; what is more waits, up to 30 s.
        Raises `AppFailed` with the line of the error, `TimedOut`, `TooLarge`, and `RateLimited` when every worker is taken.
        """
        import pydantic_monty as monty

        pool = await self._started(monty)
        limits = monty.ResourceLimits(
            max_memory=MEMORY_BYTES, max_recursion_depth=RECURSION, max_suspensions=SUSPENSIONS, max_feed_duration_secs=cpu_seconds
        )
        share = self._shares.setdefault(who, asyncio.Semaphore(max(1, self._workers - KEPT_FREE)))
        async with _place(share), _place(self._free):
            return await self._run(monty, pool, limits, source, inputs, helpers, printed)

    async def _run(
        self, monty: Any, pool: Any, limits: Any, source: str, inputs: Mapping[str, Any], helpers: Mapping[str, Helper], printed: Callable[[str], None]
    ) -> Any:
        try:
            async with pool.checkout(limits=limits, os_policy={"sleep": "zero"}) as session:
                return await session.feed_run(
                    _PRELUDE + source, inputs=dict(inputs), external_lookup=dict(helpers), print_callback=lambda _, text: printed(text)
                )
        except monty.MontyError as error:
            raise _explained(error, monty, source) from None
        except RuntimeError:
            if not self._closed:
                raise
            raise RateLimited("The server is stopping.", "Start it again.") from None

    async def close(self) -> None:
        """End the workers."""
        self._closed = True
        pool, self._pool = self._pool, None
        if pool is not None:
            with suppress(Exception):
                await pool.__aexit__(None, None, None)
            # Closed right before the interpreter ends, the pool's own threads were measured to abort the process.
            await asyncio.sleep(_SETTLE_SECONDS)

    async def _started(self, monty: Any) -> Any:
        async with self._starting:
            if self._closed:
                raise RateLimited("The server is stopping.", "Start it again.")
            if self._pool is None:
                pool = monty.AsyncMonty(
                    min_processes=1, max_processes=self._workers, max_checkouts_per_worker=500,
                    feed_duration_limit_grace=_KILL_AFTER, turn_duration_limit_grace=_KILL_AFTER,
                )  # fmt: skip
                self._pool = await pool.__aenter__()
            return self._pool


@asynccontextmanager
async def _place(places: asyncio.Semaphore) -> AsyncIterator[None]:
    """One of the places, or `RateLimited` when none becomes free in time."""
    try:
        async with asyncio.timeout(_QUEUE_SECONDS):
            await places.acquire()
    except TimeoutError:
        raise RateLimited("Too many programs run at this moment.", "Try again in half a minute.") from None
    try:
        yield
    finally:
        places.release()


def _explained(error: Any, monty: Any, source: str) -> Exception:
    """What ended the program, in a sentence with the line of it."""
    if isinstance(error, monty.MontyCrashedError):
        if error.timed_out:
            return TimedOut(f"The program computed for more than {CPU_SECONDS:g} seconds.", "Ask for fewer rows, or compute less.")
        return TooLarge("The program ended its sandbox, most likely by too much memory.", "Ask for fewer rows, or keep less of them.")
    inner = error.exception()
    text = str(inner)[:500]
    if isinstance(inner, TimeoutError) and "limit exceeded" in text:
        return TimedOut(f"The program computed for more than {CPU_SECONDS:g} seconds.", "Ask for fewer rows, or compute less.")
    if isinstance(inner, MemoryError):
        return TooLarge(f"The program used more than {MEMORY_BYTES // 1024 // 1024} MB.", "Ask for fewer rows, or keep less of them.")
    where = _line(error, source)
    fix = "Correct the line and send the program again."
    if isinstance(inner, TypeError) and "not subscriptable" in text and ("coroutine" in text or "future" in text.lower()):
        fix = "Await the helper before reading its answer: rows = (await hf_...)['items']."
    elif isinstance(inner, (KeyError, TypeError)) and ("NoneType" in text or isinstance(inner, KeyError)):
        fix = 'Check resp["ok"] first and read optional columns with row.get("name").'
    elif isinstance(inner, NotImplementedError) or "import" in text.lower():
        fix = "The sandbox has a part of Python: plain functions, loops, comprehensions, and the modules that are ready."
    return AppFailed(f"The program failed with {type(inner).__name__}: {text}{where}", fix)


def _line(error: Any, source: str) -> str:
    lines = source.splitlines()
    frames = error.traceback() if hasattr(error, "traceback") else []
    number = next((frame.line - 1 for frame in reversed(frames) if 0 < frame.line - 1 <= len(lines)), None)
    return f"\n  line {number}: {lines[number - 1].strip()[:160]}" if number else ""
