"""`GET /api/providers` with health, and `POST /api/providers/route`, whole or as server-sent events."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator, AsyncIterator

from pydantic_core import to_jsonable_python
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from core.doors.connected import EventStream, while_connected
from core.doors.rest import MAX_ARGUMENTS, answer, guard, json_object
from core.doors.run import follow_action, run_action
from core.doors.session import Sessions, identify
from core.events import Done, Event, Failed
from core.house import House
from core.providers import PROVIDERS
from core.registry import Call

_ACTION = "provider_route_request"
_EVENTS = {"Text": "text", "Reasoning": "reasoning", "ToolCall": "tool_call", "Cost": "receipt"}


def routes(house: House, sessions: Sessions) -> list[Route]:
    """The two routes."""

    async def call_of(request: Request) -> Call:
        return Call(await identify(house, sessions, "rest", request.headers, request.cookies), house)

    async def listed(request: Request) -> Response:
        return answer(await providers(await call_of(request)))

    async def route(request: Request) -> Response:
        """The body is that of the action; `stream: true`, or `Accept: text/event-stream`, gives events instead of one object."""
        call, given = await call_of(request), await json_object(request, most=MAX_ARGUMENTS)
        if given.get("stream") is True or "text/event-stream" in request.headers.get("accept", ""):
            events = follow_action(_ACTION, {**given, "stream": True}, call)
            first = await while_connected(request, anext(events))
            if isinstance(first, Failed):
                return answer({"error": first.error}, first.error["status"])  # nothing was said yet: a plain error
            return EventStream(_lines(first, events), events)
        return answer(await while_connected(request, run_action(_ACTION, given, call)))

    return [
        Route("/api/providers", guard(listed), methods=["GET"]),
        Route("/api/providers/route", guard(route), methods=["POST"]),
    ]


async def providers(call: Call) -> dict:
    """Each provider as `{provider, title, configured, needs_key, state, keys: [{key, owner, state, seconds, disabled}]}`.

    state is ready when any key is, else cooling, rejected or disabled; none without a key.
    """
    room = call.house.providers
    health = [row for row in room.health(call.caller) if row["state"] != "none"]
    names = dict.fromkeys([*(row["provider"] for row in health), *PROVIDERS])
    items = []
    for name in names:
        keys = [{field: row[field] for field in ("key", "owner", "state", "seconds", "disabled")} for row in health if row["provider"] == name]
        states = {"disabled" if key["disabled"] else key["state"] for key in keys}
        row = PROVIDERS.get(name)
        items.append(
            {
                "provider": name,
                "title": row.title if row else name,
                "configured": bool(keys),
                "needs_key": row.needs_key if row else True,
                "state": next((state for state in ("ready", "cooling", "rejected", "disabled") if state in states), "none"),
                "keys": keys,
            }
        )
    budget = await room.budget(call.caller)
    return {"ok": True, "item": None, "items": items, "meta": {"count": len(items), "budget": budget}, "error": None}


async def _lines(first: Event, events: AsyncIterator[Event]) -> AsyncGenerator[str, None]:
    """Events text, reasoning, tool_call and receipt as they come, then one `result`, or one `error`."""
    event: Event | None = first
    while event is not None:
        if isinstance(event, Done | Failed):
            done = isinstance(event, Done)
            yield _line("result" if done else "error", event.result if done else {"error": event.error})
            return
        data = event.to_dict()
        yield _line(_EVENTS.get(data.pop("event"), "event"), data)
        event = await anext(events, None)


def _line(kind: str, data: object) -> str:
    return f"event: {kind}\ndata: {json.dumps(to_jsonable_python(data))}\n\n"
