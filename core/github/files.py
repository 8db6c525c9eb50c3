"""One file of a repository on GitHub, by lines."""

from __future__ import annotations

import asyncio
import base64
import binascii
from collections.abc import Mapping
from typing import Any

from core.errors import Forbidden, InvalidInput, NotFound, RateLimited, SpacesError
from core.github.client import GitHub, check_path, check_ref, named, objects, pasted, web
from core.github.examples import read_tree
from core.github.matching import nearest
from core.github.notebook import read_notebook

LINES = 300
MOST_LINES = 3_000
TEXT_LENGTH = 60_000
MOST_BYTES = 5_000_000
_ENTRIES = 300
_NO_LINES = {"first": 0, "last": 0, "total": 0}


async def read_file(
    github: GitHub, repo: str, path: str, *, ref: str = "", line_start: int | None = None, line_end: int | None = None
) -> dict[str, Any]:
    """One text file; a notebook comes as markdown without its outputs, a folder as its entries.

    Args:
        repo: owner/name; or the address of the file on github.com, which says the rest too.
        path: of the file in the repository; empty shows the root folder.
        ref: a branch, a tag or a commit; the default branch by default.
        line_start: the first line, from 1. line_end: the last one; by default 300 lines are given, at most 3,000.

    Returns `{repo, path, ref, type, size, binary, text, lines: {first, last, total}, next_line, entries, url, notes, rate}`.
    Raises NotFound with similar paths or repositories, TooLarge over 5 MB, InvalidInput, RateLimited, SourceUnavailable, TimedOut.
    """
    if at := pasted(path) or pasted(repo):
        repo, ref, path = at[0], ref or at[1], at[2]
    owner, name = named(repo)
    path, ref = check_path(path), check_ref(ref)
    first, last = _range(line_start, line_end)
    notes: list[str] = []
    try:
        address = f"/repos/{owner}/{name}/contents/{path}".rstrip("/")
        read = await github.get(address, allow_status=(404, 403), ref=ref or None, most_bytes=8_000_000)
    except RateLimited as error:
        return await _beside_the_limit(github, owner, name, path, ref, first, last, error)
    told = read.data
    if read.status == 404:
        raise await _missing(github, owner, name, path, ref, told)
    if read.status == 403 and not _too_large_for_the_api(told):
        raise Forbidden(f"GitHub does not show {path} of {owner}/{name}.", "It may be private, or need a key in the settings (research.github_token).")
    shape = {"repo": f"{owner}/{name}", "path": path, "ref": ref or "HEAD", "rate": github.rate}
    if isinstance(told, list):
        return _folder(shape, objects(told), web(owner, name, ref or "HEAD", path, kind="tree"), notes + github.notes())
    told = told if isinstance(told, Mapping) else {}
    kind = str(told.get("type") or "file")
    if kind == "submodule":
        raise InvalidInput(f"{path} is a submodule: another repository stands there.", f"Read {told.get('submodule_git_url') or 'that repository'} instead.")
    body = _decoded(told)
    if body is None:
        body = await github.raw(owner, name, ref or "HEAD", path, most_bytes=MOST_BYTES)
        notes.append("The file is too large for the API and was read as it is.")
    size = told.get("size") if isinstance(told.get("size"), int) else len(body)
    page = await asyncio.to_thread(_page, path, body, first, last)
    url = web(owner, name, ref or "HEAD", path)
    return shape | {"type": kind, "size": size, "url": url, "entries": []} | page | {"notes": notes + page["notes"] + github.notes()}


def _range(start: int | None, end: int | None) -> tuple[int, int]:
    first = 1 if start is None else start
    last = first + LINES - 1 if end is None else end
    if first < 1 or last < first:
        raise InvalidInput(f"Lines {start} to {end} are none.", "Lines count from 1, and line_end is not before line_start.")
    return first, min(last, first + MOST_LINES - 1)


def _too_large_for_the_api(told: Any) -> bool:
    """GitHub's API gives files of up to 100 MB; beyond that, and for some large ones, it answers 403 `too_large`."""
    errors = objects(told, "errors")
    return any(error.get("code") == "too_large" for error in errors)


def _decoded(told: Mapping[str, Any]) -> bytes | None:
    """The content inside the answer; None where GitHub left it out, as it does above 1 MB."""
    content = told.get("content")
    if told.get("encoding") != "base64" or not isinstance(content, str) or (not content and told.get("size")):
        return None
    try:
        return base64.b64decode("".join(content.split()), validate=True)
    except (binascii.Error, ValueError):
        return None


def _page(path: str, body: bytes, first: int, last: int) -> dict[str, Any]:
    """The lines asked for, and what has to be said about them."""
    notes: list[str] = []
    text = _text(body)
    if text is None:
        return {"binary": True, "text": None, "lines": dict(_NO_LINES), "next_line": None, "notes": ["A binary file; it has no text to read."]}
    if path.lower().endswith(".ipynb"):
        notebook = read_notebook(body)
        if notebook is None:
            notes.append("The notebook cannot be read as one; this is the file as it is.")
        else:
            text = notebook.markdown
            left_out = f", {notebook.hidden} hidden cells left out" if notebook.hidden else ""
            notes.append(f"A notebook of {notebook.cells} cells as markdown, outputs left out{left_out}; lines count in the markdown.")
    lines = text.splitlines(keepends=True)
    if first > max(len(lines), 1):
        raise InvalidInput(f"{path} has {len(lines)} lines; line {first} is behind its end.", f"Give line_start from 1 to {max(len(lines), 1)}.")
    shown, length = [], 0
    for line in lines[first - 1 : last]:
        if shown and length + len(line) > TEXT_LENGTH:
            break
        shown.append(line)
        length += len(line)
    given = "".join(shown)
    if len(given) > TEXT_LENGTH:
        given = given[:TEXT_LENGTH]
        notes.append(f"Line {first} is longer than {TEXT_LENGTH:,} characters and is cut.")
    reached = first + len(shown) - 1
    return {
        "binary": False,
        "text": given,
        "lines": {"first": first if shown else 0, "last": reached if shown else 0, "total": len(lines)},
        "next_line": reached + 1 if reached < len(lines) else None,
        "notes": notes,
    }


def _text(body: bytes) -> str | None:
    if b"\0" in body[:8_192] and not body.startswith((b"\xff\xfe", b"\xfe\xff")):
        return None
    for encoding in ("utf-8-sig", "utf-16" if body.startswith((b"\xff\xfe", b"\xfe\xff")) else "utf-8"):
        try:
            return body.decode(encoding)
        except UnicodeDecodeError:
            continue
    return None


def _folder(shape: Mapping[str, Any], entries: list[Mapping[str, Any]], url: str, notes: list[str]) -> dict[str, Any]:
    listed = [{"path": one.get("path"), "type": one.get("type"), "size": one.get("size")} for one in entries[:_ENTRIES]]
    said = [f"A folder of {len(entries)} entries" + (f", the first {_ENTRIES} of them." if len(entries) > _ENTRIES else "; read one of them.")]
    empty = {"size": None, "binary": False, "text": None, "lines": dict(_NO_LINES), "next_line": None}
    return {**shape, "type": "folder", **empty, "entries": listed, "url": url, "notes": said + notes}


async def _beside_the_limit(github: GitHub, owner: str, repo: str, path: str, ref: str, first: int, last: int, error: RateLimited) -> dict[str, Any]:
    """The file as it is, which costs no request of the API; the limit itself where that has nothing either."""
    if not path:
        raise error
    try:
        body = await github.raw(owner, repo, ref or "HEAD", path, most_bytes=MOST_BYTES)
    except (NotFound, Forbidden):
        raise error from None
    page = await asyncio.to_thread(_page, path, body, first, last)
    notes = ["GitHub's API takes no more requests for now; the file was read as it is.", *page["notes"]]
    shape = {"repo": f"{owner}/{repo}", "path": path, "ref": ref or "HEAD", "rate": github.rate, "type": "file", "size": len(body), "entries": []}
    return shape | {"url": web(owner, repo, ref or "HEAD", path)} | page | {"notes": notes}


async def _missing(github: GitHub, owner: str, repo: str, path: str, ref: str, told: Any) -> NotFound:
    """The error for a file that is not there: whether it is the repository, the revision or the path, and what comes near."""
    about = await github.get(f"/repos/{owner}/{repo}", allow_status=(404,))
    if about.status == 404:
        return await github.missing(owner, repo)
    said = str(told.get("message") or "") if isinstance(told, Mapping) else ""
    branch = about.data.get("default_branch") if isinstance(about.data, Mapping) else None
    if ref and "No commit found" in said:
        return NotFound(f"{owner}/{repo} has no revision {ref!r}.", f"Leave ref out for the default branch, {branch or 'HEAD'}.")
    try:
        tree = await read_tree(github, owner, repo, ref or (branch if isinstance(branch, str) and branch else "HEAD"))
    except SpacesError:
        return NotFound(f"{owner}/{repo} has no file {path!r}.", "github_find_examples shows what it has.")
    near = await asyncio.to_thread(nearest, path, [one for one, _ in tree.files])
    fix = f"Similar paths: {', '.join(near)}." if near else "github_find_examples shows what it has."
    return NotFound(f"{owner}/{repo} has no file {path!r} at {tree.ref}.", fix, similar=near)
