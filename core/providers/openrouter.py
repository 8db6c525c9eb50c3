"""OpenRouter: its provider object, its own model fallbacks, its attribution headers. Its 403 is moderation or a guardrail."""

from __future__ import annotations

from typing import Any

from yarl import URL

from core.providers.provider import Provider
from core.providers.values import Prompt

_SUFFIXES = {"free", "nitro", "floor", "thinking", "online", "exacto", "extended"}
# `:free` and `:thinking` are entries of their own in the model list; the others only steer the routing.
_LISTED = {"free", "thinking"}


def shape(prompt: Prompt, body: dict[str, Any]) -> dict[str, Any]:
    """Add what OpenRouter enforces for us: the price limit (USD per million there too), and the cost in the answer.

    `models` (its own fallbacks) and `provider` (order, only, ignore, sort, data_collection, …) pass as given in `extra`.
    Without fallback allowed it must not choose another host either.
    """
    routing = dict(body.get("provider") or {})
    if prompt.max_price is not None:
        routing["max_price"] = {**(routing.get("max_price") or {}), "completion": prompt.max_price}
    if not prompt.fallback:
        routing.setdefault("allow_fallbacks", False)
        body.pop("models", None)
    if prompt.tools or prompt.response_format:
        routing.setdefault("require_parameters", True)
    if routing:
        body["provider"] = routing
    body["usage"] = {"include": True}
    return body


def headers(prompt: Prompt) -> dict[str, str]:
    """Who asks, as OpenRouter's attribution reads it; nothing about the visitor."""
    return {"HTTP-Referer": "https://huggingface.co/spaces", "X-Title": "Agentic Hugging Face Spaces OS"}


def bare(model: str) -> str:
    """The model id as the list names it."""
    name, _, suffix = model.rpartition(":")
    return name if name and suffix in _SUFFIXES - _LISTED else model


def address(url: str) -> str:
    """The base URL; the often written `api.openrouter.ai/v1` does not exist and means `openrouter.ai/api/v1`."""
    return ROW.base_url or url if URL(url).host == "api.openrouter.ai" else url


ROW = Provider(
    id="openrouter",
    title="OpenRouter",
    base_url="https://openrouter.ai/api/v1",
    headers=headers,
    shape=shape,
    bare=bare,
    address=address,
    forbidden="moderation",
    # openrouter.ai/docs/features/prompt-caching; "~" begins an alias for a family's newest model.
    marks=("anthropic/*", "~anthropic/*", "google/gemini*", "~google/gemini*"),
)
