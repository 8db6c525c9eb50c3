"""The one shape every helper answers in: {ok, item, items, meta, error}, with what was left out in meta."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from core.errors import InvalidInput, SpacesError
from core.query.reach import Pages, Reach
from core.query.rows import Row, Test, project

_LARGEST_ROWS = 4_000_000  # characters; the sandbox has 64 MiB and a host value of 50 MB was measured to end it


@dataclass(frozen=True)
class Limit:
    """How many rows may come back: asked for, given, and whether the cap cut it."""

    requested: int | None
    applied: int
    default_used: bool
    capped: bool


def limit_of(requested: int | None, default: int, cap: int, *, least: int = 0) -> Limit:
    """The limit that applies; `InvalidInput` for one below `least`. None means the default, not everything."""
    if requested is None:
        return Limit(None, min(default, cap), True, False)
    if requested < least:
        raise InvalidInput(f"The limit is {requested}, and the least is {least}.", f"Use {least} to {cap}.")
    return Limit(requested, min(requested, cap), False, requested > cap)


def listing(
    reach: Reach,
    source: str,
    found: Pages,
    rows: Sequence[Row],
    limit: Limit,
    chosen: list[tuple[str, str]] | None,
    *,
    test: Test | None = None,
    filtered: bool = False,
    known_total: int | None = None,
    total_source: str = "overview",
    count_only: bool = False,
    helper: str,
    **about: Any,
) -> dict[str, Any]:
    """Rows of a listing as an envelope.

    Args:
        found: how the reading went; `rows` are its rows in our columns.
        filtered: `test` leaves rows out, so that a total known beforehand does not count them.
        known_total: what an overview or the listing itself says there is.
    """
    matched = [row for row in rows if test(row)] if test else list(rows)
    wanted = 0 if count_only else limit.applied
    kept, too_large = _bounded(project(matched[:wanted], chosen))
    total = len(matched) if found.exhausted else (None if filtered else known_total)
    exact = total is not None
    complete = not count_only and found.exhausted and len(kept) == len(matched)
    if not count_only and exact and len(kept) >= total and not found.error:
        complete = True
    causes = []
    if not count_only:
        if len(matched) > len(kept) or (found.stopped == "limit" and not complete):
            causes.append("hard_cap" if limit.capped or too_large else "limit")
        if found.stopped in ("scan_limit", "page_limit", "budget", "error"):
            causes.append(found.stopped)
    more: bool | str = "unknown"
    if complete:
        more = False
    elif exact:
        more = total > len(kept)
    elif len(matched) > len(kept):
        more = True
    error = sentence(found.error) if found.error else None
    meta = {
        "requested_limit": limit.requested,
        "applied_limit": wanted,
        "requested_return_limit": limit.requested,
        "applied_return_limit": wanted,
        "default_limit_used": limit.default_used,
        "hard_cap_applied": limit.capped,
        "complete": complete,
        "sample_complete": found.exhausted,
        "exact_count": exact,
        "more_available": more,
        "can_request_more": bool(more) and not limit.capped,
        "truncated": bool(causes),
        "truncated_by": ("multiple" if len(causes) > 1 else causes[0]) if causes else "none",
        "next_request_hint": _hint(causes, limit),
        "scanned": len(rows),
        "matched": len(matched),
        "returned": len(kept),
        "total": total,
        "total_available": known_total if known_total is not None else total if not filtered else None,
        "total_matched": len(matched) if found.exhausted else total,
        "count_source": "scan" if found.exhausted else total_source if exact else "none",
        "lower_bound": not exact,
        "pages": found.pages,
        **about,
    }
    answer = envelope(reach, source, kept, error=error, **meta)
    if causes or limit.capped:
        keys = ("returned", "total", "truncated", "truncated_by", "more_available", "requested_limit", "applied_limit", "next_request_hint")
        reach.budget.summarise({"helper": helper, "source": source} | {key: meta[key] for key in keys})
    return answer


def envelope(reach: Reach, source: str, items: Sequence[Row], *, error: str | None = None, **meta: Any) -> dict[str, Any]:
    """The plain envelope; `item` is set when there is exactly one row."""
    rows = list(items)
    answer = {"ok": error is None, "item": rows[0] if len(rows) == 1 else None, "items": rows, "meta": {**_always(reach, source), **meta}, "error": error}
    if error:
        reach.budget.last_failure = answer
    return answer


def failed(reach: Reach, source: str, error: SpacesError) -> dict[str, Any]:
    """An envelope without rows that says what went wrong and what to do."""
    coverage = {"complete": False, "exact_count": False, "more_available": "unknown", "truncated": False, "returned": 0}
    wait = {"retry_after": error.details["retry_after"]} if error.details.get("retry_after") else {}
    return envelope(reach, source, [], error=sentence(error), code=error.code, **coverage, **wait)


def sentence(error: SpacesError) -> str:
    """What happened and what to do, in one text."""
    return f"{error.message} {error.fix}"


def _always(reach: Reach, source: str) -> dict[str, Any]:
    return {"source": source, "normalized": True, "budget_used": reach.budget.used, "budget_remaining": reach.budget.remaining}


def _bounded(rows: list[Row]) -> tuple[list[Row], bool]:
    """The rows that fit into the sandbox, and whether some did not."""
    total = 0
    for index, row in enumerate(rows):
        total += len(repr(row))
        if total > _LARGEST_ROWS:
            return rows[:index], True
    return rows, False


_HINTS = {
    "limit": "Ask for more rows with a higher limit.",
    "hard_cap": "This is the most one call gives; narrow it with where, author or filters.",
    "scan_limit": "Raise scan_limit to look at more rows.",
    "page_limit": "Raise max_pages, or go on from the cursor.",
    "budget": "Ask for less per entity, or raise max_calls.",
    "error": "Try again; the rows are those read before the error.",
}


def _hint(causes: list[str], limit: Limit) -> str | None:
    return " ".join(_HINTS[cause] for cause in causes) or None
