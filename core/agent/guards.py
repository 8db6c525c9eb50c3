"""What a model is told when it says it is done and the work says otherwise."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from core.events import Event, FileChanged, Todo, ToolEnded

_CHECKS = ("app_verify", "preview_check", "app_repair", "build_space")
_MAKES = ("project_create", "generate_app_code")
_PUBLISHES = ("deploy_to_space", "space_update")
_NEW = "the new app"
_SHOWN = 6
_QUESTION_MARKS = ("?", "？", "؟")


@dataclass(frozen=True)
class Work:
    """How the work of a chat stands.

    todo: the newest checklist. unchecked: files that changed since the app was last looked at. broken: what the last look found wrong.
    good: the newest thing that happened to the app is a check or a deploy that went well. looked: the revision of the last look, where it told.
    settled: a turn was ended by the model with the work as it is; a later question is not met with the same words again.
    """

    todo: tuple[dict[str, str], ...] = ()
    unchecked: tuple[str, ...] = ()
    broken: str = ""
    good: bool = False
    looked: str = ""
    settled: bool = False

    @classmethod
    def of(cls, kept: Mapping[str, Any]) -> Work:
        """As `to_dict` gave it."""
        told = {name: kept[name] for name in ("broken", "good", "looked", "settled") if kept.get(name)}
        return cls(todo=tuple(kept.get("todo") or ()), unchecked=tuple(kept.get("unchecked") or ()), **told)

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)


def after(work: Work, event: Event) -> Work:
    """How it stands once this has happened."""
    if isinstance(event, Todo):
        return replace(work, settled=False, todo=tuple(event.items))
    if isinstance(event, FileChanged):
        return replace(work, settled=False, unchecked=tuple(dict.fromkeys((*work.unchecked, event.path)))[-50:], good=False)
    if isinstance(event, ToolEnded) and event.name in _MAKES and event.ok:
        return replace(work, settled=False, unchecked=(_NEW,), broken="", good=False, looked="")
    if isinstance(event, ToolEnded) and event.name in _CHECKS and event.ok:
        broken = _trouble(event.data)
        return replace(work, settled=False, unchecked=(), broken=broken, good=not broken, looked=_revision(event.data))
    if isinstance(event, ToolEnded) and event.name in _PUBLISHES:
        return replace(work, settled=False, good=event.ok and not work.broken and not work.unchecked)
    return work


def doubt(work: Work, revision: str) -> str:
    """Why an app as it stands at this revision is not published unasked, one sentence; "" where nothing speaks against it."""
    if work.unchecked or work.looked and work.looked != revision:
        return "Nobody has looked at it since it changed."
    return f"Its last check failed: “{work.broken.rstrip('.')}”." if work.broken else ""


def push(work: Work, tools: Sequence[str], said: str = "") -> str | None:
    """What to say to a model that stops now, or None where it may stop: also where nothing happened since it last did.

    said: its last words; where they end with a question after a good check, what is open in the plan waits for the person.
    """
    if work.settled:
        return None
    notes = []
    open_items = [item for item in work.todo if item.get("state") != "done"]
    left = [item.get("text", "") for item in open_items]
    only_unticked = work.good and len(open_items) == 1 and open_items[0].get("state") == "working"
    asks = work.good and said.rstrip(" *_\n")[-1:] in _QUESTION_MARKS
    if left and not only_unticked and not asks and "plan" in tools:
        more = f" and {len(left) - _SHOWN} more" if len(left) > _SHOWN else ""
        notes.append(
            f"Open in your plan: {'; '.join(left[:_SHOWN])}{more}. What is done, tick with plan; your words above stand, do not say them again. "
            "What is not, do, or say why it is left out."
        )
    check = next((name for name in _CHECKS if name in tools), None)
    if check and work.unchecked:
        notes.append(f"Not looked at since it changed: {', '.join(work.unchecked[:_SHOWN])}. Run {check} before you say that it works.")
    elif check and work.broken:
        notes.append(f"The last check found: {work.broken} Repair it, or say plainly that the app does not work and why.")
    return " ".join(notes) or None


def _revision(data: Any) -> str:
    return str(data.get("revision") or "") if isinstance(data, Mapping) else ""


def _trouble(data: Any) -> str:
    if not isinstance(data, Mapping) or data.get("ok") is not False:
        return ""
    found = data.get("first_error") or data.get("stage") or "the app does not work"
    found = found.get("message") if isinstance(found, Mapping) else found
    return f"{str(found)[:300].rstrip('.')}."
