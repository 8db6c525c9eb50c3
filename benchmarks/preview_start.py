"""How long a preview takes from start to its first answer, beside the same app started by hand; and what the proxy costs.

    python benchmarks/preview_start.py

Three runs each; the ratio is median beside median, both measured in this run on this machine.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import httpx
import uvicorn
from starlette.applications import Starlette
from starlette.routing import Mount

sys.path.insert(0, str(Path(__file__).parents[1]))

from core.instance import free_port  # noqa: E402
from core.preview import Preview, Previews, PreviewSpec  # noqa: E402

RUNS = 3
REQUESTS = 300
GRADIO = b"import gradio as gr\ngr.Interface(lambda text: text.upper(), 'text', 'text').launch()\n"
FASTAPI = b"from fastapi import FastAPI\napp = FastAPI()\n@app.get('/')\ndef root(): return {'ok': True}\n"
DOCKERFILE = b'FROM python\nCOPY . .\nCMD ["uvicorn", "main:app", "--host", "0.0.0.0", "--port", "7860"]\n'
APPS = {
    "gradio": ("gradio", {"app.py": GRADIO}, ["app.py"]),
    "fastapi": ("docker", {"main.py": FASTAPI, "Dockerfile": DOCKERFILE}, ["-m", "uvicorn", "main:app", "--port", "{port}"]),
    "static": ("static", {"index.html": b"<h1>Hello</h1>"}, ["-m", "http.server", "{port}"]),
}


def first_answer(url: str) -> None:
    """Ask until the answer is 200."""
    with httpx.Client(timeout=2, trust_env=False) as client:
        for _ in range(3000):
            try:
                if client.get(url).status_code == 200:
                    return
            except httpx.HTTPError:
                pass
            time.sleep(0.01)
    raise SystemExit(f"{url} never answered")


def by_hand(files: dict[str, bytes], command: list[str]) -> float:
    """Seconds from `python app.py` to its first 200 on its own port."""
    directory = Path(tempfile.mkdtemp())
    for name, data in files.items():
        (directory / name).write_bytes(data)
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


def through_us(base: str, previews: Previews, spec: PreviewSpec) -> float:
    """Seconds from start() to the first 200 on our port."""
    before = time.perf_counter()
    preview = asyncio.run(previews.start(spec))
    try:
        first_answer(base + preview.url)
        return time.perf_counter() - before
    finally:
        asyncio.run(previews.stop(preview.id))


def latency(ask: Callable[[], httpx.Response]) -> float:
    """Median milliseconds of one small request on a kept connection."""
    for _ in range(20):
        ask()
    times = []
    for _ in range(REQUESTS):
        before = time.perf_counter()
        ask().raise_for_status()
        times.append((time.perf_counter() - before) * 1000)
    return statistics.median(times)


def compare_latency(base: str, previews: Previews) -> None:
    sdk, files, _ = APPS["fastapi"]

    async def begin() -> Preview:
        preview = await previews.start(PreviewSpec(files=files, sdk=sdk, owner="benchmark", label="fastapi"))
        await preview.ready()
        return preview

    preview = asyncio.run(begin())
    direct = httpx.Client(transport=httpx.HTTPTransport(uds=str(preview.address.socket)))
    proxied = httpx.Client(trust_env=False)
    alone = latency(lambda: direct.get("http://127.0.0.1/"))
    ours = latency(lambda: proxied.get(base + preview.url))
    print(f"one request   socket {alone:6.2f} ms   through us {ours:6.2f} ms   × {ours / alone:.2f}")


def main() -> None:
    import threading

    root = Path(tempfile.mkdtemp())
    previews = Previews(root)
    port = free_port(0, "127.0.0.1")
    config = uvicorn.Config(Starlette(routes=[Mount("/p", app=previews.app)]), port=port, log_level="warning")
    server = uvicorn.Server(config)
    threading.Thread(target=server.run, daemon=True).start()
    base = f"http://127.0.0.1:{port}"
    while not server.started:
        time.sleep(0.01)
    try:
        for name, (sdk, files, command) in APPS.items():
            spec = PreviewSpec(files=files, sdk=sdk, owner="benchmark", label=name)
            pairs = [(by_hand(files, command), through_us(base, previews, spec)) for _ in range(RUNS)]
            alone, ours = (statistics.median(column) for column in zip(*pairs, strict=True))
            each = " ".join(f"{hand:.2f}/{own:.2f}" for hand, own in pairs)
            print(f"{name:8}  by hand {alone:5.2f} s   through us {ours:5.2f} s   × {ours / alone:.2f}   ({each})")
        compare_latency(base, previews)
    finally:
        asyncio.run(previews.close())
        server.should_exit = True
        shutil.rmtree(root, ignore_errors=True)


if __name__ == "__main__":
    main()
