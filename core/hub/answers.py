"""Answers of the Hub that are remembered: as bytes, bounded, each for the caller who got it and nobody else."""

from __future__ import annotations

import hashlib
import hmac
import secrets
import time
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, replace

from core.secrets import Secret

BYTES = 32_000_000
LARGEST = 2_000_000
ENTRIES = 4_096


@dataclass(frozen=True)
class Reply:
    """One HTTP answer as it came: status, lower-case headers, the body's bytes, and the address that gave it."""

    status: int
    url: str
    headers: Mapping[str, str]
    body: bytes
    cached: bool = False

    @property
    def etag(self) -> str | None:
        return self.headers.get("etag")


Key = tuple[bytes, str]


class Answers:
    """The newest answers by caller and address; the least recently used leave first.

    ttl: seconds an answer is given again without asking; after that it is asked whether it changed.
    """

    def __init__(self, *, ttl: float, most_bytes: int = BYTES):
        self._ttl, self._most = ttl, most_bytes
        self._kept: OrderedDict[Key, tuple[float, Reply]] = OrderedDict()
        self._salt = secrets.token_bytes(32)
        self.size = 0

    def key(self, token: Secret | None, url: str) -> Key:
        """Who asks and what; the token is in it as a fingerprint that means nothing outside this process."""
        return (self.fingerprint(token), url)

    def fingerprint(self, token: Secret | None) -> bytes:
        return hmac.digest(self._salt, token.reveal().encode(), hashlib.sha256) if token else b""

    def fresh(self, key: Key) -> Reply | None:
        """The answer, when it is young enough to be given as it is."""
        found = self._kept.get(key)
        if found is None or time.monotonic() >= found[0]:
            return None
        self._kept.move_to_end(key)
        return replace(found[1], cached=True)

    def stale(self, key: Key) -> Reply | None:
        """The answer of any age that carries an ETag."""
        found = self._kept.get(key)
        return found[1] if found and found[1].etag else None

    def keep(self, key: Key, reply: Reply) -> None:
        """Remember a 200; anything else, what says `no-store`, and what is very large is not kept."""
        self.drop(key)
        if reply.status != 200 or "no-store" in reply.headers.get("cache-control", "") or len(reply.body) > LARGEST:
            return
        self._kept[key] = (time.monotonic() + self._ttl, reply)
        self.size += _weight(reply)
        while self.size > self._most or len(self._kept) > ENTRIES:
            self.drop(next(iter(self._kept)))

    def renew(self, key: Key, reply: Reply) -> None:
        """The Hub says this answer is still true."""
        if key in self._kept:
            self._kept[key] = (time.monotonic() + self._ttl, reply)
            self._kept.move_to_end(key)

    def drop(self, key: Key) -> None:
        found = self._kept.pop(key, None)
        if found:
            self.size -= _weight(found[1])

    def forget(self, token: Secret | None) -> None:
        """Drop every answer this caller got."""
        mark = self.fingerprint(token)
        for key in [key for key in self._kept if key[0] == mark]:
            self.drop(key)

    def clear(self) -> None:
        self._kept.clear()
        self.size = 0


def _weight(reply: Reply) -> int:
    return len(reply.body) + 1_000
