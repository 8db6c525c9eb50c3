"""Repositories: create, describe, settings, move, delete; and the check of a README before it is committed."""

from __future__ import annotations

import base64
import binascii
from typing import TYPE_CHECKING, Any, Literal

from anyio import to_thread
from pydantic import BaseModel, Field
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from core.errors import Conflict, Forbidden, InvalidInput
from core.git import Put, check_tree_path
from core.localhub import access, hardware, info, listing, sample_card, space_templates, starter, wire
from core.localhub.card import SDKS, check_card
from core.localhub.names import SINGULAR, Kind, RepoId, check_name, split_id
from core.localhub.repos import Repo
from core.localhub.users import Identity

if TYPE_CHECKING:
    from core.localhub.server import LocalHub

MAX_CREATE_BYTES = 40_000_000
Visibility = Literal["public", "private", "protected"]


class Variable(BaseModel):
    key: str = Field(pattern=r"^[a-zA-Z][_a-zA-Z0-9]*$", max_length=200)
    value: str = Field(default="", max_length=100_000)
    description: str | None = None


class FirstFile(BaseModel):
    path: str
    content: str
    encoding: Literal["utf-8", "base64"] = "utf-8"


class Create(BaseModel):
    name: str
    organization: str | None = None
    type: Kind = "model"
    visibility: Visibility | None = None
    private: bool | None = None
    sdk: Literal["gradio", "docker", "static", "streamlit"] | None = None
    template: str | None = None
    hardware: str | None = None
    storageTier: str | None = None
    sleepTimeSeconds: int | None = None
    secrets: list[Variable] = Field(default=[], max_length=200)
    variables: list[Variable] = Field(default=[], max_length=200)
    license: str | None = Field(default=None, pattern=r"^[A-Za-z0-9.+-]{1,60}$")
    files: list[FirstFile] = Field(default=[], max_length=1000)


class Delete(BaseModel):
    name: str
    organization: str | None = None
    type: Kind = "model"


class Move(BaseModel):
    fromRepo: str
    toRepo: str
    type: Kind = "model"


class Settings(BaseModel):
    visibility: Visibility | None = None
    private: bool | None = None
    gated: Literal["auto", "manual", False] | None = None
    discussionsDisabled: bool | None = None


class Yaml(BaseModel):
    content: str = Field(max_length=2_000_000)
    repoType: Kind = "model"


def routes(hub: LocalHub) -> list[Route]:
    async def create(request: Request) -> Response:
        who = access.signed_in(hub, request)
        asked = await wire.read_json(request, Create, MAX_CREATE_BYTES)
        base = wire.base_url(request, hub.prefix)
        repo = await to_thread.run_sync(_create, hub, who, asked, base)
        return wire.answer({"url": f"{base}/{repo.repo.path}", "name": repo.full_name, "id": repo.id})

    async def delete(request: Request) -> Response:
        who = access.signed_in(hub, request)
        asked = await wire.read_json(request, Delete)
        repo = access.find(hub, target(hub, who, asked.organization, asked.name, asked.type), who)
        _own(repo, who)
        await to_thread.run_sync(hub.repos.delete, repo)
        return PlainTextResponse("OK")

    async def move(request: Request) -> Response:
        who = access.signed_in(hub, request)
        asked = await wire.read_json(request, Move)
        repo = access.find(hub, split_id(asked.type, asked.fromRepo), who)
        _own(repo, who)
        namespace, _, name = asked.toRepo.rpartition("/")
        await to_thread.run_sync(hub.repos.move, repo, target(hub, who, namespace or None, name, asked.type))
        return PlainTextResponse("OK")

    async def settings(request: Request) -> Response:
        repo, who = access.writable(hub, request)
        _own(repo, who)
        asked = await wire.read_json(request, Settings)
        changes: dict[str, Any] = {}
        private = is_private(asked.visibility, asked.private, repo.kind)
        if private is not None:
            changes["private"] = private
        if asked.gated is not None:
            changes["gated"] = asked.gated
        if asked.discussionsDisabled is not None:
            changes["settings"] = repo.settings | {"discussionsDisabled": asked.discussionsDisabled}
        changed = await to_thread.run_sync(lambda: hub.repos.update(repo, **changes)) if changes else repo
        disabled = changed.settings.get("discussionsDisabled", False)
        return wire.answer({"private": changed.private, "gated": changed.gated, "discussionsDisabled": disabled})

    async def describe(request: Request) -> Response:
        try:
            repo = access.readable(hub, request)
        except (wire.RepoNotFound, wire.RepoHidden):
            kind = SINGULAR[request.path_params["kind"]]
            known = hub.catalogue and hub.catalogue.get(kind, str(access.named(request)))
            if not known:
                raise
            expand = [name for value in wire.many(request, "expand") for name in value.split(",")]
            if wire.flag(request, "blobs"):
                known = known | {"siblings": [sample_card.sibling(kind, known)]}
            return wire.answer(listing.tell(known, kind, full=True, expand=expand) if expand else known)
        rev = wire.segment(request, "rev") if "rev" in request.path_params else "main"
        shape = await to_thread.run_sync(
            lambda: info.describe(
                hub,
                repo,
                wire.base_url(request, hub.prefix),
                rev=rev,
                expand=[name for value in wire.many(request, "expand") for name in value.split(",")],
                blobs=wire.flag(request, "blobs"),
                security=wire.flag(request, "securityStatus"),
            )
        )
        return wire.answer(shape)

    async def validate_yaml(request: Request) -> Response:
        asked = await wire.read_json(request, Yaml)
        errors, warnings = check_card(asked.content, asked.repoType)
        shape = {"errors": [{"message": text} for text in errors], "warnings": [{"message": text} for text in warnings]}
        if not errors:
            return wire.answer(shape)
        return wire.answer({"error": "Invalid metadata in README.md", **shape}, status=400)

    return [
        Route("/api/repos/create", create, methods=["POST"]),
        Route("/api/repos/delete", delete, methods=["DELETE"]),
        Route("/api/repos/move", move, methods=["POST"]),
        Route("/api/validate-yaml", validate_yaml, methods=["POST"]),
        Route("/api/{kind:kind}/{namespace}/{name}", describe),
        Route("/api/{kind:kind}/{namespace}/{name}/revision/{rev}", describe),
        Route("/api/{kind:kind}/{namespace}/{name}/settings", settings, methods=["PUT"]),
    ]


def _create(hub: LocalHub, who: Identity, asked: Create, base: str) -> Repo:
    repo = target(hub, who, asked.organization, asked.name, asked.type)
    if asked.type == "space" and asked.sdk is None:
        raise InvalidInput(f'"sdk" is required for a Space: one of {", ".join(SDKS)}')
    if taken := hub.repos.find(repo):
        url = f"{base}/{taken.repo.path}"
        raise Conflict(f"You already created this {repo.kind} repo: {taken.full_name}", url=url)
    org = hub.users.org(repo.namespace)
    if asked.type == "space" and asked.hardware and asked.sdk != "static":
        hardware.check_request(asked.hardware, asked.sdk, who, org)
    private = is_private(asked.visibility, asked.private, asked.type)
    files = space_templates.files_of(asked.template) if asked.template else []
    files += [Put(check_tree_path(file.path), _content(file)) for file in asked.files]
    wanted = asked.model_dump(include={"hardware", "storageTier", "sleepTimeSeconds", "secrets", "variables"}, exclude_none=True)
    return hub.repos.create(
        repo,
        creator=who.name,
        email=who.user.address,
        private=bool(org and org.privateByDefault) if private is None else private,
        sdk=asked.sdk,
        files=starter.files(repo, asked.sdk, license=asked.license, given=files),
        settings={key: value for key, value in wanted.items() if value},
    )


def target(hub: LocalHub, who: Identity, organization: str | None, name: str, kind: Kind) -> RepoId:
    """The repository a body names, in a namespace this caller may write to."""
    if organization is None and "/" in name:
        organization, _, name = name.partition("/")
    check_name(name)
    namespace = hub.users.namespace(organization or who.name)
    if namespace is None or not who.may_write(namespace):
        raise Forbidden(
            f'You don\'t have the rights to create or change a {kind} under the namespace "{(organization or who.name)[:96]}"'
        )
    return RepoId(kind, namespace, name)


def _own(repo: Repo, who: Identity) -> None:
    """Deleting, moving and settings take more than writing files: not for contributors of others' repositories."""
    if not access.may_write(repo, who):
        raise Forbidden(f"You don't have the rights to change {repo.full_name}.")


def is_private(visibility: str | None, private: bool | None, kind: Kind) -> bool | None:
    if visibility == "protected":
        raise wire.NotImplementedHere("Protected Spaces are not offered here.", "Choose public or private.")
    return visibility == "private" if visibility else private


def _content(file: FirstFile) -> bytes:
    if file.encoding == "utf-8":
        return file.content.encode("utf-8", "replace")
    try:
        return base64.b64decode(file.content, validate=True)
    except binascii.Error:
        raise InvalidInput(f"The content of {file.path[:200]!r} is not base64.") from None
