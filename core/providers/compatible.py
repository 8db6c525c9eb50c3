"""The OpenAI wire, as every compatible upstream speaks it: the request body, the answer, the pieces of a stream, the errors."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator
from typing import Any

import orjson

from core.errors import InvalidInput, TooLarge
from core.providers.caching import marked, takes_marks
from core.providers.policy import Fault, from_answer, quote
from core.providers.provider import End, Provider
from core.providers.response import Response
from core.providers.sse import DONE
from core.providers.transport import Transport
from core.providers.values import Candidate, Key, Prompt, Reasoning, Text, ToolCallDelta, Usage

Piece = Text | Reasoning | ToolCallDelta | End

_OURS = ("model", "messages", "stream", "stream_options")
REQUEST_BYTES = 20_000_000
_BROKEN_EVENTS = 8
_TOOL_CALLS = 128


async def ask(candidate: Candidate, prompt: Prompt, row: Provider, *, transport: Transport, deadline: float) -> AsyncGenerator[Piece, None]:
    """Ask one candidate: pieces of the answer as they come, then exactly one `End`. Raises `Fault`."""
    key = candidate.key
    async with transport.post(**_request(candidate, prompt, row, stream=True), deadline=deadline) as response:
        kind = await _kind(response, key, row)
        if "json" not in kind:
            async for piece in _stream(response, key, row):
                yield piece
        else:
            for piece in answer_pieces(await response.json(), key, row):
                yield piece


async def ask_whole(candidate: Candidate, prompt: Prompt, row: Provider, *, transport: Transport, deadline: float) -> list[Piece]:
    """As `ask`, but the answer comes whole, in the same pieces."""
    response = await transport.send(**_request(candidate, prompt, row, stream=False), deadline=deadline)
    try:
        await _kind(response, candidate.key, row)
        pieces = answer_pieces(await response.json(), candidate.key, row)
    except BaseException:
        response.drop()
        raise
    response.leave()
    return pieces


def _request(candidate: Candidate, prompt: Prompt, row: Provider, *, stream: bool) -> dict[str, Any]:
    key = candidate.key
    return {
        "url": chat_url(row, key),
        "body": encoded(request_body(prompt, candidate.model, row, stream=stream)),
        "headers": {"Content-Type": "application/json", **row.headers(prompt), **signed(key)},
        "allow_private": key.allow_private,
    }


async def _kind(response: Response, key: Key, row: Provider) -> str:
    """The content type of an answer that is one; a `Fault` for an error or a web page."""
    if response.status >= 300:
        raise from_answer(response.status, await response.error_body(), response.headers, secret=key.secret, forbidden=row.forbidden)
    kind = response.content_type
    if "html" in kind:
        raise Fault("nonsense", "answered a web page instead of JSON.", status=response.status)
    return kind


def chat_url(row: Provider, key: Key) -> str:
    """Where this key's chat completions are; a base URL that already names the endpoint is taken as its base."""
    return f"{base_url(row, key)}/chat/completions"


def base_url(row: Provider, key: Key) -> str:
    """The address of this key's upstream, without a slash at its end; a `Fault` when nobody named one."""
    url = row.address(key.base_url) if key.base_url else row.base_url
    if not url:
        raise Fault("address", "has no address of its own, and the key names none.")
    if "?" in url or "#" in url:
        raise Fault("address", "the base URL must end with its path, without a question mark or a fragment.")
    return url.rstrip("/").removesuffix("/chat/completions")


def signed(key: Key) -> dict[str, str]:
    """The header that carries the key. Never sent without one, never with an empty one."""
    return {"Authorization": f"Bearer {key.secret.reveal()}"} if key.secret else {}


def request_body(prompt: Prompt, model: str, row: Provider, *, stream: bool) -> dict[str, Any]:
    """The JSON to send: only what was asked for, because some models refuse or ignore settings they do not have."""
    body: dict[str, Any] = {name: value for name, value in prompt.extra.items() if name not in _OURS}
    body["model"] = model
    body["messages"] = list(prompt.messages)
    if prompt.tools:
        body["tools"] = list(prompt.tools)
        if prompt.tool_choice is not None:
            body["tool_choice"] = prompt.tool_choice
    if prompt.temperature is not None:
        body["temperature"] = prompt.temperature
    if prompt.max_tokens is not None:
        body[row.max_tokens_field] = prompt.max_tokens
    if prompt.response_format is not None:
        body["response_format"] = prompt.response_format
    if stream:
        body["stream"] = True
        if row.stream_usage:
            body["stream_options"] = {"include_usage": True}
    if prompt.cache and takes_marks(row.marks, row.bare(model)):
        body = marked(body)
    return row.shape(prompt, body)


def encoded(body: dict[str, Any]) -> bytes:
    """The body as JSON. Raises `InvalidInput` when a value has no JSON, `TooLarge` over `REQUEST_BYTES`."""
    try:
        data = orjson.dumps(body)
    except TypeError as error:
        raise InvalidInput(f"The prompt cannot be sent as JSON ({error}).") from None
    if len(data) > REQUEST_BYTES:
        raise TooLarge(f"The prompt has {len(data)} bytes, more than {REQUEST_BYTES}.")
    return data


def answer_pieces(data: Any, key: Key, row: Provider) -> list[Piece]:
    """A whole answer as pieces. Raises `Fault` for an error inside a 200, an answer of another shape, an empty one."""
    if not isinstance(data, dict):
        raise Fault("nonsense", "answered JSON of another shape.", status=200)
    if data.get("error"):
        raise _inner_error(data, key, row)
    choice = _first(data.get("choices"))
    message = choice.get("message") if choice else None
    if not isinstance(message, dict):
        raise Fault("nonsense", "answered JSON without a choice in it.", status=200)
    pieces = _pieces(message)
    finish = _finish(choice)
    _refuse_filtered(finish, bool(pieces))
    if not pieces:
        raise Fault("empty", "answered nothing.", status=200)
    pieces.append(End(finish or "stop", usage(data.get("usage"))))
    return pieces


async def _stream(response: Response, key: Key, row: Provider) -> AsyncIterator[Piece]:
    finish: str | None = None
    tokens: Usage | None = None
    came = done = False
    broken = 0
    try:
        async for batch in response.events():
            for payload in batch:
                if payload == DONE:
                    done = True
                    break
                data = _event(payload)
                if data is None:
                    broken += 1
                    if broken > _BROKEN_EVENTS:
                        raise Fault("nonsense", "sends events that are not JSON.", status=200)
                    continue
                if data.get("error"):
                    raise _inner_error(data, key, row)
                if data.get("usage"):
                    tokens = usage(data["usage"])
                choice = _first(data.get("choices"))
                if choice is None:
                    continue
                delta = choice.get("delta")
                if isinstance(delta, dict):
                    for piece in _pieces(delta):
                        came = True
                        yield piece
                if reason := _finish(choice):
                    finish = reason
                    response.expect_the_end()
    except Fault:
        if finish is None or finish == "error":
            raise
        # The upstream had said that its answer is complete; how it hangs up afterwards changes nothing.
    _refuse_filtered(finish, came)
    if finish == "error":
        raise Fault("server", "stopped with an error it does not name.", status=200)
    if not came:
        raise Fault("nonsense" if broken else "empty", "answered events that are not JSON." if broken else "answered nothing.", status=200)
    if not finish and not done:
        raise Fault("cut", "ended its stream without saying that it is complete.", status=200)
    yield End(finish or "stop", tokens)


def _event(payload: bytes) -> dict[str, Any] | None:
    try:
        data = orjson.loads(payload)
    except orjson.JSONDecodeError:
        return None
    return data if isinstance(data, dict) else {}


def _pieces(message: dict[str, Any]) -> list[Piece]:
    content = message.get("content")
    if content.__class__ is str and (len(message) == 1 or len(message) == 2 and "role" in message):
        return [Text(content)] if content else []  # what nearly every piece of a stream is
    pieces: list[Piece] = []
    if isinstance(content, list):
        content = "".join(part["text"] for part in content if isinstance(part, dict) and isinstance(part.get("text"), str))
    if isinstance(content, str) and content:
        pieces.append(Text(content))
    thought = message.get("reasoning_content") or message.get("reasoning")
    if isinstance(thought, str) and thought:
        pieces.append(Reasoning(thought))
    if isinstance(message.get("refusal"), str) and message["refusal"]:
        pieces.append(Text(message["refusal"]))
    calls = message.get("tool_calls")
    if isinstance(calls, list):
        pieces += [found for place, call in enumerate(calls[:_TOOL_CALLS]) if (found := _tool_call(place, call))]
    return pieces


def _tool_call(place: int, call: Any) -> ToolCallDelta | None:
    function = call.get("function") if isinstance(call, dict) else None
    if not isinstance(function, dict):
        return None
    index = call.get("index")
    return ToolCallDelta(
        index=index if isinstance(index, int) and 0 <= index < _TOOL_CALLS else place,
        id=call.get("id") if isinstance(call.get("id"), str) else None,
        name=function.get("name") if isinstance(function.get("name"), str) else None,
        arguments=_arguments(function.get("arguments")),
    )


def _arguments(value: Any) -> str:
    if isinstance(value, str):
        return value
    return orjson.dumps(value).decode() if isinstance(value, dict) else ""  # Ollama and some others send the object itself


def usage(data: Any) -> Usage | None:
    """Tokens as reported, or None when the report has another shape."""
    if not isinstance(data, dict) or not isinstance(data.get("prompt_tokens"), int):
        return None
    completion = data.get("completion_tokens_details")
    prompt = data.get("prompt_tokens_details")
    cost = _number(data.get("cost"))
    if cost is not None and data.get("is_byok"):
        # OpenRouter names its fee; what the upstream bills the same person stands beside it.
        details = data.get("cost_details")
        upstream = _number(details.get("upstream_inference_cost")) if isinstance(details, dict) else None
        cost = None if upstream is None else cost + upstream
    return Usage(
        prompt=data["prompt_tokens"],
        completion=_whole(data.get("completion_tokens")),
        reasoning=_whole(completion.get("reasoning_tokens")) if isinstance(completion, dict) else 0,
        cached=_whole(prompt.get("cached_tokens")) if isinstance(prompt, dict) else 0,
        cost_usd=cost,
    )


def _whole(value: Any) -> int:
    return value if isinstance(value, int) and value >= 0 else 0


def _number(value: Any) -> float | None:
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) and value >= 0 else None


def _first(choices: Any) -> dict[str, Any] | None:
    return choices[0] if isinstance(choices, list) and choices and isinstance(choices[0], dict) else None


def _finish(choice: dict[str, Any]) -> str | None:
    reason = choice.get("finish_reason")
    return reason if isinstance(reason, str) and reason else None


def _refuse_filtered(finish: str | None, came: bool) -> None:
    if finish == "content_filter" and not came:
        raise Fault("moderation", "its content filter kept the answer back.", status=200)


def _inner_error(data: dict[str, Any], key: Key, row: Provider) -> Fault:
    error = data["error"]
    code = error.get("code") if isinstance(error, dict) else None
    if isinstance(code, str) and code.isdecimal():
        code = int(code)
    if isinstance(code, int) and not isinstance(code, bool) and 400 <= code < 600:
        return from_answer(code, data, secret=key.secret, forbidden=row.forbidden)
    said = quote(error.get("message") if isinstance(error, dict) else error, key.secret)
    return Fault("server", f"answered an error: {said or 'without a word'}", status=200)
