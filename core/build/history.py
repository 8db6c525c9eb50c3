"""Which change an undo takes back, read from the commits alone.

Undo and redo are commits themselves. Each says in its last line which change it is about, and carries an
address only this module writes, so that a message a person typed cannot pass for one.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal, Protocol

MARK = "history@spaces-os.invalid"
_WORDS = {"Undoes": "undo", "Redoes": "redo"}


class CommitLike(Protocol):
    oid: str
    message: str
    email: str
    parents: tuple[str, ...]


@dataclass(frozen=True)
class Steps:
    """done: changes that stand, oldest first; undone: changes an undo took back, the next to redo last."""

    done: tuple[CommitLike, ...]
    undone: tuple[CommitLike, ...]


def steps(newest_first: Iterable[CommitLike]) -> Steps:
    """Replay the commits of a project: an ordinary change clears what could be redone, as in any editor."""
    commits = list(newest_first)
    by_oid = {commit.oid: commit for commit in commits}
    done: list[CommitLike] = []
    undone: list[CommitLike] = []
    for commit in reversed(commits):
        kind, target = marked(commit)
        about = by_oid.get(target)
        if kind == "undo" and about in done:
            done.remove(about)
            undone.append(about)
        elif kind == "redo" and about in undone:
            undone.remove(about)
            done.append(about)
        else:
            done.append(commit)
            undone.clear()
    return Steps(tuple(done), tuple(undone))


def mark(kind: Literal["undo", "redo"], about: CommitLike) -> str:
    """The message of an undo or redo of that change."""
    title = about.message.strip().split("\n", 1)[0][:100] or "a change"
    word = "Undoes" if kind == "undo" else "Redoes"
    return f"{kind.capitalize()}: {title}\n\n{word}: {about.oid}\n"


def marked(commit: CommitLike) -> tuple[str, str]:
    """("undo" | "redo", the change it is about), or ("change", "") for an ordinary commit."""
    if commit.email == MARK:
        word, _, oid = commit.message.strip().rsplit("\n", 1)[-1].partition(": ")
        if word in _WORDS:
            return _WORDS[word], oid.strip()
    return "change", ""
