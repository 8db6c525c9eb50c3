"""The activity feed of a user or an organization."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from core.errors import InvalidInput
from core.query.envelope import limit_of, listing
from core.query.helpers import names
from core.query.reach import Reach
from core.query.rows import Row, columns, condition
from core.query.tables import ACTIVITY_PAGE_SIZE, ACTIVITY_PAGES, EXHAUSTIVE_CAP

_PATH = "/api/recent-activity"


async def recent_activity(
    reach: Reach, *, feed_type: str | None = None, entity: str | None = None, activity_types: list | None = None, repo_types: list | None = None,
    return_limit: int | None = None, max_pages: int | None = None, start_cursor: str | None = None, count_only: bool = False,
    where: dict | None = None, fields: list | None = None,
) -> dict[str, Any]:  # fmt: skip
    """Events, newest first; meta.cursor continues where this ended. A lone entity is a user; none is the caller."""
    if feed_type and feed_type not in ("user", "org", "organization"):
        if entity:
            raise InvalidInput(f"feed_type is {feed_type[:30]!r}.", "Use user or org.")
        feed_type, entity = "user", feed_type
    name = await names.whoever(reach, entity, "entity")
    feed = "org" if feed_type in ("org", "organization") else "user"
    limit, chosen, kinds = limit_of(return_limit, 100, EXHAUSTIVE_CAP), columns(fields, "activity"), names.kinds(repo_types)
    pages = limit_of(max_pages, ACTIVITY_PAGES, ACTIVITY_PAGES, least=1)
    events = {str(one).lower() for one in activity_types or ()}
    matches = condition(where, "activity") if where else None

    def test(row: Row) -> bool:
        wanted = not events or row.get("event_type", "").lower() in events
        return wanted and (kinds is None or row.get("repo_type") in kinds) and (matches is None or matches(row))

    filtered = bool(events or kinds or matches)

    def enough(raw: list[Any]) -> bool:
        return not count_only and sum(test(_row(one)) for one in raw) > limit.applied

    def onward(data: Any, _: list[Any]) -> dict[str, Any] | None:
        cursor = data.get("cursor") if isinstance(data, dict) else None
        return {"cursor": cursor} if isinstance(cursor, str) and cursor else None

    asked = {"feedType": feed, "entity": name, "limit": ACTIVITY_PAGE_SIZE, "cursor": start_cursor}
    pick = lambda data: data.get("recentActivity") if isinstance(data, dict) else None  # noqa: E731
    found = await reach.steps(_PATH, asked, enough=enough, pick=pick, onward=onward, max_pages=pages.applied)
    cursor = onward(found.last, []) if found.last else None
    if found.exhausted and start_cursor:
        found = replace(found, exhausted=False, stopped=None)  # what came before the cursor was not counted
    about = {"feed_type": feed, "entity": name, "page_limit": pages.applied, "requested_max_pages": pages.requested, "applied_max_pages": pages.applied}
    about |= {"page_limit_applied": found.stopped == "page_limit", "stopped_for_budget": found.stopped == "budget", "cursor": (cursor or {}).get("cursor")}
    rows = [_row(one) for one in found.rows]
    return listing(reach, _PATH, found, rows, limit, chosen, test=test if filtered else None, filtered=filtered, count_only=count_only, helper="hf_recent_activity", **about)


def _row(raw: dict[str, Any]) -> Row:
    named = next((raw[key] for key in ("repoData", "repo") if isinstance(raw.get(key), dict)), {})
    made = {"event_type": raw.get("type"), "repo_id": raw.get("repoId") or named.get("id") or named.get("name")}
    made |= {"repo_type": raw.get("repoType") or named.get("type"), "timestamp": raw.get("time") or raw.get("createdAt")}
    return {key: value for key, value in made.items() if value is not None}
