"""A real Local Hub on loopback, and what unmodified clients need to talk to it."""

from __future__ import annotations

import json
import os
import secrets
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import pytest
from huggingface_hub import HfApi

from core.instance import free_port

ROOT = Path(__file__).parents[2]
BIN = Path(sys.executable).parent
TOKENS = {
    "anna": "hf_annaWritesToHerOwnAndToAcme0000000",
    "anna-read": "hf_annaReadsOnly00000000000000000000",
    "anna-acme": "hf_annaFineGrainedForAcmeOnly0000000",
    "bert": "hf_bertIsSomebodyElse000000000000000",
    "carl": "hf_carlContributesToAcme000000000000",
}
USERS = {
    "users": [
        {
            "name": "anna",
            "fullname": "Anna A.",
            "email": "anna@example.org",
            "tokens": [
                TOKENS["anna"],
                {"token": TOKENS["anna-read"], "role": "read"},
                {
                    "token": TOKENS["anna-acme"],
                    "role": "fineGrained",
                    "scopes": [{"entity": {"type": "org", "name": "acme"}, "permissions": ["repo.write"]}],
                },
            ],
            "orgs": [{"name": "acme", "role": "admin"}],
        },
        {"name": "bert", "tokens": [TOKENS["bert"]], "orgs": [{"name": "acme", "role": "read"}]},
        {"name": "carl", "tokens": [TOKENS["carl"]], "orgs": [{"name": "acme", "role": "contributor"}]},
    ],
    "orgs": [{"name": "acme", "fullname": "Acme", "plan": "team", "privateByDefault": False}],
}


@dataclass
class RunningHub:
    """One Local Hub process. `endpoint` is all a client gets to know."""

    port: int
    data: Path
    home: Path
    prefix: str = ""
    process: subprocess.Popen | None = field(default=None, repr=False)

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self.port}{self.prefix}"

    def start(self) -> RunningHub:
        users = self.home / "users.json"
        users.write_text(json.dumps(USERS))
        command = [sys.executable, "-m", "core.localhub", "--port", str(self.port), "--data", str(self.data)]
        command += ["--users", str(users), "--prefix", self.prefix]
        with (self.home / "server.log").open("ab") as log:
            self.process = subprocess.Popen(command, cwd=ROOT, stdout=log, stderr=log)
        until = time.monotonic() + 30
        while True:
            try:
                httpx.get(f"{self.endpoint}/api/agent-harnesses", timeout=2)
                return self
            except httpx.TransportError:
                assert self.process.poll() is None and time.monotonic() < until, self.log()
                time.sleep(0.05)

    def stop(self, with_signal: int = signal.SIGTERM) -> None:
        if self.process and self.process.poll() is None:
            self.process.send_signal(with_signal)
            try:
                self.process.wait(15)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()

    def log(self) -> str:
        """What the server wrote."""
        return (self.home / "server.log").read_text("utf-8", "replace")[-4000:]

    def api(self, who: str | None = "anna") -> HfApi:
        """The unmodified client, as one of the users or as nobody."""
        return HfApi(endpoint=self.endpoint, token=TOKENS[who] if who else False)

    def http(self, who: str | None = "anna") -> httpx.Client:
        """Plain requests below the endpoint."""
        headers = {"Authorization": f"Bearer {TOKENS[who]}"} if who else {}
        return httpx.Client(base_url=self.endpoint, headers=headers, timeout=60)

    def env(self, who: str | None = "anna") -> dict[str, str]:
        """The environment of a client process: HF_ENDPOINT, a home of its own, nothing of ours."""
        env = {"PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}", "HOME": str(self.home), "LANG": "C.UTF-8"}
        env |= {"HF_HOME": str(self.home / "hf"), "HF_ENDPOINT": self.endpoint, "HF_HUB_DISABLE_UPDATE_CHECK": "1"}
        env |= {"GIT_TERMINAL_PROMPT": "0", "GIT_CONFIG_NOSYSTEM": "1", "NO_COLOR": "1"}
        for role in ("AUTHOR", "COMMITTER"):
            env |= {f"GIT_{role}_NAME": "Anna", f"GIT_{role}_EMAIL": "anna@example.org"}
        return env | ({"HF_TOKEN": TOKENS[who]} if who else {})

    def run(self, *command: str, who: str | None = "anna", cwd: Path | None = None, **env: str):
        """Run a client program (`hf …`, `git …`) in that environment; its `CompletedProcess`."""
        return subprocess.run(
            command, cwd=cwd or self.home, env=self.env(who) | env, capture_output=True, text=True, timeout=120
        )

    def git_url(self, path: str, who: str | None = "anna") -> str:
        """The address git clones from, with the token as password."""
        login = f"{who.split('-')[0]}:{TOKENS[who]}@" if who else ""
        return f"http://{login}127.0.0.1:{self.port}{self.prefix}/{path}"


@pytest.fixture(scope="session")
def start_hub(tmp_path_factory) -> Iterator[Callable[..., RunningHub]]:
    """Start a Local Hub of one's own; every one is stopped at the end."""
    running: list[RunningHub] = []

    def start(prefix: str = "") -> RunningHub:
        home = tmp_path_factory.mktemp("hub")
        running.append(RunningHub(free_port(0, "127.0.0.1"), home / "data", home, prefix))
        return running[-1].start()

    yield start
    for hub in running:
        hub.stop()


@pytest.fixture(scope="session")
def hub(start_hub) -> RunningHub:
    """The Local Hub most tests share, at the root of its server."""
    return start_hub()


@pytest.fixture(scope="session", params=["root", "prefix"])
def either_hub(request, hub, start_hub) -> RunningHub:
    """A Local Hub at the root of its server, and one below a path."""
    return hub if request.param == "root" else start_hub("/hub")


@pytest.fixture
def name() -> str:
    """A repository name no other test uses."""
    return f"repo-{secrets.token_hex(4)}"
