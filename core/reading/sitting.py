"""Hosts that could not be reached, remembered for as long as one piece of work goes on: it asks none of them twice."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_lost: ContextVar[dict[str, str] | None] = ContextVar("lost_hosts", default=None)


@contextmanager
def sitting() -> Iterator[None]:
    """Until the block ends, in it and in the tasks begun in it, a host that could not be reached is not tried again."""
    before = _lost.set({})
    try:
        yield
    finally:
        _lost.reset(before)


def remember(origin: str, why: str) -> None:
    if (lost := _lost.get()) is not None:
        lost[origin] = why


def lost(origin: str) -> str:
    """Why it could not be reached in this sitting, or ""."""
    return (_lost.get() or {}).get(origin, "")
