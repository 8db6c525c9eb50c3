"""Reads one value of nearly-JSON: single quotes, Python's words, bare names, comments, commas too many, closing braces missing at the end."""

from __future__ import annotations

import json
import re
from typing import Any

_DEEPEST = 60
_SPACE = re.compile(r"(?:\s+|//[^\n]*|/\*.*?\*/)*", re.DOTALL)
_TEXTS = {
    '"""': re.compile(r'"""(.*?)"""', re.DOTALL),
    '"': re.compile(r'"([^"\\]*(?:\\.[^"\\]*)*)"', re.DOTALL),
    "'": re.compile(r"'([^'\\]*(?:\\.[^'\\]*)*)'", re.DOTALL),
}
_WORD = re.compile(r"[^\s,:{}\[\]\"']+")
_WORDS = {"true": True, "True": True, "false": False, "False": False, "null": None, "None": None, "NaN": None}
_ESCAPED = re.compile(r'\\(.)|"', re.DOTALL)
_STRICT = json.JSONDecoder(strict=False, parse_constant=lambda _: None)


class Unreadable(Exception):
    """Why, as the end of a sentence."""


def read_value(text: str, start: int) -> tuple[Any, int]:
    """The value that begins at `start`, and where it ends. Raises `Unreadable`."""
    try:
        return _STRICT.raw_decode(text, start)
    except (ValueError, RecursionError):
        return _value(text, start, 0)


def _value(text: str, at: int, depth: int) -> tuple[Any, int]:
    at = _SPACE.match(text, at).end()  # type: ignore[union-attr]
    if depth > _DEEPEST:
        raise Unreadable(f"they are nested more than {_DEEPEST} deep")
    if at >= len(text):
        raise Unreadable("they end where a value is missing")
    if text[at] in "{[":
        return _group(text, at, depth)
    if text[at] in "\"'":
        return _text(text, at)
    word = _WORD.match(text, at)
    if word is None:
        raise Unreadable(f"there is no value at character {at} ({_near(text, at)})")
    return _plain(word[0], text, at), word.end()


def _group(text: str, at: int, depth: int) -> tuple[Any, int]:
    """An object or a list; the text's end closes it as well."""
    named, closer = text[at] == "{", "}" if text[at] == "{" else "]"
    found: list[Any] = []
    at += 1
    while True:
        at = _SPACE.match(text, at).end()  # type: ignore[union-attr]
        if at >= len(text) or text[at] == closer:
            return (dict(found) if named else found), min(at + 1, len(text))
        if text[at] == ",":
            at += 1
            continue
        if text[at] == "`" and text.startswith("```", at):  # the fence around it comes before the missing brace
            return (dict(found) if named else found), at
        if named:
            name, at = _name(text, at)
            value, at = _value(text, at, depth + 1)
            found.append((name, value))
        else:
            value, at = _value(text, at, depth + 1)
            found.append(value)
        at = _SPACE.match(text, at).end()  # type: ignore[union-attr]
        if at < len(text) and text[at] not in (",", closer, "`"):
            raise Unreadable(f"a comma or {closer} is missing at character {at} ({_near(text, at)})")


def _name(text: str, at: int) -> tuple[str, int]:
    if text[at] in "\"'":
        name, at = _text(text, at)
    else:
        word = _WORD.match(text, at)
        if word is None:
            raise Unreadable(f"there is no name at character {at} ({_near(text, at)})")
        name, at = word[0], word.end()
    at = _SPACE.match(text, at).end()  # type: ignore[union-attr]
    if at >= len(text) or text[at] != ":":
        raise Unreadable(f"a colon is missing at character {at} ({_near(text, at)})")
    return name, at + 1


def _text(text: str, at: int) -> tuple[str, int]:
    quote = '"""' if text.startswith('"""', at) and text[at + 3 : at + 4] not in (",", "}") else text[at]
    match = _TEXTS[quote].match(text, at)
    if match is None:
        raise Unreadable("they end in the middle of a text")
    try:
        return _STRICT.decode(f'"{_ESCAPED.sub(_as_json, match[1])}"'), match.end()
    except ValueError:
        raise Unreadable(f"the text at character {at} cannot be read ({_near(text, at)})") from None


def _as_json(match: re.Match[str]) -> str:
    """One escape, or one bare quote of a text in other quotes, as JSON writes it."""
    letter = match[1]
    if letter is None:
        return '\\"'
    if letter == "'":
        return "'"
    return match[0] if letter in '"\\/bfnrtu' else f"\\\\{letter}"


def _plain(word: str, text: str, at: int) -> Any:
    if word in _WORDS:
        return _WORDS[word]
    try:
        return json.loads(word, parse_constant=lambda _: None)
    except ValueError:
        raise Unreadable(f"{word[:40]!r} at character {at} is neither a number, a text in quotes, true, false nor null") from None


def _near(text: str, at: int) -> str:
    return "near " + repr(text[max(0, at - 15) : at + 15])
