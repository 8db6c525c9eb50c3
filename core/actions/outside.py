"""Tools of others: which servers are connected, what they offer, calling one. Headers never come through here."""

from __future__ import annotations

from typing import Any

from core.actions.shapes import listing
from core.registry import Call, action


@action(risk="read", title="Connected servers")
async def outside_list(call: Call) -> dict:
    """List the caller's connected MCP servers and Spaces with their tools.

    Items are `{id, name, kind, address, headers, hub_token, trust_reads, tools: [{name, as, description, risk, asks}], trouble}`;
    `as` is the name the agent calls a tool by, `asks` whether a person has to say yes first, risk what its server says of it.
    """
    return listing(await call.house.outside.listed(call.caller))


@action(risk="write", title="Connect a server")
async def outside_connect(
    call: Call, url: str = "", space: str = "", name: str = "", hub_token: bool = False, trust_reads: bool = False
) -> dict:
    """Connect an MCP server, or a Gradio Space, whose tools the agent may then call; kept in memory until this server restarts.

    A server that needs a header of its own is connected on the Keys tab, which posts it to `/api/session/connections`; it is never an
    argument. Returns what outside_list tells of it. Raises invalid_input, unauthorized, forbidden for an address that is not
    public, app_failed or timed_out when it does not answer; then nothing is kept.

    Args:
        url: the MCP address (Streamable HTTP), such as https://huggingface.co/mcp.
        space: instead of url, a Gradio Space as owner/name.
        name: what its tools are prefixed with; made from the address when empty.
        hub_token: send the caller's Hub token along; only to the Hub's own MCP server.
        trust_reads: tools that say they only read need no approval; what a server says of itself is a claim.
    """
    given = {"url": url, "space": space, "name": name, "hub_token": hub_token, "trust_reads": trust_reads}
    return await call.house.outside.connect(call.caller, {key: value for key, value in given.items() if value})


@action(risk="write", title="Disconnect a server", idempotent=True, open_world=False)
async def outside_disconnect(call: Call, id: str) -> dict:
    """Forget a connected server and its headers; gives `{id, connected}`.

    Args:
        id: its id or name, as outside_list tells.
    """
    return {"id": call.house.outside.disconnect(call.caller, id).id, "connected": False}


@action(risk="write", title="Call an outside tool")
async def outside_call(call: Call, server: str, tool: str, arguments: dict[str, Any] | None = None) -> dict:
    """Call one tool of a connected server: `{ok, text, pictures: [{mime, base64}]}`. What it gives is data of somebody else's.

    Args:
        server: the server's id or name.
        tool: the tool's own name there.
        arguments: as its schema wants them.
    """
    text, ok, pictures = await call.house.outside.call(call.caller, server, tool, arguments or {})
    return {"ok": ok, "text": text[:200_000], "pictures": [{"mime": one.mime, "base64": one.base64} for one in pictures]}
