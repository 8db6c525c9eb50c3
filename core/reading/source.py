"""A service outside, what it said, and what its refusals mean."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Container, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import orjson
from yarl import URL

from core.errors import Forbidden, HubUnavailable, InvalidInput, NotFound, RateLimited, SpacesError, TimedOut, Unauthorized
from core.secrets import Secret, redact
from core.settings import check_base

_WEB_PAGES = ("text/html", "application/xhtml+xml")
Want = Literal["json", "text", "bytes"]


class SourceUnavailable(HubUnavailable):
    """A service outside does not answer, or answers nonsense."""

    code = "source_unavailable"
    default_fix = "Try again in a minute; nothing was changed."


@dataclass(frozen=True)
class Source:
    """One service.

    name: as a person calls it. base: its address; https, or http on loopback; may carry a path.
    also: addresses of other hosts its redirects may lead to; they never see the key.
    secret: the key shown to the base's own host alone, in `header`, after `prefix`.
    headers: sent with every request, such as the version of an API.
    pace: seconds between two requests of all callers together who show the same key, or none.
    """

    name: str
    base: str
    also: tuple[str, ...] = ()
    secret: Secret | None = None
    header: str = "Authorization"
    prefix: str = "Bearer "
    headers: Mapping[str, str] = field(default_factory=dict)
    pace: float = 0.0

    def __post_init__(self):
        for address in (self.base, *self.also):
            check_base(address)


@dataclass(frozen=True)
class Read:
    """What a source said. data: the JSON, the text or the bytes that were wanted. headers: names in lower case. cached: no request left for it."""

    status: int
    url: str
    headers: Mapping[str, str]
    data: Any
    cached: bool = False

    @property
    def type(self) -> str:
        """The content type without its parameters."""
        return _type(self.headers)


@dataclass(frozen=True)
class Raw:
    """An answer as it came, whatever its status."""

    status: int
    url: str
    headers: Mapping[str, str]
    body: bytes
    cached: bool = False


def limited(raw: Raw) -> float | None:
    """Seconds to wait, where the answer is a rate limit; a limit that names no time is worth one try a second later.

    GitHub says it with 403 and `x-ratelimit-remaining: 0`, or `retry-after`.
    """
    told = raw.headers.get("retry-after", "").strip()
    spent = raw.headers.get("x-ratelimit-remaining", "").strip() == "0"
    if raw.status != 429 and not (raw.status == 403 and (spent or told)):
        return None
    if told.isdecimal() and len(told) < 6:
        return float(told)
    reset = raw.headers.get("x-ratelimit-reset", "").strip()
    if spent and reset.isdecimal() and len(reset) < 12:
        return max(1.0, float(reset) - time.time())
    return 1.0 if not told else 60.0


def rate_limited(source: Source, wait: float) -> RateLimited:
    seconds = max(1, round(wait))
    return RateLimited(f"{source.name} takes no more requests for now.", f"Try again in {seconds} seconds.", retry_after=seconds)


async def read(source: Source, raw: Raw, want: Want, allow_status: Container[int]) -> Read:
    """The answer in the shape that was wanted, or the error it stands for."""
    fine = 200 <= raw.status < 300
    if not fine and raw.status not in allow_status:
        raise _refused(source, raw)
    data: Any = raw.body
    if want == "text":
        data = raw.body.decode("utf-8", "replace")
    elif want == "json":
        try:
            if _type(raw.headers) in _WEB_PAGES:
                raise SourceUnavailable(f"{source.name} ({URL(raw.url).host}) sent a web page where data was expected.")
            data = await asyncio.to_thread(orjson.loads, raw.body) if len(raw.body) > 500_000 else orjson.loads(raw.body)
        except (orjson.JSONDecodeError, SourceUnavailable) as error:
            if not fine:
                data = raw.body.decode("utf-8", "replace")[:1_000]
            elif isinstance(error, SourceUnavailable):
                raise
            else:
                raise SourceUnavailable(f"{source.name} ({URL(raw.url).host}) answered something that is not JSON.") from None
    return Read(raw.status, raw.url, raw.headers, data, raw.cached)


def _refused(source: Source, raw: Raw) -> SpacesError:
    said = _said(source, raw)
    if raw.status in (404, 410):
        return NotFound(f"{source.name} does not have it. {said}".strip())
    if raw.status == 401:
        return Unauthorized(f"{source.name} does not accept the key of this process.", f"Correct the key for {source.name} in the settings, or remove it.")
    if raw.status == 403:
        return Forbidden(f"{source.name} does not show it. {said}".strip(), "It may be private, or need a key in the settings.")
    if raw.status == 408:
        return TimedOut(f"{source.name} gave up waiting.")
    if raw.status >= 500:
        return SourceUnavailable(f"{source.name} ({URL(raw.url).host}) answered with an error of its own ({raw.status}).")
    if 400 <= raw.status < 500:
        return InvalidInput(f"{source.name} refuses the question ({raw.status}). {said}".strip())
    return SourceUnavailable(f"{source.name} ({URL(raw.url).host}) answered {raw.status}.")


def _said(source: Source, raw: Raw) -> str:
    """The source's own words about a refusal, one line of at most 200 characters; data, never trusted."""
    try:
        told = orjson.loads(raw.body) if len(raw.body) < 100_000 else None
    except orjson.JSONDecodeError:
        told = None
    words = next((told[name] for name in ("error", "message") if isinstance(told.get(name), str)), "") if isinstance(told, dict) else ""
    return " ".join(redact(words, source.secret).split())[:200]


def _type(headers: Mapping[str, str]) -> str:
    return headers.get("content-type", "").partition(";")[0].strip().lower()
