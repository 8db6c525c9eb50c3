"""What people write and gather: discussions and collections."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from anyio import to_thread
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from core.errors import InvalidInput, NotFound
from core.localhub import access, collected, discussions, wire
from core.localhub.names import KINDS, SINGULAR, Kind

if TYPE_CHECKING:
    from core.localhub.server import LocalHub

MAX_QUERY = 400
DISCUSSIONS_PAGE = 50
_STATUSES = {"open": ("open", "draft"), "closed": ("closed", "merged")}


def routes(hub: LocalHub) -> list[Route]:
    def repo(request: Request) -> tuple[Kind, str]:
        """The repository of this route: a hosted one the caller may see, or one of the sample."""
        kind, name = SINGULAR[request.path_params["kind"]], access.named(request)
        if hub.repos.find(name) is None and hub.catalogue.get(kind, str(name)):
            return kind, str(name)
        return kind, access.readable(hub, request).full_name

    async def discussion_list(request: Request) -> Response:
        kind, name = repo(request)
        given = request.query_params
        type, status = given.get("type", "all"), given.get("status", "all")
        if type not in ("all", "discussion", "pull_request") or status not in ("all", *_STATUSES):
            raise InvalidInput('"type" must be one of [all, discussion, pull_request] and "status" one of [all, open, closed]')
        found = [
            one
            for one in discussions.of_repo(kind, name)
            if (type == "all" or one.pull_request == (type == "pull_request"))
            and (status == "all" or one.status in _STATUSES[status])
            and given.get("author", one.author) == one.author
            and given.get("search", "").lower() in one.title.lower()
        ]
        start = wire.number(request, "p", 0, high=10_000) * DISCUSSIONS_PAGE
        shown = [discussions.row(one, hub.community) for one in found[start : start + DISCUSSIONS_PAGE]]
        closed = sum(one.status in _STATUSES["closed"] for one in found)
        return wire.answer({"discussions": shown, "count": len(found), "start": start, "numClosedDiscussions": closed})

    async def discussion(request: Request) -> Response:
        kind, name = repo(request)
        num = request.path_params["num"]
        one = next((one for one in discussions.of_repo(kind, name) if one.num == num), None)
        if one is None:
            raise NotFound("Discussion not found")
        return wire.answer(discussions.detail(one, hub.community, diff=wire.flag(request, "diff")))

    def describe(request: Request) -> collected.Describe:
        who, base = access.identify(hub, request), wire.base_url(request, hub.prefix)
        rows = {kind: {row["id"].lower(): row for row in hub.shelf.rows(kind, who, base)} for kind in KINDS}
        return lambda kind, id: rows[kind].get(id.lower())

    async def collection_list(request: Request) -> Response:
        given = request.query_params
        found = collected.select(
            owners=wire.many(request, "owner"),
            items=wire.many(request, "item"),
            query=given.get("q", "")[:MAX_QUERY],
            paper=given.get("paper", ""),
            sort=given.get("sort", ""),
        )
        shown, link = wire.page(request, hub.prefix, found, min(wire.number(request, "limit", 20, low=1), 100))

        def told() -> list[dict[str, Any]]:
            find = describe(request)
            rows = [collected.told(one, hub.community, find, most=collected.SHOWN) for one in shown]
            if not wire.flag(request, "expand", True):
                for row in rows:
                    del row["items"]
            return rows

        return wire.answer(await to_thread.run_sync(told), headers=link)

    async def collection(request: Request) -> Response:
        one = collected.by_slug(wire.segment(request, "slug"))
        if one is None:
            raise NotFound("Collection not found")
        # The client counts positions of a list itself and refuses a given one; here it needs one.
        return wire.answer(await to_thread.run_sync(lambda: collected.told(one, hub.community, describe(request)) | {"position": 0}))

    at = "/api/{kind:kind}/{namespace}/{name}/discussions"
    return [
        Route(at, discussion_list),
        Route(at + "/{num:int}", discussion),
        Route("/api/collections", collection_list),
        Route("/api/collections/{slug}", collection),
        Route("/api/collections/{owner}/{slug}", collection),
    ]
