"""What routing costs: the same upstream, in one run, asked by httpx, aiohttp, openai, litellm, litellm.Router and ours.

    python benchmarks/routing.py [--rounds 5] [--requests 120] [--without openai,litellm,router]

The upstream is a bare asyncio protocol in a process of its own and answers at once. Rounds are interleaved, figures are
medians over them. Beside a real model, whose first token takes hundreds of milliseconds, single milliseconds are not
felt; what counts is how many prompts one small machine carries, and how long a fallback takes.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import aiohttp
import httpx
import orjson

from core.providers import Key, Prompt, Router, Text
from core.secrets import Secret

CHUNKS = 64
MESSAGES = [{"role": "user", "content": "say hello"}]
USAGE = {"prompt_tokens": 7, "completion_tokens": 3, "total_tokens": 10}
Ask = Callable[[str], Awaitable[None]]
Stream = Callable[[], Awaitable[float]]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--requests", type=int, default=120)
    parser.add_argument("--without", default="", help="clients to leave out, comma-separated")
    parser.add_argument("--serve", action="store_true", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.serve:
        asyncio.run(serve())
        return
    process = subprocess.Popen([sys.executable, __file__, "--serve"], stdout=subprocess.PIPE, text=True)
    try:
        port = int(process.stdout.readline())
        asyncio.run(measure(f"http://127.0.0.1:{port}", arguments))
    finally:
        process.terminate()
        process.wait(10)
    imports()


# The upstream


class Answering(asyncio.Protocol):
    """Answers `/ok/…` with a completion or a stream, `/500/…` and `/429/…` with that status, `/drop/…` by hanging up."""

    def __init__(self) -> None:
        self.data = b""

    def connection_made(self, transport) -> None:
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        self.data += data
        while (end := self.data.find(b"\r\n\r\n")) >= 0:
            head = self.data[:end]
            at = head.lower().find(b"content-length:")
            length = int(head[at + 15 :].split(b"\r\n", 1)[0]) if at >= 0 else 0
            if len(self.data) < end + 4 + length:
                return
            body = self.data[end + 4 : end + 4 + length]
            self.data = self.data[end + 4 + length :]
            kind = head.split(b" ", 2)[1].split(b"/")[1]
            if kind == b"drop":
                self.transport.abort()
                return
            if kind != b"ok":
                self.transport.write(reply(int(kind), b'{"error": {"message": "no"}}'))
            elif b'"stream":true' in body or b'"stream": true' in body:
                self.transport.write(STREAM)
            else:
                self.transport.write(reply(200, WHOLE))


def reply(status: int, body: bytes) -> bytes:
    return b"HTTP/1.1 %d X\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%b" % (status, len(body), body)


def chunk(delta: dict, finish: str | None = None, **more) -> bytes:
    shape = {"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "m"}
    data = json.dumps({**shape, "choices": [{"index": 0, "delta": delta, "finish_reason": finish}], **more})
    event = f"data: {data}\n\n".encode()
    return b"%x\r\n%b\r\n" % (len(event), event)


_MESSAGE = {"role": "assistant", "content": "hello"}
WHOLE = json.dumps(
    {"id": "c", "object": "chat.completion", "created": 1, "model": "m", "usage": USAGE,
     "choices": [{"index": 0, "message": _MESSAGE, "finish_reason": "stop"}]}
).encode()  # fmt: skip
STREAM = (
    b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
    + chunk({"role": "assistant", "content": ""}) + chunk({"content": "word "}) * CHUNKS + chunk({}, "stop", usage=USAGE)
    + b"e\r\ndata: [DONE]\n\n\r\n0\r\n\r\n"
)  # fmt: skip


async def serve() -> None:
    server = await asyncio.get_running_loop().create_server(Answering, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


# The clients: each gives a function that asks at a path, and one that streams and returns the seconds to the first token


def by_httpx(base: str):
    client = httpx.AsyncClient(timeout=30, limits=httpx.Limits(max_connections=200, max_keepalive_connections=200))

    async def ask(path: str) -> None:
        answer = await client.post(f"{base}/{path}/v1/chat/completions", json={"model": "m", "messages": MESSAGES})
        answer.raise_for_status().json()["choices"][0]["message"]["content"]

    async def stream() -> float:
        began = first = time.perf_counter()
        body = {"model": "m", "messages": MESSAGES, "stream": True}
        async with client.stream("POST", f"{base}/ok/v1/chat/completions", json=body) as answer:
            async for line in answer.aiter_lines():
                if line.startswith("data: {") and json.loads(line[6:])["choices"][0]["delta"].get("content") and first == began:
                    first = time.perf_counter()
        return first - began

    return ask, stream, client.aclose


def by_aiohttp(base: str):
    session = aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=200))

    async def ask(path: str) -> None:
        body = orjson.dumps({"model": "m", "messages": MESSAGES})
        async with session.post(f"{base}/{path}/v1/chat/completions", data=body) as answer:
            answer.raise_for_status()
            orjson.loads(await answer.read())["choices"][0]["message"]["content"]

    async def stream() -> float:
        began = first = time.perf_counter()
        body = orjson.dumps({"model": "m", "messages": MESSAGES, "stream": True}).replace(b'"stream":true', b'"stream": true')
        async with session.post(f"{base}/ok/v1/chat/completions", data=body) as answer:
            async for line in answer.content:
                if line.startswith(b"data: {") and orjson.loads(line[6:])["choices"][0]["delta"].get("content") and first == began:
                    first = time.perf_counter()
        return first - began

    return ask, stream, session.close


def by_ours(base: str):
    router = Router()
    prompt = Prompt(messages=tuple(MESSAGES), model="m")

    def key(path: str) -> Key:
        return Key(id=path, provider=path, secret=Secret("sk-benchmark-0000"), base_url=f"{base}/{path}/v1", allow_private=True)

    made = {path: key(path) for path in ("ok", "500", "429", "drop")}
    counter = iter(range(10**9))

    async def ask(path: str) -> None:
        if path == "ok":
            await router.route(prompt, [made["ok"]])
        elif path.startswith("cold-"):  # each call is a session of its own, so nothing rests yet
            await router.route(prompt, [made[path[5:]], made["ok"]], caller_id=str(next(counter)))
        else:
            await router.route(prompt, [made[path], made["ok"]])

    async def stream() -> float:
        began = first = time.perf_counter()
        async for item in router.stream(prompt, [made["ok"]]):
            if first == began and isinstance(item, Text):
                first = time.perf_counter()
        return first - began

    return ask, stream, router.close


def by_openai(base: str):
    from openai import AsyncOpenAI

    client = AsyncOpenAI(base_url=f"{base}/ok/v1", api_key="sk-benchmark-0000", max_retries=0)

    async def ask(path: str) -> None:
        (await client.chat.completions.create(model="m", messages=MESSAGES)).choices[0].message.content

    async def stream() -> float:
        began = first = time.perf_counter()
        async for piece in await client.chat.completions.create(model="m", messages=MESSAGES, stream=True):
            if first == began and piece.choices and piece.choices[0].delta.content:
                first = time.perf_counter()
        return first - began

    return ask, stream, client.close


def _litellm():
    os.environ.update(LITELLM_LOCAL_MODEL_COST_MAP="True", LITELLM_MODE="PRODUCTION", LITELLM_LOG="ERROR")
    import litellm

    litellm.suppress_debug_info = True
    return litellm


def by_litellm(base: str, through: Callable | None = None, close: Callable | None = None):
    call = through or _litellm().acompletion
    given = {} if through else {"api_base": f"{base}/ok/v1", "api_key": "sk-benchmark-0000", "max_retries": 0, "num_retries": 0}
    model = "mine" if through else "openai/m"

    async def ask(path: str) -> None:
        (await call(model=model, messages=MESSAGES, **given)).choices[0].message.content

    async def stream() -> float:
        began = first = time.perf_counter()
        async for piece in await call(model=model, messages=MESSAGES, stream=True, **given):
            if first == began and piece.choices and piece.choices[0].delta.content:
                first = time.perf_counter()
        return first - began

    async def nothing() -> None:
        pass

    return ask, stream, nothing


def by_litellm_router(base: str, path: str = "ok"):
    def deployment(name: str, where: str) -> dict:
        return {"model_name": name, "litellm_params": {"model": "openai/m", "api_base": f"{base}/{where}/v1", "api_key": "sk-benchmark-0000"}}

    router = _litellm().Router(
        model_list=[deployment("mine", path), deployment("other", "ok")], fallbacks=[{"mine": ["other"]}], num_retries=0
    )  # fmt: skip
    return by_litellm(base, router.acompletion)


CLIENTS = {
    "httpx": by_httpx, "aiohttp": by_aiohttp, "ours": by_ours, "openai": by_openai, "litellm": by_litellm, "router": by_litellm_router,
}  # fmt: skip


# The figures


async def measure(base: str, arguments: argparse.Namespace) -> None:
    left_out = set(filter(None, arguments.without.split(",")))
    clients = {name: make(base) for name, make in CLIENTS.items() if name not in left_out}
    rows: dict[str, dict[str, list[float]]] = {name: {} for name in clients}
    for name, (ask, stream, _) in clients.items():
        for _ in range(10):
            await ask("ok")
            await stream()
    for _ in range(arguments.rounds):
        for name, (ask, stream, _) in clients.items():
            figures = await one_round(ask, stream, arguments.requests)
            for figure, value in figures.items():
                rows[name].setdefault(figure, []).append(value)
    show("one upstream", {name: {figure: statistics.median(values) for figure, values in row.items()} for name, row in rows.items()})
    await fallbacks(base, clients, arguments)
    for *_, close in clients.values():
        await close()


async def one_round(ask: Ask, stream: Stream, count: int) -> dict[str, float]:
    single = [await timed(ask("ok")) for _ in range(count)]
    began = time.perf_counter()
    many = await at_once(lambda: timed(ask("ok")), count * 4)
    rate = count * 4 / (time.perf_counter() - began)
    first = [await stream() for _ in range(max(10, count // 4))]
    began, cpu = time.perf_counter(), time.process_time()
    await at_once(stream, count)
    streams = count / (time.perf_counter() - began)
    per_chunk = (time.process_time() - cpu) / count / CHUNKS
    return {
        "1: p50 ms": statistics.median(single) * 1e3,
        "32: p50 ms": statistics.median(many) * 1e3,
        "32: p95 ms": statistics.quantiles(many, n=20)[-1] * 1e3,
        "32: req/s": rate,
        "first token ms": statistics.median(first) * 1e3,
        "32: streams/s": streams,
        "CPU µs/chunk": per_chunk * 1e6,
    }


async def timed(work: Awaitable[None]) -> float:
    began = time.perf_counter()
    await work
    return time.perf_counter() - began


async def at_once(work: Callable[[], Awaitable[float]], count: int, width: int = 32) -> list[float]:
    left = iter(range(count))
    results: list[float] = []

    async def worker() -> None:
        for _ in left:
            results.append(await work())

    await asyncio.gather(*(worker() for _ in range(width)))
    return results


async def fallbacks(base: str, clients: dict, arguments: argparse.Namespace) -> None:
    """First upstream fails, second answers: by hand with httpx, ours with and without a rest after the failure, litellm.Router."""
    table: dict[str, dict[str, float]] = {"httpx by hand": {}, "ours, first failure": {}, "ours, then": {}}
    if "router" in clients:
        table["litellm.Router"] = {}
    by_hand = clients["httpx"][0] if "httpx" in clients else by_httpx(base)[0]
    ours = clients["ours"][0]

    async def two_steps(fault: str) -> None:
        try:
            await by_hand(fault)
        except httpx.HTTPError:
            await by_hand("ok")

    for fault in ("429", "500", "drop"):
        hand, cold, warm = [], [], []
        for _ in range(arguments.requests):
            hand.append(await timed(two_steps(fault)))
            cold.append(await timed(ours(f"cold-{fault}")))
            warm.append(await timed(ours(fault)))
        table["httpx by hand"][fault] = statistics.median(hand) * 1e3
        table["ours, first failure"][fault] = statistics.median(cold) * 1e3
        table["ours, then"][fault] = statistics.median(warm) * 1e3
        if "router" in clients:
            ask = by_litellm_router(base, fault)[0]
            await ask("ok")
            table["litellm.Router"][fault] = statistics.median([await timed(ask("ok")) for _ in range(5)]) * 1e3
    show("fallback, ms until the second upstream's answer", table)


def show(title: str, table: dict[str, dict[str, float]]) -> None:
    columns = list(next(iter(table.values())))
    print(f"\n{title}\n{'':20}" + "".join(f"{column:>16}" for column in columns))
    reference = next(iter(table))
    for name, row in table.items():
        cells = (f"{row[column]:9.2f} {row[column] / table[reference][column]:5.2f}x" if column in row else " " * 16 for column in columns)
        print(f"{name:20}" + "".join(cells))


def imports() -> None:
    """Seconds and memory of importing, each in a fresh process."""
    print(f"\n{'import':20}{'s':>8}{'MB':>8}")
    code = "import time; t=time.perf_counter(); import {0}; t=time.perf_counter()-t; import psutil; print(t, psutil.Process().memory_info().rss/2**20)"
    env = {**os.environ, "PYTHONPATH": str(Path(__file__).resolve().parent.parent), "LITELLM_LOCAL_MODEL_COST_MAP": "True", "LITELLM_MODE": "PRODUCTION"}
    for module in ("httpx", "aiohttp,orjson", "core.providers", "openai", "litellm"):
        runs = [subprocess.run([sys.executable, "-c", code.format(module)], env=env, capture_output=True, text=True).stdout.split() for _ in range(3)]
        print(f"{module:20}{statistics.median(float(run[0]) for run in runs):8.2f}{statistics.median(float(run[1]) for run in runs):8.0f}")


if __name__ == "__main__":
    main()
