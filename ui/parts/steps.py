"""Progress as lines: what is done, what is being done since when, what comes next."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from core.events import Event, Step
from ui.parts.draw import draw

# The steps of the two long jobs, so that the page can say from the start what comes next.
BUILD = (
    ("understand", "Read the idea"),
    ("choose", "Choose a template"),
    ("write", "Write the files"),
    ("check", "Check the files"),
    ("preview", "Start the app"),
)
DEPLOY = (
    ("plan", "Compare with what is there"),
    ("create", "Create the Space"),
    ("commit", "Send the files"),
    ("build", "Build it on the Hub"),
    ("start", "Start it"),
    ("serve", "Wait until it answers"),
)
RESTART = (("preview", "Start the app"),)


@dataclass(frozen=True)
class Line:
    """One step: `began` is the Unix time of its first news, `seconds` how long it took once it ended."""

    name: str
    text: str
    state: str = "waiting"
    began: float | None = None
    seconds: float | None = None


def begin(planned: Sequence[tuple[str, str]]) -> tuple[Line, ...]:
    """The planned steps, none of them begun."""
    return tuple(Line(name, text) for name, text in planned)


def advance(lines: tuple[Line, ...], events: Iterable[Event]) -> tuple[Line, ...]:
    """The lines after these events; a step nobody planned is added where it happened."""
    for event in events:
        if isinstance(event, Step):
            lines = _with(lines, event)
    return lines


def _with(lines: tuple[Line, ...], event: Step) -> tuple[Line, ...]:
    known = next((line for line in lines if line.name == event.name), None)
    began = known.began if known and known.began else event.at
    seconds = event.seconds
    if event.state in ("done", "warning", "failed") and seconds is None:
        seconds = max(0.0, event.at - began)
    now = Line(event.name, event.text, event.state, began, seconds)
    if known:
        return tuple(now if line.name == event.name else line for line in lines)
    place = sum(1 for line in lines if line.state != "waiting")
    return (*lines[:place], now, *lines[place:])


def end(lines: tuple[Line, ...], state: str, now: float | None = None) -> tuple[Line, ...]:
    """The lines after the job ended: what was being done is `state`; what never began is left out when it did not succeed."""
    at = time.time() if now is None else now
    closed = tuple(
        replace(line, state=state, seconds=max(0.0, at - (line.began or at))) if line.state == "working" else line for line in lines
    )
    return tuple(line for line in closed if line.state != "waiting")


def working(lines: Iterable[Line]) -> Line | None:
    """The step being done, if any."""
    return next((line for line in lines if line.state == "working"), None)


def step_list(lines: Sequence[Line], *, title: str = "", now: float | None = None) -> str:
    """The lines as an ordered list with state, words and time; empty text when there are none."""
    if not lines:
        return ""
    at = time.time() if now is None else now
    shown = [
        {"line": line, "seconds": line.seconds if line.state != "working" else max(0.0, at - (line.began or at))} for line in lines
    ]
    last = working(lines) or next((line for line in reversed(lines) if line.state != "waiting"), None)
    return draw("steps", title=title, shown=shown, said=last.text if last else "")
