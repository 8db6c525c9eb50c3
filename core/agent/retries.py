"""What follows when a model could not be asked: one table from the error to how often, how long to wait, and which ending."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from core.agent.values import Ending, EndingKind
from core.errors import HubUnavailable, PaymentRequired, ProviderFailed, RateLimited, SpacesError, TimedOut

LONGEST_WAIT = 30.0
TRIES = 5  # of one reply, whatever the errors were


class BrokeOff(ProviderFailed):
    """The answer broke off after its first piece."""


class Endless(ProviderFailed):
    """The model did not stop, and was stopped."""

    retryable = False


class EndlessThought(Endless):
    """The model thought and thought; asked to think less, it may answer."""


@dataclass(frozen=True)
class Rule:
    """waits: seconds before each further try. told: the upstream's own word on how long to wait comes first, up to `LONGEST_WAIT`."""

    error: type[SpacesError]
    waits: tuple[float, ...] = ()
    told: bool = False
    ending: EndingKind = "failed"


# The first row that fits the error counts.
RULES: tuple[Rule, ...] = (
    Rule(EndlessThought, (0.5,)),
    Rule(Endless),
    Rule(BrokeOff, (0.5,)),
    Rule(RateLimited, (2.0, 8.0, 20.0), told=True),
    Rule(ProviderFailed, (1.0, 4.0)),
    Rule(TimedOut, (1.0, 4.0)),
    Rule(HubUnavailable, (1.0, 4.0)),
    Rule(PaymentRequired, ending="money"),
    Rule(SpacesError),
)


def rule_of(error: SpacesError, rules: Sequence[Rule] = RULES) -> Rule:
    """The row for this error."""
    return next(rule for rule in rules if isinstance(error, rule.error))


def wait_before(error: SpacesError, times: int, rules: Sequence[Rule] = RULES) -> float | None:
    """Seconds to wait before asking again, or None: do not.

    Args:
        error: what happened now.
        times: how often errors of its row have happened in this reply, this one included.
    """
    rule = rule_of(error, rules)
    if times > len(rule.waits):
        return None
    told = error.details.get("retry_after")
    if rule.told and isinstance(told, int | float):
        return max(float(told), 1.0) + 0.1 if told <= LONGEST_WAIT else None  # the router lets it rest for a second at least
    return rule.waits[times - 1]


def told(error: SpacesError, wait: float) -> str:
    """What a person reads of it."""
    begins = "It begins its answer again" if isinstance(error, BrokeOff) else "It asks again, for little thought" if isinstance(error, EndlessThought) else "It asks again"
    return f"{error.message} {begins}{f' in {wait:.0f} s' if wait >= 1 else ''}."


def ending_of(error: SpacesError, rules: Sequence[Rule] = RULES) -> Ending:
    """How the turn ends with this error; the receipt it may carry went out as an event."""
    told = {name: value for name, value in error.to_dict().items() if name != "details"}
    details = {name: value for name, value in error.details.items() if name not in ("receipt", "so_far")}
    return Ending(rule_of(error, rules).ending, f"{error.message} {error.fix}", error=told | ({"details": details} if details else {}))
