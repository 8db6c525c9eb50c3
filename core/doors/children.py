"""What a person does with a management key: see the keys it made, make one with a limit and an end, revoke one.

A child's key goes to the ring, or once to whoever asks to copy it, and is never part of the page.
"""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from core.caller import Caller
from core.doors.rest import answer, guard, json_object
from core.doors.session import Sessions, opened
from core.errors import InvalidInput, NotFound, SpacesError
from core.house import House
from core.providers import CHILDREN_LISTED, RESETS, Keyring, hash_of, list_children, make_child, read_wish, revoke_child, shown

__all__ = ["MOST_LISTED", "RESETS", "children", "managing", "revoked", "routes"]
MOST_LISTED = CHILDREN_LISTED
_NEITHER = "A child key that is neither added nor copied is lost, because OpenRouter tells it only once."


def routes(house: House, sessions: Sessions) -> list[Route]:
    """`GET|POST /api/session/keys/{id}/children`, `DELETE …/children/{hash}`."""

    async def listed(request: Request) -> Response:
        session, _ = await opened(house, sessions, request.headers, request.cookies)
        offset = request.query_params.get("offset", "0")
        if not offset.isascii() or not offset.isdigit() or len(offset) > 6:
            raise InvalidInput("offset is a number of 0 or more.")
        items = await children(house, session.keys, request.path_params["id"], offset=int(offset))
        return answer({"items": items, "count": len(items)})

    async def make(request: Request) -> Response:
        session, _ = await opened(house, sessions, request.headers, request.cookies)
        return answer(await _make(house, session.keys, request.path_params["id"], await json_object(request)), 201)

    async def revoke(request: Request) -> Response:
        session, caller = await opened(house, sessions, request.headers, request.cookies)
        return answer(await revoked(house, session.keys, request.path_params["id"], request.path_params["hash"], caller))

    path = "/api/session/keys/{id}/children"
    return [
        Route(path, guard(listed), methods=["GET"]),
        Route(path, guard(make), methods=["POST"]),
        Route(path + "/{hash}", guard(revoke), methods=["DELETE"]),
    ]


def managing(ring: Keyring | None) -> list[dict[str, Any]]:
    """What is shown of the management keys on a ring."""
    return [shown(key) for key in ring.managing()] if ring else []


async def children(house: House, ring: Keyring, id: str, *, offset: int = 0) -> list[dict[str, Any]]:
    """The keys that management key made: `{hash, name, limit_usd, used_usd, remaining_usd, reset, disabled, created_at, expires_at, held}`.

    held: it is on this ring. Raises NotFound, or what the upstream said.
    """
    held = {hash_of(key.secret) for key in ring.keys() if key.secret}
    found = await list_children(ring.find(id), house.providers.transport, offset=offset)
    return [{**child.to_dict(), "held": child.hash in held} for child in found]


async def _make(house: House, ring: Keyring, id: str, given: dict[str, Any]) -> dict[str, Any]:
    """`{child, added, key}`; `key` only where `copy` was asked for, and then this once."""
    parent, wish = ring.find(id), read_wish(given)
    keep, copy = given.get("keep") is True, given.get("copy") is True
    if not keep and not copy:
        raise InvalidInput(_NEITHER, "Choose to add it here, to copy it, or both.")
    child, secret = await make_child(parent, wish, house.providers.transport)
    made: dict[str, Any] = {"child": child.to_dict(), "added": None}
    if keep:
        try:
            added, _ = await house.providers.add(ring, {"provider": parent.provider, "key": secret.reveal(), "label": wish.name, "base_url": parent.base_url})
            ring.order()
            made["added"] = shown(added)
        except SpacesError as error:
            if not copy:  # nobody could ever use it
                await revoke_child(parent, child.hash, house.providers.transport)
                raise
            made["trouble"] = error.to_dict()
    if copy:
        made["key"] = secret.reveal()
    return made


async def revoked(house: House, ring: Keyring, id: str, hash: str, caller: Caller) -> dict[str, Any]:
    """End a child key, here and everywhere: `{revoked, removed}`. One that is gone already counts as ended."""
    try:
        await revoke_child(ring.find(id), hash, house.providers.transport)
    except NotFound as error:
        if "upstream_status" not in error.details:
            raise
    gone = [key for key in ring.keys() if key.secret and hash_of(key.secret) == hash]
    for key in gone:
        await house.providers.forget(ring.remove(key.id), caller.id)
    return {"revoked": hash, "removed": len(gone)}
