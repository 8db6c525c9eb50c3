"""The repositories on disk: bare git plus one small file of metadata each.

    data/repos/{models,datasets,spaces}/<namespace>/<name>.git/hub.json

A repository appears and disappears by one rename of its folder, and its metadata changes by one rename of
its file, so a killed server leaves each either as it was or as it was to be.
"""

from __future__ import annotations

import json
import os
import secrets
import shutil
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from core.errors import Conflict, NotFound
from core.git import GitStore, Put
from core.localhub.names import PLURAL, Kind, RepoId

META = "hub.json"
MAX_OPEN = 256


@dataclass(frozen=True)
class Repo:
    """What the Hub knows of a repository beside its git data.

    `settings` holds what only some kinds have; for a Space that was created with them: hardware, sleepTimeSeconds,
    secrets and variables (lists of {key, value, description?}). It is kept in a file only the owner reads, never shown.
    """

    id: str
    repo: RepoId
    private: bool
    created_at: str
    creator: str
    sdk: str | None = None
    gated: bool | str = False
    disabled: bool = False
    likes: int = 0
    downloads: int = 0
    settings: dict[str, Any] = field(default_factory=dict, repr=False)
    former: tuple[str, ...] = ()

    @property
    def kind(self) -> Kind:
        return self.repo.kind

    @property
    def full_name(self) -> str:
        return str(self.repo)


PushHook = Callable[[Repo, str, str | None], None]
RepoHook = Callable[[Repo], None]
MoveHook = Callable[[Repo, Repo], None]


class RepoStore:
    """Every repository of this Hub. Safe from any thread.

    on_push: called with (repo, full ref name, new commit or None when the ref is gone) after any change of a
        ref, by commit or by git push, from the thread that made it: hand over, do not work there.
    on_create, on_update, on_delete: called with the repo after it was made, its metadata changed, it was removed.
    on_move: called with the repo as it was and as it is (same id) after it got another name; no push follows.
    """

    def __init__(self, root: Path):
        self.root = root
        self.on_push: list[PushHook] = []
        self.on_create: list[RepoHook] = []
        self.on_update: list[RepoHook] = []
        self.on_delete: list[RepoHook] = []
        self.on_move: list[MoveHook] = []
        self._lock = threading.RLock()
        self._open: OrderedDict[Path, GitStore] = OrderedDict()
        self._repos: dict[tuple[Kind, str], Repo] = {}
        for leftover in (".new", ".gone"):
            shutil.rmtree(root / leftover, ignore_errors=True)
            (root / leftover).mkdir(parents=True)
        for kind, plural in PLURAL.items():
            for meta in sorted((root / plural).glob(f"*/*.git/{META}")):
                found = _read(kind, meta)
                self._repos[found.repo.key] = found
        self._moved = {(r.kind, name.lower()): r.repo for r in self._repos.values() for name in r.former}

    def find(self, repo: RepoId) -> Repo | None:
        """The repository, or None; names are compared without case."""
        return self._repos.get(repo.key)

    def get(self, repo: RepoId) -> Repo:
        found = self.find(repo)
        if found is None:
            raise NotFound("Repository not found")
        return found

    def moved_to(self, repo: RepoId) -> RepoId | None:
        """Where a repository of this former name is now."""
        target = self._moved.get(repo.key)
        return target if target and target.key in self._repos else None

    def list(self, kind: Kind | None = None) -> list[Repo]:
        return [repo for repo in list(self._repos.values()) if kind is None or repo.kind == kind]

    def path(self, repo: RepoId) -> Path:
        """The folder of the bare repository."""
        return self.root / PLURAL[repo.kind] / repo.namespace / f"{repo.name}.git"

    def git(self, repo: Repo) -> GitStore:
        """The git repository, opened once and kept while it is used."""
        path = self.path(repo.repo)
        with self._lock:
            store = self._open.pop(path, None) or GitStore.open(path)
            self._open[path] = store
            while len(self._open) > MAX_OPEN:
                self._open.popitem(last=False)
            return store

    def create(
        self,
        repo: RepoId,
        *,
        creator: str,
        email: str,
        private: bool = False,
        sdk: str | None = None,
        files: Iterable[Put] = (),
        settings: dict[str, Any] | None = None,
    ) -> Repo:
        """Make a repository whose `initial commit` holds `files`; `Conflict` when the name is taken."""
        made = Repo(secrets.token_hex(12), repo, private, now(), creator, sdk, settings=settings or {})
        building = self.root / ".new" / made.id
        store = GitStore.create(building)
        store.commit(files, "initial commit", author=creator, email=email, allow_empty=True)
        store.close()
        _write(building, made)
        with self._lock:
            if repo.key in self._repos:
                shutil.rmtree(building, ignore_errors=True)
                raise Conflict(f"You already created this {repo.kind} repo: {self._repos[repo.key].full_name}")
            target = self.path(repo)
            target.parent.mkdir(parents=True, exist_ok=True)
            building.rename(target)
            self._repos[repo.key] = made
            self._moved.pop(repo.key, None)
        for hook in self.on_create:
            hook(made)
        self.notify(made, "refs/heads/main", self.git(made).head())
        return made

    def update(self, repo: Repo, **changes: Any) -> Repo:
        """Change metadata of a repository (fields of `Repo`) and return it."""
        with self._lock:
            changed = replace(self.get(repo.repo), **changes)
            _write(self.path(changed.repo), changed)
            self._repos[changed.repo.key] = changed
        for hook in self.on_update:
            hook(changed)
        return changed

    def delete(self, repo: Repo) -> None:
        with self._lock:
            found = self.get(repo.repo)
            gone = self.root / ".gone" / secrets.token_hex(12)
            with self.git(found).lock:
                self.path(found.repo).rename(gone)
            self._forget(found)
        for hook in self.on_delete:
            hook(found)
        shutil.rmtree(gone, ignore_errors=True)

    def move(self, repo: Repo, to: RepoId) -> Repo:
        """Give a repository another name; the former one leads there. `Conflict` when the name is taken."""
        with self._lock:
            found = self.get(repo.repo)
            if to.key in self._repos and to.key != found.repo.key:
                raise Conflict(f"A {to.kind} repository called {to} already exists")
            former = tuple(dict.fromkeys((*found.former, found.full_name)))[-20:]
            moved = replace(found, repo=to, former=tuple(name for name in former if name.lower() != str(to).lower()))
            target = self.path(to)
            target.parent.mkdir(parents=True, exist_ok=True)
            with self.git(found).lock:
                self.path(found.repo).rename(target)
            self._forget(found)
            _write(target, moved)
            self._repos[to.key] = moved
            self._moved.pop(to.key, None)
            self._moved.update({(to.kind, name.lower()): to for name in moved.former})
        for hook in self.on_move:
            hook(found, moved)
        return moved

    def notify(self, repo: Repo, ref: str, sha: str | None) -> None:
        """Tell the listeners that a ref of a repository is now at `sha`."""
        for hook in self.on_push:
            hook(repo, ref, sha)

    def close(self) -> None:
        with self._lock:
            while self._open:
                self._open.popitem()[1].close()

    def _forget(self, repo: Repo) -> None:
        self._open.pop(self.path(repo.repo), None)
        del self._repos[repo.repo.key]


def now() -> str:
    """The time as the Hub writes it."""
    return format_time(datetime.now(UTC))


def format_time(at: datetime) -> str:
    """A UTC time as the Hub writes it, with milliseconds and a Z."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.") + f"{at.microsecond // 1000:03d}Z"


def _write(folder: Path, repo: Repo) -> None:
    shape = asdict(repo) | {"repo": str(repo.repo)}
    fresh = folder / f".{META}.{secrets.token_hex(4)}"
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
        json.dump(shape, file)
    os.replace(fresh, folder / META)


def _read(kind: Kind, meta: Path) -> Repo:
    """The folder's place says the name: a move that was cut short after its rename is finished by reading it."""
    shape = json.loads(meta.read_text("utf-8"))
    namespace, name = meta.parent.parent.name, meta.parent.name.removesuffix(".git")
    former = tuple(shape.pop("former", ()))
    written = shape.pop("repo")
    if written != f"{namespace}/{name}":
        former += (written,)
    return Repo(repo=RepoId(kind, namespace, name), former=former, **shape)
