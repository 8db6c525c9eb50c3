"""Who rests after a failure. A circuit for each session, key and model: one visitor's bad key cools nobody else's.

closed: asked as usual. open: rests until a time. half-open: the time is over, and one request may try;
its success closes the circuit, its failure opens it for twice as long.
"""

from __future__ import annotations

import time
from collections import Counter, OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

from core.providers.policy import Fault
from core.providers.values import Key

FIRST_SECONDS = 15.0
LONGEST_SECONDS = 300.0
KEY_SECONDS = 300.0
PROBE_SECONDS = 120.0
_CIRCUITS = 20_000


@dataclass
class Circuit:
    """failures in a row, until when it rests, whether the upstream itself named that time, and since when a probe is out."""

    provider: str = ""
    failures: int = 0
    until: float = 0.0
    told: bool = False
    probe: float | None = None


@dataclass(frozen=True)
class Cooling:
    """It rests for `seconds` more; `told`: the upstream asked for that, so it is not asked before."""

    seconds: float
    told: bool


class Breaker:
    """All circuits, and the keys an upstream called invalid. Bounded; the longest unused go first."""

    def __init__(self, *, clock: Callable[[], float] = time.monotonic):
        self._clock = clock
        self._circuits: OrderedDict[tuple[str, str, int, str], Circuit] = OrderedDict()
        self._invalid: OrderedDict[tuple[str, str, int], str] = OrderedDict()  # → the provider

    def rejected(self, session: str, key: Key) -> bool:
        """An upstream answered 401 to this very key in this session."""
        return bool(self._invalid) and (session, key.id, key.mark) in self._invalid

    def cooling(self, session: str, key: Key, model: str) -> Cooling | None:
        """How long the candidate still rests, or None when it may be asked."""
        if not self._circuits:
            return None
        now = self._clock()
        worst: Cooling | None = None
        for name in _names(session, key, model):
            circuit = self._circuits.get(name)
            if circuit is None:
                continue
            if circuit.until > now:
                rest = Cooling(circuit.until - now, circuit.told)
            elif circuit.probe is not None and now - circuit.probe < PROBE_SECONDS:
                rest = Cooling(PROBE_SECONDS - (now - circuit.probe), False)
            else:
                continue
            if worst is None or (rest.told, rest.seconds) > (worst.told, worst.seconds):
                worst = rest
        return worst

    def begin(self, session: str, key: Key, model: str) -> None:
        """A request goes out; on a circuit that rested it is the one probe."""
        for name in self._known(session, key, model):
            circuit = self._circuits.get(name)
            if circuit is not None:
                circuit.probe = self._clock()

    def succeeded(self, session: str, key: Key, model: str) -> None:
        """It answered: the circuit closes."""
        for name in self._known(session, key, model):
            self._circuits.pop(name, None)

    def failed(self, session: str, key: Key, model: str, fault: Fault) -> None:
        """It failed: the circuit opens, by what the fault's rule says. A fault that cools nothing leaves it as it was."""
        rule = fault.rule
        if fault.kind == "key":
            self._invalid[(session, key.id, key.mark)] = key.provider
            while len(self._invalid) > _CIRCUITS:
                self._invalid.popitem(last=False)
        for_model, for_key = _names(session, key, model)
        if rule.cools == "no":
            self.released(session, key, model)
            return
        name = for_key if rule.cools == "key" else for_model
        circuit = self._circuits.setdefault(name, Circuit(key.provider))
        self._circuits.move_to_end(name)
        circuit.failures += 1
        circuit.probe = None
        pause = min(FIRST_SECONDS * 2 ** min(circuit.failures - 1, 10), LONGEST_SECONDS)
        if rule.cools == "key":
            pause = KEY_SECONDS
        circuit.told = fault.retry_after is not None
        if fault.retry_after is not None:
            pause = min(max(fault.retry_after, 1.0), 3_600.0)
        circuit.until = self._clock() + pause
        while len(self._circuits) > _CIRCUITS:
            self._circuits.popitem(last=False)

    def released(self, session: str, key: Key, model: str) -> None:
        """The request was cancelled or said nothing about the upstream: its probe is given back."""
        for name in self._known(session, key, model):
            circuit = self._circuits.get(name)
            if circuit is not None:
                circuit.probe = None

    def accepted(self, session: str, key: Key) -> None:
        """Its upstream was asked about the key and calls it good; what rests goes on resting."""
        self._invalid.pop((session, key.id, key.mark), None)

    def _known(self, session: str, key: Key, model: str) -> tuple[tuple[str, str, int, str], ...]:
        return _names(session, key, model) if self._circuits else ()

    def forget(self, session: str, key: Key | None = None) -> None:
        """Drop what is known of a session, or of one of its keys."""
        for store in (self._circuits, self._invalid):
            for name in [name for name in store if name[0] == session and (key is None or name[1] == key.id)]:
                del store[name]

    def states(self) -> Counter[tuple[str, str]]:
        """How many circuits of each provider are `open` (resting) or `half_open` (the next request is a probe), and how many keys `rejected`."""
        now = self._clock()
        counted = Counter((one.provider, "open" if one.until > now else "half_open") for one in list(self._circuits.values()))
        counted.update((provider, "rejected") for provider in list(self._invalid.values()))
        return counted

    def health(self, session: str, keys: tuple[Key, ...]) -> list[dict[str, object]]:
        """For each key: `{provider, key, state, seconds}`, state ready, cooling or rejected."""
        now = self._clock()
        rows: list[dict[str, object]] = []
        for key in keys:
            mine = [c.until - now for name, c in self._circuits.items() if name[:3] == (session, key.id, key.mark) and c.until > now]
            state = "rejected" if self.rejected(session, key) else "cooling" if mine else "ready"
            rows.append({"provider": key.provider, "key": key.label, "state": state, "seconds": round(max(mine, default=0.0), 1)})
        return rows


def _names(session: str, key: Key, model: str) -> tuple[tuple[str, str, int, str], tuple[str, str, int, str]]:
    return (session, key.id, key.mark, model), (session, key.id, key.mark, "")
