"""Around a transcript: the menu of chats, the chosen model, what a key would add."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ui.parts.draw import draw

# A chat's status → the state it is drawn in.
_STATES = {"running": "working", "waiting": "warning", "approval": "warning", "question": "warning", "failed": "failed", "interrupted": "stopped"}
_LISTED = 40


def bar(chats: Sequence[Mapping[str, Any]], opened: Mapping[str, Any] | None, *, keyed: bool) -> str:
    """The menu of chats: open another, begin one, and what can be done with this one; nothing where there is nothing to choose."""
    if not chats and not keyed:
        return ""
    rows = [{**one, "state": _STATES.get(str(one.get("status")), "idle")} for one in chats[:_LISTED]]
    return draw("chat_bar", rows=rows, opened=opened, trust=(opened or {}).get("trust") or (), more=max(0, len(chats) - _LISTED))


def model(chosen: Mapping[str, Any] | None, *, keyed: bool) -> str:
    """The chip that says which model answers, and opens the picker."""
    return draw("chat_model", chosen=chosen or {}, keyed=keyed)


def keyless(*, spoken: bool = False) -> str:
    """What a key would add, in one calm line; in a chat that was begun with one, what is missing."""
    return draw("chat_keyless", spoken=spoken)


def queued(texts: Sequence[str]) -> str:
    """What was said while it works, until it has been read."""
    return draw("chat_queued", texts=texts) if texts else ""
