"""What happens during a run, as values. The page renders them, MCP reports them as progress, tests compare lists of them."""

from __future__ import annotations

import time
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

StepState = Literal["waiting", "working", "done", "warning", "failed"]


@dataclass(frozen=True, kw_only=True)
class Event:
    at: float = field(default_factory=time.time)

    def to_dict(self) -> dict[str, Any]:
        return {"event": type(self).__name__, **asdict(self)}


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


def ignore(event: Event) -> None:
    """The listener where nobody watches."""
