"""Search results: one row shape for everything the Hub has, the chips above them, the details beside them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from ui.parts.card import card
from ui.parts.draw import draw

_SORTS = ("relevance", "trending", "likes", "downloads", "updated", "created")

# Kind → its words, icon, the actions that find and show it, the filters worth a chip, and the orders it knows. A filter
# is an argument of the action and its value; `filter=` takes tags, of which several may be on.
KINDS: dict[str, dict[str, Any]] = {
    "space": {
        "word": "Spaces", "many": "Spaces", "icon": "cube", "search": "hf_search_spaces", "details": "hf_space_details",
        "filters": {
            "SDK": {"sdk=gradio": "Gradio", "sdk=static": "Static", "sdk=docker": "Docker"},
            "Tools": {"filter=mcp-server": "MCP server"},
            "Licence": {"license=mit": "MIT", "license=apache-2.0": "Apache 2.0"},
        },
        "sorts": tuple(one for one in _SORTS if one != "downloads"),
    },
    "model": {
        "word": "Models", "many": "models", "icon": "box", "search": "hf_search_models", "details": "hf_model_details",
        "filters": {
            "Task": {
                "task=text-generation": "Text generation", "task=text-classification": "Classification",
                "task=automatic-speech-recognition": "Speech to text", "task=text-to-image": "Text to image",
                "task=feature-extraction": "Embeddings",
            },
            "Library": {"library=transformers": "Transformers", "library=diffusers": "Diffusers", "library=gguf": "GGUF"},
            "Licence": {"license=apache-2.0": "Apache 2.0", "license=mit": "MIT"},
            "Size": {"size=max:1B": "to 1B", "size=min:1B,max:10B": "1–10B", "size=min:10B": "from 10B"},
            "Served by": {"provider=all": "anybody", "provider=together": "Together", "provider=groq": "Groq", "provider=novita": "Novita"},
        },
        "sorts": _SORTS,
    },
    "dataset": {
        "word": "Datasets", "many": "datasets", "icon": "database", "search": "hf_search_datasets", "details": "hf_dataset_details",
        "filters": {
            "Task": {
                "task=text-classification": "Classification", "task=question-answering": "Questions",
                "task=text-generation": "Text generation", "task=summarization": "Summaries",
            },
            "Language": {"language=en": "English"},
            "Licence": {"license=mit": "MIT", "license=apache-2.0": "Apache 2.0", "license=cc-by-4.0": "CC BY 4.0"},
            "Rows": {"size=1K<n<10K": "1–10 thousand", "size=10K<n<100K": "10–100 thousand", "size=100K<n<1M": "up to a million"},
        },
        "sorts": _SORTS,
    },
    "paper": {
        "word": "Papers", "many": "papers", "icon": "file", "search": "hf_search_papers", "details": "hf_paper_details",
        "filters": {}, "sorts": (),
    },
    "doc": {
        "word": "Docs", "many": "pages of the documentation", "icon": "log", "search": "hf_search_docs", "details": "hf_fetch_docs",
        "filters": {
            "Library": {
                "product=hub": "Hub", "product=transformers": "Transformers", "product=diffusers": "Diffusers",
                "product=datasets": "Datasets", "product=huggingface_hub": "Hub client",
            },
        },
        "sorts": (),
    },
    "person": {
        "word": "People", "many": "people or organizations", "icon": "user", "search": "hf_search_people", "details": "hf_user_details",
        "filters": {}, "sorts": (),
    },
    "collection": {
        "word": "Collections", "many": "collections", "icon": "stack", "search": "hf_search_collections",
        "details": "hf_collection_details", "filters": {}, "sorts": ("relevance", "trending", "likes", "updated"),
    },
}  # fmt: skip
BUILDABLE = ("space", "model", "dataset", "paper", "collection")
_AUTHORED = ("space", "model", "dataset", "collection")


@dataclass(frozen=True)
class Ask:
    """What is searched for: kind, the filters that are on as name=value, order."""

    kind: str = "space"
    tags: tuple[str, ...] = ()
    sort: str = "relevance"

    def of(self, kind: str) -> Ask:
        """The same question for another kind; its own filters start empty."""
        return self if kind == self.kind or kind not in KINDS else Ask(kind)

    def toggle(self, tag: str) -> Ask:
        """The filter switched on or off. Of one name only one value is on, tags excepted; what is no filter is ignored."""
        name, _, value = tag.partition("=")
        known = any(tag in group for group in KINDS[self.kind]["filters"].values())
        if not known and not (name == "author" and value and self.kind in _AUTHORED):
            return self
        if tag in self.tags:
            return replace(self, tags=tuple(one for one in self.tags if one != tag))
        rest = tuple(one for one in self.tags if name == "filter" or not one.startswith(f"{name}="))
        return replace(self, tags=(*rest, tag))

    def sorted_by(self, sort: str) -> Ask:
        return replace(self, sort=sort) if sort in KINDS[self.kind]["sorts"] else self

    def given(self) -> dict[str, Any]:
        """The filters and the order as arguments of the kind's action."""
        pairs = [tag.partition("=")[::2] for tag in self.tags]
        found: dict[str, Any] = {name: value for name, value in pairs if name != "filter"}
        if tags := [value for name, value in pairs if name == "filter"]:
            found["filter"] = tags
        if KINDS[self.kind]["sorts"]:
            found["sort"] = self.sort
        return found


def chips(ask: Ask) -> str:
    """Kinds, filters and order as chips; those that are on are marked."""
    authors = [tag for tag in ask.tags if tag.startswith("author=")]
    return draw("chips", kinds=KINDS, ask=ask, kind=KINDS[ask.kind], authors=authors)


def results(items: Sequence[Mapping[str, Any]], ask: Ask, *, query: str, sample: bool, more: bool, opened: str | None = None) -> str:
    """Rows of one shape, or the honest empty state; `sample` says that this Hub's catalogue is one."""
    return draw(
        "results", items=items, ask=ask, kind=KINDS[ask.kind], query=query, sample=sample, more=more, opened=opened,
        buildable=ask.kind in BUILDABLE,
    )  # fmt: skip


def details(kind: str, item: Mapping[str, Any], *, images: bool = False) -> str:
    """Everything worth knowing of one thing, and what to do with it; `images` loads those of its card."""
    written = item.get("readme") or item.get("abstract") or (item.get("text") if kind == "doc" else None)
    base = f"{item.get('url')}/resolve/main/" if item.get("readme") else str(item.get("url") or "")
    told = card(str(written), base=base, images=images) if written else None
    return draw(
        "details",
        item=item,
        kind=kind,
        about=KINDS[kind],
        facts=_facts(kind, item),
        linked=_linked(kind, item),
        author=item.get("author") if kind in ("space", "model", "dataset") else None,
        buildable=kind in BUILDABLE,
        callable=kind == "space" and item.get("sdk") != "static",
        title=item.get("title") or item.get("id") or item.get("url"),
        id=item.get("id") or item.get("url"),
        told=told,
        heading={"paper": "Abstract", "doc": ""}.get(kind, "Card"),
        images=images,
        files=(item.get("files") or [])[:12],
        contents=item.get("contents") or [],
        kinds=KINDS,
    )


def _facts(kind: str, item: Mapping[str, Any]) -> list[tuple[str, str]]:
    """What is worth a line, as label and words; what is not known is left out."""
    named = [("Task", "task"), ("Library", "library"), ("SDK", "sdk"), ("Stage", "stage"), ("Hardware", "hardware"), ("Licence", "license"),
             ("Owner", "owner"), ("Authors", "authors"), ("Keywords", "keywords"), ("Organizations", "organizations")]  # fmt: skip
    item = {**item, "stage": str(item.get("stage") or "").replace("_", " ").lower()}  # RUNNING, BUILD_ERROR: said as everywhere on the page
    found = [(label, _words(item.get(name))) for label, name in named if item.get(name) and (kind != "person" or name != "task")]
    if kind == "person":
        found.insert(0, ("Kind", str(item.get("type") or "user")))
        numbers = {"Followers": item.get("followers"), "Following": item.get("following"), "Members": item.get("members")}
        numbers |= {many.capitalize(): count for many, count in (item.get("counts") or {}).items()}
        found += [(label, f"{count:,}") for label, count in numbers.items() if isinstance(count, int)]
    return found


def _words(value: Any) -> str:
    if isinstance(value, list | tuple):
        return ", ".join(str(one) for one in value[:12]) + (f" and {len(value) - 12} more" if len(value) > 12 else "")
    return str(value)


def _linked(kind: str, item: Mapping[str, Any]) -> list[tuple[str, str, list[str]]]:
    """What belongs to it, as heading, kind and ids."""
    headings = {"models": "Models", "datasets": "Datasets", "spaces": "Spaces that use it", "papers": "Papers"}
    if kind in ("person", "paper"):
        headings["spaces"] = "Spaces"
    return [(heading, many[:-1], ids[:12]) for many, heading in headings.items() if isinstance(ids := item.get(many), list) and ids]


def idea_for(kind: str, id: str, title: str, summary: str) -> str:
    """The idea that `use in an app` puts into the idea box."""
    about = f" ({summary.rstrip('.')})" if summary else ""
    if kind == "space":
        return f"An app like {title}{about}"
    if kind == "dataset":
        return f"A data explorer for the dataset {id}: filter the rows and draw a chart"
    if kind == "paper":
        return f"A page that explains the paper “{title}” ({id})"
    if kind == "collection":
        return f"A page that presents the collection “{title}”{about}"
    return f"An app for the model {id}{about}"
