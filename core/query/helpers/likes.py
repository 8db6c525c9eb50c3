"""What a user liked: newest first, or the most popular among the newest."""

from __future__ import annotations

import asyncio
from typing import Any

from core.errors import InvalidInput, SpacesError
from core.query.envelope import limit_of, listing
from core.query.fields import LIKES_SORTS, sort_key
from core.query.helpers import names, repository
from core.query.helpers.graph import read_rows
from core.query.reach import Reach
from core.query.rows import Row, columns, condition
from core.query.tables import EXHAUSTIVE_CAP, GRAPH_CAP, LIKES_WINDOW, LIKES_WINDOW_CAP

_DEFAULT_SCAN = 1_000


async def user_likes(
    reach: Reach, *, username: str | None = None, repo_types: list | None = None, return_limit: int | None = None, scan_limit: int | None = None,
    count_only: bool = False, where: dict | None = None, fields: list | None = None, sort: str | None = None, ranking_window: int | None = None,
) -> dict[str, Any]:  # fmt: skip
    """Rows with liked_at. Ranking looks at the newest `ranking_window` likes that match and says if that was all."""
    key = sort_key(sort, LIKES_SORTS) if sort else "liked_at"
    if key is None:
        raise InvalidInput(f"{sort[:40]!r} does not sort likes.", f"Use one of {', '.join(LIKES_SORTS)}.")
    limit, chosen, kinds = limit_of(return_limit, 100, EXHAUSTIVE_CAP), columns(fields, "user_likes"), names.kinds(repo_types)
    scan = limit_of(scan_limit, _DEFAULT_SCAN, GRAPH_CAP, least=1)
    window = limit_of(ranking_window, LIKES_WINDOW, LIKES_WINDOW_CAP, least=1)
    matches = condition(where, "user_likes") if where else None
    name = await names.whoever(reach, username)
    path = f"/api/users/{name}/likes"
    # A condition on popularity can only be judged after the numbers are there.
    popular = key != "liked_at" or any(name in str(where or "").lower() for name in ("likes", "downloads"))
    test = (lambda row: (kinds is None or row["repo_type"] in kinds) and (popular or matches is None or matches(row))) if kinds or (matches and not popular) else None
    bound = window if popular and window.applied > limit.applied else limit
    found, rows = await read_rows(reach, path, lambda raw: _row(raw, reach.endpoint), bound, scan.applied, test, count_only, None)
    about: dict[str, Any] = {"username": name, "sort_applied": key, "scan_limit": scan.applied, "requested_scan_limit": scan.requested}
    about["scan_limit_applied"] = found.stopped == "scan_limit"
    if popular and not count_only:
        candidates = [row for row in rows if test is None or test(row)]
        ranked = candidates[: window.applied]
        enriched = await _enrich(reach, ranked, "repo_likes" if key == "liked_at" else key)
        if key != "liked_at":
            ranked.sort(key=lambda row: row.get(key, -1), reverse=True)
        complete = found.exhausted and len(candidates) == len(ranked) and enriched == 0
        about |= {"ranking_window": window.applied, "ranking_complete": complete, "enriched": len(ranked) - enriched}
        about["popularity_present"] = any(key in row for row in ranked) if key != "liked_at" else True
        final = (lambda row: (kinds is None or row["repo_type"] in kinds) and (matches is None or matches(row))) if kinds or matches else None
        others = [row for row in rows if not any(row is one for one in ranked)]
        rows = ranked + others
        test = final
    return listing(reach, path, found, rows, limit, chosen, test=test, filtered=test is not None, count_only=count_only, helper="hf_user_likes", **about)


async def _enrich(reach: Reach, rows: list[Row], needed: str) -> int:
    """Fetch likes and downloads where the listing gave none; how many stay unknown."""

    async def one(row: Row) -> None:
        kind = row["repo_type"]
        expand = ["likes", "author"] if kind == "space" else ["likes", "downloads", "author"]
        try:
            raw = await reach.json(f"/api/{kind}s/{row['repo_id']}", {"expand": expand})
        except SpacesError:
            return  # gone or private by now, or the budget is used up: ranking_complete says so
        found = {"repo_likes": raw.get("likes"), "repo_downloads": raw.get("downloads"), "repo_author": raw.get("author")}
        row.update({name: value for name, value in found.items() if value is not None})

    missing = [row for row in rows if needed not in row]
    await asyncio.gather(*(one(row) for row in missing[: max(0, reach.budget.remaining)]))
    return sum(needed not in row and not (needed == "repo_downloads" and row["repo_type"] == "space") for row in rows)


def _row(raw: dict[str, Any], endpoint: str) -> Row | None:
    repo = raw.get("repo") if isinstance(raw.get("repo"), dict) else {}
    data = raw.get("repoData") if isinstance(raw.get("repoData"), dict) else {}
    name, kind = repo.get("name") or data.get("id") or data.get("name"), repo.get("type") or data.get("type") or data.get("repoType")
    if not isinstance(name, str) or not isinstance(kind, str):
        return None
    made = {"liked_at": raw.get("createdAt") or raw.get("likedAt"), "repo_id": name, "repo_type": kind}
    made |= {"repo_author": data.get("author") or (name.partition("/")[0] if "/" in name else None)}
    made |= {"repo_likes": data.get("likes"), "repo_downloads": data.get("downloads"), "repo_url": repository.url(endpoint, kind, name)}
    return {key: value for key, value in made.items() if value is not None}
