"""Who answers a prompt, and who pays.

Owns the wire toward model providers, the order of candidates, fallback, cooldown and the receipt. It knows no page,
no session and no door: it is given a prompt and keys, and gives items and a receipt.
"""

from core.providers.breaker import Breaker
from core.providers.budget import Caps
from core.providers.catalog_sources import huggingface as routed_models
from core.providers.children import CHILDREN_LISTED, RESETS, Child, hash_of, list_children, make_child, read_wish, revoke_child
from core.providers.compatible import base_url
from core.providers.credentials import billed, header_keys, make_key, reopened, rotated, shown
from core.providers.entry import KeyReport
from core.providers.exotic import available as litellm_available
from core.providers.keyring import Keyring
from core.providers.picking import TASKS, Task, recommend, search_models
from core.providers.policy import Fault
from core.providers.prompting import build_prompt
from core.providers.provider import Provider
from core.providers.records import keep_records
from core.providers.room import Providers
from core.providers.router import Router, ToolCalls, broken_off
from core.providers.sealed import DAYS
from core.providers.seams import Budget, Catalog, ModelFacts, Price, Prices, Reservation, Unlimited
from core.providers.sign_in import SignIn, SignIns, exchange, read_code
from core.providers.table import PROVIDERS, row_of
from core.providers.transport import Timeouts, Transport
from core.providers.values import (
    Answer,
    Attempt,
    Candidate,
    Finished,
    Interrupted,
    Item,
    Key,
    Prompt,
    Reasoning,
    Receipt,
    Skipped,
    Text,
    ToolCallDelta,
    Usage,
)

__all__ = [
    "CHILDREN_LISTED",
    "DAYS",
    "PROVIDERS",
    "RESETS",
    "TASKS",
    "Answer",
    "Attempt",
    "Breaker",
    "Budget",
    "Candidate",
    "Caps",
    "Catalog",
    "Child",
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
    "SignIn",
    "SignIns",
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
    "base_url",
    "billed",
    "build_prompt",
    "exchange",
    "hash_of",
    "header_keys",
    "list_children",
    "keep_records",
    "litellm_available",
    "make_child",
    "make_key",
    "read_code",
    "read_wish",
    "recommend",
    "reopened",
    "revoke_child",
    "rotated",
    "routed_models",
    "row_of",
    "search_models",
    "shown",
]
