"""What a program returned, as plain JSON data: bounded, without secrets, with a note for everything left out."""

from __future__ import annotations

import datetime
import json
import math
from typing import Any

from core.errors import InvalidInput, TooLarge
from core.query.capabilities import LONGEST_LIST
from core.secrets import Secret, redact

_DEEPEST = 40
_LONGEST_RESULT = 2_000_000
_LONGEST_TEXT = 100_000
_MOST_NOTES = 20


def plain(value: Any, *secrets: Secret | None) -> tuple[Any, list[str]]:
    """The value as JSON data and the notes about it.

    Lists keep 500 entries, texts 100,000 characters; tuples and sets become lists, dates ISO text, NaN null.
    Raises `InvalidInput` for what JSON cannot carry (functions, bytes, depth over 40), `TooLarge` over 2 MB.
    """
    notes: list[str] = []
    made = _plain(value, "result", 0, notes, secrets)
    size = len(json.dumps(made))
    if size > _LONGEST_RESULT:
        raise TooLarge(f"The result is {size:,} characters of JSON.", "Return fewer rows, or fewer columns with fields=[...].")
    return made, notes


def _plain(value: Any, path: str, depth: int, notes: list[str], secrets: tuple[Secret | None, ...]) -> Any:
    if depth > _DEEPEST:
        raise InvalidInput(f"The result nests deeper than {_DEEPEST} levels at {path[:80]}.", "Return a flatter shape.")
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str):
        if len(value) > _LONGEST_TEXT:
            _note(notes, f"{path[:80]}: the first {_LONGEST_TEXT:,} of {len(value):,} characters")
            value = value[:_LONGEST_TEXT]
        return redact(value.encode("utf-8", "replace").decode(), *secrets)
    if isinstance(value, int):
        return _whole(value)
    if isinstance(value, float):
        if not math.isfinite(value):
            _note(notes, f"{path[:80]}: {value} is no number of JSON and became null")
            return None
        return value
    if isinstance(value, (datetime.datetime, datetime.date, datetime.time)):
        return value.isoformat()
    if isinstance(value, dict):
        return {_key(key, secrets): _plain(one, f"{path}.{str(key)[:40]}", depth + 1, notes, secrets) for key, one in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        items = sorted(value, key=repr) if isinstance(value, (set, frozenset)) else list(value)
        if len(items) > LONGEST_LIST:
            _note(notes, f"{path[:80]}: the first {LONGEST_LIST} of {len(items):,} entries")
            items = items[:LONGEST_LIST]
        return [_plain(one, f"{path}[{index}]", depth + 1, notes, secrets) for index, one in enumerate(items)]
    raise InvalidInput(f"{path[:80]} is {type(value).__name__}, which JSON cannot carry.", "Return dicts, lists, texts and numbers.")


def _note(notes: list[str], text: str) -> None:
    if len(notes) < _MOST_NOTES:
        notes.append(text)


def _whole(value: int) -> int | str:
    """The number, or its text where JSON readers would round it."""
    if value.bit_length() <= 63:
        return value
    if value.bit_length() > 4_000:  # Python itself refuses to write much longer ones
        raise InvalidInput("The result has a number of more than a thousand digits.", "Return smaller numbers.")
    return str(value)


def _key(key: Any, secrets: tuple[Secret | None, ...]) -> str:
    if isinstance(key, bool) or key is None:
        return json.dumps(key)
    if isinstance(key, int):
        return str(_whole(key))
    return redact(str(key)[:1_000], *secrets)
