"""OpenAI's wire in front of the router: any existing client gets the caller's own order, fallback and budget by its base URL."""

from __future__ import annotations

import json
import time
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from typing import Any

from pydantic_core import to_jsonable_python
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from core.doors.connected import EventStream, while_connected
from core.doors.rest import MAX_ARGUMENTS, Handler, answer, json_object
from core.doors.run import follow_action, run_action
from core.doors.session import Sessions, identify_client
from core.errors import InvalidInput, NotFound, SpacesError
from core.events import Done, Event, Failed, Reasoning, Text, ToolCall
from core.house import House
from core.registry import Call

_ACTION = "provider_route_request"
# Fields with a meaning of our own; the others of `_PASSED` go to the upstream as they are, and the rest is not sent.
_OWN = ("model", "messages", "tools", "tool_choice", "temperature", "response_format", "max_price", "timeout", "fallback", "bill_to", "prefer")
_PASSED = (
    "top_p", "top_k", "min_p", "seed", "stop", "presence_penalty", "frequency_penalty", "repetition_penalty", "logit_bias",
    "parallel_tool_calls", "reasoning_effort", "reasoning", "verbosity", "models", "transforms", "plugins", "modalities", "prediction",
)  # fmt: skip
_TYPES = {401: "authentication_error", 402: "insufficient_quota", 403: "permission_error", 404: "not_found_error", 429: "rate_limit_error"}


def routes(house: House, sessions: Sessions) -> list[Route]:
    """`POST /v1/chat/completions`, `GET /v1/models`, `GET /v1/models/{id}`. The bearer is a Hub token or a session's id."""

    async def call_of(request: Request) -> Call:
        return Call(await identify_client(house, sessions, request.headers, request.cookies), house)

    async def complete(request: Request) -> Response:
        call, given = await call_of(request), await json_object(request, most=MAX_ARGUMENTS)
        asked = _arguments(given)
        if given.get("stream") is not True:
            result = await while_connected(request, run_action(_ACTION, asked, call))
            return answer(_completion(result))
        events = follow_action(_ACTION, {**asked, "stream": True}, call)
        first = await while_connected(request, anext(events))
        if isinstance(first, Failed):
            return _failure(first.error)
        options = given.get("stream_options")
        return EventStream(_chunks(first, events, given.get("model"), bool(isinstance(options, dict) and options.get("include_usage"))), events)

    async def models(request: Request) -> Response:
        view = await house.providers.models((await call_of(request)).caller)
        owners: dict[str, list[str]] = {}
        for model in view.models():
            owners.setdefault(model.id, []).append(model.provider)
        created = {model.id: model.created or 0 for model in view.models()}
        rows = [_model(id, created[id], providers) for id, providers in sorted(owners.items())]
        wanted = request.path_params.get("id")
        if wanted is None:
            return answer({"object": "list", "data": rows})
        found = next((row for row in rows if row["id"] == wanted), None)
        if found is None:
            raise NotFound("None of the caller's providers lists this model.", "GET /v1/models lists them all.")
        return answer(found)

    return [
        Route("/v1/chat/completions", _guard(complete), methods=["POST"]),
        Route("/v1/models", _guard(models), methods=["GET"]),
        Route("/v1/models/{id:path}", _guard(models), methods=["GET"]),
    ]


def _guard(handler: Handler) -> Handler:
    async def guarded(request: Request) -> Response:
        try:
            return await handler(request)
        except SpacesError as error:
            return _failure(error.to_dict())

    return guarded


def _failure(error: Mapping[str, Any]) -> Response:
    response = answer({"error": _error(error)}, error["status"])
    wait = error.get("details", {}).get("retry_after")
    if wait is not None:
        response.headers["retry-after"] = str(max(1, round(wait)))
    # The router has tried what may be tried; a client that repeats the request by itself would only pay twice.
    response.headers["x-should-retry"] = "false"
    return response


def _error(error: Mapping[str, Any]) -> dict[str, Any]:
    kind = _TYPES.get(error["status"], "api_error" if error["status"] >= 500 else "invalid_request_error")
    return {"message": f"{error['message']} {error['fix']}", "type": kind, "code": error["code"], "param": None}


def _arguments(given: Mapping[str, Any]) -> dict[str, Any]:
    """The action's arguments from a request of OpenAI's API."""
    if given.get("n") not in (None, 1):
        raise InvalidInput("One answer at a time: n must be 1.", "Leave n out, or ask again.")
    asked = {name: given[name] for name in _OWN if given.get(name) is not None}
    longest = given.get("max_completion_tokens") or given.get("max_tokens")
    if longest is not None:
        asked["max_tokens"] = longest
    extra = {name: given[name] for name in _PASSED if given.get(name) is not None}
    provider = given.get("provider")
    if isinstance(provider, str):
        asked["provider"] = provider
    elif isinstance(provider, dict):
        extra["provider"] = provider  # OpenRouter's routing object
    if extra:
        asked["extra"] = extra
    return asked


def _completion(result: Mapping[str, Any]) -> dict[str, Any]:
    message: dict[str, Any] = {"role": "assistant", "content": result["text"] or None, "refusal": None}
    if result["reasoning"]:
        message["reasoning_content"] = result["reasoning"]
    if result["tool_calls"]:
        message["tool_calls"] = result["tool_calls"]
    else:
        message["content"] = result["text"]
    receipt = result["receipt"]
    return {
        "id": f"chatcmpl-{receipt['id']}", "object": "chat.completion", "created": int(receipt["at"]),
        "model": receipt["model"], "provider": receipt["provider"],
        "choices": [{"index": 0, "message": message, "finish_reason": result["finish_reason"], "logprobs": None}],
        "usage": _usage(result["usage"]),
    }  # fmt: skip


async def _chunks(first: Event, events: AsyncIterator[Event], model: Any, with_usage: bool) -> AsyncGenerator[str, None]:
    frame = {"id": f"chatcmpl-{time.time_ns():x}", "object": "chat.completion.chunk", "created": int(time.time()), "model": model}

    def line(delta: dict[str, Any] | None, finish: str | None = None, **more: Any) -> str:
        choices = [] if delta is None else [{"index": 0, "delta": delta, "finish_reason": finish, "logprobs": None}]
        return f"data: {json.dumps(to_jsonable_python({**frame, 'choices': choices, **more}))}\n\n"

    yield line({"role": "assistant", "content": ""})
    event: Event | None = first
    while event is not None:
        if isinstance(event, Text):
            yield line({"content": event.text})
        elif isinstance(event, Reasoning):
            yield line({"reasoning_content": event.text})
        elif isinstance(event, ToolCall):
            yield line({"tool_calls": [_tool_call(event)]})
        elif isinstance(event, Failed):
            yield f"data: {json.dumps({'error': _error(event.error)})}\n\n"
            return
        elif isinstance(event, Done):
            frame["model"] = event.result["receipt"]["model"]
            yield line({}, event.result["finish_reason"])
            if with_usage:
                yield line(None, usage=_usage(event.result["usage"]))
            yield "data: [DONE]\n\n"
            return
        event = await anext(events, None)


def _tool_call(event: ToolCall) -> dict[str, Any]:
    function = {"arguments": event.arguments} | ({"name": event.name} if event.name else {})
    return {"index": event.index, "function": function} | ({"id": event.id, "type": "function"} if event.id else {})


def _usage(usage: Any) -> dict[str, Any] | None:
    counted = to_jsonable_python(usage)
    if counted is None:
        return None
    return {
        "prompt_tokens": counted["prompt"], "completion_tokens": counted["completion"],
        "total_tokens": counted["prompt"] + counted["completion"],
        "prompt_tokens_details": {"cached_tokens": counted["cached"]},
        "completion_tokens_details": {"reasoning_tokens": counted["reasoning"]},
    }  # fmt: skip


def _model(id: str, created: int, providers: list[str]) -> dict[str, Any]:
    return {"id": id, "object": "model", "created": created, "owned_by": providers[0], "providers": providers}
