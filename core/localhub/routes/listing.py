"""Lists and search: `/api/models`, `/api/datasets`, `/api/spaces`, their tags, and the search for Spaces by meaning."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from anyio import to_thread
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from core.errors import InvalidInput
from core.localhub import access, listing, wire
from core.localhub.catalogue import Catalogue
from core.localhub.info import EXPANDABLE
from core.localhub.names import SINGULAR, Kind
from core.localhub.shelf import Shelf
from core.localhub.tags import tags_by_type

if TYPE_CHECKING:
    from core.localhub.server import LocalHub

MAX_QUERY = 400
MAX_MEANING = 2000
# A relevance below this is a word in common by chance.
RELEVANT = 0.12
MAX_FOUND = 100


def routes(hub: LocalHub) -> list[Route]:
    catalogue = hub.catalogue = Catalogue()
    shelf = hub.shelf = Shelf(hub, catalogue)

    async def list_repos(request: Request) -> Response:
        kind = SINGULAR[request.path_params["kind"]]
        query, expand = _query(request, kind), _names(request, "expand")
        if unknown := [name for name in expand if name not in EXPANDABLE[kind]]:
            allowed = ", ".join(sorted(EXPANDABLE[kind]))
            raise InvalidInput(f'"expand" must be one of [{allowed}]; it was "{unknown[0][:80]}"')
        limit = wire.number(request, "limit", listing.DEFAULT_LIMIT, low=1, high=100_000_000)
        limit = min(limit, wire.MAX_PAGE)
        who, base = access.identify(hub, request), wire.base_url(request, hub.prefix)
        rows = await to_thread.run_sync(lambda: listing.select(shelf.rows(kind, who, base), query))
        cursor = request.query_params.get("cursor")
        start = listing.after(rows, query, _place(cursor)) if cursor else 0
        page = rows[start : start + limit]
        headers = {}
        if start + limit < len(rows):
            last = [listing.sort_value(page[-1], query.sort), page[-1]["id"]]
            headers = wire.next_link(request, hub.prefix, cursor=wire.encode_cursor(last))
        also = [key for key, name in (("config", "config"), ("cardData", "cardData")) if wire.flag(request, name)]
        full = wire.flag(request, "full")
        return wire.answer([listing.tell(row, kind, full=full, also=also, expand=expand) for row in page], headers=headers)

    async def tags(request: Request) -> Response:
        kind: Kind = "model" if request.url.path.endswith("/models-tags-by-type") else "dataset"
        rows = await to_thread.run_sync(lambda: shelf.rows(kind, None, wire.base_url(request, hub.prefix)))
        found = tags_by_type(rows, kind)
        only = request.query_params.get("type")
        return wire.answer({only: found.get(only, [])} if only else found)

    async def semantic_search(request: Request) -> Response:
        text = request.query_params.get("q", "").strip()
        if not text or len(text) > MAX_MEANING:
            raise InvalidInput(f'"q" must be a text of 1 to {MAX_MEANING} characters')
        sdks, filters = _names(request, "sdk"), _names(request, "filter")
        query = listing.Query("space", filters=tuple(filters))
        who, base = access.identify(hub, request), wire.base_url(request, hub.prefix)
        sleeping_too, category = wire.flag(request, "includeNonRunning"), request.query_params.get("category", "").lower()

        def search() -> list[dict[str, Any]]:
            rows = {row["id"]: row for row in listing.select(shelf.rows("space", who, base), query)}
            found = []
            for id, score in shelf.rank(text):
                row = rows.get(id)
                if row is None or score < RELEVANT or (sdks and row.get("sdk") not in sdks):
                    continue
                if not sleeping_too and not row["runtime"]["stage"].startswith("RUNNING"):
                    continue
                if category and (row.get("ai_category") or "").lower() != category:
                    continue
                found.append(shelf.card(row, score))
            return found[:MAX_FOUND]

        return wire.answer(await to_thread.run_sync(search))

    return [
        Route("/api/spaces/semantic-search", semantic_search),
        Route("/api/models-tags-by-type", tags),
        Route("/api/datasets-tags-by-type", tags),
        Route("/api/{kind:kind}", list_repos),
    ]


def _query(request: Request, kind: Kind) -> listing.Query:
    given = request.query_params
    gated = given.get("gated")
    equal = [(key, given[name]) for name, key in (("pipeline_tag", "pipeline_tag"), ("library", "library_name"), ("sdk", "sdk")) if given.get(name)]
    uses = [(key, value) for key in ("models", "datasets") for value in wire.many(request, key) if kind == "space"]
    direction = given.get("direction", "-1")
    if direction not in ("-1", "1"):
        raise InvalidInput('"direction" must be one of [-1, 1]')
    return listing.Query(
        kind,
        search=tuple(text[:MAX_QUERY] for text in wire.many(request, "search")[:8]),
        author=given.get("author", ""),
        filters=tuple(_names(request, "filter")),
        sort=given.get("sort") or "trendingScore",
        ascending=direction == "1",
        equal=tuple(equal),
        gated=None if gated is None else gated.lower() == "true",
        warm=given.get("inference") == "warm",
        providers=tuple(_names(request, "inference_provider")),
        apps=tuple(_names(request, "apps")),
        parameters=given.get("num_parameters", ""),
        uses=tuple(uses),
    )


def _names(request: Request, name: str) -> list[str]:
    """A repeated argument whose values may also hold several, with commas between."""
    return [part.strip() for value in wire.many(request, name) for part in value.split(",") if part.strip()][:50]


def _place(cursor: str) -> list[Any]:
    place = wire.decode_cursor(cursor[:2000])
    if not isinstance(place, list):
        raise InvalidInput("Invalid cursor")
    return place
