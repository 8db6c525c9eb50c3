"""Branches, tags, comparisons."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from anyio import to_thread
from pydantic import BaseModel, Field
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from core.errors import Conflict, Forbidden, NotFound, Outdated
from core.git import GitStore, check_ref
from core.localhub import access, info, wire
from core.localhub.repos import Repo
from core.localhub.users import Identity

if TYPE_CHECKING:
    from core.localhub.server import LocalHub

ABSENT = "0" * 40


class Branch(BaseModel):
    startingPoint: str | None = None
    emptyBranch: bool = False
    overwrite: bool = False


class Tag(BaseModel):
    tag: str
    message: str | None = Field(default=None, max_length=100_000)


class Squash(BaseModel):
    message: str = Field(default="Super-squash branch", max_length=500)


def routes(hub: LocalHub) -> list[Route]:
    async def refs(request: Request) -> Response:
        repo = access.readable(hub, request)
        known = await to_thread.run_sync(lambda: hub.repos.git(repo).refs())
        shape = {
            "branches": _group(known, "refs/heads/"),
            "converts": _group(known, "refs/convert/"),
            "tags": _group(known, "refs/tags/"),
        }
        if wire.flag(request, "include_prs"):
            shape["pullRequests"] = [_ref(name, name, sha) for name, sha in known.items() if name.startswith("refs/pr/")]
        return wire.answer(shape)

    async def make_branch(request: Request) -> Response:
        repo, who = access.writable(hub, request)
        asked = await wire.read_json(request, Branch)
        await to_thread.run_sync(_make_branch, hub, repo, who, wire.segment(request, "ref"), asked)
        return wire.answer({})

    async def delete_branch(request: Request) -> Response:
        repo, _ = access.writable(hub, request)
        branch = wire.segment(request, "ref")
        if branch == "main":
            raise Forbidden("Cannot delete refs/heads/main")
        await to_thread.run_sync(_delete, hub, repo, f"refs/heads/{branch}")
        return wire.answer({})

    async def make_tag(request: Request) -> Response:
        repo, who = access.writable(hub, request)
        asked = await wire.read_json(request, Tag)
        await to_thread.run_sync(_make_tag, hub, repo, who, wire.segment(request, "ref"), asked)
        return wire.answer({})

    async def delete_tag(request: Request) -> Response:
        repo, _ = access.writable(hub, request)
        await to_thread.run_sync(_delete, hub, repo, f"refs/tags/{wire.segment(request, 'ref')}")
        return wire.answer({})

    async def squash(request: Request) -> Response:
        repo, who = access.writable(hub, request)
        asked = await wire.read_json(request, Squash)
        branch = wire.segment(request, "ref")

        def act() -> str:
            git = hub.repos.git(repo)
            if git.head(branch) is None:
                raise wire.RevisionNotFound(f"Invalid rev id: {branch[:200]}")
            sha = git.squash(branch, asked.message, author=who.name, email=who.user.address)
            hub.repos.notify(repo, f"refs/heads/{branch}", sha)
            return sha

        return wire.answer({"commitId": await to_thread.run_sync(act)})

    async def compare(request: Request) -> Response:
        repo = access.readable(hub, request)
        found = re.fullmatch(r"(.+?)\.{2,3}(.+)", wire.segment(request, "ref"))
        if not found:
            raise wire.RevisionNotFound("Compare two revisions as a..b")

        def look() -> list[Any]:
            git = hub.repos.git(repo)
            return git.diff(info.resolve(git, found[1]), info.resolve(git, found[2]))

        diffs = await to_thread.run_sync(look)
        if wire.flag(request, "raw"):
            return PlainTextResponse("".join(f"diff --git a/{d.path} b/{d.path}\n{d.patch}" for d in diffs))
        return wire.answer([{"path": d.path, "status": d.status, "added": d.added, "removed": d.removed} for d in diffs])

    at = "/api/{kind:kind}/{namespace}/{name}"
    return [
        Route(f"{at}/refs", refs),
        Route(at + "/branch/{ref:path}", make_branch, methods=["POST"]),
        Route(at + "/branch/{ref:path}", delete_branch, methods=["DELETE"]),
        Route(at + "/tag/{ref:path}", make_tag, methods=["POST"]),
        Route(at + "/tag/{ref:path}", delete_tag, methods=["DELETE"]),
        Route(at + "/super-squash/{ref:path}", squash, methods=["POST"]),
        Route(at + "/compare/{ref:path}", compare),
    ]


def _group(known: dict[str, str], prefix: str) -> list[dict[str, str]]:
    return [_ref(name.removeprefix(prefix), name, sha) for name, sha in known.items() if name.startswith(prefix)]


def _ref(name: str, ref: str, sha: str) -> dict[str, str]:
    return {"name": name, "ref": ref, "targetCommit": sha}


def _make_branch(hub: LocalHub, repo: Repo, who: Identity, branch: str, asked: Branch) -> None:
    git, ref = hub.repos.git(repo), check_ref(f"refs/heads/{branch}")
    taken = Conflict(f"Reference {ref} already exists")
    if git.head(ref) and not asked.overwrite:
        raise taken
    try:
        if asked.emptyBranch:
            _drop(git, ref)
            sha = git.commit((), "initial commit", author=who.name, email=who.user.address, branch=ref, allow_empty=True)
        else:
            sha = info.resolve(git, asked.startingPoint or "main")
            git.set_ref(ref, sha, expect=None if asked.overwrite else ABSENT)
    except Outdated:
        raise taken from None
    hub.repos.notify(repo, ref, sha)


def _make_tag(hub: LocalHub, repo: Repo, who: Identity, rev: str, asked: Tag) -> None:
    git, ref = hub.repos.git(repo), check_ref(f"refs/tags/{asked.tag}")
    sha = info.resolve(git, rev)
    try:
        if asked.message:
            git.tag(asked.tag, sha, message=asked.message, author=who.name, email=who.user.address)
        else:
            git.set_ref(ref, sha, expect=ABSENT)
    except Outdated:
        raise Conflict(f"Tag reference {ref} already exists") from None
    hub.repos.notify(repo, ref, sha)


def _delete(hub: LocalHub, repo: Repo, ref: str) -> None:
    try:
        hub.repos.git(repo).delete_ref(check_ref(ref))
    except NotFound:
        raise wire.RevisionNotFound(f"Invalid rev id: {ref.split('/', 2)[2][:200]}") from None
    hub.repos.notify(repo, ref, None)


def _drop(git: GitStore, ref: str) -> None:
    if git.head(ref):
        git.delete_ref(ref)
