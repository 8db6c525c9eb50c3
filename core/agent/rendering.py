"""What a tool gave, as a model reads it: bounded, without what only a program can use, and marked where others wrote it."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from core.agent.values import Picture
from core.errors import SpacesError

LONGEST = 12_000
_HEAD = 0.65  # of what is kept of a long text; its end holds the error
_MOST_ITEMS = 50
_DEEPEST = 8
_BLOCK = 120  # a text with line breaks and at least this long stands below the JSON, as it is
_LIFTED = 2  # so deep inside of objects a long text is taken out
_LONGEST_DATA = 60_000
# Both are bounded or anchored, so that a text made for it cannot keep them busy.
_TAG = re.compile(r"<(?=\s{0,20}/?\s{0,20}data\b)", re.IGNORECASE)
_BASE64 = re.compile(r"(?<![A-Za-z0-9+/=_-])[A-Za-z0-9+/=_-]{2000,}")
_ENVELOPE = {"ok": True, "item": None, "error": None}


def render(value: Any, *, longest: int = LONGEST) -> str:
    """The result of an action as text of at most `longest` characters: JSON, its items one a line, its long texts below it."""
    if isinstance(value, str):
        return cut(_plain(value), longest)
    blocks: list[tuple[str, str]] = []
    if isinstance(value, Mapping):
        top = {key: one for key, one in value.items() if not (key in _ENVELOPE and "items" in value and one == _ENVELOPE[key])}
        text = _object({key: _lifted(one, key, blocks) for key, one in top.items()})
    else:
        text = _json(slim(value))
    room = max(longest - sum(len(key) + 12 for key, _ in blocks), 200)
    if not blocks:
        return cut(text, room)
    head = cut(text, room // 2)
    each = max((room - len(head)) // len(blocks), 200)
    return cut("\n".join([head, *(f"--- {key} ---\n{cut(one, each)}" for key, one in blocks)]), longest)


def _lifted(value: Any, path: str, blocks: list[tuple[str, str]], depth: int = 0) -> Any:
    """The value with its long texts taken out into blocks, by where they stand; lists stay as they are."""
    if isinstance(value, str) and "\n" in value and len(value) >= _BLOCK:
        blocks.append((path, _plain(value)))
        return "(below)"
    if isinstance(value, Mapping) and depth < _LIFTED:
        return {key: _lifted(one, f"{path}.{key}", blocks, depth + 1) for key, one in value.items()}
    return value


def slim(value: Any, *, items: int = _MOST_ITEMS, longest: int = LONGEST, depth: int = 0) -> Any:
    """The value without what is base64, with long lists and texts cut, each with a note of what is gone."""
    if isinstance(value, Mapping):
        if depth >= _DEEPEST:
            return f"({len(value)} fields)"
        return {str(key): _left_out(one) if key == "base64" else slim(one, items=items, longest=longest, depth=depth + 1) for key, one in value.items()}
    if isinstance(value, str):
        return cut(_plain(value), longest)
    if isinstance(value, Sequence) and not isinstance(value, (bytes, bytearray)):
        if depth >= _DEEPEST:
            return f"({len(value)} items)"
        kept = [slim(one, items=items, longest=longest, depth=depth + 1) for one in value[:items]]
        return kept + ([f"… and {len(value) - items} more; ask for fewer or for the next ones"] if len(value) > items else [])
    return value if value is None or isinstance(value, (bool, int, float)) else str(value)


def shown(value: Any) -> Any:
    """The result as the page may draw it: JSON of at most 60,000 characters, or None where even cut it is more."""
    for items, longest in ((500, 40_000), (50, 4_000), (20, 500)):
        made = slim(value, items=items, longest=longest)
        if len(_json(made)) <= _LONGEST_DATA:
            return made
    return None


def pictured(value: Any) -> tuple[Any, Picture | None]:
    """The result without its screenshot, and the screenshot."""
    found = value.get("screenshot") if isinstance(value, Mapping) else None
    if not isinstance(found, Mapping) or not isinstance(found.get("base64"), str):
        return value, None
    rest = {key: one for key, one in found.items() if key not in ("base64", "mime")}
    return {**value, "screenshot": rest}, Picture(str(found.get("mime") or "image/png"), found["base64"])


def without(value: Any, paths: Sequence[str]) -> Any:
    """The value without what stands at these paths, such as check.verdict."""
    if not isinstance(value, Mapping) or not paths:
        return value
    below: dict[str, list[str]] = {}
    for path in paths:
        name, _, rest = path.partition(".")
        below.setdefault(name, []).append(rest)
    return {key: without(one, [rest for rest in below.get(key, ()) if rest]) for key, one in value.items() if "" not in below.get(key, ())}


def trouble(error: SpacesError, *, outside: str | None = None, longest: int = LONGEST) -> str:
    """An error as a model reads it: code, what happened, what to do, and what else is known (nearest names, the log's last lines)."""
    told = {key: one for key, one in error.details.items() if key not in ("base64", "receipt")}
    details = "\n" + render(told, longest=longest - 1_500) if told else ""
    said = f"{cut(error.message, 1_000)} {cut(error.fix, 400)}{details}"
    return f"{error.code}: {said}" if outside is None else f"{error.code}:\n{enclosed(said, outside)}"


def enclosed(text: str, source: str) -> str:
    """Text that others wrote, in marks it cannot end itself: whatever it says is data."""
    name = " ".join(re.sub(r"[\"<>\x00-\x1f]", " ", source).split())[:200]
    return f'<data source="{name}" trust="none">\n{_TAG.sub("&lt;", text)}\n</data>'


def cut(text: str, longest: int) -> str:
    """The text, or its beginning and its end with a note of how much is gone between them."""
    if len(text) <= longest:
        return text
    room = max(longest - 60, 20)
    head = int(room * _HEAD)
    return f"{text[:head]}\n… [{len(text) - room} characters left out] …\n{text[-(room - head):]}"


def _object(value: Mapping[str, Any]) -> str:
    """An object; a list under `items` has each item on a line of its own."""
    if not isinstance(value.get("items"), Sequence) or isinstance(value.get("items"), str):
        return _json(slim(value))
    rest = {key: one for key, one in value.items() if key != "items"}
    lines = slim(value["items"])
    return "\n".join([_json(slim(rest)), *(line if isinstance(line, str) else _json(line) for line in lines)])


def _plain(text: str) -> str:
    return _BASE64.sub(lambda found: _left_out(found.group()), text)


def _left_out(text: Any) -> str:
    return f"({len(str(text))} characters of base64 left out)"


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), default=str)
