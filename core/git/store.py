"""`GitStore`: one bare repository, safe to use from any thread of this process."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from weakref import WeakValueDictionary, finalize

from dulwich.objects import Commit as RawCommit
from dulwich.objects import Tag
from dulwich.repo import Repo

from core.errors import InvalidInput, NotFound, Outdated
from core.git import history, refs
from core.git.checkout import write_files
from core.git.contents import GITLINK, Contents
from core.git.diff import changed_paths, file_diff
from core.git.objects import sweep
from core.git.tree import FOLDER, Folder, checked, edit
from core.git.values import Change, Commit, Entry, FileDiff, Put

MAX_DIFF_FILES = 1000

_locks: WeakValueDictionary[str, threading._RLock] = WeakValueDictionary()
_locks_guard = threading.Lock()


class GitStore:
    """A bare repository. Blobs stream from and to disk; a branch moves by one compare-and-swap."""

    def __init__(self, path: Path, repo: Repo):
        self.path = path
        self._repo = repo
        # Closes the pack files when the store is forgotten, and before the interpreter takes its modules down.
        self._closing = finalize(self, repo.close)
        with _locks_guard:
            self.lock = _locks.setdefault(str(path.resolve()), threading.RLock())
        self._contents = Contents(path, repo, self.lock)

    @classmethod
    def create(cls, path: Path, *, branch: str = "main") -> GitStore:
        """Make an empty bare repository at `path`, whose HEAD is `branch`. `FileExistsError` when something is there."""
        path.mkdir(parents=True)
        repo = Repo.init_bare(str(path), default_branch=branch.encode())
        config = repo.get_config()
        config.set((b"http",), b"receivepack", True)
        # Packs are made for one fetch on the same machine: time counts, size does not.
        config.set((b"core",), b"compression", b"1")
        config.write_to_path()
        return cls(path, repo)

    @classmethod
    def open(cls, path: Path) -> GitStore:
        """Open the bare repository at `path`; `NotFound` when there is none."""
        if not (path / "HEAD").is_file():
            raise NotFound("There is no repository here.")
        sweep(path / "objects")
        return cls(path, Repo(str(path), bare=True))

    def close(self) -> None:
        with self.lock:
            self._closing()

    def head(self, ref: str = "main") -> str | None:
        """The commit a branch (or full ref name) points at, or None when there is no such branch."""
        return self.refs().get(ref if ref.startswith("refs/") else f"refs/heads/{ref}")

    def resolve(self, rev: str) -> str:
        """The 40-hex commit of a branch, tag, ref name, `HEAD`, or full or at least 7-hex commit id; else `NotFound`."""
        with self.lock:
            if re.fullmatch(r"[0-9a-f]{40}", rev) and self._contents.is_commit(rev):
                return rev
            known = self.refs()
            for name in ("HEAD", *refs.candidates(rev)):
                if name == "HEAD" and rev == "HEAD":
                    name = self._repo.refs.get_symrefs().get(b"HEAD", b"refs/heads/main").decode()
                if name in known:
                    return known[name]
            if re.fullmatch(r"[0-9a-f]{7,39}", rev):
                found = {o.decode() for o in self._repo.object_store.iter_prefix(rev.encode())}
                commits = [oid for oid in found if self._contents.is_commit(oid)]
                if len(commits) == 1:
                    return commits[0]
        raise NotFound(f"Invalid rev id: {rev[:250]}", "Check the branch, tag or commit.")

    def tree(self, rev: str, path: str = "", *, recursive: bool = False) -> list[Entry]:
        """The entries of a folder in git's order, `path` being "" for the root; folders come before what they hold.

        Errors: `NotFound` for an unknown revision or folder.
        """
        with self.lock:
            root = self._contents.tree_of(self.resolve(rev))
            at = self._contents.walk(root, path) if path else (FOLDER, root)
            if at is None or at[0] != FOLDER:
                raise NotFound(f"{path} does not exist on {rev!r}", "Check the path; names are case-sensitive.")
            return list(self._contents.listing(at[1], f"{path}/" if path else "", recursive))

    def entry(self, rev: str, path: str) -> Entry | None:
        """The file or folder at `path`, or None."""
        with self.lock:
            found = self._contents.walk(self._contents.tree_of(self.resolve(rev)), path) if path else None
            return self._contents.entry(path, *found) if found and found[0] != GITLINK else None

    def read(self, rev: str, path: str) -> bytes:
        """The bytes of a file; `NotFound` when there is none."""
        entry = self.entry(rev, path)
        if entry is None or entry.kind != "file":
            raise NotFound(f"{path} does not exist on {rev!r}", "Check the path; names are case-sensitive.")
        return self.blob(entry.oid)

    def blob(self, oid: str) -> bytes:
        """The bytes of a blob by its oid; `NotFound` when it is not stored."""
        return b"".join(self.stream(oid))

    def stream(self, oid: str, start: int = 0, stop: int | None = None) -> Iterator[bytes]:
        """Bytes `start` up to `stop` (exclusive; None: the end) of a blob, in chunks of about 1 MiB."""
        return self._contents.stream(oid, start, stop)

    def size(self, oid: str) -> int:
        """The size of a blob in bytes."""
        return self._contents.size(oid)

    def commit(
        self,
        changes: Iterable[Change],
        message: str,
        *,
        author: str,
        email: str,
        branch: str = "main",
        parent: str | None = None,
        allow_empty: bool = False,
    ) -> str:
        """Apply `changes` to a branch as one commit and return its id; all or nothing.

        Deletions are applied first, then copies and writes. A commit that would change nothing is not
        made unless `allow_empty`; the branch's present commit is returned.

        Args:
            branch: branch name, or a full ref name such as refs/pr/1; made when it does not exist.
            parent: refuse unless the branch is at this commit (7 to 40 hex).

        Errors: `Outdated` when `parent` is not the branch's commit, `InvalidInput` for a path that cannot
        be used, `NotFound` for something to delete or copy that is not there.
        """
        ref = branch if branch.startswith("refs/") else f"refs/heads/{branch}"
        changes = checked(changes)
        self._expect(self.head(ref), parent)
        # Contents are named by themselves, so they may be written while others read and commit.
        blobs = {change: self._contents.write(b"blob", change.data) for change in changes if isinstance(change, Put)}
        with self.lock:
            head = self._expect(self.head(ref), parent)
            root = Folder(self._contents.load, self._contents.tree_of(head) if head else None)
            edit(root, changes, blobs)
            tree = root.write(self._contents.write) or self._contents.write(b"tree", b"")
            if head and tree == self._contents.tree_of(head) and not allow_empty:
                return head
            when = max(int(time.time()), self._contents.commit(head).commit_time if head else 0)
            raw = _commit_object(tree, [head] if head else [], message, _identity(author, email), when)
            oid = self._contents.write(b"commit", raw.as_raw_string())
            refs.swap(self._repo, ref, oid, expect=head or refs.ABSENT)
            return oid

    def _expect(self, head: str | None, parent: str | None) -> str | None:
        if parent is not None and (len(parent) < 5 or not (head or "").startswith(parent)):
            raise Outdated("The branch was updated since you opened this page. Please refresh and try again.")
        return head

    def squash(self, branch: str, message: str, *, author: str, email: str) -> str:
        """Replace a branch's history by one commit with the same files; its id."""
        with self.lock:
            head = self.resolve(f"refs/heads/{branch}")
            raw = _commit_object(self._contents.tree_of(head), [], message, _identity(author, email), int(time.time()))
            oid = self._contents.write(b"commit", raw.as_raw_string())
            refs.swap(self._repo, f"refs/heads/{branch}", oid, expect=head)
            return oid

    def log(self, rev: str, *, path: str | None = None, skip: int = 0, limit: int = 50) -> list[Commit]:
        """Commits reachable from `rev`, newest first; with `path`, only those that changed it."""
        with self.lock:
            return history.log(self._repo, self.resolve(rev), self._contents.oid_at, path=path, skip=skip, limit=limit)

    def count(self, rev: str) -> int:
        """How many commits are reachable from `rev`."""
        with self.lock:
            return history.count(self._repo, self.resolve(rev))

    def last_commits(self, rev: str, paths: Iterable[str]) -> dict[str, Commit]:
        """For each path, the newest commit that changed it."""
        with self.lock:
            return history.last_commits(self._repo, self.resolve(rev), self._contents.oid_at, set(paths))

    def diff(self, old: str | None, new: str) -> list[FileDiff]:
        """What changed from `old` (None: from nothing) to `new`, at most 1000 files, by path."""
        with self.lock:
            left = self._contents.tree_of(self.resolve(old)) if old else None
            changed = changed_paths(left, self._contents.tree_of(self.resolve(new)), self._contents.entries)
            pairs = [pair for pair, _ in zip(changed, range(MAX_DIFF_FILES), strict=False)]
            return [file_diff(path, a and self.blob(a), b and self.blob(b)) for path, a, b in pairs]

    def checkout(self, rev: str, directory: Path) -> None:
        """Write the files of a revision below `directory`; `InvalidInput` for a path that would leave it."""
        with self.lock:
            commit = self.resolve(rev)
        write_files(self.tree(commit, recursive=True), self.stream, directory)

    def refs(self) -> dict[str, str]:
        """Every ref by its full name, with the commit it leads to (annotated tags are followed)."""
        with self.lock:
            return refs.every(self._repo)

    def set_ref(self, name: str, sha: str, *, expect: str | None = None) -> None:
        """Point a ref at a commit.

        Args:
            expect: the commit it must be at now; forty zeros: it must not exist; None: whatever it is.

        Errors: `Outdated` when it is elsewhere, `InvalidInput` for a bad name, `NotFound` for no such commit.
        """
        with self.lock:
            if not self._contents.is_commit(sha):
                raise NotFound(f"Invalid rev id: {sha[:250]}")
            refs.swap(self._repo, name, sha, expect=expect)

    def delete_ref(self, name: str) -> None:
        """Remove a ref; `NotFound` when there is none."""
        with self.lock:
            refs.remove(self._repo, name)

    def tag(self, name: str, sha: str, *, message: str, author: str, email: str) -> None:
        """Make an annotated tag; `Outdated` when the name is taken."""
        made = Tag()
        made.name, made.message, made.object = name.encode(), message.encode(), (RawCommit, sha.encode())
        made.tagger, made.tag_time, made.tag_timezone = _identity(author, email), int(time.time()), 0
        with self.lock:
            refs.swap(self._repo, f"refs/tags/{name}", self._contents.write(b"tag", made.as_raw_string()), expect=refs.ABSENT)


def _identity(author: str, email: str) -> bytes:
    plain = [re.sub(r"[<>\x00-\x1f\x7f]", "", part).strip() for part in (author, email)]
    if not plain[0]:
        raise InvalidInput("A commit needs the name of its author.")
    return f"{plain[0]} <{plain[1]}>".encode()


def _commit_object(tree: str, parents: list[str], message: str, identity: bytes, when: int) -> RawCommit:
    made = RawCommit()
    made.tree, made.parents = tree.encode(), [parent.encode() for parent in parents]
    made.author = made.committer = identity
    made.author_time = made.commit_time = when
    made.author_timezone = made.commit_timezone = 0
    made.encoding, made.message = b"UTF-8", message.replace("\0", "").strip().encode("utf-8", "replace") + b"\n"
    return made


