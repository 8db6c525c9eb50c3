"""Gradio's MCP server, fed by the registry.

Gradio makes one MCP tool of each public endpoint, but drops the annotations, answers with Python's `str()` of a
value and cannot report progress on its fast path (measured with 6.31). The `mcp` server object it
holds is the official one, so its two tool handlers are replaced by ours: same list, same names, JSON results,
hints, progress.
"""

from __future__ import annotations

import inspect
import json
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Any

import gradio as gr
from mcp import types

from core.doors.run import follow_action, run_action
from core.doors.session import Sessions, identify
from core.errors import SpacesError
from core.events import Done, Event, Failed
from core.house import House
from core.registry import Action, Call, actions
from ui.progress import Progress


def add_endpoints(house: House, sessions: Sessions) -> None:
    """Inside a `gr.Blocks`: one public Gradio endpoint for each action, so that Gradio's clients and its MCP list see them."""
    for one in actions().values():
        gr.api(_endpoint(one, house, sessions), api_name=one.name, queue=False)


def offer_actions(gradio_server: Any, house: House, sessions: Sessions) -> None:
    """Replace the tool handlers of Gradio's MCP server object by the registry's. Call before the first request."""
    server = gradio_server.mcp_server

    @server.list_tools()
    async def list_tools() -> list[types.Tool]:
        chosen = gradio_server.get_selected_tools_from_request()
        return [tool(one) for one in actions().values() if chosen is None or one.name in chosen]

    @server.call_tool(validate_input=False)  # the action checks its own arguments and names the fix
    async def call_tool(name: str, arguments: dict[str, Any]) -> types.CallToolResult:
        context = server.request_context
        request = context.request
        token = context.meta.progressToken if context.meta else None
        try:
            call = Call(await identify(house, sessions, "mcp", request.headers, request.cookies), house)
            if token is None:
                return _result(await run_action(name, arguments, call))

            async def send(number: int, message: str) -> None:
                await context.session.send_progress_notification(
                    token, progress=number, message=message, related_request_id=str(context.request_id)
                )

            return await _followed(follow_action(name, _streaming(name, arguments), call), Progress(send))
        except SpacesError as error:
            return _failure(error.to_dict())


async def _followed(events: AsyncGenerator[Event, None], progress: Progress) -> types.CallToolResult:
    try:
        async with aclosing(events):
            async for event in events:
                if isinstance(event, Done | Failed):
                    await progress.flush()
                    return _result(event.result) if isinstance(event, Done) else _failure(event.error)
                await progress.tell(event)
    finally:
        progress.close()
    raise AssertionError("an action ends with Done or Failed")


def _streaming(name: str, arguments: dict[str, Any]) -> dict[str, Any]:
    """Who asks for progress gets the pieces of an answer, unless it said otherwise."""
    one = actions().get(name)
    able = one is not None and "stream" in one.schema.get("properties", {})
    return {"stream": True, **arguments} if able else arguments


def tool(one: Action) -> types.Tool:
    """An action as an MCP tool."""
    return types.Tool(
        name=one.name,
        title=one.title,
        description=one.description,
        inputSchema=one.schema,
        annotations=types.ToolAnnotations(title=one.title, **one.hints),
    )


def _result(value: Any) -> types.CallToolResult:
    value, pictures = _pictures(value)
    text = json.dumps(value, ensure_ascii=False, default=str)
    structured = value if isinstance(value, dict) else {"result": value}
    return types.CallToolResult(content=[types.TextContent(type="text", text=text), *pictures], structuredContent=structured)


def _pictures(value: Any) -> tuple[Any, list[types.ImageContent]]:
    """The value without the bytes of its pictures (`{mime: "image/…", base64}`), and the pictures as MCP has them."""
    if not isinstance(value, dict):
        return value, []
    kept, pictures = dict(value), []
    for name, one in value.items():
        if isinstance(one, dict) and "base64" in one and str(one.get("mime")).startswith("image/"):
            pictures.append(types.ImageContent(type="image", data=one["base64"], mimeType=one["mime"]))
            kept[name] = {key: part for key, part in one.items() if key != "base64"}
    return kept, pictures


def _failure(error: dict[str, Any]) -> types.CallToolResult:
    text = json.dumps({"error": error}, ensure_ascii=False, default=str)
    return types.CallToolResult(content=[types.TextContent(type="text", text=text)], isError=True)


def _endpoint(one: Action, house: House, sessions: Sessions):
    """A function with the action's own signature (less the call) that Gradio can read."""

    async def endpoint(*args: Any, **kwargs: Any) -> dict:
        bound = signature.bind(*args, **kwargs)
        request = bound.arguments.pop("request")
        try:
            call = Call(await identify(house, sessions, "rest", request.headers, request.cookies), house)
            return await run_action(one.name, bound.arguments, call)
        except SpacesError as error:
            return {"error": error.to_dict()}

    own = list(inspect.signature(one.run, eval_str=True).parameters.values())[1:]
    own = [each.replace(kind=inspect.Parameter.POSITIONAL_OR_KEYWORD) for each in own]
    needed = [each for each in own if each.default is inspect.Parameter.empty]
    optional = [each for each in own if each.default is not inspect.Parameter.empty]
    # Gradio finds the request by its annotation wherever it stands; it comes last but one optional default away.
    request = inspect.Parameter("request", inspect.Parameter.POSITIONAL_OR_KEYWORD, annotation=gr.Request, default=None)
    signature = inspect.Signature([*needed, *optional, request], return_annotation=dict)
    endpoint.__signature__ = signature
    endpoint.__annotations__ = {each.name: each.annotation for each in signature.parameters.values()} | {"return": dict}
    endpoint.__name__ = one.name
    endpoint.__doc__ = f"{one.description}\n\nArgs:\n" + "\n".join(
        f"    {name}: {spec.get('description', '')}" for name, spec in one.schema.get("properties", {}).items()
    )
    return endpoint
