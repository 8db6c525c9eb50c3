"""Answers of services that are remembered: bounded, each for the key it was asked with; the least recently used leave first."""

from __future__ import annotations

import time
from collections import OrderedDict
from dataclasses import replace

from core.reading.source import Raw

ENTRIES, BYTES, LARGEST = 512, 32_000_000, 3_000_000


class Memory:
    """ttl: seconds an answer is given again."""

    def __init__(self, ttl: float):
        self._ttl = ttl
        self._kept: OrderedDict[tuple, tuple[float, Raw]] = OrderedDict()
        self._size = 0

    def find(self, key: tuple) -> Raw | None:
        found = self._kept.get(key)
        if found is None:
            return None
        if found[0] <= time.monotonic():
            self.drop(key)
            return None
        self._kept.move_to_end(key)
        return replace(found[1], cached=True)

    def keep(self, key: tuple, raw: Raw) -> None:
        """Remember a 200 that is not very large; the rest is asked for again."""
        if raw.status != 200 or len(raw.body) > LARGEST:
            return
        self.drop(key)
        self._kept[key] = (time.monotonic() + self._ttl, raw)
        self._size += len(raw.body)
        while self._size > BYTES or len(self._kept) > ENTRIES:
            self.drop(next(iter(self._kept)))

    def drop(self, key: tuple) -> None:
        found = self._kept.pop(key, None)
        self._size -= len(found[1].body) if found else 0

    def clear(self) -> None:
        self._kept.clear()
        self._size = 0
