"""Connecting on the Keys tab: this server to a person's agent, and servers of others to ours."""

from __future__ import annotations

from dataclasses import dataclass

import gradio as gr

from core.errors import SpacesError
from ui.bind import QUIET, Bind
from ui.live import arg, live
from ui.parts import connect as drawn


@dataclass(frozen=True)
class Connecting:
    """snippets: for other clients. servers: what is connected here, and the form."""

    snippets: gr.HTML
    servers: gr.HTML


def layout_servers(bind: Bind) -> gr.HTML:
    """The card of the servers of others."""
    return live("connected", "disconnect", value=drawn.outside([], hub_mcp=_hub_mcp(bind)), elem_id="outside")


def layout_snippets() -> gr.HTML:
    """The card of the snippets; they are drawn once the page's own address is known."""
    return gr.HTML("", elem_id="connect", apply_default_css=False)


def shown(bind: Bind, base: str) -> str:
    """The snippets for a page at this address."""
    return drawn.connect(base, local=bind.house.local_hub is not None)


def behave(bind: Bind, own: Connecting, tab: gr.Tab) -> None:
    """Wire the cards."""

    async def draw(request: gr.Request, said: str = "", trouble: dict | None = None) -> str:
        try:
            servers = (await bind.ask("outside_list", {}, request))["items"]
        except SpacesError as error:
            servers, trouble = [], trouble or error.to_dict()
        return drawn.outside(servers, hub_mcp=_hub_mcp(bind), said=said, trouble=trouble)

    async def show(request: gr.Request) -> str:
        return await draw(request)

    async def connected(request: gr.Request, event: gr.EventData) -> str:
        return await draw(request, f"{arg(event)} is connected.")

    async def disconnect(request: gr.Request, event: gr.EventData) -> str:
        try:
            await bind.ask("outside_disconnect", {"id": arg(event)}, request)
        except SpacesError as error:
            return await draw(request, trouble=error.to_dict())
        return await draw(request, "It is disconnected.")

    tab.select(show, None, own.servers, **QUIET)
    own.servers.connected(connected, None, own.servers, **QUIET)
    own.servers.disconnect(disconnect, None, own.servers, **QUIET)


def _hub_mcp(bind: Bind) -> str:
    return bind.house.settings.huggingface.mcp_url
