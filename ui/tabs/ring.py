"""Model keys on the Keys tab: cards in the order they are tried. Keys themselves go past this file, straight to the session."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import gradio as gr

from core.doors.children import managing
from core.doors.providers import providers
from core.errors import SpacesError
from core.registry import Call
from ui.bind import QUIET, Bind
from ui.desk import Updates
from ui.live import arg, live
from ui.parts import ring as drawn
from ui.parts.ring import Asked
from ui.tabs import management

_RECEIPTS = 200  # how far back "last asked" looks
_EVENTS = ("test", "pause", "resume", "up", "down", "ask_remove", "remove", "ask_rotate", "close", "keyed", "bill_to", "reorder")


@dataclass(frozen=True)
class Ring:
    """The components. `notes`: what the last test of each key said, `{id: {text, tone}}`, never a key."""

    cards: gr.HTML
    management: gr.HTML
    form: gr.HTML
    spent: gr.HTML
    notes: gr.State


def layout() -> Ring:
    """The left column: what was spent, the cards, the form."""
    gr.HTML("<h2>Model keys</h2>", apply_default_css=False)
    spent = live("limited", elem_id="model-spent")
    cards = live(*_EVENTS, elem_id="model-keys")
    others = management.layout()
    form = live("keyed", elem_id="key-card")
    return Ring(cards, others, form, spent, gr.State({}))


def held(bind: Bind, request: gr.Request) -> list[str]:
    """Ids of the keys of this visitor's session, in their order."""
    ring = bind.keyring(request)
    return [key.id for key in ring.keys()] if ring else []


async def draw(
    bind: Bind, request: gr.Request, notes: Mapping[str, Any], *, asked: Asked | None = None, said: str = "", trouble: SpacesError | None = None
) -> str:
    """The cards as they are now."""
    keys: Sequence[dict[str, Any]] = (await bind.ask("provider_manage_keys", {"command": "list"}, request))["items"]
    mine = held(bind, request)
    keys = [key for key in keys if key["has_key"] or not key["needs_key"]]  # an address alone cannot be asked
    # As the router takes them: what is always to be used, one's own in their order, then those with priority.
    keys = sorted(keys, key=lambda key: (not key["always"], key["id"] not in mine, not key["priority"]))
    used = last_used(keys, (await bind.ask("provider_receipts", {"limit": _RECEIPTS}, request))["items"])
    kept = any(key["remembered"] for key in (*keys, *managing(bind.keyring(request))))
    return drawn.cards(keys, movable=mine, kept=kept, notes=notes, used=used, asked=asked, said=said, trouble=trouble.to_dict() if trouble else None)


def last_used(keys: Sequence[Mapping[str, Any]], receipts: Sequence[Mapping[str, Any]]) -> dict[str, float]:
    """Key id → when it was last asked. A receipt names a key by provider and label; two keys of one name stay untold."""
    newest: dict[tuple[str, str], float] = {}
    for receipt in receipts:
        for attempt in receipt["attempts"]:
            newest.setdefault((attempt["provider"], attempt["key_label"]), receipt["at"])
    names = [(key["provider"], key["label"]) for key in keys]
    return {key["id"]: newest[name] for key, name in zip(keys, names, strict=True) if name in newest and names.count(name) == 1}


async def spent(bind: Bind, request: gr.Request) -> str:
    """What was spent of each limit."""
    return drawn.spent((await bind.ask("provider_receipts", {"limit": 1}, request))["meta"]["budget"])


async def whole(bind: Bind, own: Ring, notes: Mapping[str, Any], request: gr.Request) -> Updates:
    """Everything of this column."""
    form = drawn.add_form((await providers(Call(await bind.caller(request), bind.house)))["items"])
    others = management.draw(bind, request)
    return {own.cards: await draw(bind, request, notes), own.management: others, own.form: form, own.spent: await spent(bind, request)}


def behave(bind: Bind, own: Ring) -> list[Any]:
    """Wire the cards. Returns the events after which other models can be asked than before."""

    async def command(name: str, ids: Sequence[str], notes: Mapping[str, Any], request: gr.Request, *, said: str = "") -> str:
        try:
            await bind.ask("provider_manage_keys", {"command": name, "ids": list(ids)}, request)
        except SpacesError as error:
            return await draw(bind, request, notes, trouble=error)
        return await draw(bind, request, notes, said=said)

    async def keyed(notes: dict, request: gr.Request, event: gr.EventData) -> Updates:
        told = _told(arg(event))
        mine = held(bind, request)
        if told["id"] in mine and not told["renewed"]:
            notes = {**notes, told["id"]: told["note"]} if told["note"] else {id: note for id, note in notes.items() if id != told["id"]}
            # From the first key on the order on the page is the order of asking.
            await bind.ask("provider_manage_keys", {"command": "order", "ids": mine}, request)
        others = gr.skip() if told["id"] in mine else management.draw(bind, request)  # what is typed there stays
        return {own.cards: await draw(bind, request, notes), own.notes: notes, own.management: others}

    async def test(notes: dict, request: gr.Request, event: gr.EventData):
        id = arg(event)
        yield {own.cards: await draw(bind, request, {**notes, id: {"text": "Asking the provider about the key.", "tone": "working"}})}
        try:
            report = (await bind.ask("provider_manage_keys", {"command": "test", "ids": [id]}, request))["items"][0]["report"]
            note = {"text": report["note"], "tone": "done" if report["checked"] else "warning"}
        except SpacesError as error:
            note = {"text": f"{error.message} {error.fix}", "tone": "failed"}
        notes = {**notes, id: note}
        yield {own.cards: await draw(bind, request, notes), own.notes: notes}

    async def pause(notes: dict, request: gr.Request, event: gr.EventData) -> str:
        return await command("disable", [arg(event)], notes, request, said="Paused.")

    async def resume(notes: dict, request: gr.Request, event: gr.EventData) -> str:
        return await command("enable", [arg(event)], notes, request, said="Resumed.")

    async def remove(notes: dict, request: gr.Request, event: gr.EventData) -> str:
        return await command("remove", [arg(event)], notes, request, said="The key is removed.")

    def mover(step: int):
        async def move(notes: dict, request: gr.Request, event: gr.EventData) -> str:
            mine = held(bind, request)
            if arg(event) not in mine:
                return await draw(bind, request, notes)
            place = mine.index(arg(event))
            mine.insert(max(0, place + step), mine.pop(place))
            return await command("order", mine, notes, request, said=f"It is number {mine.index(arg(event)) + 1} now.")

        return move

    async def reorder(notes: dict, request: gr.Request, event: gr.EventData) -> str:
        mine = held(bind, request)
        wanted = [id for id in arg(event).split(",") if id in mine]
        return await command("order", wanted or mine, notes, request, said="The order is changed.")

    async def bill_to(notes: dict, request: gr.Request, event: gr.EventData) -> str:
        id, _, name = arg(event).partition(":")
        try:
            await bind.ask("provider_manage_keys", {"command": "bill_to", "ids": [id], "bill_to": name}, request)
        except SpacesError as error:
            return await draw(bind, request, notes, trouble=error)
        return await draw(bind, request, notes, said=f"{name or 'The account itself'} pays now.")

    def asks(about):
        async def ask(notes: dict, request: gr.Request, event: gr.EventData) -> str:
            return await draw(bind, request, notes, asked=Asked(arg(event), about))

        return ask

    async def close(notes: dict, request: gr.Request) -> str:
        return await draw(bind, request, notes)

    async def limited(request: gr.Request) -> str:
        return await spent(bind, request)

    cards = own.cards
    cards.test(test, own.notes, [cards, own.notes], **QUIET)
    table = [(cards.up, mover(-1)), (cards.down, mover(1)), (cards.reorder, reorder), (cards.bill_to, bill_to), (cards.ask_remove, asks("remove")), (cards.ask_rotate, asks("rotate")), (cards.close, close)]
    for listen, handler in table:
        listen(handler, own.notes, cards, **QUIET)
    own.spent.limited(limited, None, own.spent, **QUIET)
    changing = [listen(handler, own.notes, cards, **QUIET) for listen, handler in ((cards.pause, pause), (cards.resume, resume), (cards.remove, remove))]
    changing += [part.keyed(keyed, own.notes, [cards, own.notes, own.management], **QUIET) for part in (cards, own.form)]
    for event in management.behave(bind, own.management):
        changing.append(event.then(close, own.notes, cards, **QUIET))
    return changing


def _told(text: str) -> dict[str, Any]:
    """What the form's script says of the key it has just handed over; it comes from the browser, so it is read with care."""
    try:
        given = json.loads(text)
    except ValueError:
        given = {}
    given = given if isinstance(given, dict) else {}
    words = str(given.get("note") or "")[:300]
    return {"renewed": given.get("renewed") is True, "id": str(given.get("id") or ""), "note": {"text": words, "tone": "done" if given.get("checked") is True else "warning"} if words else None}
