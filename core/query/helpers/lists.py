"""Lists the Hub itself puts in order: what is trending, the papers of the day."""

from __future__ import annotations

from typing import Any

from core.query.envelope import limit_of, listing
from core.query.helpers import names, repository
from core.query.reach import Pages, Reach
from core.query.rows import Row, columns, condition
from core.query.tables import SELECTIVE_CAP

_TRENDING_CAP = 20
_PAGE = 100


async def trending(reach: Reach, *, repo_type: str, limit: int, where: dict | None, fields: list | None) -> dict[str, Any]:
    """Rows with trending_rank, the place in the Hub's own order; a score is given only when the Hub gives one."""
    kind, bound = names.kind(repo_type), limit_of(limit, 20, _TRENDING_CAP, least=1)
    chosen, test = columns(fields, "repo"), condition(where, "repo") if where else None
    # Filtering looks at all twenty, because the Hub filters nothing here.
    asked = _TRENDING_CAP if test else bound.applied
    data = await reach.json("/api/trending", {"type": kind, "limit": asked})
    raw = reach.expect(data.get("recentlyTrending"), "/api/trending", list)
    rows = []
    for one in raw:
        inner = one.get("repoData") if isinstance(one, dict) else None
        made = repository.row({"repoType": one.get("repoType"), **inner}, kind, reach.endpoint) if isinstance(inner, dict) else None
        if made and made["repo_type"] == kind:
            rows.append(made | {"trending_rank": len(rows) + 1})
    found = Pages(raw, True, pages=1) if len(raw) < asked else Pages(raw, False, "limit", pages=1)
    scored = any("trending_score" in row for row in rows)
    about = {"repo_type": kind, "ordered_ranking": True, "trending_score_available": scored}
    return listing(reach, "/api/trending", found, rows, bound, chosen, test=test, filtered=test is not None, helper="hf_trending", **about)


async def daily_papers(reach: Reach, *, limit: int, where: dict | None, fields: list | None) -> dict[str, Any]:
    """Papers of the day with rank, the place in the Hub's order."""
    bound = limit_of(limit, 20, SELECTIVE_CAP, least=1)
    chosen, test = columns(fields, "daily_paper"), condition(where, "daily_paper") if where else None
    need = SELECTIVE_CAP if test else bound.applied
    found = await reach.pages("/api/daily_papers", {"limit": min(need, _PAGE)}, enough=lambda raw: len(raw) >= need, max_pages=4)
    rows = [paper(one, rank) for rank, one in enumerate(found.rows, 1)]
    return listing(reach, "/api/daily_papers", found, rows, bound, chosen, test=test, filtered=test is not None, helper="hf_daily_papers", ordered_ranking=True)


def paper(raw: dict[str, Any], rank: int) -> Row:
    """One paper of a listing in our columns; the listing wraps the paper, newer answers may not."""
    inner = raw.get("paper") if isinstance(raw.get("paper"), dict) else raw
    organization = raw.get("organization") or inner.get("organization")
    submitter = raw.get("submittedBy") or inner.get("submittedOnDailyBy")
    made = {
        "paper_id": inner.get("id"),
        "title": raw.get("title") or inner.get("title"),
        "summary": raw.get("summary") or inner.get("summary"),
        "published_at": raw.get("publishedAt") or inner.get("publishedAt"),
        "submitted_on_daily_at": inner.get("submittedOnDailyAt"),
        "authors": [one["name"] for one in inner.get("authors") or [] if isinstance(one, dict) and one.get("name") and not one.get("hidden")],
        "organization": organization.get("name") if isinstance(organization, dict) else organization,
        "submitted_by": (submitter.get("name") or submitter.get("user")) if isinstance(submitter, dict) else submitter,
        "discussion_id": inner.get("discussionId"),
        "upvotes": inner.get("upvotes"),
        "github_repo_url": inner.get("githubRepo"),
        "github_stars": inner.get("githubStars"),
        "project_page_url": inner.get("projectPage"),
        "num_comments": raw.get("numComments"),
        "is_author_participating": raw.get("isAuthorParticipating"),
        "repo_id": raw.get("repo_id"),
        "rank": rank,
    }
    return {key: value for key, value in made.items() if value is not None}
