"""How each kind of upstream lists its models, read into one shape. Prices become USD per million tokens here and nowhere else."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from typing import Any

from core.providers.seams import ModelFacts, Price

_MOST_MODELS = 10_000
_MOST_HOSTS = 50


@dataclass(frozen=True)
class Host:
    """One of the companies that serve a model behind a router, with its own price and speed."""

    name: str
    live: bool = True
    price: Price | None = None
    context: int | None = None
    tools: bool | None = None
    first_token_ms: float | None = None
    throughput: float | None = None


@dataclass(frozen=True)
class Model:
    """One model of one provider. None is unknown. throughput: tokens a second. created: epoch seconds."""

    provider: str
    id: str
    name: str
    price: Price | None = None
    context: int | None = None
    max_output: int | None = None
    tools: bool | None = None
    vision: bool | None = None
    first_token_ms: float | None = None
    throughput: float | None = None
    created: int | None = None
    hosts: tuple[Host, ...] = ()

    @property
    def facts(self) -> ModelFacts:
        return ModelFacts(context=self.context, tools=self.tools, vision=self.vision, max_output=self.max_output)

    def to_dict(self) -> dict[str, Any]:
        shape = asdict(self)
        shape["free"] = self.price is not None and self.price.input == self.price.output == 0
        return shape


def huggingface(provider: str, body: Any) -> list[Model]:
    """The Hugging Face router's list: each model with the hosts that serve it; prices are per million tokens already."""
    found = []
    for row in _rows(body):
        hosts = tuple(_host(one) for one in _dicts(row.get("providers"))[:_MOST_HOSTS])
        live = [host for host in hosts if host.live]
        if hosts and not live:
            continue  # nobody serves it now
        inputs = _words(row.get("architecture"), "input_modalities")
        found.append(
            Model(
                provider=provider,
                id=row["id"],
                name=row["id"].rpartition("/")[2],
                # Which host answers is the router's choice, so the dearest one's price is what may be asked.
                price=_dearest(host.price for host in live),
                context=_most(host.context for host in live),
                tools=_any(host.tools for host in live),
                vision="image" in inputs if inputs else None,
                first_token_ms=_least(host.first_token_ms for host in live),
                throughput=_most(host.throughput for host in live),
                created=_whole(row.get("created")),
                hosts=hosts,
            )
        )
    return found


def openrouter(provider: str, body: Any) -> list[Model]:
    """OpenRouter's list; prices are texts, USD per one token."""
    found = []
    for row in _rows(body):
        pricing = row.get("pricing") if isinstance(row.get("pricing"), dict) else {}
        each = _number(pricing.get("prompt")), _number(pricing.get("completion"))
        top = row.get("top_provider") if isinstance(row.get("top_provider"), dict) else {}
        inputs, can = _words(row.get("architecture"), "input_modalities"), _words(row, "supported_parameters")
        found.append(
            Model(
                provider=provider,
                id=row["id"],
                name=str(row.get("name") or row["id"])[:200],
                price=None if each[0] is None or each[1] is None else Price(each[0] * 1e6, each[1] * 1e6),
                context=_whole(row.get("context_length")),
                max_output=_whole(top.get("max_completion_tokens")),
                tools="tools" in can if can else None,
                vision="image" in inputs if inputs else None,
                created=_whole(row.get("created")),
            )
        )
    return found


def compatible(provider: str, body: Any) -> list[Model]:
    """The list of any OpenAI-compatible server; what some add to it (context, price per million) is read where it is there."""
    found = []
    for row in _rows(body):
        context = next((_whole(row.get(name)) for name in ("context_length", "max_model_len", "context_window") if row.get(name)), None)
        found.append(Model(provider=provider, id=row["id"], name=row["id"], context=context, created=_whole(row.get("created"))))
    return found


Reader = Callable[[str, Any], list[Model]]
# Provider → how its list is read; every other one is read as an OpenAI-compatible one.
READERS: dict[str, Reader] = {"huggingface": huggingface, "openrouter": openrouter}


def _rows(body: Any) -> Iterator[dict[str, Any]]:
    listed = body.get("data") if isinstance(body, dict) else body
    for row in _dicts(listed)[:_MOST_MODELS]:
        if isinstance(row.get("id"), str) and 0 < len(row["id"]) <= 200 and row["id"].isprintable():
            yield row


def _host(row: dict[str, Any]) -> Host:
    pricing = row.get("pricing") if isinstance(row.get("pricing"), dict) else {}
    each = _number(pricing.get("input")), _number(pricing.get("output"))
    price = None if each[0] is None or each[1] is None else Price(each[0], each[1])
    if price is None and row.get("is_free") is True:
        price = Price(0.0, 0.0)
    tools = row.get("supports_tools")
    return Host(
        name=str(row.get("provider") or "")[:100],
        live=row.get("status", "live") == "live",
        price=price,
        context=_whole(row.get("context_length")),
        tools=tools if isinstance(tools, bool) else None,
        first_token_ms=_number(row.get("first_token_latency_ms")),
        throughput=_number(row.get("throughput")),
    )


def _dicts(value: Any) -> list[dict[str, Any]]:
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []


def _words(value: Any, name: str) -> set[str]:
    listed = value.get(name) if isinstance(value, dict) else None
    return {word for word in listed if isinstance(word, str)} if isinstance(listed, list) else set()


def _number(value: Any) -> float | None:
    """A finite number of at least 0; OpenRouter's -1 means "depends", which is unknown."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        number = float(value)
    except (ValueError, OverflowError):
        return None
    return number if math.isfinite(number) and number >= 0 else None


def _whole(value: Any) -> int | None:
    number = _number(value)
    return int(number) if number else None


def _dearest(prices) -> Price | None:
    known = [price for price in prices if price]
    return Price(max(p.input for p in known), max(p.output for p in known)) if known else None


def _any(values) -> bool | None:
    known = [value for value in values if value is not None]
    return any(known) if known else None


def _least(values):
    return min((value for value in values if value is not None), default=None)


def _most(values):
    return max((value for value in values if value is not None), default=None)
