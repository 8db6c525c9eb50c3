"""What a person did between two turns that the model cannot know of: they stopped it, took a change back, wrote in the files."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING

from core.agent.values import EndingKind
from core.errors import SpacesError
from core.registry import Call

if TYPE_CHECKING:
    from core.agent.chat import Chat

_LOOKED_AT = 200  # changes
_NAMED = 12  # of the paths and of the changes
_LINE = 100
_STOPPED = "The person stopped your last turn, so what it was doing may be half done."


async def left_off(chat: Chat, call: Call, ending: EndingKind) -> None:
    """Remember how a turn ended, and where the project stood then."""
    project, revision = chat.row["project"] or "", ""
    with suppress(SpacesError):
        revision = await asyncio.to_thread(lambda: call.house.projects.get(project, call.caller.id).revision) if project else ""
    chat.change(state={"left": {"ending": ending, "project": project, "revision": revision}})


async def meanwhile(chat: Chat, call: Call) -> str:
    """What the model is to know before it goes on; "" for nothing. It is told once."""
    left = chat.row["state"].get("left") or {}
    if not left:
        return ""
    chat.change(state={"left": None})
    told = [_STOPPED] if left["ending"] == "stopped" else []
    if left["revision"] and left["project"] == chat.row["project"]:
        with suppress(SpacesError):
            told.append(await asyncio.to_thread(_changed, call, left["project"], left["revision"]))
    return " ".join(filter(None, told))


def _changed(call: Call, id: str, since: str) -> str:
    project = call.house.projects.get(id, call.caller.id)
    if project.revision == since:
        return ""
    did: list[str] = []
    for commit in project.history(_LOOKED_AT):
        if commit.oid == since:
            break
        title, _, _ = commit.message.strip().partition("\n")
        did.append(f"“{_line(title)}”")
    paths = [one.path for one in project.diff(since)]
    files = f"Changed against what you left: {_listed(paths)}. Read them before you change them." if paths else "In the end the files are as you left them."
    return f"Since your last reply the person changed the project: {_listed(did[::-1])}. {files}"


def _listed(names: list[str]) -> str:
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return ", ".join(_line(name) for name in names[:_NAMED]) + more


def _line(text: str) -> str:
    """On one line, and without what could look like a mark of ours."""
    flat = " ".join(text.replace("<", "‹").replace(">", "›").split())
    return flat if len(flat) <= _LINE else flat[: _LINE - 1] + "…"
