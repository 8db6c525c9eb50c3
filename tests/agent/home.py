"""A house that serves on its own port, Local Hub and all, with a scripted model as its provider; stories run on its event loop."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import uvicorn
from starlette.responses import PlainTextResponse

from core.caller import Caller
from core.doors.run import run_action
from core.doors.session import Sessions
from core.errors import SpacesError
from core.events import Event
from core.house import House, build_house
from core.registry import Call
from core.settings import Provider, Settings
from tests.agent.scripted import KEY, MODEL, Scripted
from ui.serve import front

PAGE = {"index.html": "<!doctype html><title>Page</title><h1>Hello</h1>\n"}


@dataclass
class Home:
    """A running house. events: what the calls of this caller told. url: where it answers."""

    house: House
    sessions: Sessions
    url: str
    who: Caller
    events: list[Event] = field(default_factory=list)

    async def do(self, name: str, /, *, who: Caller | None = None, **given: Any) -> Any:
        return await run_action(name, given, Call(who or self.who, self.house, self.events.append))

    async def wrong(self, name: str, /, **given: Any) -> SpacesError:
        """The error an action raises."""
        try:
            found = await self.do(name, **given)
        except SpacesError as error:
            return error
        raise AssertionError(f"{name} gave {found}")

    async def page(self) -> str:
        """A static project."""
        return (await self.do("project_create", title="Page", files=PAGE, sdk="static"))["project"]

    async def kinds(self, chat: str) -> list[str]:
        """What happened in a chat, without costs."""
        return [one["event"] for one in await self.record(chat) if one["event"] not in ("Cost", "Spent")]

    async def record(self, chat: str) -> list[dict[str, Any]]:
        return (await self.do("agent_open", chat=chat, limit=2000))["events"]

    def messages(self, chat: str) -> list[dict[str, Any]]:
        """What the store has the model be told next."""
        return [json.loads(body) for body in self.house.store.chat_messages(chat)]

    def stored(self) -> str:
        """Every row of every table, as text."""
        tables = ("spending", "spent", "receipts", "audit", "seals", "runs", "queries", "chats", "chat_events", "chat_messages")
        return "\n".join(str(tuple(row)) for table in tables for row in self.house.store._execute(f"SELECT * FROM {table}", ()))


@asynccontextmanager
async def home(data: Path, server: Scripted | None = None, **settings: Any) -> AsyncIterator[Home]:
    """A house over this data folder until the block ends."""
    listening = socket.socket()
    listening.bind(("127.0.0.1", 0))
    port = listening.getsockname()[1]
    providers = {"scripted": Provider(api_key=KEY, url=server.url, models=(MODEL,))} if server else {}
    house = build_house(Settings(**({"hub": "local", "data": data, "providers": providers} | settings)), port=port)
    sessions = Sessions()
    serving = uvicorn.Server(uvicorn.Config(front(house, sessions, _no_page), log_level="warning", lifespan="off", timeout_graceful_shutdown=1))
    task = asyncio.create_task(serving._serve([listening]))  # `serve` itself would take the test run's signals
    while not serving.started:
        await asyncio.sleep(0.01)
    await house.start()
    try:
        yield Home(house, sessions, f"http://127.0.0.1:{port}", house.caller("rest"))
    finally:
        serving.should_exit = True
        await task
        await house.close()


async def until(holds: Callable[[], Any | Awaitable[Any]], tries: int = 1_000) -> Any:
    """Look until it holds; a test that waits for ever says so."""
    for _ in range(tries):
        found = holds()
        found = await found if asyncio.iscoroutine(found) else found
        if found:
            return found
        await asyncio.sleep(0.01)
    raise AssertionError("it never came to that")


async def _no_page(scope, receive, send) -> None:
    await PlainTextResponse("no page here", status_code=404)(scope, receive, send)
