"""The collections of the sample: lists of models, datasets, Spaces and papers, each with an owner."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from core.localhub.cards import card
from core.localhub.community import Community
from core.localhub.names import PLURAL, Kind
from core.localhub.papers import papers
from core.localhub.sample import FOLDER, names, table, typed
from core.localhub.users import stable_id

SHOWN = 4  # items of a collection in a list, as on the Hub
Describe = Callable[[Kind, str], dict[str, Any] | None]


@dataclass(frozen=True)
class Collection:
    """items: kind ("paper" among them) and id, in their order."""

    owner: str
    title: str
    theme: str
    upvotes: int
    updated: str
    description: str
    items: tuple[tuple[str, str], ...]

    @property
    def id(self) -> str:
        return stable_id("collection", self.owner, self.title)

    @property
    def slug(self) -> str:
        words = re.sub(r"[^a-z0-9]+", "-", self.title.lower()).strip("-")
        return f"{self.owner}/{words}-{self.id}"


@cache
def collections() -> tuple[Collection, ...]:
    return tuple(
        Collection(owner, title, theme, int(upvotes), updated, description, tuple(typed(item) for item in names(items)))
        for owner, title, theme, upvotes, updated, description, items in table(FOLDER / "collections.txt")
    )


def select(*, owners: Sequence[str] = (), items: Sequence[str] = (), query: str = "", paper: str = "", sort: str = "") -> list[Collection]:
    """Collections by owner, by what is in them (`models/ns/name`, `papers/id`), by words; the newest, or most liked, first."""
    wanted = [*items, *([f"papers/{paper}"] if paper else [])]
    kept = []
    for one in collections():
        inside = {f"{PLURAL.get(kind, 'papers')}/{id}".lower() for kind, id in one.items}
        words = f"{one.title} {one.description} {one.owner}".lower()
        if owners and one.owner.lower() not in [name.lower() for name in owners]:
            continue
        if wanted and not any(item.lower() in inside for item in wanted):
            continue
        if not all(word in words for word in query.lower().split()):
            continue
        kept.append(one)
    key: Callable[[Collection], Any] = (lambda one: one.upvotes) if sort in ("upvotes", "trending") else (lambda one: one.updated)
    return sorted(sorted(kept, key=lambda one: one.slug), key=key, reverse=True)


def by_slug(slug: str) -> Collection | None:
    """A collection by its slug; the id at the end decides."""
    id = slug.rpartition("-")[2] or slug
    return next((one for one in collections() if one.id == id), None)


def told(one: Collection, community: Community, describe: Describe, *, most: int | None = None) -> dict[str, Any]:
    """A collection with its items, the first `most` of them."""
    items = [_item(position, kind, id, community, describe) for position, (kind, id) in enumerate(one.items)]
    return {
        "slug": one.slug,
        "title": one.title,
        "description": one.description,
        "gating": False,
        "lastUpdated": f"{one.updated}T10:00:00.000Z",
        "owner": community.author(one.owner),
        "items": [item for item in items if item][:most],
        "theme": one.theme,
        "private": False,
        "upvotes": one.upvotes,
        "isUpvotedByUser": False,
        "sample": True,
    }


def _item(position: int, kind: str, id: str, community: Community, describe: Describe) -> dict[str, Any] | None:
    base = {"_id": stable_id("item", kind, id), "position": position, "type": kind}
    if kind == "paper":
        paper = next((paper for paper in papers() if paper.id == id), None)
        return paper and base | {"id": id, "title": paper.title, "upvotes": paper.upvotes, "publishedAt": f"{paper.day}T12:00:00.000Z"}
    row = describe(kind, id)
    return row and base | card(row, kind, community)
