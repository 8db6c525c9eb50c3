"""Look at code on GitHub."""

from __future__ import annotations

from typing import Literal

from core.github import GitHub, find_examples, list_repos, read_file
from core.registry import Call, action


@action(risk="read", title="Find examples")
async def github_find_examples(
    call: Call, repo: str, keyword: str = "", org: str = "huggingface", max_results: int = 50, min_score: int = 60
) -> dict:
    """Example scripts, notebooks and guides of a repository on GitHub; read one with github_read_file.

    Returns `{repo, ref, items: [{path, size, score, example, url}], meta: {count, total, examples, files}, notes, rate}`, best first.
    Errors: not_found with similar repositories, rate_limited (60 requests an hour without a key), source_unavailable, timed_out.

    Args:
        repo: its name, such as trl, or owner/name.
        keyword: words the path should hold, such as sft or "grpo vlm"; misspelled letters are allowed; empty lists every example.
        org: the owner where repo is a bare name; huggingface by default.
        max_results: 1 to 100, default 50.
        min_score: 0 to 100, how well a path must fit the keyword; default 60.
    """
    return await find_examples(
        _github(call), repo, keyword=keyword, org=org, max_results=max(1, min(max_results, 100)), min_score=max(0, min(min_score, 100))
    )


@action(risk="read", title="List repositories on GitHub")
async def github_list_repos(
    call: Call,
    owner: str,
    owner_type: Literal["org", "user"] = "org",
    sort: Literal["stars", "forks", "updated", "created"] = "stars",
    order: Literal["desc", "asc"] = "desc",
    limit: int = 30,
) -> dict:
    """Public repositories of a user or an organization on GitHub.

    Returns `{owner, owner_type, items: [{repo, description, stars, forks, language, topics, updated, created, archived, fork,
    license, url}], meta: {count, looked_at, cut}, notes, rate}`; cut: there are more than were looked at (1,000 at most).
    Errors: not_found with similar owners, rate_limited (60 requests an hour without a key), source_unavailable, timed_out.

    Args:
        owner: such as huggingface.
        owner_type: org (the default) or user; the other is tried where there is no such one.
        sort: stars (the default), forks, updated or created.
        order: desc (the default) or asc.
        limit: 1 to 100, default 30.
    """
    return await list_repos(_github(call), owner, owner_type=owner_type, sort=sort, order=order, limit=max(1, min(limit, 100)))


@action(risk="read", title="Read a file on GitHub")
async def github_read_file(
    call: Call, repo: str, path: str = "", ref: str = "", line_start: int | None = None, line_end: int | None = None
) -> dict:
    """One text file of a repository on GitHub by lines; a notebook comes as markdown without outputs, a folder as its entries.

    Returns `{repo, path, ref, type, size, binary, text, lines: {first, last, total}, next_line, entries, url, notes, rate}`.
    Errors: not_found with similar paths or repositories, too_large over 5 MB, rate_limited, source_unavailable, timed_out.

    Args:
        repo: owner/name, such as huggingface/trl; or the address of the file on github.com, with path left empty.
        path: of the file, such as examples/scripts/sft.py; empty shows the root folder.
        ref: a branch, a tag or a commit; the default branch by default.
        line_start: the first line, from 1.
        line_end: the last line; by default 300 lines are given, at most 3,000.
    """
    return await read_file(_github(call), repo, path, ref=ref, line_start=line_start, line_end=line_end)


def _github(call: Call) -> GitHub:
    """GitHub as this caller may ask it: the owner's key serves strangers only where its owner shares keys."""
    settings = call.house.settings
    shared = not settings.public or settings.share_owner_keys
    token = settings.research.github_token if shared else None
    return GitHub(call.house.reader, api=settings.research.github, raw=settings.research.github_raw, token=token)
