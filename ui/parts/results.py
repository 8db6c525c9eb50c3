"""Search results: one row shape for Spaces, models and datasets, the chips above them, the details beside them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from ui.parts.draw import draw

# Kind → its word, icon, the filters worth a chip (tag → word), and the orders it knows.
KINDS: dict[str, dict[str, Any]] = {
    "space": {
        "word": "Spaces",
        "many": "Spaces",
        "icon": "cube",
        "filters": {"gradio": "Gradio", "static": "Static", "docker": "Docker", "mcp-server": "MCP server"},
        "sorts": ("relevance", "trending", "likes", "updated"),
    },
    "model": {
        "word": "Models",
        "many": "models",
        "icon": "box",
        "filters": {
            "text-generation": "Text generation",
            "text-classification": "Classification",
            "automatic-speech-recognition": "Speech to text",
            "text-to-image": "Text to image",
            "gguf": "GGUF",
            "license:apache-2.0": "Apache 2.0",
        },
        "sorts": ("relevance", "trending", "likes", "downloads", "updated"),
    },
    "dataset": {
        "word": "Datasets",
        "many": "datasets",
        "icon": "database",
        "filters": {
            "language:en": "English",
            "task_categories:text-classification": "Classification",
            "task_categories:question-answering": "Questions",
            "task_categories:text-generation": "Text generation",
        },
        "sorts": ("relevance", "trending", "likes", "downloads", "updated"),
    },
}


@dataclass(frozen=True)
class Ask:
    """What is searched for: kind, the filter tags that are on, order."""

    kind: str = "space"
    tags: tuple[str, ...] = ()
    sort: str = "relevance"

    def of(self, kind: str) -> Ask:
        """The same question for another kind; its own filters start empty."""
        return self if kind == self.kind or kind not in KINDS else Ask(kind)

    def toggle(self, tag: str) -> Ask:
        """The filter switched on or off; tags that are no chip of this kind are ignored."""
        if tag not in KINDS[self.kind]["filters"]:
            return self
        rest = tuple(one for one in self.tags if one != tag)
        return replace(self, tags=rest if tag in self.tags else (*self.tags, tag))

    def sorted_by(self, sort: str) -> Ask:
        return replace(self, sort=sort) if sort in KINDS[self.kind]["sorts"] else self


def chips(ask: Ask) -> str:
    """Kinds, filters and order as chips; those that are on are marked."""
    return draw("chips", kinds=KINDS, ask=ask)


def results(items: Sequence[Mapping[str, Any]], ask: Ask, *, query: str, sample: bool, more: bool, opened: str | None = None) -> str:
    """Rows of one shape, or the honest empty state; `sample` says that this Hub's catalogue is one."""
    return draw("results", items=items, ask=ask, kind=KINDS[ask.kind], query=query, sample=sample, more=more, opened=opened)


def details(item: Mapping[str, Any]) -> str:
    """Everything worth knowing of one repository, and `use in an app` as what to do with it."""
    card = item.get("card") if isinstance(item.get("card"), Mapping) else {}
    return draw("details", item=item, kind=KINDS.get(str(item.get("kind")), KINDS["model"]), card=card, files=(item.get("files") or [])[:12])


def idea_for(kind: str, id: str, title: str, summary: str) -> str:
    """The idea that `use in an app` puts into the idea box."""
    about = f" ({summary.rstrip('.')})" if summary else ""
    if kind == "space":
        return f"An app like {title}{about}"
    if kind == "dataset":
        return f"A data explorer for the dataset {id}: filter the rows and draw a chart"
    return f"An app for the model {id}{about}"
