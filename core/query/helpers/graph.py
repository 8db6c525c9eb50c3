"""People around people and repositories: followers, followed accounts, members, likers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from core.errors import InvalidInput, NotFound, SpacesError
from core.query.envelope import Limit, limit_of, listing
from core.query.helpers import names
from core.query.reach import Pages, Reach
from core.query.rows import Row, Test, columns, condition
from core.query.tables import GRAPH_CAP

_PAGE = 1_000


def row(raw: dict[str, Any]) -> Row | None:
    """A person or organization in our columns; isPro stands under both spellings."""
    name = raw.get("user") or raw.get("username") or raw.get("name")
    if not isinstance(name, str):
        return None
    made = {"username": name, "fullname": raw.get("fullname"), "isPro": raw.get("isPro"), "is_pro": raw.get("isPro")}
    made |= {"role": raw.get("role") or raw.get("roleInOrg"), "type": raw.get("type") or "user"}
    return {key: value for key, value in made.items() if value is not None}


async def user_graph(
    reach: Reach, *, username: str | None, relation: str, return_limit: int | None, scan_limit: int | None, count_only: bool,
    pro_only: bool | None, where: dict | None, fields: list | None,
) -> dict[str, Any]:  # fmt: skip
    """Followers or followed accounts; the total comes from the overview when nothing is filtered."""
    if relation not in ("followers", "following"):
        raise InvalidInput(f"relation is {relation[:30]!r}.", "Use followers or following.")
    limit, chosen, test = limit_of(return_limit, 1_000, GRAPH_CAP), columns(fields, "actor"), _test(where, pro_only)
    name = await names.whoever(reach, username)
    try:
        raw, kind = await reach.json(f"/api/users/{name}/overview"), "user"
    except NotFound:
        raw, kind = await reach.json(f"/api/organizations/{name}/overview"), "organization"
        if relation == "following":
            raise InvalidInput(f"{name} is an organization, and those follow nobody.", "Ask for relation='followers'.") from None
    total = raw.get("numFollowers" if relation == "followers" else "numFollowing")
    about = {"relation": relation, "entity": name, "entity_type": kind, ("username" if kind == "user" else "organization"): name}
    path = f"/api/{kind}s/{name}/{relation}"
    return await _people(reach, "hf_user_graph", path, limit, scan_limit, count_only, test, chosen, total, pro_only=bool(pro_only), **about)


async def org_members(
    reach: Reach, *, organization: str, return_limit: int | None, scan_limit: int | None, count_only: bool, where: dict | None, fields: list | None
) -> dict[str, Any]:
    """Members with their role; a listing shorter than the overview's number is said in meta."""
    limit, chosen, test = limit_of(return_limit, 1_000, GRAPH_CAP), columns(fields, "actor"), _test(where, None)
    name = names.handle(organization, "name of an organization")
    try:
        total = (await reach.json(f"/api/organizations/{name}/overview")).get("numUsers")
    except NotFound:
        raise
    except SpacesError:
        total = None
    answer = await _people(reach, "hf_org_members", f"/api/organizations/{name}/members", limit, scan_limit, count_only, test, chosen, total, organization=name)
    meta = answer["meta"]
    if total is not None:
        meta["overview_total"] = total
        if meta["sample_complete"] and test is None and not count_only:
            meta |= {"listed_total": meta["scanned"], "overview_list_mismatch": meta["scanned"] != total}
    return answer


async def repo_likers(
    reach: Reach, *, repo_id: str, repo_type: str, return_limit: int | None, count_only: bool, pro_only: bool | None, where: dict | None, fields: list | None
) -> dict[str, Any]:
    """Who liked a repository; the number comes from the list, as far as it was read."""
    limit, chosen, test = limit_of(return_limit, 1_000, GRAPH_CAP), columns(fields, "actor"), _test(where, pro_only)
    kind, repo = names.kind(repo_type), names.repo_id(repo_id)
    path = f"/api/{kind}s/{repo}/likers"
    return await _people(reach, "hf_repo_likers", path, limit, None, count_only, test, chosen, None, repo_id=repo, repo_type=kind, pro_only=bool(pro_only))


async def _people(
    reach: Reach, helper: str, path: str, limit: Limit, scan_limit: int | None, count_only: bool, test: Test | None,
    chosen: list[tuple[str, str]] | None, total: Any, **about: Any,
) -> dict[str, Any]:  # fmt: skip
    known = total if isinstance(total, int) and not isinstance(total, bool) else None
    scan = limit_of(scan_limit, GRAPH_CAP, GRAPH_CAP, least=1)
    if count_only and test is None and known is not None:
        found, people = Pages([], False), []
    else:
        found, people = await read_rows(reach, path, row, limit, scan.applied, test, count_only, known)
    about |= {"where_applied": test is not None, "scan_limit": scan.applied, "requested_scan_limit": scan.requested, "scan_limit_applied": found.stopped == "scan_limit"}
    filtered = test is not None
    return listing(reach, path, found, people, limit, chosen, test=test, filtered=filtered, known_total=known, count_only=count_only, helper=helper, **about)


async def read_rows(
    reach: Reach, path: str, shape: Callable[[dict[str, Any]], Row | None], limit: Limit, scan: int, test: Test | None, count_only: bool, known: int | None
) -> tuple[Pages, list[Row]]:
    """Pages of a listing until there are enough rows that pass the test, or `scan` were looked at."""
    need = scan if test or count_only else min(scan, limit.applied + (known is None))
    passed, seen = 0, 0

    def enough(raw: list[Any]) -> bool:
        nonlocal passed, seen
        if test and not count_only:
            passed += sum(1 for one in map(shape, raw[seen:]) if one and test(one))
            seen = len(raw)
        return len(raw) >= need or (test is not None and not count_only and passed > limit.applied)

    found = await reach.pages(path, {"limit": max(1, min(need, _PAGE))}, enough=enough)
    rows = [one for one in map(shape, found.rows[:scan]) if one]
    if len(found.rows) > scan or (found.stopped == "limit" and len(found.rows) >= scan and (need == scan)):
        found = replace(found, exhausted=False, stopped="scan_limit")
    return found, rows


def _test(where: dict | None, pro_only: bool | None) -> Test | None:
    tests = [condition(where, "actor")] if where else []
    if pro_only:
        tests.append(lambda one: one.get("isPro") is True)
    return (lambda one: all(test(one) for test in tests)) if tests else None
