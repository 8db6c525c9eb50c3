"""Hugging Face's router: one token, many inference providers. `org/name`, then `:fastest`, `:cheapest`, `:preferred` or `:<provider>`."""

from __future__ import annotations

import re

from core.errors import InvalidInput
from core.providers.provider import Provider
from core.providers.values import Prompt

_NAME = re.compile(r"[\w.-]{1,96}", re.ASCII)


def headers(prompt: Prompt) -> dict[str, str]:
    """`X-HF-Bill-To`, when an organisation or resource group pays."""
    if prompt.bill_to is None:
        return {}
    if not _NAME.fullmatch(prompt.bill_to):
        raise InvalidInput("bill_to is not the name of an organisation.", "Choose one of the account's organisations.")
    return {"X-HF-Bill-To": prompt.bill_to}


def bare(model: str) -> str:
    """The model id without its routing suffix."""
    return model.partition(":")[0]


ROW = Provider(
    id="huggingface",
    title="Hugging Face",
    base_url="https://router.huggingface.co/v1",
    headers=headers,
    bare=bare,
    bills=True,
)
