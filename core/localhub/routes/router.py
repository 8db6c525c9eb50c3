"""The list of the router of inference providers, which has another host beside the real Hub; here it is below `/router`.

Nobody answers prompts here. Prices are drawn from the names and the sizes of the sample's models.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from core.localhub import access, wire
from core.localhub.sample import draw

if TYPE_CHECKING:
    from core.localhub.server import LocalHub

_UNTOLD = 8.0  # billions of parameters, where a model does not tell its own


def routes(hub: LocalHub) -> list[Route]:
    async def models(request: Request) -> Response:
        access.identify(hub, request)
        served = [row for row in hub.catalogue.entries("model") if any(_asked_by_words(one) for one in row.get("inferenceProviderMapping") or ())]
        return wire.answer({"object": "list", "data": [_model(row) for row in served]})

    return [Route("/router/v1/models", models)]


def _asked_by_words(host: dict[str, Any]) -> bool:
    return host["task"] == "conversational"  # the router lists no others


def _model(row: dict[str, Any]) -> dict[str, Any]:
    size = (row.get("safetensors") or {}).get("total", _UNTOLD * 1e9) / 1e9
    hosts = [one["provider"] for one in row["inferenceProviderMapping"] if _asked_by_words(one)]
    sees = row["pipeline_tag"].startswith("image-text")
    return {
        "id": row["id"],
        "object": "model",
        "owned_by": row["author"],
        "architecture": {"input_modalities": ["text", "image"] if sees else ["text"], "output_modalities": ["text"]},
        "providers": [{"provider": name, "status": "live", "pricing": _price(row["id"], name, size)} for name in hosts],
        "sample": True,
    }


def _price(model: str, provider: str, billions: float) -> dict[str, float]:
    """USD for a million tokens: more for a larger model, a little different at each provider."""
    read = (0.02 + 0.01 * min(billions, 200.0)) * (0.75 + 0.5 * draw("price", model, provider))
    return {"input": round(read, 3), "output": round(3 * read, 3)}
