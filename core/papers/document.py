"""A paper as sections, and how one of them is found."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

SECTION_LENGTH = 8_000
_PREVIEW = 280
_LISTED = 120


@dataclass(frozen=True)
class Section:
    """number: "3.1", "A" or "". level: 2 for sections, 3 to 6 below. text: its own, without the sections below it."""

    number: str
    title: str
    level: int
    text: str

    @property
    def heading(self) -> str:
        return f"{self.number} {self.title}".strip()


@dataclass(frozen=True)
class Document:
    """title, abstract, authors as one line, and the sections in their order. cut: it was longer than what is kept."""

    title: str
    abstract: str
    authors: str
    sections: tuple[Section, ...]
    cut: bool = False

    def whole(self, index: int) -> str:
        """The text of a section with those below it, each under its heading."""
        first = self.sections[index]
        parts = [first.text]
        for below in self.sections[index + 1 :]:
            if below.level <= first.level:
                break
            parts.append(f"{'#' * min(below.level, 6)} {below.heading}\n\n{below.text}".rstrip())
        return "\n\n".join(part for part in parts if part)

    def contents(self) -> list[dict[str, Any]]:
        """The table of contents: `number, title, level, characters` of each section with those below it, and the beginning of
        the text of the upper ones; at most 120."""
        listed = []
        for index, section in enumerate(self.sections[:_LISTED]):
            entry: dict[str, Any] = {"number": section.number, "title": section.title, "level": section.level, "characters": len(self.whole(index))}
            if section.level <= 2 and section.text:
                entry["preview"] = section.text[:_PREVIEW] + ("…" if len(section.text) > _PREVIEW else "")
            listed.append(entry)
        return listed

    def find(self, wanted: str) -> list[int]:
        """The sections that are meant, best first: by number, by title, by the beginning of the number, by words of the title."""
        name = _plain(re.sub(r"^(?:section|sec\.?|appendix|§)\s*(?=[\dA-Z])", "", wanted.strip(), flags=re.IGNORECASE))
        rules = (
            lambda section: section.number.lower() == name.rstrip("."),
            lambda section: name in (_plain(section.title), _plain(section.heading)) or _plain(wanted) == _plain(section.title),
            lambda section: bool(section.number) and section.number.lower().startswith(name.rstrip(".") + "."),
            lambda section: name in _plain(section.heading),
            lambda section: set(name.split()) <= set(_plain(section.title).split()),
        )
        if not name:
            return []
        for rule in rules:
            if found := [index for index, section in enumerate(self.sections) if rule(section)]:
                return found
        return []


def _plain(text: str) -> str:
    return " ".join(re.sub(r"[^\w.$\\^-]+", " ", text.lower()).split())
