"""Find what is no repository: papers, people and organizations, collections. Rows of the one shape all results have."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any, Literal
from urllib.parse import quote

from core.caller import Caller
from core.errors import InvalidInput, SpacesError
from core.hub.client import Hub
from core.hub.errors import nonsense
from core.hub.names import is_name
from core.hub.rows import Row, line, number, text
from core.hub.search import Page, check_query, cursor_of, offset_of

CollectionSort = Literal["relevance", "trending", "likes", "updated"]
_COLLECTION_SORTS = {"relevance": None, "trending": "trending", "likes": "upvotes", "updated": "lastModified"}
_PAPERS_FOUND = 120  # the most `/api/papers/search` answers
_SUMMARY = 240


async def find_papers(hub: Hub, caller: Caller, query: str = "", *, limit: int = 20, cursor: str | None = None) -> Page:
    """Papers about something; without a query the daily papers, newest first.

    Args:
        query: words; at most 500 characters.
        limit: rows, 1 to 50, default 20.
        cursor: `next` of the page before.
    Raises InvalidInput, RateLimited, HubUnavailable, TimedOut.
    """
    query, start = check_query(query, limit), offset_of(cursor)
    if query:
        most = min(start + limit + 1, _PAPERS_FOUND)
        answer = await hub.wire.get("/api/papers/search", token=caller.token, params={"q": query, "limit": most})
        entries = _entries(answer.data, "search papers")[start:]
        following = len(entries) > limit
    else:
        answer = await hub.wire.get("/api/daily_papers", token=caller.token, params={"limit": limit, "p": start // limit})
        entries = _entries(answer.data, "list the daily papers")
        following = len(entries) >= limit
    rows = _rows(paper_row(entry, hub.endpoint) for entry in entries[:limit])
    return Page(rows, str(start + limit) if following else None)


def paper_row(entry: Mapping[str, Any], endpoint: str) -> Row | None:
    """A row from an entry of a listing of papers, or from a paper itself."""
    inner = entry.get("paper")
    paper = inner if isinstance(inner, dict) else entry
    if not isinstance(paper.get("id"), str):
        return None
    keywords = [word for word in paper.get("ai_keywords") or () if isinstance(word, str)]
    return Row(
        id=paper["id"],
        kind="paper",
        title=line(paper.get("title") or entry.get("title") or paper["id"], 200),
        summary=line(paper.get("ai_summary") or paper.get("summary") or "", _SUMMARY),
        likes=number(paper.get("upvotes")) or 0,
        downloads=None,
        updated=text(paper.get("publishedAt")) or text(entry.get("publishedAt")),
        task=None,
        sdk=None,
        tags=tuple(keywords[:8]),
        runnable=None,
        url=f"{endpoint}/papers/{paper['id']}",
    )


async def find_collections(
    hub: Hub,
    caller: Caller,
    query: str = "",
    *,
    owner: str | None = None,
    limit: int = 20,
    sort: CollectionSort = "relevance",
    cursor: str | None = None,
) -> Page:
    """Collections by words of their title, or of one owner.

    Args:
        query: words; at most 500 characters.
        owner: only this user's or organization's.
        limit: rows, 1 to 50, default 20.
        sort: relevance (the Hub's own order), trending, likes or updated.
        cursor: `next` of the page before.
    """
    query = check_query(query, limit)
    if sort not in _COLLECTION_SORTS:
        raise InvalidInput(f"{sort!r} is not an order.", f"Sort by one of: {', '.join(_COLLECTION_SORTS)}.")
    order = _COLLECTION_SORTS[sort] or (None if query else "trending")
    params = {"q": query or None, "owner": owner or None, "limit": limit, "sort": order, "cursor": cursor}
    answer = await hub.wire.get("/api/collections", token=caller.token, params=params)
    entries = _entries(answer.data, "list collections")
    return Page(_rows(collection_row(entry, hub.endpoint) for entry in entries[:limit]), cursor_of(answer.next))


def collection_row(entry: Mapping[str, Any], endpoint: str) -> Row | None:
    """A row from a collection."""
    slug = entry.get("slug")
    if not isinstance(slug, str):
        return None
    kinds = dict.fromkeys(item.get("type") for item in entry.get("items") or () if isinstance(item, dict))
    return Row(
        id=slug,
        kind="collection",
        title=line(entry.get("title") or slug, 150),
        summary=line(entry.get("description") or "", _SUMMARY),
        likes=number(entry.get("upvotes")) or 0,
        downloads=None,
        updated=text(entry.get("lastUpdated")),
        task=None,
        sdk=None,
        tags=tuple(str(kind) for kind in kinds if kind),
        runnable=None,
        url=f"{endpoint}/collections/{slug}",
    )


async def find_people(hub: Hub, caller: Caller, query: str = "", *, limit: int = 20, cursor: str | None = None) -> Page:
    """Users and organizations by name; without a query those whose work trends.

    Args:
        query: a handle or a part of one; at most 500 characters.
        limit: rows, 1 to 50, default 20; the Hub names at most 20 users and 20 organizations.
        cursor: `next` of the page before.
    """
    query, start = check_query(query, limit), offset_of(cursor)
    handle = query.removeprefix("@").strip()
    names = await _named(hub, caller, handle) if handle else await _trending(hub, caller)
    if handle and is_name(handle) and handle.lower() not in (name.lower() for name in names):
        names[:0] = [handle] if await _overview(hub, caller, handle) else []
    following = str(start + limit) if len(names) > start + limit else None
    told = await asyncio.gather(*(_overview(hub, caller, name) for name in names[start : start + limit]))
    rows = _rows(person_row(one or {"name": name}, hub.endpoint) for name, one in zip(names[start:], told, strict=False))
    return Page(rows, following)


async def profile(hub: Hub, caller: Caller, name: str) -> dict[str, Any] | None:
    """The overview of a user, else of an organization, as the Hub tells it; None when there is neither."""
    for kind in ("users", "organizations"):
        answer = await hub.wire.get(f"/api/{kind}/{quote(name)}/overview", token=caller.token, allow_status=(401, 404))
        if answer.status == 200 and isinstance(answer.data, dict):
            return answer.data
    return None


def person_row(overview: Mapping[str, Any], endpoint: str) -> Row | None:
    """A row from an overview of a user or an organization."""
    name = overview.get("user") or overview.get("name")
    if not isinstance(name, str):
        return None
    counts = [(overview.get(f"num{many}"), many[:-1].lower()) for many in ("Models", "Datasets", "Spaces")]
    made = ", ".join(f"{count} {word}{'' if count == 1 else 's'}" for count, word in counts if number(count))
    return Row(
        id=name,
        kind="person",
        title=line(overview.get("fullname") or name, 100),
        summary=line(overview.get("details") or made or overview.get("fullname") or "", _SUMMARY),
        likes=number(overview.get("numFollowers")) or 0,
        downloads=None,
        updated=None,
        task="organization" if overview.get("type") == "org" else "user",
        sdk=None,
        tags=(),
        runnable=None,
        url=f"{endpoint}/{name}",
    )


async def _overview(hub: Hub, caller: Caller, name: str) -> dict[str, Any] | None:
    try:
        return await profile(hub, caller, name)
    except SpacesError:
        return None


async def _named(hub: Hub, caller: Caller, handle: str) -> list[str]:
    """Handles that fit. A Hub without the quick search is asked for repositories, whose owners are people too."""
    params = {"q": handle, "type": ["user", "org"], "limit": 20}
    answer = await hub.wire.get("/api/quicksearch", token=caller.token, params=params, allow_status=(404,))
    if answer.status == 200 and isinstance(answer.data, dict):
        found = [one.get("user") or one.get("name") for many in ("orgs", "users") for one in _dicts(answer.data.get(many))]
        return list(dict.fromkeys(name for name in found if isinstance(name, str)))
    lists = await asyncio.gather(
        *(
            hub.wire.get(f"/api/{kind}", token=caller.token, params={"search": handle, "limit": 50, "sort": "likes"})
            for kind in ("models", "datasets", "spaces")
        )
    )
    owners = [str(entry.get("id", "")).partition("/")[0] for answer in lists for entry in _dicts(answer.data)]
    return list(dict.fromkeys(name for name in owners if handle.lower() in name.lower()))


async def _trending(hub: Hub, caller: Caller) -> list[str]:
    answer = await hub.wire.get("/api/trending", token=caller.token, params={"type": "all", "limit": 20}, allow_status=(404,))
    told = answer.data if isinstance(answer.data, dict) else {}
    rows = [row.get("repoData") for row in _dicts(told.get("recentlyTrending"))]
    owners = [str(data.get("author") or str(data.get("id", "")).partition("/")[0]) for data in rows if isinstance(data, dict)]
    return list(dict.fromkeys(owner for owner in owners if is_name(owner)))


def _entries(data: Any, doing: str) -> list[dict[str, Any]]:
    if not isinstance(data, list):
        raise nonsense(doing)
    return _dicts(data)


def _dicts(data: Any) -> list[dict[str, Any]]:
    return [one for one in data if isinstance(one, dict)] if isinstance(data, Sequence) and not isinstance(data, str) else []


def _rows(found) -> tuple[Row, ...]:
    return tuple(row for row in found if row)
