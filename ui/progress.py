"""What happens during a tool call, told to an MCP client while it happens."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from core.events import Event, Log, Step, Text

_PACE_SECONDS = 0.1
_MOST_LETTERS = 4_000
_MOST_MESSAGES = 2_000

Send = Callable[[int, str], Awaitable[None]]


class Progress:
    """Steps and log lines go out as they come; the text of an answer in pieces, about ten a second, which joined are the text.

    send: takes the number of the message, from 1, and the message. After two thousand messages the rest is silent:
    the result holds all of it anyway.
    """

    def __init__(self, send: Send):
        self._send = send
        self._sent = 0
        self._text = ""
        self._sending: asyncio.Task[None] | None = None
        self._turn = asyncio.Lock()  # one piece after the other

    async def tell(self, event: Event) -> None:
        """Tell of an event, if it is one that is told."""
        if isinstance(event, Text):
            self._text += event.text
            if self._sending is None or self._sending.done():
                self._sending = asyncio.create_task(self._pieces())
                self._sending.add_done_callback(_seen)
        elif isinstance(event, Step | Log):
            await self.flush()
            await self._say(event.text)

    async def flush(self) -> None:
        """Tell the text that still waits for its turn."""
        while self._text or self._turn.locked():
            await self._piece()

    def close(self) -> None:
        """Stop telling."""
        if self._sending:
            self._sending.cancel()

    async def _pieces(self) -> None:
        while self._text:
            await asyncio.sleep(_PACE_SECONDS)
            await self._piece()

    async def _piece(self) -> None:
        async with self._turn:
            piece, self._text = self._text[:_MOST_LETTERS], self._text[_MOST_LETTERS:]
            if piece:
                await self._say(piece)

    async def _say(self, message: str) -> None:
        if self._sent < _MOST_MESSAGES:
            self._sent += 1
            await self._send(self._sent, message)


def _seen(task: asyncio.Task[None]) -> None:
    """A client that went away is noticed by the next message, not by a task nobody waits for."""
    if not task.cancelled():
        task.exception()
