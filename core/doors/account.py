"""The routes by which a browser opens a session and hands over, checks or forgets a token.

A token never passes through a component of the page: the page posts it here, and only its last four characters
come back. Signing out gives the browser another session id: the one that could have been seen while somebody was
signed in opens nothing any more.
"""

from __future__ import annotations

from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from core.doors.rest import json_object, answer, guard
from core.doors.session import COOKIE, Session, Sessions, caller_in, checked_token, session_id
from core.hub import whoami
from core.house import House
from core.secrets import Secret


def routes(house: House, sessions: Sessions) -> list[Route]:
    """`POST /api/session` opens or confirms one; `POST|DELETE /api/session/token` sets or forgets its token."""

    async def open_session(request: Request) -> Response:
        found = sessions.find(session_id(request.headers, request.cookies))
        session = found or sessions.open()
        body: dict[str, object] = {"signed_in": session.own_token[0] is not None, "fresh": found is None}
        if COOKIE not in request.cookies:
            body["session"] = session.id  # only a page whose cookies are blocked keeps and sends this
        return with_cookie(answer(body), session, house)

    async def set_token(request: Request) -> Response:
        token = checked_token((await json_object(request)).get("token"))
        account = await _check(house, token)
        session = sessions.find(session_id(request.headers, request.cookies)) or sessions.open()
        session.token, session.asked = token, float("-inf")
        caller = await caller_in(house, session)
        return with_cookie(answer({**account, "last4": token.last4, "follows": caller.follows}), session, house)

    async def forget_token(request: Request) -> Response:
        session = sessions.find(session_id(request.headers, request.cookies))
        if session is None:
            return answer({"signed_in": False})
        session.token = None
        sessions.renew(session)
        body: dict[str, object] = {"signed_in": session.own_token[0] is not None}
        if COOKIE not in request.cookies:
            body["session"] = session.id
        return with_cookie(answer(body), session, house)

    return [
        Route("/api/session", guard(open_session), methods=["POST"]),
        Route("/api/session/token", guard(set_token), methods=["POST"]),
        Route("/api/session/token", guard(forget_token), methods=["DELETE"]),
    ]


def signing_out(house: House, sessions: Sessions, app: ASGIApp) -> ASGIApp:
    """The page's app, whose own sign-out ends what the session knew of the sign-in, and changes its id."""

    async def served(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"] != "/logout":
            return await app(scope, receive, send)
        request = Request(scope)
        session = sessions.find(session_id(request.headers, request.cookies))
        if session is None:
            return await app(scope, receive, send)
        session.signed_in = None
        sessions.renew(session)
        cookie = with_cookie(Response(), session, house).headers["set-cookie"]

        async def with_id(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).append("set-cookie", cookie)
            await send(message)

        await app(scope, receive, with_id)

    return served


async def _check(house: House, token: Secret) -> dict:
    """Ask the Hub whose token it is; raises `Unauthorized` when it is nobody's."""
    account = await whoami(house.hub, house.caller("page", token=token))
    return account.to_dict()


def with_cookie(response: Response, session: Session, house: House) -> Response:
    """The answer, giving the browser the session's id."""
    # Embedded in huggingface.co our cookie is a third-party one: None+Secure is the only kind that can survive.
    embedded = house.settings.on_a_space
    response.set_cookie(COOKIE, session.id, httponly=True, secure=embedded, samesite="none" if embedded else "lax", path="/")
    return response
