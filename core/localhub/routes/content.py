"""Reading files: tree, paths-info, resolve, raw."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

from anyio import to_thread
from pydantic import BaseModel, Field
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from core.errors import NotFound, TooLarge
from core.git import Entry, GitStore
from core.localhub import access, files, info, sample_card, wire

if TYPE_CHECKING:
    from core.localhub.server import LocalHub

MAX_PATHS = 2000
_SENT_AT_ONCE = 1 << 20
# Revisions with a slash, for clients that do not encode it.
_SLASHED = re.compile(r"(refs/(?:pr/\d+|convert/[\w.-]+|heads/[^/]+))(?:/(.*))?", re.DOTALL)


class Paths(BaseModel):
    paths: list[str] | str = Field(default=[])
    expand: bool = False


def routes(hub: LocalHub) -> list[Route]:
    async def tree(request: Request) -> Response:
        repo = access.readable(hub, request)
        rev, path = rev_and_path(request)
        expand = wire.flag(request, "expand")
        limit = wire.number(request, "limit", 100 if expand else 1000, low=1)
        recursive = wire.flag(request, "recursive")

        def look() -> tuple[list[dict[str, Any]], dict[str, str]]:
            git = hub.repos.git(repo)
            commit = info.resolve(git, rev)
            shown, link = wire.page(request, hub.prefix, _tree(git, commit, path, recursive), limit)
            return _shapes(git, commit, shown, expand), link

        shapes, link = await to_thread.run_sync(look)
        return wire.answer(shapes, headers=link)

    async def paths_info(request: Request) -> Response:
        repo = access.readable(hub, request)
        asked = await _asked_paths(request)
        rev = wire.segment(request, "rev")

        def look() -> list[dict[str, Any]]:
            git = hub.repos.git(repo)
            commit = info.resolve(git, rev)
            found = [git.entry(commit, path.strip("/")) for path in dict.fromkeys(asked.paths) if path.strip("/")]
            return _shapes(git, commit, [entry for entry in found if entry], asked.expand)

        return wire.answer(await to_thread.run_sync(look))

    async def resolve(request: Request) -> Response:
        return await _send(hub, request, raw=False)

    async def raw(request: Request) -> Response:
        return await _send(hub, request, raw=True)

    listed = [
        Route("/api/{kind:kind}/{namespace}/{name}/tree/{rev}", tree),
        Route("/api/{kind:kind}/{namespace}/{name}/tree/{rev}/{path:path}", tree),
        Route("/api/{kind:kind}/{namespace}/{name}/paths-info/{rev}", paths_info, methods=["POST"]),
    ]
    for prefix in ("/{kind:kind}", ""):
        listed += [
            Route(prefix + "/{namespace}/{name}/resolve/{rev}/{path:path}", resolve),
            Route(prefix + "/{namespace}/{name}/raw/{rev}/{path:path}", raw),
        ]
    return listed


def rev_and_path(request: Request) -> tuple[str, str]:
    """The revision and path of a route, also where the revision's own slashes came unencoded."""
    rev = wire.segment(request, "rev")
    path = wire.segment(request, "path").strip("/") if "path" in request.path_params else ""
    if rev == "refs" and (found := _SLASHED.fullmatch(f"{rev}/{path}")):
        return found[1], found[2] or ""
    return rev, path


def _tree(git: GitStore, commit: str, path: str, recursive: bool) -> list[Entry]:
    try:
        return git.tree(commit, path, recursive=recursive)
    except NotFound as error:
        raise wire.EntryNotFound(error.message, commit=commit) from None


def _shapes(git: GitStore, commit: str, entries: list[Entry], expand: bool) -> list[dict[str, Any]]:
    last = git.last_commits(commit, [entry.path for entry in entries]) if expand else {}
    return [files.entry_shape(git, entry, last.get(entry.path)) for entry in entries]


async def _asked_paths(request: Request) -> Paths:
    """Python clients send a form, JavaScript ones JSON."""
    if "json" in request.headers.get("content-type", ""):
        asked = await wire.read_json(request, Paths)
        asked.paths = [asked.paths] if isinstance(asked.paths, str) else asked.paths
    else:
        fields = parse_qs((await wire.read_body(request)).decode("utf-8", "replace"), keep_blank_values=True)
        asked = Paths(paths=fields.get("paths", []), expand=fields.get("expand", ["false"])[0].lower() == "true")
    if len(asked.paths) > MAX_PATHS:
        raise TooLarge("too many parameters")
    return asked


def _sample_card(hub: LocalHub, request: Request) -> Response | None:
    """The one file of an entry of the sample; None when the address names no such entry."""
    name = access.named(request)
    entry = hub.catalogue and hub.catalogue.get(name.kind, str(name))
    if not entry:
        return None
    rev, path = rev_and_path(request)
    if rev not in ("main", entry["sha"]):
        raise wire.RevisionNotFound(f"Invalid rev id: {rev[:96]}")
    if path != sample_card.NAME:
        raise wire.EntryNotFound("Entry not found", commit=entry["sha"])
    headers = sample_card.headers(name.kind, entry)
    return Response(b"" if request.method == "HEAD" else sample_card.card(name.kind, entry), headers=headers)


async def _send(hub: LocalHub, request: Request, *, raw: bool) -> Response:
    try:
        repo = access.readable(hub, request)
    except (wire.RepoNotFound, wire.RepoHidden):
        if sampled := _sample_card(hub, request):
            return sampled
        raise
    rev, path = rev_and_path(request)

    def look() -> tuple[files.Content, dict[str, str]]:
        git = hub.repos.git(repo)
        found = files.open_content(git, info.resolve(git, rev), path, raw=raw)
        return found, found.headers()

    content, headers = await to_thread.run_sync(look)
    if wire.flag(request, "download"):
        headers["Content-Disposition"] = headers["Content-Disposition"].replace("inline", "attachment", 1)
    if headers["ETag"] in [tag.strip().removeprefix("W/") for tag in request.headers.get("if-none-match", "").split(",")]:
        return Response(status_code=304, headers=headers)
    wanted = request.headers.get("range")
    if request.headers.get("if-range", headers["ETag"]) != headers["ETag"]:
        wanted = None
    try:
        span = files.parse_range(wanted, content.size)
    except ValueError:
        return Response(status_code=416, headers=headers | {"Content-Range": f"bytes */{content.size}"})
    start, stop = span or (0, content.size)
    headers["Content-Length"] = str(stop - start)
    if span:
        headers["Content-Range"] = f"bytes {start}-{stop - 1}/{content.size}"
    status = 206 if span else 200
    if request.method == "HEAD":
        return Response(status_code=status, headers=headers)
    if stop - start <= _SENT_AT_ONCE:
        body = await to_thread.run_sync(lambda: b"".join(content.read(start, stop)))
        return Response(body, status, headers)
    return StreamingResponse(content.read(start, stop), status, headers)
