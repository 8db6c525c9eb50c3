"""Who answers a prompt, and who pays.

Owns the wire toward model providers, the order of candidates, fallback, cooldown and the receipt. It knows no page,
no session and no door: it is given a prompt and keys, and gives items and a receipt.
"""

from core.providers.breaker import Breaker
from core.providers.exotic import available as litellm_available
from core.providers.policy import Fault
from core.providers.provider import Provider
from core.providers.router import Router, ToolCalls
from core.providers.table import PROVIDERS, row_of
from core.providers.transport import Timeouts, Transport
from core.providers.values import (
    Answer,
    Attempt,
    Budget,
    Candidate,
    Catalog,
    Finished,
    Interrupted,
    Item,
    Key,
    ModelFacts,
    Price,
    Prices,
    Prompt,
    Reasoning,
    Receipt,
    Reservation,
    Skipped,
    Text,
    ToolCallDelta,
    Unlimited,
    Usage,
)

__all__ = [
    "PROVIDERS",
    "Answer",
    "Attempt",
    "Breaker",
    "Budget",
    "Candidate",
    "Catalog",
    "Fault",
    "Finished",
    "Interrupted",
    "Item",
    "Key",
    "ModelFacts",
    "Price",
    "Prices",
    "Prompt",
    "Provider",
    "Reasoning",
    "Receipt",
    "Reservation",
    "Router",
    "Skipped",
    "Text",
    "Timeouts",
    "ToolCallDelta",
    "ToolCalls",
    "Transport",
    "Unlimited",
    "Usage",
    "litellm_available",
    "row_of",
]
