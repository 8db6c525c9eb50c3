"""Which model a role takes: the chat's own for planning and code, a cheaper one of its family to read and to summarise."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path
from typing import Any, Protocol

import yaml

from core.agent.values import Role

# OpenRouter's names for the newest model of a family; they stand in no list.
_ALIAS = "~"
_BILLIONS = re.compile(r"(?<![a-z0-9.])(\d{1,4}(?:\.\d+)?)b(?![a-z0-9])")
_FILE = Path(__file__).with_name("models.yaml")


class Listed(Protocol):
    """A model of a provider's list, as far as it matters here."""

    provider: str
    id: str
    price: Any
    context: int | None
    tools: bool | None
    created: int | None


class Lists(Protocol):
    """What the lists say; `core.providers.Providers.models` gives one."""

    def models(self) -> Sequence[Listed]: ...

    def usual(self, provider: str) -> str | None: ...


@dataclass(frozen=True)
class Choice:
    """The model to ask: None takes each key's own first one. why: in one sentence, for the status line."""

    model: str | None
    provider: str | None
    effort: str | None
    why: str


def choose(
    role: Role,
    *,
    model: str | None = None,
    provider: str | None = None,
    effort: str | None = None,
    view: Lists | None = None,
    keyed: Collection[str] | None = None,
    bare: bool = False,
) -> Choice:
    """The model a role takes.

    Args:
        role: plan, code, research or summarise.
        model, provider, effort: what the chat chose; None where it chose nothing.
        view: what the providers serve now; None knows of nothing, and the chosen model stays.
        keyed: the providers there is a key of, the one to take first at the beginning; None for all.
        bare: no key says which model it is for, so one has to be chosen here where the chat chose none.
    """
    row = table()["roles"][role]
    capped = row.get("effort", {}).get(effort, effort)
    if bare and not model and view is not None:
        found = next(((name, usual) for name in ([provider] if provider else keyed or ()) if (usual := view.usual(name))), None)
        if found:
            return Choice(found[1], found[0], capped, "nobody chose a model, and this one is recommended and served now")
    same = Choice(model, provider, capped, "the model of the chat" if model else "each key's own first model")
    if row["take"] == "given" or not model or view is None:
        return same
    listed = [one for one in view.models() if (provider is None or one.provider == provider) and (keyed is None or one.provider in keyed)]
    bare = model.lower()
    for mine in (one for one in listed if _is(one, bare)):
        found = _cheaper(mine, [one for one in listed if one.provider == mine.provider])
        if found:
            return Choice(found.id, found.provider, capped, f"costs less than {model} and is of its family")
    alias = next((one for one in _taken(model) if one.startswith(_ALIAS)), None)
    if model.startswith(_ALIAS) and alias:
        return Choice(alias, provider, capped, f"costs less than {model} and is of its family")
    return same


def is_small(model: str | None) -> bool:
    """Its id names a size that needs short steps; an id that names none does not."""
    sizes = [float(size) for size in _BILLIONS.findall((model or "").lower().rpartition("/")[2])]
    return bool(sizes) and max(sizes) <= table()["small_billions"]


def _cheaper(mine: Listed, listed: Sequence[Listed]) -> Listed | None:
    for pattern in _taken(mine.id):
        fitting = [one for one in listed if fnmatchcase(one.id.lower(), pattern) and _fits(one, mine)]
        if fitting:
            return max(fitting, key=lambda one: (one.created or 0, -len(one.id), one.id))
    return None


def _taken(id: str) -> Sequence[str]:
    row = next((row for row in table()["cheaper"] if fnmatchcase(id.lower(), row["family"])), None)
    return row["take"] if row else ()


def _fits(one: Listed, mine: Listed) -> bool:
    """It is another, calls tools as far as is known, holds enough, and is not known to cost more."""
    if one.id == mine.id or one.tools is False or (one.context or table()["least_context"]) < table()["least_context"]:
        return False
    return one.price is None or mine.price is None or one.price.output <= mine.price.output


def _is(one: Listed, wanted: str) -> bool:
    """The listed model is the wanted one, whose id may end with a routing suffix."""
    id = one.id.lower()
    return wanted == id or wanted.startswith(f"{id}:")


@cache
def table() -> Mapping[str, Any]:
    """models.yaml as it is shipped."""
    return yaml.safe_load(_FILE.read_text(encoding="utf-8"))
