"""Management keys on the Keys tab: the keys they made, with what each spent; making and revoking them."""

from __future__ import annotations

from typing import Any

import gradio as gr

from core.doors.children import MOST_LISTED, RESETS, children, managing, revoked
from core.errors import SpacesError
from ui.bind import QUIET, Bind
from ui.live import arg, live
from ui.parts import management as drawn

_EVENTS = ("list_children", "close", "ask_revoke", "revoke", "ask_remove", "remove", "made", "keyed")


def layout() -> gr.HTML:
    """The cards; nothing where there is no such key."""
    return live(*_EVENTS, elem_id="management-keys")


def draw(bind: Bind, request: gr.Request, **shown: Any) -> str:
    """The cards as they are now."""
    return drawn.management(managing(bind.keyring(request)), resets=RESETS, page=MOST_LISTED, **shown)


def behave(bind: Bind, part: gr.HTML) -> list[Any]:
    """Wire the cards. Returns the events after which other models can be asked than before."""

    async def opened(request: gr.Request, id: str, start: int = 0, **shown: Any) -> str:
        ring = bind.keyring(request)
        if ring is None:
            return draw(bind, request)
        try:
            shown["children"] = await children(bind.house, ring, id, offset=start)
        except SpacesError as error:
            shown["trouble"] = error.to_dict()
        return draw(bind, request, opened=id, start=start, **shown)

    async def show(request: gr.Request, event: gr.EventData) -> str:
        id, start, _ = _place(event)
        return await opened(request, id, start)

    async def made(request: gr.Request, event: gr.EventData) -> str:
        return await opened(request, arg(event), said="The key is made.")

    async def close(request: gr.Request) -> str:
        return draw(bind, request)

    async def ask_revoke(request: gr.Request, event: gr.EventData) -> str:
        id, start, hash = _place(event)
        return await opened(request, id, start, asked=hash)

    async def revoke(request: gr.Request, event: gr.EventData) -> str:
        id, start, hash = _place(event)
        caller = await bind.caller(request)
        if caller.keyring is None:
            return draw(bind, request)
        try:
            await revoked(bind.house, caller.keyring, id, hash, caller)
        except SpacesError as error:
            return draw(bind, request, opened=id, trouble=error.to_dict())
        return await opened(request, id, start, said="The key is revoked.")

    async def ask_remove(request: gr.Request, event: gr.EventData) -> str:
        return draw(bind, request, removing=arg(event))

    async def remove(request: gr.Request, event: gr.EventData) -> str:
        try:
            await bind.ask("provider_manage_keys", {"command": "remove", "ids": [arg(event)]}, request)
        except SpacesError as error:
            return draw(bind, request, opened=arg(event), trouble=error.to_dict())
        return draw(bind, request, said="The key is removed.")

    quiet = ((part.list_children, show), (part.close, close), (part.ask_revoke, ask_revoke), (part.ask_remove, ask_remove), (part.remove, remove), (part.keyed, close))
    for listen, handler in quiet:
        listen(handler, None, part, **QUIET)
    return [listen(handler, None, part, **QUIET) for listen, handler in ((part.made, made), (part.revoke, revoke))]


def _place(event: gr.EventData) -> tuple[str, int, str]:
    """The management key, the number of the first child that is shown, and the child that is meant."""
    id, _, rest = arg(event).partition(":")
    start, _, hash = rest.partition(":")
    return id, int(start) if start.isascii() and start.isdigit() and len(start) <= 6 else 0, hash
