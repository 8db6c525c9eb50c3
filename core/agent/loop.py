"""The loop: ask the model, do what it calls, ask again, until it is done or something else ends the turn.

A turn never waits for a person inside. When a call needs their word or a question is asked it ends, with the calls in the
history left open; the next turn begins by doing or refusing them. So a turn survives a restart wherever it stands.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from core.agent import healing, retries, wire
from core.agent.calling import Calling, Done, cost_of
from core.agent.values import Decision, Emit, Ending, Inbox, Limits, Message, Mind, Reply, Tool, Toolbox, ToolRequest, TooLong
from core.errors import SpacesError
from core.events import Cost, Event, Noticed, Said, Text, ignore

Fit = Callable[[list[Message], str, Sequence[Tool], bool], Awaitable[list[Message]]]
Guard = Callable[[Sequence[Message]], str | None]
GO_ON = 3  # replies that were cut by their length, joined or asked for again
PUSHES = 2
_CUT_CALLS = (
    "Your reply was cut off at the greatest length of an answer, so none of its calls was done. Send less at once: one call in a reply, "
    "a long file in several edits."
)
_CUT_TEXT = "Your reply was cut off at the greatest length of an answer. Go on exactly where it stopped, without repeating anything."
_EMPTY = "Your last reply was empty. Call a tool, or say in words how things stand and what comes next."


class Stuck(Protocol):
    note: str
    final: bool


class Watch(Protocol):
    """Sees when a turn goes round in circles."""

    def look(self, messages: Sequence[Message]) -> Stuck | None: ...


@dataclass
class Turn:
    """What one turn has come to so far."""

    iterations: int = 0
    tokens: int = 0
    usd: float = 0.0
    pushes: int = 0
    cuts: int = 0
    empties: int = 0
    begun: str = ""  # a reply that was cut by its length, to be joined with the next
    streamed: list[str] = field(default_factory=list)  # of the reply under way
    malformed: str = ""  # the tool whose arguments could not be read last

    def add(self, done: Done) -> None:
        self.usd += done.usd
        self.tokens += done.tokens

    def over(self, limits: Limits) -> Ending | None:
        """The ending at a limit that is reached."""
        go_on = "Say “go on” to continue, or change the limit."
        if self.iterations >= limits.iterations:
            return Ending("iterations", f"It stopped after {limits.iterations} rounds of work, the most of one turn. {go_on}")
        if self.tokens >= limits.tokens:
            return Ending("tokens", f"It stopped after {self.tokens:,} tokens; the limit of one turn is {limits.tokens:,}. {go_on}")
        if limits.usd is not None and self.usd >= limits.usd:
            return Ending("money", f"It stopped after about ${self.usd:.2f}; the limit of one turn is ${limits.usd:.2f}. {go_on}")
        return None


def nobody_says() -> Sequence[str]:
    """The inbox of a turn nobody talks into."""
    return ()


async def run(
    messages: list[Message],
    *,
    system: str,
    mind: Mind,
    toolbox: Toolbox,
    limits: Limits = Limits(),
    emit: Emit = ignore,
    inbox: Inbox = nobody_says,
    decisions: Mapping[str, Decision] = {},  # noqa: B006  read only
    fit: Fit | None = None,
    watch: Watch | None = None,
    guard: Guard | None = None,
    kept: Callable[[], None] = lambda: None,
    agent: str = "",
    rules: Sequence[retries.Rule] = retries.RULES,
) -> Ending:
    """Run one turn and say how it ended.

    Args:
        messages: the history; it is appended to in place and is whole again when this returns or is cancelled, but for the
            calls that wait for a person.
        system: the system's text. mind, toolbox: who thinks, and with what.
        limits: the most it may take; seconds also cut a reply under way.
        emit: gets every event. inbox: what the person said meanwhile, taken out each round.
        decisions: the person's word on calls of the last turn that waited for it, by id.
        fit: makes what is sent fit the model's context (messages, system, tools, force). watch: sees circles.
        guard: may push a model on that stops too early, with a note, twice in a turn at most.
        kept: called after every change of the history. agent: the sub-agent's id. rules: the table of retries.
    Raises CancelledError when the turn is stopped, and nothing else but what a defect raises.
    """
    turn = Turn()
    loop = _Loop(turn, messages, system, mind, toolbox, limits, emit, inbox, fit, watch, guard, kept, agent, rules)
    because = wire.UNFINISHED
    try:
        async with asyncio.timeout(limits.seconds) as clock:
            return await loop.turn(decisions)
    except TimeoutError:
        if not clock.expired():
            raise
        because = wire.OUT_OF_TIME
        loop.put_down(because)
        return Ending("time", f"It stopped after {limits.seconds / 60:.0f} minutes, the most of one turn. Say “go on” to continue.")
    except BaseException as error:
        loop.put_down(wire.STOPPED if isinstance(error, asyncio.CancelledError) else because)
        raise


@dataclass
class _Loop:
    _turn: Turn
    _messages: list[Message]
    _system: str
    _mind: Mind
    _toolbox: Toolbox
    _limits: Limits
    _emit: Emit
    _inbox: Inbox
    _fit: Fit | None
    _watch: Watch | None
    _guard: Guard | None
    _kept: Callable[[], None]
    _agent: str
    _rules: Sequence[retries.Rule]

    async def turn(self, decisions: Mapping[str, Decision]) -> Ending:
        if wire.pending(self._messages):
            self._turn.add(await self._calling().decided(decisions))
        while True:
            self._hear()
            wire.repair(self._messages)
            ending = self._turn.over(self._limits) or self._circles()
            if ending:
                return ending
            self._turn.iterations += 1
            try:
                reply = await self._reply()
            except SpacesError as error:
                self._keep_begun("".join(self._turn.streamed))
                return retries.ending_of(error, self._rules)
            ending = await self._took(reply)
            if ending:
                return ending

    def put_down(self, because: str) -> None:
        """Stopped in the middle: keep what was said so far, and leave no call without a result."""
        said = self._turn.begun + "".join(self._turn.streamed)
        if said.strip():
            self._append({"role": "assistant", "content": wire.clean(said), "meta": {"kind": "reply", "cut": True}})
            self._emit(Said(text=said, agent=self._agent))
        wire.repair(self._messages, because)
        self._kept()

    def _calling(self) -> Calling:
        return Calling(self._messages, self._toolbox, emit=self._emit, kept=self._kept, sees=self._mind.sees, agent=self._agent)

    def _append(self, message: Message) -> None:
        self._messages.append(message)
        self._kept()

    def _hear(self) -> bool:
        heard = list(self._inbox())
        for text in heard:
            self._append(wire.said(text))
        return bool(heard)

    def _circles(self) -> Ending | None:
        stuck = self._watch.look(self._messages) if self._watch else None
        if stuck is None:
            return None
        self._emit(Noticed(kind="stuck", text=stuck.note, agent=self._agent))
        if stuck.final:
            return Ending("stuck", f"{stuck.note} It stopped; say how to go on.")
        self._append(wire.note(stuck.note))
        return None

    async def _reply(self) -> Reply:
        """One reply; asked again as the table says, and with a smaller history when it does not fit."""
        tools = self._toolbox.tools()
        times: dict[type[SpacesError], int] = {}
        shrunk = 0
        while True:
            sent = await self._fit(self._messages, self._system, tools, shrunk > 0) if self._fit else list(self._messages)
            if self._turn.begun:
                sent = [*sent, {"role": "assistant", "content": self._turn.begun}, wire.note(_CUT_TEXT)]
            try:
                reply = await self._mind.reply(self._system, sent, tools, emit=self._heard)
            except TooLong:
                shrunk += 1
                if self._fit is None or shrunk > 2:
                    raise
                continue
            except SpacesError as error:
                row = retries.rule_of(error, self._rules)
                times[row.error] = times.get(row.error, 0) + 1
                wait = retries.wait_before(error, times[row.error], self._rules)
                if wait is None or sum(times.values()) >= retries.TRIES:
                    raise
                self._emit(Noticed(kind="retry", text=_again(error, wait), agent=self._agent))
                self._turn.streamed.clear()
                await asyncio.sleep(wait)
                continue
            finally:
                self._kept()  # fit may have changed the history
            self._turn.tokens += sum(reply.tokens)
            return reply

    def _heard(self, event: Event) -> None:
        """Pieces are kept until the reply is whole, costs are summed, everything goes on."""
        if isinstance(event, Text):
            self._turn.streamed.append(event.text)
        elif isinstance(event, Cost):
            self._turn.usd += cost_of(event.receipt)[0]
        self._emit(event)

    async def _took(self, reply: Reply) -> Ending | None:
        turn = self._turn
        turn.streamed.clear()
        if reply.finish == "length" and (reply.calls or reply.text):
            turn.cuts += 1
            if reply.calls:
                return self._drop_calls(reply)
            if turn.cuts <= GO_ON:
                turn.begun += reply.text
                return None
        text, turn.begun = turn.begun + reply.text, ""
        if not reply.calls and not text.strip():
            turn.empties += 1
            if turn.empties > 1:
                return Ending("failed", "The model answered nothing twice in a row. Ask again in other words, or choose another model.")
            self._append(wire.note(_EMPTY))
            return None
        turn.empties = turn.cuts = 0
        calls = healing.unique(reply.calls, _ids(self._messages))
        self._append(wire.replied(reply, calls, text=text))
        if text.strip() or reply.reasoning:
            self._emit(Said(text=text, reasoning=reply.reasoning, model=reply.model, agent=self._agent))
        return await self._call(calls) if calls else self._stopped(reply)

    def _drop_calls(self, reply: Reply) -> Ending | None:
        self._keep_begun(reply.text)
        if self._turn.cuts > GO_ON:
            return Ending("failed", "The model's replies were cut off at their greatest length again and again. Ask for less at once.")
        self._append(wire.note(_CUT_CALLS))
        return None

    def _keep_begun(self, more: str = "") -> None:
        text = self._turn.begun + more
        self._turn.begun = ""
        self._turn.streamed.clear()
        if text.strip():
            self._append({"role": "assistant", "content": wire.clean(text), "meta": {"kind": "reply", "cut": True}})
            self._emit(Said(text=text, agent=self._agent))

    async def _call(self, calls: Sequence[ToolRequest]) -> Ending | None:
        done = await self._calling().carry_out(calls)
        self._turn.add(done)
        if done.asked:
            some = "A step waits" if len(done.asked) == 1 else f"{len(done.asked)} steps wait"
            return Ending("approval", f"{some} for your word.", pending=done.pending)
        if done.question:
            return Ending("question", "It needs an answer to go on.", pending=done.pending)
        self._teach(calls)
        return None

    def _teach(self, calls: Sequence[ToolRequest]) -> None:
        """Arguments of one tool that could not be read twice in a row: say exactly how they are written."""
        for call in calls:
            if call.problem and call.name == self._turn.malformed:
                tool = next((tool for tool in self._toolbox.tools() if tool.name == call.name), None)
                self._append(wire.note(healing.how_exactly(tool, call.name)))
                self._turn.malformed = ""
                return
            self._turn.malformed = call.name if call.problem else ""

    def _stopped(self, reply: Reply) -> Ending | None:
        """The model called nothing: it is done, unless somebody has something to say to that."""
        if reply.finish == "content_filter":
            return Ending("failed", "The provider's content filter cut the answer off. Say it in other words, or choose another model.")
        if self._hear():
            return None
        push = self._guard(self._messages) if self._guard and self._turn.pushes < PUSHES else None
        if push:
            self._turn.pushes += 1
            self._append(wire.note(push))
            self._emit(Noticed(kind="verify", text=push, agent=self._agent))
            return None
        return Ending("done")


def _ids(messages: Sequence[Message]) -> set[str]:
    return {call["id"] for message in messages for call in message.get("tool_calls") or ()}


def _again(error: SpacesError, wait: float) -> str:
    begins = "It begins its answer again" if isinstance(error, retries.BrokeOff) else "It asks again"
    return f"{error.message} {begins}{f' in {wait:.0f} s' if wait >= 1 else ''}."
