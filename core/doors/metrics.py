"""`GET /metrics`: what the router did, as Prometheus text. Sums over everybody; no caller, key, model or prompt."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from core.house import House


def routes(house: House) -> list[Route]:
    """The one route."""

    async def metrics(request: Request) -> Response:
        return PlainTextResponse(house.providers.metrics(), media_type="text/plain; version=0.0.4")

    return [Route("/metrics", metrics, methods=["GET"])]
