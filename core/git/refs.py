"""Refs: looked up the way revisions are spelled, moved by compare-and-swap."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from dulwich.file import FileLocked
from dulwich.objects import Commit, Tag
from dulwich.repo import Repo

from core.errors import Conflict, NotFound, Outdated
from core.git.paths import check_ref

ABSENT = "0" * 40
LOCK_SECONDS = 5.0
T = TypeVar("T")


def candidates(rev: str) -> tuple[str, ...]:
    """The full ref names a short revision may stand for, in the order they are tried."""
    if rev.startswith("refs/"):
        return (rev,)
    return (f"refs/heads/{rev}", f"refs/tags/{rev}", f"refs/{rev}")


def every(repo: Repo) -> dict[str, str]:
    """Every ref below refs/, with the commit it leads to; one that leads to no commit is left out."""
    found: dict[str, str] = {}
    for name, sha in repo.refs.as_dict().items():
        commit = _peel(repo, sha) if name.startswith(b"refs/") else None
        if commit:
            found[name.decode("utf-8", "replace")] = commit
    return found


def swap(repo: Repo, name: str, sha: str, *, expect: str | None) -> None:
    """Move a ref to `sha` if it is at `expect` (None: wherever it is; `ABSENT`: nowhere)."""
    ref, new = check_ref(name).encode(), sha.encode()
    _no_shadow(repo, name)
    if expect == ABSENT:
        moved = _unlocked(repo, name, lambda: repo.refs.add_if_new(ref, new))
    else:
        now = _stored(repo, ref)
        if expect is not None and (now is None or _peel(repo, now) != expect):
            raise Outdated("The branch was updated since you opened this page. Please refresh and try again.")
        moved = _unlocked(repo, name, lambda: repo.refs.set_if_equals(ref, now, new))
    if not moved:
        raise Outdated("The branch was updated since you opened this page. Please refresh and try again.")


def remove(repo: Repo, name: str) -> None:
    ref = check_ref(name).encode()
    if _stored(repo, ref) is None:
        raise NotFound(f"Invalid rev id: {name}")
    _unlocked(repo, name, lambda: repo.refs.remove_if_equals(ref, None))


def _stored(repo: Repo, ref: bytes) -> bytes | None:
    return repo.refs.read_ref(ref)


def _no_shadow(repo: Repo, name: str) -> None:
    """Git keeps refs as files: `a` and `a/b` cannot both exist."""
    for other in repo.refs.allkeys():
        taken = other.decode("utf-8", "replace")
        if taken.startswith(name + "/") or name.startswith(taken + "/"):
            raise Conflict(f"Reference {name} cannot be made beside {taken}.")


def _peel(repo: Repo, sha: bytes) -> str | None:
    for _ in range(8):
        try:
            found = repo.object_store[sha]
        except KeyError:
            return None
        if isinstance(found, Commit):
            return found.id.decode()
        if not isinstance(found, Tag):
            return None
        sha = found.object[1]
    return None


def _unlocked(repo: Repo, name: str, act: Callable[[], T]) -> T:
    """Act once the ref's lock file is free. One that is older than any ref takes to move was left by a killed process."""
    while True:
        try:
            return act()
        except FileLocked:
            for lock in (name + ".lock", "packed-refs.lock"):
                _drop_if_old(Path(repo.path) / lock)
            time.sleep(0.02)


def _drop_if_old(lock: Path) -> None:
    try:
        if time.time() - lock.stat().st_mtime >= LOCK_SECONDS:
            lock.unlink()
    except FileNotFoundError:
        pass
