"""Discussions and pull requests of a repository."""

from __future__ import annotations

from typing import Any

from core.errors import InvalidInput
from core.query.envelope import envelope, limit_of, listing
from core.query.helpers import names, repository
from core.query.reach import Reach
from core.query.rows import Row, columns, project
from core.query.tables import SELECTIVE_CAP


async def discussions(reach: Reach, *, repo_type: str, repo_id: str, limit: int, fields: list | None) -> dict[str, Any]:
    """Newest first, with the number there are."""
    kind, repo, bound = names.kind(repo_type), names.repo_id(repo_id), limit_of(limit, 20, SELECTIVE_CAP, least=1)
    chosen, path = columns(fields, "discussion"), f"/api/{kind}s/{repo}/discussions"

    def count(data: Any) -> int | None:
        return data.get("count") if isinstance(data, dict) and isinstance(data.get("count"), int) else None

    def onward(data: Any, rows: list[Any]) -> dict[str, Any] | None:
        return {"p": (data.get("start") or 0) // max(1, len(data["discussions"])) + 1} if len(rows) < (count(data) or 0) and data["discussions"] else None

    pick = lambda data: data.get("discussions") if isinstance(data, dict) else None  # noqa: E731
    found = await reach.steps(path, {"p": 0}, enough=lambda rows: len(rows) >= bound.applied, pick=pick, onward=onward)
    total = count(found.first)
    rows = [_row(one, kind, repo, reach.endpoint) for one in found.rows]
    about = {"repo_id": repo, "repo_type": kind, "total_count": total}
    return listing(reach, path, found, rows, bound, chosen, known_total=total, total_source="listing", helper="hf_repo_discussions", **about)


async def discussion_details(reach: Reach, *, repo_type: str, repo_id: str, discussion_num: int, fields: list | None) -> dict[str, Any]:
    """One discussion; the latest comment is the last that is not hidden."""
    kind, repo = names.kind(repo_type), names.repo_id(repo_id)
    if not 0 < discussion_num < 10_000_000:
        raise InvalidInput(f"{discussion_num} is not the number of a discussion.", "Take num from hf_repo_discussions.")
    chosen, path = columns(fields, "discussion_detail"), f"/api/{kind}s/{repo}/discussions/{discussion_num}"
    raw = await reach.json(path, {"diff": 1})
    events = [event for event in raw.get("events") or [] if isinstance(event, dict) and event.get("type") == "comment"]
    latest = next((event for event in reversed(events) if not _data(event).get("hidden")), None)
    made = _row({"num": discussion_num, **raw}, kind, repo, reach.endpoint) | {"comment_count": len(events)}
    if latest:
        said = _data(latest).get("latest") if isinstance(_data(latest).get("latest"), dict) else {}
        made |= {"latest_comment_author": _author(latest), "latest_comment_created_at": latest.get("createdAt")}
        made |= {"latest_comment_text": said.get("raw"), "latest_comment_html": said.get("html")}
    rows = project([{key: value for key, value in made.items() if value is not None}], chosen)
    coverage = {"complete": True, "exact_count": True, "truncated": False, "truncated_by": "none", "returned": 1, "total": 1}
    return envelope(reach, path, rows, repo_id=repo, repo_type=kind, total_comments=len(events), **coverage)


def _row(raw: dict[str, Any], kind: str, repo: str, endpoint: str) -> Row:
    number = raw.get("num")
    made = {"num": number, "repo_id": repo, "repo_type": kind, "title": raw.get("title"), "author": _author(raw), "status": raw.get("status")}
    made |= {"created_at": raw.get("createdAt"), "createdAt": raw.get("createdAt"), "is_pull_request": raw.get("isPullRequest")}
    made["url"] = f"{repository.url(endpoint, kind, repo)}/discussions/{number}"
    return {key: value for key, value in made.items() if value is not None}


def _author(raw: dict[str, Any]) -> str:
    author = raw.get("author")
    return (author.get("name") if isinstance(author, dict) else author) or "deleted"


def _data(event: dict[str, Any]) -> dict[str, Any]:
    return event.get("data") if isinstance(event.get("data"), dict) else {}
