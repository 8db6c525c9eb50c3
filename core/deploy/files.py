"""Which files a deploy creates, changes and deletes, found without downloading any of them."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Literal

from core.errors import InvalidInput, TooLarge

Change = Literal["created", "changed", "unchanged", "deleted"]

LARGEST_FILES = 2000
LARGEST_BYTES = 200_000_000
# The Hub writes these itself when a Space is created; a project without them does not ask for their removal.
_THE_HUBS_OWN = frozenset({".gitattributes", "README.md"})


@dataclass(frozen=True)
class FileChange:
    """One file of the plan. Sizes in bytes; `why` is set where the plan itself changes the file."""

    path: str
    change: Change
    size: int
    size_before: int | None = None
    why: str | None = None


@dataclass(frozen=True)
class RemoteFile:
    """A file at the repository: its git blob sha1, and the sha256 of its bytes where it is stored as a large file."""

    size: int
    blob: str
    sha256: str | None = None

    def holds(self, data: bytes) -> bool:
        """Whether these are its bytes."""
        return hashlib.sha256(data).hexdigest() == self.sha256 if self.sha256 else blob_id(data) == self.blob


def blob_id(data: bytes) -> str:
    """The name git gives these bytes."""
    return hashlib.sha1(b"blob %d\0" % len(data) + data, usedforsecurity=False).hexdigest()


def check_files(files: Mapping[str, bytes]) -> None:
    """Raise InvalidInput or TooLarge for a set of files that cannot be deployed."""
    if not files:
        raise InvalidInput("There is nothing to deploy: the project has no files.", "Add at least the app's file.")
    if len(files) > LARGEST_FILES:
        raise TooLarge(f"{len(files)} files are more than the {LARGEST_FILES} one deploy takes.")
    if (size := sum(map(len, files.values()))) > LARGEST_BYTES:
        raise TooLarge(f"The project has {size} bytes, more than the {LARGEST_BYTES} one deploy takes.")
    for path in files:
        parts = path.split("/")
        if "\\" in path or "\0" in path or any(part in ("", ".", "..", ".git") for part in parts):
            raise InvalidInput(f"The file name {path[:80]!r} cannot be deployed.", "Use relative paths such as app.py.")


def compare(
    content: Mapping[str, bytes], remote: Mapping[str, RemoteFile], adapted: Collection[str], why: str
) -> list[FileChange]:
    """Every file of both sides with what will happen to it; `adapted` paths carry `why`."""
    found = []
    for path, data in sorted(content.items()):
        there = remote.get(path)
        change: Change = "created" if there is None else "unchanged" if there.holds(data) else "changed"
        found.append(FileChange(path, change, len(data), there.size if there else None, why if path in adapted else None))
    for path, there in sorted(remote.items()):
        if path not in content and path not in _THE_HUBS_OWN:
            found.append(FileChange(path, "deleted", 0, there.size))
    return found
