"""One middleware before everything: host names, origins, request ids, rate limits, and routes that stay closed.

Previewed apps and deployed Spaces are served from our own port with an opaque origin (`Origin: null`). This
gate is why that is safe: under their own paths they may do as they like, on every other path a request from an
opaque or foreign origin is refused before any handler sees it.
"""

from __future__ import annotations

import ipaddress
import json
import secrets
import time
from collections import OrderedDict
from functools import lru_cache
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from core import caller
from core.errors import Forbidden, NotFound, RateLimited, SpacesError, TooLarge
from core.house import HUB_PREFIX
from core.settings import Settings

# Served with an opaque origin by the preview proxy; its own headers decide there.
APP_PATHS = ("/p/", f"{HUB_PREFIX}/s/")
# Gradio keeps these open; they expose inputs, sessions or usage (6.31).
_CLOSED = ("/gradio_api/deep_link", "/gradio_api/runs", "/gradio_api/run-history", "/monitoring", "/gradio_api/monitoring")
_LIMITED = ("/api/", "/v1/", "/gradio_api/mcp", "/gradio_api/call", "/gradio_api/run/", "/gradio_api/queue/join")
_MAX_BODY = 80 * 1024 * 1024
# frame-src keeps a preview's frame from carrying data out by navigating to another site.
_PAGE_POLICY = (
    "frame-src 'self'; object-src 'none'; base-uri 'self'; "
    "frame-ancestors 'self'{ancestors}"
)


class Gate:
    """ASGI middleware; `settings.hosts` decides which names are answered."""

    def __init__(self, app: ASGIApp, settings: Settings):
        self.app = app
        self._hosts = {host.lower() for host in settings.hosts} | {"localhost"}
        self._any_host = "*" in settings.hosts
        self._host_is_ours = lru_cache(maxsize=256)(self._is_our_host)  # few names, asked with every request
        self._on_a_space = settings.on_a_space
        self._limiter = RateLimit(per_minute=settings.requests_per_minute)
        ancestors = " https://huggingface.co" if settings.on_a_space else ""
        self._policy = _PAGE_POLICY.format(ancestors=ancestors)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            return await self.app(scope, receive, send)
        request_id = secrets.token_hex(8)
        scope.setdefault("state", {})["request_id"] = request_id
        caller.request_id.set(request_id)
        headers = Headers(scope=scope)
        try:
            self._check(scope, headers)
        except SpacesError as error:
            return await _refuse(scope, send, error, request_id)

        async def send_marked(message: Message) -> None:
            if message["type"] == "http.response.start":
                answer = MutableHeaders(scope=message)
                answer["x-request-id"] = answer.get("x-request-id") or request_id
                if not scope["path"].startswith((*APP_PATHS, HUB_PREFIX + "/")):
                    answer.setdefault("content-security-policy", self._policy)
                    answer.setdefault("x-content-type-options", "nosniff")
                    answer.setdefault("referrer-policy", "same-origin")
            await send(message)

        await self.app(scope, receive, send_marked)

    def _check(self, scope: Scope, headers: Headers) -> None:
        path = scope["path"]
        host = headers.get("host", "")
        if path in ("/healthz", "/readyz"):
            return
        if not self._host_is_ours(host):
            raise Forbidden("This address is not one the server answers to.", "Add the host name to `hosts` in agentic-config.yaml.")
        if path.startswith(_CLOSED):
            raise NotFound("There is nothing at this path.")
        if path.startswith(APP_PATHS):
            return
        self._check_origin(scope, headers, host)
        if not path.startswith(HUB_PREFIX + "/") and int(headers.get("content-length") or 0) > _MAX_BODY:
            raise TooLarge(f"The request is larger than {_MAX_BODY // 1024 // 1024} MB.")
        if path.startswith(_LIMITED):
            self._limiter.take(_visitor(scope, headers, on_a_space=self._on_a_space))

    def _is_our_host(self, host: str) -> bool:
        name = (urlsplit(f"//{host}").hostname or "").lower() if host else ""
        if self._any_host or name in self._hosts or name.endswith(".localhost"):
            return True
        try:
            ipaddress.ip_address(name)  # a numeric host cannot be a rebound DNS name
            return True
        except ValueError:
            return False

    def _check_origin(self, scope: Scope, headers: Headers, host: str) -> None:
        origin = headers.get("origin")
        theirs = urlsplit(origin).netloc.lower() if origin else None
        if origin is not None and (origin == "null" or theirs not in {host.lower(), *self._hosts}):
            raise Forbidden("The request comes from another origin.", "Open the page itself, or call without an Origin header.")
        # "same-site" is another origin too: another port of this machine, another Space beside ours.
        if headers.get("sec-fetch-site") in ("cross-site", "same-site"):
            navigates = headers.get("sec-fetch-mode") == "navigate" and scope.get("method") == "GET"
            if not navigates or headers.get("sec-fetch-dest") in ("object", "embed"):
                raise Forbidden("The request comes from another site.", "Open the page itself.")


class RateLimit:
    """A token bucket for each visitor: `per_minute` requests, refilled evenly, bursts of the same size."""

    def __init__(self, *, per_minute: int, visitors: int = 20_000):
        self._rate = per_minute / 60
        self._burst = float(per_minute)
        self._visitors = visitors
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def take(self, visitor: str) -> None:
        """Use one token, or raise `RateLimited` with the seconds to wait."""
        now = time.monotonic()
        level, since = self._buckets.pop(visitor, (self._burst, now))
        level = min(self._burst, level + (now - since) * self._rate)
        self._buckets[visitor] = (max(0.0, level - 1), now)
        while len(self._buckets) > self._visitors:
            self._buckets.popitem(last=False)
        if level < 1:
            wait = max(1, round((1 - level) / self._rate))
            raise RateLimited(f"Too many requests; the next one is served in {wait} s.", retry_after=wait)


def _visitor(scope: Scope, headers: Headers, *, on_a_space: bool) -> str:
    # A proxy in front of us stands in a private network and adds the right-most address, which alone cannot be forged;
    # whoever comes directly could have written all of them. On a Space nobody does, and the server names the left-most as peer.
    peer = (scope.get("client") or ("unknown",))[0]
    forwarded = ",".join(headers.getlist("x-forwarded-for")).rsplit(",", 1)[-1].strip()
    return peer if _is_public(peer) and not on_a_space else forwarded or peer


def _is_public(peer: str) -> bool:
    try:
        return ipaddress.ip_address(peer).is_global
    except ValueError:
        return False


async def _refuse(scope: Scope, send: Send, error: SpacesError, request_id: str) -> None:
    if scope["type"] == "websocket":
        await send({"type": "websocket.close", "code": 4403, "reason": error.code})
        return
    body = json.dumps({"error": error.to_dict()}).encode()
    headers = [(b"content-type", b"application/json"), (b"x-request-id", request_id.encode())]
    if "retry_after" in error.details:
        headers.append((b"retry-after", str(error.details["retry_after"]).encode()))
    await send({"type": "http.response.start", "status": error.status, "headers": headers})
    await send({"type": "http.response.body", "body": b"" if scope.get("method") == "HEAD" else body})
