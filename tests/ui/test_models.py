"""The picker where there is nothing to pick."""

import asyncio

from ui.parts import models
from tests.ui.conftest import request


def test_beside_the_local_hub_an_empty_picker_says_why_at_once(bind):
    found = asyncio.run(bind.ask("provider_models", {}, request()))
    assert found["items"] == [] and found["meta"]["sources"] == []  # nothing was tried, so nothing can hang
    assert "Local Hub" in found["meta"]["note"] and "until there is a key" in found["meta"]["note"]
    for query, keys in (("", False), ("llama", False), ("", True)):
        drawn = models.models([], total=0, sources=[], query=query, chosen=None, keys=keys, note=found["meta"]["note"])
        assert "The Local Hub itself answers no prompts" in drawn and "Ollama" in drawn


def test_where_lists_are_read_the_picker_blames_no_hub(public_house):
    from core.doors.session import Sessions
    from ui.bind import Bind

    bind = Bind(public_house, Sessions())
    assert public_house.providers.nothing_listed(asyncio.run(bind.caller(request()))) is None
    assert "Local Hub" not in models.models([], total=0, sources=[], query="", chosen=None, keys=False)
