"""What the runtime offers, read from the tables the helpers themselves use."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from core.errors import InvalidInput
from core.query.budget import MAX_CALLS, TIMEOUT_SECONDS
from core.query.contract import LONGEST_SOURCE, SKELETON
from core.query.fields import FIELDS, LIKES_SORTS, OPERATORS, SORTS, spellings
from core.query.raw import ENDPOINTS
from core.query.reach import AT_ONCE
from core.query.tables import ADVANCED, HELPERS, KINDS, LIKES_WINDOW, LIKES_WINDOW_CAP, Helper

LONGEST_LIST = 500


def capabilities(section: str | None = None) -> dict[str, Any]:
    """One section (`{section, content}`), or all of them by name; `InvalidInput` lists them when there is no such one."""
    if section is None:
        return {"sections": sorted(_SECTIONS), "content": {name: make() for name, make in _SECTIONS.items()}}
    name = section.strip().lower()
    if name not in _SECTIONS:
        raise InvalidInput(f"There is no section {section[:40]!r}.", f"The sections are {', '.join(sorted(_SECTIONS))}.")
    return {"section": name, "content": _SECTIONS[name]()}


def _helper(helper: Helper) -> dict[str, Any]:
    made = {"signature": helper.signature, "does": helper.does, "also_accepts": helper.also, "rows": helper.family}
    made |= {"upstream": list(helper.upstream), "calls": helper.calls, "default_limit": helper.default_limit, "max_limit": helper.cap}
    return {name: value for name, value in made.items() if value}


# Each is made when it is asked for: a program may ask for the same one in a loop.
_SECTIONS: dict[str, Callable[[], Any]] = {
    "overview": lambda: {
        "skeleton": SKELETON,
        "helpers": sorted(HELPERS),
        "envelope": ["ok", "item", "items", "meta", "error"],
        "concurrency": f"Calls run at once when they are started before they are awaited: calls = [hf_repo_details(repo_id=i) for i in ids]; "
        f"[await c for c in calls], or await asyncio.gather(*calls). {AT_ONCE} requests leave at once.",
        "ready_modules": ["asyncio", "json", "re", "math", "datetime"],
    },
    "helpers": lambda: {name: _helper(helper) for name, helper in HELPERS.items()},
    "helper_defaults": lambda: {
        name: {p.name: p.default for p in helper.parameters if p.default is None or isinstance(p.default, (str, int, bool))}
        for name, helper in HELPERS.items()
    },
    "fields": lambda: {family: list(names) for family, names in FIELDS.items()},
    "aliases": lambda: {family: spellings(family) for family in FIELDS},
    "limits": lambda: {
        "max_calls": MAX_CALLS,
        "timeout_sec": TIMEOUT_SECONDS,
        "requests_at_once": AT_ONCE,
        "source_bytes": LONGEST_SOURCE,
        "list_items_in_result": LONGEST_LIST,
        "helpers": {n: {"default": h.default_limit, "max": h.cap, "scan_max": h.scan_cap} for n, h in HELPERS.items() if h.cap},
        "ranking_window": {"default": LIKES_WINDOW, "max": LIKES_WINDOW_CAP},
    },
    "where": lambda: {"operators": list(OPERATORS), "plain_value": "equality", "list": "membership", "several": "all must hold"},
    "repo_search": lambda: {
        "repo_types": list(KINDS),
        "default_type": "model",
        "sort": {kind: list(keys) for kind, keys in SORTS.items()},
        "likes_sort": list(LIKES_SORTS),
        "advanced": {kind: list(names) for kind, names in ADVANCED.items()},
        "several_types": "share the limit in turns, so that none is lost",
    },
    "raw_api": lambda: {"methods": ["GET"], "endpoints": list(ENDPOINTS), "answer": ["ok", "status", "url", "data", "error"]},
}
