"""All projects below one folder, each visible to its owner only."""

from __future__ import annotations

import re
import secrets
import shutil
import threading
import time
import weakref
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from core.build.archive import read_zip
from core.build.card import read_card
from core.build.facts import FACTS, Facts, read_facts, save_facts, storage
from core.build.limits import PROJECTS_PER_OWNER
from core.build.project import REPOSITORY, Project, check_limits
from core.build.words import slug_of
from core.errors import Conflict, InvalidInput, NotFound
from core.git import GitStore, Put

if TYPE_CHECKING:
    from core.build.card import Sdk

_ID = re.compile(r"[0-9a-f]{32}")
_UNFINISHED = ".new-"
_LEFT_BEHIND_SECONDS = 3_600
_TITLE_LENGTH = 100


class Projects:
    """root: the folder they live in; made when missing. What a killed process left half-made is removed."""

    def __init__(self, root: Path):
        self._root = root
        self._lock = threading.RLock()
        self._locks: weakref.WeakValueDictionary[str, _Lock] = weakref.WeakValueDictionary()
        root.mkdir(parents=True, exist_ok=True, mode=0o700)
        for left in root.glob(f"{_UNFINISHED}*"):
            if time.time() - left.stat().st_mtime > _LEFT_BEHIND_SECONDS:
                shutil.rmtree(left, ignore_errors=True)

    def create(
        self,
        owner: str,
        *,
        title: str,
        files: Mapping[str, bytes],
        template: str | None = None,
        sdk: Sdk | None = None,
        slug: str | None = None,
        message: str = "First version",
    ) -> Project:
        """A new project with these files as its first commit.

        Args:
            owner: id of the caller it belongs to.
            title: what people call it, cut at 100 characters.
            files: path → content; at least one.
            template: id of the template it came from, if any.
            sdk: gradio, static or docker; read from the README's card when not given.
            slug: its name as a Space; made from the title when not given.
            message: of the first commit.

        Raises InvalidInput, TooLarge, Conflict (50 projects already) or StorageFull; then nothing is left.
        """
        if not files:
            raise InvalidInput("A project needs at least one file.")
        check_limits(files, {})
        title = " ".join(title.split())[:_TITLE_LENGTH] or "Untitled"
        with self._lock:
            self._room_for_one(owner)
            facts = Facts(
                id=secrets.token_hex(16),
                owner=owner,
                title=title,
                slug=slug or slug_of(title),
                sdk=sdk or _sdk_of(files),
                template=template,
                created_at=time.time(),
            )
            self._make(facts, files, message)
            return self._open(facts)

    def get(self, id: str, owner: str) -> Project:
        """The project of that id; NotFound when there is none or it is somebody else's."""
        facts = self._facts(id) if isinstance(id, str) and _ID.fullmatch(id) else None
        if facts is None or facts.owner != owner:
            raise NotFound("There is no such project.", "Choose one from the list of your projects.")
        return self._open(facts)

    def copy(self, id: str, owner: str, *, title: str, revision: str | None = None) -> Project:
        """A new project with the files and the history of one of the owner's.

        Args:
            title: what people call the copy, cut at 100 characters.
            revision: the commit it stands at; what came after is not part of it. Default: the newest.

        It belongs to no Space and is sealed again. Raises NotFound as in `get`, or for such a revision; Conflict; StorageFull.
        """
        source = self.get(id, owner)
        title = " ".join(title.split())[:_TITLE_LENGTH] or "Untitled"
        with self._lock:
            self._room_for_one(owner)
            facts = Facts(
                id=secrets.token_hex(16), owner=owner, title=title, slug=slug_of(title), sdk=source.sdk, template=source.template, created_at=time.time()
            )  # fmt: skip
            unfinished = self._root / f"{_UNFINISHED}{facts.id}"
            try:
                with storage():
                    unfinished.mkdir(mode=0o700)
                    source.copy_repository(unfinished / REPOSITORY, revision)
                    save_facts(unfinished, facts)
                    unfinished.rename(self._root / facts.id)
            except BaseException:
                shutil.rmtree(unfinished, ignore_errors=True)
                raise
            return self._open(facts)

    def list(self, owner: str) -> list[Project]:
        """This owner's projects, newest first."""
        return [self._open(facts) for facts in sorted(self._owned(owner), key=lambda facts: facts.created_at, reverse=True)]

    def hand_over(self, source: str, target: str) -> list[str]:
        """Make one owner's projects another's, the newest first, for as many as that one has room; the ids of those that stay."""
        with self._lock:
            theirs = sorted(self._owned(source), key=lambda facts: facts.created_at, reverse=True)
            room = max(0, PROJECTS_PER_OWNER - len(self._owned(target))) if theirs else 0
            for facts in theirs[:room]:
                self._open(facts).change_facts(owner=target)
            return [facts.id for facts in theirs[room:]]

    def delete(self, id: str, owner: str) -> None:
        """Remove a project with its history; NotFound as in `get`. Its deployed Space is not touched."""
        self._remove(self.get(id, owner).id)

    def forget(self, gone: Callable[[str], bool]) -> None:
        """Remove the projects of every owner of whom that is true."""
        for facts in self._all():
            if gone(facts.owner):
                with suppress(FileNotFoundError):  # its owner was quicker
                    self._remove(facts.id)

    def import_zip(self, owner: str, data: bytes, *, title: str | None = None) -> Project:
        """A new project from a zip of at most 50 MB; errors as in `create`, and for whatever in the zip is not a plain file.

        Args:
            title: default: the title in README.md, else “Imported app”.
        """
        files = read_zip(data)
        try:
            card = read_card(files)
        except InvalidInput:
            card = None  # a broken card is what preflight reports later, beside its line; the files are still welcome
        return self.create(owner, title=title or (card and card.title) or "Imported app", files=files, message="Import from a zip")

    def _remove(self, id: str) -> None:
        with self._lock:
            # First out of sight in one step, then file by file: a killed process leaves no half of a project.
            gone = self._root / f"{_UNFINISHED}{id}"
            (self._root / id).rename(gone)
            shutil.rmtree(gone, ignore_errors=True)

    def _room_for_one(self, owner: str) -> None:
        if len(self._owned(owner)) >= PROJECTS_PER_OWNER:
            raise Conflict(f"You have {PROJECTS_PER_OWNER} projects already.", "Delete one you no longer need.")

    def _owned(self, owner: str) -> list[Facts]:
        return [facts for facts in self._all() if facts.owner == owner]

    def _all(self) -> list[Facts]:
        found = (self._facts(folder.name) for folder in self._root.iterdir() if _ID.fullmatch(folder.name))
        return [facts for facts in found if facts]

    def _facts(self, id: str) -> Facts | None:
        try:
            return read_facts((self._root / id / FACTS).read_text(encoding="utf-8"))
        except (FileNotFoundError, NotADirectoryError):
            return None

    def _open(self, facts: Facts) -> Project:
        with self._lock:
            lock = self._locks.get(facts.id) or _Lock()
            self._locks[facts.id] = lock
        return Project(self._root / facts.id, facts, lock)

    def _make(self, facts: Facts, files: Mapping[str, bytes], message: str) -> None:
        unfinished = self._root / f"{_UNFINISHED}{facts.id}"
        try:
            with storage():
                unfinished.mkdir(mode=0o700)
                git = GitStore.create(unfinished / REPOSITORY)
                puts = [Put(path, data) for path, data in sorted(files.items())]
                git.commit(puts, message, author="Spaces OS", email="project@spaces-os.invalid", allow_empty=True)
                save_facts(unfinished, facts)
                unfinished.rename(self._root / facts.id)
        except BaseException:
            shutil.rmtree(unfinished, ignore_errors=True)
            raise


class _Lock:
    """A re-entrant lock that can be held weakly, so that the table of locks does not grow with every project seen."""

    def __init__(self):
        self._lock = threading.RLock()

    def __enter__(self):
        return self._lock.__enter__()

    def __exit__(self, *error):
        return self._lock.__exit__(*error)


def _sdk_of(files: Mapping[str, bytes]) -> Sdk | None:
    try:
        card = read_card(files)
    except InvalidInput:
        return None
    return card.sdk if card else None
