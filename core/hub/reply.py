"""What a request to the Hub carries, and what its reply means: arguments, refusals, JSON or text."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import orjson
from yarl import URL

from core.errors import SpacesError, Unexpected
from core.hub.answers import Reply
from core.hub.errors import refusal
from core.hub.exchange import rate_limited, seconds_to_wait
from core.secrets import Secret


def pairs(params: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """The query: lists are repeated, None is left out, booleans are lower case."""
    for name, given in params.items():
        many = given if isinstance(given, Sequence) and not isinstance(given, str) else (given,)
        for value in many:
            if value is not None:
                yield name, str(value).lower() if isinstance(value, bool) else str(value)


def refused(reply: Reply, url: URL, token: Secret | None) -> SpacesError:
    """The error a reply that is no success stands for."""
    if reply.status == 429:
        return rate_limited(seconds_to_wait(reply.headers))
    said = reply.headers.get("x-error-message", "")
    if not said:
        try:
            told = orjson.loads(reply.body)
            said = told.get("error") if isinstance(told, dict) else ""
        except orjson.JSONDecodeError:
            said = ""
    return refusal(
        reply.status,
        f"read {url.path}",
        code=reply.headers.get("x-error-code", ""),
        said=said if isinstance(said, str) else "",
        token=token,
    )


async def content(reply: Reply, url: URL) -> Any:
    """JSON, or the text of what is none; `Unexpected` for a web page and for broken JSON."""
    kind = reply.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind in ("text/html", "application/xhtml+xml"):
        if reply.status >= 400:
            return ""
        raise Unexpected(f"Could not read {url.path}: a web page came back where data was expected.", "Check the address.")
    if kind == "application/json" or kind.endswith("+json"):
        try:
            return await asyncio.to_thread(orjson.loads, reply.body) if len(reply.body) > 500_000 else orjson.loads(reply.body)
        except orjson.JSONDecodeError:
            if reply.status >= 400:
                return reply.body.decode("utf-8", "replace")[:1_000]
            raise Unexpected(
                f"Could not read {url.path}: the Hub answered something that is not JSON.", "Try again in a minute."
            ) from None
    return reply.body.decode("utf-8", "replace")
