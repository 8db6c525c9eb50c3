"""The three kinds of repository, and which names the Hub accepts."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from core.errors import InvalidInput

Kind = Literal["model", "dataset", "space"]
KINDS: tuple[Kind, ...] = ("model", "dataset", "space")
PLURAL: dict[Kind, str] = {"model": "models", "dataset": "datasets", "space": "spaces"}
SINGULAR: dict[str, Kind] = {plural: kind for kind, plural in PLURAL.items()}
# Where a repository lives in an address: models at the root, the others below their plural.
PREFIX: dict[Kind, str] = {"model": "", "dataset": "datasets/", "space": "spaces/"}
_PART = re.compile(r"[A-Za-z0-9_]([A-Za-z0-9._-]{0,94}[A-Za-z0-9_])?")


@dataclass(frozen=True)
class RepoId:
    """One repository's kind and name."""

    kind: Kind
    namespace: str
    name: str

    def __str__(self) -> str:
        return f"{self.namespace}/{self.name}"

    @property
    def key(self) -> tuple[Kind, str]:
        """How it is looked up: names that differ only in case are the same."""
        return self.kind, str(self).lower()

    @property
    def path(self) -> str:
        """Its place in an address, such as `spaces/anna/demo`."""
        return f"{PREFIX[self.kind]}{self}"


def check_name(name: str) -> str:
    """A repository's own name, if the Hub would take it; `InvalidInput` with the rule it breaks.

    Letters, digits, `-`, `_`, `.`; at most 96; not starting or ending with `-` or `.`; no `--` or `..`; no `.git` at the end.
    """
    if not _PART.fullmatch(name) or "--" in name or ".." in name or name.lower().endswith((".git", ".ipynb")):
        raise InvalidInput(
            f"Invalid repo name {name[:120]!r}: use letters, digits, '-', '_' and '.', at most 96 of them; it cannot start or "
            "end with '-' or '.', contain '--' or '..', or end with '.git' or '.ipynb'.",
            "Choose a name such as my-first-space.",
        )
    return name


def split_id(kind: Kind, text: str) -> RepoId:
    """`namespace/name` as a `RepoId`; `InvalidInput` when it is not of that form."""
    namespace, slash, name = text.partition("/")
    if not slash or "/" in name or not _PART.fullmatch(namespace):
        raise InvalidInput(f"Invalid repo id {text[:200]!r}: it must be namespace/name.")
    return RepoId(kind, namespace, check_name(name))


def subdomain(repo: RepoId) -> str:
    """A Space's address part: `Anna/My_Demo.x` becomes `anna-my-demo-x`."""
    return re.sub(r"[^a-z0-9-]+", "-", f"{repo.namespace}-{repo.name}".lower()).strip("-")
