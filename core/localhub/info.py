"""What the Hub tells about a repository: `GET /api/{kind}/{id}` and the entries of lists."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from core.errors import InvalidInput, NotFound
from core.git import Entry, GitStore
from core.localhub.card import card_of
from core.localhub.lfs import read_pointer
from core.localhub.names import Kind
from core.localhub.repos import Repo, format_time
from core.localhub.wire import RevisionNotFound

if TYPE_CHECKING:
    from core.localhub.server import LocalHub

_COMMON = "author cardData createdAt disabled lastModified likes private resourceGroup sha siblings tags trendingScore usedStorage"
EXPANDABLE: dict[Kind, frozenset[str]] = {
    "model": frozenset(
        f"{_COMMON} baseModels childrenModelCount config downloads downloadsAllTime evalResults gated gguf inference "
        "inferenceProviderMapping library_name mask_token model-index pipeline_tag safetensors spaces transformersInfo "
        "widgetData".split()
    ),
    "dataset": frozenset(f"{_COMMON} citation description downloads downloadsAllTime gated mainSize paperswithcode_id".split()),
    "space": frozenset(f"{_COMMON} datasets models region runtime sdk subdomain".split()),
}
# Asked for often, kept by no repository here: an honest empty value.
_EMPTY: dict[str, Any] = {"resourceGroup": None, "baseModels": None, "childrenModelCount": 0, "evalResults": []}


@dataclass(frozen=True)
class Snapshot:
    """What one commit says, read once: commits never change."""

    sha: str
    last_modified: str
    card: dict[str, Any]
    files: tuple[Entry, ...]

    @property
    def size(self) -> int:
        return sum(entry.size for entry in self.files)


@dataclass(frozen=True)
class _Key:
    """A cache key that carries the open repository without being told apart by it."""

    id: str
    sha: str
    git: GitStore

    def __hash__(self) -> int:
        return hash((self.id, self.sha))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Key) and (self.id, self.sha) == (other.id, other.sha)


def snapshot(hub: LocalHub, repo: Repo, rev: str = "main") -> Snapshot | None:
    """The files, card and date of a revision; None for `main` of a repository that has no commit yet."""
    git = hub.repos.git(repo)
    if rev == "main" and (head := git.head()) is None:
        return None
    return _snapshot(_Key(repo.id, head if rev == "main" else resolve(git, rev), git))


def resolve(git: GitStore, rev: str) -> str:
    """The commit of a revision, or the Hub's `RevisionNotFound`."""
    try:
        return git.resolve(rev)
    except NotFound as error:
        raise RevisionNotFound(error.message) from None


@lru_cache(maxsize=512)
def _snapshot(key: _Key) -> Snapshot:
    files = tuple(entry for entry in key.git.tree(key.sha, recursive=True) if entry.kind == "file")
    readme = next((entry for entry in files if entry.path == "README.md" and entry.size < 2_000_000), None)
    text = key.git.blob(readme.oid).decode("utf-8", "replace") if readme else ""
    commit = key.git.log(key.sha, limit=1)[0]
    return Snapshot(key.sha, format_time(commit.at), card_of(text), files)


def describe(
    hub: LocalHub,
    repo: Repo,
    base: str,
    *,
    rev: str = "main",
    expand: Iterable[str] = (),
    blobs: bool = False,
    security: bool = False,
) -> dict[str, Any]:
    """Everything about a repository, or with `expand` its id and only what was asked.

    Errors: `RevisionNotFound`; `InvalidInput` for an unknown name in `expand`.
    """
    found = snapshot(hub, repo, rev)
    asked = set(expand)
    if unknown := asked - EXPANDABLE[repo.kind]:
        allowed = ", ".join(sorted(EXPANDABLE[repo.kind]))
        raise InvalidInput(f'"expand" must be one of [{allowed}]; it was "{sorted(unknown)[0][:80]}"')
    whole = _facts(hub, repo, found, base, blobs=blobs)
    if security:
        # Nothing scans files here, and nothing claims to have.
        whole["securityRepoStatus"] = {"scansDone": False, "filesWithIssues": []}
    if not asked:
        return whole
    whole |= {key: value for key, value in _EMPTY.items() if key in asked}
    return {"_id": repo.id, "id": repo.full_name} | {key: whole[key] for key in sorted(asked) if key in whole}


def listed(hub: LocalHub, repo: Repo, base: str, *, full: bool = False) -> dict[str, Any]:
    """A repository as an entry of a list: the short form, or with `full` without its runtime and storage."""
    whole = _facts(hub, repo, snapshot(hub, repo), base, blobs=False)
    return whole if full else {key: whole[key] for key in _LISTED[repo.kind] if key in whole}


_LISTED: dict[Kind, tuple[str, ...]] = {
    "model": tuple("_id id modelId likes trendingScore private downloads tags pipeline_tag library_name createdAt".split()),
    "dataset": tuple(
        "_id id author disabled gated lastModified likes trendingScore private sha downloads tags createdAt".split()
    ),
    "space": tuple("_id id likes trendingScore private sdk tags createdAt".split()),
}


def _facts(hub: LocalHub, repo: Repo, found: Snapshot | None, base: str, *, blobs: bool) -> dict[str, Any]:
    card = found.card if found else {}
    git = hub.repos.git(repo)
    facts: dict[str, Any] = {
        "_id": repo.id,
        "id": repo.full_name,
        "author": repo.repo.namespace,
        "sha": found.sha if found else None,
        "lastModified": found.last_modified if found else repo.created_at,
        "createdAt": repo.created_at,
        "private": repo.private,
        "gated": repo.gated,
        "disabled": repo.disabled,
        "likes": repo.likes,
        "trendingScore": repo.likes,
        "downloads": repo.downloads,
        "downloadsAllTime": repo.downloads,
        "tags": _tags(repo, card),
        "cardData": card,
        "siblings": [_sibling(git, entry, blobs) for entry in found.files] if found else [],
        "usedStorage": found.size if found else 0,
    }
    return facts | _BY_KIND[repo.kind](hub, repo, card, base)


def _model(hub: LocalHub, repo: Repo, card: dict[str, Any], base: str) -> dict[str, Any]:
    return {
        "modelId": repo.full_name,
        "library_name": card.get("library_name"),
        "pipeline_tag": card.get("pipeline_tag"),
        "config": {},
        "model-index": card.get("model-index"),
        "spaces": [],
        "transformersInfo": {},
        "widgetData": card.get("widget") or [],
    }


def _dataset(hub: LocalHub, repo: Repo, card: dict[str, Any], base: str) -> dict[str, Any]:
    return {"citation": None, "description": str(card.get("pretty_name") or "")}


def _space(hub: LocalHub, repo: Repo, card: dict[str, Any], base: str) -> dict[str, Any]:
    own = {"sdk": card.get("sdk") or repo.sdk, "models": _strings(card, "models"), "datasets": _strings(card, "datasets")}
    return own | hub.describe_space(repo, base)


_BY_KIND: dict[Kind, Callable[..., dict[str, Any]]] = {"model": _model, "dataset": _dataset, "space": _space}


def _sibling(git: GitStore, entry: Entry, blobs: bool) -> dict[str, Any]:
    if not blobs:
        return {"rfilename": entry.path}
    shape: dict[str, Any] = {"rfilename": entry.path, "size": entry.size, "blobId": entry.oid}
    if pointer := read_pointer(git, entry):
        shape |= {"size": pointer.size, "lfs": {"size": pointer.size, "sha256": pointer.oid, "pointerSize": entry.size}}
    return shape


def _strings(card: dict[str, Any], key: str) -> list[str]:
    value = card.get(key)
    return [value] if isinstance(value, str) else [v for v in value if isinstance(v, str)] if isinstance(value, list) else []


def _tags(repo: Repo, card: dict[str, Any]) -> list[str]:
    tags = [card.get("library_name"), card.get("pipeline_tag"), (card.get("sdk") or repo.sdk) if repo.kind == "space" else None]
    tags += _strings(card, "tags")
    for key, prefix in (("license", "license:"), ("language", "language:" if repo.kind == "dataset" else ""),
                        ("datasets", "dataset:"), ("base_model", "base_model:"), ("task_categories", "task_categories:"),
                        ("size_categories", "size_categories:")):  # fmt: skip
        tags += [f"{prefix}{value}" for value in _strings(card, key)]
    return list(dict.fromkeys([tag for tag in tags if isinstance(tag, str) and tag] + ["region:us"]))
