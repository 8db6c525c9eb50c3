"""A chat taken back to an earlier message, or gone on with beside itself from there; the project's files go with it."""

from __future__ import annotations

import asyncio
from typing import Any

from core.agent import wire
from core.agent.chat import Chat
from core.agent.chats import Agents
from core.agent.copying import renamed
from core.agent.turns import place_of
from core.agent.values import Message
from core.errors import Conflict, InvalidInput, NotFound
from core.events import Event, Noticed
from core.registry import Call
from core.running import run_action

_GONE = "The project it worked on was deleted meanwhile, so only the conversation went back."
_LATER = "The chat had no project at this message, so it has none now; the one it began stays among your projects as it is."
_TAKEN_BACK = "This call has no result any more: the conversation was taken back to before the person answered."
_COPIED = "This call has no result: the conversation was copied before it had one."


async def rewind(agents: Agents, call: Call, chat: str, seq: int) -> dict[str, Any]:
    """Back to before that message of the person: it and what came after are dropped, and the files are as they were then.

    Args:
        seq: number of a `UserSaid` event. The project's change is one commit that undo takes back.

    Returns `{chat, title, project, text, restored, note}`: what the person had written, the paths that changed back, and what
    became of the project where it is not the chat's any more. Raises NotFound, InvalidInput when the number is no
    message's, Conflict while a turn runs.
    """
    found = await agents.open(call, chat)
    _idle(found)
    spot, later = await _spot(found, seq)
    told: list[Event] = []
    project, revision = _place(found, spot)
    remark, restored = "", []
    if revision and await _is_there(call, project):
        done = await run_action("project_restore", {"project": project, "revision": revision}, Call(call.caller, call.house, told.append))
        restored = done["changed"]
    else:
        remark = _GONE if revision else _LATER if project else ""
        project = None
    _idle(found)
    await found.cut(seq)
    found.put_off()
    _keep(found.messages, later, _TAKEN_BACK)
    found.forget_work()
    found.change(project=project, status="done" if found.messages else "new", state={"pending": [], "decided": {}, "looked": bool(found.messages)})
    found.messages_changed()
    for event in told:
        found.emit(event)
    found.emit(Noticed(kind="rewound", text=f"Taken back to before “{_short(spot['text'])}”. {remark}".strip()))
    await found.flush()
    return {"chat": found.id, "title": found.row["title"], "project": project, "text": spot["text"], "restored": restored, "note": remark}


async def fork(agents: Agents, call: Call, chat: str, seq: int | None = None) -> Chat:
    """A new chat with what happened so far, or before that message of the person, and with a copy of the project as it was then.

    What was said and done names the copy where it named the project. Raises NotFound, InvalidInput when the number is no
    message's, Conflict when there are too many projects.
    """
    found = await agents.open(call, chat)
    spot, later = await _spot(found, seq) if seq is not None else (None, 0)
    messages = found.messages_kept()
    until = found.last + 1 if seq is None else seq
    _keep(messages, later, _COPIED)
    wire.repair(messages, _COPIED)
    before, project = await _copied(call, found, spot)
    rename = renamed(before, project, messages)
    return await agents.copy(call, copy_of(found.row["title"]), project, found, [rename(one) for one in messages], until, rename)


def copy_of(title: str) -> str:
    """The title of a copy; in front, where a long title's end is not shown."""
    return title if title.startswith("Copy of ") else f"Copy of {title}"


async def _copied(call: Call, chat: Chat, spot: dict[str, Any] | None) -> tuple[str | None, str | None]:
    """The project the chat worked on at that message, and a copy of it as it was then, with its history; None where there was none."""
    # Of a chat that works, the files of this moment: what it writes from here on is not in the messages that are copied.
    id, revision = _place(chat, spot) if spot is not None else reversed(await place_of(chat, call))
    if not id or not revision:
        return None, None

    def make() -> str | None:
        projects = call.house.projects
        try:
            source = projects.get(id, call.caller.id)
        except NotFound:
            return None
        return projects.copy(id, call.caller.id, title=copy_of(source.title), revision=revision).id

    return id, await asyncio.to_thread(make)


def _place(chat: Chat, spot: dict[str, Any]) -> tuple[str | None, str]:
    """The project of a message and where it stood; messages kept before they named it were about the chat's own."""
    return spot.get("project") or chat.row["project"], spot.get("revision") or ""


async def _is_there(call: Call, project: str | None) -> bool:
    try:
        return project is not None and bool(await asyncio.to_thread(call.house.projects.get, project, call.caller.id))
    except NotFound:
        return False


async def _spot(chat: Chat, seq: int) -> tuple[dict[str, Any], int]:
    """The message of that number, and how many the person wrote from it on."""
    spot, later, after = None, 0, seq - 1
    while bodies := await chat.events(after):
        for body in bodies:
            after = body["seq"]
            if body["event"] == "UserSaid":
                spot = spot or body
                later += 1
    if spot is None or spot["seq"] != seq:
        raise InvalidInput(f"{seq} is not the number of a message you wrote in this chat.", "Take `seq` of a UserSaid event from agent_open.")
    return spot, later


def _keep(messages: list[Message], later: int, because: str) -> None:
    """Drop the last `later` messages of the person, and what stands behind the first of them, or before it because of it."""
    if not later:
        return
    places = [place for place, one in enumerate(messages) if (one.get("meta") or {}).get("kind") == "said"]
    place = places[-later] if later <= len(places) else 0
    opened = set((messages[place].get("meta") or {}).get("opened") or ()) if messages else set()
    messages[:] = [one for one in messages[:place] if one.get("tool_call_id") not in opened]
    wire.repair(messages, because)


def _idle(chat: Chat) -> None:
    if chat.busy:
        raise Conflict("It is working.", "Stop it first.")


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= 60 else f"{line[:60]}…"
