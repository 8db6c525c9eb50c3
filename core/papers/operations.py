"""The operations on papers, as a table: what each needs, what else it uses, and the function that does it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, fields, replace
from typing import Any

from core.errors import InvalidInput
from core.papers import listing, scholar
from core.papers.desk import SCHOLAR, Desk, Question, Report, day
from core.papers.ids import scholar_ids
from core.papers.reading import read_paper

LARGEST = 50
QUERY_LENGTH = 300
_KINDS = ("dataset", "model", "space")
_BY_WORDS = {"find_models": "hf_search_models", "find_datasets": "hf_search_datasets", "find_collections": "hf_search_collections", "read_paper": "search"}


async def _trending(desk: Desk, question: Question, report: Report) -> dict[str, Any]:
    words = question.query.lower().split()
    count = min(max(3 * question.limit, 30), listing.LISTED) if words else question.limit
    entries = await _needed(report, desk.hub_name, listing.trending(desk, question.date, count), "list of papers")
    kept = [entry for entry in entries if all(word in listing.words_of(entry) for word in words)]
    if words and not kept:
        report.notes.append(f"None of the {len(entries)} papers of the list holds every word of the query; search looks at all papers.")
    return {"items": _items(desk, kept, question.limit)}


async def _search(desk: Desk, question: Question, report: Report) -> dict[str, Any]:
    if not question.filters:
        entries = await _needed(report, desk.hub_name, listing.find(desk, question.query, question.limit), "search")
        return {"items": _items(desk, entries, question.limit)}
    found = await report.attempt(SCHOLAR, scholar.find(desk, question, report))
    if found is not None:
        return {"items": found}
    return {"items": await _filtered_here(desk, question, report)}


async def _filtered_here(desk: Desk, question: Question, report: Report) -> list[dict[str, Any]]:
    """The Hub's search with as many of the filters as its answers allow; the others are named as not applied."""
    entries = await _needed(report, desk.hub_name, listing.find(desk, question.query, listing.FOUND), "search")
    items = _items(desk, entries, listing.FOUND)
    low, high = question.date_from.strip(), question.date_to.strip()
    if low or high:
        items = [one for one in items if (when := one.get("published", "")) and when[: len(low)] >= low and (not high or when[: len(high)] <= high)]
    if question.sort_by == "publicationDate":
        items.sort(key=lambda one: one.get("published", ""), reverse=True)
    done = [name for name in question.filters if name in ("date_from", "date_to") or (name == "sort_by" and question.sort_by == "publicationDate")]
    missing = [name for name in question.filters if name not in done]
    report.notes.append(
        f"These are from the search of {desk.hub_name} instead. Applied here: {', '.join(done) or 'no filter'}."
        + (f" NOT applied: {', '.join(missing)}; only {SCHOLAR} can." if missing else "")
    )
    return items[: question.limit]


async def _details(desk: Desk, question: Question, report: Report) -> dict[str, Any]:
    paper = question.paper
    found = await report.attempts(hub=(desk.hub_name, listing.details(desk, paper)), scholar=(SCHOLAR, scholar.details(desk, paper)))
    if found["hub"] is None and found["scholar"] is None:
        raise report.nothing(f"paper {paper.id}")
    addresses = {"arxiv_id": paper.id, "arxiv": f"https://arxiv.org/abs/{paper.id}", "pdf": f"https://arxiv.org/pdf/{paper.id}"}
    return {"paper": (found["scholar"] or {}) | (found["hub"] or {}) | addresses}


async def _graph(desk: Desk, question: Question, report: Report) -> dict[str, Any]:
    paper = question.paper
    wanted = ("references", "citations") if question.direction == "both" else (question.direction,)
    found = await report.attempts(**{name: (SCHOLAR, scholar.graph(desk, paper, name, question.limit)) for name in wanted})
    if all(rows is None for rows in found.values()):
        raise report.nothing(f"paper {paper.id}")
    report.notes += [f"No {name} are known there." for name, rows in found.items() if rows == []]
    if any(found.values()):
        report.notes.append("Influential ones first, then the most cited, of the first hundred that are told.")
    return {"arxiv_id": paper.id, **{name: rows for name, rows in found.items() if rows is not None}}


async def _snippets(desk: Desk, question: Question, report: Report) -> dict[str, Any]:
    return {"items": await _needed(report, SCHOLAR, scholar.passages(desk, question, report), "passage")}


async def _recommend(desk: Desk, question: Question, report: Report) -> dict[str, Any]:
    return {"items": await _needed(report, SCHOLAR, scholar.recommend(desk, question, report), "recommendation")}


def _repositories(kind: Any) -> Callable[[Desk, Question, Report], Awaitable[dict[str, Any]]]:
    async def find(desk: Desk, question: Question, report: Report) -> dict[str, Any]:
        paper = question.paper
        asking = listing.repositories(desk, kind, paper, sort=question.sort, limit=question.limit)
        return {"arxiv_id": paper.id, "items": await _needed(report, desk.hub_name, asking, f"{kind} of {paper.id}")}

    return find


async def _collections(desk: Desk, question: Question, report: Report) -> dict[str, Any]:
    paper = question.paper
    return {"arxiv_id": paper.id, "items": await _needed(report, desk.hub_name, listing.collections(desk, paper, limit=question.limit), "collection")}


async def _everything(desk: Desk, question: Question, report: Report) -> dict[str, Any]:
    paper, limit = question.paper, min(question.limit, 10)
    found = await report.attempts(
        **{f"{kind}s": (desk.hub_name, listing.repositories(desk, kind, paper, sort=question.sort, limit=limit)) for kind in _KINDS},
        collections=(desk.hub_name, listing.collections(desk, paper, limit=limit)),
    )
    if all(rows is None for rows in found.values()):
        raise report.nothing(f"resource of {paper.id}")
    missing = [name for name, rows in found.items() if rows is None]
    if missing:
        report.notes.append(f"Not known, because asking failed: {', '.join(missing)}.")
    return {"arxiv_id": paper.id, **{name: rows for name, rows in found.items() if rows is not None}}


@dataclass(frozen=True)
class Operation:
    """run: does it. needs: one of these arguments must be given. uses: what else it looks at."""

    run: Callable[[Desk, Question, Report], Awaitable[dict[str, Any]]]
    needs: tuple[str, ...] = ()
    uses: tuple[str, ...] = ()


_FILTERS = ("date_from", "date_to", "categories", "min_citations")
OPERATIONS = {
    "trending": Operation(_trending, uses=("query", "date", "limit")),
    "search": Operation(_search, ("query",), (*_FILTERS, "sort_by", "limit")),
    "paper_details": Operation(_details, ("arxiv_id",)),
    "read_paper": Operation(read_paper, ("arxiv_id",), ("section", "offset")),
    "citation_graph": Operation(_graph, ("arxiv_id",), ("direction", "limit")),
    "snippet_search": Operation(_snippets, ("query",), (*_FILTERS, "arxiv_id", "limit")),
    "recommend": Operation(_recommend, ("arxiv_id", "positive_ids"), ("negative_ids", "limit")),
    "find_datasets": Operation(_repositories("dataset"), ("arxiv_id",), ("sort", "limit")),
    "find_models": Operation(_repositories("model"), ("arxiv_id",), ("sort", "limit")),
    "find_collections": Operation(_collections, ("arxiv_id",), ("limit",)),
    "find_all_resources": Operation(_everything, ("arxiv_id",), ("sort", "limit")),
}


async def answer(desk: Desk, question: Question) -> dict[str, Any]:
    """Do one operation.

    Returns `{operation, items | paper | sections | …, notes, sources}`; `count` where there are items. Trouble of one source
    is a note while others answered. Raises InvalidInput naming what the operation needs, and the trouble where nobody answered.
    """
    question = replace(question, query=" ".join(question.query.split()))
    report = Report(notes=check(question))
    found = await OPERATIONS[question.operation].run(desk, question, report)
    counted = {"count": len(found["items"])} if "items" in found else {}
    if found.get("items") == [] and not report.notes:
        asked_sample = desk.hub.local and desk.hub_name in report.sources
        report.notes.append("Nothing fits in the Local Hub, which holds a small sample: that proves nothing about what exists." if asked_sample else "Nothing fits.")
    return {"operation": question.operation, **counted, **found, "notes": report.notes, "sources": report.sources}


def check(question: Question) -> list[str]:
    """Notes on arguments that are not used; `InvalidInput` for what is missing or cannot be."""
    operation = OPERATIONS.get(question.operation)
    if operation is None:
        raise InvalidInput(f"There is no operation {question.operation[:40]!r}.", f"Use one of: {', '.join(OPERATIONS)}.")
    if operation.needs and not any(getattr(question, name) for name in operation.needs):
        needed = " or ".join(operation.needs)
        also = f" It also takes: {', '.join(operation.uses)}." if operation.uses else ""
        words = f" {_BY_WORDS[question.operation]} finds by words." if question.query and question.operation in _BY_WORDS else ""
        raise InvalidInput(f"{question.operation} needs {needed}.", f"Give {needed}.{words or also}")
    if not 1 <= question.limit <= LARGEST:
        raise InvalidInput(f"limit is {question.limit}; it must be between 1 and {LARGEST}.")
    if question.offset < 0:
        raise InvalidInput(f"offset is {question.offset}; it counts characters from 0.")
    if len(question.query) > QUERY_LENGTH:
        raise InvalidInput(f"A query has at most {QUERY_LENGTH} characters; this one has {len(question.query)}.")
    taken = {"operation", *operation.needs, *operation.uses}
    if "arxiv_id" in taken and question.arxiv_id:
        _ = question.paper
    if "date" in taken and question.date:
        day(question.date, "date")
    if "date_from" in taken:
        scholar.filters_of(question)
    if "positive_ids" in taken:
        scholar_ids(question.positive_ids, "positive_ids")
        scholar_ids(question.negative_ids, "negative_ids")
    given = [one.name for one in fields(Question) if getattr(question, one.name) != one.default and one.name not in taken]
    return [f"Not used by {question.operation}: {', '.join(given)}."] if given else []


async def _needed(report: Report, source: str, asking: Awaitable[list[Any]], what: str) -> list[Any]:
    """What the one source of an operation tells, or the error that there is nothing."""
    found = await report.attempt(source, asking)
    if found is None:
        raise report.nothing(what)
    return found


def _items(desk: Desk, entries: list[dict[str, Any]], limit: int) -> list[dict[str, Any]]:
    return [made for entry in entries if (made := listing.item(entry, desk.hub.endpoint))][:limit]
