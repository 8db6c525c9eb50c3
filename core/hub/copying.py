"""Copies of Spaces: their files into memory, or a Space of one's own at the Hub."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from core.caller import Caller
from core.errors import InvalidInput, NotFound, TooLarge
from core.hub.client import Hub
from core.hub.names import check_repo
from core.hub.rows import web_url
from core.hub.spaces import full_name

if TYPE_CHECKING:
    from huggingface_hub import HfApi

MOST_FILES = 2_000
FILE_BYTES = 10_000_000
ALL_BYTES = 50_000_000
_SAMPLE = "This Space has no files that could be copied."


@dataclass(frozen=True)
class SpaceFiles:
    """files: path → content at `revision`. left_out: `{path, size, why}` of files too large."""

    revision: str
    files: dict[str, bytes]
    left_out: tuple[dict[str, Any], ...]


async def space_files(hub: Hub, caller: Caller, repo: str) -> SpaceFiles:
    """All files of a Space as they are now: at most 2000, 10 MB each and 50 MB together; larger ones are left out and named.

    Raises NotFound, Forbidden, Unauthorized, TooLarge (with too many files), InvalidInput (with none), HubUnavailable, TimedOut.
    """
    check_repo(repo)

    def question(api: HfApi) -> SpaceFiles:
        revision = api.space_info(repo).sha
        if not revision:
            raise InvalidInput(_SAMPLE, "Choose another one, or build it anew.")
        entries = [one for one in api.list_repo_tree(repo, repo_type="space", recursive=True, revision=revision) if hasattr(one, "blob_id")]
        sizes = {one.path: one.size for one in entries if one.path != ".gitattributes"}
        wanted, left_out = _chosen(sizes)
        if not wanted:
            raise InvalidInput(_SAMPLE, "Choose another one, or build it anew.")
        with tempfile.TemporaryDirectory(prefix="space-") as folder:
            files = {path: Path(_fetched(api, repo, path, revision, folder)).read_bytes() for path in wanted}
        return SpaceFiles(revision, files, left_out)

    try:
        return await hub.ask(caller, question, doing=f"read the files of {repo}", timeout=180, retry=True)
    except NotFound as error:
        if hub.local:
            raise NotFound(error.message, "Entries of the sample have a description and no files; choose a Space somebody made here.") from None
        raise


def _fetched(api: HfApi, repo: str, path: str, revision: str, folder: str) -> str:
    return api.hf_hub_download(repo, path, repo_type="space", revision=revision, local_dir=folder)


def _chosen(sizes: dict[str, int]) -> tuple[list[str], tuple[dict[str, Any], ...]]:
    if len(sizes) > MOST_FILES:
        raise TooLarge(f"The Space has {len(sizes)} files; a project holds {MOST_FILES}.", "Clone it with git and take what you need.")
    wanted, left_out, together = [], [], 0
    for path, size in sorted(sizes.items(), key=lambda one: (one[1], one[0])):
        if size > FILE_BYTES or together + size > ALL_BYTES:
            limit = FILE_BYTES if size > FILE_BYTES else ALL_BYTES
            left_out.append({"path": path, "size": size, "why": f"more than {limit // 1_000_000} MB{'' if size > FILE_BYTES else ' together'}"})
        else:
            together += size
            wanted.append(path)
    return wanted, tuple(left_out)


async def duplicate_space(hub: Hub, caller: Caller, repo: str, *, name: str = "", visibility: Literal["public", "private"] = "private") -> dict[str, Any]:
    """Copy a Space to the caller's account, as the Hub does it: on free hardware, without its secrets.

    Args:
        repo: owner/name.
        name: of the copy, bare or in a namespace of the caller's; the same name when empty.
        visibility: public or private.

    Returns `{repo, url}`. Raises Conflict when the name is taken, NotFound, Forbidden, Unauthorized, PaymentRequired.
    """
    check_repo(repo)
    caller.require_token("to duplicate a Space")
    target = await full_name(hub, caller, name.strip() or repo.split("/")[1])

    def question(api: HfApi) -> None:
        api.duplicate_repo(repo, to_id=target, repo_type="space", private=visibility == "private")

    await hub.ask(caller, question, doing=f"duplicate {repo}", timeout=120)
    hub.forget(caller)
    return {"repo": target, "url": web_url(hub.endpoint, "space", target)}
