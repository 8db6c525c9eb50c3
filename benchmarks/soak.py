"""Start and stop previews many times, some killed from outside, and look what is left: `python benchmarks/soak.py [cycles]`.

What is killed: nothing, the app, its box, or the process apps are forked from. Afterwards no process, directory, socket
or descriptor may be left. Then ten previews live at once, and what watching them costs is measured.
"""

from __future__ import annotations

import asyncio
import os
import random
import shutil
import signal
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import psutil  # noqa: E402

from core.box import proc, tree  # noqa: E402
from core.preview import Preview, Previews, PreviewSpec  # noqa: E402

APP = b"""
import os, subprocess, sys, threading, time
sleep = "import time; time.sleep(300)"
subprocess.Popen([sys.executable, "-c", sleep])
if os.fork() == 0:  # a daemon: a session of its own, its parent gone
    os.setsid()
    if os.fork() == 0:
        os.execv(sys.executable, [sys.executable, "-c", sleep])
    os._exit(0)
import fastapi, uvicorn
app = fastapi.FastAPI()
@app.get("/")
def home(): return "here"
uvicorn.run(app)
"""
FILES = {"main.py": APP, "Dockerfile": b"FROM python\nCOPY . .\nCMD python main.py"}
KILLS = ("nothing", "app", "box", "zygote")


@dataclass(frozen=True)
class Held:
    """What this process holds: processes below it or of its previews, directories, sockets, descriptors, threads."""

    processes: int
    directories: int
    sockets: int
    descriptors: int
    threads: int


def held(previews: Previews) -> Held:
    """Counted now; the processes that boxes are forked from are no leftovers."""
    engine = previews.engine
    stay = {engine.zygotes.pid, engine.programs.pid}
    below = {row.pid for row in tree.descend(proc.snapshot(), os.getpid())}
    marked = {process.pid for process in remaining(previews)}
    sockets = len(os.listdir(engine.sockets)) if engine.sockets.exists() else 0
    places = len(os.listdir(previews.places)) if previews.places.exists() else 0
    return Held(len((below | marked) - stay), places, sockets, len(os.listdir("/proc/self/fd")), psutil.Process().num_threads())


async def cycle(previews: Previews, what: str, *, wait: bool, chance: random.Random) -> str:
    """One preview from its start to its end; `what` is killed on the way. Returns the stage it ended in."""
    preview = await previews.start(PreviewSpec(files=FILES, sdk="docker", owner="soak", label="soak"))
    try:
        await asyncio.wait_for(_until(preview, wait), 60)
        if wait:
            await asyncio.sleep(chance.random() * 0.3)
        _kill(previews, preview, what)
        await asyncio.sleep(chance.random() * 0.3)
    finally:
        await previews.stop(preview.id)
    return preview.stage


async def _until(preview: Preview, ready: bool) -> None:
    while preview.live and (preview.stage != "running" if ready else preview.handle is None):
        await asyncio.sleep(0.01)


def _kill(previews: Previews, preview: Preview, what: str) -> None:
    target = None
    if what == "box":
        target = preview.pid
    elif what == "zygote":
        target = previews.engine.zygotes.pid
    elif what == "app" and preview.pid:
        below = tree.descend(proc.snapshot(), preview.pid)
        target = below[0].pid if below else None
    if target:
        try:
            os.kill(target, signal.SIGKILL)
        except ProcessLookupError:
            return  # it had ended already


async def soak(previews: Previews, cycles: int, *, seed: int = 0) -> tuple[Counter, Held, Held]:
    """So many cycles; what was killed and how it ended, what was held after the first cycle, and what after the last."""
    chance, ends = random.Random(seed), Counter()
    await cycle(previews, "nothing", wait=True, chance=chance)  # what is made once is made now
    before = await settled(previews)
    for number in range(cycles):
        what = KILLS[number % len(KILLS)]
        ends[what, await cycle(previews, what, wait=chance.random() < 0.75, chance=chance)] += 1
        if number % 20 == 19:
            print(f"  {number + 1} cycles", flush=True)
    return ends, before, await settled(previews)


async def settled(previews: Previews) -> Held:
    """What is held once threads and sockets that are about to end have ended: the least within some seconds."""
    await asyncio.to_thread(previews.engine.warm, 60)  # the one that was killed last is being replaced
    least, deadline = held(previews), time.monotonic() + 6
    while time.monotonic() < deadline:
        await asyncio.sleep(0.5)
        now = held(previews)
        least = Held(*(min(pair) for pair in zip(vars(least).values(), vars(now).values(), strict=True)))
    return least


async def cost_of_watching(previews: Previews, count: int = 10, seconds: float = 10) -> tuple[float, int]:
    """Percent of one core the monitor takes with `count` live previews, and how many answer."""
    live = [await previews.start(PreviewSpec(files=FILES, sdk="docker", owner="soak", label=f"app {n}")) for n in range(count)]
    for preview in live:
        await preview.ready(120)
    await asyncio.sleep(2)
    before, began = previews.monitor.cpu_seconds, time.monotonic()
    await asyncio.sleep(seconds)
    share = (previews.monitor.cpu_seconds - before) / (time.monotonic() - began) * 100
    return share, sum(preview.stage == "running" for preview in live)


def remaining(previews: Previews) -> list[psutil.Process]:
    """Processes of these previews or of the engine itself."""
    return tree.alive(tree.marked(f".{previews.engine.name}", under=previews.places))


async def main() -> int:
    cycles = int(sys.argv[1]) if len(sys.argv) > 1 else 200
    root = Path(tempfile.mkdtemp())
    previews = Previews(root, max_live=12)
    try:
        warm = getattr(previews.engine, "warm", None)
        print(f"forks from a warm process: {bool(warm and await asyncio.to_thread(warm, 60))}, sealed: {previews.status().sealed}")
        ends, before, after = await soak(previews, cycles)
        print("killed   ended as  times")
        for (what, stage), times in sorted(ends.items()):
            print(f"{what:8} {stage:8} {times:6}")
        print("held         before  after")
        for name in vars(before):
            print(f"{name:12} {getattr(before, name):6} {getattr(after, name):6}")
        share, alive = await cost_of_watching(previews)
        print(f"watching {alive} live previews: {share:.2f} % of one core")
    finally:
        await previews.close()
        shutil.rmtree(root, ignore_errors=True)
    left, deadline = remaining(previews), time.monotonic() + 5  # a warm process that was just being made takes a moment
    while left and time.monotonic() < deadline:
        time.sleep(0.2)
        left = remaining(previews)
    print(f"after closing: {len(left)} processes, sockets directory {'left' if previews.engine.sockets.exists() else 'gone'}")
    worse = [name for name in vars(before) if getattr(after, name) > getattr(before, name)]
    return 1 if worse or left else 0


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
