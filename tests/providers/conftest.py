"""Two upstreams, keys toward them, and a router with small timeouts."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest

from core.providers import Key, Prompt, Timeouts
from core.secrets import Secret
from tests.providers.upstream import Upstream, upstream

FIRST_KEY = "sk-first-abcdefghijklmnop-1111"
SECOND_KEY = "sk-second-qrstuvwxyzabcdef-2222"
QUICK = Timeouts(connect=1.0, first_byte=0.4, own=0.4, idle=0.4, whole=8.0)


@pytest.fixture
def first() -> Iterator[Upstream]:
    with upstream("first") as made:
        yield made


@pytest.fixture
def second() -> Iterator[Upstream]:
    with upstream("second") as made:
        yield made


def key(at: Upstream | str, provider: str = "mine", *, secret: str | None = FIRST_KEY, **more) -> Key:
    base = at if isinstance(at, str) else at.base_url
    given = {"id": f"{provider}-{base}", "label": f"{provider} key", "allow_private": True, **more}
    return Key(provider=provider, secret=Secret(secret) if secret else None, base_url=base, **given)


def ask(model: str | None = "ok", **more) -> Prompt:
    return Prompt(messages=({"role": "user", "content": "say hello"},), model=model, **more)


def run(coroutine):
    return asyncio.run(coroutine)
