"""The objects of one repository: read through small caches, written as loose files."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

from dulwich.objects import Commit as RawCommit
from dulwich.objects import Tree
from dulwich.repo import Repo

from core.errors import NotFound
from core.git.objects import loose_size, read_loose, write_object
from core.git.tree import FOLDER
from core.git.values import Entry

GITLINK = 0o160000
MAX_CACHED = 8192


class Contents:
    """Trees, blobs and commits by oid. dulwich's own reading of packs is not safe in threads: `lock` guards it."""

    def __init__(self, path: Path, repo: Repo, lock: threading._RLock):
        self.folder = path / "objects"
        self._repo, self._lock = repo, lock
        self._trees: dict[str, dict[str, tuple[int, str]]] = {}
        self._sizes: dict[str, int] = {}

    def write(self, kind: bytes, data: bytes | Path) -> str:
        """Store an object and return its oid."""
        return write_object(self.folder, kind, data)

    def stream(self, oid: str, start: int, stop: int | None) -> Iterator[bytes]:
        """A part of a blob in chunks; `NotFound` when it is not stored."""
        loose = read_loose(self.folder, oid, start, stop)
        return loose if loose is not None else iter([self._packed(oid)[start:stop]])

    def size(self, oid: str) -> int:
        """The size of a blob in bytes."""
        if oid not in self._sizes:
            size = loose_size(self.folder, oid)
            _remember(self._sizes, oid, len(self._packed(oid)) if size is None else size)
        return self._sizes[oid]

    def load(self, oid: str) -> Tree:
        """A tree as dulwich reads it."""
        return self._repo.object_store[oid.encode()]

    def commit(self, oid: str) -> RawCommit:
        """A commit as dulwich reads it."""
        return self._repo.object_store[oid.encode()]

    def is_commit(self, oid: str) -> bool:
        try:
            return isinstance(self._repo.object_store[oid.encode()], RawCommit)
        except (KeyError, ValueError):
            return False

    def tree_of(self, commit: str) -> str:
        """The oid of a commit's root tree."""
        return self.commit(commit).tree.decode()

    def entries(self, tree: str) -> dict[str, tuple[int, str]]:
        """The names of a tree with their (mode, oid)."""
        if tree not in self._trees:
            items = self.load(tree).items()
            names = {i.path.decode("utf-8", "surrogateescape"): (i.mode, i.sha.decode()) for i in items}
            _remember(self._trees, tree, names)
        return self._trees[tree]

    def walk(self, tree: str, path: str) -> tuple[int, str] | None:
        """(mode, oid) of what is at `path` below a tree, or None."""
        at: tuple[int, str] = (FOLDER, tree)
        for part in path.split("/"):
            found = self.entries(at[1]).get(part) if at[0] == FOLDER else None
            if found is None:
                return None
            at = found
        return at

    def oid_at(self, commit: RawCommit, path: str) -> str | None:
        """The oid of what a commit holds at `path`, or None."""
        found = self.walk(commit.tree.decode(), path)
        return found[1] if found else None

    def entry(self, path: str, mode: int, oid: str) -> Entry:
        folder = mode == FOLDER
        return Entry(path, "directory" if folder else "file", oid, 0 if folder else self.size(oid), mode)

    def listing(self, tree: str, prefix: str, recursive: bool) -> Iterator[Entry]:
        """The entries of a tree in git's order; submodules are left out, since nothing of them is here."""
        for name, (mode, oid) in self.entries(tree).items():
            if mode == GITLINK:
                continue
            yield self.entry(prefix + name, mode, oid)
            if recursive and mode == FOLDER:
                yield from self.listing(oid, f"{prefix}{name}/", True)

    def _packed(self, oid: str) -> bytes:
        with self._lock:
            try:
                return self._repo.object_store.get_raw(oid.encode())[1]
            except (KeyError, ValueError) as error:
                raise NotFound("There is no such object in this repository.") from error


def _remember(cache: dict, key: str, value: object) -> None:
    while len(cache) >= MAX_CACHED:
        cache.pop(next(iter(cache)), None)
    cache[key] = value
