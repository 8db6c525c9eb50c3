"""REST: every action as `POST /api/actions/<name>`, the Spaces routes, and their OpenAPI, all read from the registry."""

from __future__ import annotations

import html
import json
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from typing import Any

from pydantic_core import to_jsonable_python
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route

from core.doors.connected import EventStream
from core.doors.run import follow_action, run_action
from core.doors.session import Sessions, identify
from core.errors import InvalidInput, SpacesError, TooLarge
from core.events import Done, Failed
from core.house import House
from core.registry import Action, Call, actions

MAX_ARGUMENTS = 80 * 1024 * 1024  # files and pictures come in arguments and prompts
_MAX_BODY = 4 * 1024 * 1024


def routes(house: House, sessions: Sessions) -> list[Route]:
    """The REST door as Starlette routes."""
    door = Rest(house, sessions)
    table = [
        ("/api/actions", door.list_actions, "GET"),
        ("/api/actions/{name}", door.call_action, "POST"),
        ("/api/spaces", door.create_space, "POST"),
        ("/api/spaces/{owner}/{name}", door.space("space_status"), "GET"),
        ("/api/spaces/{owner}/{name}", door.space("space_update"), "PUT"),
        ("/api/spaces/{owner}/{name}", door.space("space_delete"), "DELETE"),
        ("/api/spaces/{owner}/{name}/logs", door.space_log, "GET"),
        ("/openapi.json", door.openapi, "GET"),
        ("/docs", door.docs, "GET"),
    ]
    return [Route(path, guard(handler), methods=[method]) for path, handler, method in table]


class Rest:
    """The handlers; they share the house and the sessions."""

    def __init__(self, house: House, sessions: Sessions):
        self._house = house
        self._sessions = sessions

    async def list_actions(self, request: Request) -> Response:
        items = [{"name": one.name, "title": one.title, "description": one.description, "input_schema": one.schema, "risk": one.risk} for one in actions().values()]  # fmt: skip
        return answer({"ok": True, "item": None, "items": items, "meta": {"count": len(items)}, "error": None})

    async def call_action(self, request: Request) -> Response:
        return await self._run(request, request.path_params["name"], await json_object(request, most=MAX_ARGUMENTS))

    async def create_space(self, request: Request) -> Response:
        """With an idea it is built; with only a name an empty Space is made."""
        given = await json_object(request)
        return await self._run(request, "build_space" if "idea" in given else "hf_create_space", given)

    def space(self, action: str):
        async def handler(request: Request) -> Response:
            given = await json_object(request) if request.method == "PUT" else dict(request.query_params)
            return await self._run(request, action, {**given, "repo": _repo(request)})

        return handler

    async def space_log(self, request: Request) -> Response:
        """Server-sent events: one `log` a line, then `end`; `?kind=build|run`, `?follow=true`."""
        given = {"repo": _repo(request), "kind": request.query_params.get("kind", "run"), "follow": request.query_params.get("follow") == "true"}  # fmt: skip
        return await self._stream(request, "space_logs", given)

    async def openapi(self, request: Request) -> Response:
        return answer(describe(actions().values()))

    async def docs(self, request: Request) -> Response:
        return HTMLResponse(_docs_page(actions().values()))

    async def _run(self, request: Request, name: str, given: Mapping[str, Any]) -> Response:
        if "text/event-stream" in request.headers.get("accept", ""):
            return await self._stream(request, name, given)
        return answer(await run_action(name, given, await self._call(request)))

    async def _stream(self, request: Request, name: str, given: Mapping[str, Any]) -> Response:
        events = follow_action(name, given, await self._call(request))

        async def lines() -> AsyncGenerator[str, None]:
            async for event in events:
                kind = {Done: "result", Failed: "error"}.get(type(event), "event")
                data = event.result if isinstance(event, Done) else {"error": event.error} if isinstance(event, Failed) else event.to_dict()  # fmt: skip
                yield f"event: {kind}\ndata: {json.dumps(data, default=str)}\n\n"

        return EventStream(lines(), events)

    async def _call(self, request: Request) -> Call:
        return Call(await identify(self._house, self._sessions, "rest", request.headers, request.cookies), self._house)


# The router's own addresses: path → (method, what it is, the action whose arguments its body has).
_ROUTER = {
    "/api/providers": ("get", "The model providers with their health, and the caller's budget.", None),
    "/api/providers/route": ("post", "Ask a model; with stream true, server-sent events text, reasoning, tool_call, receipt, then result or error.", "provider_route_request"),
    "/v1/chat/completions": ("post", "OpenAI's chat completions, with the caller's own order, fallback and budget; the bearer is a Hub token or a session's id.", None),
    "/v1/models": ("get", "Every model the caller's keys reach, in OpenAI's shape.", None),
    "/metrics": ("get", "What the router did, as Prometheus text.", None),
}  # fmt: skip

Handler = Callable[[Request], Awaitable[Response]]


def guard(handler: Handler) -> Handler:
    """The handler, with every `SpacesError` answered in the one error shape."""

    async def guarded(request: Request) -> Response:
        try:
            return await handler(request)
        except SpacesError as error:
            return failure(error)

    return guarded


def answer(body: Any, status: int = 200) -> Response:
    return JSONResponse(to_jsonable_python(body), status_code=status, headers={"cache-control": "no-store"})


def failure(error: SpacesError) -> Response:
    """An error in its one shape, with its own status."""
    response = answer({"error": error.to_dict()}, error.status)
    if "retry_after" in error.details:
        response.headers["retry-after"] = str(error.details["retry_after"])
    return response


async def json_object(request: Request, *, most: int = _MAX_BODY) -> dict[str, Any]:
    """The body as an object, at most so many bytes of it. Raises InvalidInput, TooLarge."""
    body = bytearray()
    async for part in request.stream():
        body += part
        if len(body) > most:
            raise TooLarge(f"The request is larger than {most // 1024 // 1024} MB.")
    if not body:
        return {}
    try:
        given = json.loads(body)
    except (ValueError, RecursionError):
        raise InvalidInput("The request body is not JSON.", "Send the arguments as a JSON object.") from None
    if not isinstance(given, dict):
        raise InvalidInput("The request body is JSON, but not an object.", "Send the arguments as a JSON object.")
    return given


def _repo(request: Request) -> str:
    return f"{request.path_params['owner']}/{request.path_params['name']}"


def describe(listed) -> dict[str, Any]:
    """An OpenAPI 3.1 document of every action, and of the router's addresses."""
    listed = list(listed)
    error = {"description": "What happened and what to do.", "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Error"}}}}  # fmt: skip
    paths = {
        f"/api/actions/{one.name}": {
            "post": {
                "operationId": one.name,
                "summary": one.title,
                "description": one.description,
                "x-risk": one.risk,
                "requestBody": {"required": bool(one.schema.get("required")), "content": {"application/json": {"schema": one.schema}}},
                "responses": {"200": {"description": "The result as JSON."}, "default": error},
            }
        }
        for one in listed
    }
    bodies = {one.name: {"required": True, "content": {"application/json": {"schema": one.schema}}} for one in listed}
    for path, (method, words, name) in _ROUTER.items():
        body = {"requestBody": bodies[name]} if name in bodies else {}
        paths[path] = {method: {"summary": words, **body, "responses": {"200": {"description": words}, "default": error}}}
    fields = {"code": "string", "message": "string", "fix": "string", "retryable": "boolean", "status": "integer"}
    shape = {"type": "object", "required": list(fields), "properties": {name: {"type": kind} for name, kind in fields.items()}}
    return {
        "openapi": "3.1.0",
        "info": {"title": "Agentic Spaces OS", "version": "1"},
        "paths": paths,
        "components": {
            "schemas": {"Error": {"type": "object", "properties": {"error": shape}}},
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
        "security": [{}, {"token": []}],
    }


def _docs_page(listed) -> str:
    def row(one: Action) -> str:
        required = set(one.schema.get("required", ()))
        arguments = "".join(
            f"<dt><code>{html.escape(name)}</code>{' · required' if name in required else ''}</dt>"
            f"<dd>{html.escape(spec.get('description', ''))}</dd>"
            for name, spec in one.schema.get("properties", {}).items()
        )
        return (
            f"<section id='{one.name}'><h2><code>POST /api/actions/{one.name}</code></h2><p><b>{html.escape(one.title)}</b> · {one.risk}</p>"
            f"<p class='text'>{html.escape(one.description)}</p><dl>{arguments}</dl></section>"
        )

    rows = "".join(row(one) for one in listed)
    return f"""<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>Actions</title><style>body{{font:16px/1.5 system-ui;max-width:52rem;margin:2rem auto;padding:0 1rem;color-scheme:light dark}}
section{{border-top:1px solid #8884;padding:.5rem 0}}h2{{font-size:1rem}}.text{{white-space:pre-line}}dd{{margin:0 0 .5rem 1.5rem}}</style>
<h1>Actions</h1><p>Send the arguments as a JSON object. The same actions are MCP tools at <code>/gradio_api/mcp/</code>;
the machine-readable form is <a href="/openapi.json">openapi.json</a>. Add <code>Accept: text/event-stream</code> to follow a long one.</p>{rows}"""
