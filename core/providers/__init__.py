"""Who answers a prompt, and who pays.

Owns the wire toward model providers, the order of candidates, fallback, cooldown and the receipt. It knows no page,
no session and no door: it is given a prompt and keys, and gives items and a receipt.
"""

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
    "Answer",
    "Attempt",
    "Budget",
    "Candidate",
    "Catalog",
    "Finished",
    "Interrupted",
    "Item",
    "Key",
    "ModelFacts",
    "Price",
    "Prices",
    "Prompt",
    "Reasoning",
    "Receipt",
    "Reservation",
    "Skipped",
    "Text",
    "ToolCallDelta",
    "Unlimited",
    "Usage",
]
