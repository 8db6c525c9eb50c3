"""Who answers a prompt, and who pays.

Owns the wire toward model providers, the order of candidates, fallback, cooldown and the receipt. It knows no page,
no session and no door: it is given a prompt and keys, and gives items and a receipt.
"""

from core.providers.breaker import Breaker
from core.providers.budget import Caps
from core.providers.credentials import billed, header_keys, make_key, rotated, shown
from core.providers.entry import KeyReport
from core.providers.exotic import available as litellm_available
from core.providers.keyring import Keyring
from core.providers.picking import TASKS, Task, recommend, search_models
from core.providers.policy import Fault
from core.providers.prompting import build_prompt
from core.providers.provider import Provider
from core.providers.room import Providers
from core.providers.router import Router, ToolCalls, broken_off
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
    "TASKS",
    "Answer",
    "Attempt",
    "Breaker",
    "Budget",
    "Candidate",
    "Caps",
    "Catalog",
    "Fault",
    "Finished",
    "Interrupted",
    "Item",
    "Key",
    "KeyReport",
    "Keyring",
    "ModelFacts",
    "Price",
    "Prices",
    "Prompt",
    "Provider",
    "Providers",
    "Reasoning",
    "Receipt",
    "Reservation",
    "Router",
    "Skipped",
    "Task",
    "Text",
    "Timeouts",
    "ToolCallDelta",
    "ToolCalls",
    "Transport",
    "Unlimited",
    "Usage",
    "broken_off",
    "billed",
    "build_prompt",
    "header_keys",
    "litellm_available",
    "make_key",
    "recommend",
    "rotated",
    "row_of",
    "search_models",
    "shown",
]
