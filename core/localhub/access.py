"""From a request to who asks, and to the repository they may read or change."""

from __future__ import annotations

import base64
import binascii
from typing import TYPE_CHECKING

from starlette.requests import Request

from core.errors import Forbidden, InvalidInput, Unauthorized
from core.localhub.names import SINGULAR, RepoId, split_id
from core.localhub.repos import Repo
from core.localhub.users import Identity
from core.localhub.wire import RepoHidden, RepoNotFound, segment

if TYPE_CHECKING:
    from core.localhub.server import LocalHub


class Moved(Exception):
    """The repository has another name now; the server answers with a redirect."""

    def __init__(self, old: RepoId, new: RepoId):
        super().__init__(f"{old} is now {new}")
        self.old, self.new = old, new


def identify(hub: LocalHub, request: Request) -> Identity | None:
    """The user behind the Bearer token, or behind a Basic password that is a token (as git sends it).

    None for an anonymous request. Errors: `Unauthorized` for a token this Hub does not know.
    """
    scheme, _, value = request.headers.get("authorization", "").partition(" ")
    token = value.strip()
    if not token:
        return None
    if scheme.lower() == "basic":
        try:
            name, _, token = base64.b64decode(token, validate=True).decode().partition(":")
        except (binascii.Error, UnicodeDecodeError):
            token = ""
        else:
            token = token or name
    found = hub.users.by_token(token) if scheme.lower() in ("bearer", "basic") else None
    if found is None:
        raise Unauthorized("Invalid credentials in Authorization header")
    return found


def signed_in(hub: LocalHub, request: Request) -> Identity:
    """The user, or `Unauthorized`."""
    found = identify(hub, request)
    if found is None:
        raise Unauthorized("Invalid username or password.")
    return found


def visible(repo: Repo, who: Identity | None) -> bool:
    """Whether this caller may know that the repository exists and read it."""
    return not repo.private or (who is not None and who.may_read(repo.repo.namespace))


def may_write(repo: Repo, who: Identity | None) -> bool:
    """Whether this caller may change the repository; a contributor only what they made."""
    if who is None or not who.may_write(repo.repo.namespace):
        return False
    return who.role_in(repo.repo.namespace) != "contributor" or repo.creator.lower() == who.name.lower()


def named(request: Request) -> RepoId:
    """The repository a route names by {kind}, {namespace} and {name}."""
    kind = SINGULAR[request.path_params.get("kind", "models")]
    try:
        return split_id(kind, f"{segment(request, 'namespace')}/{segment(request, 'name').removesuffix('.git')}")
    except InvalidInput:
        # A name no repository can have names none.
        raise RepoNotFound("Repository not found") from None


def readable(hub: LocalHub, request: Request) -> Repo:
    """The repository of this route, if the caller may see it.

    Errors: `RepoHidden` (401) for an anonymous caller, `RepoNotFound` (404) for a known one.
    """
    return find(hub, named(request), identify(hub, request))


def find(hub: LocalHub, repo: RepoId, who: Identity | None) -> Repo:
    found = hub.repos.find(repo)
    if found is None and (target := hub.repos.moved_to(repo)) and visible(hub.repos.get(target), who):
        raise Moved(repo, target)
    if found is not None and visible(found, who):
        return found
    if who is None:
        raise RepoHidden("Invalid username or password.")
    raise RepoNotFound("Repository not found")


def writable(hub: LocalHub, request: Request) -> tuple[Repo, Identity]:
    """The repository of this route and the caller, if they may change it; `Unauthorized`, `Forbidden`."""
    who = signed_in(hub, request)
    repo = find(hub, named(request), who)
    if not may_write(repo, who):
        raise Forbidden("You don't have the rights to change this repository: the token or your role is read-only here.")
    return repo, who
