"""A chat on the page: opened, followed while its turn runs, sent to. The turn itself runs in the house, whether a page looks or not."""

from __future__ import annotations

import time
from collections.abc import AsyncGenerator, Mapping
from dataclasses import dataclass, field
from typing import Any

import gradio as gr

from core.errors import NotFound, SpacesError
from core.events import Done, Event, Failed
from ui.bind import QUIET, Bind
from ui.desk import Desk, Updates
from ui.parts import chat as reducing
from ui.parts import chats as drawn
from ui.parts import transcript
from ui.parts.chat import Chat
from ui.parts.chat_events import advance
from ui.parts.draw import draw
from ui.parts.notice import failure
from ui.tabs.story import ANSWER, BEGIN, GO_ON, Story

_PAGE = 500
_MOST_EVENTS = 20_000
_SENT_PICTURES = 8
_NOW = 10**12  # after every event: only what a chat is
_ASIDE = frozenset({"files", "show", "bar"})  # everything beside the chat; an app that runs on keeps what was typed into it
Open = dict[str, Any]  # the open chat: id, title, project, working, seq (its newest event that is drawn); said: a word about what was tried
_JOB = "chat"  # what `Bind` follows under this word is the open chat of the page


@dataclass(frozen=True)
class Drawn:
    """What of a chat stands on the page: its settled part as it was drawn, how many entries that is, and screenshots not sent yet."""

    chat: Chat
    html: str
    count: int
    pictures: Mapping[str, str] = field(default_factory=dict)


async def keyed(bind: Bind, request: gr.Request) -> bool:
    """Whether this visitor has a key a model could be asked with."""
    return any(one["has_key"] or not one["needs_key"] for one in (await bind.ask("provider_manage_keys", {}, request))["items"])


async def chats_of(bind: Bind, request: gr.Request) -> list[dict[str, Any]]:
    """The visitor's chats, newest first; nobody's when nothing is kept for them."""
    try:
        return (await bind.ask("agent_chats", {}, request))["items"]
    except SpacesError:
        return []


def nudge(*, pictures: Mapping[str, str] | None = None, touched: frozenset[str] = frozenset(), sent: bool = False, download: tuple[str, str] | None = None) -> str:
    """What the browser is told once: screenshots by their call, panes to draw again, that the words are sent, a file to keep."""
    shown = list((pictures or {}).items())[-_SENT_PICTURES:]
    return draw("chat_nudge", now=time.time(), pictures=shown, touched=" ".join(sorted(touched)), sent=sent, download=download)


async def empty(bind: Bind, request: gr.Request, own: Story, project: str | None = None) -> Updates:
    """The pane before there is a chat."""
    can = await keyed(bind, request)
    return {
        own.bar: drawn.bar(await chats_of(bind, request), None, keyed=can), own.meter: "", own.plan: "", own.told: "", own.live: "", own.said: "", own.queued: "",
        own.chat: None, own.build: gr.Button("Send" if can and project else "Build", visible=True), own.stop: gr.Button(visible=False),
        own.idea: gr.Textbox(placeholder=GO_ON if can and project else BEGIN), own.keyless: "" if can else drawn.keyless(), own.model: drawn.model(None, keyed=can), own.choice: {},
    }  # fmt: skip


async def opening(bind: Bind, request: gr.Request, own: Story, project: str | None) -> Updates:
    """The pane with the newest chat of a project, or as it is before there is one. Who draws this follows the chat afterwards."""
    newest = next((one for one in await chats_of(bind, request) if project and one["project"] == project), None)
    if newest is None:
        return await empty(bind, request, own, project)
    try:
        shown, _ = await opened(bind, request, own, newest["id"])
    except SpacesError as error:
        return await empty(bind, request, own, project) | {own.said: failure(error.to_dict())}
    return shown


async def opened(bind: Bind, request: gr.Request, own: Story, id: str, *, most: int = transcript.SHOWN) -> tuple[Updates, Drawn]:
    """The pane with this chat as it is now. Raises `SpacesError`."""
    meta, chat, last = await _read(bind, request, id)
    can = await keyed(bind, request)
    shown = Drawn(chat, transcript.opened(chat, most=most), reducing.settled(chat))
    settings = meta.get("settings") or {}
    return {
        own.bar: drawn.bar(await chats_of(bind, request), meta, keyed=can),
        own.meter: transcript.meter(chat.spent, settings.get("limit_usd")),
        own.plan: transcript.todo(chat), own.told: shown.html, own.live: transcript.live(chat), own.said: "", own.queued: waiting(chat),
        own.build: gr.Button("Send", visible=True), own.stop: gr.Button(visible=chat.working), own.keyless: "" if can else drawn.keyless(spoken=True), own.idea: gr.Textbox(placeholder=asks(chat)),
        own.model: drawn.model(settings, keyed=can),
        own.choice: {name: settings.get(name) for name in ("model", "provider") if settings.get(name)},
        own.chat: {"id": id, "title": meta.get("title"), "project": meta.get("project"), "working": chat.working, "seq": last},
        own.nudge: nudge(pictures=chat.pictures),
    }, Drawn(reducing.rested(chat), shown.html, shown.count, chat.pictures)  # fmt: skip


async def _read(bind: Bind, request: gr.Request, id: str) -> tuple[dict[str, Any], Chat, int]:
    """What the house keeps of a chat, reduced; and the number of its newest event."""
    chat, meta, last = Chat(), {}, 0
    while len(chat.entries) < _MOST_EVENTS:
        found = await bind.ask("agent_open", {"chat": id, "after": chat.seq, "limit": _PAGE}, request)
        meta, last = found["about"], found["last"]
        chat = advance(chat, found["events"])
        if not found["more"]:
            break
    return meta, reducing.running(chat, meta.get("status") == "running", meta.get("project")), last


async def following(bind: Bind, desk: Desk, own: Story, request: gr.Request, id: str, said: str = "") -> AsyncGenerator[Updates]:
    """Draw a chat and, while its turn runs, what happens in it. Leaving it stops nothing but the drawing."""
    try:
        updates, shown = await opened(bind, request, own, id)
    except SpacesError as error:
        yield {own.said: failure(error.to_dict())}
        return
    project = {desk.project: shown.chat.project} if shown.chat.project else {}
    yield updates | project | {own.said: said, own.nudge: nudge(pictures=shown.pictures, touched=_ASIDE)}
    if not shown.chat.working:
        return
    async for batch in bind.follow("agent_follow", {"chat": id, "after": shown.chat.seq}, request, job=_JOB):
        last = batch[-1] if batch else None
        if isinstance(last, Failed) and last.error.get("code") == "cancelled":
            return  # this page turned to something else; the turn goes on
        if batch:
            updates, shown = _after(desk, own, shown, batch)
            yield updates
        if isinstance(last, Done):
            kept = await chats_of(bind, request)
            meta = next((one for one in kept if one["id"] == id), {"id": id, "title": "", "project": shown.chat.project})
            project = {desk.project: meta["project"]} if meta["project"] else {}
            yield project | {
                own.bar: drawn.bar(kept, meta, keyed=True), own.stop: gr.Button(visible=False), own.queued: waiting(shown.chat),
                own.idea: gr.Textbox(placeholder=asks(shown.chat)),
                own.chat: {"id": id, "title": meta["title"], "project": meta["project"], "working": False, "seq": shown.chat.seq},
                own.nudge: nudge(touched=_ASIDE),
            }  # fmt: skip


def asks(chat: Chat) -> str:
    """What the composer is for now."""
    return ANSWER if any(one.kind == "question" for one in reducing.pending(chat)) else GO_ON


async def waits(bind: Bind, request: gr.Request, id: str) -> set[str]:
    """The ids of what waits for the person now, whatever this page shows. Raises `SpacesError`."""
    about = (await bind.ask("agent_open", {"chat": id, "after": _NOW, "limit": 1}, request))["about"]
    return {one["id"] for one in about["pending"]} - set(about["decided"])


async def looking(bind: Bind, own: Story, request: gr.Request, chat: Open | None, project: str | None) -> Updates:
    """Whether something happened in the open chat that this page does not show: another page, or another program, went on with it.

    Asked every few seconds by the page, so that it recovers from a broken connection and a restarted server, too.
    """
    if not chat or bind.runs(_JOB, request):
        return {own.said: gr.skip()}
    try:
        found = await bind.ask("agent_open", {"chat": chat["id"], "after": _NOW, "limit": 1}, request)
    except NotFound as error:
        return await empty(bind, request, own, project) | {own.said: failure(error.to_dict())}
    except SpacesError:
        return {own.said: gr.skip()}
    same = found["last"] == chat.get("seq") and found["about"]["status"] != "running"
    return {own.said: gr.skip()} if same else {own.chat: going_on(chat["id"])}


def waiting(chat: Chat) -> str:
    """What the agent has not read yet."""
    return drawn.queued([str(one.get("text") or "") for one in chat.waiting])


def _after(desk: Desk, own: Story, before: Drawn, batch: tuple[Event, ...]) -> tuple[Updates, Drawn]:
    """What changes on the page after these events, and nothing else of it."""
    chat = advance(before.chat, (event.to_dict() for event in batch if not isinstance(event, Done)))
    count = reducing.settled(chat)
    shown = Drawn(reducing.rested(chat), before.html + transcript.told(chat.entries[before.count : count]), count)
    updates: Updates = {own.live: transcript.live(chat)}
    if count != before.count:
        updates[own.told] = shown.html
    if chat.todo != before.chat.todo or chat.working != before.chat.working:
        updates[own.plan] = transcript.todo(chat)
    if chat.spent != before.chat.spent:
        updates[own.meter] = transcript.meter(chat.spent, None)
    if chat.waiting != before.chat.waiting:
        updates[own.queued] = waiting(chat)
    if chat.working != before.chat.working:
        updates[own.stop] = gr.Button(visible=chat.working)
    if chat.project and chat.project != before.chat.project:
        updates[desk.project] = chat.project
    if chat.touched or chat.pictures:
        updates[own.nudge] = nudge(pictures=chat.pictures, touched=chat.touched)
    return updates, shown


async def sending(
    bind: Bind, own: Story, request: gr.Request, text: str, *, chat: Open | None, project: str | None, choice: Mapping[str, Any]
) -> AsyncGenerator[Updates]:
    """Say something to the agent, in this chat or in a new one. Whoever sends follows afterwards, with `then_follow`."""
    given = {"message": text, "chat": chat["id"] if chat else None, "project": project, "wait": False}
    given |= {name: value for name, value in (choice or {}).items() if name in ("model", "provider", "limit_usd") and value is not None}
    yield {own.stop: gr.Button(visible=True), own.said: "", own.picker: gr.Column(visible=False)}
    try:
        made = await bind.ask("agent_chat", {name: value for name, value in given.items() if value is not None}, request)
    except SpacesError as error:
        yield {own.said: failure(error.to_dict()), own.stop: gr.Button(visible=bind.runs(_JOB, request))}
        return
    yield {own.idea: "", own.nudge: nudge(sent=True), own.chat: going_on(made["chat"])}


def going_on(id: str, said: str = "") -> Open:
    """The open chat, to be drawn anew and followed. said: stands above the composer then."""
    return {"id": id, "title": "", "project": None, "working": True, "seq": 0, "said": said}


def then_follow(bind: Bind, desk: Desk, own: Story, *events: Any) -> None:
    """After each of these events the open chat is drawn, and followed while its turn runs, unless this page does so already.

    The turn is followed in an event of its own: Gradio lets no second event of the same kind in while one is under way.
    """

    async def follow(chat: Open | None, request: gr.Request) -> AsyncGenerator[Updates]:
        yield {own.said: gr.skip()}  # a generator that yields nothing would empty all its outputs
        if chat and chat["working"] and not bind.runs(_JOB, request):
            async for updates in following(bind, desk, own, request, chat["id"], str(chat.get("said") or "")):
                yield updates

    for event in events:
        event.then(follow, own.chat, drawn_by(desk, own), trigger_mode="multiple", **QUIET)


async def leave(bind: Bind, request: gr.Request) -> None:
    """This page follows no chat any more."""
    await bind.stop(_JOB, request)


def drawn_by(desk: Desk, own: Story) -> list[Any]:
    """What `following` and `sending` may redraw."""
    return [
        own.bar, own.meter, own.plan, own.told, own.live, own.said, own.queued, own.idea, own.model, own.build, own.stop, own.keyless,
        own.nudge, own.chat, own.choice, own.picker, desk.project, desk.dock,
    ]  # fmt: skip
