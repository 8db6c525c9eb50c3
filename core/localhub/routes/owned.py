"""The repositories of an account, and copies of repositories."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from anyio import to_thread
from pydantic import BaseModel, Field
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from core.errors import Conflict, Forbidden, InvalidInput
from core.git import Put
from core.localhub import access, info, lfs, wire
from core.localhub.names import split_id
from core.localhub.repos import Repo
from core.localhub.routes.repos import Variable, Visibility, is_private, target
from core.localhub.users import Identity

if TYPE_CHECKING:
    from core.localhub.server import LocalHub


class Duplicate(BaseModel):
    repository: str
    visibility: Visibility | None = None
    hardware: str | None = None
    sleepTimeSeconds: int | None = None
    secrets: list[Variable] = Field(default=[], max_length=200)
    variables: list[Variable] = Field(default=[], max_length=200)


def routes(hub: LocalHub) -> list[Route]:
    async def mine(request: Request) -> Response:
        return await _owned(request, access.signed_in(hub, request).name)

    async def of_organization(request: Request) -> Response:
        who, name = access.signed_in(hub, request), wire.segment(request, "organization")
        if hub.users.org(name) is None or not who.may_read(name):
            raise Forbidden(f"You are not a member of {name[:96]!r}.")
        return await _owned(request, name)

    async def _owned(request: Request, namespace: str) -> Response:
        repos = [repo for repo in hub.repos.list() if repo.repo.namespace.lower() == namespace.lower()]
        repos.sort(key=lambda repo: repo.created_at, reverse=True)
        shown, link = wire.page(request, hub.prefix, repos, wire.number(request, "limit", 100, low=1))
        return wire.answer(await to_thread.run_sync(lambda: [_storage(hub, repo) for repo in shown]), headers=link)

    async def duplicate(request: Request) -> Response:
        source, who = access.readable(hub, request), access.signed_in(hub, request)
        asked = await wire.read_json(request, Duplicate)
        base = wire.base_url(request, hub.prefix)
        made = await to_thread.run_sync(_duplicate, hub, who, source, asked, base)
        return wire.answer({"url": f"{base}/{made.repo.path}", "name": made.full_name, "id": made.id})

    return [
        Route("/api/settings/repositories", mine),
        Route("/api/organizations/{organization}/settings/repositories", of_organization),
        Route("/api/{kind:kind}/{namespace}/{name}/duplicate", duplicate, methods=["POST"]),
    ]


def _storage(hub: LocalHub, repo: Repo) -> dict[str, Any]:
    found = info.snapshot(hub, repo)
    return {
        "id": repo.full_name,
        "type": repo.kind,
        "updatedAt": found.last_modified if found else repo.created_at,
        "visibility": "private" if repo.private else "public",
        "storage": found.size if found else 0,
    }


def _duplicate(hub: LocalHub, who: Identity, source: Repo, asked: Duplicate, base: str) -> Repo:
    """A new repository with the files `main` of the source has now; its secrets stay where they are."""
    wanted = split_id(source.kind, asked.repository)
    repo = target(hub, who, wanted.namespace, wanted.name, source.kind)
    if taken := hub.repos.find(repo):
        url = f"{base}/{taken.repo.path}"
        raise Conflict(f"You already created this {repo.kind} repo: {taken.full_name}", url=url)
    git = hub.repos.git(source)
    head = git.head()
    if head is None:
        raise InvalidInput("There is nothing in this repository to duplicate.")
    private = is_private(asked.visibility, None, source.kind)
    scratch = Path(tempfile.mkdtemp(prefix="duplicate-", dir=hub.spool))
    try:
        git.checkout(head, scratch)
        entries = [entry for entry in git.tree(head, recursive=True) if entry.kind == "file"]
        settings = asked.model_dump(include={"hardware", "sleepTimeSeconds", "secrets", "variables"}, exclude_none=True)
        made = hub.repos.create(
            repo,
            creator=who.name,
            email=who.user.address,
            private=source.private if private is None else private,
            sdk=source.sdk,
            files=[Put(entry.path, scratch / entry.path) for entry in entries],
            settings={key: value for key, value in settings.items() if value},
        )
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    for pointer in filter(None, (lfs.read_pointer(git, entry) for entry in entries)):
        _share(lfs.object_path(git.path, pointer.oid), lfs.object_path(hub.repos.path(repo), pointer.oid))
    return made


def _share(stored: Path, target: Path) -> None:
    """The same bytes in a second repository; they never change, so one copy on disk does for both."""
    if stored.is_file() and not target.exists():
        target.parent.mkdir(parents=True, exist_ok=True)
        os.link(stored, target)
