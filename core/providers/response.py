"""An upstream's answer as it is read: whole, as events or as an error, each within a size and a time."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import orjson

from core.providers.policy import Fault
from core.providers.sse import DONE, Events

ANSWER_BYTES = 32_000_000
ERROR_BYTES = 64_000
_ERROR_SECONDS = 5
_GOODBYE_SECONDS = 0.5
_LAST_WORDS_SECONDS = 2.0
_leaving: set[asyncio.Task[None]] = set()


class Response:
    """An answer whose headers came."""

    def __init__(self, response: aiohttp.ClientResponse, deadline: float, idle: float):
        self._response = response
        self._deadline = deadline
        self._idle = idle
        self.status = response.status
        self.headers = response.headers

    @property
    def content_type(self) -> str:
        return self._response.content_type.lower()

    async def body(self, limit: int = ANSWER_BYTES, *, deadline: float | None = None) -> bytes:
        """The whole body. A body longer than `limit` bytes is a `Fault`, before the rest of it is read.

        Spaces may come for as long as the upstream thinks; once the answer begins it must be complete within the idle time.
        """
        content = self._response.content
        if content.is_eof() and content.total_bytes <= limit:
            return content.read_nowait()  # it came with the headers
        until = min(self._deadline, deadline or self._deadline)
        clock = asyncio.get_running_loop().time
        idle = clock() + self._idle
        pieces: list[bytes] = []
        size = 0
        began = False
        while True:
            piece = await self._piece(min(until, idle))
            if not piece:
                return b"".join(pieces) if len(pieces) != 1 else pieces[0]
            if not began:
                began = not piece.isspace()
                idle = clock() + self._idle
            pieces.append(piece)
            size += len(piece)
            if size > limit:
                raise Fault("nonsense", f"sent more than {limit} bytes.", status=self.status)

    async def json(self) -> Any:
        """The whole body as JSON; a `Fault` that says what came instead."""
        body = await self.body()
        try:
            return orjson.loads(body)
        except orjson.JSONDecodeError:
            what = "a web page" if body.lstrip()[:1] == b"<" else f"{len(body)} bytes that are not JSON" if body.strip() else "nothing"
            raise Fault("empty" if what == "nothing" else "nonsense", f"answered {what} instead of JSON.", status=self.status) from None

    async def error_body(self) -> Any:
        """What an error answer says: JSON, text or None; never slower or larger than an error deserves."""
        try:
            body = await self.body(ERROR_BYTES, deadline=asyncio.get_running_loop().time() + _ERROR_SECONDS)
        except Fault:
            return None
        try:
            return orjson.loads(body)
        except orjson.JSONDecodeError:
            return None if body.lstrip()[:1] == b"<" else body.decode("utf-8", "replace")

    async def events(self) -> AsyncIterator[list[bytes]]:
        """The payloads of the stream, in batches as they arrive; ends at `[DONE]`, which is the last payload, or at its end.

        Only an event moves the idle deadline, so bytes that drip without ever completing one do not hold us.
        """
        parser = Events()
        clock = asyncio.get_running_loop().time
        until = clock() + self._idle
        size = 0
        while True:
            piece = await self._piece(min(self._deadline, until))
            size += len(piece)
            if size > ANSWER_BYTES:
                raise Fault("nonsense", f"sent more than {ANSWER_BYTES} bytes.", status=self.status)
            batch = parser.feed(piece) if piece else parser.end()
            if batch:
                yield batch
                if DONE in batch:
                    return
                until = clock() + self._idle
            elif piece.startswith(b":"):
                until = clock() + self._idle  # a comment says that the upstream is still at work
            if not piece:
                return

    def expect_the_end(self) -> None:
        """The answer is complete; what may still come (usage, `[DONE]`) is waited for shortly."""
        self._idle = min(self._idle, _LAST_WORDS_SECONDS)

    async def _piece(self, until: float) -> bytes:
        try:
            async with asyncio.timeout_at(until):
                return await self._response.content.readany()
        except TimeoutError:
            raise Fault("timeout", "stopped sending before its answer was complete.", status=self.status) from None
        except (aiohttp.ClientError, OSError, ValueError) as error:
            raise Fault("cut", f"broke off its answer ({type(error).__name__}).", status=self.status) from None

    def leave(self) -> None:
        """Give the connection back when the answer is complete. The closing chunk often comes a packet after `[DONE]`:
        it is waited for without holding the caller, and a connection on which it does not come is closed."""
        if self._response.content.is_eof():
            self._response.release()
            return
        task = asyncio.ensure_future(self._say_goodbye())
        _leaving.add(task)
        task.add_done_callback(_leaving.discard)

    def drop(self) -> None:
        """End an answer that is not wanted any more; its connection is closed unless it had come whole."""
        if self._response.content.is_eof():
            self._response.release()
        else:
            self._response.close()

    async def _say_goodbye(self) -> None:
        try:
            async with asyncio.timeout(_GOODBYE_SECONDS):
                await self._response.content.readany()
        except (TimeoutError, aiohttp.ClientError, OSError):
            pass
        finally:
            self.drop()
