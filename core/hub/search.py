"""Find models, datasets and Spaces, and look at one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

from core.caller import Caller
from core.errors import InvalidInput
from core.hub.client import Hub
from core.hub.errors import nonsense
from core.hub.names import check_name, check_repo
from core.hub.rows import Kind, Row, check_kind, row, web_url

if TYPE_CHECKING:
    from huggingface_hub import HfApi

LARGEST_PAGE = 50
QUERY_LENGTH = 500
_SORTS: dict[str, str | None] = {
    "relevance": None,
    "trending": "trendingScore",
    "likes": "likes",
    "downloads": "downloads",
    "updated": "lastModified",
    "created": "createdAt",
}
_EXPAND = {
    "model": ("downloads", "likes", "lastModified", "pipeline_tag", "library_name", "tags", "inference", "createdAt"),
    "dataset": ("downloads", "likes", "lastModified", "tags", "description", "createdAt"),
    "space": ("likes", "lastModified", "sdk", "tags", "cardData", "runtime", "createdAt"),
}
_LISTED_FILES = 200


@dataclass(frozen=True)
class Page:
    """Some of the results; `next` continues the same search, None at its end."""

    items: tuple[Row, ...]
    next: str | None

    def to_dict(self) -> dict[str, Any]:
        return {"items": [item.to_dict() for item in self.items], "next": self.next}


async def search(
    hub: Hub,
    caller: Caller,
    kind: Kind,
    query: str = "",
    *,
    limit: int = 20,
    filter: Sequence[str] = (),
    sort: str = "relevance",
    cursor: str | None = None,
    include_stopped: bool = False,
) -> Page:
    """Models, datasets or Spaces that fit a query.

    Args:
        kind: model, dataset or space.
        query: words; at most 500 characters. Spaces are found by meaning, the others by name. Empty lists everything.
        limit: rows, 1 to 50, default 20.
        filter: tags every result carries, such as text-classification, license:mit or gradio; at most 10.
        sort: relevance (the default: by meaning for Spaces, else the Hub's own order), trending, likes, downloads,
            updated or created. Without a query relevance means trending.
        cursor: `next` of the page before.
        include_stopped: with a query, show Spaces that do not run too.

    Returns a Page. Raises InvalidInput, RateLimited, HubUnavailable, TimedOut, Unauthorized for a bad token.
    """
    kind = check_kind(kind)
    query = " ".join(query.split())
    if len(query) > QUERY_LENGTH:
        raise InvalidInput(f"A query has at most {QUERY_LENGTH} characters; this one has {len(query)}.")
    if not 1 <= limit <= LARGEST_PAGE:
        raise InvalidInput(f"limit is {limit}; it must be between 1 and {LARGEST_PAGE}.")
    if sort not in _SORTS:
        raise InvalidInput(f"{sort!r} is not an order.", f"Sort by one of: {', '.join(_SORTS)}.")
    if sort == "downloads" and kind == "space":
        raise InvalidInput("Spaces have no downloads to sort by.", "Sort Spaces by trending, likes, updated or created.")
    if len(filter) > 10 or any(not tag or len(tag) > 100 for tag in filter):
        raise InvalidInput("filter takes at most 10 tags of at most 100 characters.")
    if kind == "space" and query and _SORTS[sort] is None:
        return await _by_meaning(hub, caller, query, limit, filter, cursor, include_stopped)
    return await _listing(hub, caller, kind, query, limit, filter, sort, cursor)


async def _by_meaning(
    hub: Hub, caller: Caller, query: str, limit: int, tags: Sequence[str], cursor: str | None, include_stopped: bool
) -> Page:
    start = _offset(cursor)

    def question(api: HfApi) -> list[Row]:
        found = api.search_spaces(query, filter=list(tags) or None, include_non_running=include_stopped)
        return [made for result in found if (made := row("space", _raw(result), hub.endpoint))]

    rows = await hub.ask(caller, question, doing=f"search Spaces for {query[:60]!r}", timeout=30, retry=True)
    end = start + limit
    return Page(tuple(rows[start:end]), str(end) if end < len(rows) else None)


def _raw(result: Any) -> dict[str, Any]:
    """A semantic search result of the library, under the names a listing uses."""
    return {
        "id": result.id,
        "title": result.title,
        "likes": result.likes,
        "sdk": result.sdk,
        "tags": result.tags,
        "runtime": result.runtime.raw if result.runtime else None,
        "ai_short_description": result.ai_short_description,
        "ai_category": result.ai_category,
    }


def _offset(cursor: str | None) -> int:
    if cursor is None:
        return 0
    if not cursor.isdigit() or int(cursor) > 10_000:
        raise InvalidInput("This cursor does not belong to this search.", "Use `next` of the page before, or none.")
    return int(cursor)


async def _listing(
    hub: Hub, caller: Caller, kind: Kind, query: str, limit: int, tags: Sequence[str], sort: str, cursor: str | None
) -> Page:
    """One page, asked for directly: the library's listings walk through the pages and do not give the cursor away."""
    parameters: dict[str, Any] = {"limit": limit, "expand": list(_EXPAND[kind])}
    order = _SORTS[sort] or (None if query else _SORTS["trending"])
    if order:
        parameters |= {"sort": order, "direction": -1}
    if query:
        parameters["search"] = query
    if tags:
        parameters["filter"] = list(tags)
    if cursor:
        if len(cursor) > 2000:
            raise InvalidInput("This cursor does not belong to this search.", "Use `next` of the page before, or none.")
        parameters["cursor"] = cursor

    def question(api: HfApi) -> tuple[Any, str | None]:
        from huggingface_hub.utils import build_hf_headers, get_session, hf_raise_for_status

        response = get_session().get(
            f"{api.endpoint}/api/{kind}s", params=parameters, headers=build_hf_headers(token=api.token)
        )
        hf_raise_for_status(response)
        return response.json(), response.links.get("next", {}).get("url")

    doing = f"list {kind}s"
    entries, following = await hub.ask(caller, question, doing=doing, timeout=30, retry=True)
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        raise nonsense(doing)
    rows = [made for entry in entries if (made := row(kind, entry, hub.endpoint))]
    return Page(tuple(rows[:limit]), _cursor(following))


def _cursor(url: str | None) -> str | None:
    """Only the opaque value travels on: a whole URL handed back to us could point anywhere."""
    return next(iter(parse_qs(urlsplit(url).query).get("cursor", [])), None) if url else None


async def details(hub: Hub, caller: Caller, kind: Kind, repo: str) -> dict[str, Any]:
    """One model, dataset or Space in full.

    Args:
        kind: model, dataset or space.
        repo: namespace/name; old models have a bare name.

    Returns the row's fields and `revision, private, gated, license, created, files: [{path, size}]` (at most 200),
    `file_count`, `card`; Spaces also `stage, hardware, host, models, datasets`. Raises NotFound and those of `search`.
    """
    kind = check_kind(kind)
    check_repo(repo) if "/" in repo or kind == "space" else check_name(repo)
    doing = f"read the {kind} {repo}"

    def question(api: HfApi) -> dict[str, Any]:
        from huggingface_hub.utils import build_hf_headers, get_session, hf_raise_for_status

        # Asked for directly, so that what a newer Hub adds survives and dates stay as they were sent.
        response = get_session().get(
            f"{api.endpoint}/api/{kind}s/{repo}", params={"blobs": True}, headers=build_hf_headers(token=api.token)
        )
        hf_raise_for_status(response)
        return response.json()

    entry = await hub.ask(caller, question, doing=doing, timeout=30, retry=True)
    made = row(kind, entry, hub.endpoint) if isinstance(entry, dict) else None
    if made is None:
        raise nonsense(doing)
    card = entry.get("cardData") if isinstance(entry.get("cardData"), dict) else {}
    files = [file for file in entry.get("siblings") or [] if isinstance(file, dict)]
    shape = made.to_dict() | {
        "url": web_url(hub.endpoint, kind, made.id),
        "revision": entry.get("sha"),
        "private": bool(entry.get("private")),
        "gated": entry.get("gated") or False,
        "license": card.get("license"),
        "created": entry.get("createdAt"),
        "files": [{"path": file.get("rfilename"), "size": file.get("size")} for file in files[:_LISTED_FILES]],
        "file_count": len(files),
        "card": card,
    }
    if kind == "space":
        runtime = entry.get("runtime") or {}
        shape |= {
            "stage": runtime.get("stage"),
            "hardware": (runtime.get("hardware") or {}).get("current"),
            "host": entry.get("host"),
            "models": (entry.get("models") or [])[:50],
            "datasets": (entry.get("datasets") or [])[:50],
        }
    return shape
