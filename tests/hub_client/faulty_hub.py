"""A small Hub in memory, on a real socket, that fails on demand: what huggingface.co may do on a bad day."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import json
import socket
import threading
import time
from collections import defaultdict, deque
from collections.abc import Callable
from dataclasses import dataclass, field

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route

TOKEN = "hf_aliceWriteTokenAAAAAAAAAAAAAAAAAA"
READ_TOKEN = "hf_aliceReadOnlyBBBBBBBBBBBBBBBBBBBBB"
PRO_TOKEN = "hf_bobProCCCCCCCCCCCCCCCCCCCCCCCCCCCCC"
SCOPED_TOKEN = "hf_carolScopedDDDDDDDDDDDDDDDDDDDDDDDD"

ACCOUNTS = {
    TOKEN: {"name": "alice", "isPro": False, "role": "write", "orgs": [("acme", "write"), ("lookers", "read")]},
    READ_TOKEN: {"name": "alice", "isPro": False, "role": "read", "orgs": []},
    PRO_TOKEN: {"name": "bob", "isPro": True, "role": "write", "orgs": []},
    SCOPED_TOKEN: {"name": "carol", "isPro": False, "role": "fineGrained", "orgs": [("acme", "write")]},
}
WHEN = "2026-09-25T08:49:23.000Z"


@dataclass
class Space:
    """One Space: its commits, and what its runtime will say at each next look."""

    sdk: str
    private: bool = False
    hardware: str | None = None
    commits: list[tuple[str, dict[str, bytes], str]] = field(default_factory=list)
    stages: deque[str] = field(default_factory=deque)
    stage: str = "BUILDING"
    running: str | None = None
    build_log: list[str] = field(default_factory=list)
    run_log: list[str] = field(default_factory=list)

    @property
    def head(self) -> str:
        return self.commits[-1][0]

    @property
    def files(self) -> dict[str, bytes]:
        return self.commits[-1][1]

    def commit(self, files: dict[str, bytes], message: str) -> str:
        oid = hashlib.sha1(f"{len(self.commits)}{message}{time.time_ns()}".encode()).hexdigest()
        self.commits.append((oid, dict(files), message))
        return oid


class FaultyHub:
    """Serves on 127.0.0.1. `fault(method, path_end, *answers)` takes the next requests that fit, one answer each."""

    def __init__(self) -> None:
        self.spaces: dict[str, Space] = {}
        self.requests: list[tuple[str, str, dict[str, str]]] = []
        self.faults: dict[tuple[str, str], deque[Callable]] = defaultdict(deque)
        self.always: dict[tuple[str, str], Callable] = {}
        self.stages_after_commit = ["BUILDING", "APP_STARTING", "RUNNING"]
        self.build_log: list[str] = ["Cloning", "Installing"]
        self.run_log: list[str] = ["Starting"]
        self.keeps_old_on_failure = True
        self.page_status = 200
        self.payment_required: set[str] = set()
        self.entries: list[dict] = []
        self._socket = socket.socket()
        self._socket.bind(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._socket.getsockname()[1]}"
        api, space = "/api", "/api/spaces/{ns}/{name}"
        routes = [
            Route(api + "/whoami-v2", self._whoami),
            Route(api + "/repos/create", self._create, methods=["POST"]),
            Route(api + "/repos/delete", self._delete, methods=["DELETE"]),
            Route(api + "/validate-yaml", self._validate, methods=["POST"]),
            Route(api + "/spaces/hardware", self._hardware),
            Route(api + "/spaces/semantic-search", self._semantic),
            Route(api + "/{kind:str}", self._listing),
            Route(space, self._info),
            Route(space + "/auth-check", self._auth_check),
            Route(space + "/revision/{rev}", self._info),
            Route(space + "/tree/{rev}", self._tree),
            Route(space + "/preupload/{rev}", self._preupload, methods=["POST"]),
            Route(space + "/commit/{rev}", self._commit, methods=["POST"]),
            Route(space + "/commits/{rev}", self._commits),
            Route(space + "/paths-info/{rev}", self._paths_info, methods=["POST"]),
            Route(space + "/runtime", self._runtime),
            Route(space + "/restart", self._restart, methods=["POST"]),
            Route(space + "/hardware", self._move, methods=["POST"]),
            Route(space + "/pause", self._pause, methods=["POST"]),
            Route(space + "/logs/{kind}", self._logs),
            Route("/spaces/{ns}/{name}/resolve/{rev}/{path:path}", self._resolve, methods=["GET", "HEAD"]),
            Route("/s/{subdomain}/", self._page),
        ]
        config = uvicorn.Config(self._gate(Starlette(routes=routes)), log_level="critical", lifespan="off")
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._server.run, kwargs={"sockets": [self._socket]}, daemon=True)

    def start(self) -> None:
        self._thread.start()
        while not self._server.started:
            time.sleep(0.01)

    def close(self) -> None:
        self._server.should_exit = self._server.force_exit = True
        self._thread.join(5)

    def fault(self, method: str, path_end: str, *answers: Callable) -> None:
        self.faults[method, path_end].extend(answers)

    def asked(self, method: str, path_end: str) -> int:
        return sum(1 for m, path, _ in self.requests if m == method and path.endswith(path_end))

    def _gate(self, app):
        async def gate(scope, receive, send):
            request = Request(scope, receive)
            self.requests.append((request.method, request.url.path, dict(request.headers)))
            for (method, end), answers in self.faults.items():
                if answers and request.method == method and request.url.path.endswith(end):
                    return await (await _answer(answers.popleft(), request))(scope, receive, send)
            for (method, end), answer in self.always.items():
                if request.method == method and request.url.path.endswith(end):
                    return await (await _answer(answer, request))(scope, receive, send)
            await app(scope, receive, send)

        return gate

    def _account(self, request: Request) -> dict | None:
        return ACCOUNTS.get(request.headers.get("authorization", "").removeprefix("Bearer "))

    async def _whoami(self, request: Request) -> Response:
        who = self._account(request)
        if not who:
            return error(401, "Invalid credentials in Authorization header")
        fine = {"scoped": [{"entity": {"type": "org", "name": "acme"}, "permissions": ["repo.write"]}]}
        token = {"displayName": "t", "role": who["role"]} | ({"fineGrained": fine} if who["role"] == "fineGrained" else {})
        orgs = [{"type": "org", "id": n, "name": n, "fullname": n, "roleInOrg": r, "isEnterprise": False} for n, r in who["orgs"]]
        shape = {"type": "user", "id": "1", "name": who["name"], "fullname": who["name"].title(), "isPro": who["isPro"]}
        return JSONResponse(shape | {"avatarUrl": "/a.svg", "orgs": orgs, "auth": {"type": "access_token", "accessToken": token}})

    async def _create(self, request: Request) -> Response:
        asked = await request.json()
        who = self._account(request)
        if not who:
            return error(401, "Invalid username or password.")
        repo = f"{asked['organization'] or who['name']}/{asked['name']}"
        if who["role"] == "read":
            return error(403, f'You don\'t have the rights to create a space under the namespace "{who["name"]}"')
        if asked["sdk"] in self.payment_required and asked.get("hardware") != "zero-a10g":
            return error(402, "Static Spaces are free for everyone, but hosting Gradio and Docker Spaces requires PRO")
        if repo in self.spaces:
            return error(409, f"You already created this space repo: {repo}", url=f"{self.url}/spaces/{repo}")
        made = Space(asked["sdk"], asked.get("visibility") == "private", asked.get("hardware") or "cpu-basic")
        made.commit({".gitattributes": b"*.bin filter=lfs\n", "README.md": b"---\nsdk: gradio\n---\n"}, "initial commit")
        made.stage = "NO_APP_FILE"
        self.spaces[repo] = made
        return JSONResponse({"url": f"{self.url}/spaces/{repo}", "name": repo, "id": "0" * 24})

    async def _delete(self, request: Request) -> Response:
        asked = await request.json()
        repo = f"{asked['organization'] or self._account(request)['name']}/{asked['name']}"
        return PlainTextResponse("OK") if self.spaces.pop(repo, None) else _missing()

    async def _validate(self, request: Request) -> Response:
        wrong = "sdk: nonsense" in (await request.json())["content"]
        errors = [{"message": '"sdk" must be one of [gradio, docker, static]'}] if wrong else []
        return JSONResponse({"errors": errors, "warnings": []}, 400 if wrong else 200)

    def _space(self, request: Request) -> Space | None:
        return self.spaces.get(f"{request.path_params['ns']}/{request.path_params['name']}")

    async def _auth_check(self, request: Request) -> Response:
        return JSONResponse({}) if self._space(request) else _missing()

    async def _info(self, request: Request) -> Response:
        space = self._space(request)
        if not space:
            return _missing()
        repo = f"{request.path_params['ns']}/{request.path_params['name']}"
        return JSONResponse(self._shape(repo, space))

    def _shape(self, repo: str, space: Space) -> dict:
        subdomain = repo.lower().replace("/", "-")
        siblings = [{"rfilename": path, "size": len(data)} for path, data in space.files.items()]
        return {
            "_id": "0" * 24, "id": repo, "author": repo.split("/")[0], "sha": space.head, "lastModified": WHEN,
            "createdAt": WHEN, "private": space.private, "sdk": space.sdk, "subdomain": subdomain, "likes": 1, "tags": [],
            "host": f"{self.url}/s/{subdomain}/", "runtime": self._runtime_shape(space), "siblings": siblings,
        }  # fmt: skip

    def _runtime_shape(self, space: Space) -> dict:
        shape = {"stage": space.stage, "hardware": {"current": space.hardware, "requested": space.hardware}, "storage": None}
        return shape | ({"sha": space.running} if space.running else {})

    async def _runtime(self, request: Request) -> Response:
        space = self._space(request)
        if not space:
            return _missing()
        if space.stages:
            space.stage = space.stages.popleft()
            if space.stage == "RUNNING":
                space.running = space.head
            elif space.stage.endswith("ERROR") and not self.keeps_old_on_failure:
                space.running = None
        return JSONResponse(self._runtime_shape(space))

    async def _restart(self, request: Request) -> Response:
        space = self._space(request)
        space.stages = deque(self.stages_after_commit)
        space.stage = "BUILDING"
        return JSONResponse(self._runtime_shape(space))

    async def _move(self, request: Request) -> Response:
        space = self._space(request)
        space.hardware = (await request.json())["flavor"]
        return JSONResponse(self._runtime_shape(space))

    async def _pause(self, request: Request) -> Response:
        space = self._space(request)
        if not space:
            return _missing()
        if space.sdk == "static":
            return error(400, "A static Space cannot be paused")
        space.stage, space.running = "PAUSED", None
        return JSONResponse(self._runtime_shape(space))

    async def _logs(self, request: Request) -> Response:
        space = self._space(request)
        if not space:
            return _missing()
        lines = space.build_log if request.path_params["kind"] == "build" else space.run_log
        events = [f"data: {json.dumps({'data': line + chr(10), 'timestamp': WHEN})}\n\n" for line in lines]

        async def stream():
            for event in events:
                yield event
            yield "data:\n\n"
            await asyncio.sleep(30)  # the Hub keeps the stream of a Space open

        return StreamingResponse(stream(), media_type="text/event-stream")

    async def _tree(self, request: Request) -> Response:
        space = self._space(request)
        return JSONResponse([_entry(path, data) for path, data in space.files.items()]) if space else _missing()

    async def _paths_info(self, request: Request) -> Response:
        form = await request.form()
        files = self._at(request)
        return JSONResponse([_entry(path, files[path]) for path in form.getlist("paths") if path in files])

    def _at(self, request: Request) -> dict[str, bytes]:
        space = self._space(request)
        rev = request.path_params["rev"]
        return next((files for oid, files, _ in space.commits if oid == rev), space.files)

    async def _resolve(self, request: Request) -> Response:
        data = self._at(request)[request.path_params["path"]]
        return Response(data, headers={"ETag": f'"{_blob(data)}"', "X-Repo-Commit": self._space(request).head})

    async def _preupload(self, request: Request) -> Response:
        space = self._space(request)
        if not space:
            return _missing()
        files = [{"path": file["path"], "uploadMode": "regular", "shouldIgnore": False} for file in (await request.json())["files"]]
        return JSONResponse({"commitOid": space.head, "files": files})

    async def _commit(self, request: Request) -> Response:
        space = self._space(request)
        if not space:
            return _missing()
        lines = [json.loads(line) for line in (await request.body()).splitlines() if line]
        if lines[0]["value"].get("parentCommit", space.head) != space.head:
            return error(412, "The branch was updated since you opened this page. Please refresh and try again.")
        files = dict(space.files)
        for line in lines[1:]:
            if line["key"] == "file":
                files[line["value"]["path"]] = base64.b64decode(line["value"]["content"])
            elif line["key"] == "deletedFile":
                files.pop(line["value"]["path"])
        oid = space.commit(files, lines[0]["value"]["summary"])
        space.stages = deque(self.stages_after_commit)
        space.build_log, space.run_log = list(self.build_log), list(self.run_log)
        repo = f"{request.path_params['ns']}/{request.path_params['name']}"
        return JSONResponse({"success": True, "commitOid": oid, "commitUrl": f"{self.url}/spaces/{repo}/commit/{oid}", "hookOutput": ""})

    async def _commits(self, request: Request) -> Response:
        commits = [
            {"id": oid, "title": message, "message": message, "authors": [], "date": WHEN}
            for oid, _, message in reversed(self._space(request).commits)
        ]
        return JSONResponse(commits)

    async def _hardware(self, request: Request) -> Response:
        def one(name: str, micro: int) -> dict:
            cost = {"unitCostMicroUSD": micro, "unitCostUSD": micro / 1e6, "unitLabel": "minute"}
            return {"name": name, "prettyName": name, "cpu": "2", "ram": "16 GB", "accelerator": None, **cost}

        return JSONResponse([one("cpu-basic", 0), one("cpu-upgrade", 500), one("t4-small", 6667)])

    async def _semantic(self, request: Request) -> Response:
        return JSONResponse(self.entries)

    async def _listing(self, request: Request) -> Response:
        author, limit = request.query_params.get("author"), int(request.query_params.get("limit", 100))
        if author:
            found = [self._shape(repo, space) for repo, space in self.spaces.items() if repo.startswith(author + "/")]
            return JSONResponse(found)
        start = int(request.query_params.get("cursor") or 0)
        page = self.entries[start : start + limit]
        headers = {}
        if start + limit < len(self.entries):
            following = request.url.include_query_params(cursor=start + limit)
            headers["Link"] = f'<{following}>; rel="next"'
        return JSONResponse(page, headers=headers)

    async def _page(self, request: Request) -> Response:
        subdomain = request.path_params["subdomain"]
        space = next((s for repo, s in self.spaces.items() if repo.lower().replace("/", "-") == subdomain), None)
        if space is None:
            return PlainTextResponse("no such Space", 404)
        return PlainTextResponse(space.running or "-", self.page_status if space.running else 503)


def _entry(path: str, data: bytes) -> dict:
    return {"type": "file", "oid": _blob(data), "size": len(data), "path": path}


def _blob(data: bytes) -> str:
    return hashlib.sha1(b"blob %d\0" % len(data) + data).hexdigest()


def _missing() -> Response:
    return JSONResponse({"error": "Repository not found"}, 404, {"X-Error-Code": "RepoNotFound", "X-Error-Message": "Repository not found"})


def error(status: int, text: str, headers: dict[str, str] | None = None, **body) -> JSONResponse:
    return JSONResponse({"error": text, **body}, status, {"X-Error-Message": text, **(headers or {})})


async def _answer(made: Callable, request: Request) -> Response:
    answer = made(request)
    return await answer if asyncio.iscoroutine(answer) else answer


def fails(status: int, text: str = "", **headers: str) -> Callable:
    """An answer of the Hub with this status; header names with _ for -."""
    return lambda request: error(status, text or f"error {status}", {k.replace("_", "-"): v for k, v in headers.items()})


def hangs(seconds: float = 30) -> Callable:
    async def wait(request: Request) -> Response:
        await asyncio.sleep(seconds)
        return JSONResponse({})

    return wait


def nonsense(request: Request) -> Response:
    return Response(b'{"name": <<<', media_type="application/json")


def wrong_shape(request: Request) -> Response:
    return JSONResponse({"surprise": 1})


def breaks_off(request: Request) -> Response:
    return Response(b"{", headers={"content-length": "1000"}, media_type="application/json")
