"""Before anything is built: does a Space do it already? And the copy of one for one's own account."""

from __future__ import annotations

import asyncio
from typing import Literal

from core.actions.shapes import listing
from core.build import analyze
from core.errors import InvalidInput
from core.events import Similar
from core.hub import RELEVANT, duplicate_space, similar_spaces, status
from core.registry import Call, action


@action(risk="read", title="Find similar Spaces")
async def find_similar_spaces(call: Call, idea: str, limit: int = 3) -> dict:
    """Find Spaces that may already do what somebody wants to build, so that it can be used, copied or made better instead.

    Args:
        idea: what the app should do, in plain words.
        limit: 1 to 10.

    Returns items of `{id, title, summary, likes, url, runnable, sdk, relevance}`, best first; relevance is 0 to 1, and
    nothing below 0.55 is told, so the list is often empty.
    """
    words = idea.strip()
    if not words:
        raise InvalidInput("The idea is empty.", "Say in a sentence what the app should do.")
    keywords = (await asyncio.to_thread(analyze, words[:5_000])).keywords
    found = await similar_spaces(call.house.hub, call.caller, words, " ".join(keywords), limit=max(1, min(limit, 10)))
    items = [
        {"id": one.id, "title": one.title, "summary": one.summary, "likes": one.likes, "url": one.url, "runnable": one.runnable, "sdk": one.sdk,
         "relevance": round(relevance, 2)}
        for one, relevance in found
    ]  # fmt: skip
    if items:
        call.emit(Similar(items=tuple(items)))
    sample = {"sample": True} if call.house.local_hub else {}
    return listing(items, threshold=RELEVANT, **sample)


@action(risk="write", title="Duplicate a Space")
async def space_duplicate(call: Call, repo: str, name: str = "", visibility: Literal["public", "private"] = "private") -> dict:
    """Copy a Space to the caller's own account, as it is now; its secrets and its data stay where they are.

    Args:
        repo: owner/name of the Space to copy.
        name: of the copy, bare or in an organisation of the caller's; the same name when empty.
        visibility: public or private.

    Returns `{repo, url, from, stage, hardware}`. Raises conflict when the name is taken, not_found, forbidden,
    unauthorized, payment_required.
    """
    call.caller.require_token("to duplicate a Space")
    made = await duplicate_space(call.house.hub, call.caller, repo.strip(), name=name, visibility=visibility)
    now = await status(call.house.hub, call.caller, made["repo"], look=False)
    return {**made, "from": repo.strip(), "stage": now.stage, "hardware": now.hardware}
