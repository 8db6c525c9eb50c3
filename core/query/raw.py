"""call_api: a raw GET toward an exact list of endpoints; everything else is refused before it leaves."""

from __future__ import annotations

import re
from typing import Any

from core.errors import SpacesError
from core.query.budget import OutOfBudget, OutOfTime
from core.query.envelope import sentence
from core.query.reach import Reach

_NAME = r"[A-Za-z0-9_-][A-Za-z0-9._-]{0,95}"
_PARTS = {"{type}": "(?:models|datasets|spaces)", "{repo}": f"{_NAME}(?:/{_NAME})?", "{name}": _NAME, "{slug}": r"[A-Za-z0-9_-][A-Za-z0-9._-]{0,199}", "{number}": r"[0-9]{1,8}"}  # fmt: skip
ENDPOINTS = (
    "/api/whoami-v2", "/api/trending", "/api/daily_papers", "/api/recent-activity", "/api/{type}", "/api/models-tags-by-type",
    "/api/datasets-tags-by-type", "/api/{type}/{repo}", "/api/{type}/{repo}/likers", "/api/{type}/{repo}/discussions",
    "/api/{type}/{repo}/discussions/{number}", "/api/users/{name}/overview", "/api/users/{name}/socials", "/api/users/{name}/followers",
    "/api/users/{name}/following", "/api/users/{name}/likes", "/api/organizations/{name}/overview", "/api/organizations/{name}/members",
    "/api/organizations/{name}/followers", "/api/collections", "/api/collections/{slug}", "/api/collections/{name}/{slug}",
)  # fmt: skip
_ERROR_LENGTH = 1_000
_MOST = {"/api/trending": 20, "/api/collections": 100}
_MOST_GRAPH, _MOST_OTHER = 10_000, 200


def _pattern(endpoint: str) -> re.Pattern[str]:
    return re.compile("".join(_PARTS.get(part, re.escape(part)) for part in re.split(r"(\{\w+\})", endpoint)))


_ALLOWED = tuple(_pattern(endpoint) for endpoint in ENDPOINTS)


async def call_api(reach: Reach, *, endpoint: str, params: dict | None, method: str, json_body: dict | None) -> dict[str, Any]:
    """{ok, status, url, data, error}; what is refused or fails has ok False, and status 0 when nothing was asked."""
    refused = refusal(endpoint, params, method, json_body)
    if refused:
        return _answer(reach, endpoint, 0, None, refused)
    try:
        given = await reach.get(endpoint, _arguments(endpoint, params or {}), allow_status=range(400, 600))
    except (OutOfBudget, OutOfTime) as error:
        return _answer(reach, endpoint, 0, None, sentence(error))
    except SpacesError as error:
        return _answer(reach, endpoint, error.status, None, sentence(error))
    if given.status >= 400:
        return _answer(reach, endpoint, given.status, None, str(given.data)[:_ERROR_LENGTH] or f"The Hub answered {given.status}.")
    return {"ok": True, "status": given.status, "url": reach.endpoint + endpoint, "data": given.data, "error": None}


def refusal(endpoint: str, params: dict | None, method: str, json_body: dict | None) -> str | None:
    """Why this call is not made, or None when it may leave."""
    if method.upper() != "GET" or json_body is not None:
        return f"call_api reads only: method {method[:10]} {'with a body ' if json_body is not None else ''}is refused. Use GET without json_body."
    if "?" in endpoint or "#" in endpoint:
        return "The endpoint carries a query. Give it as params={...}."
    if not any(pattern.fullmatch(endpoint) for pattern in _ALLOWED) or ".." in endpoint:
        return f"{endpoint[:80]!r} is not among the raw endpoints. hf_runtime_capabilities(section='raw_api') lists them; most have a helper."
    unfit = [str(name)[:40] for name, value in (params or {}).items() if not _fits(name, value)]
    if unfit:
        return f"params[{unfit[0]!r}] is no plain value. Use texts, numbers, truth values, or lists of them."
    if endpoint == "/api/recent-activity" and ((params or {}).get("feedType") not in ("user", "org") or not (params or {}).get("entity")):
        return "/api/recent-activity needs params feedType (user or org) and entity. hf_recent_activity does it for you."
    return None


def _fits(name: Any, value: Any) -> bool:
    many = value if isinstance(value, (list, tuple)) else (value,)
    return isinstance(name, str) and len(name) <= 60 and len(many) <= 100 and all(one is None or isinstance(one, (str, int, float, bool)) for one in many)


def _arguments(endpoint: str, params: dict[str, Any]) -> dict[str, Any]:
    """The params with a limit the Hub accepts, and the names it uses."""
    given = dict(params)
    if "limit" in given:
        graph = endpoint.endswith(("/followers", "/following", "/likes", "/members"))
        most = _MOST.get(endpoint, _MOST_GRAPH if graph else _MOST_OTHER)
        try:
            given["limit"] = max(1, min(int(given["limit"]), most))
        except (ValueError, TypeError, OverflowError):
            given["limit"] = 20
    if endpoint == "/api/trending" and isinstance(given.get("type"), str):
        given["type"] = given["type"].rstrip("s")
    if endpoint == "/api/collections" and "search" in given:
        given["q"] = given.pop("search")
    return given


def _answer(reach: Reach, endpoint: str, status: int, data: Any, error: str) -> dict[str, Any]:
    answer = {"ok": False, "status": status, "url": reach.endpoint + endpoint if status else "", "data": data, "error": error}
    reach.budget.last_failure = answer
    return answer
