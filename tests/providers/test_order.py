"""Who is asked first: every row of the configuration's ordering, and who is left out with which reason."""

from __future__ import annotations

from dataclasses import replace

import pytest

from core.providers import Key, ModelFacts, Price, Prompt, Unlimited
from core.providers.order import candidates, estimate, prompt_tokens
from core.providers.table import PROVIDERS
from core.secrets import Secret

HF, OR, SH = "huggingface", "openrouter", "sheikh"


def key(provider: str, number: int = 1, **more) -> Key:
    return Key(id=f"{provider}{number}", provider=provider, label=f"{provider}{number}", **{"secret": Secret("k" * 20), **more})


def own(name: str, **more) -> Key:
    return key(name, base_url="https://example.org/v1", **more)


def prompt(**more) -> Prompt:
    return Prompt(**{"messages": ({"role": "user", "content": "hi"},), "model": "m", **more})


ROWS = [
    # what stands in the configuration               | what is asked                        | the order
    ("the defaults", [own("x"), key(SH), key(OR), key(HF)], {}, ["huggingface1", "openrouter1", "sheikh1", "x1"]),
    ("others stay as given", [own("y"), own("x"), key(HF)], {}, ["huggingface1", "y1", "x1"]),
    ("priority before the defaults", [key(HF), key(OR), key(SH, priority=True)], {}, ["sheikh1", "huggingface1", "openrouter1"]),
    ("openrouter's priority before sheikh's", [key(SH, priority=True), key(OR, priority=True), key(HF)], {}, ["openrouter1", "sheikh1", "huggingface1"]),
    ("a custom provider's priority", [key(HF), own("x", priority=True)], {}, ["x1", "huggingface1"]),
    ("your order before priority", [key(HF, position=1), key(OR, priority=True), own("x", position=0)], {}, ["x1", "huggingface1", "openrouter1"]),
    ("always before your order", [key(HF, position=0), key(OR, always_use_this_key=True)], {}, ["openrouter1", "huggingface1"]),
    ("prefer before always", [key(HF), key(OR, always_use_this_key=True), key(SH)], {"prefer": "sheikh"}, ["sheikh1", "openrouter1", "huggingface1"]),
    ("prefer is a list in its order", [key(HF), key(OR), key(SH)], {"prefer": ("sheikh", "openrouter")}, ["sheikh1", "openrouter1", "huggingface1"]),
    ("prefer as text", [key(HF), key(OR), key(SH)], {"prefer": "openrouter, sheikh"}, ["openrouter1", "sheikh1", "huggingface1"]),
    ("prefer before priority", [key(OR, priority=True), key(HF)], {"prefer": "huggingface"}, ["huggingface1", "openrouter1"]),
    ("an unknown preference changes nothing", [key(OR), key(HF)], {"prefer": "nobody"}, ["huggingface1", "openrouter1"]),
    ("explicit before everything", [key(HF, position=0), key(OR, always_use_this_key=True), own("x")], {"provider": "x", "prefer": "huggingface"},
     ["x1", "huggingface1", "openrouter1"]),
    ("explicit keeps the others behind it", [key(HF), key(OR), key(SH)], {"provider": "openrouter"}, ["openrouter1", "huggingface1", "sheikh1"]),
    ("explicit without a key leaves the others", [key(HF)], {"provider": "openrouter"}, ["huggingface1"]),
    ("explicit alone", [key(HF), key(OR)], {"provider": "openrouter", "fallback": False}, ["openrouter1"]),
    ("two keys of one provider as given", [key(OR, 2), key(OR, 1)], {}, ["openrouter2", "openrouter1"]),
    ("two keys of one provider by place", [key(OR, 2, position=1), key(OR, 1, position=0)], {"provider": "openrouter"}, ["openrouter1", "openrouter2"]),
    ("two keys of one provider by priority", [key(OR, 1), key(OR, 2, priority=True)], {"prefer": "openrouter"}, ["openrouter2", "openrouter1"]),
    ("always: no other key of that provider", [key(OR, 1), key(OR, 2, always_use_this_key=True), key(HF)], {}, ["openrouter2", "huggingface1"]),
    ("always without a key is misconfigured", [key(OR, always_use_this_key=True, secret=None), key(HF)], {}, ["huggingface1"]),
    ("a local server needs no key", [own("x", secret=None), key("ollama", secret=None)], {}, ["x1", "ollama1"]),
    ("switched off", [key(HF, disabled=True), key(OR)], {}, ["openrouter1"]),
]  # fmt: skip


@pytest.mark.parametrize(("keys", "asked", "expected"), [row[1:] for row in ROWS], ids=[row[0] for row in ROWS])
def test_the_order(keys, asked, expected):
    found, _ = candidates(prompt(**asked), keys, catalog=Unlimited(), prices=Unlimited())
    assert [candidate.key.id for candidate in found] == expected
    assert all(candidate.reason for candidate in found)


class Known(Unlimited):
    """A catalog with one model at one provider."""

    def __init__(self, facts=None, price=None):
        self.facts, self.known_price = facts, price

    def find(self, provider, model):
        return self.facts if model == "org/m" else None

    def lists(self, provider):
        return True

    def price(self, provider, model):
        return self.known_price if model.partition(":")[0] == "org/m" else None


IMAGE = ({"role": "user", "content": [{"type": "text", "text": "what is it"}, {"type": "image_url", "image_url": {"url": "data:x"}}]},)
SKIPS = [
    ("no key", key(HF, secret=None), {}, Known(ModelFacts()), "no key"),
    ("not in the catalog", key(HF), {"model": "org/none"}, Known(ModelFacts()), "not in its catalog"),
    ("cannot call tools", key(HF), {"tools": ({"type": "function"},)}, Known(ModelFacts(tools=False)), "tools"),
    ("cannot see", key(HF), {"messages": IMAGE}, Known(ModelFacts(vision=False)), "images"),
    ("does not fit", key(HF), {"max_tokens": 2_000}, Known(ModelFacts(context=1_000)), "context of 1000"),
    ("over max price", key(HF), {"max_price": 1.0}, Known(ModelFacts(), Price(0.5, 2.0)), "costs 2 USD"),
    ("unknown price under a limit", key(HF), {"max_price": 1.0}, Known(ModelFacts()), "price is not known"),
    ("no model", key(HF), {"model": None}, Known(ModelFacts()), "no model"),
    ("a key for other models", own("x", models=("a", "b")), {}, Unlimited(), "the key is for a"),
    ("switched off", key(HF, disabled=True), {}, Known(ModelFacts()), "switched off"),
]  # fmt: skip


@pytest.mark.parametrize(("given", "asked", "catalog", "words"), [row[1:] for row in SKIPS], ids=[row[0] for row in SKIPS])
def test_a_skipped_one_says_why(given, asked, catalog, words):
    found, skipped = candidates(prompt(**{"model": "org/m", **asked}), [given], catalog=catalog, prices=catalog)
    assert found == [] and len(skipped) == 1
    assert words in skipped[0].reason and skipped[0].key_label == given.label


def test_what_a_catalog_does_not_know_is_not_held_against_a_model():
    asked = prompt(model="org/m", tools=({"type": "function"},), messages=IMAGE, max_tokens=10**6)
    found, _ = candidates(asked, [key(HF)], catalog=Known(ModelFacts()), prices=Unlimited())
    assert len(found) == 1


@pytest.mark.parametrize(("provider", "model"), [
    (HF, "org/m:fastest"), (HF, "org/m:cheapest"), (HF, "org/m:groq"), (OR, "org/m:nitro"), (OR, "org/m:floor"),
])  # fmt: skip
def test_a_routing_suffix_is_not_part_of_the_catalogs_name(provider, model):
    catalog = Known(ModelFacts(), Price(1.0, 1.0))
    found, _ = candidates(prompt(model=model, max_price=2.0), [key(provider)], catalog=catalog, prices=catalog)
    assert [candidate.model for candidate in found] == [model]


def test_a_keys_first_model_is_its_default():
    found, _ = candidates(prompt(model=None), [own("x", models=("small", "large"))], catalog=Unlimited(), prices=Unlimited())
    assert found[0].model == "small"


def test_an_estimate_counts_prompt_and_answer_and_is_unknown_without_a_price():
    catalog = Known(ModelFacts(), Price(1.0, 10.0))
    asked = prompt(model="org/m", max_tokens=1_000, messages=({"role": "user", "content": "x" * 3_000},))
    candidate = candidates(asked, [key(HF)], catalog=catalog, prices=catalog)[0][0]
    assert estimate(asked, candidate, catalog=catalog, prices=catalog) == pytest.approx((1_005 + 10_000) / 1e6, rel=0.01)
    assert estimate(asked, candidate, catalog=catalog, prices=Unlimited()) is None
    assert prompt_tokens(prompt(messages=IMAGE)) > 1_000


def test_the_host_a_suffix_names_is_the_one_that_is_paid_for():
    class Hosts(Known):
        def price(self, provider, model):
            return {"org/m": Price(8.0, 80.0), "org/m:novita": Price(1.0, 10.0)}[model]

    catalog = Hosts(ModelFacts())
    for model, output, dear in (("org/m:novita", 10.0, False), ("org/m", 80.0, True)):
        asked = prompt(model=model, max_tokens=1_000_000, max_price=20.0)
        found, skipped = candidates(asked, [key(HF)], catalog=catalog, prices=catalog)
        assert [bool(found), bool(skipped)] == [not dear, dear]
        candidate = candidates(replace(asked, max_price=None), [key(HF)], catalog=catalog, prices=catalog)[0][0]
        assert estimate(asked, candidate, catalog=catalog, prices=catalog) == pytest.approx(output, rel=0.01)


def test_every_provider_is_one_row():
    assert len(PROVIDERS) >= 15
    for name, row in PROVIDERS.items():
        assert row.id == name and (row.wire == "exotic" or row.base_url)
        assert row.local or row.wire == "exotic" or row.base_url.startswith("https://")
