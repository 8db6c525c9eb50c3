"""`LocalHub`: the rooms of the embedded Hub and its one ASGI application."""

from __future__ import annotations

import re
import secrets
import shutil
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import unquote

from starlette.applications import Starlette
from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.types import Message, Receive, Scope, Send

from core.errors import NotFound, SpacesError
from core.localhub.access import Moved
from core.localhub.names import Kind, RepoId, subdomain
from core.localhub.repos import Repo, RepoStore
from core.localhub.routes import (
    commits,
    content,
    datasets_server,
    description,
    docs,
    feeds,
    git_http,
    identity,
    legacy,
    lfs,
    listing,
    owned,
    pages,
    papers,
    people,
    reading,
    refs,
    repos,
    router,
    spaces,
)
from core.localhub.users import Users
from core.localhub.wire import EXPOSED, SLASH, failure, on_error
from core.secrets import Secret

if TYPE_CHECKING:
    from core.localhub.community import Community
    from core.localhub.shelf import Shelf
    from core.preview import Previews

# In the order they are tried. A group that is added here is served.
GROUPS = (identity, listing, people, feeds, reading, papers, docs, datasets_server, router, spaces, repos, owned, commits, content, refs, lfs, git_http, pages, legacy)


class Catalogue(Protocol):
    """Real, named entries beside the hosted repositories, so that search answers offline."""

    def get(self, kind: Kind, name: str) -> dict[str, Any] | None: ...


class LocalHub:
    """One Hub over one data folder.

    Args:
        data: where everything is kept; made when missing.
        previews: what runs the Spaces; owned by the caller.
        prefix: where the application is mounted in the server ("/hub"), or "" at the root.
        users: the users file, or None for one user with one generated token.

    `repos.on_push` and its siblings tell what happens; `opening` and `closing` hold what `start` and `close` run.
    """

    def __init__(self, data: Path, *, previews: Previews, prefix: str = "", users: Path | None = None):
        self.data, self.previews, self.prefix = data, previews, prefix.rstrip("/")
        data.mkdir(parents=True, exist_ok=True)
        self.users = Users.load(data, users)
        self.repos = RepoStore(data / "repos")
        self.spool = data / "incoming"
        shutil.rmtree(self.spool, ignore_errors=True)
        self.spool.mkdir()
        self.key = secrets.token_bytes(32)
        self.catalogue: Catalogue | None = None
        self.shelf: Shelf
        self.community: Community
        self.describe_space: Callable[[Repo, str], dict[str, Any]] = _space_without_runtime
        self.opening: list[Callable[[], Awaitable[None]]] = []
        self.closing: list[Callable[[], Awaitable[None]]] = []
        self.app = _Wire(self)

    @property
    def default_user(self) -> str:
        """The name of the first user."""
        return self.users.first.name

    @property
    def default_token(self) -> Secret:
        """A token of the first user."""
        if not self.users.first.tokens:
            raise NotFound(f"The user {self.default_user} has no token.", "Give them one in the users file.")
        return Secret(self.users.first.tokens[0].token)

    async def start(self) -> None:
        for opening in self.opening:
            await opening()

    async def close(self) -> None:
        for closing in reversed(self.closing):
            await closing()
        self.repos.close()


class _Wire:
    """What surrounds every route: addresses with encoded slashes, common headers, redirects of moved repositories."""

    def __init__(self, hub: LocalHub):
        self._hub = hub
        handlers = {SpacesError: on_error, Moved: self._moved, 404: on_error, 405: on_error, Exception: on_error}
        groups = {group.__name__.rpartition(".")[2]: group.routes(hub) for group in GROUPS}
        routes = [*description.routes(groups), *(route for listed in groups.values() for route in listed)]
        self._app = Starlette(routes=routes, exception_handlers=handlers)
        self._app.router.redirect_slashes = False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await self._app(scope, receive, send)
        scope = {**scope, "path": _routing_path(scope)}
        headers_of = dict(scope["headers"])
        trace = headers_of.get(b"x-amzn-trace-id", b"").decode("ascii", "replace")[:64]
        request_id = f"Root=1-{int(time.time()):08x}-{secrets.token_hex(12)}"
        if re.fullmatch(r"[\w=;-]+", trace):
            request_id += f";{trace}"

        known = headers_of.get(b"if-none-match", b"").decode("latin-1") if scope["method"] in ("GET", "HEAD") else ""
        unchanged = False

        async def marked(message: Message) -> None:
            nonlocal unchanged
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                if known and message["status"] == 200 and headers.get("etag", "").startswith("W/") and headers["etag"] in known:
                    unchanged, message["status"] = True, 304
                    del headers["content-length"]
                headers["X-Request-Id"] = request_id
                headers.setdefault("Access-Control-Expose-Headers", EXPOSED)
                headers.setdefault("X-Content-Type-Options", "nosniff")
                headers.setdefault("Referrer-Policy", "strict-origin-when-cross-origin")
                headers.add_vary_header("Origin")
            elif unchanged:
                message = {**message, "body": b""}
            await send(message)

        await self._app(scope, receive, marked)

    async def _moved(self, request: Request, error: Exception) -> Response:
        """307 to the same address below the repository's present name."""
        assert isinstance(error, Moved)
        raw = request.scope.get("raw_path", b"").decode("ascii", "replace")
        target = re.sub(rf"/{re.escape(str(error.old))}(?=[/.]|$)", f"/{error.new}", raw, count=1, flags=re.IGNORECASE)
        if target == raw:
            return failure(NotFound("Repository not found"), request)
        query = request.url.query
        return RedirectResponse(f"{target}?{query}" if query else target, 307)


def _routing_path(scope: Scope) -> str:
    """The path to route by, decoded except that an encoded slash stays apart from a plain one."""
    raw = scope.get("raw_path")
    if raw is None:
        return scope["path"]
    parts = raw.split(b"?")[0].decode("ascii", "replace").split("/")
    return "/".join(unquote(part, errors="surrogateescape").replace("/", SLASH) for part in parts)


def _space_without_runtime(repo: Repo, base: str) -> dict[str, Any]:
    name = subdomain(RepoId("space", repo.repo.namespace, repo.repo.name))
    stage = {"stage": "STOPPED", "hardware": {"current": None, "requested": None}, "storage": None}
    return {"subdomain": name, "host": f"{base}/s/{name}", "runtime": stage}
