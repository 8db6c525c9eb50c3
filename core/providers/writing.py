"""Writes to the ledger from many requests at once, in one transaction: what waits while one is written goes together."""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

_MOST_AT_ONCE = 500


class Writer:
    """Runs functions on the database in a thread, in the order they came, many in one transaction.

    batch: opens a transaction that the functions' own ones join.
    """

    def __init__(self, batch: Callable[[], AbstractContextManager[Any]]):
        self._batch = batch
        self._waiting: deque[tuple[Callable[[], Any], asyncio.Future]] = deque()
        self._lock = threading.Lock()
        self._busy = False

    def submit(self, work: Callable[[], Any]) -> asyncio.Future:
        """Have `work` done; the future holds what it returns or raises, once it is written down."""
        loop = asyncio.get_running_loop()
        future = loop.create_future()
        with self._lock:
            self._waiting.append((work, future))
            start, self._busy = not self._busy, True
        if start:
            loop.run_in_executor(None, self._drain)
        return future

    def _drain(self) -> None:
        while True:
            with self._lock:
                batch = [self._waiting.popleft() for _ in range(min(len(self._waiting), _MOST_AT_ONCE))]
                if not batch:
                    self._busy = False
                    return
            done = self._write(batch)
            for loop in {future.get_loop() for future, _, _ in done}:
                try:
                    loop.call_soon_threadsafe(_tell, [one for one in done if one[0].get_loop() is loop])
                except RuntimeError:
                    pass  # that loop has ended; it is written all the same

    def _write(self, batch: list) -> list[tuple[asyncio.Future, Any, BaseException | None]]:
        done: list[tuple[asyncio.Future, Any, BaseException | None]] = []
        try:
            with self._batch():
                for work, future in batch:
                    try:
                        done.append((future, work(), None))
                    except Exception as error:  # one that fails is told so, and the others go on
                        done.append((future, None, error))
        except Exception as error:  # the transaction itself failed: nothing of it is written
            return [(future, None, error) for _, future in batch]
        return done


def _tell(done: list[tuple[asyncio.Future, Any, BaseException | None]]) -> None:
    for future, result, error in done:
        if future.cancelled():
            continue
        if error is not None:
            future.set_exception(error)
        else:
            future.set_result(result)
