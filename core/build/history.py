"""Which change an undo takes back, read from the commits alone.

Commits in a row that are parts of one work, as of a repair, are one change: they carry the work's own address.
Undo and redo are commits themselves. Each says in its last line which change it is about, and carries an
address only this module writes, so that a message a person typed cannot pass for one.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Literal, Protocol

MARK = "history@spaces-os.invalid"
_WORK = ".work@spaces-os.invalid"
_MORE = ", and what followed"
_WORDS = {"Undoes": "undo", "Redoes": "redo"}


class CommitLike(Protocol):
    oid: str
    message: str
    email: str
    parents: tuple[str, ...]


@dataclass(frozen=True)
class Steps:
    """done: changes that stand, oldest first; undone: changes an undo took back, the next to redo last.

    A work of several commits is one change: from its first's parent to its last.
    """

    done: tuple[CommitLike, ...]
    undone: tuple[CommitLike, ...]


def steps(newest_first: Iterable[CommitLike]) -> Steps:
    """Replay the commits of a project: an ordinary change clears what could be redone, as in any editor."""
    done: dict[str, CommitLike] = {}
    undone: dict[str, CommitLike] = {}
    for commit in reversed(list(newest_first)):
        kind, target = marked(commit)
        if kind == "undo" and target in done:
            undone[target] = done.pop(target)
        elif kind == "redo" and target in undone:
            done[target] = undone.pop(target)
        else:
            last = next(reversed(done.values()), None)
            if last and not undone and commit.email == last.email and commit.email.endswith(_WORK):
                done.pop(last.oid)
                title = last.message.strip().split("\n", 1)[0].removesuffix(_MORE)
                commit = replace(commit, parents=last.parents, message=title + _MORE)
            done[commit.oid] = commit
            undone.clear()
    return Steps(tuple(done.values()), tuple(undone.values()))


def address(work: str) -> str:
    """What the commits of one work carry; "" is a work of its own."""
    return f"{work}{_WORK}" if work else "project@spaces-os.invalid"


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
