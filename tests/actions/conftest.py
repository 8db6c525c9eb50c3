"""A real house with its Local Hub's rooms, and a caller of it."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from core.doors.run import run_action
from core.house import House, build_house
from core.registry import Call
from core.settings import Settings


class Caller:
    """Runs actions as one caller and keeps the events they told."""

    def __init__(self, house: House):
        self.house = house
        self.events: list[Any] = []

    def __call__(self, name: str, **given: Any) -> Any:
        return asyncio.run(run_action(name, given, Call(self.house.caller("rest"), self.house, self.events.append)))


@pytest.fixture
def ask(tmp_path) -> Caller:
    house = build_house(Settings(hub="local", data=tmp_path), port=1)
    yield Caller(house)
    asyncio.run(house.close())


@pytest.fixture
def project(ask) -> str:
    """A static project: two files people know, one folder."""
    made = ask("generate_app_code", idea="a static page with a pomodoro timer")["project"]["id"]
    ask("project_write", project=made, files={"data/a.csv": "1\n", "data/b.csv": "2\n"})
    return made
