"""The Query view: programs to begin with, and what a program gave as a table or as JSON, with what it covers."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from ui.parts.draw import draw

_ROWS = 200
_COLUMNS = 12
_CELL = 200
_JSON = 60_000
_LISTS = ("results", "items")


def programs(items: Sequence[Mapping[str, Any]], chosen: str | None = None) -> str:
    """The gallery as chips."""
    return draw("query_programs", items=items, chosen=chosen)


def result(told: Mapping[str, Any], *, repairs: int = 0) -> str:
    """What a program gave: the error first, then rows as a table, everything else as JSON, and the coverage.

    Args:
        told: `{result, meta}` as the action gives it.
        repairs: how often the model corrected the program.
    """
    meta, value = told.get("meta") or {}, told.get("result")
    rows, columns, more = _table(value)
    shown = json.dumps(value, indent=2, ensure_ascii=False, default=str)
    return draw(
        "query_result",
        error=None if meta.get("ok", True) else str(meta.get("error") or "The program gave no answer."),
        rows=rows,
        columns=columns,
        more=more,
        single=value if isinstance(value, str | int | float | bool) else None,
        empty=value in (None, [], {}) or (columns == [] and rows == []),
        json=shown[:_JSON] + ("\n…" if len(shown) > _JSON else ""),
        open=rows is None and value is not None,
        calls=meta.get("api_calls"),
        seconds=(meta.get("elapsed_ms") or 0) / 1000,
        coverage=_coverage(value, meta),
        notes=[str(note) for note in meta.get("notes") or ()][:10],
        printed=_text(meta.get("printed")),
        repairs=repairs,
    )


def _table(value: Any) -> tuple[list[list[str]] | None, list[str], int]:
    """Rows, columns, how many rows are left out; rows None when the value is no list of objects."""
    if isinstance(value, Mapping):
        value = next((value[name] for name in _LISTS if isinstance(value.get(name), list)), None)
    if not isinstance(value, list) or not all(isinstance(row, Mapping) for row in value):
        return None, [], 0
    columns = list(dict.fromkeys(str(name) for row in value for name in row))[:_COLUMNS]
    rows = [[_cell(row.get(name)) for name in columns] for row in value[:_ROWS]]
    return rows, columns, max(0, len(value) - _ROWS)


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, list) and all(isinstance(one, str | int | float) for one in value):
        value = ", ".join(str(one) for one in value)
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= _CELL else text[: _CELL - 1] + "…"


def _coverage(value: Any, meta: Mapping[str, Any]) -> list[str]:
    """What the answer covers, a sentence each: what the program says of it, then which limits were met."""
    said = []
    if isinstance(value, Mapping) and isinstance(value.get("coverage"), Mapping):
        said += [f"{str(name).replace('_', ' ')}: {_cell(one)}" for name, one in list(value["coverage"].items())[:12]]
    own = value.get("meta") if isinstance(value, Mapping) and isinstance(value.get("meta"), Mapping) else {}
    if own.get("truncated"):
        said.append(f"shortened by {own.get('truncated_by')}: {own.get('returned')} of {own.get('total') or 'an unknown number'}")
    for one in (meta.get("limit_summary") or [])[:10]:
        if isinstance(one, Mapping) and not own.get("truncated"):
            said.append(f"{one.get('helper')}: {one.get('returned')} of {one.get('total') or 'an unknown number'}, by its {one.get('truncated_by')}")
    return said or ([] if meta.get("limits_reached") else ["Nothing was cut off."])


def _text(printed: Any) -> str:
    return "".join(str(one) for one in printed)[:4_000] if isinstance(printed, list) else str(printed or "")[:4_000]
