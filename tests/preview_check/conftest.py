"""A real house, real apps in it, and the browser that checks them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import pytest

import core.actions  # noqa: F401  registers them
from core.house import House, build_house
from core.registry import Call, invoke
from core.settings import Settings

APPS = Path(__file__).parent / "apps"
DOCKERFILE = b"""FROM python:3.12-slim
WORKDIR /app
COPY . .
EXPOSE 7860
CMD ["uvicorn", "main:app", "--host", "0.0.0.0", "--port", "7860"]
"""


@dataclass
class Bench:
    """Starts apps and checks them, as one caller."""

    house: House
    call: Call

    def start(self, files: dict[str, bytes], sdk: str) -> str:
        """A project with a running preview; its id."""
        made = self.house.projects.create(self.call.caller.id, title="An app", files={"README.md": f"---\nsdk: {sdk}\n---\n".encode(), **files}, sdk=sdk, message="new")  # fmt: skip
        self.run("preview_start", project=made.id)
        return made.id

    def page(self, html: str, **files: bytes) -> str:
        """A static page's project."""
        return self.start({"index.html": html.encode(), **files}, "static")

    def run(self, name: str, **given: Any) -> dict[str, Any]:
        return asyncio.run(invoke(name, given, self.call))

    def check(self, project: str, *steps: dict[str, Any], **given: Any) -> dict[str, Any]:
        return self.run("preview_check", preview_or_project=project, steps=list(steps), **{"screenshot": False, **given})

    def together(self, *checks: dict[str, Any]) -> list[Any]:
        """Several checks at once; errors stand in their places."""

        async def all_of() -> list[Any]:
            return await asyncio.gather(*(invoke("preview_check", one, self.call) for one in checks), return_exceptions=True)

        return asyncio.run(all_of())

    def renderers(self) -> list[psutil.Process]:
        """Chromium's processes that hold pages."""
        below = psutil.Process(self.house.browser.worker.process.pid).children(recursive=True)
        return [process for process in below if "--type=renderer" in " ".join(command(process))]


def command(process: psutil.Process) -> list[str]:
    """Its command line; nothing of one that has ended."""
    try:
        return process.cmdline()
    except psutil.Error:
        return []


@pytest.fixture(scope="module")
def bench(tmp_path_factory, chromium_path) -> Iterator[Bench]:
    house = build_house(Settings(hub="local", data=tmp_path_factory.mktemp("house"), max_previews=40), port=1)
    yield Bench(house, Call(house.caller("rest"), house))
    asyncio.run(house.close())


@pytest.fixture(scope="module")
def python_app(bench: Bench) -> Callable[[str], str]:
    """The project of an app among `apps`, as a Docker Space."""
    return lambda name: bench.start({"Dockerfile": DOCKERFILE, "main.py": (APPS / name).read_bytes()}, "docker")
