"""A chat as it stands on the page, and the small changes it is made of. Pure; `advance` in chat_events makes them, transcript draws.

Entries that are settled stand before the first one that still changes, and are never touched again: what is drawn of them
only grows, so the page sends and a screen reader hears only what is new.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any

Data = Mapping[str, Any]


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


def running(chat: Chat, working: bool, project: str | None = None) -> Chat:
    """The same chat as the house knows it: whether its turn runs, and where it works."""
    return replace(chat if working else over(chat), working=working, project=project or chat.project, touched=frozenset())


def rested(chat: Chat) -> Chat:
    """The same chat once the right side was told."""
    return replace(chat, touched=frozenset(), pictures=MappingProxyType({}))


def settled(chat: Chat) -> int:
    """How many entries, from the first on, will not change any more."""
    return next((place for place, one in enumerate(chat.entries) if one.open), len(chat.entries))


def pending(chat: Chat) -> tuple[Entry, ...]:
    """What waits for the person: approvals and questions."""
    return tuple(one for one in chat.entries if one.open and one.kind in ("approval", "question"))


def add(chat: Chat, kind: str, data: Data, *, key: str = "", open: bool = False) -> Chat:
    """One more entry at the end."""
    return replace(chat, entries=(*chat.entries, Entry(kind, key or f"{kind}-{len(chat.entries)}", data, open)))


def change(chat: Chat, key: str, data: Data, *, open: bool) -> Chat:
    """The newest open entry of that key with more data; nothing when there is none."""
    for place in range(len(chat.entries) - 1, -1, -1):
        one = chat.entries[place]
        if one.key == key and one.open:
            changed = replace(one, data={**one.data, **data}, open=open)
            return replace(chat, entries=(*chat.entries[:place], changed, *chat.entries[place + 1 :]))
    return chat


def last_open(chat: Chat, kind: str) -> Entry | None:
    """The newest entry of that kind that still changes."""
    return next((one for one in reversed(chat.entries) if one.kind == kind and one.open), None)


def close(chat: Chat, kinds: tuple[str, ...], data: Data) -> Chat:
    """Every entry of these kinds that still changes, settled with more data."""
    for one in chat.entries:
        if one.open and one.kind in kinds:
            chat = change(chat, one.key, data, open=False)
    return chat


def flush(chat: Chat) -> Chat:
    """What came of a reply whose end was not told stays, as a reply that broke off."""
    if chat.text.strip():
        chat = add(chat, "reply", {"text": chat.text, "reasoning": chat.thoughts, "cut": True})
    return replace(chat, text="", thoughts="")


def heard(chat: Chat, event: Data) -> Chat:
    """What a person said stands; it answers a question, and ends the steps before it."""
    chat = close(flush(chat), ("question",), {"answered": True})
    chat = close(chat, ("steps",), {})
    data = {"text": event.get("text") or "", "revision": event.get("revision") or "", "seq": event.get("seq")}
    return replace(add(chat, "said", data), working=True)


def catch_up(chat: Chat) -> Chat:
    """A reply begins: what was said before it, and only waited for it, stands before it. What `Waiting` told of joins by its own event."""
    said = [one for one in chat.waiting if "event" in one]
    if said and not chat.text and not chat.thoughts and not last_open(chat, "tool"):
        for event in said:
            chat = heard(chat, event)
        return replace(chat, waiting=tuple(one for one in chat.waiting if "event" not in one))
    return chat


def over(chat: Chat) -> Chat:
    """What was being done when the turn ended is over, too."""
    return catch_up(close(flush(chat), ("tool", "steps", "agent"), {"ok": False, "text": "", "state": "failed", "unfinished": True}))
