"""Search for models, datasets and Spaces, one type or several in one answer."""

from __future__ import annotations

import asyncio
from itertools import chain, zip_longest
from typing import Any

from core.errors import InvalidInput, SpacesError
from core.query.envelope import limit_of, listing, sentence
from core.query.fields import SORTS, UPSTREAM_SORT, sort_key
from core.query.helpers import names, repository
from core.query.reach import Pages, Reach
from core.query.rows import Row, Test, columns, condition
from core.query.tables import ADVANCED, SEARCH_CAP

_PAGE = 1_000
_SCAN_PAGE = 100
_NUMBERS = ("downloads", "likes", "trending_score")
_EXPAND = {
    "model": ("author", "createdAt", "downloads", "gated", "lastModified", "library_name", "likes", "pipeline_tag", "private", "safetensors", "sha", "tags", "trendingScore"),
    "dataset": ("author", "createdAt", "description", "downloads", "gated", "lastModified", "likes", "paperswithcode_id", "private", "sha", "tags", "trendingScore"),
    "space": ("author", "cardData", "createdAt", "datasets", "lastModified", "likes", "models", "private", "runtime", "sdk", "sha", "subdomain", "tags", "trendingScore"),
}  # fmt: skip
_MORE = {
    "model": ("baseModels", "cardData", "config", "disabled", "downloadsAllTime", "evalResults", "gguf", "inference", "inferenceProviderMapping", "mask_token", "model-index", "resourceGroup", "siblings", "spaces", "transformersInfo", "widgetData", "xetEnabled", "gitalyUid"),
    "dataset": ("cardData", "citation", "disabled", "downloadsAllTime", "resourceGroup", "siblings", "xetEnabled", "gitalyUid"),
    "space": ("disabled", "resourceGroup", "siblings", "xetEnabled", "gitalyUid"),
}  # fmt: skip
# Arguments the Hub takes under another name or as a tag of this form.
_PASSED = {"apps", "gated", "inference", "inference_provider", "pipeline_tag", "linked"}
_TAGGED = {
    "trained_dataset": "dataset:{}", "language": "language:{}", "language_creators": "language_creators:{}", "multilinguality": "multilinguality:{}",
    "size_categories": "size_categories:{}", "task_categories": "task_categories:{}", "task_ids": "task_ids:{}", "benchmark": "benchmark:{}",
    "models": "models:{}", "datasets": "datasets:{}",
}  # fmt: skip


async def repo_search(reach: Reach, *, repo_type: str | None, repo_types: list | None, advanced: dict | None, **asked: Any) -> dict[str, Any]:
    """Models unless another type is named; several types share the limit evenly, so none is lost."""
    if repo_type and repo_types:
        raise InvalidInput("Both repo_type and repo_types are given.", "Give one of them.")
    kinds = names.kinds(repo_types) or [names.kind(repo_type or "model")]
    if advanced:
        if len(kinds) > 1:
            raise InvalidInput("advanced= is for one type of repository.", "Name one repo_type.")
        allowed = ADVANCED[kinds[0]]
        spelled = {{"cardData": "card_data"}.get(name, name): value for name, value in advanced.items()}
        unknown = [str(name) for name in spelled if name not in allowed]
        if unknown:
            raise InvalidInput(f"advanced= has no {unknown[0][:40]} for a {kinds[0]}.", f"It takes {', '.join(allowed)}.")
        asked["extra"] = spelled
    return await _search(reach, "hf_repo_search", kinds, **asked)


async def models_search(reach: Reach, **asked: Any) -> dict[str, Any]:
    """Models, with the arguments only they have."""
    return await _typed(reach, "model", asked)


async def datasets_search(reach: Reach, **asked: Any) -> dict[str, Any]:
    """Datasets, with the arguments only they have."""
    return await _typed(reach, "dataset", asked)


async def spaces_search(reach: Reach, **asked: Any) -> dict[str, Any]:
    """Spaces, with the arguments only they have."""
    return await _typed(reach, "space", asked)


async def _typed(reach: Reach, kind: str, asked: dict[str, Any]) -> dict[str, Any]:
    extra = {name: asked.pop(name) for name in ADVANCED[kind]}
    return await _search(reach, f"hf_{kind}s_search", [kind], extra={name: value for name, value in extra.items() if value not in (None, False)}, **asked)


async def _search(
    reach: Reach,
    helper: str,
    kinds: list[str],
    *,
    query: str | None,
    author: str | None,
    filters: list | None,
    sort: str | None,
    limit: int | None,
    where: dict | None,
    fields: list | None,
    extra: dict[str, Any] | None = None,
) -> dict[str, Any]:
    allowed = tuple(key for key in SORTS["model"] if all(key in SORTS[kind] for kind in kinds))
    key = sort_key(sort, allowed) if sort else None
    if sort and key is None:
        raise InvalidInput(f"{sort[:40]!r} is not a sort key of {' and '.join(kinds)}s.", f"Use one of {', '.join(allowed)}.")
    if author:
        author = names.handle(author, "name of an author")
    bound = limit_of(limit, 20, SEARCH_CAP, least=1)
    chosen, test = columns(fields, "repo"), condition(where, "repo") if where else None
    ignored: list[str] = []
    params = [_params(kind, query, author, filters, key, extra or {}, ignored) for kind in kinds]
    found = await asyncio.gather(*(_listed(reach, kind, one, bound.applied, test) for kind, one in zip(kinds, params, strict=True)))
    rows = _merged([rows for _, rows in found], key, test, bound.applied)
    pages = [page for page, _ in found]
    errors = [(kind, page.error) for kind, page in zip(kinds, pages, strict=True) if page.error]
    if len(errors) == len(kinds) and not rows:
        raise errors[0][1]
    whole = Pages(rows, all(page.exhausted for page in pages), next((page.stopped for page in pages if page.stopped), None), errors[0][1] if errors else None, sum(page.pages for page in pages))  # fmt: skip
    about: dict[str, Any] = {"query": query, "author": author, "repo_types": kinds, "filters": filters, "sort": key, "limit": bound.applied, "where": where}
    if ignored:
        about["ignored_expand"] = ignored
    if errors:
        about["failed_types"] = {kind: sentence(error) for kind, error in errors}
    source = "/api/" + "|".join(f"{kind}s" for kind in kinds)
    answer = listing(reach, source, whole, rows, bound, chosen, test=test, filtered=test is not None, helper=helper)
    answer["meta"] |= {name: value for name, value in about.items() if value is not None}
    answer["meta"]["limit_boundary_hit"] = answer["meta"]["returned"] >= bound.applied
    answer["meta"]["returned_by_type"] = {kind: sum(row["repo_type"] == kind for row in _shown(rows, test, bound.applied)) for kind in kinds}
    return answer


def _params(kind: str, query: str | None, author: str | None, filters: list | None, key: str | None, extra: dict[str, Any], ignored: list[str]) -> dict[str, Any]:
    tags = [str(tag) for tag in filters or []]
    params: dict[str, Any] = {"search": query or extra.get("model_name") or extra.get("dataset_name"), "author": author}
    for name, value in extra.items():
        if name in _TAGGED:
            tags += [_TAGGED[name].format(one) for one in (value if isinstance(value, list) else [value])]
        elif name in _PASSED:
            params[name] = value
        elif name == "emissions_thresholds":
            raise InvalidInput("The Hub's listing has no emissions filter.", "Search with filters=['co2_eq_emissions'] and read the cards.")
    if key:
        params |= {"sort": UPSTREAM_SORT[key], "direction": -1}
    if tags:
        params["filter"] = tags
    asked = extra.get("expand")
    if asked:
        known = _EXPAND[kind] + _MORE[kind]
        given = [asked] if isinstance(asked, str) else [str(one) for one in asked]
        ignored += [one for one in given if one not in known]
        params["expand"] = list(dict.fromkeys([*_EXPAND[kind], *(one for one in given if one in known)]))
    elif extra.get("full") or extra.get("card_data") or extra.get("fetch_config"):
        params |= {"full": extra.get("full"), "cardData": extra.get("card_data"), "config": extra.get("fetch_config")}
    else:
        params["expand"] = list(_EXPAND[kind])
    return {name: value for name, value in params.items() if value is not None}


async def _listed(reach: Reach, kind: str, params: dict[str, Any], limit: int, test: Test | None) -> tuple[Pages, list[Row]]:
    made: list[Row] = []

    def enough(raw: list[Any]) -> bool:
        made.extend(row for row in (repository.row(one, kind, reach.endpoint) for one in raw[len(seen) :]) if row)
        seen.extend(raw[len(seen) :])
        return (sum(test(row) for row in made) if test else len(made)) >= limit or len(raw) >= SEARCH_CAP

    seen: list[Any] = []
    size = min(_PAGE, limit if test is None else max(limit, _SCAN_PAGE))
    try:
        page = await reach.pages(f"/api/{kind}s", params | {"limit": size}, enough=enough)
    except SpacesError as error:
        return Pages([], False, "error", error), []
    rows = [row for row in (repository.row(one, kind, reach.endpoint) for one in page.rows) if row]
    if test and page.stopped == "limit" and sum(map(test, rows)) < limit:
        page = Pages(page.rows, False, "scan_limit", None, page.pages)
    return page, rows


def _merged(lists: list[list[Row]], key: str | None, test: Test | None, limit: int) -> list[Row]:
    """One list in which the types take turns up to the limit, so that none is lost; those are then sorted by the key."""
    if len(lists) == 1:
        return lists[0]
    turns = [row for row in chain.from_iterable(zip_longest(*lists)) if row is not None]
    first = _shown(turns, test, limit)
    kept = {id(row) for row in first}
    if key:
        first = sorted(first, key=lambda row: (row.get(key) is not None, row.get(key) or 0 if key in _NUMBERS else row.get(key) or ""), reverse=True)
    return first + [row for row in turns if id(row) not in kept]


def _shown(rows: list[Row], test: Test | None, limit: int) -> list[Row]:
    return [row for row in rows if test is None or test(row)][:limit]

