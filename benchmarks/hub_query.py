"""Programs over the Hub: what the sandbox costs beside a python process, and what concurrency brings.

    python benchmarks/hub_query.py [--rounds 7]

The first table runs programs whose helpers answer from memory, beside a `python -I -c` that runs the same lines and
asks for every helper over a pipe in JSON. The second asks an upstream that takes 100 ms, a process of its own; a
program has at most eight requests under way, so its ideal is seven turns for fifty. Rounds take turns; medians. A turn of
the first table runs the sandbox's program ten times: it is the warm one that is asked for, and what ran before it was a process.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import statistics
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from core.hub import Wire  # noqa: E402
from core.instance import free_port  # noqa: E402
from core.query import Sandbox, capabilities, run  # noqa: E402
from core.query.reach import AT_ONCE  # noqa: E402

CALLS, SECONDS, PROGRAMS, WARM = 50, 0.1, 32, 10
LINES = """
async def solve(query, max_calls):
    rows = []
    for n in range({calls}):
        answer = await hf_runtime_capabilities(section="where")
        rows.append({{"n": n, "operators": len(answer["item"]["content"]["operators"])}})
    rows.sort(key=lambda row: -row["n"])
    return [row for row in rows if row["operators"] > 2][:10]

"""
SKELETON = "async def solve(query, max_calls):\n{body}\n\nawait solve(query, max_calls)"
ONE_BY_ONE = SKELETON.format(body=f"    return [(await hf_org_overview(f'org{{n}}'))['ok'] for n in range({CALLS})].count(True)")
AT_THE_SAME_TIME = SKELETON.format(body=f"    calls = [hf_org_overview(f'org{{n}}') for n in range({CALLS})]\n    return [(await call)['ok'] for call in calls].count(True)")
IN_A_PROCESS = """
import asyncio, json, sys
async def hf_runtime_capabilities(**given):
    print(json.dumps(given), flush=True)
    return json.loads(sys.stdin.readline())
{lines}
print(json.dumps({{"result": asyncio.run(solve("q", 400))}}), flush=True)
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--serve", type=int, help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.serve:
        return serve(chosen.serve)
    port = free_port(0, "127.0.0.1")
    process = subprocess.Popen([sys.executable, __file__, "--serve", str(port)])
    try:
        asyncio.run(compare(f"http://127.0.0.1:{port}", chosen.rounds))
    finally:
        process.terminate()
        process.wait(10)


def serve(port: int) -> None:
    from aiohttp import web

    async def slow(request: web.Request) -> web.Response:
        await asyncio.sleep(0 if request.path == "/api/ready" else SECONDS)
        return web.json_response({"name": request.path.split("/")[-2], "numUsers": 3})

    app = web.Application()
    app.router.add_get("/{path:.*}", slow)
    web.run_app(app, host="127.0.0.1", port=port, print=None, access_log=None)


async def compare(url: str, rounds: int) -> None:
    sandbox, wire = Sandbox(), Wire(url)
    await reachable(wire)

    async def ours(calls: int) -> None:
        outcome = await run(LINES.format(calls=calls) + "await solve(query, max_calls)", "q", wire=wire, token=None, sandbox=sandbox)
        assert outcome.ok, outcome.error

    async def fan_out(source: str) -> None:
        fresh = Wire(url)
        outcome = await run(source, "q", wire=fresh, token=None, sandbox=sandbox)
        await fresh.close()
        assert outcome.result == CALLS, outcome.error

    async def many() -> None:
        await asyncio.gather(*(ours(5) for _ in range(PROGRAMS)))

    async def one_after_the_other() -> None:
        for _ in range(PROGRAMS):
            await ours(5)

    await many()  # the workers are started, as after the first questions of a day
    cheap, least = await figures(rounds, {"one": WARM, "twenty": WARM}, one=lambda: ours(1), twenty=lambda: ours(20), process_one=lambda: in_a_process(1), process_twenty=lambda: in_a_process(20))
    print(f"| program | sandbox | python process | ratio |\n|---|---|---|---|")
    for name, key in (("1 helper call", "one"), ("20 helper calls", "twenty")):
        print(f"| {name} | {cheap[key]:.1f} ms (least {least[key]:.1f}) | {cheap['process_' + key]:.1f} ms | {cheap['process_' + key] / cheap[key]:.1f}x |")
    slow, _ = await figures(max(3, rounds // 2), {}, together=lambda: fan_out(AT_THE_SAME_TIME), single=lambda: fan_out(ONE_BY_ONE))
    ideal = -(-CALLS // AT_ONCE) * SECONDS * 1000
    print(f"\n| {CALLS} calls of 100 ms | | beside the ideal of {ideal:.0f} ms |\n|---|---|---|")
    print(f"| at once ({AT_ONCE} under way) | {slow['together']:.0f} ms | {slow['together'] / ideal:.2f}x |")
    print(f"| one by one | {slow['single']:.0f} ms | {slow['single'] / ideal:.2f}x |")
    batch, _ = await figures(max(3, rounds // 2), {}, together=many, single=one_after_the_other)
    print(f"\n{PROGRAMS} programs of 5 calls: at once {batch['together']:.0f} ms, one after the other {batch['single']:.0f} ms")
    await wire.close()
    await sandbox.close()


async def in_a_process(calls: int) -> None:
    answer = json.dumps({"ok": True, "item": capabilities("where"), "items": [], "meta": {}, "error": None}).encode() + b"\n"
    code = IN_A_PROCESS.format(lines=LINES.format(calls=calls))
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(sys.executable, "-I", "-c", code, stdin=pipe, stdout=pipe)
    async with asyncio.timeout(30):
        while b'"result"' not in await process.stdout.readline():
            process.stdin.write(answer)
        await process.wait()


async def figures(rounds: int, times: dict[str, int], **work: Callable[[], Awaitable[None]]) -> tuple[dict[str, float], dict[str, float]]:
    """Milliseconds of each, median and least, taking turns; `times`: how often one runs in a turn, if not once."""
    taken: dict[str, list[float]] = {name: [] for name in work}
    for _ in range(rounds):
        for name, do in work.items():
            for _ in range(times.get(name, 1)):
                started = time.perf_counter()
                await do()
                taken[name].append((time.perf_counter() - started) * 1000)
    return {name: statistics.median(each) for name, each in taken.items()}, {name: min(each) for name, each in taken.items()}


async def reachable(wire: Wire) -> None:
    for _ in range(100):
        try:
            await wire.get("/api/ready", token=None, fresh=True)
            return
        except Exception:  # noqa: BLE001 - it is still starting
            await asyncio.sleep(0.1)
    raise SystemExit("the upstream did not start")


if __name__ == "__main__":
    main()
