"""`GET /healthz` = the process answers; `GET /readyz` = store, Hub and sandbox, each with a status."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from core.errors import AppFailed
from core.house import House

_FRESH_SECONDS = 5.0


def routes(house: House) -> list[Route]:
    """The two routes. `/readyz` is 503 while a part fails; its answer is kept for five seconds."""
    kept: tuple[float, dict] = (0.0, {})

    async def alive(request: Request) -> Response:
        return JSONResponse({"status": "ok"})

    async def ready(request: Request) -> Response:
        nonlocal kept
        if time.monotonic() - kept[0] > _FRESH_SECONDS:
            kept = (time.monotonic(), await readiness(house))
        parts = kept[1]
        fine = all(part["status"] == "ok" for part in parts.values())
        return JSONResponse({"status": "ok" if fine else "degraded", "parts": parts}, status_code=200 if fine else 503)

    return [Route("/healthz", alive, methods=["GET", "HEAD"]), Route("/readyz", ready, methods=["GET"])]


async def readiness(house: House) -> dict[str, dict]:
    """Each part as `{status: ok|failed, detail}`."""

    async def store() -> str:
        await asyncio.to_thread(house.store.check)
        return "open"

    async def hub() -> str:
        await house.hub.ping()
        return house.hub.endpoint

    async def sandbox() -> dict:
        status = await asyncio.to_thread(house.previews.status)
        if not status.available:
            raise AppFailed("No engine can run an app here.")
        return status.to_dict()

    parts: dict[str, Callable[[], Awaitable[str | dict]]] = {"store": store, "hub": hub, "sandbox": sandbox}
    return {name: await _state(check) for name, check in parts.items()}


async def _state(check: Callable[[], Awaitable[str | dict]]) -> dict:
    try:
        return {"status": "ok", "detail": await asyncio.wait_for(check(), timeout=5)}
    except Exception as error:  # whatever is wrong with a part, the answer names it
        return {"status": "failed", "detail": getattr(error, "message", type(error).__name__)}
