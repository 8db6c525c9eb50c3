"""What each event does to a chat: events go in, entries come out."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Any

from ui.parts import steps
from ui.parts.chat import Chat, Data, add, catch_up, change, close, flush, heard, last_open, over

_LONGEST_LIVE = 60_000  # characters of a reply that is still coming
_MOST_PICTURES = 20
# What the right side of the page shows again after an event of this name.
_TOUCHES = {
    "FileChanged": "files", "ProjectChanged": "files", "PreviewReady": "preview", "Deployed": "deployed",
}  # fmt: skip
# The same by the call that was made, where no event tells of it; those in `_MAKES` begin a project, which is the chat's from then on.
_CALLS = {
    "project_edit": "files", "project_rename": "files", "project_remove": "files", "project_undo": "files", "project_redo": "files",
    "project_restore": "files", "project_run_keep": "files", "app_repair": "files", "app_verify": "preview", "preview_stop": "preview", "preview_update": "preview",
}  # fmt: skip
_MAKES = {"project_create": "project", "project_from_space": "project", "generate_app_code": "project", "build_space": "project", "project_import": "id"}
_QUIET = ("plan", "ask")  # the checklist and the question show what these did


def advance(chat: Chat, events: Iterable[Data]) -> Chat:
    """The chat after these events, each as `Event.to_dict()` gives it, with `seq` where it is stored. Unknown ones change nothing."""
    for event in events:
        if isinstance(seq := event.get("seq"), int):
            chat = replace(chat, seq=max(chat.seq, seq))
        if touch := _TOUCHES.get(str(event.get("event"))):
            chat = replace(chat, touched=chat.touched | {touch}, project=event.get("project") or chat.project)
        if told := _TOLD.get(str(event.get("event"))):
            chat = told(chat, event)
    return chat


def _said(chat: Chat, event: Data) -> Chat:
    if chat.working and (chat.text or chat.thoughts or last_open(chat, "tool")):
        return replace(chat, waiting=(*chat.waiting, event))
    return heard(chat, event)


def _waiting(chat: Chat, event: Data) -> Chat:
    said = tuple(one for one in chat.waiting if "event" in one)
    return replace(chat, waiting=(*said, *({"text": str(text)} for text in event.get("texts") or ())))


def _text(chat: Chat, event: Data) -> Chat:
    if event.get("agent"):
        return chat
    chat = catch_up(chat)
    return replace(chat, text=(chat.text + str(event.get("text") or ""))[:_LONGEST_LIVE], working=True)


def _thought(chat: Chat, event: Data) -> Chat:
    if event.get("agent"):
        return chat
    chat = catch_up(chat)
    return replace(chat, thoughts=(chat.thoughts + str(event.get("text") or ""))[-_LONGEST_LIVE:], working=True)


def _replied(chat: Chat, event: Data) -> Chat:
    if event.get("agent"):
        return chat
    chat = catch_up(chat)
    text, reasoning = str(event.get("text") or ""), str(event.get("reasoning") or chat.thoughts)
    chat = replace(chat, text="", thoughts="")
    if not text.strip() and not reasoning.strip():
        return chat
    return add(chat, "reply", {"text": text, "reasoning": reasoning, "model": event.get("model")})


def _tool_started(chat: Chat, event: Data) -> Chat:
    if agent := event.get("agent"):
        return change(chat, f"agent-{agent}", {"tool": event.get("title") or event.get("name")}, open=True)
    if _waits(chat, event) or event.get("name") in _QUIET:
        return chat
    data = {name: event.get(name) for name in ("id", "name", "title", "arguments", "source", "at")}
    return replace(add(flush(chat), "tool", data, key=f"tool-{event.get('id')}", open=True), working=True)


def _waits(chat: Chat, event: Data) -> bool:
    return any(one.key == f"tool-{event.get('id')}" and one.open for one in chat.entries)


def _tool_ended(chat: Chat, event: Data) -> Chat:
    if event.get("agent") or (event.get("name") in _QUIET and event.get("ok")):
        return chat
    key = f"tool-{event.get('id')}"
    picture = event.get("picture") or None
    data = {name: event.get(name) for name in ("ok", "text", "data", "seconds", "cost_usd")} | {"picture": bool(picture)}
    if any(one.key == f"approval-{event.get('id')}" and one.data.get("approve") is False for one in chat.entries[-12:]):
        return chat  # the card says that it was refused
    if not _waits(chat, event):  # it could not begin
        chat = add(chat, "tool", {"id": event.get("id"), "name": event.get("name"), "title": event.get("name"), "arguments": {}}, key=key, open=True)
    chat = _shows(change(chat, key, data, open=False), str(event.get("name")), event.get("data"))
    if picture:
        came = {**chat.pictures, str(event.get("id")): f"data:{_mime(picture)};base64,{picture.get('base64', '')}"}
        chat = replace(chat, pictures=MappingProxyType(dict(list(came.items())[-_MOST_PICTURES:])))
    return chat


def _shows(chat: Chat, name: str, data: Any) -> Chat:
    """What the right side shows again after a call."""
    if touch := _CALLS.get(name):
        return replace(chat, touched=chat.touched | {touch})
    made = data.get(_MAKES.get(name, "")) if isinstance(data, Mapping) else None
    id = made.get("id") if isinstance(made, Mapping) else made
    return replace(chat, touched=chat.touched | {"files"}, project=id) if isinstance(id, str) and id else chat


def _mime(picture: Data) -> str:
    mime = str(picture.get("mime") or "")
    return mime if mime in ("image/png", "image/jpeg", "image/webp", "image/gif") else "image/png"


def _step(chat: Chat, event: Data) -> Chat:
    if tool := last_open(chat, "tool"):
        return change(chat, tool.key, {"progress": event.get("text")}, open=True)
    told = steps.Step(**{name: event[name] for name in ("name", "text", "state", "seconds", "at") if event.get(name) is not None})
    going = last_open(chat, "steps")
    lines = steps.advance(going.data["lines"] if going else (), [told])
    return change(chat, going.key, {"lines": lines}, open=True) if going else add(chat, "steps", {"lines": lines}, open=True)


def _todo(chat: Chat, event: Data) -> Chat:
    return replace(chat, todo=tuple(event.get("items") or ()))


def _asked(chat: Chat, event: Data) -> Chat:
    names = ("id", "name", "title", "kind", "reason", "arguments", "plan", "usd_per_hour", "warning", "grant")
    return add(flush(chat), "approval", {name: event.get(name) for name in names}, key=f"approval-{event.get('id')}", open=True)


def _given(chat: Chat, event: Data) -> Chat:
    data = {name: event.get(name) for name in ("approve", "feedback", "by")}
    return replace(change(chat, f"approval-{event.get('id')}", data, open=False), working=chat.working or bool(event.get("approve")))


def _question(chat: Chat, event: Data) -> Chat:
    data = {"text": event.get("text") or "", "choices": tuple(event.get("choices") or ())}
    return add(flush(chat), "question", data, key=f"question-{event.get('id')}", open=True)


def _similar(chat: Chat, event: Data) -> Chat:
    return add(chat, "similar", {"items": tuple(event.get("items") or ())}) if event.get("items") else chat


def _agent(chat: Chat, event: Data) -> Chat:
    key = f"agent-{event.get('id')}"
    data = {name: event.get(name) for name in ("label", "state", "text", "tokens", "tools", "cost_usd")}
    going = event.get("state") == "working"
    known = any(one.key == key and one.open for one in chat.entries)
    return change(chat, key, data, open=going) if known else add(chat, "agent", data, key=key, open=going)


def _spent(chat: Chat, event: Data) -> Chat:
    return replace(chat, spent=event)


def _noticed(chat: Chat, event: Data) -> Chat:
    if event.get("agent"):
        return chat
    if event.get("kind") == "retry":
        chat = replace(chat, text="", thoughts="")  # the reply under way begins again
    return add(chat, "notice", {"kind": event.get("kind"), "text": event.get("text")})


def _deployed(chat: Chat, event: Data) -> Chat:
    return add(chat, "deployed", {name: event.get(name) for name in ("repo", "url", "revision")})


def _failed(chat: Chat, event: Data) -> Chat:
    error = event.get("error") or {}
    return replace(over(chat), working=False) if error.get("code") == "cancelled" else replace(add(over(chat), "ended", {"ending": "failed", "text": error.get("message"), "error": error}), working=False)


def _turn_ended(chat: Chat, event: Data) -> Chat:
    chat = replace(over(chat), working=False)
    data = {"ending": event.get("ending"), "text": event.get("text"), "error": event.get("error")}
    return chat if data["ending"] in ("approval", "question") else add(chat, "ended", data)


_TOLD: dict[str, Callable[[Chat, Data], Chat]] = {
    "UserSaid": _said, "Text": _text, "Reasoning": _thought, "Said": _replied, "ToolStarted": _tool_started, "ToolEnded": _tool_ended,
    "Step": _step, "Todo": _todo, "ApprovalAsked": _asked, "ApprovalGiven": _given, "Question": _question, "Similar": _similar,
    "SubAgent": _agent, "Spent": _spent, "Noticed": _noticed, "Deployed": _deployed, "TurnEnded": _turn_ended, "Failed": _failed, "Waiting": _waiting,
}  # fmt: skip
