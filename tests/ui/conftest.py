"""A real house with its Local Hub's rooms, and requests as Gradio hands them to a handler."""

from __future__ import annotations

from collections.abc import Callable

import gradio as gr
import pytest
from starlette.requests import Request

from core.doors.session import COOKIE, Sessions
from core.house import House, build_house
from core.settings import Settings
from ui.bind import Bind


@pytest.fixture
def house(tmp_path) -> House:
    made = build_house(Settings(hub="local", data=tmp_path), port=1)
    yield made
    made.store.close()


@pytest.fixture
def public_house(tmp_path) -> House:
    made = build_house(Settings(hub="http://127.0.0.1:9", public=True, data=tmp_path), port=1)
    yield made
    made.store.close()


@pytest.fixture
def bind(house) -> Bind:
    return Bind(house, Sessions())


def request(*, session: str | None = None, header: str | None = None, oauth: dict | None = None, page: str = "page-1") -> gr.Request:
    """A request of the open page `page`: with a session by cookie or by header, or signed in through Gradio."""
    headers = []
    if session:
        headers.append((b"cookie", f"{COOKIE}={session}".encode()))
    if header:
        headers.append((b"x-session", header.encode()))
    scope = {"type": "http", "method": "POST", "path": "/", "query_string": b"", "headers": headers}
    if oauth is not None:
        scope["session"] = {"oauth_info": oauth}
    return gr.Request(Request(scope), session_hash=page)


@pytest.fixture
def action():
    """Register a coroutine function as an action for one test."""
    from core import registry

    registry.actions()
    added: list[str] = []

    def register(function: Callable) -> None:
        registry.action(risk="read", title="test")(function)
        added.append(function.__name__)

    yield register
    for name in added:
        del registry._actions[name]
