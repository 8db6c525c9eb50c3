"""A chat as what it tells: events go in, entries come out. Pure; `ui/parts/transcript.py` draws what stands here.

Entries that are settled stand before the first one that still changes, and are never touched again: what is drawn of them
only grows, so the page sends and a screen reader hears only what is new.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any

from ui.parts import steps

Data = Mapping[str, Any]
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


@dataclass(frozen=True)
class Entry:
    """One thing of the transcript.

    kind: said, reply, tool, approval, question, similar, agent, steps, notice, deployed, ended. key: unique in the chat.
    open: it still changes. data: what its kind draws.
    """

    kind: str
    key: str
    data: Data
    open: bool = False


@dataclass(frozen=True)
class Chat:
    """A chat as it stands.

    text, thoughts: of the reply that is coming. todo: items of `{text, state}`. spent: the last event Spent. seq: the
    newest stored event. project: the one it works in. touched: words for the right side: files, preview, deployed.
    pictures: screenshots that came, by the tool's id, as data addresses. waiting: what the person said while a reply or a
    call is under way, as their events; the agent reads it before its next reply.
    """

    entries: tuple[Entry, ...] = ()
    text: str = ""
    thoughts: str = ""
    todo: tuple[Data, ...] = ()
    spent: Data | None = None
    working: bool = False
    seq: int = 0
    project: str | None = None
    touched: frozenset[str] = frozenset()
    pictures: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    waiting: tuple[Data, ...] = ()


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


def running(chat: Chat, working: bool, project: str | None = None) -> Chat:
    """The same chat as the house knows it: whether its turn runs, and where it works."""
    return replace(chat if working else _over(chat), working=working, project=project or chat.project, touched=frozenset())


def rested(chat: Chat) -> Chat:
    """The same chat once the right side was told."""
    return replace(chat, touched=frozenset(), pictures=MappingProxyType({}))


def settled(chat: Chat) -> int:
    """How many entries, from the first on, will not change any more."""
    return next((place for place, one in enumerate(chat.entries) if one.open), len(chat.entries))


def pending(chat: Chat) -> tuple[Entry, ...]:
    """What waits for the person: approvals and questions."""
    return tuple(one for one in chat.entries if one.open and one.kind in ("approval", "question"))


def _add(chat: Chat, kind: str, data: Data, *, key: str = "", open: bool = False) -> Chat:
    return replace(chat, entries=(*chat.entries, Entry(kind, key or f"{kind}-{len(chat.entries)}", data, open)))


def _change(chat: Chat, key: str, data: Data, *, open: bool) -> Chat:
    """The newest open entry of that key with more data; nothing when there is none."""
    for place in range(len(chat.entries) - 1, -1, -1):
        one = chat.entries[place]
        if one.key == key and one.open:
            changed = replace(one, data={**one.data, **data}, open=open)
            return replace(chat, entries=(*chat.entries[:place], changed, *chat.entries[place + 1 :]))
    return chat


def _last_open(chat: Chat, kind: str) -> Entry | None:
    return next((one for one in reversed(chat.entries) if one.kind == kind and one.open), None)


def _close(chat: Chat, kinds: tuple[str, ...], data: Data) -> Chat:
    for one in chat.entries:
        if one.open and one.kind in kinds:
            chat = _change(chat, one.key, data, open=False)
    return chat


def _flush(chat: Chat) -> Chat:
    """What came of a reply whose end was not told stays, as a reply that broke off."""
    if chat.text.strip():
        chat = _add(chat, "reply", {"text": chat.text, "reasoning": chat.thoughts, "cut": True})
    return replace(chat, text="", thoughts="")


def _said(chat: Chat, event: Data) -> Chat:
    if chat.working and (chat.text or chat.thoughts or _last_open(chat, "tool")):
        return replace(chat, waiting=(*chat.waiting, event))
    return _heard(chat, event)


def _heard(chat: Chat, event: Data) -> Chat:
    chat = _close(_flush(chat), ("question",), {"answered": True})
    chat = _close(chat, ("steps",), {})
    data = {"text": event.get("text") or "", "revision": event.get("revision") or "", "seq": event.get("seq")}
    return replace(_add(chat, "said", data), working=True)


def _next(chat: Chat) -> Chat:
    """A reply begins: what waited is read before it."""
    if chat.waiting and not chat.text and not chat.thoughts and not _last_open(chat, "tool"):
        for event in chat.waiting:
            chat = _heard(chat, event)
        return replace(chat, waiting=())
    return chat


def _text(chat: Chat, event: Data) -> Chat:
    if event.get("agent"):
        return chat
    chat = _next(chat)
    return replace(chat, text=(chat.text + str(event.get("text") or ""))[:_LONGEST_LIVE], working=True)


def _thought(chat: Chat, event: Data) -> Chat:
    if event.get("agent"):
        return chat
    chat = _next(chat)
    return replace(chat, thoughts=(chat.thoughts + str(event.get("text") or ""))[-_LONGEST_LIVE:], working=True)


def _replied(chat: Chat, event: Data) -> Chat:
    if event.get("agent"):
        return chat
    chat = _next(chat)
    text, reasoning = str(event.get("text") or ""), str(event.get("reasoning") or chat.thoughts)
    chat = replace(chat, text="", thoughts="")
    if not text.strip() and not reasoning.strip():
        return chat
    return _add(chat, "reply", {"text": text, "reasoning": reasoning, "model": event.get("model")})


def _tool_started(chat: Chat, event: Data) -> Chat:
    if agent := event.get("agent"):
        return _change(chat, f"agent-{agent}", {"tool": event.get("title") or event.get("name")}, open=True)
    if _waits(chat, event) or event.get("name") in _QUIET:
        return chat
    data = {name: event.get(name) for name in ("id", "name", "title", "arguments", "source", "at")}
    return replace(_add(_flush(chat), "tool", data, key=f"tool-{event.get('id')}", open=True), working=True)


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
        chat = _add(chat, "tool", {"id": event.get("id"), "name": event.get("name"), "title": event.get("name"), "arguments": {}}, key=key, open=True)
    chat = _shows(_change(chat, key, data, open=False), str(event.get("name")), event.get("data"))
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
    if tool := _last_open(chat, "tool"):
        return _change(chat, tool.key, {"progress": event.get("text")}, open=True)
    told = steps.Step(**{name: event[name] for name in ("name", "text", "state", "seconds", "at") if event.get(name) is not None})
    going = _last_open(chat, "steps")
    lines = steps.advance(going.data["lines"] if going else (), [told])
    return _change(chat, going.key, {"lines": lines}, open=True) if going else _add(chat, "steps", {"lines": lines}, open=True)


def _todo(chat: Chat, event: Data) -> Chat:
    return replace(chat, todo=tuple(event.get("items") or ()))


def _asked(chat: Chat, event: Data) -> Chat:
    names = ("id", "name", "title", "kind", "reason", "arguments", "plan", "usd_per_hour")
    return _add(_flush(chat), "approval", {name: event.get(name) for name in names}, key=f"approval-{event.get('id')}", open=True)


def _given(chat: Chat, event: Data) -> Chat:
    data = {name: event.get(name) for name in ("approve", "feedback", "by")}
    return replace(_change(chat, f"approval-{event.get('id')}", data, open=False), working=chat.working or bool(event.get("approve")))


def _question(chat: Chat, event: Data) -> Chat:
    data = {"text": event.get("text") or "", "choices": tuple(event.get("choices") or ())}
    return _add(_flush(chat), "question", data, key=f"question-{event.get('id')}", open=True)


def _similar(chat: Chat, event: Data) -> Chat:
    return _add(chat, "similar", {"items": tuple(event.get("items") or ())}) if event.get("items") else chat


def _agent(chat: Chat, event: Data) -> Chat:
    key = f"agent-{event.get('id')}"
    data = {name: event.get(name) for name in ("label", "state", "text", "tokens", "tools", "cost_usd")}
    going = event.get("state") == "working"
    known = any(one.key == key and one.open for one in chat.entries)
    return _change(chat, key, data, open=going) if known else _add(chat, "agent", data, key=key, open=going)


def _spent(chat: Chat, event: Data) -> Chat:
    return replace(chat, spent=event)


def _noticed(chat: Chat, event: Data) -> Chat:
    if event.get("agent"):
        return chat
    if event.get("kind") == "retry":
        chat = replace(chat, text="", thoughts="")  # the reply under way begins again
    return _add(chat, "notice", {"kind": event.get("kind"), "text": event.get("text")})


def _deployed(chat: Chat, event: Data) -> Chat:
    return _add(chat, "deployed", {name: event.get(name) for name in ("repo", "url", "revision")})


def _failed(chat: Chat, event: Data) -> Chat:
    error = event.get("error") or {}
    return replace(_over(chat), working=False) if error.get("code") == "cancelled" else replace(_add(_over(chat), "ended", {"ending": "failed", "text": error.get("message"), "error": error}), working=False)


def _over(chat: Chat) -> Chat:
    """What was being done when the turn ended is over, too."""
    return _next(_close(_flush(chat), ("tool", "steps", "agent"), {"ok": False, "text": "", "state": "failed", "unfinished": True}))


def _turn_ended(chat: Chat, event: Data) -> Chat:
    chat = replace(_over(chat), working=False)
    data = {"ending": event.get("ending"), "text": event.get("text"), "error": event.get("error")}
    return chat if data["ending"] in ("approval", "question") else _add(chat, "ended", data)


_TOLD: dict[str, Callable[[Chat, Data], Chat]] = {
    "UserSaid": _said, "Text": _text, "Reasoning": _thought, "Said": _replied, "ToolStarted": _tool_started, "ToolEnded": _tool_ended,
    "Step": _step, "Todo": _todo, "ApprovalAsked": _asked, "ApprovalGiven": _given, "Question": _question, "Similar": _similar,
    "SubAgent": _agent, "Spent": _spent, "Noticed": _noticed, "Deployed": _deployed, "TurnEnded": _turn_ended, "Failed": _failed,
}  # fmt: skip
