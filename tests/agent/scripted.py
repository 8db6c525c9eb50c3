"""A model that plays a script over real HTTP, in the shape of OpenAI's chat completions. Every request is kept as it came.

    with scripted(script) as server:
        keys_for(server)              # → keys, so that the router asks it
        server.requests[0].body       # what arrived, in order; .headers, .hung_up
        server.left                   # turns nobody asked for

A script is a list of turns, from Python or a YAML file. Each request plays the first turn left whose `when` holds:

    text, reasoning      what the model says and thinks; in pieces of a few words when streamed
    calls                [{name, arguments: object or raw text, id, index}]; `<<regex>>` in a text takes the newest match of the
                         request's messages (its first group, when it has one)
    finish               stop, length, tool_calls, content_filter; told from the calls when left out
    usage                {prompt, completion, cost}: tokens, USD; false tells none
    status, error        an HTTP error instead; error is the message or the whole object; retry_after: its header, seconds
    die_after            so many pieces, then the connection breaks; 0 = before the first byte
    slow                 seconds before every piece; wait: seconds before the first byte; hold: until `server.go.set()`
    empty                an answer without a word or a call
    endless              text or reasoning: a piece over and over, until the client hangs up
    repeat               so many times, or "forever"
    when                 {last_tool, contains (in the newest message), anywhere, system, model, tools: bool, role (of the newest message)}

A turn may be a function of the request's body that gives such a turn. After the script: "The script is over.", counted in `over`.
"""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import yaml

from core.providers import Key
from core.secrets import Secret
from tests.providers.upstream import Seen, Upstream, Wire, event, upstream, wire_waits

KEY = "sk-scripted-abcdefghijklmnop-0001"
MODEL = "scripted-large"
Turn = Mapping[str, Any] | Callable[[dict[str, Any]], Mapping[str, Any]]
_TAKEN = re.compile(r"<<(.+?)>>")


class Scripted:
    """The running server. url: its OpenAI base. models: rows of `GET /v1/models`; `listing` says how they are told.

    over: requests after the script's end. go: lets turns with `hold` go on.
    """

    def __init__(self, wire: Upstream):
        self._wire = wire
        self._turns: list[Turn] = []
        self._played: dict[int, int] = {}
        self.over = 0
        self.models(MODEL, "scripted-small")

    @property
    def url(self) -> str:
        return self._wire.base_url

    @property
    def go(self):
        return self._wire.go

    @property
    def requests(self) -> list[Seen]:
        return [seen for seen in self._wire.requests if seen.method == "POST"]

    @property
    def bodies(self) -> list[dict[str, Any]]:
        return [seen.body for seen in self.requests]

    @property
    def received(self) -> str:
        """Everything that ever arrived, as text."""
        return self._wire.received

    @property
    def left(self) -> list[Turn]:
        return list(self._turns)

    def script(self, turns: str | Path | Sequence[Turn]) -> None:
        """Play these from now on: turns, or the path of a YAML file that holds them (as a list, or under `turns`)."""
        if isinstance(turns, str | Path):
            turns = yaml.safe_load(Path(turns).read_text(encoding="utf-8"))
            turns = turns["turns"] if isinstance(turns, dict) else turns
        self._turns, self._played = list(turns), {}

    def models(self, *ids: str, context: int = 128_000, tools: bool = True, sees: bool = False, price: tuple[float, float] = (1.0, 2.0)) -> None:
        """What it lists; the facts are in OpenRouter's words, so a key of provider "openrouter" makes them known. price: USD per million."""
        rows = [
            {
                "id": id, "object": "model", "context_length": context,
                "pricing": {"prompt": str(price[0] / 1e6), "completion": str(price[1] / 1e6)},
                "supported_parameters": ["tools"] if tools else ["temperature"],
                "architecture": {"input_modalities": ["text", "image"] if sees else ["text"]},
            }
            for id in ids
        ]  # fmt: skip
        self._wire.pages["/v1/models"] = (200, {"data": rows})

    async def serve(self, wire: Wire) -> bool:
        if wire.seen.method != "POST":
            return False
        await _play(wire, self._next(wire.seen.body))
        return True

    def _next(self, body: dict[str, Any]) -> Mapping[str, Any]:
        for place, turn in enumerate(self._turns):
            made = turn(body) if callable(turn) else turn
            if not made or not _holds(made.get("when") or {}, body):
                continue
            times = self._played[id(turn)] = self._played.get(id(turn), 0) + 1
            if made.get("repeat") != "forever" and times >= made.get("repeat", 1):
                self._turns.pop(place)
            return made
        self.over += 1
        return {"text": "The script is over."}


@contextmanager
def scripted(turns: str | Path | Sequence[Turn] = ()) -> Iterator[Scripted]:
    """A scripted model in a thread of its own, until the block ends."""
    with upstream("scripted") as wire:
        made = Scripted(wire)
        wire.serves = made.serve
        made.script(turns)
        yield made
        wire.go.set()


def keys_for(server: Scripted, *, provider: str = "scripted", models: Sequence[str] = (MODEL,), secret: str | None = KEY) -> tuple[Key, ...]:
    """Keys with which the router asks it; provider "openrouter" makes the listed facts and prices known."""
    return (
        Key(
            id=f"{provider}-key", provider=provider, label="scripted key", base_url=server.url, allow_private=True,
            secret=Secret(secret) if secret else None, models=tuple(models),
        ),
    )  # fmt: skip


def _text_of(message: Mapping[str, Any]) -> str:
    content = message.get("content") or ""
    calls = json.dumps(message["tool_calls"]) if message.get("tool_calls") else ""
    return (content if isinstance(content, str) else json.dumps(content)) + calls


def _holds(when: Mapping[str, Any], body: dict[str, Any]) -> bool:
    if not when:
        return True
    messages = body.get("messages") or [{}]
    newest = messages[-1]
    said = {
        "last_tool": next((_name_of(one, messages) for one in reversed(messages) if one.get("role") == "tool"), ""),
        "model": body.get("model"), "tools": bool(body.get("tools")), "role": newest.get("role"),
    }  # fmt: skip
    inside = {
        "contains": _text_of(newest), "anywhere": "\n".join(map(_text_of, messages)),
        "system": "\n".join(_text_of(one) for one in messages if one.get("role") == "system"),
    }  # fmt: skip
    return all(said[name] == wanted if name in said else wanted in inside[name] for name, wanted in when.items())


def _name_of(result: Mapping[str, Any], messages: Sequence[Mapping[str, Any]]) -> str:
    calls = [call for one in messages for call in one.get("tool_calls") or () if call.get("id") == result.get("tool_call_id")]
    return calls[-1]["function"]["name"] if calls else str(result.get("name") or "")


def _filled(value: Any, body: dict[str, Any]) -> Any:
    """The value with every `<<regex>>` replaced by what the conversation says."""
    if isinstance(value, Mapping):
        return {name: _filled(one, body) for name, one in value.items()}
    if isinstance(value, list):
        return [_filled(one, body) for one in value]
    if not isinstance(value, str) or "<<" not in value:
        return value
    said = [_text_of(one) for one in reversed(body.get("messages") or [])]

    def taken(match: re.Match[str]) -> str:
        for text in said:
            if found := list(re.finditer(match[1], text)):
                return found[-1][1] if found[-1].re.groups else found[-1][0]
        return match[0]

    return _TAKEN.sub(taken, value)


def _calls(turn: Mapping[str, Any], body: dict[str, Any]) -> list[dict[str, Any]]:
    made = []
    for place, call in enumerate(turn.get("calls") or ()):
        arguments = _filled(call.get("arguments", {}), body)
        text = arguments if isinstance(arguments, str) else json.dumps(arguments, ensure_ascii=False)
        number = sum(len(one.get("tool_calls") or ()) for one in body.get("messages") or ()) + place + 1
        made.append({"index": call.get("index", place), "id": call.get("id", f"call_{number}"), "type": "function", "function": {"name": call["name"], "arguments": text}})
    return made


def _usage(turn: Mapping[str, Any], body: dict[str, Any]) -> dict[str, Any] | None:
    told = turn.get("usage", {})
    if told is False:
        return None
    usage = {
        "prompt_tokens": told.get("prompt", len(json.dumps(body.get("messages"))) // 4),
        "completion_tokens": told.get("completion", 10),
        "completion_tokens_details": {"reasoning_tokens": 0},
    }
    return usage | ({"cost": told["cost"]} if "cost" in told else {})


def _pieces(turn: Mapping[str, Any], body: dict[str, Any]) -> Iterator[bytes]:
    for field, text in (("reasoning_content", turn.get("reasoning")), ("content", turn.get("text"))):
        text = _filled(text or "", body)
        for start in range(0, len(text), 12 if len(text) < 4_000 else 4_000):
            yield event({field: text[start : start + (12 if len(text) < 4_000 else 4_000)]})
    for call in _calls(turn, body):
        arguments = call["function"]["arguments"]
        size = max(len(arguments) // 3, 1) if len(arguments) < 60_000 else 20_000
        yield event({"tool_calls": [{**call, "function": {**call["function"], "arguments": ""}}]})
        for start in range(0, len(arguments), size):
            yield event({"tool_calls": [{"index": call["index"], "function": {"arguments": arguments[start : start + size]}}]})


async def _play(wire: Wire, turn: Mapping[str, Any]) -> None:
    body, streamed = wire.seen.body, bool(wire.seen.body.get("stream"))
    if turn.get("wait") and not await wire_waits(wire, turn["wait"]):
        return
    if turn.get("hold") and not turn.get("text"):
        await asyncio.to_thread(wire.upstream.go.wait, 20)
    if "status" in turn:
        error = turn.get("error", f"status {turn['status']}")
        headers = [f"Retry-After: {turn['retry_after']}"] if "retry_after" in turn else []
        await wire.answer(turn["status"], {"error": error if isinstance(error, dict) else {"message": error, "code": turn["status"]}}, *headers)
        return
    if turn.get("die_after") == 0:
        wire.writer.transport.abort()
        return
    finish = turn.get("finish") or ("tool_calls" if turn.get("calls") else "stop")
    if not streamed:
        calls = [{name: value for name, value in call.items() if name != "index"} for call in _calls(turn, body)]
        message = {"role": "assistant", "content": _filled(turn.get("text") or "", body) or None, "reasoning_content": turn.get("reasoning") or ""}
        choice = {"index": 0, "message": message | ({"tool_calls": calls} if calls else {}), "finish_reason": finish}
        await wire.answer(200, {"model": body.get("model"), "choices": [choice], "usage": _usage(turn, body)})
        return
    await wire.begin_stream()
    await wire.chunk(event({"role": "assistant", "content": ""}))
    if turn.get("endless"):
        field = {"text": "content", "reasoning": "reasoning_content"}[turn["endless"]]
        while not wire.reader.at_eof() and not wire.writer.is_closing():
            await wire.chunk(event({field: "and on and on " * 300}))
            await asyncio.sleep(0)
        return
    for number, piece in enumerate(_pieces(turn, body)):
        if "die_after" in turn and number >= turn["die_after"]:
            await asyncio.sleep(0.03)
            wire.writer.transport.abort()
            return
        if turn.get("slow") and not await wire_waits(wire, turn["slow"]):
            return
        await wire.chunk(piece)
        if turn.get("hold") and number == 0 and turn.get("text"):
            await asyncio.to_thread(wire.upstream.go.wait, 20)
    if "die_after" in turn:
        wire.writer.transport.abort()
        return
    usage = _usage(turn, body)
    await wire.chunk(event({}, finish=finish) + (event(usage=usage) if usage else b"") + b"data: [DONE]\n\n", last=True)
