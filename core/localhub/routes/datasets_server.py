"""The dataset viewer's own service, which has another host beside the real Hub; here it is below `/datasets-server`."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from core.errors import NotFound
from core.localhub import rows, wire

if TYPE_CHECKING:
    from core.localhub.server import LocalHub

LARGEST_PAGE = 100
_DONE: dict[str, Any] = {"pending": [], "failed": []}


def routes(hub: LocalHub) -> list[Route]:
    def at(path: str, tell: Callable[[Request, rows.Table], dict[str, Any]]) -> Route:
        async def endpoint(request: Request) -> Response:
            try:
                return wire.answer(tell(request, _table(request)) | {"sample": True}, headers={"Cache-Control": "max-age=120"})
            except wire.Unprocessable as error:
                return _failure(error, "MissingRequiredParameter")
            except NotFound as error:
                return _failure(error, "ResponseNotFound")

        return Route(f"/datasets-server/{path}", endpoint)

    return [
        at("is-valid", _is_valid),
        at("splits", _splits),
        at("size", lambda request, table: {"size": rows.size(table), **_DONE, "partial": False}),
        at("info", _info),
        at("first-rows", _first_rows),
        at("rows", _rows),
        at("search", _search),
        at("statistics", _statistics),
        at("parquet", lambda request, table: {"parquet_files": [], **_DONE, "partial": False}),
    ]


def _failure(error: Any, code: str) -> Response:
    return wire.answer({"error": error.message}, status=error.status, headers={"X-Error-Code": code})


def _table(request: Request) -> rows.Table:
    dataset = _given(request, "dataset")
    found = rows.tables().get(dataset.lower())
    if found is None:
        raise NotFound("This Hub holds no rows of that dataset.")
    config = request.query_params.get("config", found.config)
    if config != found.config:
        raise NotFound("The dataset has no such config.")
    return found


def _given(request: Request, name: str) -> str:
    value = request.query_params.get(name, "")
    if not value:
        raise wire.Unprocessable(f"Parameter '{name}' is required")
    return value


def _split(request: Request, table: rows.Table) -> str:
    _given(request, "config")
    split = _given(request, "split")
    if split not in table.splits:
        raise NotFound("The dataset has no such split.")
    return split


def _is_valid(request: Request, table: rows.Table) -> dict[str, Any]:
    return {"preview": True, "viewer": True, "search": True, "filter": False, "statistics": True}


def _splits(request: Request, table: rows.Table) -> dict[str, Any]:
    listed = [{"dataset": table.dataset, "config": table.config, "split": split} for split in table.splits]
    return {"splits": listed, **_DONE}


def _info(request: Request, table: rows.Table) -> dict[str, Any]:
    splits = {name: {"name": name, "num_examples": len(held), "dataset_name": table.dataset} for name, held in table.splits.items()}
    info = {"features": rows.types(table), "config_name": table.config, "splits": splits}
    whole = info if "config" in request.query_params else {table.config: info}
    return {"dataset_info": whole, **_DONE, "partial": False}


def _first_rows(request: Request, table: rows.Table) -> dict[str, Any]:
    split = _split(request, table)
    held = list(enumerate(table.rows(split)))
    where = {"dataset": table.dataset, "config": table.config, "split": split}
    return where | {"features": rows.features(table), "rows": rows.shown(held[:LARGEST_PAGE]), "truncated": False}


def _page(request: Request, table: rows.Table, held: list[tuple[int, dict[str, Any]]]) -> dict[str, Any]:
    offset = _number(request, "offset", 0, 1_000_000)
    length = _number(request, "length", LARGEST_PAGE, LARGEST_PAGE)
    return {
        "features": rows.features(table),
        "rows": rows.shown(held[offset : offset + length]),
        "num_rows_total": len(held),
        "num_rows_per_page": LARGEST_PAGE,
        "partial": False,
    }


def _number(request: Request, name: str, default: int, most: int) -> int:
    text = request.query_params.get(name, str(default))
    if not text.isdigit() or len(text) > 9 or int(text) > most:
        raise wire.Unprocessable(f"Parameter '{name}' must be a number from 0 to {most}")
    return int(text)


def _rows(request: Request, table: rows.Table) -> dict[str, Any]:
    return _page(request, table, list(enumerate(table.rows(_split(request, table)))))


def _search(request: Request, table: rows.Table) -> dict[str, Any]:
    split, words = _split(request, table), _given(request, "query").lower().split()
    held = [
        (place, row)
        for place, row in enumerate(table.rows(split))
        if all(any(word in str(value).lower() for value in row.values() if isinstance(value, str)) for word in words)
    ]
    return _page(request, table, held)


def _statistics(request: Request, table: rows.Table) -> dict[str, Any]:
    split = _split(request, table)
    return {"num_examples": len(table.splits[split]), "statistics": rows.column_statistics(table, split), "partial": False}
