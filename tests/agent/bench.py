"""What a conversation is played with: a real project in a folder, a few tools over it, a mind behind the real router."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from core.agent import healing, loop, retries, wire
from core.agent.mind import RoutedMind
from core.agent.values import Asked, Decision, Emit, Ending, Limits, Message, Output, Picture, Tool, ToolRequest
from core.build import Projects
from core.caller import Caller
from core.errors import SpacesError
from core.events import Event, Question
from core.providers import Providers
from core.settings import Settings
from core.store import Store
from tests.agent.scripted import MODEL, Scripted, keys_for

_PATH = {"path": {"type": "string"}}
_TEXT = {"text": {"type": "string"}}


def _tool(name: str, properties: Mapping[str, Any], *, reads: bool = False) -> Tool:
    schema = {"type": "object", "properties": properties, "required": list(properties)}
    return Tool(name, f"{name.replace('_', ' ').capitalize()}.", schema, title=name.replace("_", " ").capitalize(), reads=reads)


class Bench:
    """A toolbox over a real project. Implements `Toolbox`. begun: names in the order they began; most: how many ran at the same time."""

    def __init__(self, folder: Path):
        files = {"app.py": b"print('hello')\n", "README.md": b"# Bench\n"}
        self.project = Projects(folder / "projects").create("tester", title="Bench", files=files)
        self.begun: list[str] = []
        self.most = self._now = 0
        self.deployed = 0

    def tools(self) -> Sequence[Tool]:
        return (
            _tool("read", _PATH, reads=True), _tool("write", _PATH | _TEXT), _tool("publish", _PATH), _tool("slow", {}), _tool("look", {}, reads=True),
            _tool("spend", {}), _tool("ask", {"question": {"type": "string"}}), _tool("broken", {}),
        )  # fmt: skip

    def files(self) -> dict[str, str]:
        return {path: data.decode() for path, data in self.project.snapshot().items()}

    async def judge(self, request: ToolRequest) -> Asked | None:
        return Asked("publish", "It would be public.", {"repo": "me/app"}, 0.0) if request.name == "publish" else None

    async def run(self, request: ToolRequest, *, emit: Emit, approved: bool = False) -> Output:
        self.begun.append(request.name)
        self._now += 1
        self.most = max(self.most, self._now)
        try:
            return await self._run(request, emit, approved)
        except SpacesError as error:
            return Output(f"{error.code}: {error.message} {error.fix}", ok=False)
        finally:
            self._now -= 1

    async def _run(self, request: ToolRequest, emit: Emit, approved: bool) -> Output:
        given = request.arguments
        match request.name:
            case "read":
                # The first path asked for answers last: order must come from the calls, not from who is ready first.
                await asyncio.sleep(0.1 if given["path"] == "app.py" else 0.0)
                return Output((await asyncio.to_thread(self.project.read, given["path"])).decode())
            case "write":
                await asyncio.to_thread(self.project.write, {given["path"]: given["text"].encode()}, "agent")
                return Output(f"{given['path']} is written, {len(given['text'])} characters.", data={"path": given["path"]})
            case "publish":
                self.deployed += approved
                return Output("It is public now." if approved else "forbidden: nobody approved it.", ok=approved)
            case "slow":
                await asyncio.sleep(30)
                return Output("at last")
            case "look":
                return Output("a picture", picture=Picture("image/png", "iVBORw0KGgo="))
            case "spend":
                return Output("done", cost_usd=0.25)
            case "ask":
                emit(Question(id=request.id, text=given["question"]))
                return Output("", ends="question")
            case "broken":
                raise ZeroDivisionError
        return Output(healing.unknown(request.name, [tool.name for tool in self.tools()]), ok=False)


@dataclass
class Played:
    """What a turn left behind."""

    ending: Ending
    events: list[Event]
    messages: list[Message]
    bench: Bench
    kept: list[int] = field(default_factory=list)

    def told(self, kind: type[Event]) -> list[Any]:
        return [event for event in self.events if isinstance(event, kind)]

    @property
    def kinds(self) -> list[str]:
        """The events without pieces and costs."""
        return [type(one).__name__ for one in self.events if type(one).__name__ not in ("Text", "Reasoning", "Cost")]

    @property
    def usd(self) -> float:
        return sum(one.receipt["cost_usd"] or 0.0 for one in self.events if "receipt" in one.to_dict())


class Stage:
    """A caller with the scripted model's keys, and one conversation that goes on from turn to turn."""

    def __init__(self, server: Scripted, folder: Path, *, provider: str = "scripted", models: Sequence[str] = (MODEL,)):
        self.server = server
        self.bench = Bench(folder)
        self.store = Store(folder / "store.sqlite")
        self.providers = Providers(Settings(data=folder, hub="local"), self.store)
        self.caller = Caller(id="tester", keys=keys_for(server, provider=provider, models=models))
        self.messages: list[Message] = []
        self.events: list[Event] = []
        self.waiting: list[str] = []

    async def mind(self, **chosen: Any) -> RoutedMind:
        return await RoutedMind.open(self.providers, self.caller, **{"role": "code", **chosen})

    async def turn(self, says: str | None = None, *, pace: float = 0.01, mind: Mapping[str, Any] | RoutedMind = {}, **given: Any) -> Played:
        """One turn of the conversation, begun by what the person says."""
        if says:
            self.messages.append(wire.said(says))
        self.events, kept = [], [len(self.messages)]
        asked = mind if isinstance(mind, RoutedMind) else await self.mind(**mind)

        async def inbox() -> list[str]:
            taken, self.waiting = self.waiting, []
            return taken

        def keep() -> None:
            kept.append(len(self.messages))

        rules = tuple(replace(rule, waits=tuple(wait * pace for wait in rule.waits)) for rule in retries.RULES)
        settings: dict[str, Any] = {"limits": Limits(usd=None), "inbox": inbox, "emit": self.events.append, "rules": rules} | given
        ending = await loop.run(self.messages, system="You are tested.", mind=asked, toolbox=self.bench, kept=keep, **settings)
        return Played(ending, self.events, self.messages, self.bench, kept)

    async def close(self) -> None:
        await self.providers.close()
        self.store.close()


def play(server: Scripted, folder: Path, story, **chosen: Any) -> Any:
    """Run `story(stage)` on a stage of its own."""

    async def whole() -> Any:
        stage = Stage(server, folder, **chosen)
        try:
            return await story(stage)
        finally:
            await stage.close()

    return asyncio.run(whole())


def decided(**words: Decision) -> dict[str, Decision]:
    return words


def as_text(messages: Sequence[Message]) -> str:
    return json.dumps(messages, ensure_ascii=False)
