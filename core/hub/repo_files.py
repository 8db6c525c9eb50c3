"""The files of one repository: a list, and one of them as text. There is nothing here that writes."""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from core.caller import Caller
from core.errors import InvalidInput, NotFound, RateLimited, SpacesError
from core.hub.client import Hub
from core.hub.details import details
from core.hub.errors import nonsense, of_sample, refusal
from core.hub.names import check_name, check_repo
from core.hub.rows import Kind, check_kind, number, text, web_url
from core.hub.transport import retry_after

if TYPE_CHECKING:
    from huggingface_hub import HfApi

MOST_FILES = 500
TEXT_LENGTH = 50_000
MOST_BYTES = 8_000_000
_PAGES = 3
_NAMED = 30  # files an error names
_ERROR_BYTES = 20_000
_REVISION = re.compile(r"[\w.-][\w./-]{0,199}")


async def list_files(
    hub: Hub, caller: Caller, repo: str, *, kind: Kind = "model", path: str = "", revision: str = "main"
) -> dict[str, Any]:
    """The files below a folder, with their sizes.

    Args:
        repo: namespace/name, or the bare name of an old model or dataset.
        kind: model, dataset or space.
        path: a folder; the whole repository by default.
        revision: a branch, a tag or a commit.

    Returns `{repo, kind, revision, path, url, items: [{path, size, large}], meta: {count, bytes, cut, note}}`: at most 500 files;
    large: kept outside of git. Raises NotFound, Unauthorized, Forbidden, RateLimited, HubUnavailable, TimedOut.
    """
    repo, kind, path, revision = _checked(repo, kind, path, revision)
    address = f"/api/{kind}s/{repo}/tree/{quote(revision, safe='')}" + (f"/{quote(path)}" if path else "")
    found: list[dict[str, Any]] = []
    try:
        async for page in hub.wire.pages(address, token=caller.token, params={"recursive": True}, max_pages=_PAGES):
            if not isinstance(page.data, list):
                raise nonsense(f"list the files of {repo}")
            found += [one for entry in page.data if (one := _file(entry))]
            more = page.next is not None
    except NotFound:
        if not hub.local or path or revision != "main":
            raise
        # An entry of a Local Hub's sample has a description and a card, but no tree.
        one = await details(hub, caller, kind, repo)
        found, more = [{"path": file["path"], "size": file["size"], "large": False} for file in one["files"]], False
    shown = found[:MOST_FILES]
    cut = more or len(found) > len(shown)
    known = f"{'More than ' if more else ''}{len(found)} files"
    return {
        "repo": repo,
        "kind": kind,
        "revision": revision,
        "path": path,
        "url": web_url(hub.endpoint, kind, repo),
        "items": shown,
        "meta": {
            "count": len(shown),
            "bytes": sum(file["size"] or 0 for file in shown),
            "cut": cut,
            "note": f"{known}; the first {len(shown)} are listed. Give a folder as path to see others." if cut else "",
        },
    }


async def read_file(
    hub: Hub, caller: Caller, repo: str, path: str, *, kind: Kind = "model", revision: str = "main", offset: int = 0
) -> dict[str, Any]:
    """One file as text, 50,000 characters at a time.

    Args:
        repo: namespace/name, or the bare name of an old model or dataset.
        path: the file, as the list gives it.
        kind: model, dataset or space.
        revision: a branch, a tag or a commit.
        offset: character to go on from: `next_offset` of the answer before.

    Returns `{repo, kind, revision, path, url, size, binary, text, offset, next_offset, total, note}`: size in bytes, None
    where it is not told; text None for what is no text; total characters. Of a file over 8 MB only that beginning is read.
    Raises NotFound, Unauthorized, Forbidden, RateLimited, HubUnavailable, TimedOut.
    """
    repo, kind, path, revision = _checked(repo, kind, path, revision)
    if not path:
        raise InvalidInput("A file is read by its path.", 'Name one such as README.md; operation "list" shows them.')
    doing = f"read {path} of {repo}"
    prefix = "" if kind == "model" else f"{kind}s/"
    address = f"/{prefix}{repo}/resolve/{quote(revision, safe='')}/{quote(path)}"

    def question(api: HfApi) -> tuple[bytes, int | None]:
        return _bytes(api, address, doing, caller)

    try:
        body, size = await hub.ask(caller, question, doing=doing, timeout=60, retry=True)
    except NotFound as error:
        raise await _no_file(hub, caller, repo, path, kind, revision) or error from None
    whole = _decoded(body[:MOST_BYTES])
    cut = len(body) > MOST_BYTES
    size = size if size is not None else None if cut else len(body)
    page: dict[str, Any] = {"repo": repo, "kind": kind, "revision": revision, "path": path, "url": f"{hub.endpoint}{address}", "size": size}
    if whole is None:
        told = f" of {size:,} bytes" if size is not None else ""
        return page | {"binary": True, "text": None, "offset": 0, "next_offset": None, "total": 0, "note": f"A binary file{told}; it has no text to read."}
    start = max(0, min(offset, len(whole)))
    end = start + TEXT_LENGTH
    note = f"The file is large; only its first {MOST_BYTES // 1_000_000} MB can be read here." if cut else ""
    return page | {
        "binary": False,
        "text": whole[start:end],
        "offset": start,
        "next_offset": end if end < len(whole) else None,
        "total": len(whole),
        "note": note,
    }


async def _no_file(hub: Hub, caller: Caller, repo: str, path: str, kind: Kind, revision: str) -> NotFound | None:
    """The error that names what the repository has instead; None where the repository itself is not to be seen."""
    try:
        listed = await list_files(hub, caller, repo, kind=kind, revision=revision)
    except SpacesError:
        return None
    names = [file["path"] for file in listed["items"]]
    near = difflib.get_close_matches(path, names, n=3, cutoff=0.6)
    shown = list(dict.fromkeys([*near, *names]))[:_NAMED]
    more = f" and {len(names) - len(shown)} more" if len(names) > len(shown) else ""
    error = NotFound(f"{repo} has no file {path!r}.", f"Its files are: {', '.join(shown)}{more}." if shown else "It has no files.", files=shown)
    return of_sample(error) if hub.local else error


def _checked(repo: str, kind: str, path: str, revision: str) -> tuple[str, Kind, str, str]:
    repo, kind = repo.strip(), check_kind(kind)
    check_repo(repo) if "/" in repo or kind == "space" else check_name(repo)
    path = path.strip().strip("/")
    if path and (len(path) > 1_000 or not path.isprintable() or "\\" in path or {"", ".", ".."} & set(path.split("/"))):
        raise InvalidInput(f"{path[:80]!r} is not a path in a repository.", "Give it as the list does, such as src/app.py.")
    if not _REVISION.fullmatch(revision) or ".." in revision or "//" in revision:
        raise InvalidInput(f"{revision[:80]!r} is not a revision.", "Give a branch, a tag or a commit; main by default.")
    return repo, kind, path, revision


def _file(entry: Any) -> dict[str, Any] | None:
    if not isinstance(entry, Mapping) or entry.get("type") != "file" or not text(entry.get("path")):
        return None
    return {"path": entry["path"], "size": number(entry.get("size")), "large": isinstance(entry.get("lfs"), Mapping)}


def _bytes(api: HfApi, address: str, doing: str, caller: Caller) -> tuple[bytes, int | None]:
    """The file's first bytes, one more than the bound where there are more, and its size where it is told.

    The client drops the token itself when the Hub sends it to another host for a large file.
    """
    from huggingface_hub.utils import build_hf_headers, get_session

    headers = build_hf_headers(token=api.token) | {"Accept-Encoding": "identity"}
    with get_session().stream("GET", api.endpoint + address, headers=headers) as response:
        most = MOST_BYTES if response.is_success else _ERROR_BYTES
        body = bytearray()
        for piece in response.iter_bytes(65_536):
            body += piece
            if len(body) > most:
                break
        if response.status_code == 429:
            seconds = retry_after(response)
            raise RateLimited(f"Could not {doing}: the Hub takes no more requests for now.", retry_after=seconds)
        if not response.is_success:
            said = response.headers.get("x-error-message", "")
            raise refusal(response.status_code, doing, code=response.headers.get("x-error-code", ""), said=said, token=caller.token)
        length = response.headers.get("content-length", "")
        return bytes(body), int(length) if length.isdigit() else None


def _decoded(body: bytes) -> str | None:
    """The text, or None for what is none; a character the bound cut in two is left out."""
    if b"\0" in body[:8_192]:
        return None
    for end in (len(body), *range(len(body) - 1, max(0, len(body) - 4), -1)):
        try:
            return body[:end].decode("utf-8")
        except UnicodeDecodeError:
            if len(body) < MOST_BYTES:
                return None
    return None
