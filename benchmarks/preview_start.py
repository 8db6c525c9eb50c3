"""How long a preview takes from start to its first answer, beside the same app started by hand; and ten of them at once.

    python benchmarks/preview_start.py [RUNS]

By hand is `python app.py` in a plain process; cold is a box with a new interpreter; warm is a box forked from a process
that has the stock packages loaded. Rounds take turns, the figures are medians, the ratio is to by hand.
"""

from __future__ import annotations

import asyncio
import importlib.util
import os
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import uvicorn
from starlette.applications import Starlette
from starlette.routing import Mount

sys.path.insert(0, str(Path(__file__).parents[1]))

from core.box import Entry, Launch, Limits, Workspace, proc, sealing, tree  # noqa: E402
from core.instance import free_port  # noqa: E402
from core.preview import Preview, Previews, PreviewSpec  # noqa: E402

RUNS = int(sys.argv[1]) if len(sys.argv) > 1 else 5
SEALS = 50
TOGETHER = 10
MB = 1 << 20
CLIENT = httpx.Client(timeout=5, trust_env=False)  # made once: that takes longer than a static app's start
RUNNERS = Path(__file__).parents[1] / "core" / "box" / "runners"
GRADIO = b"import gradio as gr\ngr.Interface(lambda text: text.upper(), 'text', 'text').launch()\n"
FASTAPI = b"from fastapi import FastAPI\napp = FastAPI()\n@app.get('/')\ndef root(): return {'ok': True}\n"
STREAMLIT = b"import streamlit as st\nst.title('Hello')\nst.write(st.text_input('Name').upper())\n"
FASTAPI_DOCKERFILE = b'FROM python\nCOPY . .\nCMD ["uvicorn", "main:app", "--host", "0.0.0.0", "--port", "7860"]\n'
STREAMLIT_DOCKERFILE = b'FROM python\nCOPY . .\nCMD ["streamlit", "run", "app.py"]\n'
BY_HAND = ["-m", "streamlit", "run", "app.py", "--server.headless=true", "--browser.gatherUsageStats=false", "--server.port={port}"]
APPS = {
    "gradio": ("gradio", {"app.py": GRADIO}, ["app.py"]),
    "fastapi": ("docker", {"main.py": FASTAPI, "Dockerfile": FASTAPI_DOCKERFILE}, ["-m", "uvicorn", "main:app", "--port", "{port}"]),
    "streamlit": ("docker", {"app.py": STREAMLIT, "Dockerfile": STREAMLIT_DOCKERFILE}, BY_HAND),
    "static": ("static", {"index.html": b"<h1>Hello</h1>"}, ["-m", "http.server", "{port}"]),
}


def spec(name: str) -> PreviewSpec:
    sdk, files, _ = APPS[name]
    return PreviewSpec(files=files, sdk=sdk, owner="benchmark", label=name, freeze_seconds=None)


def first_answer(url: str) -> None:
    """Ask until the answer is 200."""
    for _ in range(6000):
        try:
            if CLIENT.get(url).status_code == 200:
                return
        except httpx.HTTPError:
            pass
        time.sleep(0.005)
    raise SystemExit(f"{url} never answered")


def by_hand(name: str) -> float:
    """Seconds from `python app.py` to its first 200 on its own port."""
    _, files, command = APPS[name]
    directory = Path(tempfile.mkdtemp())
    for path, data in files.items():
        (directory / path).write_bytes(data)
    port = free_port(0, "127.0.0.1")
    words = [sys.executable, *(word.format(port=port) for word in command)]
    env = {**os.environ, "GRADIO_SERVER_PORT": str(port), "GRADIO_ANALYTICS_ENABLED": "False"}
    before = time.perf_counter()
    process = subprocess.Popen(words, cwd=directory, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        first_answer(f"http://127.0.0.1:{port}/")
        return time.perf_counter() - before
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()
        shutil.rmtree(directory)


class House:
    """Previews behind a server of their own."""

    def __init__(self, previews: Previews, base: str):
        self.previews, self.base = previews, base

    def start(self, name: str) -> tuple[Preview, float]:
        """A preview that has answered, and the seconds from start() to its first 200 on our port."""
        before = time.perf_counter()
        preview = asyncio.run(self.previews.start(spec(name)))
        first_answer(self.base + preview.url)
        return preview, time.perf_counter() - before

    def stop(self, preview: Preview) -> None:
        asyncio.run(self.previews.stop(preview.id))

    def time(self, name: str) -> float:
        preview, seconds = self.start(name)
        self.stop(preview)
        return seconds


@contextmanager
def house() -> Iterator[House]:
    root = Path(tempfile.mkdtemp())
    previews = Previews(root, max_live=TOGETHER + 2)
    port = free_port(0, "127.0.0.1")
    config = uvicorn.Config(Starlette(routes=[Mount("/p", app=previews.app)]), port=port, log_level="warning", timeout_graceful_shutdown=1)
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    try:
        yield House(previews, f"http://127.0.0.1:{port}")
    finally:
        asyncio.run(previews.close())
        server.should_exit = True
        thread.join(5)
        shutil.rmtree(root, ignore_errors=True)


def compare_starts(cold: House, warm: House) -> None:
    print(f"{'start to first 200':20}{'by hand':>10}{'cold box':>16}{'warm box':>16}")
    for name in APPS:
        rounds = [(by_hand(name), cold.time(name), warm.time(name)) for _ in range(RUNS)]
        hand, boxed, forked = (statistics.median(column) for column in zip(*rounds, strict=True))
        print(f"{name:20}{hand:8.3f} s{boxed:8.3f} s {boxed / hand:4.2f}×{forked:8.3f} s {forked / hand:4.2f}×", flush=True)


def proportional(pids: list[int]) -> float:
    """Their memory in MB, what they share counted once."""
    return sum(proc.proportional_bytes(pid) or 0 for pid in pids) / MB


def many_at_once(warm: House) -> None:
    """Ten previews alive, all asked at once; what one more of them costs in memory."""
    zygote = warm.previews.engine.zygotes.pid
    alone = proportional([zygote])
    started = [warm.start("gradio") for _ in range(TOGETHER)]
    previews, seconds = [one for one, _ in started], [one for _, one in started]
    pids = [pid for preview in previews for pid in (preview.pid, *(process.pid for process in tree.below(preview.pid)))]
    memory = proportional([zygote, *pids])

    async def ask_all() -> list[int]:
        async with httpx.AsyncClient(timeout=20, trust_env=False) as client:
            return [answer.status_code for answer in await asyncio.gather(*(client.get(warm.base + one.url) for one in previews))]

    answers = asyncio.run(ask_all())
    each = (memory - alone) / TOGETHER
    print(f"{TOGETHER} gradio alive: {answers.count(200)} answer, last start {seconds[-1]:.3f} s; "
          f"the loaded process alone {alone:.0f} MB, all {memory:.0f} MB, {each:.0f} MB each (proportional)")  # fmt: skip
    for preview in previews:
        warm.stop(preview)


def layers() -> None:
    """What the seal itself costs a start: the same forked process, before and after it."""
    spec = importlib.util.spec_from_file_location("seal", RUNNERS / "seal.py")
    seal = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(seal)
    with tempfile.TemporaryDirectory() as place:
        launch = Launch("x", Path(sys.executable), Entry(script="app.py"), Workspace(Path(place)), {}, Limits())
        policy = sealing.policy(launch, sealing.find_means())
    times = []
    for _ in range(SEALS):
        reader, writer = os.pipe()
        if (child := os.fork()) == 0:
            before = time.perf_counter()
            seal.prepare(policy)()
            os.write(writer, str((time.perf_counter() - before) * 1000).encode())
            os._exit(0)
        os.close(writer)
        times.append(float(os.read(reader, 64)))
        os.close(reader)
        os.waitpid(child, 0)
    print(f"the layers of one start: {statistics.median(times):.2f} ms (least {min(times):.2f} ms)")


def main() -> None:
    with house() as cold, house() as warm:
        before = time.perf_counter()
        if not warm.previews.engine.warm(120):
            raise SystemExit("the stock packages could not be loaded")
        print(f"stock packages loaded in {time.perf_counter() - before:.2f} s, in a process of their own")
        layers()
        for house_of in (cold, warm):
            house_of.previews.status()  # the self-test of the seal is part of a server's start
        compare_starts(cold, warm)
        many_at_once(warm)


if __name__ == "__main__":
    main()
