"""`GET /api/chats/{id}/events`: what happens in a chat as server-sent events, for any number of readers."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator
from contextlib import suppress

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from core.doors.connected import EventStream
from core.doors.rest import guard
from core.doors.session import Sessions, identify
from core.errors import InvalidInput, SpacesError
from core.events import Event
from core.house import House
from core.registry import Call

_BEAT_SECONDS = 15.0


def routes(house: House, sessions: Sessions) -> list[Route]:
    """The one route. `?after=` or Last-Event-ID: the number of the event seen last; `?stay=true` goes on when a turn has ended."""

    async def follow(request: Request) -> Response:
        call = Call(await identify(house, sessions, "rest", request.headers, request.cookies), house)
        chat = request.path_params["id"]
        after = _number(request.headers.get("last-event-id") or request.query_params.get("after") or "0")
        stay = request.query_params.get("stay") == "true"
        await house.agents.open(call, chat)  # what is wrong is told as an error, before the stream begins
        events = house.agents.follow(call, chat, after, stay=stay)
        return EventStream(lines(events), events)

    return [Route("/api/chats/{id}/events", guard(follow), methods=["GET"])]


async def lines(events: AsyncGenerator[Event, None], beat: float = _BEAT_SECONDS) -> AsyncGenerator[str, None]:
    """Each event under its name and number; a comment while nothing happens, so that nobody in between gives up; at last `end`.

    Pieces that have not become a whole have no number: a reader that comes back gets the whole.
    """
    waiting: asyncio.Future[Event | None] | None = None
    try:
        while True:
            waiting = waiting or asyncio.ensure_future(anext(events, None))
            await asyncio.wait({waiting}, timeout=beat)
            if not waiting.done():
                yield ": still here\n\n"
                continue
            event, waiting = waiting.result(), None
            if event is None:
                yield "event: end\ndata: {}\n\n"
                return
            number = f"id: {event.seq}\n" if event.seq else ""
            yield f"{number}event: {type(event).__name__}\ndata: {json.dumps(event.to_dict(), default=str)}\n\n"
    except SpacesError as error:
        yield f"event: error\ndata: {json.dumps({'error': error.to_dict()})}\n\n"
    finally:
        if waiting is not None:
            waiting.cancel()
            with suppress(asyncio.CancelledError, StopAsyncIteration, SpacesError):
                await waiting


def _number(text: str) -> int:
    try:
        return max(0, int(text))
    except ValueError:
        raise InvalidInput("The number of the last event is not a number.", "Send the id of the event you saw last, or nothing.") from None
