"""The names of papers: arXiv ids of both styles, however they are written."""

from __future__ import annotations

import re
from dataclasses import dataclass

from core.errors import InvalidInput

_LONGEST = 300
_BEFORE = re.compile(
    r"^(?:arxiv\s*:\s*|doi\s*:\s*)?(?:10\.48550/arxiv\.)?(?:https?://)?(?:(?:www\.|export\.|browse\.)?arxiv\.org/(?:abs|pdf|html|ps|format)/"
    r"|ar5iv(?:\.labs\.arxiv)?\.org/(?:abs|html)/|(?:www\.)?(?:huggingface\.co|hf\.co)/papers/|(?:www\.)?alphaxiv\.org/(?:abs|overview)/"
    r"|(?:dx\.)?doi\.org/10\.48550/arxiv\.)?",
    re.IGNORECASE,
)
# New style since April 2007: YYMM.NNNN, five digits since 2015; before: archive(.XX)/YYMMNNN.
_ID = re.compile(r"(?P<id>\d{2}(?:0[1-9]|1[0-2])\.\d{4,5}|[a-z][a-z-]{1,20}(?:\.[A-Za-z]{2})?/\d{7})(?:v(?P<version>[1-9]\d{0,2}))?", re.IGNORECASE)
_SCHOLAR = re.compile(r"[0-9a-f]{40}")


@dataclass(frozen=True)
class PaperId:
    """An arXiv id. id: without version. version: such as v2, "" where none was asked for."""

    id: str
    version: str = ""

    @property
    def scholar(self) -> str:
        """As Semantic Scholar names it."""
        return f"ARXIV:{self.id}"


def paper_id(text: str) -> PaperId:
    """The id in `2509.04664`, `hep-th/9901001v2`, `arXiv:…`, or an address of arXiv, ar5iv or the Hub; `InvalidInput` otherwise."""
    given = text.strip()[:_LONGEST]
    bare = _BEFORE.sub("", given.partition("?")[0].partition("#")[0].rstrip("/"), count=1)
    bare = re.sub(r"\.pdf$", "", bare, flags=re.IGNORECASE)
    match = _ID.fullmatch(bare)
    if not match:
        raise InvalidInput(f"{given[:60]!r} is not an arXiv id.", "Give one such as 2509.04664 or hep-th/9901001; search finds ids by words.")
    found = match["id"]
    if "/" in found:
        archive, _, number = found.partition("/")
        name, dot, subject = archive.partition(".")
        found = f"{name.lower()}{dot}{subject.upper()}/{number}"
    return PaperId(found, f"v{match['version']}" if match["version"] else "")


def scholar_ids(given: str | list[str], argument: str, *, most: int = 20) -> list[str]:
    """Several papers as Semantic Scholar names them; a list or a comma-separated text of arXiv ids, or its own 40-digit ids."""
    parts = given.split(",") if isinstance(given, str) else [str(one) for one in given]
    names = [part.strip() for part in parts if part.strip()]
    if len(names) > most:
        raise InvalidInput(f"{argument} holds {len(names)} papers; at most {most} are taken.")
    return list(dict.fromkeys(name.lower() if _SCHOLAR.fullmatch(name.lower()) else paper_id(name).scholar for name in names))
