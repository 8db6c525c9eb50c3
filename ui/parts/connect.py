"""Both directions of connecting: how other programs reach this server, and which servers of others the agent may use."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from ui.parts.draw import draw


def connect(base: str, *, local: bool = False) -> str:
    """How an agent or a program reaches the same abilities: one snippet for each client, each to be copied.

    Args:
        base: this server's address. local: the Local Hub stands at its /hub.
    """
    return draw("connect", base=base, snippets=snippets(base, local=local))


def snippets(base: str, *, local: bool = False) -> list[tuple[str, str, str]]:
    """(client, what to do with it, text) for each client people connect."""
    mcp = f"{base}/gradio_api/mcp/"

    def config(**server: str) -> str:
        return json.dumps({"mcpServers": {"spaces-os": server}}, indent=2)

    found = [
        ("MCP address", "Any client that speaks Streamable HTTP.", mcp),
        ("Claude Code", "Run it once in a terminal.", f"claude mcp add --transport http spaces-os {mcp}"),
        ("Claude Desktop", "In claude_desktop_config.json; on a public server also as a custom connector with the MCP address.",
         json.dumps({"mcpServers": {"spaces-os": {"command": "npx", "args": ["-y", "mcp-remote", mcp]}}}, indent=2)),
        ("Cursor", "In .cursor/mcp.json of the project, or ~/.cursor/mcp.json.", config(url=mcp)),
        ("VS Code", "In .vscode/mcp.json of the project.", json.dumps({"servers": {"spaces-os": {"type": "http", "url": mcp}}}, indent=2)),
        ("Codex", "In ~/.codex/config.toml.", f'[mcp_servers.spaces-os]\nurl = "{mcp}"'),
        ("Gemini CLI", "In ~/.gemini/settings.json.", config(httpUrl=mcp)),
        ("Python", "With the official mcp package.",
         "import asyncio\nfrom mcp import ClientSession\nfrom mcp.client.streamable_http import streamable_http_client\n\n"
         f"async def main():\n    async with streamable_http_client(\"{mcp}\") as (read, write, _), ClientSession(read, write) as session:\n"
         "        await session.initialize()\n        print([tool.name for tool in (await session.list_tools()).tools])\n\nasyncio.run(main())"),
        ("REST", "Every tool under its own name.", f"curl {base}/api/actions/build_space \\\n  -H 'content-type: application/json' \\\n  -d '{{\"idea\": \"an app that counts words\"}}'"),
        ("OpenAI clients", "Your keys, your order, one receipt: any client of OpenAI's API.", f"OPENAI_BASE_URL={base}/v1 OPENAI_API_KEY=any"),
    ]  # fmt: skip
    if local:
        found.append(("hf and git", "Unmodified, against the Local Hub; the token is in data/hub/token.",
                      f"HF_ENDPOINT={base}/hub HF_TOKEN=$(cat data/hub/token) hf repos list"))  # fmt: skip
    return found


def outside(servers: Sequence[Mapping[str, Any]], *, hub_mcp: str, said: str = "", trouble: Mapping[str, Any] | None = None) -> str:
    """The servers of others whose tools the agent may call, and the form that connects one.

    Args:
        servers: as `outside_list` tells. hub_mcp: the Hub's own MCP address. said: one sentence for who listens.
        trouble: an error that stands above them.
    """
    return draw("outside", servers=servers, hub_mcp=hub_mcp, said=said, trouble=trouble)
