"""Find a model among many: by words, by task. Recommendations are data, checked against what is served now."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Literal, get_args

import yaml

from core.errors import InvalidInput
from core.providers.catalog_sources import Model

Task = Literal["plan", "code", "cheap", "vision"]
TASKS: tuple[str, ...] = get_args(Task)
_FILE = Path(__file__).with_name("recommended.yaml")


@dataclass(frozen=True)
class Recommendation:
    """A model for a task, and why: the file names it, or it fits and is cheap."""

    model: Model
    reason: str

    def to_dict(self) -> dict[str, Any]:
        return {**self.model.to_dict(), "reason": self.reason}


@cache
def tasks() -> dict[str, dict[str, Any]]:
    """The data file: task → title, needs, models by provider."""
    return yaml.safe_load(_FILE.read_text(encoding="utf-8"))


def search_models(models: Iterable[Model], query: str = "") -> list[Model]:
    """The models whose id or name holds every word of the query; exact ids first, then by id's length and name."""
    words = query.lower().split()
    found = [model for model in models if all(word in f"{model.id} {model.name} {model.provider}".lower() for word in words)]
    exact = query.strip().lower()

    def place(model: Model):
        id = model.id.lower()
        return (id != exact, not id.rpartition("/")[2].startswith(words[0]) if words else False, -(model.created or 0), id)

    return sorted(found, key=place)


def recommend(models: Sequence[Model], task: str, *, limit: int = 6) -> list[Recommendation]:
    """Models for a task, best first: those the file names and a provider serves now, then others that fit, cheapest first."""
    if task not in tasks():
        raise InvalidInput(f"There is no task called {task[:40]!r}.", f"The tasks are: {', '.join(tasks())}.")
    row = tasks()[task]
    served = {(model.provider, model.id): model for model in models}
    picked = [
        Recommendation(served[provider, id], row["title"])
        for place in range(max(len(ids) for ids in row["models"].values()))
        for provider, ids in row["models"].items()
        if place < len(ids)
        for id in ids[place : place + 1]
        if (provider, id) in served
    ]
    named = {(one.model.provider, one.model.id) for one in picked}
    others = [model for model in models if (model.provider, model.id) not in named and _fits(model, row["needs"]) and model.price]
    others.sort(key=lambda model: (model.price.output, model.price.input, model.id))
    picked += [Recommendation(model, "fits the task and costs little") for model in others]
    return picked[:limit]


def _fits(model: Model, needs: dict[str, Any]) -> bool:
    if any(getattr(model, ability) is not True for ability in ("tools", "vision") if needs.get(ability)):
        return False
    return (model.context or 0) >= needs.get("context", 0)
