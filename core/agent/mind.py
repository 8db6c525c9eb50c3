"""The mind: a model behind the router, in one role. It asks, reads what comes, and knows what the model can and cannot do."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any, Protocol

from core.agent import healing, quirks, textual, wire
from core.agent.hearing import Heard
from core.agent.prompts import system_prompt
from core.agent.retries import BrokeOff, Endless, EndlessThought
from core.agent.tokens import estimate, estimate_text
from core.agent.values import Emit, Message, Reply, Role, Tool, TooLong
from core.caller import Caller
from core.errors import InvalidInput, NotFound, SpacesError, TooLarge
from core.events import Cost, Event, Noticed
from core.providers import Finished, Interrupted, Key, Prompt, Providers, Receipt, ToolCallDelta, ToolCalls, build_prompt
from core.providers import Reasoning as ReasoningPiece
from core.providers import Text as TextPiece

WINDOW = 128_000  # tokens, where no list tells a model's own
MOST_ARGUMENTS = 4_000_000
_TOO_LONG = re.compile(
    r"context.{0,12}(?:length|window|size|limit)|maximum context|prompt is too long|too many (?:input )?tokens|do not fit into its context"
    r"|input (?:length|is too long)|exceeds? the (?:model|maximum)|reduce the length",
    re.IGNORECASE,
)
_NO_TOOLS = re.compile(r"tools?\b.{0,60}(?:support|enabl|allow|unknown|unrecogni|permitted|available)|(?:support|cannot call|enable).{0,40}tool|tool.choice", re.IGNORECASE)
_NO_EFFORT = re.compile(r"reasoning|effort|thinking", re.IGNORECASE)


class Listing(Protocol):
    """What is known of models; `Providers.models` gives one."""

    def find(self, provider: str, model: str) -> Any: ...


@dataclass(frozen=True)
class Known:
    """What the lists say of a model, of all keys that may answer for it: the smallest window; sees and tools None where unknown."""

    window: int | None = None
    sees: bool | None = None
    tools: bool | None = None


class RoutedMind:
    """Asks through the router with the caller's keys, within their budget. Implements `Mind`.

    role: whose costs these are. model, provider: as for a prompt; without a model each key's own first one answers.
    effort: how hard a model that reasons should do so; left out where an upstream refuses it. listing: what is known of models.
    summariser: who summarises; itself when None. native: False describes the tools in words from the start.
    """

    def __init__(
        self,
        providers: Providers,
        caller: Caller,
        *,
        role: Role,
        model: str | None = None,
        provider: str | None = None,
        effort: str | None = None,
        listing: Listing | None = None,
        summariser: RoutedMind | None = None,
        native: bool | None = None,
        max_tokens: int | None = None,
    ):
        self._providers = providers
        self._caller = caller
        self._model, self._provider, self._effort = model, provider, effort
        self._summariser = summariser
        self._max_tokens = max_tokens
        self._quirks: list[str] = []  # of the upstream, as its errors told them
        self.role = role
        known = look_up(listing, providers.keys(caller), model, provider) if listing else Known()
        self.window = known.window or WINDOW
        self.sees = bool(known.sees)
        self.native = known.tools is not False if native is None else native

    @classmethod
    async def open(cls, providers: Providers, caller: Caller, *, wait: float = 4.0, **chosen: Any) -> RoutedMind:
        """As the constructor, with what the lists say now; waits up to `wait` seconds for one that was never read."""
        return cls(providers, caller, listing=await providers.models(caller, wait=wait), **chosen)

    async def reply(self, system: str, messages: Sequence[Message], tools: Sequence[Tool], *, emit: Emit) -> Reply:
        """One answer; see `Mind`. What an upstream refuses (tools, effort, pictures) or insists on (earlier thoughts) it gets its way with, and is asked again."""
        while True:
            try:
                return await self._ask(self._prompt(system, messages, tools), tools, emit)
            except SpacesError as error:
                if _too_long(error):
                    raise TooLong(error.message, "Begin a new chat, or choose a model with a larger context.") from error
                if not self._adapted(error, bool(tools), emit):
                    raise

    async def summarise(self, text: str, *, words: int, emit: Emit) -> str:
        """A summary of at most about so many words; nothing of it is shown while it comes."""
        if self._summariser is not None:
            return await self._summariser.summarise(text, words=words, emit=emit)
        system = system_prompt("summarise", words=words)

        def bills(event: Event) -> None:
            if isinstance(event, Cost):
                emit(event)

        reply = await self.reply(system, [{"role": "user", "content": text}], (), emit=bills)
        return reply.text.strip()

    def _prompt(self, system: str, messages: Sequence[Message], tools: Sequence[Tool]) -> Prompt:
        extra: dict[str, Any] = {"reasoning_effort": self._effort} if self._effort else {}
        told = messages if self.native or not tools else textual.to_wire(messages)
        if not self.native and tools:
            system = f"{system}\n\n{textual.describe(tools)}"
        begun = [{"role": "system", "content": wire.clean(system)}] if system else []
        specs = [tool.spec() for tool in tools] if self.native else []
        safe = quirks.meet(wire.safe(told, sees=self.sees, thoughts="thoughts" in self._quirks), self._quirks)
        try:
            return build_prompt(
                messages=[*begun, *safe],
                model=self._model, provider=self._provider, tools=specs, extra=extra, max_tokens=self._max_tokens, cache=True,
            )  # fmt: skip
        except TooLarge as error:
            raise TooLong(error.message, error.fix) from None

    async def _ask(self, prompt: Prompt, tools: Sequence[Tool], emit: Emit) -> Reply:
        bills: list[dict[str, Any]] = []

        def bill(receipt: Receipt) -> None:
            if receipt.attempts:
                bills.append(receipt.to_dict() | {"role": self.role})
                emit(Cost(receipt=bills[-1]))

        heard = Heard(emit, textual.Curtain(native=self.native) if tools else None)
        calls, letters = ToolCalls(), 0
        end: Finished | None = None
        try:
            async with aclosing(self._providers.stream(prompt, self._caller, on_receipt=bill)) as items:
                async for item in items:
                    if isinstance(item, TextPiece):
                        heard.said(item.text)
                    elif isinstance(item, ReasoningPiece):
                        heard.thought(item.text)
                    elif isinstance(item, ToolCallDelta):
                        letters += len(item.arguments)
                        calls.add(item)
                    elif isinstance(item, Interrupted):
                        raise BrokeOff(f"The answer broke off: {item.error.get('message', 'without a word')}", so_far=item.so_far)
                    else:
                        end = item
                    if what := heard.endless or (letters > MOST_ARGUMENTS and "writing a call"):
                        if what == "thinking":
                            self._effort = "low"  # where an upstream refuses it, it is left out again
                        raise (EndlessThought if what == "thinking" else Endless)(f"The model went on {what} without an end and was stopped.", "Ask again, in smaller steps, or choose another model.")
        except SpacesError as error:
            if error.details.get("fault") == "empty":
                return Reply("", finish="stop")
            raise
        return self._read(prompt, *heard.whole(), calls.whole(), end, tools, bills[-1] if bills else None)

    def _read(
        self,
        prompt: Prompt,
        text: str,
        thoughts: str,
        calls: Sequence[Mapping[str, Any]],
        end: Finished | None,
        tools: Sequence[Tool],
        bill: Mapping[str, Any] | None,
    ) -> Reply:
        finish = end.finish_reason if end else "stop"
        if not calls and tools:
            names = {tool.name for tool in tools}
            text, written = textual.read(text, names, native=self.native)
            calls = tuple(written)
        usage = end.usage if end else None
        if usage:
            tokens = (usage.prompt, usage.completion)
        else:
            tokens = (estimate(prompt.messages, tools=tools if self.native else ()), estimate_text(text) + estimate_text(thoughts))
        model = end.receipt.model if end else self._model
        return Reply(text, thoughts, healing.requests(calls, tools), finish, receipt=bill, tokens=tokens, model=model)

    def _adapted(self, error: SpacesError, tools: bool, emit: Emit) -> bool:
        """Change for good what this error is about; False when it is about nothing we could change."""
        if quirk := quirks.asked_for(error.message, self._quirks):
            self._quirks.append(quirk)
            return True
        if not isinstance(error, InvalidInput | NotFound):
            return False
        if tools and self.native and _NO_TOOLS.search(error.message):
            self.native = False
            emit(Noticed(kind="healed", text="This model takes no tools, so they are described to it in words."))
            return True
        if self._effort and _NO_EFFORT.search(error.message):
            self._effort = None
            return True
        if self.sees and "image" in error.message.lower():
            self.sees = False
            return True
        return False


def look_up(listing: Listing, keys: Sequence[Key], model: str | None, provider: str | None) -> Known:
    """What is known of the model that would answer."""
    usable = [key for key in keys if not key.disabled and (provider is None or key.provider == provider)]
    named = [(key.provider, model or (key.models[0] if key.models else "")) for key in usable]
    facts = [found for by, id in named if id and (found := listing.find(by, id))]
    windows = [one.context for one in facts if one.context]
    return Known(min(windows, default=None), _any([one.vision for one in facts]), _any([one.tools for one in facts]))


def _any(values: list[bool | None]) -> bool | None:
    known = [value for value in values if value is not None]
    return any(known) if known else None


def _too_long(error: SpacesError) -> bool:
    if isinstance(error, TooLong):
        return False
    return error.details.get("upstream_status") == 413 or (error.status < 500 and bool(_TOO_LONG.search(error.message)))
