"""What a question about papers is answered with: the sources, and the report that grows while they are asked."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from yarl import URL

from core.caller import Caller
from core.errors import InvalidInput, NotFound, SpacesError
from core.hub import Hub
from core.papers.ids import PaperId, paper_id
from core.reading import Reader, Source
from core.settings import Settings

SCHOLAR = "Semantic Scholar"
UNKEYED_SECONDS = 1.0  # https://www.semanticscholar.org/product/api: all who ask without a key share one pool; a key alone gets 1 a second


@dataclass(frozen=True)
class Desk:
    """The Hub, acting for one caller, and the services outside."""

    hub: Hub
    caller: Caller
    reader: Reader
    scholar: Source
    arxiv: Source
    ar5iv: Source

    @property
    def hub_name(self) -> str:
        """As notes and sources name it; the Local Hub says that it holds a sample only."""
        return "the Local Hub (a sample)" if self.hub.local else "Hugging Face"


def desk(hub: Hub, caller: Caller, reader: Reader, settings: Settings) -> Desk:
    """The sources as the settings name them; the owner's key for Semantic Scholar where it may serve this caller."""
    place = settings.research
    key = settings.lent(place.semantic_scholar_key)
    public = key is None and (URL(place.semantic_scholar).host or "").endswith("semanticscholar.org")
    return Desk(
        hub=hub,
        caller=caller,
        reader=reader,
        scholar=Source(SCHOLAR, place.semantic_scholar, secret=key, header="x-api-key", prefix="", pace=UNKEYED_SECONDS if public else 0.0),
        arxiv=Source("arXiv", place.arxiv),
        ar5iv=Source("ar5iv", place.ar5iv, also=(place.arxiv,)),  # where ar5iv has no page it leads to arXiv's
    )


@dataclass(frozen=True)
class Question:
    """What was asked, checked for its shape by `operations.answer`; "" and None mean not given."""

    operation: str
    query: str = ""
    arxiv_id: str = ""
    section: str = ""
    direction: str = "both"
    date: str = ""
    date_from: str = ""
    date_to: str = ""
    categories: str = ""
    min_citations: int | None = None
    sort_by: str = "relevance"
    positive_ids: str | list[str] = ""
    negative_ids: str | list[str] = ""
    sort: str = "downloads"
    limit: int = 10
    offset: int = 0

    @property
    def paper(self) -> PaperId:
        return paper_id(self.arxiv_id)

    @property
    def filters(self) -> list[str]:
        """The names of the filters of a search that were given."""
        given = [name for name in ("date_from", "date_to", "categories", "min_citations") if getattr(self, name) not in ("", None)]
        return given + (["sort_by"] if self.sort_by != "relevance" else [])


@dataclass
class Report:
    """What went along with an answer. notes: what the reader must know of it, trouble of single sources among them. sources: who answered."""

    notes: list[str] = field(default_factory=list)
    sources: list[str] = field(default_factory=list)
    errors: list[SpacesError] = field(default_factory=list)

    async def attempt(self, source: str, asking: Awaitable[Any]) -> Any:
        """The answer of a source, or None with a note of why there is none."""
        try:
            found = await asking
        except SpacesError as error:
            self.errors.append(error)
            note = error.message if source in error.message else f"{source}: {error.message}"
            self.notes += [note] if note not in self.notes else []
            return None
        if source not in self.sources:
            self.sources.append(source)
        return found

    async def attempts(self, **asked: tuple[str, Awaitable[Any]]) -> dict[str, Any]:
        """Several at once, by name."""
        found = await asyncio.gather(*(self.attempt(source, asking) for source, asking in asked.values()))
        return dict(zip(asked, found, strict=True))

    def nothing(self, what: str) -> SpacesError:
        """The error when no source answered at all: that there is no such thing, when all say so, else the first trouble."""
        worse = next((error for error in self.errors if not isinstance(error, NotFound)), None)
        if worse is None:
            return NotFound(f"There is no {what} at any source that was asked.", "Check the id, or search by words.")
        return type(worse)(worse.message, worse.fix, **{**worse.details, "notes": self.notes[:10]})


def day(text: str, argument: str) -> str:
    """A day as YYYY-MM-DD; `InvalidInput` otherwise."""
    try:
        return date.fromisoformat(text.strip()).isoformat()
    except ValueError:
        raise InvalidInput(f"{argument}: {text[:40]!r} is not a day.", "Write it as 2025-09-05.") from None


def bare(entry: Mapping[str, Any]) -> dict[str, Any]:
    """Without what says nothing: None, "" and empty lists."""
    return {name: value for name, value in entry.items() if value is not None and value != "" and value != []}
