"""Spaces that may already do what somebody wants to build, each with how well it fits."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from core.caller import Caller
from core.hub.client import Hub
from core.hub.rows import Row, row
from core.hub.search import raw

if TYPE_CHECKING:
    from huggingface_hub import HfApi

QUERY_LENGTH = 250  # of the semantic search: facts of the Hub's own MCP server
# The Hub tells a relevance from 0 to 1 (recorded: 0.91 for a Space of the very name, 0.68 for a relative). Below the first
# number nothing is worth a person's look; below the second share of the best one it only fills the list.
RELEVANT = 0.55
BESIDE_THE_BEST = 0.7


async def similar_spaces(hub: Hub, caller: Caller, *queries: str, limit: int = 3) -> list[tuple[Row, float]]:
    """Spaces and their relevance, best first, by the best of several wordings; none where nothing fits well enough.

    A Hub that tells no relevance gets none offered. Raises RateLimited, HubUnavailable, TimedOut.
    """
    asked = list(dict.fromkeys(" ".join(query.split())[:QUERY_LENGTH] for query in queries if query.strip()))
    answers = await asyncio.gather(*(_asked(hub, caller, query) for query in asked))
    rated: dict[str, tuple[Row, float]] = {}
    for found, relevance in (one for answer in answers for one in answer):
        if found.id not in rated or rated[found.id][1] < relevance:
            rated[found.id] = (found, relevance)
    ranked = sorted(rated.values(), key=lambda one: (-one[1], -one[0].likes, one[0].id))
    least = max(RELEVANT, ranked[0][1] * BESIDE_THE_BEST) if ranked else RELEVANT
    return [one for one in ranked if one[1] >= least][:limit]


async def _asked(hub: Hub, caller: Caller, query: str) -> list[tuple[Row, float]]:
    def question(api: HfApi) -> list[tuple[Row, float]]:
        found = []
        for result in api.search_spaces(query):
            made, relevance = row("space", raw(result), hub.endpoint), result.semantic_relevancy_score
            if made and isinstance(relevance, (int, float)):
                found.append((made, float(relevance)))
        return found

    return await hub.ask(caller, question, doing=f"search Spaces like {query[:60]!r}", timeout=20, retry=True)
