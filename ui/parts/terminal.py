"""The terminal: what was run, what it wrote, how it ended, what it changed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ui.parts.draw import draw
from ui.parts.logs import plain

_SHOWN_NOW, _SHOWN_BEFORE = 40_000, 8_000  # characters of the newest command's output, and of an older one's
_SHOWN_CHANGES = 50


@dataclass(frozen=True)
class Entry:
    """One command: `state` is working, done, failed or stopped; `result` as `project_run` gives it once it ended."""

    command: str
    state: str = "working"
    output: str = ""
    began: float = 0.0
    result: Mapping[str, Any] = field(default_factory=dict)
    error: Mapping[str, Any] = field(default_factory=dict)
    settled: str = ""  # what became of its changes: kept or discarded
    folder: str = ""  # where it started, "" for the project's top


def terminal(entries: Sequence[Entry], *, now: float = 0.0) -> str:
    """The commands in order, the newest last; the newest whose changes are open offers to keep or discard them.

    Args:
        now: Unix time, for how long a running one has run.
    """
    if not entries:
        return draw("terminal", rows=[])
    last = len(entries) - 1
    # What is held is what the newest command that ended told; one that was stopped or refused changed nothing of it.
    holding = max((place for place, one in enumerate(entries) if one.result), default=-1)
    rows = []
    for place, entry in enumerate(entries):
        text = plain(str(entry.result.get("output") or "") or entry.output)
        most = _SHOWN_NOW if place == last else _SHOWN_BEFORE
        changes = list(entry.result.get("changes") or [])
        rows.append(
            {
                "entry": entry,
                "ended": _ended(entry),
                "seconds": max(0.0, now - entry.began) if entry.state == "working" else entry.result.get("seconds"),
                "cut": len(text) > most,
                "output": text[-most:].rstrip("\n"),
                "changes": changes[:_SHOWN_CHANGES],
                "more": len(changes) - _SHOWN_CHANGES,
                "open": place == holding and bool(entry.result.get("run")) and not entry.settled,
            }
        )
    return draw("terminal", rows=rows)


_LIMITS = {
    "timeout": "ended: its time was over",
    "memory": "ended: it used too much memory",
    "disk": "ended: it wrote too much to disk",
    "processes": "ended: it started too many processes",
    "output": "ended: it wrote too much",
}


def _ended(entry: Entry) -> str:
    if entry.state == "working":
        return "running"
    if entry.state == "stopped":
        return "stopped"
    if entry.error:
        return "did not run"
    killed, signal = entry.result.get("killed_by"), entry.result.get("signal")
    if killed:
        return _LIMITS.get(str(killed), f"ended: {killed}")
    return f"ended by signal {signal}" if signal is not None else f"exit {entry.result.get('exit')}"


def state_of(result: Mapping[str, Any]) -> str:
    """A result's state: done when the command ended with 0."""
    return "done" if result.get("exit") == 0 and not result.get("killed_by") else "failed"
