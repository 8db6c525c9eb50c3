"""Which rows, and which columns of them: where= and fields= over rows of one family."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from core.errors import InvalidInput
from core.query.fields import FIELDS, OPERATORS, canonical

Row = dict[str, Any]
Test = Callable[[Row], bool]


def condition(where: Mapping[str, Any] | None, family: str) -> Test:
    """A test of rows: all conditions of `where` hold.

    A plain value is equality, a list membership, a dict one or more of eq, in, contains, icontains, gte, lte.
    `InvalidInput` lists the columns or operators when one is unknown.
    """
    tests = [_column_test(_column(name, family), wanted) for name, wanted in (where or {}).items()]
    return lambda row: all(test(row) for test in tests)


def columns(fields: Sequence[str] | None, family: str) -> list[tuple[str, str]] | None:
    """Pairs of the spelling asked for and the column it means; None for all. `InvalidInput` lists the columns."""
    if fields is None:
        return None
    return [(name, _column(name, family)) for name in fields]


def project(rows: Sequence[Row], chosen: list[tuple[str, str]] | None) -> list[Row]:
    """The rows with those columns, under the spelling asked for, without empty ones."""
    if chosen is None:
        return [dict(row) for row in rows]
    return [{asked: row[column] for asked, column in chosen if row.get(column) is not None} for row in rows]


def _column(name: Any, family: str) -> str:
    found = canonical(name, family) if isinstance(name, str) else None
    if found is None:
        raise InvalidInput(f"There is no column {str(name)[:60]!r} here; the columns are {', '.join(FIELDS[family])}.", "Use one of them.")
    return found


def _column_test(column: str, wanted: Any) -> Test:
    if isinstance(wanted, dict):
        unknown = [str(key) for key in wanted if key not in OPERATORS]
        if unknown or not wanted:
            named = ", ".join(unknown)[:60] or "nothing"
            raise InvalidInput(f"where[{column!r}] uses {named}; the operators are {', '.join(OPERATORS)}.", f'Such as {{"{column}": {{"gte": 100}}}}.')
        tests = [_OPERATIONS[operator](column, value) for operator, value in wanted.items()]
        return lambda row: all(test(row.get(column)) for test in tests)
    if isinstance(wanted, (list, tuple, set, frozenset)):
        return lambda row: _among(row.get(column), wanted)
    return lambda row: row.get(column) == wanted


def _among(value: Any, wanted: Any) -> bool:
    return any(one == value for one in wanted)


def _members(column: str, wanted: Any) -> Callable[[Any], bool]:
    if not isinstance(wanted, (list, tuple, set, frozenset)):
        raise InvalidInput(f"where[{column!r}]['in'] is a list.", f'Such as {{"{column}": {{"in": ["a", "b"]}}}}.')
    return lambda value: _among(value, wanted)


def _containing(column: str, wanted: Any, fold: bool) -> Callable[[Any], bool]:
    if not isinstance(wanted, str):
        raise InvalidInput(f"where[{column!r}] contains a text.", f'Such as {{"{column}": {{"contains": "llama"}}}}.')
    needle = wanted.lower() if fold else wanted

    def test(value: Any) -> bool:
        texts = value if isinstance(value, list) else [value]
        return any(needle in (text.lower() if fold else text) for text in texts if isinstance(text, str))

    return test


def _bounded(column: str, wanted: Any, low: bool) -> Callable[[Any], bool]:
    bound = _measure(wanted)
    if bound is None:
        raise InvalidInput(f"where[{column!r}] is compared with a number or an ISO date.", f'Such as {{"{column}": {{"gte": 100}}}}.')

    def test(value: Any) -> bool:
        found = _measure(value)
        if type(found) is not type(bound):
            return False
        return found >= bound if low else found <= bound

    return test


def _measure(value: Any) -> float | str | None:
    """A number, or an ISO date as text (those order as they read); None for what has no order."""
    if isinstance(value, bool) or value is None:
        return None
    if isinstance(value, (int, float)):
        return float(value)
    if isinstance(value, str):
        try:
            return float(value)
        except ValueError:
            return value if value[:4].isdigit() and value[4:5] == "-" else None
    return None


_OPERATIONS: dict[str, Callable[[str, Any], Callable[[Any], bool]]] = {
    "eq": lambda column, wanted: lambda value: value == wanted,
    "in": _members,
    "contains": lambda column, wanted: _containing(column, wanted, False),
    "icontains": lambda column, wanted: _containing(column, wanted, True),
    "gte": lambda column, wanted: _bounded(column, wanted, True),
    "lte": lambda column, wanted: _bounded(column, wanted, False),
}
