"""What the way through our port costs beside the same app's own socket.

    python benchmarks/proxy.py [--requests 400] [--rounds 3]

One FastAPI app; each figure is taken directly and through us in turn, round by round, and the ratio is median beside median.
The client is aiohttp in this process; our server and the app each have a process of their own.
"""

from __future__ import annotations

import argparse
import asyncio
import multiprocessing
import multiprocessing.connection
import statistics
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import aiohttp
import uvicorn
from starlette.routing import Mount, Router

sys.path.insert(0, str(Path(__file__).parents[1]))

from core.doors.gate import Gate  # noqa: E402
from core.instance import free_port  # noqa: E402
from core.preview import Previews, PreviewSpec  # noqa: E402
from core.settings import Settings  # noqa: E402

APP = b"""
import asyncio
from fastapi import FastAPI, WebSocket
from fastapi.responses import Response, StreamingResponse
app = FastAPI()
MEGABYTE = b"x" * (1 << 20)
@app.get("/")
async def root(): return {"ok": True}
@app.get("/page")
async def page(): return Response(b"<!doctype html><html><head></head><body>" + b"<p>words</p>" * 300, media_type="text/html")
@app.get("/megabyte")
async def megabyte(): return Response(MEGABYTE, media_type="application/octet-stream")
@app.get("/events")
async def events():
    async def lines():
        yield "data: 0\\n\\n"
        await asyncio.sleep(0.05)
    return StreamingResponse(lines(), media_type="text/event-stream")
@app.websocket("/echo")
async def echo(socket: WebSocket):
    await socket.accept()
    while True:
        await socket.send_text(await socket.receive_text())
"""
DOCKERFILE = b'FROM python\nCOPY . .\nCMD ["uvicorn", "main:app", "--host", "0.0.0.0", "--port", "7860"]\n'
FILES = {"main.py": APP, "Dockerfile": DOCKERFILE}


def serve(root: str, port: int, told: multiprocessing.connection.Connection) -> None:
    """Our half: the gate and previews at /p, as the product has them; one of them runs; tells its path and its socket."""

    async def run() -> None:
        previews = Previews(Path(root))
        app = Gate(Router(routes=[Mount("/p", app=previews.app)]), Settings())
        config = uvicorn.Config(app, port=port, log_level="warning")
        server = uvicorn.Server(config)
        serving = asyncio.create_task(server.serve())
        preview = await previews.start(PreviewSpec(files=FILES, sdk="docker", owner="benchmark", label="app"))
        await preview.ready()
        told.send((preview.url, str(preview.address.socket)))
        await asyncio.to_thread(told.recv)
        await previews.close()
        server.should_exit = True
        await serving

    asyncio.run(run())


class Way:
    """One way to the app."""

    def __init__(self, base: str, socket: str | None = None):
        self.base = base
        connector = aiohttp.UnixConnector(socket, limit=64) if socket else aiohttp.TCPConnector(limit=64)
        self.session = aiohttp.ClientSession(connector=connector, headers={"Accept": "text/html"})

    async def get(self, path: str) -> None:
        async with self.session.get(self.base + path) as answer:
            answer.raise_for_status()
            await answer.read()

    async def one(self, path: str, times: int) -> float:
        """Median milliseconds of one request after the other."""
        taken = []
        for _ in range(times):
            before = time.perf_counter()
            await self.get(path)
            taken.append((time.perf_counter() - before) * 1000)
        return statistics.median(taken)

    async def many(self, times: int) -> float:
        """Requests a second, 32 at once."""
        left = iter(range(times))

        async def work() -> None:
            for _ in left:
                await self.get("/")

        before = time.perf_counter()
        await asyncio.gather(*(work() for _ in range(32)))
        return times / (time.perf_counter() - before)

    async def first_event(self, times: int) -> float:
        """Median milliseconds until the first byte of an event stream."""
        taken = []
        for _ in range(times):
            before = time.perf_counter()
            async with self.session.get(self.base + "/events") as answer:
                await answer.content.readany()
                taken.append((time.perf_counter() - before) * 1000)
                await answer.read()
        return statistics.median(taken)

    async def echo(self, times: int) -> float:
        """Median milliseconds of a message there and back."""
        taken = []
        async with self.session.ws_connect(self.base + "/echo") as socket:
            for _ in range(times):
                before = time.perf_counter()
                await socket.send_str("hello")
                await socket.receive_str()
                taken.append((time.perf_counter() - before) * 1000)
        return statistics.median(taken)


async def compare(direct: Way, ours: Way, requests: int, rounds: int) -> None:
    figures: dict[str, Callable[[Way], Awaitable[float]]] = {
        "small answer, ms": lambda way: way.one("/", requests),
        "page with shim, ms": lambda way: way.one("/page", requests),
        "1 MB file, ms": lambda way: way.one("/megabyte", max(20, requests // 8)),
        "32 at once, requests/s": lambda way: way.many(requests * 4),
        "first event, ms": lambda way: way.first_event(20),
        "WebSocket echo, ms": lambda way: way.echo(requests),
    }
    for way in (direct, ours):
        await way.one("/", 50)
    print(f"{'':24} {'direct':>9} {'through us':>11} {'ratio':>6}  added")
    for name, measure in figures.items():
        pairs = [(await measure(direct), await measure(ours)) for _ in range(rounds)]
        alone, through = (statistics.median(column) for column in zip(*pairs, strict=True))
        added = "" if name.endswith("/s") else f"{through - alone:+.2f} ms"
        print(f"{name:24} {alone:9.2f} {through:11.2f} {through / alone:6.2f}  {added}", flush=True)
    for way in (direct, ours):
        await way.session.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--requests", type=int, default=400)
    parser.add_argument("--rounds", type=int, default=3)
    given = parser.parse_args()
    told, ours = multiprocessing.Pipe()
    port = free_port(0, "127.0.0.1")
    with tempfile.TemporaryDirectory() as root:
        server = multiprocessing.get_context("spawn").Process(target=serve, args=(root, port, ours))
        server.start()
        url, socket = told.recv()

        async def run() -> None:
            through = Way(f"http://127.0.0.1:{port}{url.rstrip('/')}")
            await compare(Way("http://127.0.0.1:7860", socket), through, given.requests, given.rounds)

        try:
            asyncio.run(run())
        finally:
            told.send("end")
            server.join(10)


if __name__ == "__main__":
    main()
