"""What can be done with a chat and inside it: decide, answer, go back, rename, fork, keep elsewhere, delete; and which model answers."""

from __future__ import annotations

import json
from typing import Any

import gradio as gr

from core.errors import Conflict, NotFound, SpacesError
from ui.bind import QUIET, Bind
from ui.desk import Desk, Updates
from ui.live import arg
from ui.parts import chats as drawn
from ui.parts import models as rows
from ui.parts.notice import failure, notice
from ui.tabs import chats
from ui.tabs.chats import Open
from ui.tabs.story import Story

_ROWS = 30


def behave(bind: Bind, desk: Desk, own: Story) -> None:
    """Wire the transcript's buttons, the menu above it and the model picker."""

    nothing: Updates = {own.said: gr.skip()}

    async def asked(chat: Open | None, name: str, given: dict[str, Any], request: gr.Request) -> Updates:
        """Do something with the open chat, which is drawn anew afterwards."""
        if not chat:
            return nothing
        try:
            await bind.ask(name, {"chat": chat["id"], **given}, request)
        except (Conflict, NotFound) as error:  # another page was quicker: this one shows the chat as it is
            return {own.chat: chats.going_on(chat["id"], failure(error.to_dict()))}
        except SpacesError as error:
            return {own.said: failure(error.to_dict())}
        return {own.said: "", own.chat: chats.going_on(chat["id"])}

    async def decide(chat: Open | None, request: gr.Request, event: gr.EventData) -> Updates:
        given = _object(event)
        decision = {"id": str(given.get("id")), "approve": given.get("approve") is True, "feedback": str(given.get("feedback") or "")[:4000]}
        trust = given.get("trust")
        trusted = {"trust_usd": float(trust)} if isinstance(trust, int | float) and decision["approve"] else {}
        return await asked(chat, "agent_decide", {"decisions": [decision], "wait": False, **trusted}, request)

    async def say(text: str, chat: Open | None, request: gr.Request) -> Updates:
        return await asked(chat, "agent_chat", {"message": text, "wait": False}, request)

    async def answer(chat: Open | None, request: gr.Request, event: gr.EventData) -> Updates:
        given = _object(event)
        try:
            open = chat is not None and str(given.get("id")) in await chats.waits(bind, request, chat["id"])
        except SpacesError as error:
            return {own.said: failure(error.to_dict())}
        if chat and not open:
            return {own.chat: chats.going_on(chat["id"], notice("That question does not wait any more.", "This is the chat as it is now.", tone="warning"))}
        return await say(str(given.get("text") or ""), chat, request)

    async def refuse_all(chat: Open | None, request: gr.Request) -> Updates:
        try:
            ids = await chats.waits(bind, request, chat["id"]) if chat else set()
        except SpacesError as error:
            return {own.said: failure(error.to_dict())}
        return await asked(chat, "agent_decide", {"decisions": [{"id": id, "approve": False} for id in sorted(ids)], "wait": False}, request)

    async def look(chat: Open | None, project: str | None, request: gr.Request) -> Updates:
        return await chats.looking(bind, own, request, chat, project)

    async def go_on(chat: Open | None, request: gr.Request) -> Updates:
        return await say("", chat, request)

    async def rewind(chat: Open | None, request: gr.Request, event: gr.EventData) -> Updates:
        done = await asked(chat, "agent_rewind", {"seq": _number(arg(event))}, request)
        return done | {own.nudge: chats.nudge(touched=frozenset({"files", "restored"}))}

    async def resend(chat: Open | None, request: gr.Request, event: gr.EventData) -> Updates:
        given = _object(event)
        text = str(given.get("text") or "").strip()
        if not text:
            return {own.said: notice("There is nothing to send.", "Write what the agent should do.", tone="warning")}
        done = await asked(chat, "agent_rewind", {"seq": _number(given.get("seq"))}, request)
        return await say(text, chat, request) if done.get(own.said) == "" else done

    async def earlier(chat: Open | None, request: gr.Request, event: gr.EventData) -> Updates:
        if not chat:
            return nothing
        shown, _ = await chats.opened(bind, request, own, chat["id"], most=min(_number(arg(event)), 5_000))
        return {own.told: shown[own.told]}

    async def open_chat(request: gr.Request, event: gr.EventData) -> Updates:
        await chats.leave(bind, request)
        return {own.chat: chats.going_on(arg(event)), own.said: ""}

    async def fresh(project: str | None, request: gr.Request) -> Updates:
        await chats.leave(bind, request)
        return await chats.empty(bind, request, own, project)

    async def changed(chat: Open | None, given: dict[str, Any], request: gr.Request) -> Updates:
        if not chat:
            return nothing
        try:
            await bind.ask("agent_set", {"chat": chat["id"], **given}, request)
        except SpacesError as error:
            return {own.said: failure(error.to_dict())}
        shown, _ = await chats.opened(bind, request, own, chat["id"])
        return {own.bar: shown[own.bar], own.meter: shown[own.meter], own.model: shown[own.model], own.said: ""}

    async def rename(chat: Open | None, request: gr.Request, event: gr.EventData) -> Updates:
        return await changed(chat, {"title": _plain(event)[:60]}, request)

    async def limit(chat: Open | None, request: gr.Request, event: gr.EventData) -> Updates:
        try:
            return await changed(chat, {"limit_usd": float(_plain(event))}, request)
        except ValueError:
            return {own.said: notice("A limit is a number.", "Give it in USD, such as 0.50.", tone="warning")}

    async def distrust(chat: Open | None, request: gr.Request) -> Updates:
        return await changed(chat, {"trust_usd": -1}, request)

    async def fork(chat: Open | None, request: gr.Request) -> Updates:
        if not chat:
            return nothing
        try:
            made = await bind.ask("agent_fork", {"chat": chat["id"]}, request)
        except SpacesError as error:
            return {own.said: failure(error.to_dict())}
        await chats.leave(bind, request)
        return {own.chat: chats.going_on(made["chat"])}

    async def export(chat: Open | None, request: gr.Request, event: gr.EventData) -> Updates:
        if not chat:
            return nothing
        try:
            made = await bind.ask("agent_export", {"chat": chat["id"], "format": arg(event)}, request)
        except SpacesError as error:
            return {own.said: failure(error.to_dict())}
        return {own.nudge: chats.nudge(download=(made["name"], made["text"]))}

    async def save(chat: Open | None, request: gr.Request) -> Updates:
        if not chat:
            return nothing
        try:
            made = await bind.ask("agent_save", {"chat": chat["id"]}, request)
        except SpacesError as error:
            return {own.said: failure(error.to_dict())}
        return {own.said: notice("The chat is kept.", f"It is in your private dataset {made['repo']}.", tone="done")}

    async def delete(chat: Open | None, project: str | None, request: gr.Request) -> Updates:
        await chats.leave(bind, request)
        try:
            await bind.ask("agent_delete", {"chat": (chat or {}).get("id", "")}, request)
        except SpacesError as error:
            return {own.said: failure(error.to_dict())}
        return await chats.empty(bind, request, own, project)

    async def pick(choice: dict, request: gr.Request):
        yield {own.picker: gr.Column(visible=True)}
        yield {own.models: await found("", choice, request)}

    async def found(query: str, choice: dict, request: gr.Request) -> str:
        try:
            answer = await bind.ask("provider_models", {"query": query or "", "limit": _ROWS}, request)
        except SpacesError as error:
            return failure(error.to_dict())
        meta, chosen = answer["meta"], (choice or {}).get("model") and (choice.get("provider") or "", choice["model"])
        return rows.models(answer["items"], total=meta["total"], sources=meta["sources"], query=query or "", chosen=chosen or None, keys=True, note=meta["note"])

    async def choose(chat: Open | None, choice: dict, request: gr.Request, event: gr.EventData) -> Updates:
        provider, model = (*_list(event), "", "")[:2]
        chosen = {**(choice or {}), "provider": provider, "model": model}
        told = await changed(chat, {"provider": provider, "model": model}, request) if chat else {}
        return told | {own.choice: chosen, own.model: drawn.model(chosen, keyed=True), own.picker: gr.Column(visible=False)}

    parts = chats.drawn_by(desk, own)
    for part in (own.told, own.live):
        acts = [part.decide(decide, own.chat, parts, **QUIET), part.answer(answer, own.chat, parts, **QUIET), part.refuse_all(refuse_all, own.chat, parts, **QUIET), part.go_on(go_on, own.chat, parts, **QUIET)]
        acts += [part.rewind(rewind, own.chat, parts, **QUIET), part.resend(resend, own.chat, parts, **QUIET)]
        chats.then_follow(bind, desk, own, *acts)
        part.earlier(earlier, own.chat, [own.told, own.said], **QUIET)
    for part in (own.model, own.told, own.live):
        part.pick(pick, own.choice, [own.picker, own.models], **QUIET)
    chats.then_follow(bind, desk, own, own.bar.open(open_chat, None, parts, **QUIET), own.bar.fork(fork, own.chat, parts, **QUIET))
    chats.then_follow(bind, desk, own, own.nudge.look(look, [own.chat, desk.project], parts, **QUIET))
    own.bar.fresh(fresh, desk.project, parts, **QUIET)
    own.bar.rename(rename, own.chat, parts, **QUIET)
    own.bar.distrust(distrust, own.chat, parts, **QUIET)
    own.meter.limit(limit, own.chat, parts, **QUIET)
    own.bar.export(export, own.chat, parts, **QUIET)
    own.bar.save(save, own.chat, parts, **QUIET)
    own.bar.delete(delete, [own.chat, desk.project], parts, **QUIET)
    own.said.close(lambda: "", None, own.said, **QUIET)
    own.query.submit(found, [own.query, own.choice], own.models, **QUIET)
    own.close.click(lambda: gr.Column(visible=False), None, own.picker, **QUIET)
    own.models.choose(choose, [own.chat, own.choice], parts, **QUIET)


def _read(event: gr.EventData) -> Any:
    try:
        return json.loads(arg(event))
    except ValueError:
        return None


def _object(event: gr.EventData) -> dict[str, Any]:
    given = _read(event)
    return given if isinstance(given, dict) else {}


def _list(event: gr.EventData) -> tuple[str, ...]:
    given = _read(event)
    return tuple(str(one) for one in given) if isinstance(given, list) else ()


def _plain(event: gr.EventData) -> str:
    given = _read(event)
    return "" if given is None else str(given)


def _number(value: Any) -> int:
    try:
        return int(value)
    except (TypeError, ValueError):
        return 0
