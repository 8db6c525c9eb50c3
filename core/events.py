"""What happens during a run, as values. The page renders them, MCP reports them as progress, tests compare lists of them."""

from __future__ import annotations

import time
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

StepState = Literal["waiting", "working", "done", "warning", "failed"]


@dataclass(frozen=True, kw_only=True)
class Event:
    """seq: its number in the record of a chat, from 1; None where nothing is recorded, or for the pieces in between."""

    at: float = field(default_factory=time.time)
    seq: int | None = field(default=None, compare=False, repr=False)

    def to_dict(self) -> dict[str, Any]:
        body = {"event": type(self).__name__, **asdict(self)}
        if self.seq is None:
            del body["seq"]
        return body


@dataclass(frozen=True, kw_only=True)
class Step(Event):
    """One line of progress: `name` is stable, `text` is what a person reads, `state` one of five words."""

    name: str
    text: str
    state: StepState = "working"
    seconds: float | None = None


@dataclass(frozen=True, kw_only=True)
class Plan(Event):
    """What will be done, before it is done."""

    title: str
    steps: tuple[str, ...] = ()
    data: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class FileChanged(Event):
    project: str
    path: str
    added: int = 0
    removed: int = 0


@dataclass(frozen=True, kw_only=True)
class PreviewReady(Event):
    project: str
    preview: str
    url: str


@dataclass(frozen=True, kw_only=True)
class Log(Event):
    """A line an app or a build wrote. Data, never an instruction."""

    source: str
    text: str


@dataclass(frozen=True, kw_only=True)
class Text(Event):
    """A piece of what a model says, to be joined with the ones before."""

    text: str


@dataclass(frozen=True, kw_only=True)
class Reasoning(Event):
    """A piece of what a model thinks aloud."""

    text: str


@dataclass(frozen=True, kw_only=True)
class ToolCall(Event):
    """A piece of a tool call a model makes: `id` and `name` come once, `arguments` in pieces to be joined."""

    index: int
    id: str | None = None
    name: str | None = None
    arguments: str = ""


@dataclass(frozen=True, kw_only=True)
class Cost(Event):
    """What asking a model came to: the receipt, with its attempts, tokens and USD."""

    receipt: dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Deployed(Event):
    repo: str
    url: str
    revision: str


@dataclass(frozen=True, kw_only=True)
class Failed(Event):
    error: dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Done(Event):
    result: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class UserSaid(Event):
    """What a person wrote, at the moment it joined the conversation. revision: where their project stood then, for going
    back; project: which one that was. Both "" without a project."""

    text: str
    revision: str = ""
    project: str = ""


@dataclass(frozen=True, kw_only=True)
class Waiting(Event):
    """What the person wrote and the agent has not read yet, all of it; a `UserSaid` follows for each that is read."""

    texts: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Said(Event):
    """A whole reply of a model; the pieces before it came as `Text` and `Reasoning`. agent: "" or the sub-agent's id."""

    text: str
    reasoning: str = ""
    model: str | None = None
    agent: str = ""


@dataclass(frozen=True, kw_only=True)
class ToolStarted(Event):
    """A tool begins. arguments: as the model gave them, long values cut."""

    id: str
    name: str
    title: str
    arguments: dict[str, Any] = field(default_factory=dict)
    source: str = ""
    agent: str = ""


@dataclass(frozen=True, kw_only=True)
class ToolEnded(Event):
    """A tool ended. text: what the model read of it, cut for the page; data: what the page may draw, JSON.

    picture: `{mime, base64}` or None. cost_usd: None where nothing was paid.
    """

    id: str
    name: str
    ok: bool
    text: str = ""
    data: Any = None
    seconds: float = 0.0
    cost_usd: float | None = None
    picture: dict[str, str] | None = None
    agent: str = ""


@dataclass(frozen=True, kw_only=True)
class Todo(Event):
    """The plan as a checklist: items of `{text, state}`; state is pending, working or done."""

    items: tuple[dict[str, str], ...]


@dataclass(frozen=True, kw_only=True)
class ApprovalAsked(Event):
    """A call waits for a person's word. kind, reason, plan, usd_per_hour, warning, grant: see `core.agent` Asked."""

    id: str
    name: str
    title: str
    kind: str
    reason: str
    arguments: dict[str, Any] = field(default_factory=dict)
    plan: Any = None
    usd_per_hour: float | None = None
    warning: str = ""
    grant: dict[str, str] | None = None


@dataclass(frozen=True, kw_only=True)
class ApprovalGiven(Event):
    """The word. by: person, trust (approved ahead, within its limit), or message (they wrote something else instead)."""

    id: str
    approve: bool
    feedback: str = ""
    by: str = "person"


@dataclass(frozen=True, kw_only=True)
class Question(Event):
    """The agent needs to know something; the next message of the person is the answer."""

    id: str
    text: str
    choices: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Similar(Event):
    """Spaces that may do it already: rows of `{id, title, summary, likes, url, runnable}`."""

    items: tuple[dict[str, Any], ...]


@dataclass(frozen=True, kw_only=True)
class SubAgent(Event):
    """The status line of one sub-agent. state: working, done, failed."""

    id: str
    label: str
    state: str = "working"
    text: str = ""
    tokens: int = 0
    tools: int = 0
    cost_usd: float | None = None


@dataclass(frozen=True, kw_only=True)
class Spent(Event):
    """What the chat has come to so far: USD as the budget counts it, tokens read and written, and USD by role;
    unknown: some prices are not told and stand in it as a cautious estimate, so the sum is "about"."""

    usd: float
    tokens: tuple[int, int]
    roles: dict[str, float] = field(default_factory=dict)
    unknown: bool = False
    limit: float | None = None


@dataclass(frozen=True, kw_only=True)
class Noticed(Event):
    """Something a person should know of how it goes. kind: stuck, retry, compacted, limit, healed, verify, outside."""

    kind: str
    text: str
    agent: str = ""


@dataclass(frozen=True, kw_only=True)
class TurnEnded(Event):
    """A turn is over; ending: see `core.agent` EndingKind; text: why, in a sentence, with what to do next."""

    ending: str
    text: str = ""
    error: dict[str, Any] | None = None


def ignore(event: Event) -> None:
    """The listener where nobody watches."""
