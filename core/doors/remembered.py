"""Keys a browser keeps: an encrypted copy there, what opens it here, and never the key itself.

The browser is known by a cookie of its own, which its scripts cannot read. The page stores the copies and brings
them back to a new session; "forget here" ends them on both sides.
"""

from __future__ import annotations

import asyncio
import secrets
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from core.doors.rest import answer, guard, json_object
from core.doors.session import Session, Sessions, opened
from core.errors import Conflict, Forbidden, InvalidInput, NotFound, SpacesError
from core.house import House
from core.providers import DAYS, reopened, shown

COOKIE = "spaces_os_browser"
_MOST = 32
_COOKIE_LENGTH = 43


def routes(house: House, sessions: Sessions) -> list[Route]:
    """`POST|DELETE /api/session/remembered`, `POST …/browser`, `POST …/restore`, `DELETE …/{copy}`."""
    room, safe = house.providers, house.providers.safe

    embedded = house.settings.on_a_space
    how: dict[str, Any] = {"httponly": True, "secure": embedded, "samesite": "none" if embedded else "strict", "path": "/api/session/remembered"}

    async def know(request: Request) -> Response:
        """Give the browser its cookie, or the one it has anew for another thirty days."""
        await opened(house, sessions, request.headers, request.cookies)
        held = request.cookies.get(COOKIE) or ""
        response = answer({"days": DAYS})
        response.set_cookie(COOKIE, held if len(held) == _COOKIE_LENGTH else secrets.token_urlsafe(32), max_age=DAYS * 86_400, **how)
        return response

    async def remember(request: Request) -> Response:
        """`{id}` of a key → `{copy, text, until}`; what was kept of it before is ended."""
        session, _ = await opened(house, sessions, request.headers, request.cookies)
        browser = _browser(request)
        key = session.keys.find(str((await json_object(request)).get("id") or ""))
        made = await asyncio.to_thread(safe.seal, key, browser)
        if key.sealed:
            await asyncio.to_thread(safe.drop, key.sealed)
        session.keys.change(key.id, sealed=made.id)
        return answer({"copy": made.id, "text": made.text, "until": made.until}, 201)

    async def restore(request: Request) -> Response:
        """`{copies: [text, …]}` → `{restored, gone}`: the keys that are back, and the places of copies that are of no use any more."""
        session, _ = await opened(house, sessions, request.headers, request.cookies)
        copies = (await json_object(request)).get("copies")
        if not isinstance(copies, list) or len(copies) > _MOST:
            raise InvalidInput(f"copies is a list of at most {_MOST} texts.")
        restored, gone = [], []
        for place, text in enumerate(copies):
            try:
                restored.append(await back(session, text, _browser(request)))
            except SpacesError:
                gone.append(place)
        if restored:
            session.keys.order()
        return answer({"restored": restored, "gone": gone})

    async def back(session: Session, text: object, browser: str) -> dict[str, Any]:
        id, held = await asyncio.to_thread(safe.open, text, browser)
        key = reopened(held, id, allow_private=room.allows_private, known=room.known)
        try:
            return shown(session.keys.add(key))
        except Conflict:
            same = next((one for one in (*session.keys.keys(), *session.keys.managing()) if one.secret == key.secret), None)
            if same is None:
                raise
            return shown(session.keys.change(same.id, sealed=id))

    async def forget(request: Request) -> Response:
        """End one copy; where the cookie is gone, the session that holds its key may end it too."""
        session, _ = await opened(house, sessions, request.headers, request.cookies)
        copy = request.path_params["copy"]
        held = [key for key in (*session.keys.keys(), *session.keys.managing()) if key.sealed == copy]
        ended = await asyncio.to_thread(safe.forget, request.cookies.get(COOKIE) or "", copy)
        for key in held:
            await asyncio.to_thread(safe.drop, copy)
            session.keys.change(key.id, sealed=None)
        if not ended and not held:
            raise NotFound("This browser keeps no such copy.", "It is forgotten already.")
        return answer({"forgotten": 1})

    async def forget_all(request: Request) -> Response:
        session, _ = await opened(house, sessions, request.headers, request.cookies)
        ended = await asyncio.to_thread(safe.forget, _browser(request))
        for key in (*session.keys.keys(), *session.keys.managing()):
            if key.sealed:
                session.keys.change(key.id, sealed=None)
        response = answer({"forgotten": ended})
        response.delete_cookie(COOKIE, **how)
        return response

    path = "/api/session/remembered"
    return [
        Route(path, guard(remember), methods=["POST"]),
        Route(path, guard(forget_all), methods=["DELETE"]),
        Route(path + "/browser", guard(know), methods=["POST"]),
        Route(path + "/restore", guard(restore), methods=["POST"]),
        Route(path + "/{copy}", guard(forget), methods=["DELETE"]),
    ]


def _browser(request: Request) -> str:
    held = request.cookies.get(COOKIE) or ""
    if len(held) != _COOKIE_LENGTH:
        raise Forbidden("This browser keeps no cookie of this page, so it cannot be known again.", "Open the page in a tab of its own, or allow its cookies.")
    return held
