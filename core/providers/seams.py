"""What a run of a prompt leans on: prices, facts of models, a budget; and what stands there when nothing else is given."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from core.providers.values import Attempt, Candidate, Usage


@dataclass(frozen=True)
class Price:
    """USD per million tokens."""

    input: float
    output: float


@dataclass(frozen=True)
class ModelFacts:
    """What a catalog knows of a model; None where it does not know, and then nothing is held against the model."""

    context: int | None = None
    tools: bool | None = None
    vision: bool | None = None
    max_output: int | None = None


@dataclass(frozen=True)
class Reservation:
    """Money set aside for one attempt."""

    id: str
    estimate_usd: float | None


class Prices(Protocol):
    def price(self, provider: str, model: str) -> Price | None:
        """The price, or None when it is not known. `model` comes with its routing suffix, which may choose the host."""


class Catalog(Protocol):
    def find(self, provider: str, model: str) -> ModelFacts | None:
        """The model's facts, or None. `model` comes without a routing suffix (`:fastest`, `:nitro`, `:groq`)."""

    def lists(self, provider: str) -> bool:
        """The provider's whole list is known, so that a model missing from it does not exist there."""

    def usual(self, provider: str) -> str | None:
        """The model to take where nobody named one: recommended and served now; None where no list is known."""


class Budget(Protocol):
    async def reserve(self, caller_id: str, estimate_usd: float | None, candidate: Candidate) -> Reservation:
        """Set money aside for one attempt; raises `core.errors.OverBudget`. None = the price is unknown."""

    async def settle(self, reservation: Reservation, cost_usd: float | None, usage: Usage | None) -> None:
        """Replace the estimate by what it cost. 0.0 = nothing was spent; None = unknown, the estimate stands."""

    def counted(self, attempt: Attempt) -> float | None:
        """USD counted for an attempt that is over, also where its cost is unknown; None where nothing is counted."""


class Unlimited:
    """Knows no price and no model, and forbids nothing: what stands at the seams when nothing else is given."""

    def price(self, provider: str, model: str) -> Price | None:
        return None

    def find(self, provider: str, model: str) -> ModelFacts | None:
        return None

    def lists(self, provider: str) -> bool:
        return False

    def usual(self, provider: str) -> str | None:
        return None

    async def reserve(self, caller_id: str, estimate_usd: float | None, candidate: Candidate) -> Reservation:
        return Reservation("", estimate_usd)

    async def settle(self, reservation: Reservation, cost_usd: float | None, usage: Usage | None) -> None:
        return None

    def counted(self, attempt: Attempt) -> float | None:
        return attempt.cost_usd
