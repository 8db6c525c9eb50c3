"""Collections: finding them, and what one holds."""

from __future__ import annotations

import asyncio
from typing import Any

from core.errors import InvalidInput, SpacesError
from core.query.envelope import limit_of, listing
from core.query.helpers import names, repository
from core.query.reach import Pages, Reach
from core.query.rows import Row, columns, condition
from core.query.tables import KINDS

_PAGE = 100
_CAP = 500


async def collections_search(
    reach: Reach, *, query: str | None, owner: str | None, return_limit: int, count_only: bool, where: dict | None, fields: list | None
) -> dict[str, Any]:
    """Collections by words, by owner (whatever its case), or both.

    The Hub's listing shows at most four items of each; where item_count is asked for by name, longer ones are looked
    up while the budget lasts, and meta.item_count_exact says whether all are exact.
    """
    if not query and not owner:
        raise InvalidInput("Neither query nor owner is given.", "Give one of them.")
    limit, chosen = limit_of(return_limit, 20, _CAP), columns(fields, "collection")
    matches = condition(where, "collection") if where else None
    owner = names.handle(owner, "name of an owner") if owner else None

    def test(row: Row) -> bool:
        return (owner is None or row.get("owner", "").lower() == owner.lower()) and (matches is None or matches(row))

    filtered = matches is not None
    need = _CAP if filtered or count_only else limit.applied + 1
    params = {"limit": min(need, _PAGE), "q": query, "owner": owner}
    found = await reach.pages("/api/collections", params, enough=lambda raw: len(raw) >= need, max_pages=10)
    fallback = False
    if owner and not any(test(_row(one)) for one in found.rows) and reach.budget.remaining:
        # The Hub compares an owner exactly; asking with the name as words finds another spelling.
        found = await reach.pages("/api/collections", params | {"owner": None, "q": query or owner}, enough=lambda raw: len(raw) >= need, max_pages=2)
        fallback = True
    rows = [_row(one) for one in found.rows]
    asked = any(column == "item_count" for _, column in chosen or []) and not count_only
    cut = [row for row in filter(test, rows) if row["item_count"] >= _PREVIEW][: limit.applied]
    counted = sum(await asyncio.gather(*(_count(reach, row) for row in cut))) if asked else 0
    about = {"query": query, "owner": owner, "owner_case_insensitive_fallback": fallback, "item_count_exact": counted == len(cut)}
    answer = listing(
        reach, "/api/collections", found, rows, limit, chosen, test=test, filtered=filtered or owner is not None, count_only=count_only,
        helper="hf_collections_search", **about,
    )  # fmt: skip
    answer["meta"]["total_population"] = answer["meta"]["total"]
    return answer


_PREVIEW = 4  # the listing carries the first four items of each collection


async def collection_items(
    reach: Reach, *, collection_id: str, repo_types: list | None, return_limit: int, count_only: bool, where: dict | None, fields: list | None
) -> dict[str, Any]:
    """Repositories inside a collection; papers and nested collections are counted in meta.other_items."""
    name, kinds, limit = names.collection_id(collection_id), names.kinds(repo_types), limit_of(return_limit, 100, _CAP)
    chosen, matches = columns(fields, "repo"), condition(where, "repo") if where else None
    path = f"/api/collections/{name}"
    raw = await reach.json(path)
    items = [one for one in reach.expect(raw.get("items") or [], path, list) if isinstance(one, dict)]
    rows = []
    for one in items:
        kind = one.get("repoType") or one.get("type")
        made = repository.row(one, kind, reach.endpoint) if kind in KINDS else None
        if made:
            note = one.get("note")
            rows.append(made | ({"note": note["text"]} if isinstance(note, dict) and note.get("text") else {}))
    test = (lambda row: (kinds is None or row["repo_type"] in kinds) and (matches is None or matches(row))) if kinds or matches else None
    owner = raw.get("owner") if isinstance(raw.get("owner"), dict) else {}
    about = {"collection_id": name, "title": raw.get("title"), "owner": owner.get("name"), "owner_type": owner.get("type")}
    about |= {"repo_types": kinds, "other_items": len(items) - len(rows)}
    found = Pages(items, True, pages=1)
    return listing(reach, path, found, rows, limit, chosen, test=test, filtered=test is not None, count_only=count_only, helper="hf_collection_items", **about)


async def _count(reach: Reach, row: Row) -> bool:
    """Put the whole number of items into the row; False when it could not be read."""
    try:
        whole = await reach.json(f"/api/collections/{names.collection_id(row['collection_id'])}")
    except SpacesError:
        return False
    row["item_count"] = len(whole.get("items") or [])
    return True


def _row(raw: dict[str, Any]) -> Row:
    owner = raw.get("owner") if isinstance(raw.get("owner"), dict) else {}
    slug = raw.get("slug") or raw.get("name")
    made = {"collection_id": slug, "slug": slug, "title": raw.get("title"), "description": raw.get("description"), "last_updated": raw.get("lastUpdated")}
    made |= {"owner": owner.get("name") or (slug.partition("/")[0] if isinstance(slug, str) else None), "owner_type": owner.get("type")}
    made["item_count"] = raw["numItems"] if isinstance(raw.get("numItems"), int) else len(raw.get("items") or [])
    made["upvotes"] = raw.get("upvotes")
    return {key: value for key, value in made.items() if value is not None}
