"""One event loop, one sandbox and one small Hub for all tests of programs."""

from __future__ import annotations

import asyncio
import threading
from pathlib import Path

import pytest
from tests.query.upstream import TOKEN, Upstream

from core.hub import Wire
from core.query import Outcome, Sandbox, run
from core.secrets import Secret

SKELETON = "async def solve(query, max_calls):\n{body}\n\nawait solve(query, max_calls)"


class Runner:
    """Runs programs against the small Hub. `alice` asks unless `token=None`."""

    def __init__(self):
        self.loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self.loop.run_forever, daemon=True)
        self._thread.start()
        self.upstream = Upstream()
        self.url = self.wait(self.upstream.start())
        self.sandbox = Sandbox(workers=4)

    def wait(self, work):
        return asyncio.run_coroutine_threadsafe(work, self.loop).result(120)

    def program(self, source: str, query: str = "what?", *, token=Secret(TOKEN), wire: Wire | None = None, **options) -> Outcome:
        """The outcome of a whole program, with a client of its own, so that nothing is remembered."""
        return self.wait(self.ask(source, query, token=token, wire=wire, **options))

    async def ask(self, source: str, query: str = "what?", *, token=Secret(TOKEN), wire: Wire | None = None, **options) -> Outcome:
        own, rows = wire or Wire(self.url), Wire(f"{self.url}/datasets-server")
        try:
            return await run(source, query, wire=own, rows=rows, token=token, **{"sandbox": self.sandbox, **options})
        finally:
            await rows.close()
            if wire is None:
                await own.close()

    def body(self, body: str, **options) -> Outcome:
        """The outcome of these lines inside solve."""
        return self.program(SKELETON.format(body="\n".join("    " + line for line in body.strip("\n").splitlines())), **options)

    def helper(self, call: str, **options) -> dict:
        """The envelope one helper call gives."""
        outcome = self.body(f"return await {call}", **options)
        assert isinstance(outcome.result, dict), outcome.error
        return outcome.result

    def close(self) -> None:
        self.wait(self.sandbox.close())
        self.wait(self.upstream.close())
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join(10)
        self.loop.close()


@pytest.fixture(scope="session")
def shared_runner():
    running = Runner()
    yield running
    running.close()


@pytest.fixture
def hub(shared_runner):
    shared_runner.upstream.reset()
    return shared_runner


@pytest.fixture(scope="session")
def seed_programs() -> dict[str, str]:
    """The thirteen programs of the contract by name."""
    return {path.stem: path.read_text() for path in sorted((Path(__file__).parent / "programs").glob("*.py"))}
