"""Names a program gives: handles, repository ids, kinds. Checked before they become part of an address."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from core.errors import InvalidInput, Unauthorized
from core.query.reach import Reach
from core.query.tables import KINDS

_HANDLE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,95}")
_REPO = re.compile(r"[A-Za-z0-9_.-]{1,96}(/[A-Za-z0-9_.-]{1,96})?")
_COLLECTION = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,95}/[A-Za-z0-9._-]{1,200}")


def handle(given: str, what: str = "username") -> str:
    """The handle of a user or an organization, or `InvalidInput`."""
    name = given.strip().removeprefix("@")
    if not _HANDLE.fullmatch(name) or ".." in name:
        raise InvalidInput(f"{given[:60]!r} is not a {what}.", "Give the name as it stands in the address of the profile.")
    return name


def repo_id(given: Any) -> str:
    """owner/name, or the one-part id of an old repository such as gpt2; or `InvalidInput`."""
    name = given.strip().strip("/") if isinstance(given, str) else ""
    if not _REPO.fullmatch(name) or any(set(part) <= {"."} or ".." in part for part in name.split("/")):
        raise InvalidInput(f"{str(given)[:60]!r} is not the id of a repository.", "Write it as owner/name, or as one word for an old one such as gpt2.")
    return name


def collection_id(given: str) -> str:
    """owner/slug of a collection, or `InvalidInput`."""
    name = given.strip().strip("/").removeprefix("collections/")
    if not _COLLECTION.fullmatch(name) or ".." in name:
        raise InvalidInput(f"{given[:60]!r} is not the id of a collection.", "Take collection_id from hf_collections_search.")
    return name


def kind(given: str) -> str:
    """model, dataset or space; plural forms are accepted."""
    name = given.strip().lower()
    name = name[:-1] if name.endswith("s") else name
    if name not in KINDS:
        raise InvalidInput(f"{given[:40]!r} is not a type of repository.", f"Use one of {', '.join(KINDS)}.")
    return name


def kinds(given: Sequence[Any] | None) -> list[str] | None:
    """Several types, each once; None for all. `InvalidInput` for an empty list."""
    if given is None:
        return None
    if not given or not all(isinstance(name, str) for name in given):
        raise InvalidInput("repo_types is empty or no list of names.", f"Give some of {', '.join(KINDS)}, or leave it out.")
    return list(dict.fromkeys(kind(name) for name in given))


async def whoever(reach: Reach, given: str | None, what: str = "username") -> str:
    """The given handle, or the caller's own; `Unauthorized` when nobody is signed in."""
    if given:
        return handle(given, what)
    return (await identity(reach))["name"]


async def identity(reach: Reach) -> dict[str, Any]:
    """The Hub's account of the caller; `Unauthorized` when nobody is signed in."""
    if reach.token is None:
        raise Unauthorized("Nobody is signed in, so there is no current user.", "Sign in, or give the name as an argument.")
    found = await reach.json("/api/whoami-v2")
    if not isinstance(found.get("name"), str):
        raise Unauthorized("The Hub does not tell whose token this is.", "Give the name as an argument.")
    return found
