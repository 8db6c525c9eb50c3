"""The routes by which the page hands over, shows, orders, tests, rotates and forgets provider keys, and sets limits.

A key comes in here once and never goes out again: what comes back is its label, its last four characters and what
its upstream says of it.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from core.caller import Caller
from core.doors.rest import answer, guard, json_object
from core.doors.run import run_action
from core.doors.session import Session, Sessions, opened
from core.errors import InvalidInput
from core.house import House
from core.providers import billed, rotated, shown
from core.registry import Call


_OTHER_KIND = {True: "This is a key for models, not a management key.", False: "This is a management key, not one for models."}


def routes(house: House, sessions: Sessions) -> list[Route]:
    """`GET|POST|DELETE /api/session/keys`, `PATCH|DELETE /api/session/keys/{id}`, `POST …/{id}/test`, `POST …/order`, `PUT /api/session/budget`."""
    room = house.providers

    async def of(request: Request) -> tuple[Session, Caller]:
        return await opened(house, sessions, request.headers, request.cookies)

    async def manage(request: Request, **given: Any) -> Response:
        _, caller = await of(request)
        return answer(await run_action("provider_manage_keys", given, Call(caller, house)))

    async def listed(request: Request) -> Response:
        return await manage(request, command="list")

    async def add(request: Request) -> Response:
        session, _ = await of(request)
        key, report = await room.add(session.keys, await json_object(request))
        return answer({**shown(key), "report": report.to_dict()}, 201)

    async def change(request: Request) -> Response:
        session, caller = await of(request)
        given = await json_object(request)
        id = request.path_params["id"]
        found = session.keys.find(id)
        fields: dict[str, Any] = {}
        if "key" in given:
            fields["secret"] = rotated(found, given["key"])
        if "label" in given:
            fields["label"] = _label(given["label"]) or found.provider
        if "disabled" in given:
            fields["disabled"] = given["disabled"] is True
        if "bill_to" in given:
            fields["bill_to"] = billed(found, given["bill_to"])
        if not fields:
            raise InvalidInput("There is nothing to change.", "Send label, disabled, bill_to, or a new key.")
        if "secret" in fields:
            report = await room.check(replace(found, **fields))  # a new key that is refused does not replace the old
            if report.checked and report.management != found.management:
                raise InvalidInput(_OTHER_KIND[found.management], "Remove the old one and add this one.")
            if report.checked:
                fields |= {"payers": report.orgs, "bill_to": found.bill_to if found.bill_to in report.orgs else None}
            await room.forget(found, caller.id)
            fields["sealed"] = None  # the copy a browser has is of the old key
        return answer({**shown(session.keys.change(id, **fields)), "was_remembered": found.sealed})

    async def remove(request: Request) -> Response:
        session, caller = await of(request)
        await room.forget(session.keys.remove(request.path_params["id"]), caller.id)
        return answer({"removed": 1})

    async def clear(request: Request) -> Response:
        session, caller = await of(request)
        gone = session.keys.clear()
        for key in gone:
            await room.forget(key, caller.id)
        return answer({"removed": len(gone)})

    async def test(request: Request) -> Response:
        return await manage(request, command="test", ids=[request.path_params["id"]])

    async def order(request: Request) -> Response:
        return await manage(request, command="order", ids=(await json_object(request)).get("ids"))

    async def budget(request: Request) -> Response:
        _, caller = await of(request)
        return answer(await run_action("provider_set_budget", await json_object(request), Call(caller, house)))

    table: list[tuple[str, Callable[[Request], Awaitable[Response]], str]] = [
        ("/api/session/keys", listed, "GET"),
        ("/api/session/keys", add, "POST"),
        ("/api/session/keys", clear, "DELETE"),
        ("/api/session/keys/order", order, "POST"),
        ("/api/session/keys/{id}", change, "PATCH"),
        ("/api/session/keys/{id}", remove, "DELETE"),
        ("/api/session/keys/{id}/test", test, "POST"),
        ("/api/session/budget", budget, "PUT"),
    ]
    return [Route(path, guard(handler), methods=[method]) for path, handler, method in table]


def _label(value: object) -> str:
    return "".join(letter for letter in " ".join(value.split()) if letter.isprintable())[:60] if isinstance(value, str) else ""
