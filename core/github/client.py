"""Questions to GitHub's API: with the owner's key, or without one within 60 requests an hour."""

from __future__ import annotations

import re
import time
from collections.abc import Container, Mapping
from typing import Any
from urllib.parse import quote, unquote

from core.errors import InvalidInput, NotFound, RateLimited, SpacesError
from core.reading import Read, Reader, Source
from core.secrets import Secret

SUGGESTED = 10
# https://docs.github.com/rest/about-the-rest-api/api-versions
_HEADERS = {"X-GitHub-Api-Version": "2022-11-28"}
_ACCEPT = "application/vnd.github+json"
_OWNER = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,37}[A-Za-z0-9])?")
_REPO = re.compile(r"[A-Za-z0-9_.-]{1,100}")
_PAGE = re.compile(
    r"(?:https?://)?(?:(?:www\.)?github\.com/([^/]+)/([^/]+)/(?:blob|tree|raw)/|raw\.githubusercontent\.com/([^/]+)/([^/]+)/)([^/?#]+)/([^?#]+)"
)
_REF = re.compile(r"[\w.@/+-]{1,200}")


class GitHub:
    """One conversation with GitHub; it remembers how many requests are left.

    Args:
        reader: asks and bounds.
        api: the API's address; the key goes to this host only.
        raw: where files are read as they are, without a key.
    """

    def __init__(self, reader: Reader, *, api: str, raw: str, token: Secret | None = None):
        self._reader, self.token = reader, token
        self._api = Source("GitHub", api, secret=token, headers=_HEADERS)
        self._raw = Source("GitHub", raw)
        self._left: dict[str, int] = {}

    async def get(self, path: str, *, allow_status: Container[int] = (), most_bytes: int = 5_000_000, **params: Any) -> Read:
        """JSON of the API. Raises what the reader raises; a rate limit says how many requests a key would allow."""
        try:
            read = await self._reader.get(
                self._api, path, params=params, accept=_ACCEPT, allow_status=allow_status, most_bytes=most_bytes
            )
        except RateLimited as error:
            if self.token:
                raise
            more = "a key in the settings (research.github_token) allows 5,000 an hour instead of 60"
            raise RateLimited(error.message, f"{error.fix.rstrip('.')}; {more}.", **error.details) from None
        if not read.cached:
            self._count(read.headers)
        return read

    async def raw(self, owner: str, repo: str, ref: str, path: str, *, most_bytes: int) -> bytes:
        """A file as it is; no key travels, and no request of the API is used up."""
        read = await self._reader.get(self._raw, f"/{owner}/{repo}/{ref}/{path}", want="bytes", most_bytes=most_bytes)
        return read.data

    @property
    def rate(self) -> dict[str, int]:
        """`{limit, left, resets_in}` as the last answers told it, seconds; empty where nothing travelled."""
        return dict(self._left)

    def notes(self) -> list[str]:
        """What is worth saying about the requests that are left."""
        if self.token or not self._left:
            return []
        minutes = max(1, round(self._left["resets_in"] / 60))
        return [f"Without a GitHub key: {self._left['left']} of {self._left['limit']} requests are left for the next {minutes} min."]

    async def similar(self, owner: str, repo: str) -> list[str]:
        """Repositories whose names come near, the owner's first; empty where GitHub does not say."""
        found: list[str] = []
        for question in (f"{repo} in:name user:{owner}", f"{repo} in:name"):
            if len(found) >= SUGGESTED:
                break
            try:
                read = await self.get("/search/repositories", q=question, per_page=SUGGESTED)
            except SpacesError:
                break
            found += [one["full_name"] for one in objects(read.data, "items") if isinstance(one.get("full_name"), str)]
        return list(dict.fromkeys(found))[:SUGGESTED]

    async def missing(self, owner: str, repo: str) -> NotFound:
        """The error for a repository that is not there, with names that come near."""
        near = await self.similar(owner, repo)
        fix = f"Similar ones: {', '.join(near)}." if near else "Check owner and name; github_list_repos shows what an owner has."
        return NotFound(f"GitHub shows no repository {owner}/{repo}; it does not exist or is private.", fix, similar=near)

    def _count(self, headers: Mapping[str, str]) -> None:
        # The search has a limit of its own (10 a minute), which is not the one that matters.
        if headers.get("x-ratelimit-resource", "core") != "core":
            return
        limit, left, reset = (headers.get(f"x-ratelimit-{name}", "").strip() for name in ("limit", "remaining", "reset"))
        if all(value.isdigit() and len(value) < 12 for value in (limit, left, reset)):
            self._left = {"limit": int(limit), "left": int(left), "resets_in": max(0, int(int(reset) - time.time()))}


def pasted(address: str) -> tuple[str, str, str] | None:
    """Repository, revision and path, where somebody gave the address of a file as a browser shows it; None for anything else."""
    found = _PAGE.match(address.strip())
    if not found:
        return None
    return f"{found[1] or found[3]}/{found[2] or found[4]}", unquote(found[5]), unquote(found[6])


def named(repo: str, owner: str = "") -> tuple[str, str]:
    """Owner and name, from `owner/name`, an address on github.com, or a bare name with the owner besides."""
    bare = re.sub(r"^(https?://)?(www\.)?github\.com/", "", repo.strip()).removesuffix(".git").strip("/")
    if "/" in bare:
        owner, _, bare = bare.partition("/")
    return check_owner(owner), _checked(bare, _REPO, "the name of a repository", "transformers")


def check_owner(owner: str) -> str:
    return _checked(owner.strip().removeprefix("@"), _OWNER, "a user or an organization on GitHub", "huggingface")


def check_ref(ref: str) -> str:
    """A branch, a tag or a commit; empty for the default branch."""
    return _checked(ref.strip(), _REF, "a branch, a tag or a commit", "main") if ref.strip() else ""


def check_path(path: str) -> str:
    path = path.strip().strip("/")
    if len(path) > 1_000 or not path.isprintable() or "\\" in path or {".", ".."} & set(path.split("/")) or "//" in path:
        raise InvalidInput(f"{path[:80]!r} is not a path in a repository.", "Give it as github_find_examples does, such as examples/scripts/sft.py.")
    return path


def _checked(value: str, pattern: re.Pattern[str], what: str, example: str) -> str:
    if not pattern.fullmatch(value) or value in (".", "..") or ".." in value or "//" in value:
        raise InvalidInput(f"{value[:80]!r} is not {what}.", f"Give one such as {example}.")
    return value


def objects(data: Any, key: str | None = None) -> list[Mapping[str, Any]]:
    """The objects of a list, or of the list under a key; empty where there is none."""
    listed = data.get(key) if key is not None and isinstance(data, Mapping) else data
    return [one for one in listed if isinstance(one, Mapping)] if isinstance(listed, list) else []


def web(owner: str, repo: str, ref: str, path: str, *, kind: str = "blob") -> str:
    """The page of a file or folder on github.com."""
    return f"https://github.com/{owner}/{repo}/{kind}/{quote(ref)}/{quote(path)}"
