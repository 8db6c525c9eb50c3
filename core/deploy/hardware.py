"""What a Space runs on, what that costs, and what an account's plan includes: rules as data, and one decision."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from core.caller import Caller
from core.errors import InvalidInput, SpacesError
from core.hub import Account, Hub

ZERO_GPU = "zero-a10g"
BASIC = "cpu-basic"

# Dollars per hour where the Hub's own list does not answer: https://huggingface.co/docs/hub/spaces-gpus (2026).
PRICES: dict[str, float] = {
    "cpu-basic": 0.0,
    "zero-a10g": 0.0,
    "cpu-upgrade": 0.03,
    "t4-small": 0.40,
    "t4-medium": 0.60,
    "l4x1": 0.80,
    "l4x4": 3.80,
    "l40sx1": 1.80,
    "l40sx4": 8.30,
    "l40sx8": 23.50,
    "a10g-small": 1.00,
    "a10g-large": 1.50,
    "a10g-largex2": 3.00,
    "a10g-largex4": 5.00,
    "a100-large": 2.50,
}
_PER_HOUR = {"minute": 60, "hour": 1, "second": 3600}

# (SDK, plan of the namespace) → (hardware of a new Space, why, warning). A plan is free, paid or unknown.
# Source: https://huggingface.co/docs/hub/spaces-overview and spaces-zerogpu (2026-08).
_DEFAULTS: dict[tuple[str, str], tuple[str | None, str, str | None]] = {
    ("gradio", "free"): (
        ZERO_GPU,
        "A free personal account hosts Gradio Spaces on ZeroGPU, up to two.",
        "ZeroGPU asks for an account in good standing: a verified e-mail address, older than 30 days, fewer than two such Spaces.",
    ),
    ("gradio", "paid"): (BASIC, "The plan of this account includes the basic CPU.", None),
    ("gradio", "unknown"): (
        BASIC,
        "Organizations start on the basic CPU.",
        "The Hub refuses this (402) if the organization has no paid plan.",
    ),
    ("docker", "free"): (
        BASIC,
        "Docker Spaces start on the basic CPU.",
        "Docker Spaces need a paid plan (PRO, Team or Enterprise), and this account has none: the Hub will refuse it (402). "
        "A static Space is free for everyone.",
    ),
    ("docker", "paid"): (BASIC, "The plan of this account includes the basic CPU.", None),
    ("docker", "unknown"): (
        BASIC,
        "Docker Spaces start on the basic CPU.",
        "Docker Spaces need a paid plan: the Hub refuses this (402) if the organization has none.",
    ),
}


@dataclass(frozen=True)
class Hardware:
    """`id` None means none at all (a static Space). `payer` is the account billed, or None when nothing is."""

    id: str | None
    why: str
    cost_per_hour: float
    payer: str | None
    warnings: tuple[str, ...] = ()


async def choose(
    hub: Hub, caller: Caller, account: Account, *, namespace: str, sdk: str, wanted: str | None, current: str | None
) -> Hardware:
    """The hardware a deploy will use.

    Args:
        namespace: where the Space is or will be.
        sdk: gradio, static or docker.
        wanted: what the person asked for; None leaves an existing Space as it is and takes the free kind for a new one.
        current: what an existing Space has; None for a new one.

    Raises InvalidInput for a static Space with hardware, or an id the Hub does not know.
    """
    if sdk == "static":
        if wanted:
            raise InvalidInput("A static Space has no hardware.", "Leave the hardware out; static Spaces are free.")
        return Hardware(None, "A static page is served without a machine of its own.", 0.0, None)
    if hub.local:
        return Hardware(wanted or current or BASIC, "The Local Hub runs it on this machine.", 0.0, None)
    warnings: list[str] = []
    if wanted or current:
        chosen = wanted or current
        why = "You asked for it." if wanted else "The Space already runs on it."
    else:
        chosen, why, warning = _DEFAULTS[sdk, plan_of(account, namespace)]
        warnings += [warning] if warning else []
    if chosen == ZERO_GPU and sdk != "gradio":
        raise InvalidInput("ZeroGPU runs Gradio Spaces only.", "Choose another hardware, or make it a Gradio Space.")
    cost = await price(hub, caller, chosen)
    if wanted and plan_of(account, namespace) == "free" and cost == 0 and chosen != ZERO_GPU:
        warnings.append(f"A free account cannot create a {sdk} Space on {chosen}: the Hub will refuse it (402).")
    if cost > 0:
        warnings.append(f"{chosen} costs ${cost:.2f} an hour while it runs, also when nobody uses it.")
    return Hardware(chosen, why, cost, namespace if cost > 0 else None, tuple(warnings))


def plan_of(account: Account, namespace: str) -> str:
    """free, paid, or unknown for an organization whose plan the Hub does not tell."""
    if namespace.lower() == account.name.lower():
        return "paid" if account.is_pro else "free"
    organization = account.organization(namespace)
    return "paid" if organization and organization.can_pay else "unknown"


async def price(hub: Hub, caller: Caller, hardware: str) -> float:
    """Dollars per hour, from the Hub's list (kept an hour), else from the table here; `InvalidInput` for an unknown id."""

    async def fetch() -> dict[str, float]:
        return await hub.ask(caller, lambda api: _prices(api.list_spaces_hardware()), doing="read the prices", timeout=10)

    try:
        listed = await hub.remembered(caller, "hardware", 3600, fetch)
    except SpacesError:
        listed = {}
    known = PRICES | listed
    if hardware not in known:
        raise InvalidInput(f"{hardware!r} is not a hardware of Spaces.", f"Choose one of: {', '.join(known)}.")
    return known[hardware]


def _prices(hardware: list[Any]) -> dict[str, float]:
    return {
        one.name: round(one.unit_cost_usd * _PER_HOUR[one.unit_label], 4)
        for one in hardware
        if one.unit_label in _PER_HOUR and one.unit_cost_usd is not None
    }
