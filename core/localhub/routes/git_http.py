"""git over HTTP: clone, fetch and push, with a token as the password."""

from __future__ import annotations

import tempfile
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from anyio import to_thread
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from core.errors import InvalidInput, TooLarge
from core.git.transport import advertise, receive_pack, upload_pack
from core.localhub import access, wire
from core.localhub.repos import Repo
from core.localhub.spool import spooled

if TYPE_CHECKING:
    from core.localhub.server import LocalHub

SERVICES = ("git-upload-pack", "git-receive-pack")
IN_MEMORY = 4 << 20
MOST_UNPACKED = 32 << 20  # git compresses only what stays below http.postBuffer, a megabyte unless told otherwise
_NO_CACHE = {"Cache-Control": "no-cache, max-age=0, must-revalidate", "Pragma": "no-cache"}


def routes(hub: LocalHub) -> list[Route]:
    async def info_refs(request: Request) -> Response:
        service = request.query_params.get("service", "")
        if service not in SERVICES:
            raise InvalidInput("This Hub speaks only git's smart protocol.", "Use git 1.7 or newer.")
        repo = _repo(hub, request, service)
        out = await to_thread.run_sync(_written, lambda out: advertise(hub.repos.path(repo.repo), service, out))
        return _sent(out, f"application/x-{service}-advertisement")

    async def rpc(request: Request) -> Response:
        service = request.url.path.rsplit("/", 1)[-1]
        repo = _repo(hub, request, service)
        # Browsers cannot send this type across origins without asking first, as git http-backend relies on too.
        if request.headers.get("content-type") != f"application/x-{service}-request":
            raise wire.Unprocessable("This is not a git request.")
        async with spooled(request, hub.spool) as body:
            if "gzip" in request.headers.get("content-encoding", ""):
                await to_thread.run_sync(_gunzip, body)
            out = await to_thread.run_sync(_written, lambda out: _serve(hub, repo, service, body, out))
        return _sent(out, f"application/x-{service}-result")

    listed = []
    for prefix in ("/{kind:kind}", ""):
        at = prefix + "/{namespace}/{name}"
        listed += [Route(f"{at}/info/refs", info_refs)]
        listed += [Route(f"{at}/{service}", rpc, methods=["POST"]) for service in SERVICES]
    return listed


def _repo(hub: LocalHub, request: Request, service: str) -> Repo:
    if service == "git-receive-pack":
        return access.writable(hub, request)[0]
    return access.readable(hub, request)


def _serve(hub: LocalHub, repo: Repo, service: str, body: Path, out: BinaryIO) -> None:
    with body.open("rb") as file:
        if service == "git-upload-pack":
            return upload_pack(hub.repos.path(repo.repo), file, out)
        receive_pack(
            hub.repos.git(repo), file, out, allows=_refusal, moved=lambda ref, sha: hub.repos.notify(repo, ref, sha)
        )


def _refusal(ref: str, sha: str | None) -> str | None:
    """Why a pushed ref may not move, or None."""
    if sha is None and ref == "refs/heads/main":
        return "Cannot delete refs/heads/main"
    return None if ref.startswith(("refs/heads/", "refs/tags/", "refs/pr/")) else "only branches and tags are kept here"


def _written(write: Callable[[BinaryIO], None]) -> BinaryIO:
    out = tempfile.SpooledTemporaryFile(max_size=IN_MEMORY)
    try:
        write(out)
        out.seek(0)
    except BaseException:
        out.close()
        raise
    return out


def _sent(out: BinaryIO, media_type: str) -> Response:
    def chunks() -> Iterator[bytes]:
        with out:
            while chunk := out.read(1 << 18):
                yield chunk

    return StreamingResponse(chunks(), headers=_NO_CACHE, media_type=media_type)


def _gunzip(body: Path) -> None:
    """Replace a compressed body by what it holds; `TooLarge` soon after it turns out to be more than any client compresses."""
    plain = body.with_suffix(".plain")
    unpacker = zlib.decompressobj(31)
    try:
        with body.open("rb") as packed, plain.open("wb") as file:
            while raw := packed.read(1 << 16):
                while raw:
                    file.write(unpacker.decompress(raw, 1 << 20))
                    raw = unpacker.unconsumed_tail
                    if file.tell() > MOST_UNPACKED:
                        raise TooLarge(f"The body holds more than {MOST_UNPACKED >> 20} MB.", "Send it without compressing it.")
            file.write(unpacker.flush())
        plain.replace(body)
    except zlib.error:
        raise InvalidInput("The body is not valid gzip.") from None
    finally:
        plain.unlink(missing_ok=True)


