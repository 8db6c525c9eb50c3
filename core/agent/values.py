"""What the room passes around: tools, what they give, replies of a model, limits, how a turn ended. All frozen.

A message is a plain object in the shape of OpenAI's chat completions: `role` (user, assistant, tool), `content`, for an
assistant `tool_calls`, for a tool `tool_call_id` and `name`. Ours carry `meta` besides, which never reaches the wire
(`wire.safe` takes it out): `kind` is said (a person's own words), note (ours to the model), summary, picture, or reply.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

from core.errors import TooLarge
from core.events import Event

Message = dict[str, Any]
Emit = Callable[[Event], None]
Role = Literal["plan", "code", "research", "summarise"]
# How a turn ended: the model was done; it waits for the person (question, approval); a person stopped it; a limit
# (iterations, tokens, money, time); the same over and over (stuck); nobody answered (failed); the process ended (interrupted).
EndingKind = Literal[
    "done", "question", "approval", "stopped", "iterations", "tokens", "money", "time", "stuck", "failed", "interrupted"
]  # fmt: skip


class TooLong(TooLarge):
    """The conversation does not fit the model's context; it is made smaller and asked again."""


@dataclass(frozen=True)
class Picture:
    """A picture a tool gave, for models that can look at one."""

    mime: str
    base64: str


@dataclass(frozen=True)
class Output:
    """What a tool gave.

    text: what the model reads, already bounded. ok: False when it failed; the text then says what happened and what to do.
    data: what the page shows of it, JSON, or None. cost_usd: what the call itself cost, None where nothing is paid.
    ends: the turn ends with this call, which stays without a result until the person has answered (question).
    """

    text: str
    ok: bool = True
    data: Any = None
    picture: Picture | None = None
    cost_usd: float | None = None
    ends: Literal["question"] | None = None


@dataclass(frozen=True)
class Tool:
    """One thing a model may call.

    name: letters, digits, underscores, up to 64. schema: JSON Schema of the arguments, an object. title: two or three words
    for a person. reads: it changes nothing, so calls of it run beside each other. source: ours, or the outside server it is of.
    """

    name: str
    description: str
    schema: Mapping[str, Any]
    title: str = ""
    reads: bool = False
    source: str = ""

    def spec(self) -> dict[str, Any]:
        """The tool in OpenAI's shape."""
        return {"type": "function", "function": {"name": self.name, "description": self.description, "parameters": dict(self.schema)}}


@dataclass(frozen=True)
class Asked:
    """A call that needs a person's word first.

    kind: publish, delete, hardware, secret, foreign, open (the box is opened), outside (a tool of a server we do not know),
    spend. reason: one sentence on what would happen. plan: what is shown besides, JSON, or None. usd_per_hour: what it
    would cost, None where unknown, 0.0 where nothing is paid. warning: what to know before saying yes, one sentence, or "".
    grant: `{repo, class}` that a yes may let run unasked from now on, None where that cannot be. title: what would be done, in two or
    three words, "" where the tool's own title says it.
    """

    kind: str
    reason: str
    plan: Any = None
    usd_per_hour: float | None = None
    warning: str = ""
    grant: Mapping[str, str] | None = None
    title: str = ""


@dataclass(frozen=True)
class ToolRequest:
    """One call a model made. arguments: read and healed; problem: why they could not be, one sentence for the model, or None."""

    id: str
    name: str
    arguments: Mapping[str, Any] = field(default_factory=dict)
    problem: str | None = None


class Toolbox(Protocol):
    """The tools of one turn."""

    def tools(self) -> Sequence[Tool]: ...

    async def judge(self, request: ToolRequest) -> Asked | None:
        """What a person has to say yes to first, or None. Never raises; an unknown tool or wrong arguments are None, and `run` answers them."""

    async def run(self, request: ToolRequest, *, emit: Emit, approved: bool = False) -> Output:
        """Do it. Never raises but `CancelledError`: what went wrong is an `Output` that is not ok. A call `judge` asks about is refused unless approved."""


@dataclass(frozen=True)
class Reply:
    """A whole answer of a model. calls: what it wants called, in order. finish: stop, length, tool_calls or content_filter.

    receipt: of the router, as data; tokens: (prompt, completion) as reported or as estimated.
    """

    text: str
    reasoning: str = ""
    calls: tuple[ToolRequest, ...] = ()
    finish: str = "stop"
    receipt: Mapping[str, Any] | None = None
    tokens: tuple[int, int] = (0, 0)
    model: str | None = None


class Mind(Protocol):
    """Who answers: a model behind the router, in one role."""

    window: int  # tokens its context holds
    sees: bool  # it can look at pictures

    async def reply(self, system: str, messages: Sequence[Message], tools: Sequence[Tool], *, emit: Emit) -> Reply:
        """One answer, its pieces as events Text and Reasoning while they come, its bill as event Cost. Raises SpacesError;
        `TooLong` when the conversation does not fit its context."""

    async def summarise(self, text: str, *, words: int, emit: Emit) -> str:
        """A summary by the summarising role; raises SpacesError."""


@dataclass(frozen=True)
class Limits:
    """The most one turn may take. usd: of the router's receipts; None = only the budgets of the caller hold."""

    iterations: int = 60
    tokens: int = 2_000_000
    usd: float | None = 1.0
    seconds: float = 1_800


@dataclass(frozen=True)
class Ending:
    """How a turn ended, and in one sentence why, with what to do next. pending: ids of the calls that wait for a person."""

    kind: EndingKind
    text: str = ""
    pending: tuple[str, ...] = ()
    error: Mapping[str, Any] | None = None


@dataclass(frozen=True)
class Decision:
    """A person's word about a call that waited for it. feedback: what they said besides; it reaches the model."""

    approve: bool
    feedback: str = ""


Inbox = Callable[[], Awaitable[Sequence[str]]]  # what the person said since the last look; taken out
