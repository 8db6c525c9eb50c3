"""Counters, gauges and histograms of one process, as Prometheus exposition text."""

from __future__ import annotations

import threading
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Mapping

Labels = tuple[tuple[str, str], ...]


class Counters:
    """Counts and histograms; thread-safe.

    described: name → (counter or histogram, what it counts).
    bounds: upper bounds of a histogram's buckets, in its unit, rising.
    """

    def __init__(self, described: Mapping[str, tuple[str, str]], *, bounds: tuple[float, ...] = ()):
        self._described, self._bounds = described, bounds
        self._lock = threading.Lock()
        self._counts: dict[str, dict[Labels, float]] = defaultdict(lambda: defaultdict(float))
        self._buckets: dict[str, dict[Labels, list[float]]] = defaultdict(dict)

    def add(self, name: str, value: float = 1, **labels: str) -> None:
        """Count `value` more."""
        with self._lock:
            self._counts[name][tuple(labels.items())] += value

    def observe(self, name: str, value: float, **labels: str) -> None:
        """Put one value into a histogram."""
        with self._lock:
            buckets = self._buckets[name].setdefault(tuple(labels.items()), [0.0] * (len(self._bounds) + 2))
            buckets[bisect_left(self._bounds, value)] += 1
            buckets[-1] += value

    def lines(self, prefix: str) -> list[str]:
        """Every name with its help, type and samples."""
        found = []
        with self._lock:
            for name, (kind, words) in self._described.items():
                found += [f"# HELP {prefix}{name} {words}", f"# TYPE {prefix}{name} {kind}"]
                found += [_sample(prefix + name, labels, value) for labels, value in sorted(self._counts[name].items())]
                for labels, buckets in sorted(self._buckets[name].items()):
                    found += self._histogram(prefix + name, labels, buckets)
        return found

    def _histogram(self, name: str, labels: Labels, buckets: list[float]) -> Iterable[str]:
        running = 0.0
        for bound, count in zip((*map(str, self._bounds), "+Inf"), buckets[:-1], strict=True):
            running += count
            yield _sample(f"{name}_bucket", (*labels, ("le", bound)), running)
        yield _sample(f"{name}_sum", labels, buckets[-1])
        yield _sample(f"{name}_count", labels, running)


def gauge(name: str, words: str, value: float, **labels: str) -> list[str]:
    """Help, type and the one sample of a figure that stands as it is now."""
    return [f"# HELP {name} {words}", f"# TYPE {name} gauge", _sample(name, tuple(labels.items()), value)]


def _sample(name: str, labels: Labels, value: float) -> str:
    quoted = [f'{key}="' + text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", " ") + '"' for key, text in labels]
    figure = str(int(value)) if value == int(value) else repr(round(value, 9))
    return f"{name}{{{','.join(quoted)}}} {figure}" if quoted else f"{name} {figure}"
