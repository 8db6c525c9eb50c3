"""The kinds of hardware a Space can ask for, and who may. Whatever is asked for, it runs on this machine's processor."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

from core.errors import InvalidInput, PaymentRequired
from core.localhub.users import Identity, Org

# Names, sizes and hourly prices: https://huggingface.co/docs/hub/spaces-gpus (2026).
FILE = Path(__file__).parent / "catalogue" / "hardware.json"
ZERO_GPU = "zero-a10g"


@cache
def kinds() -> tuple[dict[str, Any], ...]:
    """Every kind as `/api/spaces/hardware` tells it; costs are per minute."""
    return tuple(_shape(kind) for kind in json.loads(FILE.read_text("utf-8")))


def check_request(flavor: str, sdk: str | None, who: Identity, org: Org | None) -> str:
    """The hardware, if a Space of this sdk in the user's or organization's namespace may ask for it.

    Errors: `InvalidInput` for a kind that does not exist or does not fit; `PaymentRequired` where nobody can pay.
    """
    chosen = next((kind for kind in kinds() if kind["name"] == flavor), None)
    if chosen is None:
        names = ", ".join(kind["name"] for kind in kinds())
        raise InvalidInput(f'"flavor" must be one of [{names}]')
    if sdk == "static":
        raise InvalidInput("Static Spaces have no hardware")
    if flavor == ZERO_GPU and sdk != "gradio":
        raise InvalidInput("ZeroGPU is for Gradio Spaces only")
    pays = bool(org.plan) if org else who.user.canPay
    if chosen["unitCostMicroUSD"] and not pays:
        raise PaymentRequired(f"A payment method is needed to use {flavor}.", "Choose cpu-basic, or add a payment method.")
    return flavor


def _shape(kind: dict[str, Any]) -> dict[str, Any]:
    per_minute = round(kind["hourly"] / 60 * 1_000_000)
    accelerator = None
    if "accelerator" in kind:
        model, quantity, vram = kind["accelerator"]
        accelerator = {"type": "gpu", "model": model, "quantity": str(quantity), "vram": vram, "manufacturer": "Nvidia"}
    return {
        "name": kind["name"],
        "prettyName": kind["prettyName"],
        "cpu": kind["cpu"],
        "ram": kind["ram"],
        "ephemeralStorage": "50 GB",
        "accelerator": accelerator,
        "unitCostMicroUSD": per_minute,
        "unitCostUSD": per_minute / 1_000_000,
        "unitLabel": "minute",
    }
