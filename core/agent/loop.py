"""The loop: ask the model, do what it calls, ask again, until it is done or something else ends the turn.

A turn never waits for a person inside. When a call needs their word or a question is asked it ends, with the calls in the
history left open; the next turn begins by doing or refusing them. So a turn survives a restart wherever it stands.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

from core.agent import healing, retries, wire
from core.agent.calling import Calling, Done
from core.agent.meter import Meter
from core.agent.replies import Fit, Replies
from core.agent.values import Decision, Emit, Ending, Inbox, Limits, Message, Mind, Reply, Toolbox, ToolRequest
from core.errors import SpacesError
from core.events import Noticed, Said, ignore

Guard = Callable[[list[Message]], str | None]
PUSHES = 2
CUTS = 3  # replies in a row whose calls were cut by their length
_CUT_CALLS = (
    "Your reply was cut off at the greatest length of an answer, so none of its calls was done. Send less at once: one call in a reply, "
    "a long file in several edits."
)
_EMPTY = "Your last reply was empty. Call a tool, or say in words how things stand and what comes next."
_GO_ON = "Go on where you stopped."
# What a person is told where the model reads a note of ours.
_NOT_DONE = "It looks over its plan and the app once more before it says that it is done."
_REPEATS = "It repeats itself without getting further, and was told to take another way."


class Stuck(Protocol):
    """What repeats, for the model; final: it is the second time, and a person is asked."""

    note: str
    final: bool


class Watch(Protocol):
    """Sees when a turn goes round in circles."""

    def look(self, messages: Sequence[Message]) -> Stuck | None: ...


async def nobody_says() -> Sequence[str]:
    """The inbox of a turn nobody talks into."""
    return ()


def not_kept() -> None:
    """Where nobody keeps the history."""


async def run(
    messages: list[Message],
    *,
    system: str,
    mind: Mind,
    toolbox: Toolbox,
    limits: Limits | None = None,
    emit: Emit = ignore,
    inbox: Inbox = nobody_says,
    decisions: Mapping[str, Decision] | None = None,
    fit: Fit | None = None,
    watch: Watch | None = None,
    guard: Guard | None = None,
    kept: Callable[[], None] = not_kept,
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
        guard: may push a model on that stops too early, with a note; twice in a turn at most.
        kept: called after every change of the history. agent: the sub-agent's id. rules: the table of retries.
    Raises CancelledError when the turn is stopped, and nothing else but what a defect raises.
    """
    turn = _Turn(
        messages, system=system, mind=mind, toolbox=toolbox, meter=Meter(limits or Limits()), emit=emit, inbox=inbox,
        fit=fit, watch=watch, guard=guard, kept=kept, agent=agent, rules=rules,
    )  # fmt: skip
    try:
        async with asyncio.timeout(turn.meter.limits.seconds) as clock:
            return await turn.run(decisions or {})
    except TimeoutError:
        if not clock.expired():
            raise
        turn.put_down(wire.OUT_OF_TIME)
        return turn.meter.out_of_time()
    except BaseException as error:
        turn.put_down(wire.STOPPED if isinstance(error, asyncio.CancelledError) else wire.UNFINISHED)
        raise


class _Turn:
    """One turn while it runs. The arguments are those of `run`."""

    def __init__(
        self,
        messages: list[Message],
        *,
        system: str,
        mind: Mind,
        toolbox: Toolbox,
        meter: Meter,
        emit: Emit,
        inbox: Inbox,
        fit: Fit | None,
        watch: Watch | None,
        guard: Guard | None,
        kept: Callable[[], None],
        agent: str,
        rules: Sequence[retries.Rule],
    ):
        self.meter = meter
        self._messages, self._mind, self._toolbox = messages, mind, toolbox
        self._emit, self._inbox, self._kept, self._agent = emit, inbox, kept, agent
        self._watch, self._guard, self._rules = watch, guard, rules
        self._replies = Replies(mind, system, meter=meter, emit=emit, kept=kept, fit=fit, rules=rules, agent=agent)
        self._cuts = self._empties = self._pushes = 0
        self._malformed = ""  # the tool whose arguments could not be read last

    async def run(self, decisions: Mapping[str, Decision]) -> Ending:
        if wire.pending(self._messages):
            self._count(await self._calling().decided(decisions))
        while True:
            await self._hear()
            if wire.repair(self._messages):
                self._kept()
            if ending := self.meter.over() or self._circles():
                return ending
            if self._messages and self._messages[-1]["role"] == "assistant":
                self._append(wire.note(_GO_ON))  # many upstreams take no conversation that ends with the model's own words
            self.meter.rounds += 1
            try:
                reply = await self._replies.next(self._messages, self._toolbox.tools())
            except SpacesError as error:
                self._keep(self._replies.so_far)
                return retries.ending_of(error, self._rules)
            if ending := await self._took(reply):
                return ending

    def put_down(self, because: str) -> None:
        """Stopped in the middle: keep what was said so far, and leave no call without a result."""
        self._keep(self._replies.so_far)
        wire.repair(self._messages, because)
        self._kept()

    async def _took(self, reply: Reply) -> Ending | None:
        if reply.calls and reply.finish == "length":
            return self._drop_calls(reply)
        if not reply.calls and not reply.text.strip():
            self._empties += 1
            if self._empties > 1:
                return Ending("failed", "The model answered nothing twice in a row. Ask again in other words, or choose another model.")
            self._append(wire.note(_EMPTY))
            return None
        self._empties = self._cuts = 0
        calls = healing.unique(reply.calls, {call["id"] for one in self._messages for call in one.get("tool_calls") or ()})
        self._say(wire.replied(reply, calls), reply)
        return await self._call(calls) if calls else await self._stopped(reply)

    def _drop_calls(self, reply: Reply) -> Ending | None:
        self._cuts += 1
        self._keep(reply.text)
        if self._cuts > CUTS:
            return Ending("failed", "The model's replies were cut off at their greatest length again and again. Ask for less at once.")
        self._append(wire.note(_CUT_CALLS))
        return None

    async def _call(self, calls: Sequence[ToolRequest]) -> Ending | None:
        done = await self._calling().carry_out(calls)
        self._count(done)
        if done.pending:
            wire.wait(self._messages, done.pending)
            self._kept()
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
            if call.problem and call.name == self._malformed:
                tool = next((tool for tool in self._toolbox.tools() if tool.name == call.name), None)
                self._append(wire.note(healing.how_exactly(tool, call.name)))
                self._malformed = ""
                return
            self._malformed = call.name if call.problem else ""

    async def _stopped(self, reply: Reply) -> Ending | None:
        """The model called nothing: it is done, unless somebody has something to say to that."""
        if reply.finish == "content_filter":
            return Ending("failed", "The provider's content filter cut the answer off. Say it in other words, or choose another model.")
        if await self._hear():
            return None
        push = self._guard(self._messages) if self._guard and self._pushes < PUSHES else None
        if not push:
            return Ending("done")
        self._pushes += 1
        self._append(wire.note(push))
        self._emit(Noticed(kind="verify", text=_NOT_DONE, agent=self._agent))
        return None

    def _circles(self) -> Ending | None:
        stuck = self._watch.look(self._messages) if self._watch else None
        if stuck is None:
            return None
        self._emit(Noticed(kind="stuck", text=stuck.note if stuck.final else _REPEATS, agent=self._agent))
        if stuck.final:
            return Ending("stuck", stuck.note)
        self._append(wire.note(stuck.note))
        return None

    async def _hear(self) -> bool:
        heard = list(await self._inbox())
        for text in heard:
            self._append(wire.said(text))
        return bool(heard)

    def _calling(self) -> Calling:
        return Calling(self._messages, self._toolbox, emit=self._emit, kept=self._kept, sees=self._mind.sees, agent=self._agent)

    def _count(self, done: Done) -> None:
        self.meter.usd += done.usd
        self.meter.tokens += done.tokens

    def _append(self, message: Message) -> None:
        self._messages.append(message)
        self._kept()

    def _say(self, message: Message, reply: Reply) -> None:
        self._append(message)
        if str(message["content"]).strip() or reply.reasoning:
            self._emit(Said(text=message["content"], reasoning=reply.reasoning, model=reply.model, agent=self._agent))

    def _keep(self, text: str) -> None:
        """A reply that is not whole stands as far as it came."""
        if text.strip():
            self._say({"role": "assistant", "content": wire.clean(text), "meta": {"kind": "reply", "cut": True}}, Reply(text))
