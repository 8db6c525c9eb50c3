"""The shapes results take, written once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from core.registry import Call
from core.events import Step, StepState


def listing(items: Sequence[Any], **meta: Any) -> dict[str, Any]:
    """A list result: `{ok, item, items, meta, error}`, `meta.count` always there."""
    return {"ok": True, "item": None, "items": list(items), "meta": {"count": len(items), **meta}, "error": None}


def say(call: Call, name: str, text: str, state: StepState = "working", seconds: float | None = None) -> None:
    """Emit one line of progress."""
    call.emit(Step(name=name, text=text, state=state, seconds=seconds))


def public_url(call: Call, path: str) -> str:
    """A path of this server as an address: the Space's own host when it has one, else loopback."""
    settings = call.house.settings
    named = next((host for host in settings.hosts if host != "*"), None) if settings.public else None
    return (f"https://{named}" if named else call.house.base_url) + path
