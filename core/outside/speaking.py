"""Speak MCP with one server: list its tools, call one. A connection lasts one exchange, so nothing of one caller outlives it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import httpx

from core.errors import AppFailed, Forbidden, InvalidInput, RateLimited, SpacesError, TimedOut, Unauthorized
from core.outside.reaching import reaching, refusal
from core.outside.server import Server
from core.secrets import redact

if TYPE_CHECKING:
    from mcp import ClientSession, types

LIST_SECONDS = 15.0
_MOST_TOOLS = 64
_MOST_PAGES = 5
_LONGEST_DESCRIPTION = 1_500
_LARGEST_SCHEMA = 12_000


@asynccontextmanager
async def session(server: Server, headers: Mapping[str, str], *, allow_private: bool, seconds: float) -> AsyncIterator[ClientSession]:
    """An initialized session for one exchange; whatever goes wrong comes out as one `SpacesError` that holds no header."""
    from mcp import ClientSession  # half a second; only where somebody connects a server
    from mcp.client.streamable_http import streamable_http_client

    try:
        async with asyncio.timeout(seconds), reaching(dict(headers), allow_private=allow_private, seconds=seconds) as web:
            async with streamable_http_client(server.address, http_client=web, terminate_on_close=False) as (read, write, _):
                async with ClientSession(read, write) as opened:
                    await opened.initialize()
                    yield opened
    except TimeoutError:
        raise TimedOut(f"{server.name} did not answer within {seconds:g} seconds.") from None
    except SpacesError:
        raise
    except Exception as error:  # the client wraps what happened in groups of its tasks
        raise _told(server, error) from None


async def list_tools(opened: ClientSession) -> list[types.Tool]:
    """The first 64 tools a server tells of."""
    found: list[types.Tool] = []
    cursor = None
    for _ in range(_MOST_PAGES):
        page = await opened.list_tools(cursor)
        found += page.tools
        cursor = page.nextCursor
        if cursor is None or len(found) >= _MOST_TOOLS:
            break
    fitting = [one for one in found if len(json.dumps(one.inputSchema)) <= _LARGEST_SCHEMA]
    return fitting[:_MOST_TOOLS]


def described(one: types.Tool) -> str:
    """A tool's own words, bounded."""
    return " ".join((one.description or one.title or one.name).split())[:_LONGEST_DESCRIPTION]


async def call_tool(
    opened: ClientSession, tool: str, arguments: Mapping[str, Any], *, on_progress: Callable[[str], None]
) -> types.CallToolResult:
    """One call; its progress goes to `on_progress` as text."""

    async def progress(done: float, total: float | None, message: str | None) -> None:
        share = f"{done:g} of {total:g}" if total else f"{done:g}"
        on_progress((message or share)[:300])

    return await opened.call_tool(tool, dict(arguments), progress_callback=progress)


def flattened(result: types.CallToolResult) -> tuple[str, list[tuple[str, str]]]:
    """The text of a result, and its pictures as (mime, base64); what is neither is named."""
    texts, pictures = [], []
    for block in result.content:
        if block.type == "text":
            texts.append(block.text)
        elif block.type == "image" and block.mimeType in ("image/png", "image/jpeg", "image/webp"):
            pictures.append((block.mimeType, block.data))
        elif block.type == "resource" and getattr(block.resource, "text", None):
            texts.append(block.resource.text)  # type: ignore[union-attr]
        else:
            texts.append(f"[{block.type}, not shown]")
    if not texts and result.structuredContent:
        texts.append(json.dumps(result.structuredContent, ensure_ascii=False))
    return "\n".join(texts), pictures


def _told(server: Server, error: BaseException) -> SpacesError:
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    if isinstance(error, SpacesError):
        return error
    if refused := refusal(error):
        return refused
    if isinstance(error, TimeoutError | httpx.TimeoutException):
        return TimedOut(f"{server.name} did not answer in time.")
    if isinstance(error, httpx.HTTPStatusError):
        status = error.response.status_code
        if status == 401:
            return Unauthorized(f"{server.name} wants to know who asks.", "Connect it again with the header it expects, such as Authorization.")
        if status == 403:
            return Forbidden(f"{server.name} refuses this caller.", "Check the header it was connected with.")
        if status == 429:
            return RateLimited(f"{server.name} says too many requests.")
        return AppFailed(f"{server.name} answered with the status {status}.", "Check that its address is one of an MCP server.")
    if isinstance(error, httpx.DecodingError):
        return AppFailed(f"{server.name} compresses its answers without being asked.", "Switch that off at the server, or connect another.")
    if isinstance(error, httpx.HTTPError):
        return AppFailed(f"{server.name} does not answer.", "Check its address, and whether it runs.")
    told = getattr(getattr(error, "error", None), "message", None)  # McpError
    if isinstance(told, str):
        words = " ".join(redact(told, *server.secrets).split())[:300]
        return InvalidInput(f"{server.name} says: {words}", "Correct the call, or try another tool.")
    return AppFailed(f"{server.name} does not speak MCP as it should ({type(error).__name__}).", "Check that its address is one of an MCP server.")
