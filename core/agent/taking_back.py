"""A chat taken back to an earlier message, or gone on with beside itself from there; the project's files go with it."""

from __future__ import annotations

import asyncio
from typing import Any

from core.agent import wire
from core.agent.chat import Chat
from core.agent.chats import Agents
from core.agent.values import Message
from core.errors import Conflict, InvalidInput, NotFound
from core.events import Event, Noticed
from core.registry import Call
from core.running import run_action


async def rewind(agents: Agents, call: Call, chat: str, seq: int) -> dict[str, Any]:
    """Back to before that message of the person: it and what came after are dropped, and the files are as they were then.

    Args:
        seq: number of a `UserSaid` event. The project's change is one commit that undo takes back.

    Returns `{chat, title, project, text, restored}`: what the person had written, and the paths that changed back.
    Raises NotFound, InvalidInput when the number is no message's, Conflict while a turn runs.
    """
    found = await agents.open(call, chat)
    _idle(found)
    spot, later = await _spot(found, seq)
    told: list[Event] = []
    project, restored = found.row["project"], []
    if project and spot["revision"]:
        try:
            done = await run_action("project_restore", {"project": project, "revision": spot["revision"]}, Call(call.caller, call.house, told.append))
            restored = done["changed"]
        except NotFound:
            project = None  # it was deleted meanwhile; the conversation goes back all the same
    else:
        project = None  # it was made after this message
    _idle(found)
    await found.cut(seq)
    _keep(found.messages, later)
    found.forget_work()
    found.change(project=project, status="done" if found.messages else "new", state={"pending": [], "decided": {}, "looked": bool(found.messages)})
    found.messages_changed()
    for event in told:
        found.emit(event)
    found.emit(Noticed(kind="rewound", text=f"Taken back to before “{_short(spot['text'])}”."))
    await found.flush()
    return {"chat": found.id, "title": found.row["title"], "project": project, "text": spot["text"], "restored": restored}


async def fork(agents: Agents, call: Call, chat: str, seq: int | None = None) -> Chat:
    """A new chat with what happened so far, or before that message of the person, and with a copy of the project as it was then.

    Raises NotFound, InvalidInput when the number is no message's, Conflict when there are too many projects.
    """
    found = await agents.open(call, chat)
    spot, later = await _spot(found, seq) if seq is not None else (None, 0)
    messages = found.messages_kept()
    _keep(messages, later)
    wire.repair(messages, "This call has no result: the conversation was copied before it had one.")
    project = await _copied(call, found, spot)
    title = f"{found.row['title']} (copy)"
    return await agents.copy(call, title, project, found, messages, found.last + 1 if seq is None else seq)


async def _copied(call: Call, chat: Chat, spot: dict[str, Any] | None) -> str | None:
    """The id of a copy of the chat's project as it was at that message; None where there was none."""
    id = chat.row["project"]
    if not id or (spot is not None and not spot["revision"]):
        return None

    def make() -> str | None:
        try:
            source = call.house.projects.get(id, call.caller.id)
            files = source.snapshot(spot["revision"] if spot else None)
        except NotFound:
            return None
        made = call.house.projects.create(
            call.caller.id, title=f"{source.title} (copy)", files=files, template=source.template, sdk=source.sdk, message=f"Copy of {source.title}"
        )
        return made.id

    return await asyncio.to_thread(make)


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


def _keep(messages: list[Message], later: int) -> None:
    """Drop the last `later` messages of the person, and what stands behind the first of them."""
    places = [place for place, one in enumerate(messages) if (one.get("meta") or {}).get("kind") == "said"]
    if later:
        del messages[places[-later] if later <= len(places) else 0 :]


def _idle(chat: Chat) -> None:
    if chat.busy:
        raise Conflict("It is working.", "Stop it first.")


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= 60 else f"{line[:60]}…"
