"""What a model is told when it says it is done and the work says otherwise."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from core.events import Event, FileChanged, Todo, ToolEnded

_CHECKS = ("app_verify", "preview_check", "app_repair", "build_space")
_MAKES = ("project_create", "generate_app_code")
_NEW = "the new app"
_SHOWN = 6


@dataclass(frozen=True)
class Work:
    """How the work of a chat stands.

    todo: the newest checklist. unchecked: files that changed since the app was last looked at. broken: what the last look found wrong.
    """

    todo: tuple[dict[str, str], ...] = ()
    unchecked: tuple[str, ...] = ()
    broken: str = ""

    @classmethod
    def of(cls, kept: Mapping[str, Any]) -> Work:
        """As `to_dict` gave it."""
        return cls(todo=tuple(kept.get("todo") or ()), unchecked=tuple(kept.get("unchecked") or ()), broken=kept.get("broken") or "")

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)


def after(work: Work, event: Event) -> Work:
    """How it stands once this has happened."""
    if isinstance(event, Todo):
        return replace(work, todo=tuple(event.items))
    if isinstance(event, FileChanged) and event.path not in work.unchecked:
        return replace(work, unchecked=(*work.unchecked, event.path)[-50:])
    if isinstance(event, ToolEnded) and event.name in _MAKES and event.ok:
        return replace(work, unchecked=(_NEW,), broken="")
    if isinstance(event, ToolEnded) and event.name in _CHECKS and event.ok:
        return replace(work, unchecked=(), broken=_trouble(event.data))
    return work


def push(work: Work, tools: Sequence[str]) -> str | None:
    """What to say to a model that stops now, or None where it may stop."""
    notes = []
    left = [item.get("text", "") for item in work.todo if item.get("state") != "done"]
    if left and "plan" in tools:
        more = f" and {len(left) - _SHOWN} more" if len(left) > _SHOWN else ""
        notes.append(f"Open in your plan: {'; '.join(left[:_SHOWN])}{more}. Do it, or call plan with the list as it stands and say why the rest is left out.")
    check = next((name for name in _CHECKS if name in tools), None)
    if check and work.unchecked:
        notes.append(f"Not looked at since it changed: {', '.join(work.unchecked[:_SHOWN])}. Run {check} before you say that it works.")
    elif check and work.broken:
        notes.append(f"The last check found: {work.broken} Repair it, or say plainly that the app does not work and why.")
    return " ".join(notes) or None


def _trouble(data: Any) -> str:
    if not isinstance(data, Mapping) or data.get("ok") is not False:
        return ""
    found = data.get("first_error") or data.get("stage") or "the app does not work"
    found = found.get("message") if isinstance(found, Mapping) else found
    return f"{str(found)[:300].rstrip('.')}."
