"""A house that works at a real Local Hub in a process of its own, as anna, and the toolbox of a chat in it."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from core.agent.toolbox import ChatProject, RegistryToolbox
from core.agent.values import Asked, Output, ToolRequest
from core.caller import Caller
from core.doors.run import run_action
from core.house import House, build_house
from core.registry import Call
from core.settings import HuggingFace, Settings
from tests.deploy.local_hub import WRITER

PAGE = {
    "index.html": "<!doctype html><title>A page</title><h1>Hello</h1>\n",
    "README.md": "---\ntitle: Page\nemoji: 📄\ncolorFrom: blue\ncolorTo: green\nsdk: static\n---\n",
}


class Chat:
    """A toolbox in a house, driven from plain tests: every call on the one event loop of this chat, events kept."""

    def __init__(self, house: House, caller: Caller, **options: Any):
        self.house, self.caller = house, caller
        self.events: list[Any] = []
        self.loop = asyncio.new_event_loop()
        self.box = RegistryToolbox(Call(caller, house), project=ChatProject(), **options)
        self._number = 0

    def request(self, name: str, /, **arguments: Any) -> ToolRequest:
        self._number += 1
        return ToolRequest(f"call_{self._number}", name, arguments)

    def judge(self, request: ToolRequest) -> Asked | None:
        return self.loop.run_until_complete(self.box.judge(request))

    def run(self, request: ToolRequest, *, approved: bool = False) -> Output:
        return self.loop.run_until_complete(self.box.run(request, emit=self.events.append, approved=approved))

    def use(self, name: str, /, **arguments: Any) -> Output:
        """As the loop does it: judged, and run only when nobody has to be asked."""
        request = self.request(name, **arguments)
        asked = self.judge(request)
        assert asked is None, asked
        return self.run(request)

    def act(self, name: str, /, **arguments: Any) -> Any:
        """As the person themself."""
        return self.loop.run_until_complete(run_action(name, arguments, Call(self.caller, self.house)))

    def page(self, **files: str) -> str:
        """A static project, which becomes the chat's own."""
        data = {path: text.encode() for path, text in (PAGE | files).items()}
        made = self.house.projects.create(self.caller.id, title="Page", files=data, sdk="static")
        self.box.project.become(made.id)
        return made.id


@contextmanager
def house_at(folder: Path, hub: str | None = None) -> Iterator[House]:
    """A house over a data folder; hub: the address of a Hub, none for the embedded one, which does not listen."""
    settings = Settings(hub=hub, data=folder, huggingface=HuggingFace(token=WRITER)) if hub else Settings(hub="local", data=folder)
    made = build_house(settings, port=1)
    try:
        yield made
    finally:
        asyncio.run(made.close())
