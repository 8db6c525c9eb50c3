"""The inputs of a template, filled from what was given, else from the idea, else from the defaults."""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Mapping
from typing import Any

from core.build.analysis import Analysis
from core.build.rendering import Value
from core.build.templates import Choice, Input, Manifest
from core.build.words import matched
from core.errors import InvalidInput

_LINE_LENGTH = 200


def fill(manifest: Manifest, analysis: Analysis, given: Mapping[str, Any] | None = None) -> dict[str, Value]:
    """A value for every declared input.

    Args:
        given: input name → value; wins over the idea.

    Raises InvalidInput for a name the template does not declare, a value of the wrong type, or a missing required one.
    """
    given = {name: value for name, value in (given or {}).items() if value is not None}
    unknown = [name for name in given if manifest.input(name) is None]
    if unknown:
        known = ", ".join(item.name for item in manifest.inputs)
        raise InvalidInput(f"The template {manifest.id} has no input called {unknown[0]!r}.", f"Its inputs are: {known}.")
    return {item.name: _value(item, given, analysis) for item in manifest.inputs}


def wanted(item: Input, words: list[str]) -> list[tuple[Choice, float, list[str]]]:
    """The choices the words ask for, with their weight and the words that asked; best first."""
    found = []
    for choice in item.choices:
        hits = matched(choice.keywords, words)
        if hits:
            found.append((choice, sum(choice.keywords[hit] for hit in hits), hits))
    return sorted(found, key=lambda row: -row[1])


def _value(item: Input, given: Mapping[str, Any], analysis: Analysis) -> Value:
    if item.name in given:
        return _checked(item, given[item.name])
    found = _from_idea(item, analysis)
    if found in (None, "", []):
        found = item.default
    if found in (None, "") or (item.required and found == []):
        if item.required:
            raise InvalidInput(f"{item.label} is needed and was not given.", item.description or f"Give a value for {item.name}.")
        found = {"lines": [], "choices": [], "bool": False, "number": 0}.get(item.type, "")
    return _checked(item, found)


def _from_idea(item: Input, analysis: Analysis) -> Value | None:
    if item.type in ("choice", "choices"):
        rows = wanted(item, list(analysis.words))
        # A word that only hints (below 1) decides nothing by itself.
        strong = [choice.value for choice, weight, _ in rows if weight >= 1][: item.most]
        return strong if item.type == "choices" else next(iter(strong), None)
    if item.source is None:
        return None
    if item.source == "labels":
        return [label for label in analysis.labels if label != analysis.title][: item.most]
    return {"title": analysis.title, "idea": _shortened(analysis.idea), "resource": analysis.resource, "route": analysis.route}[item.source]


def _shortened(idea: str) -> str:
    line = " ".join(idea.split())
    return line if len(line) <= _LINE_LENGTH else line[: _LINE_LENGTH - 1].rsplit(" ", 1)[0] + "…"


def _checked(item: Input, value: Any) -> Value:
    def wrong(what: str) -> InvalidInput:
        return InvalidInput(f"{item.label}: {what}.", item.description or f"Give another value for {item.name}.")

    if item.type == "bool":
        if not isinstance(value, bool):
            raise wrong("must be true or false")
        return value
    if item.type == "number":
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
            raise wrong("must be a number")
        return value
    if item.type in ("text", "choice"):
        if not isinstance(value, str):
            raise wrong("must be text")
        values = [value]
    else:
        values = [value] if isinstance(value, str) else list(value) if isinstance(value, (list, tuple)) else [None]
        if not all(isinstance(one, str) for one in values):
            raise wrong("must be a list of texts")
        if len(values) > item.most:
            raise wrong(f"at most {item.most} are possible")
    allowed = {choice.value for choice in item.choices}
    for one in values:
        if allowed and one not in allowed:
            raise wrong(f"{one[:40]!r} is none of {', '.join(sorted(allowed))}")
    lines = [_line(one) for one in values]
    if any(len(line) > _LINE_LENGTH for line in lines):
        raise wrong(f"at most {_LINE_LENGTH} characters are possible")
    if item.type in ("text", "choice"):
        if item.required and not lines[0]:
            raise wrong("must not be empty")
        return lines[0]
    return list(dict.fromkeys(line for line in lines if line))


def _line(value: str) -> str:
    plain = value.encode(errors="replace").decode()
    return " ".join("".join(" " if unicodedata.category(c) in ("Cc", "Zl", "Zp") else c for c in plain).split())
