"""What the agent's loop costs: a round of its own beside a bare loop, and fifty sessions at once beside the router and a bare client.

    python benchmarks/agent.py [--sessions 50] [--rounds 10] [--repeats 5]

A round is one reply with one call and its result. The model is a scripted one: in this process for the first table (CPU time), in a
process of its own over HTTP for the second, where the three ways take turns and figures are medians over the repeats.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from contextlib import aclosing
from pathlib import Path

import aiohttp

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from core.agent import loop, wire
from core.agent.mind import RoutedMind
from core.agent.values import Limits, Output, Reply, Tool, ToolRequest
from core.caller import Caller
from core.providers import Key, Providers, ToolCallDelta, ToolCalls, build_prompt
from core.secrets import Secret
from core.settings import Settings
from core.store import Store

MODEL = "scripted-large"
TOOL = Tool("read", "Reads a file of the project.", {"type": "object", "properties": {"path": {"type": "string"}}, "required": ["path"]}, reads=True)
RESULT = "def greet(name):\n    return f'hello {name}'\n" * 10


class Toolbox:
    """One tool that has its answer ready."""

    def tools(self):
        return (TOOL,)

    async def judge(self, request):
        return None

    async def run(self, request, *, emit, approved=False):
        return Output(RESULT)


class Mind:
    """Calls so many times, then is done; in this process."""

    window, sees = 1_000_000, False

    def __init__(self, rounds: int):
        self._left = rounds

    async def reply(self, system, messages, tools, *, emit):
        self._left -= 1
        if self._left < 0:
            return Reply("Done.")
        return Reply("", calls=(ToolRequest(f"call{self._left}", "read", {"path": "app.py"}),), finish="tool_calls")


async def bare(messages, mind, toolbox) -> None:
    """The least a loop does."""
    while (reply := await mind.reply("", messages, toolbox.tools(), emit=None)).calls:
        messages.append(wire.replied(reply, reply.calls))
        for call in reply.calls:
            messages.append(wire.result(call, await toolbox.run(call, emit=None)))
    messages.append(wire.replied(reply))


def history(length: int) -> list[dict]:
    """A conversation that came so far: rounds of one call."""
    messages = [wire.said("Build me a greeter.")]
    while len(messages) < length:
        call = ToolRequest(f"old{len(messages)}", "read", {"path": "app.py"})
        messages += [wire.replied(Reply("", calls=(call,)), (call,)), wire.result(call, Output(RESULT))]
    return messages


async def own_cost(rounds: int, repeats: int) -> None:
    print("| messages before | bare loop | ours | added | added ÷ the JSON of one request |\n|---|---|---|---|---|")
    for length in (1, 101, 1_001):
        times: dict[str, list[float]] = {"bare": [], "ours": [], "json": []}
        for _ in range(repeats):
            mind, messages = Mind(rounds), history(length)
            began = time.process_time()
            await bare(messages, mind, Toolbox())
            times["bare"].append((time.process_time() - began) / rounds)
            mind, messages = Mind(rounds), history(length)
            began = time.process_time()
            ending = await loop.run(messages, system="", mind=mind, toolbox=Toolbox(), limits=Limits(iterations=rounds + 1))
            times["ours"].append((time.process_time() - began) / rounds)
            assert ending.kind == "done"
            began = time.process_time()
            json.dumps(wire.safe(messages))
            times["json"].append(time.process_time() - began)
        plain, ours, dumped = (statistics.median(times[name]) * 1e6 for name in ("bare", "ours", "json"))
        print(f"| {length} | {plain:.0f} µs | {ours:.0f} µs | {ours - plain:.0f} µs | {(ours - plain) / dumped:.2f}× |")


def sessions_of(url: str, folder: Path) -> tuple[dict[str, Callable[[int, int], Awaitable[None]]], Callable[[], Awaitable[None]]]:
    """The three ways to hold one session of so many rounds, and what closes them."""
    store = Store(folder / "store.sqlite")
    providers = Providers(Settings(data=folder, hub="local"), store)
    key = Key(id="k", provider="scripted", label="k", base_url=url, allow_private=True, secret=Secret("sk-benchmark-000000000000"), models=(MODEL,))
    client = aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0))

    def caller(number: int) -> Caller:
        return Caller(id=f"session{number}", keys=(key,))

    async def by_loop(number: int, rounds: int) -> None:
        mind = RoutedMind(providers, caller(number), role="code", model=MODEL)
        ending = await loop.run([wire.said("go")], system="Be brief.", mind=mind, toolbox=Toolbox(), limits=Limits(usd=None, iterations=rounds + 1))
        assert ending.kind == "done", ending

    async def by_router(number: int, rounds: int) -> None:
        messages = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "go"}]
        for _ in range(rounds + 1):
            calls = ToolCalls()
            prompt = build_prompt(messages=messages, model=MODEL, tools=[TOOL.spec()])
            async with aclosing(providers.stream(prompt, caller(number))) as items:
                async for item in items:
                    if isinstance(item, ToolCallDelta):
                        calls.add(item)
            answered(messages, calls.whole())

    async def by_client(number: int, rounds: int) -> None:
        messages = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "go"}]
        for _ in range(rounds + 1):
            body = {"model": MODEL, "messages": messages, "tools": [TOOL.spec()], "stream": True, "stream_options": {"include_usage": True}}
            calls = ToolCalls()
            async with client.post(f"{url}/chat/completions", json=body) as response:
                async for line in response.content:
                    if not line.startswith(b"data: {"):
                        continue
                    for choice in json.loads(line[6:]).get("choices") or ():
                        for call in choice["delta"].get("tool_calls") or ():
                            function = call["function"]
                            calls.add(ToolCallDelta(call["index"], call.get("id"), function.get("name"), function.get("arguments", "")))
            answered(messages, calls.whole())

    async def close() -> None:
        await client.close()
        await providers.close()
        store.close()

    return {"bare client": by_client, "router alone": by_router, "the loop": by_loop}, close


def answered(messages: list[dict], calls: tuple[dict, ...]) -> None:
    if calls:
        messages.append({"role": "assistant", "content": None, "tool_calls": list(calls)})
        messages += [{"role": "tool", "tool_call_id": call["id"], "content": RESULT} for call in calls]


async def at_once(url: str, sessions: int, rounds: int, repeats: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        ways, close = sessions_of(url, Path(folder))
        figures: dict[str, dict[str, list[float]]] = {name: {"rate": [], "cpu": [], "slowest": []} for name in ways}
        for name, hold in ways.items():
            await hold(0, rounds)
        for _ in range(repeats):
            for name, hold in ways.items():
                began, cpu, ends = time.perf_counter(), time.process_time(), []
                for ended in asyncio.as_completed([hold(number, rounds) for number in range(sessions)]):
                    await ended
                    ends.append(time.perf_counter() - began)
                requests = sessions * (rounds + 1)
                figures[name]["rate"].append(requests / ends[-1])
                figures[name]["cpu"].append((time.process_time() - cpu) / requests)
                figures[name]["slowest"].append(ends[-1] / statistics.median(ends))
        await close()
    print(f"\n| {sessions} sessions at once | rounds/s | CPU a round | last ÷ median to end |\n|---|---|---|---|")
    base = {figure: statistics.median(values) for figure, values in figures["bare client"].items()}
    for name, row in figures.items():
        rate, cpu, slowest = (statistics.median(row[figure]) for figure in ("rate", "cpu", "slowest"))
        shown = f"{rate:.0f} ({rate / base['rate']:.2f}×) | {cpu * 1e3:.2f} ms ({cpu / base['cpu']:.2f}×)"
        print(f"| {name} | {shown} | {slowest:.2f} |")


def serve(rounds: int) -> None:
    """The scripted model, until its standard input is closed."""
    from tests.agent.scripted import scripted

    def turn(body):
        done = sum(message["role"] == "tool" for message in body["messages"])
        call = {"calls": [{"name": "read", "arguments": {"path": "app.py"}}]}
        return {"repeat": "forever", "usage": {"prompt": 100, "completion": 10}} | (call if done < rounds else {"text": "Done."})

    with scripted([turn]) as server:
        print(server.url, flush=True)
        sys.stdin.read()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sessions", type=int, default=50)
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--serve", action="store_true", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.serve:
        return serve(arguments.rounds)
    asyncio.run(own_cost(arguments.rounds * 5, arguments.repeats))
    command = [sys.executable, __file__, "--serve", "--rounds", str(arguments.rounds)]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        asyncio.run(at_once(process.stdout.readline().strip(), arguments.sessions, arguments.rounds, arguments.repeats))
    finally:
        process.stdin.close()
        process.wait(10)


if __name__ == "__main__":
    main()
