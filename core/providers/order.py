"""Who is asked, in which order, and who is not asked and why. Pure: the same prompt and keys give the same list.

The order: the explicit provider; the preferred ones; keys that are always to be used; the places a person gave;
keys with priority; then Hugging Face, OpenRouter, Sheikh and the others as they were given.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from core.providers.seams import Catalog, Prices
from core.providers.table import place, row_of
from core.providers.values import Candidate, Key, Prompt, Skipped

_TOKENS_OF_AN_IMAGE = 1_000
_TOKENS_OF_AN_ANSWER = 1_024


def order(prompt: Prompt, keys: Iterable[Key]) -> list[tuple[Key, str]]:
    """The keys in the order they are asked, each with the reason for its place."""
    preferred = prompt.preferred

    def rank(key: Key) -> tuple[tuple[int, ...], str]:
        own = _own_rank(key)
        if prompt.provider == key.provider:
            return (0, 0, *own[0]), "the provider you named"
        if key.provider in preferred:
            index = preferred.index(key.provider)
            return (1, index, *own[0]), f"preferred, number {index + 1}"
        return (2, 0, *own[0]), own[1]

    ranked = [(rank(key), key) for key in keys]
    return [(key, reason) for (_, reason), key in sorted(ranked, key=lambda entry: entry[0][0])]


def _own_rank(key: Key) -> tuple[tuple[int, ...], str]:
    default = place(key.provider)
    if key.always_use_this_key:
        return (0, 0 if key.position is None else key.position, default), "always to be used"
    if key.position is not None:
        return (1, key.position, default), f"your order, number {key.position + 1}"
    if key.priority:
        return (2, 0, default), "has priority"
    return (3, 0, default), "the usual order"


def candidates(prompt: Prompt, keys: Iterable[Key], *, catalog: Catalog, prices: Prices) -> tuple[list[Candidate], list[Skipped]]:
    """The candidates in order, and everybody who is not one with the reason. Cooldown and budget are judged later, at the attempt."""
    keys = list(keys)
    chosen: list[Candidate] = []
    skipped: list[Skipped] = []
    named = {key.provider for key in keys}
    for provider in dict.fromkeys(filter(None, (prompt.provider, *prompt.preferred))):
        if provider not in named:
            skipped.append(Skipped(provider, "", prompt.model, "there is no key for it"))
    only: set[str] = set()
    for key, reason in order(prompt, keys):
        model = prompt.model or (key.models[0] if key.models else catalog.usual(key.provider))
        why_not = _unfit(prompt, key, model, only, catalog, prices)
        if why_not or model is None:
            skipped.append(Skipped(key.provider, key.label, model, why_not or "no model was named"))
            continue
        if key.always_use_this_key:
            only.add(key.provider)
        chosen.append(Candidate(key.provider, key, model, reason))
    return chosen, skipped


def _unfit(prompt: Prompt, key: Key, model: str | None, only: set[str], catalog: Catalog, prices: Prices) -> str | None:
    row = row_of(key)
    if key.disabled:
        return "it is switched off"
    if key.secret is None and row.needs_key:
        return "it is always to be used, but there is no key" if key.always_use_this_key else "there is no key for it"
    if key.provider in only:
        return "another key of this provider is always to be used"
    if not prompt.fallback and prompt.provider and key.provider != prompt.provider:
        return "only the named provider may answer"
    if model is None:
        return "no model was named, the key names none, and its provider's list is not known"
    facts = catalog.find(key.provider, row.bare(model))
    if facts is None:
        if model in key.models:
            pass
        elif key.models:
            return f"the key is for {key.models[0]}" + (" and others" if len(key.models) > 1 else "")
        elif catalog.lists(key.provider):
            return "the model is not in its catalog"
    else:
        if prompt.tools and facts.tools is False:
            return "the model cannot call tools"
        if facts.vision is False and any(_images(prompt.messages)):
            return "the model cannot see images"
        if facts.context is not None:
            # For money the estimate is on the safe side; here that would refuse what fits, and an upstream says itself what does not.
            needed = prompt_tokens(prompt) * 3 // 4 + (prompt.max_tokens or 0)
            if needed > facts.context:
                return f"about {needed} tokens do not fit into its context of {facts.context}"
    if prompt.max_price is not None and key.secret is not None:
        price = prices.price(key.provider, model)
        if price is None:
            return "its price is not known, and a highest price was set"
        if price.output > prompt.max_price:
            return f"its output costs {price.output:g} USD per million tokens, more than {prompt.max_price:g}"
    return None


def estimate(prompt: Prompt, candidate: Candidate, *, catalog: Catalog, prices: Prices) -> float | None:
    """What an attempt will cost at most, roughly, in USD; None when the price is unknown, 0.0 when nobody pays."""
    if candidate.key.secret is None:
        return 0.0
    price = prices.price(candidate.provider, candidate.model)
    if price is None:
        return None
    answer = prompt.max_tokens
    if answer is None:
        facts = catalog.find(candidate.provider, row_of(candidate.key).bare(candidate.model))
        answer = min(_TOKENS_OF_AN_ANSWER, facts.max_output) if facts and facts.max_output else _TOKENS_OF_AN_ANSWER
    return (prompt_tokens(prompt) * price.input + answer * price.output) / 1_000_000


def prompt_tokens(prompt: Prompt) -> int:
    """How many tokens the prompt has, estimated on the safe side: a token for three bytes, a thousand for an image."""
    size = sum(_bytes(message.get("content")) + _bytes(message.get("tool_calls")) + 12 for message in prompt.messages)
    size += sum(_bytes(tool) for tool in prompt.tools)
    return size // 3 + _TOKENS_OF_AN_IMAGE * sum(1 for _ in _images(prompt.messages)) + 1


def answer_tokens(letters: int) -> int:
    """How many tokens so many letters of an answer are, estimated on the safe side."""
    return -(-letters // 3)


def _bytes(value: Any) -> int:
    if isinstance(value, str):
        return len(value) if value.isascii() else len(value.encode("utf-8", "replace"))
    if isinstance(value, Mapping):
        if value.get("type") in ("image_url", "input_image"):
            return 0
        return sum(len(str(name)) + 4 + _bytes(item) for name, item in value.items())
    if isinstance(value, list | tuple):
        return sum(map(_bytes, value))
    return 5 if value is not None else 0


def _images(messages: Iterable[Mapping[str, Any]]) -> Iterable[Mapping[str, Any]]:
    for message in messages:
        content = message.get("content")
        if isinstance(content, list):
            yield from (part for part in content if isinstance(part, Mapping) and part.get("type") in ("image_url", "input_image"))


