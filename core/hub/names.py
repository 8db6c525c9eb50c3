"""Which names a repository may have, by the Hub's rules, before anything is asked."""

from __future__ import annotations

import re

from core.errors import InvalidInput

LONGEST = 96


def check_repo(repo: str) -> str:
    """`namespace/name` when the Hub would accept it; `InvalidInput` says which rule it breaks.

    Args:
        repo: 1 to 96 characters in all, letters, digits, `-`, `_`, `.`, exactly one `/`.
    """
    if not isinstance(repo, str) or repo.count("/") != 1:
        raise InvalidInput(f"{_shown(repo)} is not the name of a repository.", "Write it as namespace/name.")
    if len(repo) > LONGEST:
        raise InvalidInput(f"{_shown(repo)} is longer than {LONGEST} characters.", "Choose a shorter name.")
    for part in repo.split("/"):
        check_name(part)
    return repo


def check_name(name: str) -> str:
    """One part of a repository's name, when the Hub would accept it; `InvalidInput` says which rule it breaks."""
    rule = _broken_rule(name)
    if rule:
        raise InvalidInput(
            f"The Hub does not accept the name {_shown(name)}: {rule}.",
            "Use letters, digits, '-', '_' and '.', such as text-counter.",
        )
    return name


def is_name(name: str) -> bool:
    """Whether the Hub would accept this as one part of a repository's name, which an owner's name is too."""
    return _broken_rule(name) is None


def _broken_rule(name: str) -> str | None:
    if not isinstance(name, str) or not name:
        return "it is empty"
    if len(name) > LONGEST:
        return f"it is longer than {LONGEST} characters"
    if not re.fullmatch(r"[A-Za-z0-9._-]+", name):
        return "only letters, digits, '-', '_' and '.' are allowed"
    if name[0] in "-." or name[-1] in "-.":
        return "it must not begin or end with '-' or '.'"
    if "--" in name or ".." in name:
        return "'--' and '..' are not allowed"
    if name.endswith(".git"):
        return "it must not end in .git"
    return None


def _shown(name: object) -> str:
    text = repr(name)
    return text if len(text) <= 60 else text[:57] + "…'"
