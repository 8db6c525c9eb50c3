"""Getting one whole reply: what is sent fits, errors are met as the table says, and a text cut by its length is joined."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace

from core.agent import retries, wire
from core.agent.meter import Meter, cost_of
from core.agent.values import Emit, Message, Mind, Reply, Tool, TooLong
from core.errors import SpacesError
from core.events import Cost, Event, Noticed, Text

Fit = Callable[[list[Message], str, Sequence[Tool], bool], Awaitable[list[Message]]]
GO_ON = 3  # further replies for a text that was cut by its length
SHRINKS = 2
_GO_ON = "Your reply was cut off at the greatest length of an answer. Go on exactly where it stopped, without repeating anything."


class Replies:
    """Asks a mind about one history.

    fit: makes what is sent fit the model's context (messages, system, tools, force); it may change the history.
    """

    def __init__(
        self, mind: Mind, system: str, *, meter: Meter, emit: Emit, kept: Callable[[], None], fit: Fit | None, rules: Sequence[retries.Rule], agent: str
    ):
        self._mind, self._system, self._meter, self._fit, self._rules = mind, system, meter, fit, rules
        self._emit, self._kept, self._agent = emit, kept, agent
        self._begun = ""  # of replies that were cut by their length
        self._streamed: list[str] = []  # of the reply under way

    @property
    def so_far(self) -> str:
        """What came of a reply that will not be whole."""
        return self._begun + "".join(self._streamed)

    async def next(self, messages: list[Message], tools: Sequence[Tool]) -> Reply:
        """The next reply, with a text that was cut joined to one. Raises `SpacesError`; then `so_far` has what came."""
        self._begun = ""
        for _ in range(GO_ON):
            reply = await self._one(messages, tools)
            if reply.finish != "length" or reply.calls or not reply.text or self._meter.over():
                break
            self._begun += reply.text
            self._meter.rounds += 1
        else:
            reply = await self._one(messages, tools)
        text, self._begun = self._begun + reply.text, ""
        self._streamed.clear()
        return reply if text == reply.text else replace(reply, text=text)

    async def _one(self, messages: list[Message], tools: Sequence[Tool]) -> Reply:
        """One reply; asked for again as the table says, and with a smaller history when it does not fit."""
        times: dict[type[SpacesError], int] = {}
        shrunk = 0
        while True:
            self._streamed.clear()
            sent = await self._sent(messages, tools, shrunk > 0)
            try:
                reply = await self._mind.reply(self._system, sent, tools, emit=self._heard)
            except TooLong:
                shrunk += 1
                if self._fit is None or shrunk > SHRINKS:
                    raise
            except SpacesError as error:
                row = retries.rule_of(error, self._rules).error
                times[row] = times.get(row, 0) + 1
                wait = retries.wait_before(error, times[row], self._rules)
                if wait is None or sum(times.values()) >= retries.TRIES:
                    raise
                self._emit(Noticed(kind="retry", text=retries.told(error, wait), agent=self._agent))
                await asyncio.sleep(wait)
            else:
                self._meter.tokens += sum(reply.tokens)
                return reply

    async def _sent(self, messages: list[Message], tools: Sequence[Tool], force: bool) -> list[Message]:
        sent = messages
        if self._fit:
            sent = await self._fit(messages, self._system, tools, force)
            self._kept()
        begun = [{"role": "assistant", "content": self._begun}, wire.note(_GO_ON)] if self._begun else []
        return [*sent, *begun]

    def _heard(self, event: Event) -> None:
        """Pieces are kept until the reply is whole, costs are summed, everything goes on."""
        if isinstance(event, Text):
            self._streamed.append(event.text)
        elif isinstance(event, Cost):
            self._meter.usd += cost_of(event.receipt)[0]
        self._emit(event)
