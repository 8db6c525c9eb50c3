"""git-lfs: the batch request, the signed addresses it gives out, verify and locks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from anyio import to_thread
from pydantic import BaseModel, Field
from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.routing import Route

from core.errors import Forbidden, InvalidInput
from core.localhub import access, lfs, wire
from core.localhub.repos import Repo
from core.localhub.spool import MAX_UPLOAD, spooled

if TYPE_CHECKING:
    from core.localhub.server import LocalHub

LFS_JSON = "application/vnd.git-lfs+json"


class Object(BaseModel):
    oid: str = Field(pattern=r"^[0-9a-f]{64}$")
    size: int = Field(ge=0, le=MAX_UPLOAD)

    @property
    def pointer(self) -> lfs.Pointer:
        return lfs.Pointer(self.oid, self.size)


class Batch(BaseModel):
    operation: Literal["upload", "download"]
    objects: list[Object] = Field(max_length=1000)
    hash_algo: Literal["sha256"] = "sha256"


def routes(hub: LocalHub) -> list[Route]:
    async def batch(request: Request) -> Response:
        asked = await wire.read_json(request, Batch)
        repo = _repo(hub, request, write=asked.operation == "upload")
        base = f"{wire.base_url(request, hub.prefix)}/{repo.repo.path}.git/info/lfs"
        objects = [_object(hub, repo, base, asked.operation, wanted.pointer) for wanted in asked.objects]
        return _lfs_answer({"transfer": "basic", "objects": objects, "hash_algo": "sha256"})

    async def put(request: Request) -> Response:
        repo, pointer = _signed(hub, request, "upload")
        folder = hub.repos.path(repo.repo)
        async with spooled(request, hub.spool, pointer.size) as body:
            await to_thread.run_sync(lfs.keep, body, folder, pointer)
        return Response(status_code=200)

    async def get(request: Request) -> Response:
        repo, pointer = _signed(hub, request, "download")
        stored = lfs.object_path(hub.repos.path(repo.repo), pointer.oid)
        if not stored.is_file():
            raise wire.EntryNotFound("Object does not exist")
        return FileResponse(stored, media_type="application/octet-stream")

    async def verify(request: Request) -> Response:
        asked = await wire.read_json(request, Object)
        stored = lfs.object_path(hub.repos.path(_repo(hub, request, write=True).repo), asked.oid)
        if not stored.is_file() or stored.stat().st_size != asked.size:
            raise wire.EntryNotFound("Object does not exist or has another size")
        return _lfs_answer({})

    async def verify_locks(request: Request) -> Response:
        _repo(hub, request, write=True)
        return _lfs_answer({"ours": [], "theirs": []})

    listed = []
    for prefix in ("/{kind:kind}", ""):
        at = prefix + "/{namespace}/{name}/info/lfs"
        listed += [
            Route(at + "/objects/batch", batch, methods=["POST"]),
            Route(at + "/objects/{oid}", put, methods=["PUT"]),
            Route(at + "/objects/{oid}", get, methods=["GET"]),
            Route(at + "/verify", verify, methods=["POST"]),
            Route(at + "/locks/verify", verify_locks, methods=["POST"]),
        ]
    return listed


def _repo(hub: LocalHub, request: Request, *, write: bool) -> Repo:
    return access.writable(hub, request)[0] if write else access.readable(hub, request)


def _object(hub: LocalHub, repo: Repo, base: str, operation: str, pointer: lfs.Pointer) -> dict[str, Any]:
    shape: dict[str, Any] = {"oid": pointer.oid, "size": pointer.size, "authenticated": True}
    stored = lfs.object_path(hub.repos.path(repo.repo), pointer.oid).is_file()
    if operation == "upload" and stored:
        return shape
    if operation == "download" and not stored:
        return shape | {"error": {"code": 404, "message": "Object does not exist"}}
    signature = lfs.sign(hub.key, operation, repo.id, pointer)
    action = {"href": f"{base}/objects/{pointer.oid}?{signature}", "header": {}, "expires_in": lfs.VALID_SECONDS}
    shape["actions"] = {operation: action}
    if operation == "upload":
        shape["actions"]["verify"] = {"href": f"{base}/verify", "header": {}, "expires_in": lfs.VALID_SECONDS}
    return shape


def _signed(hub: LocalHub, request: Request, action: str) -> tuple[Repo, lfs.Pointer]:
    """The repository and object of a signed address; the signature is the permission."""
    query = request.query_params
    size = query.get("size", "")
    if not size.isdigit() or len(size) > 15:
        raise InvalidInput("This address is not complete.")
    pointer = lfs.Pointer(request.path_params["oid"], int(size))
    repo = hub.repos.find(access.named(request))
    if repo is None:
        raise Forbidden("This address is not valid, or no longer.")
    lfs.check_signature(hub.key, action, repo.id, pointer, query.get("until", ""), query.get("sig", ""))
    return repo, pointer


def _lfs_answer(data: dict[str, Any]) -> Response:
    answered = wire.answer(data)
    answered.headers["Content-Type"] = LFS_JSON
    return answered
