"""The route by which the page connects a server that needs a header: a secret comes in here once and never goes out again."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from core.doors.rest import answer, guard, json_object
from core.doors.session import Sessions, identify
from core.house import House


def routes(house: House, sessions: Sessions) -> list[Route]:
    """`POST /api/session/connections` with `url` or `space`, `name`, `headers`, `hub_token`, `trust_reads`."""

    async def connect(request: Request) -> Response:
        caller = await identify(house, sessions, "rest", request.headers, request.cookies)
        return answer(await house.outside.connect(caller, await json_object(request)), 201)

    return [Route("/api/session/connections", guard(connect), methods=["POST"])]
