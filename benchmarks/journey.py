"""Seconds from an idea to a usable preview and to a serving Space, beside starting the same files by hand.

    python benchmarks/journey.py [--runs 3]

Each idea is built `runs` times on a fresh server (Local Hub). "by hand" writes the same files into a directory,
runs the framework's own command and waits for the first answer. The ratio is to that, in the same run; the
machine's speed drifts, so read the ratios and medians, not single seconds.
"""

from __future__ import annotations

import argparse
import base64
import io
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
import zipfile
from pathlib import Path

import httpx

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from core.instance import free_port  # noqa: E402

IDEAS = {
    "gradio": "a word counter that shows the reading time",
    "docker": "a REST API with an HTML page for a list of books",
    "static": "a pomodoro timer",
}
BY_HAND = {
    "gradio": [sys.executable, "app.py"],
    "docker": [sys.executable, "-m", "uvicorn", "main:app", "--host", "127.0.0.1", "--port", "{port}"],
    "static": [sys.executable, "-m", "http.server", "--bind", "127.0.0.1", "{port}"],
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=3)
    runs = parser.parse_args().runs
    print(f"{'sdk':8}{'by hand s':>12}{'preview s':>12}{'ratio':>8}{'serving s':>12}{'ratio':>8}   (medians of {runs})")
    with tempfile.TemporaryDirectory() as folder:
        server, url = start_server(Path(folder))
        try:
            for sdk, idea in IDEAS.items():
                rows = [one_run(url, Path(folder), sdk, idea, f"bench-{sdk}-{number}") for number in range(runs)]
                hand, preview, serving = (statistics.median(column) for column in zip(*rows, strict=True))
                print(f"{sdk:8}{hand:12.2f}{preview:12.2f}{preview / hand:8.2f}{serving:12.2f}{serving / hand:8.2f}")
                for row in rows:
                    print(" " * 8 + "".join(f"{value:12.2f}" + " " * 8 * (place > 0) for place, value in enumerate(row)))
        finally:
            server.terminate()
            server.wait(30)


def one_run(url: str, folder: Path, sdk: str, idea: str, name: str) -> tuple[float, float, float]:
    """Seconds: by hand, idea → preview answers, idea → Space serves."""
    with httpx.Client(base_url=url, timeout=300) as client:
        began = time.perf_counter()
        built = call(client, "build_space", idea=idea)
        client.get(built["preview"]["path"]).raise_for_status()
        preview = time.perf_counter() - began

        exported = call(client, "project_export", project=built["project"]["id"])
        call(client, "preview_stop", preview=built["preview"]["id"])
        hand = start_by_hand(folder / name, sdk, base64.b64decode(exported["base64"]))

        began = time.perf_counter()
        deployed = call(client, "build_space", idea=idea, deploy=True, name=name)
        client.get(deployed["url"]).raise_for_status()
        serving = time.perf_counter() - began
        call(client, "preview_stop", preview=deployed["preview"]["id"])
        call(client, "space_delete", repo=deployed["space"]["repo"])
    return hand, preview, serving


def call(client: httpx.Client, action: str, **arguments) -> dict:
    answer = client.post(f"/api/actions/{action}", json=arguments)
    if answer.is_error:
        raise SystemExit(f"{action}: {answer.json()['error']['message']}")
    return answer.json()


def start_by_hand(folder: Path, sdk: str, archive: bytes) -> float:
    folder.mkdir()
    with zipfile.ZipFile(io.BytesIO(archive)) as files:
        files.extractall(folder)
    port = free_port(0, "127.0.0.1")
    command = [part.format(port=port) for part in BY_HAND[sdk]]
    env = os.environ | {"GRADIO_SERVER_PORT": str(port), "GRADIO_ANALYTICS_ENABLED": "False"}
    began = time.perf_counter()
    process = subprocess.Popen(command, cwd=folder, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        while process.poll() is None:
            try:
                if httpx.get(f"http://127.0.0.1:{port}/", timeout=2).is_success:
                    return time.perf_counter() - began
            except httpx.HTTPError:
                time.sleep(0.01)
        raise SystemExit(f"the {sdk} app ended by itself")
    finally:
        process.terminate()
        process.wait(30)


def start_server(folder: Path) -> tuple[subprocess.Popen, str]:
    log = folder / "server.log"
    command = [sys.executable, str(ROOT / "app.py"), "--data", str(folder / "data"), "--port", "0", "--host", "127.0.0.1", "--hub", "local"]
    process = subprocess.Popen(command, stdout=log.open("wb"), stderr=subprocess.STDOUT)
    for _ in range(600):
        said = re.search(r"Spaces OS: (http://\S+)", log.read_text())
        if said:
            return process, said[1]
        time.sleep(0.1)
    raise SystemExit(log.read_text())


if __name__ == "__main__":
    main()
