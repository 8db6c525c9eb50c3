"""The lists of many upstreams, merged into one unit; old ones serve while new ones are read."""

import asyncio
import json
from pathlib import Path

import pytest

from core.providers import Key, ModelFacts, Price
from core.providers import catalog as catalogs
from core.providers import catalog_sources as read
from core.providers.catalog import Catalog
from core.providers.picking import TASKS, recommend, search_models, tasks
from core.providers.policy import Fault
from core.secrets import Secret

HF = {"data": [
    {"id": "deepseek-ai/DeepSeek-V4-Pro", "created": 1776837885, "architecture": {"input_modalities": ["text"]}, "providers": [
        {"provider": "novita", "status": "live", "context_length": 1048576, "pricing": {"input": 1.69, "output": 3.38}, "supports_tools": True, "first_token_latency_ms": 1490, "throughput": 24.7},
        {"provider": "cheap", "status": "live", "context_length": 65536, "pricing": {"input": 0.5, "output": 1.0}, "supports_tools": False},
        {"provider": "down", "status": "error", "pricing": {"input": 99, "output": 99}}]},
    {"id": "google/gemma-4-31B-it", "architecture": {"input_modalities": ["text", "image"]}, "providers": [{"provider": "free", "status": "live", "is_free": True, "context_length": 32768}]},
    {"id": "gone/model", "providers": [{"provider": "down", "status": "error"}]},
]}  # fmt: skip
OPENROUTER = {"data": [
    {"id": "anthropic/claude-sonnet-5", "name": "Claude Sonnet 5", "context_length": 1000000, "architecture": {"input_modalities": ["text", "image"]},
     "pricing": {"prompt": "0.000003", "completion": "0.000015"}, "top_provider": {"max_completion_tokens": 64000}, "supported_parameters": ["tools", "max_tokens"]},
    {"id": "openrouter/auto", "pricing": {"prompt": "-1", "completion": "-1"}, "supported_parameters": []},
    {"id": "some/small:free", "pricing": {"prompt": "0", "completion": "0"}, "context_length": 8192, "supported_parameters": ["temperature"]},
]}  # fmt: skip
HF_KEY = Key("1", "huggingface", secret=Secret("hf_0123456789abcdef"))
OR_KEY = Key("2", "openrouter", secret=Secret("sk-or-v1-0123456789"))
BODIES = {"huggingface": HF, "openrouter": OPENROUTER, "mine": {"data": [{"id": "llama3", "max_model_len": 8192}]}}


def merged(*keys: Key, clock=None) -> catalogs.View:
    async def fetch(key):
        return BODIES[key.provider]

    async def ask():
        return await Catalog(fetch).load(keys, wait=5)

    return asyncio.run(ask())


def test_prices_of_both_routers_are_usd_per_million_tokens():
    view = merged(HF_KEY, OR_KEY)
    assert view.price("huggingface", "deepseek-ai/DeepSeek-V4-Pro") == Price(1.69, 3.38)
    price = view.price("openrouter", "anthropic/claude-sonnet-5")
    assert (price.input, price.output) == pytest.approx((3.0, 15.0))


@pytest.mark.parametrize(("model", "output"), [
    ("deepseek-ai/DeepSeek-V4-Pro", 3.38), ("deepseek-ai/DeepSeek-V4-Pro:fastest", 3.38), ("deepseek-ai/DeepSeek-V4-Pro:cheapest", 1.0),
    ("deepseek-ai/DeepSeek-V4-Pro:cheap", 1.0), ("deepseek-ai/DeepSeek-V4-Pro:novita", 3.38), ("google/gemma-4-31B-it", 0.0),
])  # fmt: skip
def test_the_price_is_that_of_the_host_that_answers_or_of_the_dearest(model, output):
    assert merged(HF_KEY).price("huggingface", model).output == output


def test_what_is_unknown_stays_unknown_and_is_not_nothing():
    view = merged(OR_KEY, Key("3", "mine", base_url="https://mine.example/v1"))
    assert view.price("openrouter", "openrouter/auto") is None and view.price("mine", "llama3") is None
    assert view.find("mine", "llama3") == ModelFacts(context=8192)
    assert view.price("openrouter", "some/small:free") == Price(0.0, 0.0)


def test_facts_are_those_of_the_hosts_that_live():
    view = merged(HF_KEY)
    assert view.find("huggingface", "deepseek-ai/DeepSeek-V4-Pro") == ModelFacts(context=1048576, tools=True, vision=False)
    assert view.find("huggingface", "google/gemma-4-31B-it").vision is True
    assert view.find("huggingface", "gone/model") is None and view.lists("huggingface")


def test_only_a_whole_list_says_that_a_model_does_not_exist():
    view = merged(HF_KEY, OR_KEY, Key("3", "mine", base_url="https://mine.example/v1"))
    assert view.lists("openrouter") and not view.lists("mine") and not view.lists("nobody")
    assert view.find("openrouter", "~anthropic/claude-sonnet-latest") == ModelFacts()
    assert view.find("openrouter", "no/such") is None


NONSENSE = [None, 7, "text", [], {}, {"data": None}, {"data": "x"}, {"data": [1, None, "x", {}, {"id": 7}, {"id": ""}, {"id": "x" * 999}]},
            {"data": [{"id": "a", "providers": "x", "pricing": [1], "architecture": 7, "context_length": "many", "top_provider": 1, "supported_parameters": {}}]},
            {"data": [{"id": "b", "providers": [{"pricing": {"input": "NaN", "output": "-3"}, "status": 7, "throughput": True, "context_length": 1e400}]}]}]  # fmt: skip


@pytest.mark.parametrize("body", NONSENSE)
@pytest.mark.parametrize("reader", [read.huggingface, read.openrouter, read.compatible])
def test_a_list_of_nonsense_gives_no_price_and_no_trouble(reader, body):
    for model in reader("p", body):
        assert model.price is None and len(model.id) <= 200
        json.dumps(model.to_dict(), allow_nan=False)


def test_a_made_up_list_does_not_make_anothers_model_cheap():
    evil = Key("9", "huggingface", secret=Secret("hf_0123456789abcdef"), base_url="https://evil.example/v1")
    cheap = {"data": [{"id": "deepseek-ai/DeepSeek-V4-Pro", "providers": [{"provider": "x", "is_free": True}]}]}

    async def fetch(key):
        if key.base_url:
            return cheap
        await held.wait()
        return HF

    async def ask():
        catalog = Catalog(fetch)
        before = await catalog.load([evil, HF_KEY], wait=0.05)
        unread = before.price("huggingface", "deepseek-ai/DeepSeek-V4-Pro")
        held.set()
        after = await catalog.load([evil, HF_KEY], wait=5)
        return unread, after.price("huggingface", "deepseek-ai/DeepSeek-V4-Pro")

    held = asyncio.Event()
    assert asyncio.run(ask()) == (None, Price(1.69, 3.38))


class Lists:
    """Counts who asks for which list; `gate` holds every answer back, `fault` replaces them."""

    def __init__(self):
        self.asked = []
        self.gate = asyncio.Event()
        self.gate.set()
        self.fault = None
        self.now = 1000.0

    async def fetch(self, key):
        self.asked.append((key.provider, key.secret))
        await self.gate.wait()
        if self.fault:
            raise self.fault
        return BODIES[key.provider]


def test_a_request_never_waits_for_a_slow_list():
    async def ask():
        lists = Lists()
        lists.gate.clear()
        catalog = Catalog(lists.fetch)
        began = asyncio.get_running_loop().time()
        view = await catalog.load([HF_KEY], wait=0.05)
        took = asyncio.get_running_loop().time() - began
        before = view.find("huggingface", "google/gemma-4-31B-it"), view.lists("huggingface")
        lists.gate.set()
        await catalog.load([HF_KEY], wait=5)
        after = view.find("huggingface", "google/gemma-4-31B-it")
        await catalog.close()
        return took, before, after, len(lists.asked)

    took, before, after, asked = asyncio.run(ask())
    assert took < 1 and before == (None, False) and after is not None and asked == 1


def test_an_old_list_serves_while_a_new_one_is_read_and_after_that_failed():
    async def ask():
        lists = Lists()
        catalog = Catalog(lists.fetch, clock=lambda: lists.now)
        await catalog.load([HF_KEY], wait=5)
        catalog.view([HF_KEY])
        assert len(lists.asked) == 1  # fresh
        lists.now += catalogs.FRESH_SECONDS + 1
        lists.fault = Fault("network", "cannot be reached.")
        assert catalog.view([HF_KEY]).lists("huggingface")
        await asyncio.sleep(0.01)
        view = catalog.view([HF_KEY])
        assert len(lists.asked) == 2  # a failure is not repeated at once
        assert view.price("huggingface", "google/gemma-4-31B-it") and view.sources()[0]["error"] == "cannot be reached."
        lists.now += catalogs.RETRY_SECONDS + 1
        lists.fault = None
        catalog.view([HF_KEY])
        await asyncio.sleep(0.05)
        assert len(lists.asked) == 3 and catalog.view([HF_KEY]).sources()[0]["error"] is None

    asyncio.run(ask())


def test_open_lists_are_shared_and_others_belong_to_their_key():
    async def ask():
        lists = Lists()
        catalog = Catalog(lists.fetch)
        other = Key("9", "huggingface", secret=Secret("hf_somebody_elses"))
        mine, theirs = (Key(name, "mine", secret=Secret(name * 12), base_url="https://mine.example/v1") for name in "ab")
        await catalog.load([HF_KEY, other, mine, theirs], wait=5)
        again = [key.provider for key in (HF_KEY, other, mine, theirs) if catalog.view([key]).sources()]
        assert len(again) == 4
        assert sorted(provider for provider, _ in lists.asked) == ["huggingface", "mine", "mine"]
        catalog.forget(mine)
        await catalog.load([mine, theirs], wait=5)
        assert len(lists.asked) == 4

    asyncio.run(ask())


def test_a_list_whose_reading_breaks_is_told_and_ends_nothing():
    async def broken(key):
        raise RuntimeError("secret words")

    async def ask():
        return (await Catalog(broken).load([HF_KEY], wait=5)).sources()

    (source,) = asyncio.run(ask())
    assert source["models"] == 0 and "RuntimeError" in source["error"] and "secret words" not in source["error"]


def test_models_are_found_by_every_word_and_the_exact_id_first():
    models = merged(HF_KEY, OR_KEY).models()
    assert [model.id for model in search_models(models, "claude SONNET")] == ["anthropic/claude-sonnet-5"]
    assert search_models(models, "openrouter/auto")[0].id == "openrouter/auto"
    assert search_models(models, "claude gemma") == [] and len(search_models(models)) == 5


@pytest.mark.parametrize("task", TASKS)
def test_only_what_is_served_now_and_fits_is_recommended(task):
    models = merged(HF_KEY, OR_KEY).models()
    picked = recommend(models, task)
    served = {(model.provider, model.id) for model in models}
    assert picked and all((one.model.provider, one.model.id) in served and one.reason for one in picked)
    assert len({(one.model.provider, one.model.id) for one in picked}) == len(picked)


def test_the_named_come_first_and_then_the_cheapest_that_fit():
    models = merged(HF_KEY, OR_KEY).models()
    assert [one.model.id for one in recommend(models, "vision")][0] == "google/gemma-4-31B-it"
    assert [one.model.id for one in recommend(models, "plan")] == ["deepseek-ai/DeepSeek-V4-Pro", "anthropic/claude-sonnet-5"]
    assert recommend([], "plan") == []


def test_the_data_file_names_every_task():
    assert set(tasks()) == set(TASKS)
    assert all(row["title"] and row["models"] and isinstance(row["needs"], dict) for row in tasks().values())


def test_the_recorded_list_of_the_router_is_read():
    (model,) = read.huggingface("huggingface", json.loads(Path(__file__).with_name("router_models.json").read_text()))
    assert model.id == "deepseek-ai/DeepSeek-V4-Pro" and model.price == Price(1.69, 3.38) and model.tools is True and len(model.hosts) == 2
