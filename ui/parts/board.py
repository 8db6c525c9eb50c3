"""My Spaces: one row each with stage, address, last change, hardware and the first error in words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ui.parts.draw import draw
from ui.parts.logs import clean

# A Space's stage → the page's state; the word itself comes with the status.
_STATES = {
    "RUNNING": "done",
    "RUNNING_BUILDING": "working",
    "RUNNING_APP_STARTING": "working",
    "BUILDING": "working",
    "APP_STARTING": "working",
    "SLEEPING": "idle",
    "PAUSED": "stopped",
    "STOPPED": "stopped",
    "DELETING": "working",
    "BUILD_ERROR": "failed",
    "CONFIG_ERROR": "failed",
    "NO_APP_FILE": "failed",
    "RUNTIME_ERROR": "failed",
}
_SHOWN_LINES = 200


@dataclass(frozen=True)
class Open:
    """What is unfolded under a row: `log`, with its kind and lines, or `delete`, the question before it."""

    repo: str
    what: str
    kind: str = "run"
    lines: tuple[str, ...] = field(default=())
    following: bool = False


def state_of(stage: str) -> str:
    """A Space's stage as one of the page's states."""
    return _STATES.get(stage, "idle")


def moving(spaces: Sequence[Mapping[str, Any]]) -> bool:
    """Whether any of them is on its way to another stage, so that looking again soon makes sense."""
    return any(state_of(str(one.get("stage"))) == "working" for one in spaces)


def board(spaces: Sequence[Mapping[str, Any]], *, opened: Open | None = None, busy: Mapping[str, str] | None = None, trouble: Mapping[str, Any] | None = None) -> str:
    """The Spaces as rows.

    Args:
        spaces: statuses as `space_list` gives them.
        opened: what is unfolded, and under which row.
        busy: repo → what is being done to it right now, in words.
        trouble: `{repo, message, fix}` of the last action that failed, shown under its row.
    """
    rows = [{"space": one, "state": state_of(str(one.get("stage"))), "busy": (busy or {}).get(str(one.get("repo")))} for one in spaces]
    lines = [clean(line) for line in opened.lines[-_SHOWN_LINES:]] if opened else []
    return draw("board", rows=rows, opened=opened, lines=lines, trouble=trouble or {})
