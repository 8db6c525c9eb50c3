"""What the room passes around: prompts, keys, candidates, attempts, receipts, and the items of a stream. All frozen.

Money is USD; a price is USD per million tokens, everywhere. None means unknown, and unknown is never 0.
"""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from functools import cached_property
from typing import Any, Literal

from core.secrets import Secret

Owner = Literal["visitor", "instance"]
Payer = Literal["visitor", "instance", "nobody"]
Outcome = Literal["answered", "next", "stopped", "retried", "cancelled", "interrupted"]


@dataclass(frozen=True)
class Prompt:
    """One question to a model, in the shape of OpenAI's chat completions.

    messages: `{"role", "content", …}` objects.
    model: an upstream's model id; None takes each key's own first model, or one its provider's list recommends.
    provider: this one first, before every other rule.
    prefer: providers to try next, in this order; one name, a comma-separated text, or several names.
    max_price: skip models whose output costs more than this, USD per million tokens.
    timeout: seconds for the whole answer, all attempts together; None takes the router's own.
    fallback: False asks the first candidate only.
    bill_to: the Hugging Face organisation that pays.
    extra: further fields of the request body (`top_p`, `seed`, OpenRouter's `models` and `provider`, …).
    cache: the beginning comes again with the next prompt; an upstream that keeps only what is marked gets marks.
    """

    messages: tuple[dict[str, Any], ...]
    model: str | None = None
    provider: str | None = None
    prefer: str | tuple[str, ...] | None = None
    tools: tuple[dict[str, Any], ...] = ()
    tool_choice: Any = None
    temperature: float | None = None
    max_tokens: int | None = None
    response_format: Any = None
    max_price: float | None = None
    timeout: float | None = None
    fallback: bool = True
    bill_to: str | None = None
    extra: Mapping[str, Any] = field(default_factory=dict)
    cache: bool = False

    @property
    def preferred(self) -> tuple[str, ...]:
        if self.prefer is None:
            return ()
        names = self.prefer.split(",") if isinstance(self.prefer, str) else self.prefer or ()
        return tuple(name.strip() for name in names if name.strip())

    def continued(self, so_far: str) -> Prompt:
        """The prompt that goes on where an interrupted answer stopped; a person asks for it, the router never does."""
        begun = {"role": "assistant", "content": so_far}
        go_on = {"role": "user", "content": "Continue exactly where your last message stops. Do not repeat anything."}
        return replace(self, messages=(*self.messages, begun, go_on))


@dataclass(frozen=True)
class Key:
    """One key of one provider, and where and how it may be used. Nothing here but `secret` is secret.

    secret: None for an upstream that asks for none.
    base_url: the upstream's address when it is not the provider's own.
    priority: before keys without it. position: the place a person gave it (0 first), before any priority; None = none.
    fallback: another candidate may answer when this one cannot.
    always_use_this_key: this key or none.
    models: models it is for, the default one first; () = any.
    allow_private: its address may be private or loopback; only an instance's owner can say so.
    payers: organisations its upstream lets pay instead of the account. bill_to: the one that does, or None.
    management: it makes other keys and never asks a model.
    sealed: id of the encrypted copy a browser keeps of it, or None. outdated: that copy tells something else than the key does now.
    """

    id: str
    provider: str
    label: str = ""
    secret: Secret | None = None
    base_url: str | None = None
    priority: bool = False
    fallback: bool = True
    always_use_this_key: bool = False
    disabled: bool = False
    owner: Owner = "visitor"
    models: tuple[str, ...] = ()
    allow_private: bool = False
    position: int | None = None
    timeout: float | None = None
    payers: tuple[str, ...] = ()
    bill_to: str | None = None
    management: bool = False
    sealed: str | None = None
    outdated: bool = False

    @property
    def payer(self) -> Payer:
        return self.owner if self.secret else "nobody"

    @cached_property
    def mark(self) -> int:
        """Tells this very secret at this very address from what the same id stood for before it was rotated; never leaves the process."""
        return hash((self.secret, self.base_url))


@dataclass(frozen=True)
class Candidate:
    """Who could answer; `reason` says why it stands at its place."""

    provider: str
    key: Key
    model: str
    reason: str


@dataclass(frozen=True)
class Skipped:
    """Who was not asked, and why, in one sentence."""

    provider: str
    key_label: str
    model: str | None
    reason: str


@dataclass(frozen=True)
class Usage:
    """Tokens as the upstream reported them. `cost_usd` only where the upstream names the price itself."""

    prompt: int = 0
    completion: int = 0
    reasoning: int = 0
    cached: int = 0
    cost_usd: float | None = None


@dataclass(frozen=True)
class Attempt:
    """One request to one upstream and what came of it. `error` is the shape of `SpacesError.to_dict`.

    estimate_usd: where the upstream told no cost and a price is known, what the prompt and the words that came would
    cost; a guess for a person, never a sum of the ledger, which keeps what was set aside.
    """

    number: int
    provider: str
    key_label: str
    model: str
    status: int | None
    outcome: Outcome
    error: dict[str, Any] | None
    latency_ms: float
    first_token_ms: float | None
    usage: Usage | None
    cost_usd: float | None
    paid_by: Payer
    billed_to: str | None = None  # the organisation that paid through the key
    estimate_usd: float | None = None


@dataclass(frozen=True)
class Receipt:
    """Who was asked, in order, who was not and why, and what it cost. Holds no prompt, no answer and no key.

    cost_usd: the sum over the attempts, None when any attempt's cost is unknown.
    estimate_usd: then the sum with the estimates in the unknown ones' places, None when one has none either.
    counted_usd: what the budget counts for it, known or not; None where no budget counts.
    """

    model: str | None
    provider: str | None
    attempts: tuple[Attempt, ...] = ()
    skipped: tuple[Skipped, ...] = ()
    usage: Usage | None = None
    cost_usd: float | None = None
    first_token_ms: float | None = None
    latency_ms: float = 0.0
    id: str = field(default_factory=lambda: os.urandom(16).hex())
    at: float = field(default_factory=time.time)
    estimate_usd: float | None = None
    counted_usd: float | None = None

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True)
class Text:
    text: str


@dataclass(frozen=True)
class Reasoning:
    text: str


@dataclass(frozen=True)
class ToolCallDelta:
    """A piece of a tool call: `id` and `name` come once, `arguments` in pieces to be joined."""

    index: int
    id: str | None = None
    name: str | None = None
    arguments: str = ""


@dataclass(frozen=True)
class Finished:
    """The last item of a stream that came to its end. `finish_reason`: stop, length, tool_calls or content_filter."""

    finish_reason: str
    usage: Usage | None
    receipt: Receipt


@dataclass(frozen=True)
class Interrupted:
    """The last item of a stream that broke after its first token. `so_far` is the text that came."""

    error: dict[str, Any]
    so_far: str
    receipt: Receipt


Item = Text | Reasoning | ToolCallDelta | Finished | Interrupted


@dataclass(frozen=True)
class Answer:
    """A whole answer. `tool_calls` in OpenAI's shape: `{"id", "type", "function": {"name", "arguments"}}`."""

    text: str
    tool_calls: tuple[dict[str, Any], ...]
    reasoning: str
    finish_reason: str
    usage: Usage | None
    receipt: Receipt
