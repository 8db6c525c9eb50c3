"""What moves: trending repositories, and what an account did lately."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from anyio import to_thread
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from core.errors import InvalidInput
from core.localhub import access, wire
from core.localhub.activity import activity
from core.localhub.cards import card
from core.localhub.names import KINDS, Kind

if TYPE_CHECKING:
    from core.localhub.server import LocalHub

MOST_TRENDING = 20
PAGE, LARGEST_PAGE = 20, 100


def routes(hub: LocalHub) -> list[Route]:
    def everything(request: Request, kinds: tuple[Kind, ...]) -> list[tuple[Kind, dict[str, Any]]]:
        who, base = access.identify(hub, request), wire.base_url(request, hub.prefix)
        return [(kind, row) for kind in kinds for row in hub.shelf.rows(kind, who, base)]

    async def trending(request: Request) -> Response:
        type = request.query_params.get("type", "all")
        if type not in ("all", *KINDS):
            raise InvalidInput(f'"type" must be one of [all, {", ".join(KINDS)}]')
        limit = wire.number(request, "limit", 10, low=1)
        if limit > MOST_TRENDING:
            raise InvalidInput(f'"limit" must be less than or equal to {MOST_TRENDING}')
        kinds = KINDS if type == "all" else (type,)
        rows = await to_thread.run_sync(everything, request, kinds)
        public = [(kind, row) for kind, row in rows if not row["private"]]
        public.sort(key=lambda pair: (-(pair[1].get("trendingScore") or 0), pair[1]["id"]))
        cards = [{"repoType": kind, "repoData": card(row, kind, hub.community)} for kind, row in public[:limit]]
        return wire.answer({"recentlyTrending": cards})

    async def recent_activity(request: Request) -> Response:
        given = request.query_params
        entity, feed, wanted = given.get("entity", ""), given.get("feedType", ""), given.get("activityType", "all")
        if feed not in ("user", "org"):
            raise InvalidInput('"feedType" must be one of [user, org]')
        if not entity:
            raise InvalidInput('"entity" is required')
        account = hub.community.person(entity) if feed == "user" else hub.community.organization(entity)
        limit = min(wire.number(request, "limit", PAGE, low=1), LARGEST_PAGE)
        start = wire.decode_cursor(given["cursor"][:200]) if given.get("cursor") else wire.number(request, "skip", 0, high=100_000)
        if not isinstance(start, int) or start < 0:
            raise InvalidInput("Invalid cursor")
        items = await to_thread.run_sync(lambda: activity(account, everything(request, KINDS), hub.community))
        items = [item for item in items if wanted in ("all", item["type"])]
        told: dict[str, Any] = {"recentActivity": items[start : start + limit]}
        if start + limit < len(items):
            told["cursor"] = wire.encode_cursor(start + limit)
        return wire.answer(told)

    return [Route("/api/trending", trending), Route("/api/recent-activity", recent_activity)]
