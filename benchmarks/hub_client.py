"""Fifty reads of a Hub that takes 100 ms for each: our wire beside httpx, the client library in threads, and the ideal.

    python benchmarks/hub_client.py [--rounds 5]

The upstream is a process of its own on loopback. The ideal is 100 ms for all at once, and 100 ms for each full turn
where only ten may be under way. Every client keeps its connections between rounds; the first round is not counted.
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

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from core.instance import free_port  # noqa: E402

os.environ |= {"HF_HUB_DISABLE_TELEMETRY": "1", "HF_HUB_DISABLE_IMPLICIT_TOKEN": "1"}
READS, SECONDS, AT_ONCE = 50, 0.1, 10


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
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
        if request.path != "/ready":
            await asyncio.sleep(SECONDS)
        return web.json_response({"id": request.path.removeprefix("/api/models/"), "tags": [], "likes": 1})

    app = web.Application()
    app.router.add_get("/{path:.*}", slow)
    web.run_app(app, host="127.0.0.1", port=port, print=None, access_log=None)


async def compare(url: str, rounds: int) -> None:
    import httpx
    from huggingface_hub import HfApi

    from core.hub import Wire

    capped, open_wire, client, api = Wire(url), Wire(url, in_flight=READS), httpx.AsyncClient(timeout=60), HfApi(endpoint=url, token=False)
    await ready(client, url)
    paths = [f"/api/models/someone/model-{number}" for number in range(READS)]

    async def one_by_one() -> None:
        for path in paths:
            await capped.get(path, token=None, fresh=True)

    cases: dict[str, tuple[float, Callable[[], Awaitable[object]]]] = {
        "ours, ten at once": (SECONDS * READS / AT_ONCE, lambda: asyncio.gather(*(capped.get(path, token=None, fresh=True) for path in paths))),
        "ours, no bound": (SECONDS, lambda: asyncio.gather(*(open_wire.get(path, token=None, fresh=True) for path in paths))),
        "httpx, gathered": (SECONDS, lambda: asyncio.gather(*(client.get(url + path) for path in paths))),
        "the library in threads": (SECONDS, lambda: asyncio.gather(*(asyncio.to_thread(api.model_info, path[12:]) for path in paths))),
        "ours, one by one": (SECONDS * READS, one_by_one),
    }
    took: dict[str, list[float]] = {name: [] for name in cases}
    for _ in range(rounds + 1):
        for name, (_, run) in cases.items():
            began = time.perf_counter()
            await run()
            took[name].append(time.perf_counter() - began)
    for name, (ideal, _) in cases.items():
        middle = statistics.median(took[name][1:])
        print(f"{name:24} {middle * 1e3:7.0f} ms   ideal {ideal * 1e3:5.0f} ms   ratio {middle / ideal:5.2f}")
    await asyncio.gather(capped.close(), open_wire.close(), client.aclose())


async def ready(client, url: str) -> None:
    import httpx

    for _ in range(200):
        try:
            await client.get(f"{url}/ready")
            return
        except httpx.TransportError:
            await asyncio.sleep(0.05)
    raise SystemExit("the upstream did not start")


if __name__ == "__main__":
    main()
