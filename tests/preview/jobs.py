"""A Hub that starts sandboxes, and the server inside one, as huggingface_hub 1.33 speaks with them: commands run for real,
in a folder that stands for the machine's disk. Read from the client's source; the real servers were not at hand."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import socket
import sys
import threading
from pathlib import Path

import httpx
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

PYTHON = Path(sys.executable).parent


class Machines:
    """One server in both parts. `jobs` are the sandboxes by id; `seen` every request with its headers."""

    def __init__(self, root: Path, *, token: str):
        self.root, self.token = root, token
        self.jobs: dict[str, dict] = {}
        self.running: dict[str, list[asyncio.subprocess.Process]] = {}
        self.ports: dict[str, int] = {}
        self.seen: list[tuple[str, dict[str, str]]] = []
        self.refuse: int | None = None
        self.url = ""

    def stage(self, id: str) -> str:
        return self.jobs[id]["status"]["stage"]

    async def whoami(self, request: Request) -> Response:
        return JSONResponse({"type": "user", "id": "1", "name": "me", "orgs": [], "auth": {}})

    async def create(self, request: Request) -> Response:
        if self.refuse:
            return JSONResponse({"error": "refused"}, self.refuse)
        if request.headers.get("authorization") != f"Bearer {self.token}":
            return JSONResponse({"error": "who are you"}, 401)
        body = await request.json()
        id = f"job{len(self.jobs)}"
        self.ports[id] = _free_port()
        (self.root / id / "tmp").mkdir(parents=True)
        self.jobs[id] = {
            "id": id,
            "createdAt": "2026-01-01T00:00:00.000Z",
            "dockerImage": body.get("dockerImage"),
            "flavor": body.get("flavor"),
            "labels": body.get("labels"),
            "environment": body.get("environment"),
            "secrets": body.get("secrets"),
            "owner": {"id": "1", "name": "me", "type": "user"},
            "status": {"stage": "RUNNING", "message": None, "exposeUrls": [f"{self.url}/{id}--49983.jobs"]},
        }
        return JSONResponse(self.jobs[id])

    async def inspect(self, request: Request) -> Response:
        return JSONResponse(self.jobs[request.path_params["id"]])

    async def cancel(self, request: Request) -> Response:
        id = request.path_params["id"]
        self.jobs[id]["status"]["stage"] = "CANCELED"
        for process in self.running.pop(id, []):
            if process.returncode is None:
                os.killpg(process.pid, signal.SIGKILL)
        return JSONResponse(self.jobs[id])

    def _inside(self, id: str, text: str) -> str:
        """The same command on a disk that is a folder here."""
        return text.replace("/app", f"{self.root}/{id}/app").replace("/tmp/", f"{self.root}/{id}/tmp/")

    async def inner(self, request: Request) -> Response:
        """The server inside: health, files, commands, and the way to the app."""
        id, path = request.path_params["id"], "/" + request.path_params["path"]
        self.seen.append((path, dict(request.headers)))
        if self.stage(id) != "RUNNING":
            return JSONResponse({"error": "gone"}, 404)
        secret = self.jobs[id]["secrets"]["SBX_TOKEN"]
        if request.headers.get("x-sandbox-token") != secret or request.headers.get("authorization") != f"Bearer {self.token}":
            return JSONResponse({"error": "no"}, 403)
        if path == "/health":
            return JSONResponse({"protocol": 2})
        if path == "/v1/files/write":
            place = Path(self._inside(id, request.query_params["path"]))
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(await request.body())
            return JSONResponse({})
        if path == "/v1/processes":
            return JSONResponse([])
        if path == "/v1/exec":
            return StreamingResponse(self._run(id, await request.json()), media_type="application/x-ndjson")
        return await self._proxy(id, request, path.removeprefix("/v1/proxy/7860"))

    async def _run(self, id: str, asked: dict):
        place = self._inside(id, asked.get("cwd") or "/app")
        Path(place).mkdir(parents=True, exist_ok=True)
        port = str(self.ports[id])
        env = {name: port if value == "7860" else value for name, value in (asked.get("env") or {}).items()}
        process = await asyncio.create_subprocess_exec(
            "/bin/sh", "-c", self._inside(id, asked["cmd"]), cwd=place, env={"PATH": f"{PYTHON}:/usr/bin:/bin", "HOME": place, **env},
            stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT, start_new_session=True,
        )  # fmt: skip
        self.running.setdefault(id, []).append(process)
        while line := await process.stdout.readline():
            yield json.dumps({"event": "stdout", "data": line.decode()}) + "\n"
        code = await process.wait()
        yield json.dumps({"event": "exit", "exit_code": code if code >= 0 else None, "signal": -code if code < 0 else None}) + "\n"

    async def _proxy(self, id: str, request: Request, path: str) -> Response:
        given = {name: value for name, value in request.headers.items() if name not in ("host", "authorization", "x-sandbox-token")}
        url = f"http://127.0.0.1:{self.ports[id]}{path or '/'}" + (f"?{request.url.query}" if request.url.query else "")
        try:
            async with httpx.AsyncClient(trust_env=False, timeout=30) as client:
                answer = await client.request(request.method, url, headers=given, content=await request.body())
        except httpx.HTTPError:
            return JSONResponse({"error": "nothing listens"}, 502)
        return Response(answer.content, answer.status_code, {"content-type": answer.headers.get("content-type", "text/plain")})

    def app(self) -> Starlette:
        return Starlette(
            routes=[
                Route("/api/whoami-v2", self.whoami),
                Route("/api/jobs/{space}", self.create, methods=["POST"]),
                Route("/api/jobs/{space}/{id}", self.inspect),
                Route("/api/jobs/{space}/{id}/cancel", self.cancel, methods=["POST"]),
                Route("/{id}--49983.jobs/{path:path}", self.inner, methods=["GET", "POST", "PUT", "DELETE"]),
            ]
        )


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@contextlib.contextmanager
def machines(root: Path, *, token: str):
    """The server, running, until the block ends; what it started is ended with it."""
    made = Machines(root, token=token)
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    made.url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    server = uvicorn.Server(uvicorn.Config(made.app(), log_level="warning", timeout_graceful_shutdown=1))
    thread = threading.Thread(target=server.run, args=([listener],), daemon=True)
    thread.start()
    while not server.started:
        thread.join(0.01)
    try:
        yield made
    finally:
        for processes in made.running.values():
            for process in processes:
                if process.returncode is None:
                    os.killpg(process.pid, signal.SIGKILL)
        server.should_exit = True
        thread.join(5)
