"""Which model a role takes: data decides, and what the provider serves now."""

import typing

import pytest

from core.agent.models import choose, is_small, table
from core.agent.values import Role
from core.providers import Price
from core.providers.catalog import List, View
from core.providers.catalog_sources import Model


def view(*models):
    lists = {}
    for one in models:
        lists.setdefault(one.provider, List(one.provider)).models[one.id] = one
    return View({name: [one] for name, one in lists.items()}, 0.0)


def model(id, provider="openrouter", output=10.0, **more):
    return Model(provider, id, id, price=Price(1.0, output), **{"context": 200_000, "tools": True, **more})


OPUS = model("anthropic/claude-opus-5", output=25.0)
SONNETS = [model("anthropic/claude-sonnet-4.6", output=15.0, created=1), model("anthropic/claude-sonnet-5", output=15.0, created=2)]


@pytest.mark.parametrize("role", ["plan", "code"])
def test_planning_and_code_take_the_chats_own(role):
    chosen = choose(role, model=OPUS.id, provider="openrouter", effort="max", view=view(OPUS, *SONNETS))
    assert (chosen.model, chosen.provider, chosen.effort) == (OPUS.id, "openrouter", "max")


@pytest.mark.parametrize("role", ["research", "summarise"])
def test_reading_takes_a_cheaper_one_of_the_family(role):
    assert choose(role, model=OPUS.id, view=view(OPUS, *SONNETS)).model == "anthropic/claude-sonnet-5"


@pytest.mark.parametrize(
    ("mine", "others", "expected"),
    [
        (OPUS, [model("anthropic/claude-sonnet-4.6", output=15.0)], "anthropic/claude-sonnet-4.6"),
        (OPUS, [], None),
        (OPUS, [model("anthropic/claude-sonnet-5", output=80.0)], None),
        (OPUS, [model("anthropic/claude-sonnet-5", tools=False)], None),
        (OPUS, [model("anthropic/claude-sonnet-5", context=16_000)], None),
        (OPUS, [model("anthropic/claude-sonnet-5", provider="elsewhere")], None),
        (model("openai/gpt-5.2"), [model("openai/gpt-5.2-mini", output=1.0), model("openai/gpt-5.2-codex")], "openai/gpt-5.2-mini"),
        (model("openai/gpt-5.2-mini"), [model("openai/gpt-5-mini", output=0.5)], None),
        (model("google/gemini-3-pro"), [model("google/gemini-3-flash", output=1.0)], "google/gemini-3-flash"),
        (model("anthropic/claude-haiku-5", output=3.0), [model("anthropic/claude-sonnet-5", output=1.0)], None),
        (model("somebody/else"), [model("somebody/else-mini", output=0.1)], None),
    ],
)
def test_what_is_served_and_fits_and_costs_no_more(mine, others, expected):
    assert choose("research", model=mine.id, view=view(mine, *others)).model == (expected or mine.id)


def test_a_routing_suffix_does_not_hide_the_model():
    assert choose("research", model=f"{OPUS.id}:nitro", view=view(OPUS, *SONNETS)).model == "anthropic/claude-sonnet-5"


def test_an_alias_that_stands_in_no_list_takes_an_alias():
    chosen = choose("research", model="~anthropic/claude-opus-latest", provider="openrouter", view=view(*SONNETS))
    assert (chosen.model, chosen.provider) == ("~anthropic/claude-sonnet-latest", "openrouter")
    assert choose("research", model="~moonshotai/kimi-latest", view=view(*SONNETS)).model == "~moonshotai/kimi-latest"


def test_only_providers_with_a_key_count():
    known = view(OPUS, *SONNETS)
    assert choose("research", model=OPUS.id, view=known, keyed={"huggingface"}).model == OPUS.id
    assert choose("research", model=OPUS.id, view=known, keyed={"openrouter"}).provider == "openrouter"


def test_without_a_list_or_a_choice_nothing_is_made_up():
    assert choose("research", model=OPUS.id, provider="p").model == OPUS.id
    nothing = choose("research", view=view(OPUS, *SONNETS))
    assert (nothing.model, nothing.provider) == (None, None)


@pytest.mark.parametrize(
    ("role", "wished", "taken"),
    [("research", "max", "high"), ("research", "xhigh", "high"), ("research", "low", "low"), ("research", None, None), ("code", "xhigh", "xhigh"), ("summarise", "high", "low")],
)
def test_effort_is_capped_by_role(role, wished, taken):
    assert choose(role, effort=wished).effort == taken


@pytest.mark.parametrize(
    ("id", "small"),
    [
        ("Qwen/Qwen3-8B", True), ("google/gemma-4-12b-it:free", True), ("meta-llama/Llama-3.2-1B-Instruct", True), ("llama3.1:8b", True), ("x/phi-3.8b", True),
        ("Qwen/Qwen3-30B-A3B", False), ("openai/gpt-oss-20b", False), ("anthropic/claude-opus-5", False), ("openai/gpt-5-mini", False), (None, False), ("8b/model", False),
    ],
)  # fmt: skip
def test_small_models_are_told_by_their_ids(id, small):
    assert is_small(id) is small


def test_the_table_has_a_row_for_each_role():
    assert set(table()["roles"]) == set(typing.get_args(Role))


def test_where_nobody_named_a_model_one_is_chosen_that_is_served():
    listed = view(model("tiny/one", provider="mine", context=8_000, created=9, tools=False), model("some/coder", provider="mine", created=2))
    named = choose("plan", view=listed, keyed=["mine"], bare=True)
    assert (named.model, named.provider) == ("some/coder", "mine")
    assert choose("plan", view=listed, keyed=["mine"]).model is None  # a key says which it is for
    assert choose("plan", view=listed, keyed=["other"], bare=True).model is None
    assert choose("plan", model="my/own", view=listed, keyed=["mine"], bare=True).model == "my/own"
