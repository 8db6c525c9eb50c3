"""A model provider on loopback that answers whatever a test needs, over real sockets. The model's name says how it behaves.

`ok` and every unknown name answer properly; `PLAYS` lists the others. Each request is kept as it came.
"""

from __future__ import annotations

import asyncio
import json
import ssl
import threading
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

USAGE = {"prompt_tokens": 7, "completion_tokens": 3, "completion_tokens_details": {"reasoning_tokens": 1}}
MODELS = {"data": [{"id": "ok", "object": "model"}, {"id": "other", "object": "model"}]}
_TICK = 0.03


@dataclass
class Seen:
    """One request, and what became of its connection. `hung_up`: the client closed it before the answer was complete."""

    method: str
    path: str
    headers: dict[str, str]
    body: Any
    sent: int = 0
    hung_up: bool = False


@dataclass
class Wire:
    """The answering side of one request."""

    seen: Seen
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    upstream: Upstream

    async def send(self, data: bytes) -> None:
        self.writer.write(data)
        self.seen.sent += len(data)
        await self.writer.drain()

    async def answer(self, status: int, body: Any, *headers: str, kind: str = "application/json") -> None:
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        lines = [f"HTTP/1.1 {status} X", f"Content-Type: {kind}", f"Content-Length: {len(data)}", *headers, "", ""]
        await self.send("\r\n".join(lines).encode() + data)

    async def begin_stream(self, kind: str = "text/event-stream") -> None:
        await self.send(f"HTTP/1.1 200 OK\r\nContent-Type: {kind}\r\nTransfer-Encoding: chunked\r\n\r\n".encode())

    async def chunk(self, data: bytes, *, last: bool = False) -> None:
        await self.send(b"%x\r\n%b\r\n" % (len(data), data) + (b"0\r\n\r\n" if last else b""))

    async def end_stream(self) -> None:
        await self.send(b"0\r\n\r\n")


def event(delta: dict[str, Any] | None = None, *, finish: str | None = None, **more: Any) -> bytes:
    choices = [] if delta is None else [{"index": 0, "delta": delta, "finish_reason": finish}]
    return b"data: " + json.dumps({"choices": choices, **more}).encode() + b"\n\n"


def completion(message: dict[str, Any], *, finish: str = "stop", **more: Any) -> dict[str, Any]:
    return {"choices": [{"index": 0, "message": {"role": "assistant", **message}, "finish_reason": finish}], "usage": USAGE, **more}


async def ok(wire: Wire) -> None:
    text = f"hello from {wire.upstream.name}"
    if not wire.seen.body.get("stream"):
        await wire.answer(200, completion({"content": text}))
        return
    await wire.begin_stream()
    await wire.chunk(event({"role": "assistant", "content": ""}))
    for word in text.split(" "):
        await wire.chunk(event({"content": word if word == "hello" else " " + word}))
    await wire.chunk(event({}, finish="stop") + event(usage=USAGE) + b"data: [DONE]\n\n", last=True)


async def thinks_and_calls(wire: Wire) -> None:
    if not wire.seen.body.get("stream"):
        call = {"id": "call_1", "type": "function", "function": {"name": "add", "arguments": '{"a": 1}'}}
        await wire.answer(200, completion({"content": None, "reasoning": "hm", "tool_calls": [call]}, finish="tool_calls"))
        return
    await wire.begin_stream()
    await wire.chunk(event({"reasoning_content": "h"}) + event({"reasoning": "m"}))
    await wire.chunk(event({"tool_calls": [{"index": 0, "id": "call_1", "function": {"name": "add", "arguments": ""}}]}))
    for piece in ('{"a"', ": 1}"):
        await wire.chunk(event({"tool_calls": [{"index": 0, "function": {"arguments": piece}}]}))
    await wire.chunk(event({}, finish="tool_calls") + event(usage=USAGE) + b"data: [DONE]\n\n")
    await wire.end_stream()


async def odd_sse(wire: Wire) -> None:
    """Valid, if one is patient: comments, CRLF, no space, no empty lines, a broken event, events in odd pieces, no [DONE]."""
    body = (
        b": OPENROUTER PROCESSING\r\n\r\nevent: message\r\n" + event({"content": "a"}).replace(b"\n", b"\r\n").replace(b"data: ", b"data:")
        + b'data: {"choices": [{"delta": {"content": "lost\n\n' + event({"content": "b"}).replace(b"\n\n", b"\n")
        + event({"content": "c"}).replace(b"\n\n", b"\n") + b"retry: 100\nnonsense without a colon\n" + event({"content": "ü"}, finish="stop").rstrip()
    )  # fmt: skip
    await wire.begin_stream()
    for start in range(0, len(body), 7):
        await wire.chunk(body[start : start + 7])
    await wire.end_stream()


async def waits_for_go(wire: Wire) -> None:
    """The first word, then nothing until the test lets it go on (or twenty seconds have passed)."""
    await wire.begin_stream()
    await wire.chunk(event({"content": "first "}))
    await asyncio.to_thread(wire.upstream.go.wait, 20)
    await wire.chunk(event({"content": "then "}) + event({"content": "last"}))
    await wire.chunk(event({}, finish="stop") + event(usage=USAGE) + b"data: [DONE]\n\n", last=True)


async def slow_first_token(wire: Wire) -> None:
    if await wire_waits(wire, 1.0):
        await ok(wire)


async def slow_headers(wire: Wire) -> None:
    await wire_waits(wire, 30)


async def drip(wire: Wire) -> None:
    await wire.send(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n")
    await forever(wire, b"x")


async def drip_headers(wire: Wire) -> None:
    await wire.send(b"HTTP/1.1 200 OK\r\nX-Slow: ")
    await forever(wire, b"x")


async def drip_json(wire: Wire) -> None:
    await wire.send(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n")
    await forever(wire, b"[")


async def patient(wire: Wire) -> None:
    """Begins to answer and never stops."""
    await wire.begin_stream()
    await forever(wire, b"", event({"content": "word "}))


async def never_closes(wire: Wire) -> None:
    """A complete answer, and then neither [DONE] nor an end."""
    await wire.begin_stream()
    await wire.chunk(event({"content": "all of it"}) + event({}, finish="stop", usage=USAGE))
    await wire_waits(wire, 30)


async def cut_after_the_end(wire: Wire) -> None:
    await wire.begin_stream()
    await wire.chunk(event({"content": "all of it"}) + event({}, finish="stop", usage=USAGE))
    await asyncio.sleep(_TICK)
    wire.writer.transport.abort()


async def endless(wire: Wire) -> None:
    kind = "text/event-stream" if wire.seen.body.get("stream") else "application/json"
    await wire.send(f"HTTP/1.1 200 OK\r\nContent-Type: {kind}\r\nContent-Length: 1000000000\r\n\r\n".encode())
    piece = b"data: x\n" * 8_000 if wire.seen.body.get("stream") else b"[" * 64_000
    while not wire.writer.is_closing():
        await wire.send(piece)


async def half_json(wire: Wire) -> None:
    await wire.answer(200, b'{"choices": [{"message": {"content": "hel')


async def only_broken_events(wire: Wire) -> None:
    await wire.begin_stream()
    await wire.chunk(b'data: {"choices": [{"delta": {"content": "lost\n\n' * 3 + b"data: [DONE]\n\n")
    await wire.end_stream()


async def empty(wire: Wire) -> None:
    if not wire.seen.body.get("stream"):
        await wire.answer(200, completion({"content": ""}))
        return
    await wire.begin_stream()
    await wire.chunk(event({"role": "assistant", "content": ""}) + event({}, finish="stop") + b"data: [DONE]\n\n")
    await wire.end_stream()


async def cut(wire: Wire) -> None:
    await wire.begin_stream()
    await wire.chunk(event({"content": "so far"}))
    await asyncio.sleep(_TICK)
    wire.writer.transport.abort()


async def unfinished(wire: Wire) -> None:
    await wire.begin_stream()
    await wire.chunk(event({"content": "so far"}))
    await wire.end_stream()


async def error_in_stream(wire: Wire) -> None:
    await wire.begin_stream()
    await wire.chunk(event({"content": "so far"}))
    await wire.chunk(event({"content": ""}, finish="error", error={"code": 502, "message": "provider disconnected"}))
    await wire.end_stream()


async def drop(wire: Wire) -> None:
    wire.writer.transport.abort()


async def not_http(wire: Wire) -> None:
    await wire.send(b"SSH-2.0-OpenSSH_9.9\r\n")
    wire.writer.close()


async def echo_key(wire: Wire) -> None:
    said = f"you sent {wire.seen.headers.get('authorization')}"
    await wire.answer(400, {"error": {"message": said}})


async def redirect(wire: Wire) -> None:
    await wire.answer(307, b"", f"Location: {wire.upstream.elsewhere}/chat/completions")


def status(code: int, error: Any = None, *headers: str) -> Play:
    async def play(wire: Wire) -> None:
        await wire.answer(code, {"error": error if error is not None else {"message": f"status {code}", "code": code}}, *headers)

    return play


def page(wire: Wire) -> Awaitable[None]:
    return wire.answer(200, b"<!doctype html><title>Welcome</title>", kind="text/html; charset=utf-8")


def page_as_json(wire: Wire) -> Awaitable[None]:
    return wire.answer(200, b"<!doctype html><title>Welcome</title>")


def plain_json(wire: Wire) -> Awaitable[None]:
    return wire.answer(200, completion({"content": "hello all the same"}), kind="text/json")


async def forever(wire: Wire, piece: bytes, chunk: bytes = b"") -> None:
    while not wire.reader.at_eof() and not wire.writer.is_closing():
        await (wire.chunk(chunk) if chunk else wire.send(piece))
        await wire_waits(wire, _TICK)


async def wire_waits(wire: Wire, seconds: float) -> bool:
    """Wait; False when the client hung up meanwhile."""
    try:
        async with asyncio.timeout(seconds):
            await wire.reader.read(1)
    except TimeoutError:
        return True
    return False


Play = Callable[[Wire], Awaitable[None]]
MODERATED = {"message": "flagged", "code": 403, "metadata": {"reasons": ["violence"], "flagged_input": "…"}}
PLAYS: dict[str, Play] = {
    "html": page, "html-as-json": page_as_json, "text-json": plain_json, "half-json": half_json, "no-choice": status(200, {}),
    "odd-sse": odd_sse, "only-broken-events": only_broken_events, "endless": endless, "slow-headers": slow_headers, "drip": drip,
    "drip-headers": drip_headers, "drip-json": drip_json, "redirect": redirect, "drop": drop, "not-http": not_http, "empty": empty,
    "cut": cut, "unfinished": unfinished, "never-closes": never_closes, "cut-after-the-end": cut_after_the_end, "error-in-stream": error_in_stream, "echo-key": echo_key, "patient": patient,
    "slow-first-token": slow_first_token, "waits-for-go": waits_for_go, "thinks-and-calls": thinks_and_calls,
    "400": status(400), "400-model": status(400, {"message": "no such model", "code": "model_not_supported"}), "422": status(422),
    "400-moderation": status(400, {"message": "filtered", "code": "content_filter"}), "401": status(401), "402": status(402),
    "403": status(403), "403-moderation": status(403, MODERATED), "404": status(404), "408": status(408), "413": status(413),
    "429": status(429), "429-soon": status(429, None, "Retry-After: 0.05"), "429-later": status(429, None, "Retry-After: 60"),
    "500": status(500), "502": status(502), "503": status(503), "503-soon": status(503, None, "Retry-After: 0.05"), "529": status(529),
    "error-in-200": status(200, {"code": 429, "message": "rate limited upstream"}),
}  # fmt: skip


@dataclass
class Upstream:
    """A running upstream. `elsewhere`: where a POST's redirect leads. `script`: plays for the next requests, before the model's name
    counts. `redirects`: paths that answer 302.
    `go`: set by a test to let a play go on. `pages`: paths whose GET answers a status and a body of their own."""

    name: str
    port: int = 0
    elsewhere: str = "http://127.0.0.1:1"
    scheme: str = "http"
    requests: list[Seen] = field(default_factory=list)
    script: list[str] = field(default_factory=list)
    redirects: dict[str, str] = field(default_factory=dict)
    pages: dict[str, tuple[int, Any]] = field(default_factory=dict)
    serves: Callable[[Wire], Awaitable[bool]] | None = None  # answers before all others; False passes the request on
    connections: int = 0
    go: threading.Event = field(default_factory=threading.Event)

    @property
    def base_url(self) -> str:
        return f"{self.scheme}://127.0.0.1:{self.port}/v1"

    @property
    def received(self) -> str:
        """Everything that ever arrived here, as text."""
        return json.dumps([[seen.path, seen.headers, seen.body] for seen in self.requests])

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        seen = None
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                first, *lines = head.decode("latin-1").rstrip().split("\r\n")
                method, path, _ = first.split(" ")
                headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
                raw = await reader.readexactly(int(headers.get("content-length", 0)))
                seen = Seen(method, path, headers, json.loads(raw) if raw else {})
                self.requests.append(seen)
                wire = Wire(seen, reader, writer, self)
                if path in self.redirects:
                    await wire.answer(302, b"", f"Location: {self.redirects[path]}")
                    continue
                if self.serves and await self.serves(wire):
                    continue
                if method == "GET":
                    await wire.answer(*self.pages.get(path, (200, MODELS)))
                    continue
                play = self.script.pop(0) if self.script else seen.body.get("model", "ok")
                await PLAYS.get(play, ok)(wire)
                seen.hung_up = reader.at_eof()
                if seen.hung_up or writer.is_closing() or play in ("half-json", "not-http", "drop", "cut", "cut-after-the-end"):
                    return
        except (asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
            if seen:
                seen.hung_up = True
        finally:
            writer.close()


@contextmanager
def upstream(name: str = "upstream", *, tls: ssl.SSLContext | None = None) -> Iterator[Upstream]:
    """An upstream in a thread of its own, until the block ends."""
    made = Upstream(name, scheme="https" if tls else "http")
    loop = asyncio.new_event_loop()
    server = loop.run_until_complete(asyncio.start_server(made.serve, "127.0.0.1", 0, ssl=tls))
    made.port = server.sockets[0].getsockname()[1]
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    try:
        yield made
    finally:
        asyncio.run_coroutine_threadsafe(_stop(server), loop).result(10)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)
        loop.close()


async def _stop(server: asyncio.Server) -> None:
    server.close()
    others = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
    for task in others:
        task.cancel()
    await asyncio.gather(*others, return_exceptions=True)
