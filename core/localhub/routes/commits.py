"""Writing files: preupload and commit; and the list of commits."""

from __future__ import annotations

import shutil
import tempfile
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

from anyio import to_thread
from dulwich.ignore import IgnoreFilter, read_ignore_patterns
from pydantic import BaseModel, Field
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from core.errors import InvalidInput, NotFound
from core.git import GitStore
from core.localhub import access, info, lfs, wire
from core.localhub.commit_body import pointer_put, read_commit
from core.localhub.repos import Repo, format_time
from core.localhub.spool import spooled
from core.localhub.users import Identity

if TYPE_CHECKING:
    from core.localhub.server import LocalHub

MISSING_OBJECT = (
    "Your push was rejected because an LFS pointer pointed to a file that does not exist. For instance, this can happen "
    "if you used git push --no-verify to push your changes. Offending file: - {path}"
)


class AskedFile(BaseModel):
    path: str
    size: int = 0
    sample: str = ""


class Preupload(BaseModel):
    files: list[AskedFile] = Field(max_length=1000)
    gitAttributes: str | None = None
    gitIgnore: str | None = Field(default=None, max_length=1_000_000)


def routes(hub: LocalHub) -> list[Route]:
    async def preupload(request: Request) -> Response:
        repo, _ = access.writable(hub, request)
        asked = await wire.read_json(request, Preupload)
        rev = wire.segment(request, "rev")
        return wire.answer(await to_thread.run_sync(lambda: _preupload(hub.repos.git(repo), rev, asked)))

    async def commit(request: Request) -> Response:
        repo, who = access.writable(hub, request)
        if wire.flag(request, "create_pr"):
            raise wire.NotImplementedHere("Pull requests are not offered by this Hub yet.", "Commit to a branch instead.")
        ref = _branch(wire.segment(request, "rev"))
        one_document = request.headers.get("content-type", "").startswith("application/json")
        base = wire.base_url(request, hub.prefix)
        async with spooled(request, hub.spool) as body:
            sha = await to_thread.run_sync(_commit, hub, repo, who, ref, body, one_document)
        url = f"{base}/{repo.repo.path}/commit/{sha}"
        return wire.answer({"success": True, "commitOid": sha, "commitUrl": url, "hookOutput": ""})

    async def commits(request: Request) -> Response:
        repo = access.readable(hub, request)
        at, limit = wire.number(request, "p", 0, high=10_000_000), wire.number(request, "limit", 50, low=1)
        formatted = "formatted" in wire.many(request, "expand")

        def look() -> tuple[list[dict[str, Any]], int]:
            git = hub.repos.git(repo)
            commit = info.resolve(git, wire.segment(request, "rev"))
            shapes = [_shape(found, formatted) for found in git.log(commit, skip=at * limit, limit=limit)]
            return shapes, git.count(commit)

        shapes, total = await to_thread.run_sync(look)
        headers = {"X-Total-Count": str(total)}
        if (at + 1) * limit < total:
            headers |= wire.next_link(request, hub.prefix, p=at + 1)
        return wire.answer(shapes, headers=headers)

    return [
        Route("/api/{kind:kind}/{namespace}/{name}/preupload/{rev}", preupload, methods=["POST"]),
        Route("/api/{kind:kind}/{namespace}/{name}/commit/{rev}", commit, methods=["POST"]),
        Route("/api/{kind:kind}/{namespace}/{name}/commits/{rev}", commits),
    ]


def _preupload(git: GitStore, rev: str, asked: Preupload) -> dict[str, Any]:
    head = git.head(_branch(rev)) or info.resolve(git, rev)
    text = asked.gitIgnore
    if text is None:
        try:
            text = git.read(head, ".gitignore").decode("utf-8", "replace")
        except NotFound:
            text = ""
    ignored = IgnoreFilter(read_ignore_patterns(BytesIO(text.encode("utf-8", "replace"))))
    shapes = []
    for file in asked.files:
        # Always regular: an Xet-enabled client knows no other way to send what is called "lfs".
        shape: dict[str, Any] = {"path": file.path, "uploadMode": "regular", "shouldIgnore": _ignores(ignored, file.path)}
        entry = git.entry(head, file.path)
        if entry and entry.kind == "file":
            shape["oid"] = entry.oid
        shapes.append(shape)
    return {"commitOid": head, "files": shapes}


def _ignores(rules: IgnoreFilter, path: str) -> bool:
    parts = path.split("/")
    folders = ["/".join(parts[:depth]) + "/" for depth in range(1, len(parts))]
    return any(rules.is_ignored(name) for name in (*folders, path))


def _branch(rev: str) -> str:
    """The full ref a commit goes to."""
    return rev if rev.startswith("refs/") else f"refs/heads/{rev}"


def _commit(hub: LocalHub, repo: Repo, who: Identity, ref: str, body: Path, one_document: bool) -> str:
    git = hub.repos.git(repo)
    before = git.head(ref)
    if before is None and ref != "refs/heads/main":
        raise wire.RevisionNotFound(f"Invalid rev id: {ref.removeprefix('refs/heads/')[:200]}")
    scratch = Path(tempfile.mkdtemp(prefix="commit-", dir=hub.spool))
    try:
        asked = read_commit(body, scratch, one_document=one_document)
        changes = [*asked.changes]
        for path, (oid, size) in asked.pointers.items():
            stored = lfs.object_path(git.path, oid)
            if not stored.is_file() or (size is not None and stored.stat().st_size != size):
                raise InvalidInput(MISSING_OBJECT.format(path=path))
            changes.append(pointer_put(path, oid, stored.stat().st_size))
        sha = git.commit(
            changes, asked.message, author=who.name, email=who.user.address, branch=ref, parent=asked.parent
        )
    except NotFound as error:
        raise wire.EntryNotFound(error.message, commit=before) from None
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    if sha != before:
        hub.repos.notify(repo, ref, sha)
    return sha


def _shape(commit, formatted: bool) -> dict[str, Any]:
    shape: dict[str, Any] = {
        "id": commit.oid,
        "title": commit.title,
        "message": commit.body,
        "authors": [{"user": commit.author, "avatar": "/avatars/local.svg"}],
        "date": format_time(commit.at),
    }
    if formatted:
        shape["formatted"] = {"title": _escaped(commit.title), "message": _escaped(commit.body)}
    return shape


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
