"""What a provider is: one row. Its quirks are functions of its own file and stand nowhere else."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

from core.providers.policy import Kind
from core.providers.values import Prompt, Usage


@dataclass(frozen=True)
class End:
    """How an upstream's answer ended. finish_reason: stop, length, tool_calls or content_filter."""

    finish_reason: str
    usage: Usage | None


def _no_headers(prompt: Prompt) -> dict[str, str]:
    return {}


def _as_it_is(prompt: Prompt, body: dict[str, Any]) -> dict[str, Any]:
    return body


def _bare(model: str) -> str:
    return model


@dataclass(frozen=True)
class Provider:
    """One upstream kind.

    base_url: its own address, ending before `/chat/completions`; None when every key brings one.
    needs_key: it answers nobody without a key.
    local: it usually runs on the same machine or network.
    headers: further request headers for a prompt. shape: changes the request body to what it understands.
    bare: a model id without this provider's routing suffix. address: a key's base URL, with known mistakes put right.
    bills: it can charge an organisation instead of the key's account.
    marks: models, as patterns, that keep a prompt's beginning only where it is marked; see `caching`.
    forbidden: what its plain 403 means. stream_usage: it understands `stream_options.include_usage`.
    """

    id: str
    title: str
    base_url: str | None = None
    wire: Literal["compatible", "exotic"] = "compatible"
    needs_key: bool = True
    local: bool = False
    headers: Callable[[Prompt], dict[str, str]] = _no_headers
    shape: Callable[[Prompt, dict[str, Any]], dict[str, Any]] = _as_it_is
    bare: Callable[[str], str] = _bare
    address: Callable[[str], str] = _bare
    bills: bool = False
    forbidden: Kind = "forbidden"
    stream_usage: bool = True
    max_tokens_field: str = "max_tokens"
    marks: tuple[str, ...] = ()
