"""Files of one repository that show how something is used."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from core.errors import InvalidInput, NotFound
from core.github.client import GitHub, named, objects, web
from core.github.matching import example_place, is_text, score

MOST = 100
_TREE_BYTES = 12_000_000  # GitHub cuts a tree at 7 MB itself
_PATHS = 60_000
_KEYWORD = 200
_LOOKED_AT = 8_000  # paths compared with the keyword


@dataclass(frozen=True)
class Tree:
    """Every file of a revision. cut: GitHub did not tell them all."""

    ref: str
    files: Sequence[tuple[str, int | None]]
    cut: bool


async def find_examples(
    github: GitHub, repo: str, *, keyword: str = "", org: str = "huggingface", max_results: int = 50, min_score: int = 60
) -> dict[str, Any]:
    """Example scripts, notebooks and guides of a repository by their paths.

    Args:
        repo: its name, or owner/name.
        keyword: words the path should hold, such as "grpo vlm"; empty lists every example.
        org: the owner where repo is a bare name.
        max_results: 1 to 100.
        min_score: 0 to 100: how well a path must fit the keyword.

    Returns `{repo, ref, items: [{path, size, score, example, url}], meta: {count, total, examples, files}, notes, rate}`.
    Raises NotFound with similar repositories, InvalidInput, RateLimited, SourceUnavailable, TimedOut.
    """
    owner, name = named(repo, org)
    if len(keyword) > _KEYWORD:
        raise InvalidInput(f"A keyword has at most {_KEYWORD} characters; this one has {len(keyword)}.")
    if not 1 <= max_results <= MOST or not 0 <= min_score <= 100:
        raise InvalidInput(f"max_results must be from 1 to {MOST} and min_score from 0 to 100.")
    about = await github.get(f"/repos/{owner}/{name}", allow_status=(404,))
    if about.status == 404:
        raise await github.missing(owner, name)
    branch = about.data.get("default_branch") if isinstance(about.data, Mapping) else None
    tree = await read_tree(github, owner, name, branch if isinstance(branch, str) and branch else "HEAD")
    found, examples, notes = await asyncio.to_thread(_choose, tree, " ".join(keyword.split()), min_score)
    return {
        "repo": f"{owner}/{name}",
        "ref": tree.ref,
        "items": [one | {"url": web(owner, name, tree.ref, one["path"])} for one in found[:max_results]],
        "meta": {"count": len(found[:max_results]), "total": len(found), "examples": examples, "files": len(tree.files)},
        "notes": notes + github.notes(),
        "rate": github.rate,
    }


async def read_tree(github: GitHub, owner: str, repo: str, ref: str) -> Tree:
    """Every file of a revision; of an empty repository none."""
    read = await github.get(f"/repos/{owner}/{repo}/git/trees/{ref}", recursive=1, allow_status=(404, 409), most_bytes=_TREE_BYTES)
    if read.status == 404:
        raise NotFound(f"{owner}/{repo} has no revision {ref!r}.", "Leave ref out for the default branch.")
    entries = [one for one in objects(read.data, "tree") if one.get("type") == "blob" and isinstance(one.get("path"), str)]
    files = [(one["path"], one["size"] if isinstance(one.get("size"), int) else None) for one in entries[:_PATHS]]
    cut = isinstance(read.data, Mapping) and read.data.get("truncated") is True
    return Tree(ref, files, cut or len(entries) > _PATHS)


def _choose(tree: Tree, keyword: str, min_score: int) -> tuple[list[dict[str, Any]], int, list[str]]:
    """What fits, best first; how many examples there are; what has to be said about it."""
    notes = ["The repository is large: GitHub told only a part of its files."] if tree.cut else []
    readable = [(path, size) for path, size in tree.files if is_text(path)]
    places = {path: place for path, _ in readable if (place := example_place(path)) is not None}
    examples = [(path, size) for path, size in readable if path in places]
    if not tree.files:
        notes.append("The repository is empty.")
    if not keyword:
        ordered = sorted(examples, key=lambda one: (not one[0].startswith("examples/"), places[one[0]], one[0].count("/"), one[0]))
        return [_item(path, size, None, True) for path, size in ordered], len(examples), notes
    found = _fitting(examples, keyword, min_score, True)
    compared = len(examples)
    if not found:
        others = [one for one in readable if one[0] not in places]
        found, compared = _fitting(others, keyword, min_score, False), max(compared, len(others))
        if found:
            notes.append(f"No example fits {keyword!r}; these are other files of the repository that do.")
        elif examples:
            notes.append(f"Nothing fits {keyword!r} with a score of {min_score}; without a keyword all {len(examples)} examples are listed.")
    if compared > _LOOKED_AT:
        notes.append(f"Only the first {_LOOKED_AT:,} paths were compared with the keyword.")
    return found, len(examples), notes


def _fitting(files: Sequence[tuple[str, int | None]], keyword: str, min_score: int, example: bool) -> list[dict[str, Any]]:
    scored = [(score(keyword, path), path, size) for path, size in files[:_LOOKED_AT]]
    best = sorted((one for one in scored if one[0] >= max(min_score, 1)), key=lambda one: (-one[0], one[1].count("/"), one[1]))
    return [_item(path, size, points, example) for points, path, size in best]


def _item(path: str, size: int | None, points: int | None, example: bool) -> dict[str, Any]:
    return {"path": path, "size": size, "score": points, "example": example}
