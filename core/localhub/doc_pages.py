"""A few pages of documentation, written for the sample: what they say, by product, page and section."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache

from core.localhub.sample import FOLDER
from core.localhub.search import Document, Index


@dataclass(frozen=True)
class Section:
    """A heading and what stands below it; the first one of a page has the page's own heading."""

    heading: str
    text: str

    @property
    def anchor(self) -> str:
        return re.sub(r"[^a-z0-9]+", "-", self.heading.lower()).strip("-")


@dataclass(frozen=True)
class DocPage:
    """One page."""

    product: str
    name: str
    category: str
    title: str
    text: str
    sections: tuple[Section, ...]

    @property
    def path(self) -> str:
        return f"/docs/{self.product}/{self.name}"


@cache
def pages() -> tuple[DocPage, ...]:
    made = []
    for part in (FOLDER / "docs.md").read_text("utf-8").split("=== ")[1:]:
        head, _, text = part.partition("\n")
        where, category, title = (field.strip() for field in head.split("|"))
        product, _, name = where.partition("/")
        cut = re.split(r"^#{1,2} (.+)$", text, flags=re.MULTILINE)[1:]
        sections = tuple(Section(heading.strip(), body.strip()) for heading, body in zip(cut[::2], cut[1::2], strict=True))
        made.append(DocPage(product, name, category, title, text.strip() + "\n", sections))
    return tuple(made)


@cache
def _index() -> Index:
    return Index(
        Document(f"{at}/{place}", ((page.title, 2.0), (section.heading, 2.0), (section.text, 1.0), (page.product, 1.0)))
        for at, page in enumerate(pages())
        for place, section in enumerate(page.sections)
    )


def by_meaning(query: str, product: str = "") -> list[tuple[DocPage, Section]]:
    """Sections that fit a question, the best first."""
    found = [_at(id) for id, score in _index().rank(query) if score > 0]
    return [pair for pair in found if product in ("", pair[0].product)]


def by_words(query: str, product: str = "") -> list[tuple[DocPage, Section]]:
    """Sections that hold every word."""
    words = query.lower().split()
    return [
        (page, section)
        for page in pages()
        if product in ("", page.product)
        for section in page.sections
        if all(word in f"{page.title} {section.heading} {section.text}".lower() for word in words)
    ]


def _at(id: str) -> tuple[DocPage, Section]:
    at, _, place = id.partition("/")
    page = pages()[int(at)]
    return page, page.sections[int(place)]
