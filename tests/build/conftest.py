"""A host that runs generated apps as the product does: through previews, below /p, in a sandboxed frame."""

from __future__ import annotations

import asyncio
import socket
import threading
from dataclasses import dataclass

import pytest
import uvicorn
from starlette.applications import Starlette
from starlette.responses import HTMLResponse
from starlette.routing import Mount, Route

from core.build import Generated, analyze, generate, read_card, select
from core.preview import Previews, PreviewSpec

_FRAME = '<!doctype html><title>Host</title><link rel="icon" href="data:,"><style>body{{margin:0}}iframe{{border:0;width:100vw;height:100vh}}</style><iframe id="app" sandbox="allow-scripts allow-forms allow-modals allow-popups allow-downloads" src="{}"></iframe>'


@dataclass
class Running:
    """An app that answers: its files, its address, the address of a page that frames it."""

    made: Generated
    url: str
    frame: str


class Stage:
    """Starts what an idea generates, and keeps it running for the tests of its module."""

    def __init__(self, root):
        self.previews = Previews(root, max_live=8)
        self.started: dict[str, Running] = {}
        listener = socket.socket()
        listener.bind(("127.0.0.1", 0))
        self.base = f"http://127.0.0.1:{listener.getsockname()[1]}"
        app = Starlette(routes=[Route("/frame", lambda request: HTMLResponse(_FRAME.format(request.query_params["url"]))), Mount("/p", app=self.previews.app)])
        self.server = uvicorn.Server(uvicorn.Config(app, log_level="warning", timeout_graceful_shutdown=1))
        self.loop = asyncio.new_event_loop()
        self.thread = threading.Thread(target=self.loop.run_until_complete, args=(self.server.serve([listener]),), daemon=True)
        self.thread.start()

    def run(self, idea: str, **inputs) -> Running:
        if idea not in self.started:
            analysis = analyze(idea)
            made = generate(analysis, select(analysis), inputs=inputs)
            card = read_card(made.files)
            spec = PreviewSpec(files=made.files, sdk=made.sdk, owner="test", label=made.title, app_file=card.runs if made.sdk != "docker" else "", idle_seconds=None)
            url = self.base + asyncio.run_coroutine_threadsafe(self._start(spec), self.loop).result(120)
            self.started[idea] = Running(made, url, f"{self.base}/frame?url={url}")
        return self.started[idea]

    async def _start(self, spec: PreviewSpec) -> str:
        preview = await self.previews.start(spec)
        await preview.ready(90)
        return preview.url

    def close(self) -> None:
        asyncio.run_coroutine_threadsafe(self.previews.close(), self.loop).result(60)
        self.server.should_exit = True
        self.thread.join(10)
        self.loop.close()


@pytest.fixture(scope="module")
def stage(tmp_path_factory):
    stage = Stage(tmp_path_factory.mktemp("previews"))
    yield stage
    stage.close()
