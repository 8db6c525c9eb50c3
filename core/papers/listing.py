"""What the Hub tells of papers: the day's list, its search, one paper, and what belongs to it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from core.errors import HubUnavailable
from core.hub import Kind, paper, search
from core.papers.desk import Desk, bare, day
from core.papers.ids import PaperId

LISTED, FOUND = 100, 120  # the most /api/daily_papers and /api/papers/search tell at once
_SUMMARY = 300


async def trending(desk: Desk, date: str, count: int) -> list[dict[str, Any]]:
    """The papers people look at now, or those of one day."""
    params = {"limit": min(count, LISTED), "date": day(date, "date") if date else None, "sort": None if date else "trending"}
    answer = await desk.hub.wire.get("/api/daily_papers", token=desk.caller.token, params=params)
    return _entries(answer.data)


async def find(desk: Desk, query: str, count: int) -> list[dict[str, Any]]:
    """Papers about something, in the Hub's order."""
    answer = await desk.hub.wire.get("/api/papers/search", token=desk.caller.token, params={"q": query, "limit": min(count, FOUND)})
    return _entries(answer.data)


async def details(desk: Desk, id: PaperId) -> dict[str, Any]:
    """One paper with its models, datasets and Spaces."""
    found = await paper(desk.hub, desk.caller, id.id)
    names = ("title", "authors", "abstract", "published", "keywords", "github", "project", "url", "models", "datasets", "spaces")
    return bare({"arxiv_id": id.id, "upvotes": found.get("likes")} | {name: found.get(name) for name in names})


async def repositories(desk: Desk, kind: Kind, id: PaperId, *, sort: str, limit: int) -> list[dict[str, Any]]:
    """Models, datasets or Spaces whose tags name the paper."""
    page = await search(desk.hub, desk.caller, kind, limit=limit, filter=(f"arxiv:{id.id}",), sort="likes" if kind == "space" and sort == "downloads" else sort)
    names = ("id", "title", "summary", "task", "downloads", "likes", "updated", "tags", "url")
    return [bare({name: one.to_dict()[name] for name in names}) for one in page.items]


async def collections(desk: Desk, id: PaperId, *, limit: int) -> list[dict[str, Any]]:
    """Collections that hold the paper."""
    answer = await desk.hub.wire.get("/api/collections", token=desk.caller.token, params={"paper": id.id, "limit": limit})
    found = []
    for entry in _rows(answer.data):
        slug, owner = entry.get("slug"), entry.get("owner")
        if isinstance(slug, str):
            items = entry.get("items")
            found.append(bare({
                "slug": slug,
                "title": _text(entry.get("title")),
                "summary": (_text(entry.get("description")) or "")[:_SUMMARY],
                "owner": _text(owner.get("name")) if isinstance(owner, dict) else None,
                "upvotes": entry.get("upvotes"),
                "shown_items": len(items) if isinstance(items, list) else None,
                "updated": _text(entry.get("lastUpdated")),
                "url": f"{desk.hub.endpoint}/collections/{slug}",
            }))  # fmt: skip
    return found[:limit]


def item(entry: Mapping[str, Any], endpoint: str) -> dict[str, Any] | None:
    """A paper of a listing as an item; None without an id."""
    inner = entry.get("paper")
    told = inner if isinstance(inner, dict) else entry
    if not _text(told.get("id")):
        return None
    summary = _text(told.get("ai_summary")) or _text(told.get("summary")) or _text(entry.get("summary")) or ""
    summary = " ".join(summary.split())
    organization = told.get("organization")
    return bare({
        "arxiv_id": told["id"],
        "title": " ".join((_text(told.get("title")) or _text(entry.get("title")) or told["id"]).split())[:300],
        "summary": summary if len(summary) <= _SUMMARY else summary[: _SUMMARY - 1].rstrip() + "…",
        "published": (_text(told.get("publishedAt")) or _text(entry.get("publishedAt")) or "")[:10],
        "upvotes": told.get("upvotes"),
        "keywords": [word for word in told.get("ai_keywords") or () if isinstance(word, str)][:8],
        "github": _text(told.get("githubRepo")),
        "stars": told.get("githubStars"),
        "organization": _text(organization.get("name")) if isinstance(organization, dict) else None,
        "url": f"{endpoint}/papers/{told['id']}",
    })  # fmt: skip


def words_of(entry: Mapping[str, Any]) -> str:
    """Everything of an entry one may look for words in."""
    inner = entry.get("paper")
    told = inner if isinstance(inner, dict) else {}
    keywords = [word for word in told.get("ai_keywords") or () if isinstance(word, str)]
    parts = (entry.get("title"), entry.get("summary"), told.get("title"), told.get("summary"), told.get("ai_summary"), *keywords)
    return " ".join(part for part in parts if isinstance(part, str)).lower()


def _entries(data: Any) -> list[dict[str, Any]]:
    if not isinstance(data, list):
        raise HubUnavailable("Could not list papers: the Hub answered something that is not its protocol.")
    return _rows(data)


def _rows(data: Any) -> list[dict[str, Any]]:
    return [one for one in data if isinstance(one, dict)] if isinstance(data, list) else []


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) and value.strip() else None
