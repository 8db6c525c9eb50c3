"""What every test may ask for: the server as a newcomer starts it, and a real Chromium."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from tests import machine
from tests.telling import pytest_sessionfinish, pytest_terminal_summary, pytest_testnodedown  # noqa: F401  hooks

ROOT = Path(__file__).resolve().parent.parent
_START_SECONDS = 90


@dataclass
class Server:
    """A running `python app.py`: its address, its data directory, its process."""

    url: str
    data: Path
    process: subprocess.Popen

    def action(self, _name: str, /, **arguments) -> httpx.Response:
        return httpx.post(f"{self.url}/api/actions/{_name}", json=arguments, timeout=120)

    def end(self) -> None:
        self.process.terminate()
        try:
            self.process.wait(30)
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise


def clean_environment(**more: str) -> dict[str, str]:
    """The environment of a newcomer's machine: no token, no Hub, no telemetry, nothing of a developer's own."""
    dropped = re.compile(r"^(HF_|HUGGING|GRADIO_|OPENROUTER|SHEIKH|AGENTIC_|SPACE_|PORT$|SYSTEM$)")
    return {name: value for name, value in os.environ.items() if not dropped.match(name)} | more


def start_server(data: Path, *arguments: str, port: int = 0, **environment: str) -> Server:
    """`python app.py` in a process of its own; waits until it answers."""
    log = data.parent / f"{data.name}.log"
    command = [sys.executable, str(ROOT / "app.py"), "--data", str(data), "--port", str(port), "--host", "127.0.0.1", *arguments]
    with open(log, "ab") as output:
        process = subprocess.Popen(command, cwd=ROOT, stdout=output, stderr=output, env=clean_environment(**environment))
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        said = re.findall(r"http://127\.0\.0\.1:(\d+)", log.read_text(errors="replace"))
        if said:
            url = f"http://127.0.0.1:{said[-1]}"
            try:
                if httpx.get(url + "/healthz", timeout=2).is_success:
                    return Server(url, data, process)
            except httpx.HTTPError:
                pass
        time.sleep(0.2)
    process.kill()
    raise AssertionError("the server did not start: " + log.read_text(errors="replace")[-2000:])


@pytest.fixture(scope="session")
def server(tmp_path_factory) -> Server:
    """One server for all tests that only need one."""
    running = start_server(tmp_path_factory.mktemp("house") / "data")
    yield running
    running.end()


@pytest.fixture(scope="session", autouse=True)
def git_path() -> str:
    """The git the tests drive as a client; nothing of the product needs it."""
    return machine.git()


@pytest.fixture(scope="session")
def chromium_path() -> str:
    """A Chromium that is here, or is installed now; the run stops with one sentence when neither works."""
    return machine.chromium()


@pytest.fixture
def browser(chromium_path):
    """A headless Chromium for one test: the driver's event loop would otherwise stand in the way of the next test's."""
    from playwright.sync_api import expect, sync_playwright

    expect.set_options(timeout=60_000)  # a machine may be busy; what is expected is met as soon as it is there
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=chromium_path, args=machine.ARGUMENTS)
        yield running
        running.close()


@pytest.fixture
def page(browser):
    """A page in a context of its own; `page.complaints` collects what it wrote to the console as errors."""
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    page = context.new_page()
    page.set_default_timeout(60_000)
    page.complaints = []
    page.on("pageerror", lambda error: page.complaints.append(str(error)))
    page.on("console", lambda message: page.complaints.append(message.text) if message.type == "error" else None)
    yield page
    context.close()
