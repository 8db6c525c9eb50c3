"""Commits in the order they were made."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from functools import lru_cache
from itertools import islice

from dulwich.objects import Commit as RawCommit
from dulwich.repo import Repo
from dulwich.walk import Walker

from core.git.values import Commit

MAX_WALK = 5000
OidAt = Callable[[RawCommit, str], str | None]


def log(repo: Repo, start: str, oid_at: OidAt, *, path: str | None, skip: int, limit: int) -> list[Commit]:
    commits = _walk(repo, start)
    if path:
        commits = (commit for commit in commits if _touches(repo, commit, path, oid_at))
    return [to_commit(commit) for commit in islice(commits, skip, skip + limit)]


def count(repo: Repo, start: str) -> int:
    return _count(repo.path, start, _Unhashed(repo))


def last_commits(repo: Repo, start: str, oid_at: OidAt, paths: set[str]) -> dict[str, Commit]:
    found: dict[str, Commit] = {}
    for commit in islice(_walk(repo, start), MAX_WALK):
        for path in [path for path in paths if _touches(repo, commit, path, oid_at)]:
            found[path] = to_commit(commit)
            paths.discard(path)
        if not paths:
            break
    return found


def to_commit(raw: RawCommit) -> Commit:
    name, _, email = raw.author.decode("utf-8", "replace").partition(" <")
    return Commit(
        raw.id.decode(),
        raw.message.decode("utf-8", "replace"),
        name,
        email.rstrip(">"),
        datetime.fromtimestamp(raw.commit_time, UTC),
        tuple(parent.decode() for parent in raw.parents),
    )


def _walk(repo: Repo, start: str) -> Iterator[RawCommit]:
    return (entry.commit for entry in Walker(repo.object_store, [start.encode()]))


def _touches(repo: Repo, commit: RawCommit, path: str, oid_at: OidAt) -> bool:
    now = oid_at(commit, path)
    if not commit.parents:
        return now is not None
    return all(oid_at(repo.object_store[parent], path) != now for parent in commit.parents)


class _Unhashed:
    """Carries the repository past the cache, whose key is the path and the commit: history never changes."""

    def __init__(self, repo: Repo):
        self.repo = repo

    def __hash__(self) -> int:
        return 0

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Unhashed)


@lru_cache(maxsize=1024)
def _count(path: str, start: str, carried: _Unhashed) -> int:
    return sum(1 for _ in _walk(carried.repo, start))
