"""The files of one Space under work: a bare git repository, every change a commit."""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from core.build.archive import write_zip
from core.build.facts import FACTS, Facts, read_facts, save_facts, storage
from core.build.history import MARK, address, mark, steps
from core.build.limits import FILE_BYTES, PROJECT_BYTES
from core.build.paths import check_path, check_set, within
from core.errors import Conflict, InvalidInput, NotFound, Outdated, StorageFull, TooLarge
from core.git import Commit, Copy, Delete, FileDiff, GitStore, Put, file_diff

if TYPE_CHECKING:
    from core.build.card import Sdk

REPOSITORY = "files.git"
_README = "README.md"
_LONGEST_TITLE = 100
_HISTORY = 5_000
_REPLAYED = 1_000
_TEXT = (".py", ".md", ".txt", ".html", ".css", ".js", ".json", ".yaml", ".yml", ".toml", ".csv", ".tsv", ".svg", ".xml", ".sh", ".ini", ".cfg")


@dataclass(frozen=True)
class FileInfo:
    """One file: its path, its size in bytes, and whether an editor can show it."""

    path: str
    size: int
    is_text: bool


class Project:
    """An open project. Every method blocks on the disk: call it in a thread."""

    def __init__(self, folder: Path, facts: Facts, lock: contextlib.AbstractContextManager):
        self._folder = folder
        self._git = GitStore.open(folder / REPOSITORY)
        self._lock = lock
        self.facts = facts

    @property
    def id(self) -> str:
        return self.facts.id

    @property
    def owner(self) -> str:
        return self.facts.owner

    @property
    def title(self) -> str:
        return self.facts.title

    @property
    def slug(self) -> str:
        return self.facts.slug

    @property
    def sdk(self) -> Sdk | None:
        return self.facts.sdk

    @property
    def template(self) -> str | None:
        return self.facts.template

    @property
    def space(self) -> str | None:
        return self.facts.space

    @property
    def revision(self) -> str:
        """The commit the files stand at, 40 hex digits."""
        return self._git.head() or ""

    def files(self) -> list[FileInfo]:
        """Every file by path: its size in bytes, and whether it is text."""
        return [FileInfo(entry.path, entry.size, self._is_text(entry.path, entry.oid, entry.size)) for entry in self._entries("main")]

    def read(self, path: str) -> bytes:
        """The content of one file; NotFound when there is none of that name."""
        return self._git.read("main", check_path(path))

    def snapshot(self, revision: str | None = None) -> dict[str, bytes]:
        """All files, path to content, as they are or as they were at a revision."""
        at = self._known(revision) if revision else "main"
        return {entry.path: self._git.blob(entry.oid) for entry in self._entries(at)}

    def write(self, changes: Mapping[str, bytes | None], message: str, *, base: str | None = None, work: str = "") -> str:
        """Apply the changes as one commit, all or none.

        Args:
            changes: path → new content, or None to delete that file (a missing one is NotFound).
            message: what this change does; the first line is its title.
            base: the revision the changes were made from; None writes over whatever is there.
            work: what it is a part of; an undo takes back changes in a row of one work together.

        Returns the revision; the old one when nothing differs. Raises Outdated, with the paths, when one of these
        files changed since `base` into something else; InvalidInput for a path that is not safe or clashes,
        TooLarge over 10 MB a file, 50 MB or 2000 files a project, StorageFull.
        """
        with self._lock:
            wanted = {check_path(path): data for path, data in changes.items()}
            entries = {entry.path: entry for entry in self._entries("main")}
            if base:
                self._check_base(base, wanted)
            for path in (path for path, data in wanted.items() if data is None and path not in entries):
                raise NotFound(f"There is no file called “{path}” to delete.")
            check_limits(wanted, {path: entry.size for path, entry in entries.items()})
            edits = []
            for path, data in wanted.items():
                if data is None:
                    edits.append(Delete(path))
                elif path not in entries or entries[path].size != len(data) or self._git.blob(entries[path].oid) != data:
                    edits.append(Put(path, data))
            return self._commit(edits, message, email=address(work)) if edits else self.revision

    def compare(self, changes: Mapping[str, bytes | None]) -> list[FileDiff]:
        """What writing these changes would change, file by file; nothing is written."""
        found = []
        for path, data in sorted(changes.items()):
            entry = self._git.entry("main", check_path(path))
            before = self._git.blob(entry.oid) if entry and entry.kind == "file" else None
            if before != data:
                found.append(file_diff(path, before, data))
        return found

    def rename(self, old: str, new: str) -> str:
        """Move a file, or a folder with all in it; NotFound when there is no `old`, Conflict when `new` is taken. Returns the revision."""
        with self._lock:
            old, new = old.rstrip("/"), new.rstrip("/")
            paths = [entry.path for entry in self._entries("main")]
            moving = self._named(old, paths)
            if new == old:
                return self.revision
            moved = {path: check_path(new + path[len(old) :]) for path in moving}
            stay = set(paths) - set(moving)
            if any(path in stay for path in moved.values()) or within(new, stay):
                raise Conflict(f"There is something called “{new}” already.")
            if moving[0] != old and new.startswith(f"{old}/"):
                raise InvalidInput(f"The folder “{old}” cannot be moved into itself.")
            check_set([*stay, *moved.values()])
            edits = [Delete(path) for path in moved] + [Copy(path, target) for path, target in moved.items()]
            return self._commit(edits, f"Rename {old} to {new}")

    def remove(self, path: str) -> str:
        """Delete a file, or a folder with all in it; NotFound when there is neither. Returns the revision."""
        with self._lock:
            gone = self._named(path, [entry.path for entry in self._entries("main")])
            return self._commit([Delete(one) for one in gone], f"Delete {path}")

    def history(self, limit: int = 50) -> list[Commit]:
        """The newest commits first, at most `limit` (1 to 5000)."""
        return self._git.log("main", limit=max(1, min(limit, _HISTORY)))

    def diff(self, old: str | None, new: str | None = None) -> list[FileDiff]:
        """What changed from revision `old` (None: from nothing) to `new` (default: now), file by file."""
        return self._git.diff(self._known(old) if old else None, self._known(new) if new else self.revision)

    def undo(self) -> str:
        """Take back the last change that stands, as a new commit; Conflict when only the creation is left."""
        with self._lock:
            done = [commit for commit in steps(self.history(_REPLAYED)).done if commit.parents]
            while done and self._files_at(done[-1].oid) == self._files_at(done[-1].parents[0]):
                done.pop()  # a work that came back to where it began
            if not done:
                raise Conflict("There is no change to undo.", "Change a file first.")
            return self._restore(done[-1].parents[0], mark("undo", done[-1]), email=MARK)

    def redo(self) -> str:
        """Bring back the change that was undone last; Conflict when there is none."""
        with self._lock:
            undone = steps(self.history(_REPLAYED)).undone
            if not undone:
                raise Conflict("There is no undone change to bring back.", "Undo a change first.")
            return self._restore(undone[-1].oid, mark("redo", undone[-1]), email=MARK)

    def restore(self, revision: str, *, work: str = "") -> str:
        """Make the files what they were at an earlier revision, as one new commit that undo can take back; `work` as for `write`."""
        with self._lock:
            at = self._known(revision)
            return self._restore(at, f"Restore the files of {at[:7]}", email=address(work))

    def export_zip(self) -> bytes:
        """All files as a zip; the same files give the same bytes."""
        return write_zip(self.snapshot())

    def copy_repository(self, target: Path, revision: str | None = None) -> None:
        """Copy the files with their history to a folder that is not there yet, standing at that revision or as they are."""
        with self._lock, self._git.lock:
            at = self._known(revision) if revision else self.revision
            source = self._folder / REPOSITORY
            target.mkdir()
            for found in sorted(source.rglob("*")):  # a full disk is told as such, which copytree does not
                place = target / found.relative_to(source)
                place.mkdir() if found.is_dir() else shutil.copyfile(found, place)
        copied = GitStore.open(target)
        copied.set_ref("refs/heads/main", at)
        copied.close()

    def set_space(self, repo: str | None) -> None:
        """Remember which Space ("owner/name") this project was deployed to; None forgets it."""
        self.change_facts(space=repo)

    def set_network(self, network: str, hosts: tuple[str, ...] = ()) -> None:
        """What the app may reach when it runs here."""
        self.change_facts(network=network, hosts=hosts)

    def change_facts(self, **changes: str | tuple[str, ...] | None) -> None:
        """Write title, slug, sdk, template, space, network or owner anew."""
        with self._lock:
            # As they are on the disk: somebody else may have opened the project and changed others of them.
            facts = replace(read_facts((self._folder / FACTS).read_text(encoding="utf-8")), **changes)
            save_facts(self._folder, facts)
            self.facts = facts

    def _entries(self, revision: str):
        return [entry for entry in self._git.tree(revision, recursive=True) if entry.kind == "file"]

    def _is_text(self, path: str, oid: str, size: int) -> bool:
        if size > 1_000_000:
            return False
        if path.lower().endswith(_TEXT):
            return True
        head = self._git.blob(oid)[:8_000]
        try:
            return "\0" not in head[: len(head) - 3].decode() if len(head) == 8_000 else "\0" not in head.decode()
        except UnicodeDecodeError as error:
            return len(head) == 8_000 and error.start > 7_990

    def _named(self, path: str, paths: list[str]) -> list[str]:
        found = within(path, paths)
        if not found:
            raise NotFound(f"There is no file or folder called “{path[:200]}”.", "Check the path; names are case-sensitive.")
        return found

    def _check_base(self, base: str, wanted: Mapping[str, bytes | None]) -> None:
        then = self._known(base)
        if then == self.revision:
            return
        changed = []
        for path, data in wanted.items():
            before, now = self._git.entry(then, path), self._git.entry("main", path)
            if (before and before.oid) != (now and now.oid) and (now is None or self._git.blob(now.oid) != data):
                changed.append(path)
        if changed:
            raise Outdated(
                f"{', '.join(changed[:3])} was changed by somebody else since you opened it.",
                "Compare the two versions, then keep yours or take theirs; both stay in the history.",
                paths=changed,
                revision=self.revision,
            )

    def _known(self, revision: str) -> str:
        return self._git.resolve(revision)

    def _files_at(self, revision: str) -> dict[str, str]:
        return {entry.path: entry.oid for entry in self._entries(revision)}

    def _restore(self, revision: str, message: str, *, email: str) -> str:
        then, now = self._files_at(revision), self._files_at("main")
        edits = [Delete(path) for path in now if path not in then]
        edits += [Put(path, self._git.blob(oid)) for path, oid in then.items() if now.get(path) != oid]
        return self._commit(edits, message, email=email) if edits or email == MARK else self.revision

    def _commit(self, edits: list, message: str, *, email: str = address("")) -> str:
        words = message.strip()[:4_000] or "Change files"
        card = any(edit.path == _README for edit in edits if isinstance(edit, Put))
        before = self._card_title() if card else None
        with storage():
            made = self._git.commit(
                edits, words, author="Spaces OS", email=email, parent=self.revision, allow_empty=email == MARK
            )
        after = self._card_title() if card else None
        if after and after != before:
            with contextlib.suppress(StorageFull):  # the change stands, whatever it is called
                self.change_facts(title=after)
        return made

    def _card_title(self) -> str | None:
        """The title the card gives now; None where there is none that can be read."""
        from core.build.card import read_card

        try:
            card = read_card({_README: self._git.read("main", _README)})
        except (NotFound, InvalidInput):
            return None
        return card.title.strip()[:_LONGEST_TITLE] if card and card.title else None


def check_limits(changes: Mapping[str, bytes | None], sizes: Mapping[str, int]) -> None:
    """TooLarge or InvalidInput when these changes to a project of those file sizes break a limit."""
    after = {path: size for path, size in sizes.items() if path not in changes}
    for path, data in changes.items():
        if data is not None:
            if not isinstance(data, bytes):
                raise InvalidInput(f"The content of “{path}” must be bytes.")
            if len(data) > FILE_BYTES:
                raise TooLarge(f"“{path}” is larger than {FILE_BYTES // 1_000_000} MB.", path=path)
            after[path] = len(data)
    check_set(after)
    if sum(after.values()) > PROJECT_BYTES:
        raise TooLarge(f"The project would be larger than {PROJECT_BYTES // 1_000_000} MB.", "Remove something first.")
