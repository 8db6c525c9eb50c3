"""A small host around real previews: one page with things worth stealing, one API, the gate's origin rule, and /p."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import pytest
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, PlainTextResponse
from starlette.routing import Mount, Route, WebSocketRoute

from core.preview import Preview, Previews, PreviewSpec

APPS = Path(__file__).parent / "apps"
DOCKERFILE = b"""FROM python:3.12-slim
WORKDIR /app
COPY . .
RUN pip install --no-cache-dir fastapi uvicorn
EXPOSE 7860
CMD ["uvicorn", "main:app", "--host", "0.0.0.0", "--port", "7860"]
"""

HOST_PAGE = """<!doctype html><html><head><title>Host</title></head><body><p id="private">private words</p>
<script>localStorage.setItem("key", "sk-host-key"); document.cookie = "host=cookie-of-host; path=/"; window.stolen = [];
addEventListener("message", (event) => window.stolen.push([event.origin, event.data]));</script>
<iframe id="app" sandbox="allow-scripts allow-forms allow-modals allow-popups allow-downloads" width="900" height="700" src="%s"></iframe>
</body></html>"""


def run(coroutine):
    """Its result. In a thread of its own, because playwright keeps an event loop in the test's."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(asyncio.run, coroutine).result()


class Gate:
    """The rule of the product's gate that previews rely on: no page of opaque origin, and no other site's script, gets in."""

    def __init__(self, app):
        self.app = app

    async def __call__(self, scope, receive, send):
        given = dict(scope.get("headers", []))
        ours = scope["type"] == "lifespan" or scope["path"].startswith("/p/")
        navigates = given.get(b"sec-fetch-mode") == b"navigate" and scope.get("method") == "GET"
        foreign = given.get(b"origin") == b"null" or (given.get(b"sec-fetch-site") == b"cross-site" and not navigates)
        if not ours and foreign:
            if scope["type"] == "websocket":
                await send({"type": "websocket.close", "code": 1008})
            else:
                await PlainTextResponse("refused", 403)(scope, receive, send)
            return
        await self.app(scope, receive, send)


@dataclass
class House:
    """The running host. `api_calls` lists what reached its API."""

    previews: Previews
    base: str = ""
    api_calls: list[str] = field(default_factory=list)

    def start(self, files: dict[str, bytes], sdk: str = "docker", *, wait: bool = True, owner: str = "me", **more) -> Preview:
        if sdk == "docker" and "Dockerfile" not in files:
            files = {"Dockerfile": DOCKERFILE, **files}

        async def begin() -> Preview:
            preview = await self.previews.start(PreviewSpec(files=files, sdk=sdk, owner=owner, label="test", **more))
            if wait:
                await preview.ready(60)
            return preview

        return run(begin())

    def stop(self, preview: Preview) -> None:
        run(self.previews.stop(preview.id))

    def url(self, preview: Preview, path: str = "") -> str:
        return self.base + preview.url + path

    def page(self, preview: Preview) -> str:
        return f"{self.base}/host?app={preview.url}"


def host(house: House) -> Gate:
    async def page(request: Request) -> HTMLResponse:
        # The product's own page says the same: a frame's document cannot carry data out by navigating away.
        policy = {"content-security-policy": "frame-src 'self'"}
        return HTMLResponse(HOST_PAGE % request.query_params.get("app", "about:blank"), headers=policy)

    async def api(request: Request) -> JSONResponse:
        house.api_calls.append(request.method)
        origin = request.headers.get("origin", "*")  # as careless as a server can be: only the gate keeps others out
        allowed = {"access-control-allow-origin": origin, "access-control-allow-credentials": "true"}
        return JSONResponse({"key": "hf_of_the_host"}, headers=allowed)

    async def ws(websocket) -> None:
        await websocket.accept()
        house.api_calls.append("websocket")
        await websocket.close()

    routes = [
        Route("/host", page),
        Route("/api/key", api, methods=["GET", "POST", "OPTIONS"]),
        WebSocketRoute("/api/ws", ws),
        Mount("/p", app=house.previews.app),
    ]
    return Gate(Starlette(routes=routes))


@pytest.fixture(scope="session")
def house(tmp_path_factory) -> Iterator[House]:
    with serve(Previews(tmp_path_factory.mktemp("previews"), max_live=12)) as house:
        yield house


class serve:
    """A house on a free port of 127.0.0.1, until the block ends."""

    def __init__(self, previews: Previews):
        self.house = House(previews)

    def __enter__(self) -> House:
        listener = socket.socket()
        listener.bind(("127.0.0.1", 0))
        self.house.base = f"http://127.0.0.1:{listener.getsockname()[1]}"
        config = uvicorn.Config(host(self.house), log_level="warning", timeout_graceful_shutdown=1)
        self.server = uvicorn.Server(config)
        self.thread = threading.Thread(target=self.server.run, args=([listener],), daemon=True)
        self.thread.start()
        while not self.server.started:
            self.thread.join(0.01)
        return self.house

    def __exit__(self, *error) -> None:
        run(self.house.previews.close())
        self.server.should_exit = True
        self.thread.join(5)


@pytest.fixture(scope="session")
def fastapi_app(house: House) -> Preview:
    return house.start({"main.py": (APPS / "fastapi_app.py").read_bytes()})


@pytest.fixture(scope="session")
def gradio_app(house: House) -> Preview:
    return house.start({"app.py": (APPS / "gradio_app.py").read_bytes()}, "gradio", idle_seconds=None)


@pytest.fixture
def get(house: House, fastapi_app: Preview) -> Callable[..., httpx.Response]:
    """GET below the FastAPI preview."""

    def ask(path: str = "", **options) -> httpx.Response:
        return httpx.get(house.url(fastapi_app, path), **options)

    return ask
