"""What the router did, counted, as Prometheus text. Labels come from short closed lists; no key, no prompt, no caller."""

from __future__ import annotations

import threading
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Mapping

from core.providers.table import PROVIDERS
from core.providers.values import Receipt

_SECONDS = (0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)
_HELP = {
    "attempts_total": ("counter", "Attempts at models by provider and outcome."),
    "errors_total": ("counter", "Failed attempts by provider and error code."),
    "skipped_total": ("counter", "Candidates that were not asked, by provider and why."),
    "tokens_total": ("counter", "Tokens as reported, by provider and kind."),
    "cost_usd_total": ("counter", "Known cost in USD, by provider and payer."),
    "unknown_cost_total": ("counter", "Attempts whose cost nobody told, by provider."),
    "requests_total": ("counter", "Prompts by outcome."),
    "attempt_seconds": ("histogram", "Seconds an attempt took, by provider."),
    "first_token_seconds": ("histogram", "Seconds to the first token, by provider."),
    "in_flight": ("gauge", "Attempts that are under way now, by provider."),
    "circuits": ("gauge", "Circuits that are not closed now, by provider and state: open rests, half_open waits for its probe."),
    "rejected_keys": ("gauge", "Keys an upstream called invalid and that are not used again, by provider."),
}
_REASONS = (("cooling down", "cooling"), ("over budget", "budget"), ("the provider called", "invalid_key"), ("there is no key", "no_key"))
_PREFIX = "spaces_os_model_"
Labels = tuple[tuple[str, str], ...]


class Tally:
    """Counters of one process; thread-safe. `names`: the configured providers, besides the known ones."""

    def __init__(self, names: tuple[str, ...] = ()):
        self._names = {*PROVIDERS, *names[:50]}
        self._lock = threading.Lock()
        self._counts: dict[str, dict[Labels, float]] = defaultdict(lambda: defaultdict(float))
        self._buckets: dict[str, dict[Labels, list[float]]] = defaultdict(dict)

    def record(self, receipt: Receipt) -> None:
        """Count one finished request by its receipt."""
        with self._lock:
            outcome = receipt.attempts[-1].outcome if receipt.attempts else "none"
            self._add("requests_total", 1, outcome=outcome)
            for skipped in receipt.skipped:
                self._add("skipped_total", 1, provider=self._name(skipped.provider), why=_why(skipped.reason))
            for attempt in receipt.attempts:
                provider = self._name(attempt.provider)
                self._add("attempts_total", 1, provider=provider, outcome=attempt.outcome)
                self._observe("attempt_seconds", attempt.latency_ms / 1000, provider=provider)
                if attempt.first_token_ms is not None:
                    self._observe("first_token_seconds", attempt.first_token_ms / 1000, provider=provider)
                if attempt.error:
                    self._add("errors_total", 1, provider=provider, code=str(attempt.error.get("code", "error")))
                if attempt.usage:
                    self._add("tokens_total", attempt.usage.prompt, provider=provider, kind="prompt")
                    self._add("tokens_total", attempt.usage.completion, provider=provider, kind="completion")
                if attempt.cost_usd is None:
                    self._add("unknown_cost_total", 1, provider=provider)
                else:
                    self._add("cost_usd_total", attempt.cost_usd, provider=provider, paid_by=attempt.paid_by)

    def under_way(self, provider: str, change: int) -> None:
        """An attempt goes out (1) or is over (-1)."""
        with self._lock:
            self._add("in_flight", change, provider=self._name(provider))

    def text(self, states: Mapping[tuple[str, str], int] | None = None) -> str:
        """Prometheus exposition text; `states` is what the breaker counts now, see `Breaker.states`."""
        lines: list[str] = []
        with self._lock:
            for gauge in ("circuits", "rejected_keys"):
                self._counts[gauge].clear()
            for (provider, state), count in (states or {}).items():
                name = self._name(provider)
                if state == "rejected":
                    self._add("rejected_keys", count, provider=name)
                else:
                    self._add("circuits", count, provider=name, state=state)
            for name, (kind, words) in _HELP.items():
                lines += [f"# HELP {_PREFIX}{name} {words}", f"# TYPE {_PREFIX}{name} {kind}"]
                if kind != "histogram":
                    lines += [f"{_PREFIX}{name}{_labels(labels)} {_figure(value)}" for labels, value in sorted(self._counts[name].items())]
                else:
                    for labels, buckets in sorted(self._buckets[name].items()):
                        lines += _histogram(_PREFIX + name, labels, buckets)
        return "\n".join(lines) + "\n"

    def _name(self, provider: str) -> str:
        return provider if provider in self._names else "other"

    def _add(self, name: str, value: float, **labels: str) -> None:
        self._counts[name][tuple(labels.items())] += value

    def _observe(self, name: str, seconds: float, **labels: str) -> None:
        buckets = self._buckets[name].setdefault(tuple(labels.items()), [0.0] * (len(_SECONDS) + 2))
        buckets[bisect_left(_SECONDS, seconds)] += 1
        buckets[-1] += seconds


def _why(reason: str) -> str:
    """The reason's kind: one of few, because a label must be."""
    return next((kind for words, kind in _REASONS if reason.startswith(words)), "unfit")


def _histogram(name: str, labels: Labels, buckets: list[float]) -> list[str]:
    lines, running = [], 0.0
    for limit, count in zip((*_SECONDS, "+Inf"), buckets[:-1], strict=True):
        running += count
        lines.append(f"{name}_bucket{_labels((*labels, ('le', str(limit))))} {_figure(running)}")
    return [*lines, f"{name}_sum{_labels(labels)} {_figure(buckets[-1])}", f"{name}_count{_labels(labels)} {_figure(running)}"]


def _labels(labels: Labels) -> str:
    quoted = [f'{name}="' + value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", " ") + '"' for name, value in labels]
    return "{" + ",".join(quoted) + "}" if quoted else ""


def _figure(value: float) -> str:
    return str(int(value)) if value == int(value) else repr(round(value, 9))
