"""What goes into a repository and what comes out of it, as values."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Literal


@dataclass(frozen=True)
class Entry:
    """One line of a tree. `oid` is git's sha1 of the blob or tree; a directory's `size` is 0."""

    path: str
    kind: Literal["file", "directory"]
    oid: str
    size: int
    mode: int


@dataclass(frozen=True)
class Commit:
    """One commit; `at` is the committer's time in UTC."""

    oid: str
    message: str
    author: str
    email: str
    at: datetime
    parents: tuple[str, ...]

    @property
    def title(self) -> str:
        """The first line of the message."""
        return self.message.strip().split("\n", 1)[0]

    @property
    def body(self) -> str:
        """What follows the first line of the message."""
        return self.message.strip().partition("\n")[2].strip()


@dataclass(frozen=True)
class Put:
    """Write a file. A `Path` is streamed from disk and never held in memory whole."""

    path: str
    data: bytes | Path


@dataclass(frozen=True)
class Delete:
    """Remove one file."""

    path: str


@dataclass(frozen=True)
class DeleteFolder:
    """Remove a folder with everything in it."""

    path: str


@dataclass(frozen=True)
class Copy:
    """Write at `path` what the revision before this commit holds at `source`."""

    source: str
    path: str


Change = Put | Delete | DeleteFolder | Copy


@dataclass(frozen=True)
class FileDiff:
    """What happened to one file: lines added and removed, and a unified patch ("" when binary or too large)."""

    path: str
    status: Literal["added", "changed", "deleted"]
    added: int
    removed: int
    patch: str
