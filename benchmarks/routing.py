"""What routing costs: the same upstream, in one run, asked by httpx, aiohttp, openai, litellm, litellm.Router and ours.

    python benchmarks/routing.py [--rounds 5] [--requests 120] [--without openai,litellm,router]

The upstream is a bare asyncio protocol in a process of its own and answers at once. Rounds are interleaved, figures are
medians over them. Beside a real model, whose first token takes hundreds of milliseconds, single milliseconds are not
felt; what counts is how many prompts one small machine carries, and how long a fallback takes.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import httpx

from routing_clients import CLIENTS, LONG, MESSAGES, REFUSING, by_httpx, by_litellm_router
from routing_upstream import CHUNKS

Ask = Callable[..., Awaitable[None]]
Stream = Callable[..., Awaitable[float]]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--requests", type=int, default=120)
    parser.add_argument("--without", default="", help="clients to leave out, comma-separated")
    arguments = parser.parse_args()
    process = subprocess.Popen([sys.executable, str(Path(__file__).with_name("routing_upstream.py"))], stdout=subprocess.PIPE, text=True)
    try:
        port = int(process.stdout.readline())
        asyncio.run(measure(f"http://127.0.0.1:{port}", arguments))
    finally:
        process.terminate()
        process.wait(10)
    imports()


async def measure(base: str, arguments: argparse.Namespace) -> None:
    left_out = set(filter(None, arguments.without.split(",")))
    clients = {name: make(base) for name, make in CLIENTS.items() if name not in left_out}
    for ask, stream, _ in clients.values():
        for _ in range(10):
            await ask("ok")
            await stream()
    tables = {"one upstream": one_round, "a stream of 64 chunks, 2 ms apart": paced_round, "prompts of 8 kB": long_round}
    rows: dict[str, dict[str, dict[str, list[float]]]] = {title: {name: {} for name in clients} for title in tables}
    for _ in range(arguments.rounds):
        for title, play in tables.items():
            for name, (ask, stream, _) in clients.items():
                for figure, value in (await play(ask, stream, arguments.requests)).items():
                    rows[title][name].setdefault(figure, []).append(value)
    for title, table in rows.items():
        show(title, {name: {figure: statistics.median(values) for figure, values in row.items()} for name, row in table.items()})
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
        "1: p95 ms": statistics.quantiles(single, n=20)[-1] * 1e3,
        "32: p50 ms": statistics.median(many) * 1e3,
        "32: p95 ms": statistics.quantiles(many, n=20)[-1] * 1e3,
        "32: req/s": rate,
        "first token ms": statistics.median(first) * 1e3,
        "32: streams/s": streams,
        "CPU µs/chunk": per_chunk * 1e6,
    }


async def paced_round(ask: Ask, stream: Stream, count: int) -> dict[str, float]:
    single = [await stream("paced") for _ in range(max(3, count // 30))]
    cpu = time.process_time()
    many = await at_once(lambda: stream("paced"), max(32, count // 32 * 32))
    return {
        "1: first token ms": statistics.median(single) * 1e3,
        "32: first token ms": statistics.median(many) * 1e3,
        "32: CPU ms/stream": (time.process_time() - cpu) / len(many) * 1e3,
    }


async def long_round(ask: Ask, stream: Stream, count: int) -> dict[str, float]:
    single = [await timed(ask("ok", LONG)) for _ in range(count)]
    began = time.perf_counter()
    await at_once(lambda: timed(ask("ok", LONG)), count * 2)
    return {"1: p50 ms": statistics.median(single) * 1e3, "32: req/s": count * 2 / (time.perf_counter() - began)}


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

    by_hands = httpx.AsyncClient()

    async def refused() -> None:
        await by_hands.post(f"http://127.0.0.1:{REFUSING}/v1/chat/completions", json={"model": "m", "messages": MESSAGES})

    async def two_steps(fault: str) -> None:
        try:
            await (refused() if fault == "refused" else by_hand(fault))
        except httpx.HTTPError:
            await by_hand("ok")

    for fault in ("429", "500", "drop", "refused"):
        hand, cold, warm = [], [], []
        for _ in range(arguments.requests):
            hand.append(await timed(two_steps(fault)))
            cold.append(await timed(ours(f"cold-{fault}")))
            warm.append(await timed(ours(fault)))
        table["httpx by hand"][fault] = statistics.median(hand) * 1e3
        table["ours, first failure"][fault] = statistics.median(cold) * 1e3
        table["ours, then"][fault] = statistics.median(warm) * 1e3
        if "router" in clients and fault != "refused":
            ask = by_litellm_router(base, fault)[0]
            await ask("ok")
            table["litellm.Router"][fault] = statistics.median([await timed(ask("ok")) for _ in range(5)]) * 1e3
    await by_hands.aclose()
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
