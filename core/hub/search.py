"""Find models, datasets and Spaces."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

from core.caller import Caller
from core.errors import InvalidInput
from core.hub.client import Hub
from core.hub.errors import nonsense
from core.hub.rows import Kind, Row, check_kind, row

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
# What the Hub calls each filter of each kind: an argument of its own, or `filter=` with what stands before the value.
_FILTERS: dict[Kind, dict[str, str]] = {
    "model": {
        "task": "pipeline_tag", "library": "filter:", "license": "filter:license:", "author": "author",
        "provider": "inference_provider", "size": "num_parameters",
    },
    "dataset": {
        "task": "filter:task_categories:", "library": "filter:library:", "license": "filter:license:", "author": "author",
        "size": "filter:size_categories:", "language": "filter:language:",
    },
    "space": {"sdk": "filter:", "author": "author", "license": "filter:license:"},
}  # fmt: skip


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
    by: Mapping[str, str | None] | None = None,
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
        by: filters by their names: models take task, library, license, author, provider (who serves it: a name, or "all") and
            size (parameters, such as min:1B,max:8B); datasets task, library, license, author, size (rows, such as 1K<n<10K)
            and language; Spaces sdk, author and license. None and "" filter nothing.
        sort: relevance (the default: by meaning for Spaces, else the Hub's own order), trending, likes, downloads,
            updated or created. Without a query relevance means trending.
        cursor: `next` of the page before.
        include_stopped: with a query, show Spaces that do not run too.

    Returns a Page. Raises InvalidInput, RateLimited, HubUnavailable, TimedOut, Unauthorized for a bad token.
    """
    kind = check_kind(kind)
    query = check_query(query, limit)
    if sort not in _SORTS:
        raise InvalidInput(f"{sort!r} is not an order.", f"Sort by one of: {', '.join(_SORTS)}.")
    if sort == "downloads" and kind == "space":
        raise InvalidInput("Spaces have no downloads to sort by.", "Sort Spaces by trending, likes, updated or created.")
    if len(filter) > 10 or any(not tag or len(tag) > 100 for tag in filter):
        raise InvalidInput("filter takes at most 10 tags of at most 100 characters.")
    tags, equal = _asked(kind, filter, by or {})
    if kind == "space" and query and _SORTS[sort] is None and not equal:
        return await _by_meaning(hub, caller, query, limit, tags, cursor, include_stopped)
    return await _listing(hub, caller, kind, query, limit, tags, equal, sort, cursor)


def check_query(query: str, limit: int) -> str:
    """The query with single spaces; `InvalidInput` when it is too long, or when `limit` is not from 1 to 50."""
    words = " ".join(query.split())
    if len(words) > QUERY_LENGTH:
        raise InvalidInput(f"A query has at most {QUERY_LENGTH} characters; this one has {len(words)}.")
    if not 1 <= limit <= LARGEST_PAGE:
        raise InvalidInput(f"limit is {limit}; it must be between 1 and {LARGEST_PAGE}.")
    return words


def _asked(kind: Kind, tags: Sequence[str], by: Mapping[str, str | None]) -> tuple[list[str], dict[str, str]]:
    """The filters as tags and as arguments of the Hub."""
    found, equal = list(tags), {}
    for name, value in by.items():
        if not value:
            continue
        if name not in _FILTERS[kind]:
            raise InvalidInput(f"A {kind} has no {name[:40]!r} to filter by.", f"Filter by: {', '.join(_FILTERS[kind])}.")
        if len(value) > 100 or not value.isprintable():
            raise InvalidInput(f"The filter {name} is a text of at most 100 characters.")
        where = _FILTERS[kind][name]
        if where.startswith("filter:"):
            found.append(where.removeprefix("filter:") + value)
        else:
            equal[where] = value
    return found, equal


async def _by_meaning(
    hub: Hub, caller: Caller, query: str, limit: int, tags: Sequence[str], cursor: str | None, include_stopped: bool
) -> Page:
    start = offset_of(cursor)

    def question(api: HfApi) -> list[Row]:
        found = api.search_spaces(query, filter=list(tags) or None, include_non_running=include_stopped)
        return [made for result in found if (made := row("space", raw(result), hub.endpoint))]

    rows = await hub.ask(caller, question, doing=f"search Spaces for {query[:60]!r}", timeout=30, retry=True)
    end = start + limit
    return Page(tuple(rows[start:end]), str(end) if end < len(rows) else None)


def raw(result: Any) -> dict[str, Any]:
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


def offset_of(cursor: str | None) -> int:
    """A cursor that counts results, as a number; `InvalidInput` when it is none of ours."""
    if cursor is None:
        return 0
    if not (cursor.isascii() and cursor.isdigit()) or len(cursor) > 5 or int(cursor) > 10_000:
        raise InvalidInput("This cursor does not belong to this search.", "Use `next` of the page before, or none.")
    return int(cursor)


async def _listing(
    hub: Hub,
    caller: Caller,
    kind: Kind,
    query: str,
    limit: int,
    tags: Sequence[str],
    equal: Mapping[str, str],
    sort: str,
    cursor: str | None,
) -> Page:
    """One page, asked for directly: the library's listings walk through the pages and do not give the cursor away."""
    parameters: dict[str, Any] = {"limit": limit, "expand": list(_EXPAND[kind]), **equal}
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
    return Page(tuple(rows[:limit]), cursor_of(following))


def cursor_of(url: str | None) -> str | None:
    """The cursor of the next page. Only the opaque value travels on: a whole URL handed back to us could point anywhere."""
    return next(iter(parse_qs(urlsplit(url).query).get("cursor", [])), None) if url else None
