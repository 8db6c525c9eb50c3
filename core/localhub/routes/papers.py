"""Papers: the daily list, the search, one paper, and the repositories that name it."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from anyio import to_thread
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from core.errors import InvalidInput, NotFound
from core.localhub import access, papers, wire
from core.localhub.cards import card
from core.localhub.names import KINDS, PLURAL, Kind

if TYPE_CHECKING:
    from core.localhub.server import LocalHub

MAX_QUERY = 400


def routes(hub: LocalHub) -> list[Route]:
    async def daily_papers(request: Request) -> Response:
        given = request.query_params
        low, high = _days(given.get("date"), given.get("week"), given.get("month"))
        found = [one for one in papers.papers() if low <= one.submitted <= high and given.get("submitter", one.submitter) == one.submitter]
        if given.get("sort") == "trending":
            found.sort(key=lambda one: (-one.upvotes, one.id))
        limit = min(wire.number(request, "limit", 50, low=1), 100)
        page = wire.number(request, "p", 0, high=10_000)
        shown = found[page * limit : (page + 1) * limit]
        link = wire.next_link(request, hub.prefix, p=page + 1) if (page + 1) * limit < len(found) else {}
        return wire.answer([papers.daily(one, hub.community) for one in shown], headers=link)

    async def search(request: Request) -> Response:
        query = request.query_params.get("q", "")[:MAX_QUERY]
        limit = min(wire.number(request, "limit", 50, low=1), 120)
        return wire.answer([papers.daily(one, hub.community) for one in papers.found(query)[:limit]])

    def known(request: Request) -> papers.Paper:
        id = wire.segment(request, "id")
        found = next((one for one in papers.papers() if one.id == id), None)
        if found is None:
            raise NotFound("Paper not found")
        return found

    def linked(request: Request, id: str) -> dict[Kind, list[dict[str, Any]]]:
        who, base = access.identify(hub, request), wire.base_url(request, hub.prefix)
        found = {kind: papers.named_by(id, hub.shelf.rows(kind, who, base)) for kind in KINDS}
        for rows in found.values():
            rows.sort(key=lambda row: (-row["likes"], row["id"]))
        return found

    async def paper(request: Request) -> Response:
        one = known(request)
        repos = await to_thread.run_sync(linked, request, one.id)
        told = papers.told(one, hub.community) | {"comments": []}
        for kind, rows in repos.items():
            named = PLURAL[kind].capitalize()
            told |= {f"linked{named}": [card(row, kind, hub.community) for row in rows[:10]], f"numTotal{named}": len(rows)}
        return wire.answer(told)

    async def text(request: Request) -> Response:
        one = known(request)
        lines = (f"# {one.title}", ", ".join(one.authors), one.summary, f"A sample entry: the paper itself is at https://arxiv.org/abs/{one.id}")
        return PlainTextResponse("\n\n".join(lines) + "\n", media_type="text/markdown; charset=utf-8")

    async def repos(request: Request) -> Response:
        found = await to_thread.run_sync(linked, request, wire.segment(request, "id"))
        return wire.answer({PLURAL[kind]: [card(row, kind, hub.community) for row in rows] for kind, rows in found.items()})

    return [
        Route("/api/daily_papers", daily_papers),
        Route("/api/papers/search", search),
        Route("/api/papers/{id}", paper),
        Route("/papers/{id}.md", text),
        Route("/api/arxiv/{id}/repos", repos),
    ]


def _days(day: str | None, week: str | None, month: str | None) -> tuple[date, date]:
    """The first and the last day that `2025-09-05`, `2025-W36` or `2025-09` names; everything without one."""
    try:
        if day:
            return date.fromisoformat(day), date.fromisoformat(day)
        if week:
            year, _, number = week.partition("-W")
            first = date.fromisocalendar(int(year), int(number), 1)
            return first, first + timedelta(days=6)
        if month:
            first = date.fromisoformat(f"{month}-01")
            return first, (first + timedelta(days=31)).replace(day=1) - timedelta(days=1)
    except (ValueError, OverflowError):
        raise InvalidInput("A day looks like 2025-09-05, a week like 2025-W36, a month like 2025-09.") from None
    return date.min, date.max
