"""The research sub-agent: a loop of its own with tools that read, whose report is all that comes back.

Whatever ends it early (rounds, context, money, time, going in circles, failures), it is asked once more, without tools,
for what it found; and when that fails too, what it had said and read is the report.
"""

from __future__ import annotations

import asyncio
import hashlib
import os
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any
from weakref import WeakValueDictionary

from core.agent import loop, wire
from core.agent.citing import Citation, Sources
from core.agent.context import Context
from core.agent.mind import RoutedMind
from core.agent.models import choose, is_small
from core.agent.prompts import system_prompt
from core.agent.research_status import Status
from core.agent.research_tools import ReadingTools
from core.agent.stuck import Watch
from core.agent.values import Ending, Limits, Message, Mind, Tool, TooLong
from core.caller import Caller
from core.errors import InvalidInput, RateLimited, SpacesError, TooLarge, Unauthorized
from core.events import Noticed
from core.reading import sitting
from core.registry import Call
from core.secrets import redact

LIMITS = Limits(iterations=60, tokens=4_000_000, usd=1.0, seconds=1_200)
SOFT, HARD = 0.85, 0.95  # of the model's window
AT_ONCE, WAITING = 3, 20  # of one caller
_LAST_SECONDS = 120.0  # for the report that is asked for at a limit
_TRIES = 2  # for that report
_LISTS_SECONDS = 4.0
_LONGEST_TASK, _LONGEST_CONTEXT = 8_000, 20_000
_WRAP_UP = (
    "You have used 85 % of what you can hold. Finish the lookup that matters most, then write the report within the next two replies."
)
_REPORT_NOW = "This research ends here: {why} Write the report now from what you have read, as far as it goes, and name what is missing. Call no tools."
_WHY = {
    "iterations": "all of its rounds are used.", "tokens": "all of its tokens are used.", "money": "its money is spent.", "time": "its time is over.",
    "stuck": "it went in circles.", "failed": "the model could not be asked on.", "full": "its context is full.",
}  # fmt: skip


@dataclass(frozen=True)
class Found:
    """What a research came to.

    text: the report, with names no tool returned marked. citations: what was read. unseen: the marked names. tokens: read
    and written in all. tools: calls. cost_usd: None where a price is not known. ending: of the loop, or full; done is the
    only one that was not cut short. model: that answered last.
    """

    text: str
    citations: tuple[Citation, ...]
    unseen: tuple[str, ...]
    tokens: int
    tools: int
    cost_usd: float | None
    ending: str
    model: str | None
    why: str

    def to_dict(self) -> dict[str, Any]:
        names = ("text", "unseen", "tokens", "tools", "cost_usd", "ending", "model", "why")
        return {name: getattr(self, name) for name in names} | {"citations": [one.to_dict() for one in self.citations]}


class _Full(TooLong):
    """The window is nearly used up: the report is asked for."""


class _Gate(asyncio.Semaphore):
    """Lets three of a caller in at once; knows how many wait."""

    waiting = 0

    async def __aenter__(self) -> None:
        if self.waiting >= WAITING:
            raise RateLimited(f"{WAITING} researches wait for their turn already.", "Wait until some of them are done.")
        self.waiting += 1
        try:
            await super().__aenter__()
        finally:
            self.waiting -= 1


_gates: WeakValueDictionary[tuple[int, str], _Gate] = WeakValueDictionary()


async def run_research(
    call: Call,
    task: str,
    *,
    context: str = "",
    project: str = "",
    model: str | None = None,
    provider: str | None = None,
    effort: str | None = None,
    limits: Limits = LIMITS,
    id: str | None = None,
) -> Found:
    """Research a task with a model of its own and tools that read.

    Args:
        call: who asks; their keys and budget pay, their listener gets the events.
        task: what to find out. context: what the one who asks knows already.
        project: whose files `read` shows, "" for none.
        model, provider, effort: of the chat; the role's table may take a cheaper model and less effort.
        limits: the most it may take. id: of its status line.
    Raises InvalidInput, Unauthorized without a key, RateLimited when twenty wait.
    """
    if not task.strip():
        raise InvalidInput("There is nothing to research.", "Say in a few sentences what to find out.")
    if len(task) > _LONGEST_TASK or len(context) > _LONGEST_CONTEXT:
        raise TooLarge(f"A task has at most {_LONGEST_TASK} characters and its context {_LONGEST_CONTEXT}.")
    keys = [key for key in call.house.providers.keys(call.caller) if not key.disabled]
    if not keys:
        raise Unauthorized(
            "Research asks a model, and there is no key of a model provider.",
            "Add one on the Keys tab; without it, hf_papers and the documentation tools can be called one by one.",
        )
    gate = _gate(call.caller)
    async with gate:
        providers = call.house.providers
        view = await providers.models(call.caller, wait=_LISTS_SECONDS)
        choice = choose("research", model=model, provider=provider, effort=effort, view=view, keyed={key.provider for key in keys})
        mind = RoutedMind(providers, call.caller, role="research", model=choice.model, provider=choice.provider, effort=choice.effort, listing=view)
        status = Status(call.emit, id or os.urandom(4).hex(), task, call.caller.secrets)
        sources = Sources(call.house.hub.endpoint)
        tools = ReadingTools(call, project=project, sources=sources, told=status.step)
        research = _Research(mind, tools, status, limits, system_prompt("research", native=mind.native, small=is_small(choice.model), local_hub=call.house.hub.local))
        try:
            with sitting():
                text, ending = await research.run(task, context)
        except BaseException:
            status.end("failed", "stopped")
            raise
    text, citations, unseen = sources.checked(redact(text, *call.caller.secrets))
    status.end("done" if text else "failed", f"{len(citations)} sources" if ending == "done" else f"ended early: {_WHY.get(ending, ending)}")
    return Found(text, citations, unseen, status.tokens, status.tools, round(status.usd, 6) if status.priced else None, ending, status.model or choice.model, choice.why)


@dataclass
class _Research:
    """One run: the loop, then the report."""

    mind: Mind
    tools: ReadingTools
    status: Status
    limits: Limits
    system: str
    nudged: bool = field(default=False, init=False)
    full: bool = field(default=False, init=False)
    refused: bool = field(default=False, init=False)  # the upstream said that it is too long

    async def run(self, task: str, context: str) -> tuple[str, str]:
        """The report and how it ended."""
        words = f"Context from the one who asks:\n{context.strip()}\n\nTask: {task.strip()}" if context.strip() else f"Task: {task.strip()}"
        messages: list[Message] = [wire.said(words)]
        self.context = Context(self.mind, self.status.pass_on, agent=self.status.id)
        # Room for the report that is asked for at a limit: it is part of what the research may take.
        inner = replace(
            self.limits,
            iterations=max(1, self.limits.iterations - 1),
            usd=None if self.limits.usd is None else self.limits.usd * 0.9,
            seconds=max(self.limits.seconds * 0.5, self.limits.seconds - _LAST_SECONDS),
        )
        ending = await loop.run(
            messages, system=self.system, mind=self.mind, toolbox=self.tools, limits=inner, emit=self.status.pass_on,
            fit=self._fit, watch=Watch(), agent=self.status.id,
        )  # fmt: skip
        last = messages[-1]
        if ending.kind == "done" and last.get("role") == "assistant" and str(last.get("content") or "").strip():
            return str(last["content"]), "done"
        kind = "full" if self.full else ending.kind
        return await self._report(messages, kind, ending), kind

    async def _fit(self, messages: list[Message], system: str, tools: Sequence[Tool], force: bool = False) -> list[Message]:
        """What is sent, as it is; near the end of the window a word to wrap up, once, and at its end no more."""
        size = self.context.weigh(messages, system, tools)
        if force or size >= HARD * self.mind.window:
            self.full, self.refused = True, force
            raise _Full("The research has filled its model's context.")
        if size >= SOFT * self.mind.window and not self.nudged:
            self.nudged = True
            messages.append(wire.note(_WRAP_UP))
            self.status.pass_on(Noticed(kind="limit", text="85 % of the context is used; the research wraps up.", agent=self.status.id))
        return list(messages)

    async def _report(self, messages: list[Message], kind: str, ending: Ending) -> str:
        """Ask once without tools; else what was said and found so far."""
        wire.repair(messages)
        why = _WHY.get(kind, "it was ended.")
        messages.append(wire.note(_REPORT_NOW.format(why=why)))
        self.status.pass_on(Noticed(kind="limit", text=f"The research ends: {why}", agent=self.status.id))
        for _ in range(_TRIES):
            try:
                async with asyncio.timeout(_LAST_SECONDS):
                    fitting = await self.context.fit(messages, self.system, (), self.refused)
                    reply = await self.mind.reply(self.system, fitting, (), emit=self.status.pass_on)
            except TimeoutError:
                break
            except SpacesError as error:
                if not error.retryable:
                    break
                continue
            if reply.text.strip():
                return f"{reply.text}\n\n(This research ended early: {why})"
        said = [str(one["content"]) for one in messages if one.get("role") == "assistant" and str(one.get("content") or "").strip()]
        notes = "\n\n".join(said[-5:])
        return f"The research ended without a report: {why} {ending.text}\n\n{notes}".strip()


def _gate(caller: Caller) -> _Gate:
    """The caller's own three places on this event loop; who is told apart by nothing but keys has those of the keys."""
    name = caller.id
    if caller.anonymous:
        name += hashlib.sha256("\n".join(sorted(secret.reveal() for secret in caller.secrets)).encode()).hexdigest()
    place = (id(asyncio.get_running_loop()), name)
    found = _gates.get(place)
    if found is None:
        found = _gates[place] = _Gate(AT_ONCE)
    return found
