"""Signing in at OpenRouter from the page: the address to open, the code that comes back, and the key that is made of it.

The verifier never leaves the session, and the key goes straight to the ring. Where OpenRouter can send the browser
back here, it brings the code itself; everywhere else the person pastes it.
"""

from __future__ import annotations

import html
import secrets
from typing import Any
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from core.addresses import is_loopback
from core.doors.rest import answer, guard, json_object
from core.doors.session import COOKIE, Session, Sessions, opened
from core.errors import SpacesError
from core.house import House
from core.providers import PROVIDERS, Key, KeyReport, base_url, exchange, read_code, shown

_CALLBACK = "/api/session/openrouter/callback"
_NAME = "openrouter"


def routes(house: House, sessions: Sessions) -> list[Route]:
    """`POST /api/session/openrouter` begins, `POST …/code` and `GET …/callback/{state}` bring the code."""
    room = house.providers

    async def begin(request: Request) -> Response:
        """`{url, state, returns, seconds}`; with `{"returns": true}` OpenRouter sends the browser back, where the address allows it."""
        session, _ = await opened(house, sessions, request.headers, request.cookies)
        back = _return_address(request) if (await json_object(request)).get("returns") is True else None
        own = room.known.get(_NAME)
        base = base_url(PROVIDERS[_NAME], own or Key(id="sign-in", provider=_NAME))
        sign_in, url = session.sign_ins.begin(base, allow_private=own is not None and own.allow_private, return_to=back)
        return answer({"url": url, "state": sign_in.state, "returns": back is not None, "seconds": 600}, 201)

    async def code(request: Request) -> Response:
        session, _ = await opened(house, sessions, request.headers, request.cookies)
        given = await json_object(request)
        key, report = await bring(session, given.get("state"), given.get("code"))
        return answer({**shown(key), "report": report.to_dict()}, 201)

    async def callback(request: Request) -> Response:
        """Where OpenRouter sends the browser. Only the session that began finds its state: the cookie must come along."""
        try:
            session, _ = await opened(house, sessions, {}, request.cookies)
            key, report = await bring(session, request.path_params["state"], request.query_params.get("code"))
        except SpacesError as error:
            return _page("The key could not be added", f"{error.message} {error.fix}", status=error.status)
        return _page("OpenRouter is connected", f"The key {key.label} is added. {report.note} You can close this tab.", added=key.id)

    async def bring(session: Session, state: object, text: object) -> tuple[Key, KeyReport]:
        word = read_code(text)
        sign_in = session.sign_ins.take(state)
        try:
            secret = await exchange(sign_in, word, room.transport)
        except BaseException:
            session.sign_ins.give_back(sign_in)
            raise
        key, report = await room.add(session.keys, {"provider": _NAME, "key": secret.reveal(), "label": "OpenRouter"})
        session.keys.order()
        return key, report

    return [
        Route("/api/session/openrouter", guard(begin), methods=["POST"]),
        Route("/api/session/openrouter/code", guard(code), methods=["POST"]),
        Route(f"{_CALLBACK}/{{state}}", callback, methods=["GET"]),
    ]


def _return_address(request: Request) -> str | None:
    """Where the browser that asks can be sent back to with its cookie: an https page, or one on its own machine."""
    origin = request.headers.get("origin") or ""
    if COOKIE not in request.cookies or not origin:
        return None
    parts = urlsplit(origin)
    return f"{origin}{_CALLBACK}" if parts.scheme == "https" or is_loopback(parts.hostname or "") else None


def _page(title: str, text: str, *, status: int = 200, added: str = "") -> Response:
    """A small page of its own; it tells the open page what was added, takes the code out of the address, and closes itself."""
    nonce = secrets.token_urlsafe(12)
    script = (
        f"history.replaceState(null, '', '{_CALLBACK}');"
        + (f"new BroadcastChannel('spaces-keys').postMessage({{ added: '{html.escape(added)}' }}); setTimeout(() => close(), 1500);" if added else "")
    )  # fmt: skip
    headers: dict[str, Any] = {
        "cache-control": "no-store",
        "referrer-policy": "no-referrer",
        "content-security-policy": f"default-src 'none'; style-src 'unsafe-inline'; script-src 'nonce-{nonce}'; frame-ancestors 'none'",
    }
    body = (
        f"<!doctype html><html lang='en'><meta charset='utf-8'><meta name='viewport' content='width=device-width'><title>{html.escape(title)}</title>"
        "<style>body{font:16px/1.5 system-ui;max-width:32rem;margin:15vh auto;padding:0 1rem;color-scheme:light dark}</style>"
        f"<h1>{html.escape(title)}</h1><p>{html.escape(text)}</p><script nonce='{nonce}'>{script}</script></html>"
    )
    return HTMLResponse(body, status_code=status, headers=headers)
