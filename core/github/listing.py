"""What an owner has on GitHub."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from core.errors import InvalidInput, NotFound, RateLimited, SpacesError
from core.github.client import SUGGESTED, GitHub, check_owner, objects

Sort = Literal["stars", "forks", "updated", "created"]
Kind = Literal["org", "user"]
MOST = 100
_PAGE, _PAGES = 100, 10
_BY_GITHUB = ("updated", "created")  # GitHub sorts these itself; by stars and forks it does not
_FIELDS = {"stars": "stargazers_count", "forks": "forks_count", "updated": "updated_at", "created": "created_at"}
_PLACES: dict[str, str] = {"org": "orgs", "user": "users"}


async def list_repos(
    github: GitHub, owner: str, *, owner_type: Kind = "org", sort: Sort = "stars", order: Literal["asc", "desc"] = "desc", limit: int = 30
) -> dict[str, Any]:
    """Public repositories of an owner.

    Args:
        owner: a user or an organization.
        owner_type: org or user; the other is tried where there is no such one.
        sort: stars, forks, updated or created. order: desc or asc.
        limit: 1 to 100.

    Returns `{owner, owner_type, items: [{repo, description, stars, forks, language, topics, updated, created, archived,
    fork, license, url}], meta: {count, looked_at, cut}, notes, rate}`; cut: there are more than were sorted.
    Raises NotFound with similar owners, InvalidInput, RateLimited, SourceUnavailable, TimedOut.
    """
    owner = check_owner(owner)
    if owner_type not in _PLACES or sort not in _FIELDS or order not in ("asc", "desc"):
        raise InvalidInput("owner_type is org or user; sort is stars, forks, updated or created; order is asc or desc.")
    if not 1 <= limit <= MOST:
        raise InvalidInput(f"limit is {limit}; it must be from 1 to {MOST}.")
    notes: list[str] = []
    rows, cut = await _rows(github, owner, owner_type, sort, order, notes)
    if rows is None:
        other: Kind = "user" if owner_type == "org" else "org"
        rows, cut = await _rows(github, owner, other, sort, order, notes)
        if rows is None:
            raise await _nobody(github, owner)
        owner_type = other
        notes.append(f"{owner} is {'a user' if other == 'user' else 'an organization'}.")
    field = _FIELDS[sort]
    empty: Any = "" if sort in _BY_GITHUB else 0
    rows.sort(key=lambda one: one.get(field) if type(one.get(field)) is type(empty) else empty, reverse=order == "desc")
    if cut and sort not in _BY_GITHUB:
        notes.append(f"Only {len(rows)} repositories were looked at and sorted; {owner} has more.")
    items = [_item(one) for one in rows[:limit]]
    return {
        "owner": owner,
        "owner_type": owner_type,
        "items": items,
        "meta": {"count": len(items), "looked_at": len(rows), "cut": cut},
        "notes": notes + github.notes(),
        "rate": github.rate,
    }


async def _rows(
    github: GitHub, owner: str, kind: Kind, sort: Sort, order: str, notes: list[str]
) -> tuple[list[Mapping[str, Any]] | None, bool]:
    """Everything that has to be looked at, and whether there is more; None where there is no such owner of that kind.

    Sorting by stars needs every page, up to ten; by date one page of GitHub's own order is enough.
    """
    rows: list[Mapping[str, Any]] = []
    pages = 1 if sort in _BY_GITHUB else _PAGES
    for page in range(1, pages + 1):
        params = {"per_page": _PAGE, "page": page} | ({"sort": sort, "direction": order} if sort in _BY_GITHUB else {})
        try:
            read = await github.get(f"/{_PLACES[kind]}/{owner}/repos", allow_status=(404,), **params)
        except SpacesError as error:
            if not rows or not (error.retryable or isinstance(error, RateLimited)):
                raise
            notes.append(f"Page {page} could not be read: {error.message}")
            return rows, True
        if read.status == 404:
            return None, False
        found = [one for one in objects(read.data) if isinstance(one.get("name"), str)]
        rows += found
        if len(found) < _PAGE:
            return rows, False
    return rows, True


async def _nobody(github: GitHub, owner: str) -> NotFound:
    try:
        read = await github.get("/search/users", q=owner, per_page=SUGGESTED)
        near = [one["login"] for one in objects(read.data, "items") if isinstance(one.get("login"), str)][:SUGGESTED]
    except SpacesError:
        near = []
    return NotFound(f"GitHub knows no {owner!r}.", f"Similar ones: {', '.join(near)}." if near else "Check the name.", similar=near)


def _item(one: Mapping[str, Any]) -> dict[str, Any]:
    license, topics = one.get("license"), one.get("topics")
    return {
        "repo": str(one.get("full_name") or one["name"])[:150],
        "description": _short(one.get("description"), 150),
        "stars": _number(one.get("stargazers_count")),
        "forks": _number(one.get("forks_count")),
        "language": _short(one.get("language"), 40) or None,
        "topics": [_short(topic, 50) for topic in topics[:5]] if isinstance(topics, list) else [],
        "updated": _short(one.get("updated_at"), 40) or None,
        "created": _short(one.get("created_at"), 40) or None,
        "archived": one.get("archived") is True,
        "fork": one.get("fork") is True,
        "license": _short(license.get("spdx_id"), 40) or None if isinstance(license, Mapping) else None,
        "url": _short(one.get("html_url"), 200),
    }


def _short(value: Any, length: int) -> str:
    words = " ".join(str(value).split()) if isinstance(value, str) else ""
    return words if len(words) <= length else words[: length - 1] + "…"


def _number(value: Any) -> int:
    return value if isinstance(value, int) else 0
