"""Work that ends when the one who asked goes away: nobody pays for an answer nobody reads."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable
from contextlib import suppress
from typing import Any, TypeVar

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from core.errors import Cancelled

Result = TypeVar("Result")


async def while_connected(request: Request, work: Awaitable[Result]) -> Result:
    """The result of `work`; when the client goes away first, it is cancelled and `Cancelled` is raised.

    The request's body must have been read.
    """
    return await _race(request.receive, work)


class EventStream(Response):
    """Server-sent events from a generator of texts. It and its source are closed at once when the client goes away.

    source: what the generator reads from; closed here because a generator that never began closes nothing itself.
    """

    media_type = "text/event-stream"

    def __init__(self, pieces: AsyncGenerator[str, None], source: AsyncGenerator[Any, None]):
        super().__init__(headers={"cache-control": "no-store", "x-accel-buffering": "no"})
        del self.headers["content-length"]
        self._pieces = pieces
        self._source = source

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            with suppress(Cancelled, OSError):  # the client is gone, and whoever wrote to it too
                await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
                await _race(receive, self._send(send))
        finally:
            await self._pieces.aclose()
            await self._source.aclose()

    async def _send(self, send: Send) -> None:
        async for piece in self._pieces:
            await send({"type": "http.response.body", "body": piece.encode(), "more_body": True})
        await send({"type": "http.response.body", "body": b""})


async def _race(receive: Receive, work: Awaitable[Result]) -> Result:
    task = asyncio.ensure_future(work)
    gone = asyncio.ensure_future(_gone(receive))
    try:
        await asyncio.wait({task, gone}, return_when=asyncio.FIRST_COMPLETED)
        if not task.done():
            raise Cancelled("The client went away before the answer was complete.")
        return task.result()
    finally:
        for one in (task, gone):
            one.cancel()
        await asyncio.gather(task, gone, return_exceptions=True)


async def _gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
