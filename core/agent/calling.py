"""The calls of one reply: judged, run, answered in their order. A person's word on those that waited for it."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from core.agent import wire
from core.agent.meter import cost_of
from core.agent.values import Asked, Decision, Emit, Message, Output, Tool, Toolbox, ToolRequest
from core.events import ApprovalAsked, Cost, Event, ToolEnded, ToolStarted

log = logging.getLogger(__name__)

AT_ONCE = 8
_GRAVE = frozenset({"delete", "foreign", "open", "secret", "outside"})
_NAMED = 3  # sources of text that others wrote, told to a person
_PATIENCE = 0.7  # seconds a stopped tool gets to end; then it is left to end by itself
_LONGEST_ARGUMENT = 2_000
_LONGEST_TEXT = 4_000
_leaving: set[asyncio.Task[Any]] = set()


@dataclass
class Done:
    """What came of calls: their results by id, those that wait for a person, the one that is a question, the tools that ran, what they cost."""

    outputs: dict[str, Output] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    question: str | None = None
    ran: list[str] = field(default_factory=list)
    usd: float = 0.0
    tokens: int = 0

    @property
    def pending(self) -> tuple[str, ...]:
        return (*self.asked, *((self.question,) if self.question else ()))


class Calling:
    """Runs calls with a toolbox. messages: where results are written. kept: called after each. agent: the sub-agent's id, or ""."""

    def __init__(self, messages: list[Message], toolbox: Toolbox, *, emit: Emit, kept: Callable[[], None], sees: bool, agent: str = ""):
        self._messages = messages
        self._toolbox = toolbox
        self._emit, self._kept, self._sees, self._agent = emit, kept, sees, agent
        self._tools: dict[str, Tool] = {tool.name: tool for tool in toolbox.tools()}

    async def carry_out(self, calls: Sequence[ToolRequest]) -> Done:
        """Do what needs nobody: neighbours that only read beside each other, the others one by one."""
        done, held = Done(), {}
        try:
            for group in self._groups(calls):
                asked = {call.id: await self._judged(call) for call in group}
                held |= {id: one for id, one in asked.items() if one}
                await self._together([call for call in group if not asked[call.id]], done)
                if done.question:
                    break
            await self._hold([call for call in calls if call.id in held], held, done)
            if done.question:
                self._leave_out(calls, done)
        finally:
            self._write(calls, done)
        return done

    async def _hold(self, calls: Sequence[ToolRequest], asked: Mapping[str, Asked], done: Done) -> None:
        """Ask for what needs a person, once all else is done: what is shown must be what would happen now, not before the last write."""
        for call in calls:
            wrote = any(not self._reads(name) for name in done.ran)
            now = await self._judged(call) if wrote else asked[call.id]
            if now is None:
                await self._together([call], done)
            else:
                self._ask(call, now)
                done.asked.append(call.id)

    async def decided(self, decisions: Mapping[str, Decision]) -> Done:
        """Do or refuse the calls that waited. Without a decision a question takes the person's words as its answer, every other call is refused.

        A call that did not wait was cut short when the process ended; nobody knows how far it came, and it says so.
        """
        open_calls, waits, done = wire.pending(self._messages), wire.waiting(self._messages), Done()
        words = "\n\n".join(str(one["content"]) for one in _since_reply(self._messages) if (one.get("meta") or {}).get("kind") == "said")
        wire.wait(self._messages, ())
        self._kept()
        try:
            for call in open_calls:
                word = decisions.get(call.id)
                if call.id not in waits:
                    done.outputs[call.id] = wire.without_result(call, wire.UNFINISHED)
                elif call.name == wire.QUESTION:
                    answer = (word.feedback if word else "") or words
                    done.outputs[call.id] = Output(f"The person answered: {answer}" if answer else "The person gave no answer.", ok=bool(answer))
                elif word and word.approve:
                    await self._one(call, done, approved=True)
                    if word.feedback:
                        self._add(done, call, f"The person approved this and said: {word.feedback}")
                else:
                    done.outputs[call.id] = Output(_refusal(word, words), ok=False)
                    self._end(call, done.outputs[call.id], 0.0)
        finally:
            self._write(open_calls, done)
            wire.repair(self._messages)
            self._kept()
        return done

    def _groups(self, calls: Sequence[ToolRequest]) -> list[list[ToolRequest]]:
        groups: list[list[ToolRequest]] = []
        reading = False
        for call in calls:
            reads = self._reads(call.name)
            if reads and reading and len(groups[-1]) < AT_ONCE:
                groups[-1].append(call)
            else:
                groups.append([call])
            reading = reads
        return groups

    def _reads(self, name: str) -> bool:
        tool = self._tools.get(name)
        return bool(tool and tool.reads)

    async def _together(self, calls: Sequence[ToolRequest], done: Done) -> None:
        """Run them beside each other; when we are stopped they are too, and are not waited for much longer."""
        tasks = [asyncio.create_task(self._one(call, done)) for call in calls]
        if not tasks:
            return
        try:
            await asyncio.wait(tasks)
        finally:
            left = [task for task in tasks if not task.done()]
            for task in left:
                task.cancel()
                _leaving.add(task)
                task.add_done_callback(_leaving.discard)
            if left:
                await asyncio.wait(left, timeout=_PATIENCE)

    async def _one(self, call: ToolRequest, done: Done, *, approved: bool = False) -> None:
        tool = self._tools.get(call.name)
        spent = [0.0, 0]

        def heard(event: Event) -> None:
            if isinstance(event, Cost):
                usd, tokens = cost_of(event.receipt)
                spent[0] += usd
                spent[1] += tokens
            self._emit(event)

        title = (tool.title if tool else "") or call.name
        shown = shortened(call.arguments)
        self._emit(
            ToolStarted(id=call.id, name=call.name, title=title, arguments=shown, source=tool.source if tool else "", agent=self._agent)
        )
        began = time.monotonic()
        try:
            if call.problem:
                output = Output(call.problem, ok=False)
            else:
                done.ran.append(call.name)
                output = await self._toolbox.run(call, emit=heard, approved=approved)
        except asyncio.CancelledError:
            self._end(call, Output("Stopped before it was done.", ok=False), time.monotonic() - began)
            raise
        except Exception:  # a toolbox never raises; if one does, the model reads a sentence and the log has the rest
            log.exception("the tool %s raised", call.name)
            output = Output(f"{call.name} failed inside; that is a defect of the tool, not of its arguments. Do it another way.", ok=False)
        finally:
            done.usd += spent[0]
            done.tokens += spent[1]
        done.usd += max(0.0, (output.cost_usd or 0.0) - spent[0])  # what its own receipts told is part of what it says it cost
        if output.ends == "question":
            done.question = call.id
            self._end(call, output, time.monotonic() - began)
            return
        done.outputs[call.id] = output
        self._end(call, output, time.monotonic() - began)

    async def _judged(self, call: ToolRequest) -> Asked | None:
        try:
            return None if call.problem else await self._toolbox.judge(call)
        except Exception:  # whoever cannot tell what a call would do lets a person say so
            log.exception("%s could not be judged", call.name)
            return Asked("outside", "What this would do could not be found out.")

    def _ask(self, call: ToolRequest, asked: Asked) -> None:
        tool = self._tools.get(call.name)
        told = asdict(asked) | {"warning": " ".join(filter(None, (asked.warning, self._heard_others(asked.kind))))}
        title = told.pop("title") or (tool.title if tool else "") or call.name
        self._emit(ApprovalAsked(id=call.id, name=call.name, title=title, arguments=shortened(call.arguments), **told))

    def _heard_others(self, kind: str) -> str:
        """That text of others was read since the person spoke last, where a step may be what that text wants rather than the person."""
        sources = wire.sources(self._messages) if kind in _GRAVE else []
        if not sources:
            return ""
        more = f" and {len(sources) - _NAMED} more" if len(sources) > _NAMED else ""
        named = ", ".join(cut(one, 80) for one in sources[:_NAMED])
        return f"Since your last message it read text that others wrote ({named}{more}). Approve this only if you want it yourself."

    def _end(self, call: ToolRequest, output: Output, seconds: float) -> None:
        picture = asdict(output.picture) if output.picture else None
        self._emit(
            ToolEnded(
                id=call.id, name=call.name, ok=output.ok, text=cut(output.text, _LONGEST_TEXT), data=output.data,
                seconds=round(seconds, 3), cost_usd=output.cost_usd, picture=picture, agent=self._agent,
            )
        )  # fmt: skip

    def _leave_out(self, calls: Sequence[ToolRequest], done: Done) -> None:
        """A question ends the turn: calls behind it are not done, and say so."""
        for call in calls:
            if call.id not in done.outputs and call.id not in done.pending:
                done.outputs[call.id] = Output("Not done: the question before it comes first. Call it again when it is answered.", ok=False)

    def _add(self, done: Done, call: ToolRequest, text: str) -> None:
        output = done.outputs.get(call.id)
        if output:
            done.outputs[call.id] = Output(f"{output.text}\n\n{text}", ok=output.ok, data=output.data, picture=output.picture)

    def _write(self, calls: Sequence[ToolRequest], done: Done) -> None:
        """The results in the order of the calls, then their pictures."""
        pictures = []
        for call in calls:
            output = done.outputs.get(call.id)
            if output is None:
                continue
            self._messages.append(wire.result(call, output))
            if output.picture and self._sees and (picture := wire.pictured(call.name, output.picture)):
                pictures.append(picture)
        self._messages += pictures
        self._kept()


def cut(text: str, most: int) -> str:
    """Head and tail of a text that is longer."""
    return text if len(text) <= most else f"{text[: most * 2 // 3]}\n[… {len(text) - most} characters …]\n{text[-most // 3 :]}"


def shortened(arguments: Any, depth: int = 0) -> Any:
    """Arguments with long texts and long lists cut, for an event."""
    if isinstance(arguments, str):
        return cut(arguments, _LONGEST_ARGUMENT)
    if isinstance(arguments, Mapping):
        return {} if depth > 6 else {str(name)[:100]: shortened(one, depth + 1) for name, one in list(arguments.items())[:50]}
    if isinstance(arguments, list | tuple):
        return [] if depth > 6 else [shortened(one, depth + 1) for one in arguments[:50]]
    return arguments


def _refusal(word: Decision | None, words: str) -> str:
    if word is None and words:
        return "Not done: the person wrote something else instead of approving it; read their message."
    if word is None:
        return "Not done: nobody approved it."
    if word.feedback.strip():
        return (
            f"Not done: the person refused it. They said: “{word.feedback.strip()}” If that says how they want it, do it so; "
            "they are asked again. Otherwise ask what they would like."
        )
    return "Not done: the person refused it. Do not try it again unless they ask for it."


def _since_reply(messages: Sequence[Message]) -> list[Message]:
    last = max((place for place, one in enumerate(messages) if one["role"] == "assistant"), default=-1)
    return list(messages[last + 1 :])
