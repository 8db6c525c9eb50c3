"""One paper, one person or organization, one collection in full."""

from __future__ import annotations

import asyncio
import re
from typing import Any
from urllib.parse import quote

from core.caller import Caller
from core.errors import InvalidInput, NotFound, SpacesError
from core.hub.client import Hub
from core.hub.errors import nonsense
from core.hub.finding import collection_row, paper_row, person_row, profile
from core.hub.names import check_name
from core.hub.rows import number, row, text
from core.hub.search import search

_PAPER = re.compile(r"(?:arxiv:|https?://arxiv\.org/abs/)?(\d{4}\.\d{4,6}|[a-z-]+(?:\.[A-Z]{2})?/\d{7})(?:v\d+)?", re.IGNORECASE)
_LISTED = 12
_ITEMS = 200
_TYPES = ("model", "dataset", "space")


async def paper(hub: Hub, caller: Caller, id: str) -> dict[str, Any]:
    """One paper: the row's fields, `authors, abstract, keywords, published, github, project, arxiv`, and the ids of its
    `models, datasets, spaces` on the Hub, at most 12 each.

    Args:
        id: an arXiv id such as 2509.04664, with or without `arxiv:` or the address before it.
    Raises InvalidInput, NotFound, RateLimited, HubUnavailable, TimedOut.
    """
    match = _PAPER.fullmatch(id.strip())
    if not match:
        raise InvalidInput(f"{id[:60]!r} is not the id of a paper.", "Give an arXiv id such as 2509.04664.")
    number_of = match[1]
    answer, repos = await asyncio.gather(
        hub.wire.get(f"/api/papers/{number_of}", token=caller.token), _repositories(hub, caller, number_of)
    )
    entry = answer.data
    made = paper_row(entry, hub.endpoint) if isinstance(entry, dict) else None
    if made is None:
        raise nonsense(f"read the paper {number_of}")
    linked = {f"{kind}s": repos.get(f"{kind}s") or _ids(entry.get(f"linked{kind.capitalize()}s")) for kind in _TYPES}
    authors = [one.get("name") for one in entry.get("authors") or () if isinstance(one, dict)]
    return made.to_dict() | linked | {
        "authors": [name for name in authors if isinstance(name, str)][:100],
        "abstract": text(entry.get("summary")) or "",
        "keywords": [word for word in entry.get("ai_keywords") or () if isinstance(word, str)][:20],
        "published": text(entry.get("publishedAt")),
        "github": text(entry.get("githubRepo")),
        "project": text(entry.get("projectPage")),
        "arxiv": f"https://arxiv.org/abs/{number_of}",
    }  # fmt: skip


async def _repositories(hub: Hub, caller: Caller, id: str) -> dict[str, list[str]]:
    try:
        answer = await hub.wire.get(f"/api/arxiv/{id}/repos", token=caller.token, allow_status=(404,))
    except SpacesError:
        return {}
    return {many: _ids(answer.data.get(many)) for many in ("models", "datasets", "spaces")} if isinstance(answer.data, dict) else {}


async def person(hub: Hub, caller: Caller, name: str) -> dict[str, Any]:
    """One user or organization: the row's fields, `type, followers, following, members, joined, counts` by kind, and what
    they made: `models, datasets, spaces`, ids, most liked first, at most 12 each.

    Args:
        name: the handle, with or without @.
    Raises InvalidInput, NotFound, RateLimited, HubUnavailable, TimedOut.
    """
    handle = check_name(name.strip().removeprefix("@"))
    told, *made = await asyncio.gather(
        profile(hub, caller, handle),
        *(_quiet_ids(hub, caller, kind, handle) for kind in _TYPES),
    )
    if told is None and not any(made):
        raise NotFound(f"There is nobody called {handle} on this Hub.", "Check the spelling of the handle.")
    found = person_row(told or {"name": handle}, hub.endpoint)
    told = told or {}
    return found.to_dict() | dict(zip(("models", "datasets", "spaces"), made, strict=True)) | {
        "type": "organization" if told.get("type") == "org" else "user",
        "followers": number(told.get("numFollowers")),
        "following": number(told.get("numFollowing")),
        "members": number(told.get("numUsers")),
        "joined": text(told.get("createdAt")),
        "counts": {many: number(told.get(f"num{many.capitalize()}")) for many in ("models", "datasets", "spaces", "papers")},
        "organizations": [one["name"] for one in told.get("orgs") or () if isinstance(one, dict) and text(one.get("name"))][:50],
    }  # fmt: skip


async def _quiet_ids(hub: Hub, caller: Caller, kind: Any, owner: str) -> list[str]:
    try:
        page = await search(hub, caller, kind, limit=_LISTED, by={"author": owner}, sort="likes")
    except SpacesError:
        return []
    return [one.id for one in page.items]


async def collection(hub: Hub, caller: Caller, slug: str) -> dict[str, Any]:
    """One collection: the row's fields, `owner, description` and `contents`: rows of what it holds, at most 200, in its order.

    Args:
        slug: owner/title-id, as `hf_search_collections` gives it.
    Raises InvalidInput, NotFound, RateLimited, HubUnavailable, TimedOut.
    """
    parts = slug.strip().split("/")
    if len(parts) != 2 or not all(re.fullmatch(r"[\w.-]{1,200}", part) for part in parts):
        raise InvalidInput(f"{slug[:60]!r} is not the name of a collection.", "Write it as owner/title-id.")
    answer = await hub.wire.get(f"/api/collections/{quote(parts[0])}/{quote(parts[1])}", token=caller.token)
    found = collection_row(answer.data, hub.endpoint) if isinstance(answer.data, dict) else None
    if found is None:
        raise nonsense(f"read the collection {slug}")
    items = [item for item in answer.data.get("items") or () if isinstance(item, dict)]
    owner = answer.data.get("owner")
    return found.to_dict() | {
        "owner": text(owner.get("name")) if isinstance(owner, dict) else None,
        "description": text(answer.data.get("description")) or "",
        "contents": [made for item in items[:_ITEMS] if (made := _item(hub, item))],
        "item_count": len(items),
    }


def _item(hub: Hub, item: dict[str, Any]) -> dict[str, Any] | None:
    kind, note = item.get("type") or item.get("repoType"), item.get("note")
    if kind == "paper":
        made = paper_row(item, hub.endpoint)
    elif kind == "collection":
        made = collection_row(item, hub.endpoint)
    else:
        made = row(kind, item, hub.endpoint) if kind in _TYPES else None
    said = note.get("text") if isinstance(note, dict) else note
    return made.to_dict() | {"note": text(said)} if made else None


def _ids(entries: Any) -> list[str]:
    rows = [one for one in entries or () if isinstance(one, dict)] if isinstance(entries, list) else []
    return [one["id"] for one in rows if isinstance(one.get("id"), str)][:_LISTED]
