"""A repository as a card: in the trending list, in a collection, beside a paper."""

from __future__ import annotations

from typing import Any

from core.localhub.community import Community
from core.localhub.names import Kind

_SAME: dict[Kind, tuple[str, ...]] = {
    "model": tuple("id likes private gated downloads pipeline_tag lastModified createdAt library_name tags trendingScore sample".split()),
    "dataset": tuple("id likes private gated downloads lastModified createdAt tags trendingScore sample".split()),
    "space": tuple(
        "id likes private sdk runtime tags createdAt lastModified trendingScore ai_short_description ai_category sample".split()
    ),
}


def card(row: dict[str, Any], kind: Kind, community: Community) -> dict[str, Any]:
    """The card of one described repository."""
    told = {key: row[key] for key in _SAME[kind] if row.get(key) is not None}
    told |= {"author": row["author"], "authorData": community.author(row["author"]), "repoType": kind, "isLikedByUser": False}
    if kind == "model":
        told["availableInferenceProviders"] = [
            {"provider": one["provider"], "modelStatus": one["status"], "providerStatus": one["status"], "providerId": one["providerId"], "task": one["task"]}
            for one in row.get("inferenceProviderMapping") or ()
        ]
        if total := (row.get("safetensors") or {}).get("total"):
            told["numParameters"] = total
    if kind == "space":
        front = row.get("cardData") or {}
        told |= {
            "colorFrom": front.get("colorFrom", "gray"),
            "colorTo": front.get("colorTo", "gray"),
            "emoji": front.get("emoji", "🚀"),
            "pinned": bool(front.get("pinned")),
            "featured": False,
            "title": front.get("title") or row["id"].split("/")[1],
            "shortDescription": front.get("short_description"),
        }
    return told
