"""Models, datasets and Spaces as rows of one shape."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any, Literal, get_args

from core.errors import InvalidInput

Kind = Literal["model", "dataset", "space"]
Other = Literal["paper", "person", "collection", "doc"]
_SUMMARY_LENGTH = 200
_TAGS = 8
_RUNNING = frozenset({"RUNNING", "RUNNING_BUILDING", "RUNNING_APP_STARTING", "SLEEPING"})


@dataclass(frozen=True)
class Row:
    """One repository, paper, person, collection or page of the documentation in a list.

    `task` is a model's pipeline tag, a dataset's first task or a Space's category; `sdk` only Spaces have.
    `likes` are a paper's and a collection's upvotes and a person's followers.
    `runnable`: a Space that runs, or a model somebody serves; None where the Hub does not tell.
    """

    id: str
    kind: Kind | Other
    title: str
    summary: str
    likes: int
    downloads: int | None
    updated: str | None
    task: str | None
    sdk: str | None
    tags: tuple[str, ...]
    runnable: bool | None
    url: str

    def to_dict(self) -> dict[str, Any]:
        return {**asdict(self), "tags": list(self.tags)}


def check_kind(kind: str) -> Kind:
    """The kind, if there is such a one; `InvalidInput` otherwise."""
    if kind not in get_args(Kind):
        raise InvalidInput(f"{kind!r} is not a kind of repository.", "Use model, dataset or space.")
    return kind


def web_url(endpoint: str, kind: Kind, repo: str) -> str:
    """The page of a repository."""
    return f"{endpoint}/{'' if kind == 'model' else kind + 's/'}{repo}"


def row(kind: Kind, item: dict[str, Any], endpoint: str) -> Row | None:
    """A row from one entry of a listing or of the semantic search; None when the entry has no id."""
    repo = item.get("id")
    if not isinstance(repo, str) or "/" not in repo and kind == "space":
        return None
    card = item.get("cardData") if isinstance(item.get("cardData"), dict) else {}
    all_tags = [tag for tag in item.get("tags") or [] if isinstance(tag, str)]
    title = item.get("title") or card.get("title") or card.get("pretty_name") or repo.split("/")[-1]
    return Row(
        id=repo,
        kind=kind,
        title=line(title, 100),
        summary=_summary(kind, item, card, all_tags),
        likes=number(item.get("likes")) or 0,
        downloads=number(item.get("downloads")),
        updated=text(item.get("lastModified")) or text(item.get("createdAt")),
        task=_task(kind, item, all_tags),
        sdk=text(item.get("sdk")) if kind == "space" else None,
        tags=tuple(_worth_showing(all_tags)),
        runnable=_runnable(kind, item),
        url=web_url(endpoint, kind, repo),
    )


def _summary(kind: Kind, item: dict[str, Any], card: dict[str, Any], tags: list[str]) -> str:
    told = (
        item.get("ai_short_description")
        or item.get("shortDescription")
        or card.get("short_description")
        or item.get("description")
    )
    if told:
        return line(told, _SUMMARY_LENGTH)
    if kind == "model":
        parts = [item.get("pipeline_tag"), item.get("library_name")]
        return ", ".join(part for part in parts if isinstance(part, str))
    return ""


def _task(kind: Kind, item: dict[str, Any], tags: Iterable[str]) -> str | None:
    if kind == "model":
        return text(item.get("pipeline_tag"))
    if kind == "space":
        return text(item.get("ai_category"))
    prefix = "task_categories:"
    return next((tag.removeprefix(prefix) for tag in tags if tag.startswith(prefix)), None)


def _runnable(kind: Kind, item: dict[str, Any]) -> bool | None:
    if kind == "space":
        stage = (item.get("runtime") or {}).get("stage") if isinstance(item.get("runtime"), dict) else None
        return None if stage is None else stage in _RUNNING
    if kind == "model":
        served = item.get("inference")
        return served == "warm" if isinstance(served, str) else None
    return None


def _worth_showing(tags: list[str]) -> list[str]:
    """Plain words first; `region:us` and the like say nothing to a person."""
    telling = [tag for tag in tags if not tag.startswith(("region:", "arxiv:", "base_model:", "doi:", "format:", "size_categories:"))]
    return sorted(telling, key=lambda tag: ":" in tag)[:_TAGS]


def line(value: object, length: int) -> str:
    """The value as one line of at most that many characters."""
    words = " ".join(str(value)[: 20 * length].split())
    return words if len(words) <= length else words[: length - 1].rstrip() + "…"


def text(value: object) -> str | None:
    """The value when it is a text that says something."""
    return value if isinstance(value, str) and value else None


def number(value: object) -> int | None:
    """The value when it is a whole number."""
    return value if isinstance(value, int) and not isinstance(value, bool) else None
