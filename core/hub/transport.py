"""How huggingface_hub's own HTTP client behaves in this process: no cookies, no endless waits, no request after a stop.

The library shares one client between all callers, without a time limit, with one cookie jar for everybody,
sleeps up to a whole rate-limit window inside its retries, and asks again without a pause while a repository
is being created. The two event hooks here put a bound on each of these.
"""

from __future__ import annotations

import logging
import os
import sys
import threading
import time
from contextvars import ContextVar
from dataclasses import dataclass, field
from functools import cache
from http.cookiejar import DefaultCookiePolicy

import httpx

from core.errors import Cancelled, Conflict, RateLimited, TimedOut
from core.reading import tls

CONNECT_SECONDS, READ_SECONDS = 5.0, 20.0
LONGEST_WAIT = 4.0  # a rate limit that asks for more than this is told to the caller instead of slept through
_CONFLICT_WAITS = (0.2, 0.5, 1.0, 2.0)


@dataclass
class Ticket:
    """One call of ours on its way through the library: until when it may go on, and whether it was stopped."""

    deadline: float = field(default_factory=lambda: time.monotonic() + 60)
    over: bool = False
    conflicts: int = 0


ticket: ContextVar[Ticket | None] = ContextVar("ticket", default=None)
_preparing = threading.Lock()


def prepare() -> None:
    """Give huggingface_hub our client and switch off its implicit token, telemetry and progress bars. Repeating is harmless."""
    with _preparing:
        _prepare()


@cache
def _prepare() -> None:
    switches = {
        "HF_HUB_DISABLE_IMPLICIT_TOKEN": "1",
        "HF_HUB_DISABLE_TELEMETRY": "1",
        "HF_HUB_DISABLE_PROGRESS_BARS": "1",
    }
    os.environ.update(switches)
    already_imported = "huggingface_hub" in sys.modules
    import huggingface_hub
    from huggingface_hub import constants
    from huggingface_hub.utils import disable_progress_bars

    if already_imported:
        for name in switches:
            setattr(constants, name, True)
    disable_progress_bars()
    logging.getLogger("httpcore").setLevel(logging.INFO)  # at DEBUG it writes the headers of answers, cookies included
    constants.HF_DEBUG = False  # it logs request bodies, and the body that creates a Space holds its secrets
    huggingface_hub.set_client_factory(_client)
    tls()


def _client() -> httpx.Client:
    from huggingface_hub.utils._http import hf_request_event_hook  # offline mode and request ids live there

    client = httpx.Client(
        follow_redirects=True,
        verify=tls(),
        timeout=httpx.Timeout(READ_SECONDS, connect=CONNECT_SECONDS),
        event_hooks={"request": [hf_request_event_hook, _before_request], "response": [_after_response]},
    )
    client._cookies.jar.set_policy(DefaultCookiePolicy(allowed_domains=[]))
    return client


def _before_request(request: httpx.Request) -> None:
    # Listings pass timeout=None explicitly, which would lift the client's own limits.
    limits = request.extensions.get("timeout") or {}
    request.extensions["timeout"] = {
        name: limits.get(name) or (CONNECT_SECONDS if name == "connect" else READ_SECONDS)
        for name in ("connect", "read", "write", "pool")
    }
    current = ticket.get()
    if current is None:
        return
    if current.over:
        raise Cancelled("It was stopped before its next request to the Hub.")
    if time.monotonic() > current.deadline:
        raise TimedOut("The Hub kept failing until the time allowed was over.")


def _after_response(response: httpx.Response) -> None:
    current = ticket.get()
    if response.status_code == 429:
        seconds = retry_after(response)
        if seconds is not None and seconds > LONGEST_WAIT:
            raise RateLimited(
                f"The Hub takes no more requests from this account for {seconds} seconds.",
                f"Try again in {seconds} seconds.",
                retry_after=seconds,
            )
    if response.status_code == 409 and response.request.url.path.endswith("/api/repos/create") and current is not None:
        response.read()
        if "another conflicting operation is in progress" not in response.text:
            return
        if current.conflicts >= len(_CONFLICT_WAITS):
            raise Conflict(
                "The Hub is still busy with another change of this account.",
                "Wait until the other operation is done and try again.",
            )
        time.sleep(_CONFLICT_WAITS[current.conflicts])
        current.conflicts += 1


def retry_after(response: httpx.Response) -> int | None:
    """Seconds until a rate limit ends, as the answer tells it; None when it does not."""
    from huggingface_hub.utils import parse_ratelimit_headers

    limit = parse_ratelimit_headers(response.headers)
    if limit is not None and limit.remaining == 0:
        return limit.reset_in_seconds + 1
    text = response.headers.get("retry-after", "")
    return int(text) if text.isdigit() and int(text) < 86400 else None
