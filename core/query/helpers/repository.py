"""Repositories as rows: of listings, of cards and of exact ids."""

from __future__ import annotations

import asyncio
from typing import Any

from core.errors import InvalidInput, NotFound, SpacesError, Unauthorized
from core.query.envelope import envelope, sentence
from core.query.helpers import names
from core.query.reach import Reach
from core.query.rows import Row, columns, project
from core.query.tables import HELPERS, KINDS

_PREFIX = {"model": "", "dataset": "datasets/", "space": "spaces/"}
_KEPT = ("likes", "downloads", "pipeline_tag", "tags", "library_name", "description", "paperswithcode_id", "sdk", "models", "datasets", "subdomain", "runtime", "private", "gated", "sha", "slug")  # fmt: skip


def url(endpoint: str, kind: str, repo: str) -> str:
    """Where a repository is shown."""
    return f"{endpoint}/{_PREFIX.get(kind, '')}{repo}"


def row(raw: dict[str, Any], kind: str | None, endpoint: str) -> Row | None:
    """One repository in our columns, without empty ones; None when it has no id."""
    repo = raw.get("id") or raw.get("modelId") or raw.get("name")
    kind = raw.get("repoType") or raw.get("type") or kind
    if not isinstance(repo, str) or kind not in KINDS:
        return None
    card = raw.get("cardData") if isinstance(raw.get("cardData"), dict) else {}
    safetensors = raw.get("safetensors") if isinstance(raw.get("safetensors"), dict) else {}
    runtime = raw.get("runtime") if isinstance(raw.get("runtime"), dict) else {}
    parameters = raw.get("numParameters", raw.get("num_params"))
    made = {
        "repo_id": repo,
        "repo_type": kind,
        "id": repo,
        "title": raw.get("title") or card.get("title") or repo.rpartition("/")[2],
        "author": raw.get("author") or (repo.partition("/")[0] if "/" in repo else None),
        "created_at": raw.get("createdAt"),
        "last_modified": raw.get("lastModified"),
        "num_params": parameters if parameters is not None else safetensors.get("total"),
        "repo_url": url(endpoint, kind, repo),
        "runtime_stage": runtime.get("stage"),
        "trending_score": raw.get("trendingScore"),
        **{name: raw.get(name) for name in _KEPT},
    }
    if made["description"] is None:
        made["description"] = raw.get("shortDescription") or card.get("short_description")
    if made["pipeline_tag"] is None and card.get("pipeline_tag"):
        made["pipeline_tag"] = card["pipeline_tag"]
    return {name: value for name, value in made.items() if value is not None}


async def details(reach: Reach, *, repo_id: str | None, repo_ids: list | None, repo_type: str, fields: list | None) -> dict[str, Any]:
    """One repository or several; those not found are in meta.failures."""
    if (repo_id is None) == (repo_ids is None):
        raise InvalidInput("Give either repo_id or repo_ids.", HELPERS["hf_repo_details"].signature)
    asked = [repo_id] if repo_ids is None else repo_ids
    cap = HELPERS["hf_repo_details"].cap
    if not asked or len(asked) > cap:
        raise InvalidInput(f"repo_ids has {len(asked)} entries.", f"Give 1 to {cap}; there may be several calls.")
    wanted = list(dict.fromkeys(names.repo_id(one) for one in asked))
    chosen = columns(fields, "repo")
    tried = KINDS if repo_type.lower() == "auto" else (names.kind(repo_type),)
    found = await asyncio.gather(*(_one(reach, one, tried) for one in wanted))
    rows = [one for one in found if "error" not in one]
    failures = [one for one in found if "error" in one]
    error = None if rows else "; ".join(one["error"] for one in failures[:3])
    source = f"/api/{tried[0]}s/{wanted[0]}" if len(wanted) == 1 else "/api/{type}s/{repo}"
    coverage = {"returned": len(rows), "total": len(wanted), "complete": not failures, "exact_count": True, "truncated": False, "truncated_by": "none"}
    return envelope(reach, source, project(rows, chosen), error=error, requested_repo_ids=wanted, failures=failures, **coverage)


async def _one(reach: Reach, repo: str, kinds: tuple[str, ...]) -> dict[str, Any]:
    error: SpacesError = NotFound(f"There is no repository {repo}.")
    for number, kind in enumerate(kinds, 1):
        try:
            made = row(await reach.json(f"/api/{kind}s/{repo}"), kind, reach.endpoint)
            if made:
                return made
        except (NotFound, Unauthorized) as missing:  # the Hub says 401 to strangers where nothing is
            error = missing
        except SpacesError as other:
            error = other
            break
    attempted = list(kinds[:number])
    return {"repo_id": repo, "error": f"{', '.join(attempted)}: {sentence(error)}", "attempted_repo_types": attempted, "source": f"/api/{kind}s/{repo}"}
