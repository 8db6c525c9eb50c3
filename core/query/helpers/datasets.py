"""Rows of a dataset, which another service than the Hub itself tells."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from core.errors import InvalidInput, NotFound
from core.query.envelope import limit_of, listing
from core.query.helpers import names
from core.query.reach import Reach
from core.query.tables import ROWS_CAP

_PAGE = 100  # the most the service gives at once
_FURTHEST = 100_000_000


async def rows(
    reach: Reach, *, dataset: str, config: str | None, split: str | None, query: str | None, offset: int, limit: int
) -> dict[str, Any]:
    """Rows as the service numbers them: {row_idx, row}, and truncated_cells where a value was cut."""
    repo, bound = names.repo_id(dataset), limit_of(limit, 20, ROWS_CAP, least=1)
    if not 0 <= offset <= _FURTHEST:
        raise InvalidInput(f"offset is {offset}.", f"Use 0 to {_FURTHEST:,}.")
    if reach.rows is None:
        raise NotFound("This Hub has no service that tells the rows of datasets.", "Read what the repository itself tells.")
    there = replace(reach, wire=reach.rows)
    config, split = await _part(there, repo, config, split)
    given = {"dataset": repo, "config": config, "split": split, **({"query": query} if query else {})}

    def length(read: int) -> int:
        return max(1, min(_PAGE, bound.applied - read))

    def onward(data: Any, read: list[Any]) -> dict[str, Any] | None:
        return {"offset": offset + len(read), "length": length(len(read))} if offset + len(read) < (_total(data) or 0) else None

    path = "/search" if query else "/rows"
    found = await there.steps(
        path, {**given, "offset": offset, "length": length(0)},
        enough=lambda read: len(read) >= bound.applied, pick=lambda data: data.get("rows") if isinstance(data, dict) else None, onward=onward,
    )  # fmt: skip
    first = found.first if isinstance(found.first, dict) else {}
    total, partial = _total(first), first.get("partial") is True
    known = None if total is None or partial else max(0, total - offset)
    made = [{name: one[name] for name in ("row_idx", "row", "truncated_cells") if one.get(name) not in (None, [])} for one in found.rows]
    features = [one for one in first.get("features") or () if isinstance(one, dict)]
    columns = [one["name"] for one in features if isinstance(one.get("name"), str)]
    about = {"dataset": repo, "config": config, "split": split, "offset": offset, "rows_total": total, "partial": partial, "columns": columns}
    return listing(there, path, found, made, bound, None, known_total=known, total_source="listing", helper="hf_dataset_rows", **about)


async def _part(there: Reach, repo: str, config: str | None, split: str | None) -> tuple[str, str]:
    """The configuration and the split that are meant: what was named, else the first there is."""
    if config and split:
        return config, split
    listed = there.expect((await there.json("/splits", {"dataset": repo})).get("splits"), "/splits", list)
    parts = [(one.get("config"), one.get("split")) for one in listed if isinstance(one, dict)]
    fitting = [(name, part) for name, part in parts if isinstance(name, str) and isinstance(part, str) and config in (None, name) and split in (None, part)]
    if not fitting:
        told = ", ".join(f"{name}/{part}" for name, part in parts[:10])
        raise InvalidInput(f"{repo} has no such configuration or split; there are {told or 'none'}.", "Name one of these, or neither for the first.")
    return fitting[0]


def _total(data: Any) -> int | None:
    told = data.get("num_rows_total") if isinstance(data, dict) else None
    return told if isinstance(told, int) and not isinstance(told, bool) else None
