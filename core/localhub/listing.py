"""Lists of repositories: which of them are asked for, in which order, how far, and which of their keys are told.

Works on the whole description of each (`GET /api/{kind}/{id}`), hosted ones and those of the catalogue alike. Pure.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from core.errors import InvalidInput
from core.localhub.names import Kind

DEFAULT_LIMIT = 100
SORTS: dict[str, Any] = {
    "trendingScore": 0, "likes": 0, "downloads": 0, "createdAt": "", "lastModified": "", "likes30d": 0,
    "downloadsAllTime": 0, "mainSize": 0, "id": "", "author": "", "num_parameters": 0,
}  # fmt: skip
_KEYS: dict[Kind, tuple[str, ...]] = {
    "model": tuple("_id id modelId likes trendingScore private downloads tags pipeline_tag library_name createdAt sample".split()),
    "dataset": tuple(
        "_id id author disabled gated lastModified likes trendingScore private sha description downloads tags createdAt sample".split()
    ),
    "space": tuple("_id id likes trendingScore private sdk tags createdAt sample".split()),
}
_NOT_IN_FULL = ("runtime", "host", "usedStorage", "config", "widgetData", "transformersInfo", "model-index", "spaces",
                "inferenceProviderMapping", "inference", "ai_short_description", "ai_category", "downloadsAllTime")  # fmt: skip
# Programs that load a model, and the tag or library that says they can. Source: huggingface.js `local-apps` (2025).
_APPS = {"ollama": "gguf", "llama.cpp": "gguf", "lmstudio": "gguf", "jan": "gguf", "vllm": "transformers", "tgi": "transformers"}
_COUNT = re.compile(r"(?:(min|max):)?(\d+(?:\.\d+)?)([KMBT]?)", re.IGNORECASE)
_UNIT = {"": 1, "K": 1e3, "M": 1e6, "B": 1e9, "T": 1e12}
Row = Mapping[str, Any]


@dataclass(frozen=True)
class Query:
    """What a list is asked for. Every text is compared without case; an empty field asks for nothing."""

    kind: Kind
    search: tuple[str, ...] = ()
    author: str = ""
    filters: tuple[str, ...] = ()
    sort: str = "trendingScore"
    ascending: bool = False
    equal: tuple[tuple[str, str], ...] = ()
    gated: bool | None = None
    warm: bool = False
    providers: tuple[str, ...] = ()
    apps: tuple[str, ...] = ()
    parameters: str = ""
    uses: tuple[tuple[str, str], ...] = ()


def select(rows: Iterable[Row], query: Query) -> list[Row]:
    """The rows the query is about, in its order; ties by id.

    Errors: `InvalidInput` for an unknown sort or a range of parameters that is none.
    """
    if query.sort not in SORTS:
        raise InvalidInput(f'"sort" must be one of [{", ".join(SORTS)}]')
    tests = list(_tests(query))
    found = [row for row in rows if all(test(row) for test in tests)]
    found.sort(key=lambda row: row["id"])
    found.sort(key=lambda row: sort_value(row, query.sort), reverse=not query.ascending)
    return found


def sort_value(row: Row, sort: str) -> Any:
    """What a row is sorted by, never None."""
    if sort == "num_parameters":
        return (row.get("safetensors") or {}).get("total", 0)
    if sort == "likes30d":
        return row.get("trendingScore") or 0
    return row.get(sort) or SORTS[sort]


def after(rows: Sequence[Row], query: Query, place: Sequence[Any]) -> int:
    """The index behind a place `[value, id]` of an earlier page, also when rows came or went meanwhile."""
    if len(place) != 2 or type(place[0]) is not type(SORTS[query.sort]) or not isinstance(place[1], str):
        raise InvalidInput("Invalid cursor")
    value, id = place
    ranked = [_Ranked(sort_value(row, query.sort), row["id"], query.ascending) for row in rows]
    return bisect_right(ranked, _Ranked(value, id, query.ascending))


def tell(row: Row, kind: Kind, *, full: bool = False, also: Iterable[str] = (), expand: Iterable[str] = ()) -> dict[str, Any]:
    """One entry of a list: the short form, the full one, or with `expand` its id and only those keys."""
    asked = tuple(expand)
    if asked:
        return {key: row[key] for key in ("_id", "id", *sorted(asked), *(["sample"] if "sample" in row else [])) if key in row}
    if full:
        return {key: value for key, value in row.items() if key not in _NOT_IN_FULL or key in also}
    return {key: row[key] for key in (*_KEYS[kind], *also) if row.get(key) is not None}


@dataclass(frozen=True)
class _Ranked:
    value: Any
    id: str
    ascending: bool

    def __lt__(self, other: _Ranked) -> bool:
        if self.value != other.value:
            return (self.value < other.value) is self.ascending
        return self.id < other.id


def _tests(query: Query) -> Iterable[Callable[[Row], bool]]:
    for word in (word for text in query.search for word in _plain(text).split()):
        yield lambda row, word=word: word in _searched(row)
    if query.author:
        yield lambda row: row["author"].lower() == query.author.lower()
    for wanted in query.filters:
        yield lambda row, wanted=wanted.lower(): _has_tag(row, wanted, loose=query.kind == "dataset")
    for key, value in query.equal:
        yield lambda row, key=key, value=value.lower(): str(row.get(key) or "").lower() == value
    if query.gated is not None:
        yield lambda row: bool(row.get("gated")) is query.gated
    if query.warm:
        yield lambda row: bool(row.get("inferenceProviderMapping"))
    if query.providers:
        yield lambda row: any("all" in query.providers or m["provider"] in query.providers for m in _mapping(row))
    if query.apps:
        yield lambda row: any(_has_tag(row, _APPS.get(app.lower(), app.lower())) for app in query.apps)
    if query.parameters:
        low, high = parameter_range(query.parameters)
        yield lambda row: low <= sort_value(row, "num_parameters") <= high and sort_value(row, "num_parameters") > 0
    for key, value in query.uses:
        yield lambda row, key=key, value=value.lower(): any(name.lower() == value for name in row.get(key) or ())


def parameter_range(text: str) -> tuple[float, float]:
    """`min:6B,max:128B` as two numbers; a bare number is both."""
    low, high = 0.0, float("inf")
    for part in text.split(","):
        match = _COUNT.fullmatch(part.strip())
        if not match:
            raise InvalidInput('"num_parameters" must look like "min:6B,max:128B"')
        count = float(match[2]) * _UNIT[match[3].upper()]
        low = count if match[1] in (None, "min") else low
        high = count if match[1] in (None, "max") else high
    return low, high


def _mapping(row: Row) -> Sequence[Mapping[str, Any]]:
    return row.get("inferenceProviderMapping") or ()


def _has_tag(row: Row, wanted: str, *, loose: bool = False) -> bool:
    tags = [tag.lower() for tag in row["tags"]]
    return wanted in tags or (loose and ":" not in wanted and any(tag.endswith(f":{wanted}") for tag in tags))


def _searched(row: Row) -> str:
    return _plain(f"{row['id']} {(row.get('cardData') or {}).get('title', '')}")


def _plain(text: str) -> str:
    """Lower case, with separators as spaces: `my-first_model` is found by "first model"."""
    return re.sub(r"[-_./\s]+", " ", text.lower())
