"""The real Local Hub as a process of its own, with users whose tokens differ in what they may."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import time
from pathlib import Path

import httpx

ROOT = Path(__file__).parents[2]
WRITER = "hf_annaMayWriteHerOwnSpaces000000000"
READER = "hf_annaMayOnlyReadThem00000000000000"
USERS = {"users": [{"name": "anna", "tokens": [WRITER, {"token": READER, "role": "read"}]}, {"name": "bert", "tokens": []}]}


class LocalHubProcess:
    """Started with a data folder; `endpoint` carries a path, as when it is embedded."""

    def __init__(self, folder: Path):
        users = folder / "users.json"
        users.write_text(json.dumps(USERS))
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        self.endpoint = f"http://127.0.0.1:{port}/hub"
        self._log = folder / "server.log"
        command = [sys.executable, "-m", "core.localhub", "--port", str(port), "--prefix", "/hub"]
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                [*command, "--data", str(folder / "data"), "--users", str(users)], cwd=ROOT, stdout=log, stderr=log
            )

    def wait(self) -> None:
        until = time.monotonic() + 40
        while True:
            try:
                httpx.get(f"{self.endpoint}/api/whoami-v2", timeout=2)
                return
            except httpx.TransportError:
                assert self._process.poll() is None and time.monotonic() < until, self.log()
                time.sleep(0.1)

    def close(self) -> None:
        self._process.terminate()
        try:
            self._process.wait(15)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def log(self) -> str:
        return self._log.read_text("utf-8", "replace")
