"""An instance whose OpenRouter and Hub are an account on loopback, for what a person does with their own keys."""

from __future__ import annotations

import logging
from collections.abc import Iterator

import pytest

from core.settings import HuggingFace, Provider
from tests.doors.test_providers import HUB_TOKEN, Door, opened
from tests.providers.openrouter_account import MANAGER, Account, account_at
from tests.providers.upstream import Upstream, upstream

MINE = "sk-or-v1-mine-0123456789abcdef-MINE"
# What was asked for to be copied, and the one answer that held it.
ONCE: dict[str, str] = {}


@pytest.fixture
def at() -> Iterator[Upstream]:
    with upstream("openrouter") as made:
        yield made


@pytest.fixture
def account(at) -> Account:
    made = account_at(at)
    made.keys[MINE] = {"limit": 10}
    return made


@pytest.fixture
def door(tmp_path, at, account, caplog) -> Iterator[Door]:
    """An instance whose OpenRouter is the account's. At the end no key, verifier or copy's secret is found where it should not be."""
    caplog.set_level(logging.DEBUG)
    hub = HuggingFace(endpoint=at.base_url.removesuffix("/v1"), url=at.base_url)
    with opened(tmp_path, providers={"openrouter": Provider(url=at.base_url)}, huggingface=hub) as made:
        yield made
        tables = ("spending", "spent", "receipts", "audit", "seals", "runs")
        stored = [str(tuple(row)) for table in tables for row in made.house.store._execute(f"SELECT * FROM {table}", ())]
        sent = [seen.body.get("code_verifier") for seen in at.requests if seen.path == "/v1/auth/keys" and isinstance(seen.body, dict)]
    files = b"".join(path.read_bytes() for path in (tmp_path / "data").rglob("*") if path.is_file())
    for secret in (MINE, MANAGER, HUB_TOKEN, *account.made, *filter(None, sent)):
        for text in (*made.said, *stored, caplog.text):
            assert secret not in text.replace(ONCE.get(secret, "\0"), "")
        assert secret.encode() not in files
