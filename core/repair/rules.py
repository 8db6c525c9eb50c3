"""Known errors as data: which words of an error name what to do. The table is `known_errors.yaml`."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, Literal

import yaml

from core.repair.fixes import FIXES, Unfit
from core.repair.values import Look

Place = Literal["error", "log", "console", "missing"]
TABLE = Path(__file__).parent / "known_errors.yaml"


@dataclass(frozen=True)
class Rule:
    """One known error.

    pattern: what its words look like; groups become parameters. places: where it may stand. stages: how far the app came.
    do: the name of a fix. given: its parameters, in which `{group}` is filled in. what: what it does, a sentence with the same.
    """

    id: str
    pattern: re.Pattern[str]
    do: str
    what: str
    places: tuple[Place, ...] = ("error", "log")
    stages: tuple[str, ...] = ()
    given: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Fix:
    """What one rule would do here: the changes, and that in words."""

    rule: str
    what: str
    changes: Mapping[str, bytes | None]


@cache
def rules() -> tuple[Rule, ...]:
    """The table, in its order: what comes first is tried first."""
    return tuple(_rule(row) for row in yaml.safe_load(TABLE.read_text()))


def _rule(row: Mapping[str, Any]) -> Rule:
    unknown = set(row) - {"id", "match", "do", "what", "in", "stages", "with"}
    if unknown or row["do"] not in FIXES:
        raise ValueError(f"known_errors.yaml: {row.get('id')}: {unknown or row['do']}")
    return Rule(
        id=row["id"],
        pattern=re.compile(row["match"]),
        do=row["do"],
        what=row["what"],
        places=tuple(row.get("in", ("error", "log"))),
        stages=tuple(row.get("stages", ())),
        given=row.get("with", {}),
    )


def fixes(table: Iterable[Rule], look: Look, files: Mapping[str, bytes], tried: set[tuple[str, str]] | None = None) -> list[Fix]:
    """What the rules would do about this look, in the order of the table; never what was tried, never what changes nothing."""
    return list(_fixes(table, look, files, tried or set()))


def _fixes(table: Iterable[Rule], look: Look, files: Mapping[str, bytes], tried: set[tuple[str, str]]) -> Iterator[Fix]:
    for rule in table:
        if rule.stages and look.stage not in rule.stages:
            continue
        for found in _matches(rule, look):
            groups = {name: value or "" for name, value in found.groupdict().items()}
            given = {name: _filled(value, groups) for name, value in rule.given.items()}
            try:
                changes = FIXES[rule.do](files, look, **(groups | given))
            except Unfit:
                continue
            real = {path: data for path, data in changes.items() if files.get(path) != data}
            what = _filled(rule.what, groups)
            if real and (rule.id, what) not in tried:
                yield Fix(rule.id, what, real)
                break


def _matches(rule: Rule, look: Look) -> Iterator[re.Match[str]]:
    """Where its words stand, the first error before the lines around it; the same words once."""
    seen: set[str] = set()
    for text in _texts(rule.places, look):
        found = rule.pattern.search(text)
        if found and found[0] not in seen:
            seen.add(found[0])
            yield found


def _texts(places: Sequence[Place], look: Look) -> Iterator[str]:
    if "error" in places:
        yield look.error
        yield from (one["message"] for one in look.findings if one["severity"] == "error")
        yield from look.problems
    if "log" in places:
        yield from look.log
        yield " ".join(look.log)[-20_000:]  # an installer breaks its sentences
    if "console" in places:
        yield from look.console
    if "missing" in places:
        yield from look.missing


def _filled(value: Any, groups: Mapping[str, str]) -> Any:
    if isinstance(value, str):
        return re.sub(r"\{(\w+)\}", lambda name: groups.get(name[1], name[0]), value)
    return value
