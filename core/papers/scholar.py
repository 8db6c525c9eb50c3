"""Semantic Scholar: citations, filters by date and field, passages, recommendations.

Its Academic Graph API: `/paper/search` ranks by relevance and gives up to 100; `/paper/search/bulk` sorts by date or
citations, does not rank, and knows no TLDR; `/snippet/search` takes fields of the passage only and names the paper by its corpus id.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from core.errors import InvalidInput, RateLimited
from core.papers.desk import SCHOLAR, Desk, Question, Report, bare
from core.papers.ids import PaperId, scholar_ids
from core.reading import LONGEST_WAIT, SourceUnavailable

_ROW = "title,externalIds,year,citationCount,influentialCitationCount,venue,publicationDate,abstract"
_WHOLE = f"{_ROW},tldr,authors,referenceCount,fieldsOfStudy,openAccessPdf"
_EDGES = "title,externalIds,year,citationCount,influentialCitationCount,contexts,intents,isInfluential"
_SUMMARY, _PASSAGE, _CONTEXT = 300, 1_200, 200
_LOOKED_AT = 100
_BULK_BYTES = 12_000_000  # it tells up to a thousand papers at once, in at most 10 MB
_SORTS = {"citationCount": "citationCount:desc", "publicationDate": "publicationDate:desc"}
_FIELDS = (
    "Computer Science", "Medicine", "Chemistry", "Biology", "Materials Science", "Physics", "Geology", "Psychology", "Art", "History",
    "Geography", "Sociology", "Business", "Political Science", "Economics", "Philosophy", "Mathematics", "Engineering",
    "Environmental Science", "Agricultural and Food Sciences", "Education", "Law", "Linguistics",
)  # fmt: skip
_ARCHIVES = {
    "cs": "Computer Science", "stat": "Mathematics", "math": "Mathematics", "eess": "Engineering", "q-bio": "Biology", "econ": "Economics",
    "q-fin": "Economics", "physics": "Physics", "astro-ph": "Physics", "cond-mat": "Physics", "quant-ph": "Physics",
    "hep-th": "Physics", "hep-ph": "Physics", "gr-qc": "Physics", "nlin": "Physics",
}  # fmt: skip
_DATE = re.compile(r"\d{4}(?:-(?:0[1-9]|1[0-2])(?:-(?:0[1-9]|[12]\d|3[01]))?)?")


async def find(desk: Desk, question: Question, report: Report) -> list[dict[str, Any]]:
    """Papers by words and filters, in the order that was asked for."""
    filters = filters_of(question)
    try:
        if question.sort_by == "relevance":
            # A hyphen between letters finds nothing there; a blank does.
            words = re.sub(r"(?<=\w)-(?=\w)", " ", question.query)
            params = {"query": words, "limit": question.limit, "fields": f"{_ROW},tldr", **filters}
            answer = await desk.reader.get(desk.scholar, "/graph/v1/paper/search", params=params)
            return _rows(answer.data, "data", question.limit)
        return await _bulk(desk, question, filters, _SORTS[question.sort_by])
    except RateLimited as limited:
        if question.sort_by != "relevance" or limited.details.get("retry_after", 0) > LONGEST_WAIT:
            raise
    # Without a key the ranked search is often closed when the other one is open.
    found = await _bulk(desk, question, filters, _SORTS["citationCount"])
    report.notes.append(f"The ranked search of {SCHOLAR} takes no more requests for now: these hold every word, the most cited first.")
    return found


async def _bulk(desk: Desk, question: Question, filters: Mapping[str, Any], sort: str) -> list[dict[str, Any]]:
    params = {"query": question.query, "fields": _ROW, "sort": sort, **filters}
    answer = await desk.reader.get(desk.scholar, "/graph/v1/paper/search/bulk", params=params, most_bytes=_BULK_BYTES, timeout=20)
    return _rows(answer.data, "data", question.limit)


async def details(desk: Desk, paper: PaperId) -> dict[str, Any]:
    """What it knows of one paper."""
    answer = await desk.reader.get(desk.scholar, f"/graph/v1/paper/{paper.scholar}", params={"fields": _WHOLE})
    entry = answer.data
    if not isinstance(entry, dict) or not isinstance(entry.get("title"), str):
        raise SourceUnavailable(f"{SCHOLAR} answered something that is no paper.")
    pdf = entry.get("openAccessPdf")
    return (row(entry) or {}) | bare({
        "abstract": _text(entry.get("abstract")),
        "tldr": _tldr(entry),
        "authors": [one["name"] for one in _dicts(entry.get("authors")) if isinstance(one.get("name"), str)][:100],
        "references": _number(entry.get("referenceCount")),
        "fields": [name for name in entry.get("fieldsOfStudy") or () if isinstance(name, str)],
        "pdf": _text(pdf.get("url")) if isinstance(pdf, dict) else None,
    })  # fmt: skip


async def graph(desk: Desk, paper: PaperId, direction: str, limit: int) -> list[dict[str, Any]]:
    """What a paper cites (references), or what cites it (citations): the influential and most cited of the newest hundred."""
    params = {"fields": _EDGES, "limit": max(limit, _LOOKED_AT)}
    answer = await desk.reader.get(desk.scholar, f"/graph/v1/paper/{paper.scholar}/{direction}", params=params)
    inner = "citedPaper" if direction == "references" else "citingPaper"
    found = []
    for edge in _list(answer.data, "data"):
        made = row(edge[inner]) if isinstance(edge.get(inner), dict) else None
        if made:
            contexts = [_cut(text, _CONTEXT) for text in edge.get("contexts") or () if isinstance(text, str)][:2]
            intents = [intent for intent in edge.get("intents") or () if isinstance(intent, str)]
            found.append(made | bare({"influential": edge.get("isInfluential") is True or None, "intents": intents, "contexts": contexts}))
    found.sort(key=lambda one: (not one.get("influential"), -one.get("citations", 0)))
    return found[:limit]


async def passages(desk: Desk, question: Question, report: Report) -> list[dict[str, Any]]:
    """Passages out of papers that fit a question, each with where it stands."""
    params = {"query": question.query, "limit": question.limit, "fields": "snippet.text,snippet.section,snippet.snippetKind", **filters_of(question)}
    if question.arxiv_id:
        params["paperIds"] = question.paper.scholar
    answer = await desk.reader.get(desk.scholar, "/graph/v1/snippet/search", params=params)
    found, papers = [], []
    for hit in _list(answer.data, "data"):
        snippet, paper = hit.get("snippet"), hit.get("paper")
        if not isinstance(snippet, dict) or not _text(snippet.get("text")):
            continue
        paper = paper if isinstance(paper, dict) else {}
        papers.append(paper)
        found.append(bare({
            **(row(paper) or {}),
            "section": _text(snippet.get("section")) or _text(snippet.get("snippetKind")),
            "text": _cut(snippet["text"], _PASSAGE),
        }))  # fmt: skip
    return await _named(desk, found, papers, report)


async def _named(desk: Desk, found: list[dict[str, Any]], papers: list[dict[str, Any]], report: Report) -> list[dict[str, Any]]:
    """The passages with the ids of their papers, which the search does not tell: one request for all of them."""
    corpus = [str(paper.get("corpusId") or "") for paper in papers]
    wanted = list(dict.fromkeys(id for id, one in zip(corpus, found, strict=True) if id.isdigit() and "arxiv_id" not in one))
    if not wanted:
        return found
    asking = desk.reader.post(
        desk.scholar, "/graph/v1/paper/batch", params={"fields": "title,externalIds,year,citationCount,venue"}, json={"ids": [f"CorpusId:{id}" for id in wanted]}
    )
    answer = await report.attempt(SCHOLAR, asking)
    entries = _dicts(answer.data) if answer is not None else []
    known = {str((entry.get("externalIds") or {}).get("CorpusId")): row(entry) or {} for entry in entries}
    return [one | known.get(id, {}) for id, one in zip(corpus, found, strict=True)]


async def recommend(desk: Desk, question: Question, report: Report) -> list[dict[str, Any]]:
    """Papers like the given ones, and unlike the others."""
    positive = scholar_ids(question.positive_ids, "positive_ids")
    negative = scholar_ids(question.negative_ids, "negative_ids")
    if question.arxiv_id:
        positive = list(dict.fromkeys([question.paper.scholar, *positive]))
    params = {"fields": _ROW, "limit": question.limit}
    if len(positive) == 1 and not negative:
        path = f"/recommendations/v1/papers/forpaper/{positive[0]}"
        answer = await desk.reader.get(desk.scholar, path, params={**params, "from": "recent"})
        if not _list(answer.data, "recommendedPapers"):
            report.notes.append("Among the papers of the last weeks there is nothing alike; these are from all of computer science.")
            answer = await desk.reader.get(desk.scholar, path, params={**params, "from": "all-cs"})
    else:
        body = {"positivePaperIds": positive, "negativePaperIds": negative}
        answer = await desk.reader.post(desk.scholar, "/recommendations/v1/papers/", params=params, json=body)
    return _rows(answer.data, "recommendedPapers", question.limit)


def filters_of(question: Question) -> dict[str, Any]:
    """The filters of a question as Semantic Scholar takes them; `InvalidInput` names the one that is wrong."""
    for name in ("date_from", "date_to"):
        if (given := getattr(question, name)) and not _DATE.fullmatch(given.strip()):
            raise InvalidInput(f"{name}: {given[:40]!r} is not a date.", "Write 2024, 2024-06 or 2024-06-15.")
    low, high = question.date_from.strip(), question.date_to.strip()
    if low and high and low[: len(high)] > high[: len(low)]:
        raise InvalidInput(f"date_from ({low}) is after date_to ({high}).", "Exchange the two.")
    if question.min_citations is not None and question.min_citations < 0:
        raise InvalidInput("min_citations is a number from 0 on.")
    return {
        "publicationDateOrYear": f"{low}:{high}" if low or high else None,
        "fieldsOfStudy": ",".join(_fields(question.categories)) or None,
        "minCitationCount": question.min_citations,
    }


def _fields(categories: str) -> list[str]:
    found = []
    for name in (part.strip() for part in categories.split(",")):
        known = next((field for field in _FIELDS if field.lower() == name.lower()), None) or _ARCHIVES.get(name.lower().partition(".")[0])
        if name and known is None:
            fix = f"Give arXiv categories such as cs.CL, or fields: {', '.join(_FIELDS)}."
            raise InvalidInput(f"categories: {name[:40]!r} is not a field of study.", fix)
        found += [known] if name else []
    return list(dict.fromkeys(found))


def row(entry: Mapping[str, Any]) -> dict[str, Any] | None:
    """A paper of Semantic Scholar as an item; None without a title."""
    title, outside = _text(entry.get("title")), entry.get("externalIds")
    if title is None:
        return None
    arxiv = _text(outside.get("ArXiv")) if isinstance(outside, dict) else None
    scholar = _text(entry.get("paperId"))
    summary = _tldr(entry) or _text(entry.get("abstract"))
    return bare({
        "arxiv_id": arxiv,
        "title": _cut(title, 300),
        "summary": _cut(summary, _SUMMARY) if summary else None,
        "year": _number(entry.get("year")),
        "published": _text(entry.get("publicationDate")),
        "citations": _number(entry.get("citationCount")),
        "influential_citations": _number(entry.get("influentialCitationCount")),
        "venue": _text(entry.get("venue")),
        "scholar_id": scholar if not arxiv else None,
        "url": f"https://arxiv.org/abs/{arxiv}" if arxiv else f"https://www.semanticscholar.org/paper/{scholar}" if scholar else None,
    })  # fmt: skip


def _rows(data: Any, name: str, limit: int) -> list[dict[str, Any]]:
    return [made for entry in _list(data, name) if (made := row(entry))][:limit]


def _tldr(entry: Mapping[str, Any]) -> str | None:
    told = entry.get("tldr")
    return _text(told.get("text")) if isinstance(told, dict) else None


def _list(data: Any, name: str) -> list[dict[str, Any]]:
    """The rows under a name. A missing list is none; something that is no object at all is nonsense."""
    if not isinstance(data, dict):
        raise SourceUnavailable(f"{SCHOLAR} answered something that is not its protocol.")
    return _dicts(data.get(name))


def _dicts(data: Any) -> list[dict[str, Any]]:
    return [one for one in data if isinstance(one, dict)] if isinstance(data, list) else []


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) and value.strip() else None


def _number(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _cut(text: str, length: int) -> str:
    words = " ".join(text.split())
    return words if len(words) <= length else words[: length - 1].rstrip() + "…"
