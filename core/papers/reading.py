"""Read a paper: arXiv's own HTML, else ar5iv's, else its abstract. What was tried and failed is said."""

from __future__ import annotations

import asyncio
from typing import Any

from core.errors import NotFound
from core.papers import listing, scholar
from core.papers.desk import SCHOLAR, Desk, Question, Report, bare
from core.papers.document import SECTION_LENGTH, Document
from core.papers.ids import PaperId
from core.papers.latexml import parse
from core.reading import Source

PAGE_BYTES = 12_000_000
PAGE_SECONDS = 20.0


async def read_paper(desk: Desk, question: Question, report: Report) -> dict[str, Any]:
    """The abstract and the table of contents, or one section; the abstract alone where no full text can be read."""
    paper = question.paper
    for source, path in ((desk.arxiv, f"/html/{paper.id}{paper.version}"), (desk.ar5iv, f"/html/{paper.id}")):
        document = await report.attempt(source.name, _page(desk, source, path))
        if document is not None:
            return _told(document, paper, source, question, report)
    return await _abstract(desk, paper, question, report)


async def _page(desk: Desk, source: Source, path: str) -> Document:
    page = await desk.reader.get(source, path, want="text", accept="text/html", timeout=PAGE_SECONDS, most_bytes=PAGE_BYTES)
    document = await asyncio.to_thread(parse, page.data)
    if not document.sections:
        raise NotFound(f"{source.name} does not have it as HTML.")
    return document


def _told(document: Document, paper: PaperId, source: Source, question: Question, report: Report) -> dict[str, Any]:
    if document.cut:
        report.notes.append("The paper is longer than what is read of it; its end is missing.")
    base = bare({"arxiv_id": paper.id + paper.version, "title": document.title, "url": f"https://arxiv.org/abs/{paper.id}{paper.version}", "read_at": source.name})
    if not question.section:
        return base | bare({"authors": document.authors, "abstract": document.abstract}) | {"sections": document.contents()}
    if question.section.strip().lower() == "abstract" and document.abstract:
        return base | {"section": {"number": "", "title": "Abstract", "level": 2}, **_piece(document.abstract, question.offset)}
    found = document.find(question.section)
    if not found:
        names = "; ".join(section.heading for section in document.sections[:60])
        raise NotFound(f"{paper.id} has no section {question.section[:60]!r}.", f"Its sections are: {names[:1_500]}.")
    if len(found) > 1:
        others = "; ".join(document.sections[index].heading for index in found[1:6])
        report.notes.append(f"Other sections fit too: {others}.")
    chosen = document.sections[found[0]]
    section = {"number": chosen.number, "title": chosen.title, "level": chosen.level}
    return base | {"section": section, **_piece(document.whole(found[0]), question.offset)}


def _piece(text: str, offset: int) -> dict[str, Any]:
    """At most 8,000 characters, to the end of a paragraph where one ends in the last fifth; and where to go on."""
    start = min(offset, len(text))
    end = min(start + SECTION_LENGTH, len(text))
    if end < len(text) and (stop := text.rfind("\n\n", start + SECTION_LENGTH * 4 // 5, end)) > start:
        end = stop + 2
    return {"text": text[start:end].rstrip(), "offset": start, "next_offset": end if end < len(text) else None, "total": len(text)}


async def _abstract(desk: Desk, paper: PaperId, question: Question, report: Report) -> dict[str, Any]:
    told = await report.attempt(desk.hub_name, listing.details(desk, paper))
    if told is None or not told.get("abstract"):
        told = await report.attempt(SCHOLAR, _from_scholar(desk, paper)) or told
    if told is None:
        raise report.nothing(f"paper {paper.id}")
    asked = f", so section {question.section[:40]!r} cannot be shown" if question.section else ""
    report.notes.append(f"Only the abstract could be read{asked}; the whole text is in the PDF.")
    names = ("title", "authors", "abstract")
    return {"arxiv_id": paper.id} | bare({name: told.get(name) for name in names}) | {
        "sections": [],
        "url": f"https://arxiv.org/abs/{paper.id}",
        "pdf": f"https://arxiv.org/pdf/{paper.id}{paper.version}",
    }  # fmt: skip


async def _from_scholar(desk: Desk, paper: PaperId) -> dict[str, Any]:
    found = await scholar.details(desk, paper)
    if not found.get("abstract"):
        raise NotFound(f"{SCHOLAR} does not have its abstract.")
    return found


