"""`GET /metrics`: what the router, the previews and the executions did, as Prometheus text. Sums; no caller, key, model, prompt or project."""

from __future__ import annotations

import asyncio

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from core.house import House


def routes(house: House) -> list[Route]:
    """The one route."""

    async def metrics(request: Request) -> Response:
        text = house.providers.metrics() + await asyncio.to_thread(house.previews.metrics) + house.executions.metrics()
        return PlainTextResponse(text, media_type="text/plain; version=0.0.4")

    return [Route("/metrics", metrics, methods=["GET"])]
