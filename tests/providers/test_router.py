"""The router over real sockets: whose key goes where, what a receipt says, streams, cancelling, cooldown, hedging, budget."""

from __future__ import annotations

import asyncio
import json
import logging
import time
from contextlib import aclosing

import pytest

from core.errors import InvalidInput, OverBudget, ProviderFailed, RateLimited, SpacesError, TimedOut, Unauthorized
from core.providers import (
    Breaker,
    Finished,
    Interrupted,
    Price,
    Prompt,
    Reasoning,
    Reservation,
    Router,
    Text,
    Timeouts,
    ToolCallDelta,
    Unlimited,
    Usage,
)
from core.providers.order import prompt_tokens
from tests.providers.conftest import FIRST_KEY, QUICK, SECOND_KEY, ask, key, run


def with_router(use, **given):
    async def main():
        router = Router(**{"timeouts": QUICK, **given})
        try:
            return await use(router)
        finally:
            await router.close()

    return run(main())


async def collect(router, prompt, keys, **more):
    return [item async for item in router.stream(prompt, keys, **more)]


# Whose key goes where


@pytest.mark.parametrize("fault", ["401", "429", "500", "redirect", "html", "echo-key", "cut"])
def test_no_key_ever_reaches_another_host(first, second, fault, caplog):
    caplog.set_level(logging.DEBUG)
    first.elsewhere = second.base_url
    keys = [key(first), key(second, "other", secret=SECOND_KEY)]
    told = []

    async def use(router):
        for stream in (False, True):
            try:
                told.append(repr(await (collect(router, ask(fault), keys) if stream else router.route(ask(fault), keys))))
            except SpacesError as error:
                told.append(json.dumps(error.to_dict()) + repr(error))

    second.script[:] = ["ok", "ok"]
    with_router(use)
    assert FIRST_KEY in first.received and SECOND_KEY not in first.received
    assert FIRST_KEY not in second.received
    assert fault == "echo-key" or fault == "cut" or SECOND_KEY in second.received
    for text in (*told, caplog.text, repr(keys)):
        assert FIRST_KEY not in text and SECOND_KEY not in text


def test_each_attempt_uses_its_own_address_and_key(first, second):
    first.script[:] = ["500"]
    with_router(lambda router: router.route(ask("ok"), [key(first), key(second, "other", secret=SECOND_KEY)]))
    assert [seen.headers["authorization"] for seen in first.requests] == [f"Bearer {FIRST_KEY}"]
    assert [seen.headers["authorization"] for seen in second.requests] == [f"Bearer {SECOND_KEY}"]
    assert second.requests[0].path == "/v1/chat/completions"


def test_without_a_key_no_authorization_is_sent(first):
    got = with_router(lambda router: router.route(ask(), [key(first, secret=None)]))
    assert "authorization" not in first.requests[0].headers
    assert got.receipt.cost_usd == 0.0 and got.receipt.attempts[0].paid_by == "nobody"


def test_a_401_takes_that_key_out_for_the_session_only(first, second):
    first.script[:] = ["401"]
    keys = [key(first), key(second, "other", secret=SECOND_KEY)]

    async def use(router):
        one = await router.route(ask(), keys, caller_id="anna")
        two = await router.route(ask(), keys, caller_id="anna")
        three = await router.route(ask(), keys, caller_id="bert")
        rotated = [key(first, secret="sk-rotated-abcdefghij-3333"), keys[1]]
        four = await router.route(ask(), rotated, caller_id="anna")
        return one, two, three, four, router.health(keys, caller_id="anna")

    one, two, three, four, health = with_router(use)
    assert one.receipt.attempts[0].status == 401 and one.receipt.provider == "other"
    assert two.receipt.provider == "other" and "invalid" in two.receipt.skipped[0].reason
    assert three.receipt.provider == "mine" and four.receipt.provider == "mine"
    assert [row["state"] for row in health] == ["rejected", "ready"]


# What is sent


def test_only_what_was_asked_for_is_sent(first):
    with_router(lambda router: router.route(ask(), [key(first)]))
    assert first.requests[0].body == {"model": "ok", "messages": [{"role": "user", "content": "say hello"}]}


def test_the_whole_prompt_is_sent(first):
    tool = {"type": "function", "function": {"name": "add", "parameters": {}}}
    asked = ask(tools=(tool,), tool_choice="auto", temperature=0.2, max_tokens=5, response_format={"type": "json_object"},
                extra={"seed": 1, "model": "smuggled", "stream": True})  # fmt: skip
    with_router(lambda router: collect(router, asked, [key(first)]))
    assert first.requests[0].body == {
        "model": "ok", "messages": [{"role": "user", "content": "say hello"}], "tools": [tool], "tool_choice": "auto", "temperature": 0.2,
        "max_tokens": 5, "response_format": {"type": "json_object"}, "seed": 1, "stream": True, "stream_options": {"include_usage": True},
    }  # fmt: skip


def test_hugging_face_routes_by_suffix_and_bills_an_organisation(first):
    with_router(lambda router: router.route(ask("org/m:cheapest", bill_to="my-org"), [key(first, "huggingface")]))
    assert first.requests[0].body["model"] == "org/m:cheapest" and first.requests[0].headers["x-hf-bill-to"] == "my-org"
    with pytest.raises(InvalidInput):
        with_router(lambda router: router.route(ask(bill_to="a\r\nX-Evil: 1"), [key(first, "huggingface")]))
    assert len(first.requests) == 1


def test_openrouter_gets_its_own_fields(first):
    asked = ask(max_price=3.0, extra={"models": ["a/b"], "provider": {"sort": "price"}})

    class Cheap(Unlimited):
        def price(self, provider, model):
            return Price(1.0, 2.0)

    with_router(lambda router: router.route(asked, [key(first, "openrouter")]), prices=Cheap())
    seen = first.requests[0]
    assert seen.body["provider"] == {"sort": "price", "max_price": {"completion": 3.0}} and seen.body["models"] == ["a/b"]
    assert seen.body["usage"] == {"include": True} and seen.headers["x-title"] and seen.headers["http-referer"]
    with_router(lambda router: router.route(ask(fallback=False, extra={"models": ["a/b"]}), [key(first, "openrouter")]))
    assert "models" not in first.requests[1].body and first.requests[1].body["provider"] == {"allow_fallbacks": False}


@pytest.mark.parametrize("messages", [(), ("text",), ({"content": "no role"},)])
def test_a_prompt_without_proper_messages_is_refused(first, messages):
    with pytest.raises(InvalidInput):
        with_router(lambda router: router.route(Prompt(messages=messages, model="ok"), [key(first)]))
    assert first.requests == []


# Answers and streams


def test_reasoning_tool_calls_and_usage_come_whole(first):
    got = with_router(lambda router: router.route(ask("thinks-and-calls"), [key(first)]))
    assert (got.text, got.reasoning, got.finish_reason) == ("", "hm", "tool_calls")
    assert got.tool_calls == ({"id": "call_1", "type": "function", "function": {"name": "add", "arguments": '{"a": 1}'}},)
    assert got.usage == Usage(prompt=7, completion=3, reasoning=1)


def test_reasoning_tool_calls_and_usage_are_streamed(first):
    *items, last = with_router(lambda router: collect(router, ask("thinks-and-calls"), [key(first)]))
    assert items == [
        Reasoning("h"), Reasoning("m"), ToolCallDelta(0, "call_1", "add", ""), ToolCallDelta(0, None, None, '{"a"'), ToolCallDelta(0, None, None, ": 1}"),
    ]  # fmt: skip
    assert isinstance(last, Finished) and last.finish_reason == "tool_calls" and last.usage == Usage(prompt=7, completion=3, reasoning=1)
    assert last.receipt.attempts[0].outcome == "answered" and last.receipt.first_token_ms <= last.receipt.latency_ms


def test_an_odd_stream_is_read_with_patience(first):
    *items, last = with_router(lambda router: collect(router, ask("odd-sse"), [key(first)]))
    assert "".join(item.text for item in items) == "abcü" and isinstance(last, Finished)


def test_an_unusual_content_type_with_json_is_an_answer(first):
    assert with_router(lambda router: router.route(ask("text-json"), [key(first)])).text == "hello all the same"


@pytest.mark.parametrize("fault", ["cut", "unfinished", "error-in-stream"])
def test_after_the_first_token_nobody_else_steps_in(first, second, fault):
    keys = [key(first), key(second, "other", secret=SECOND_KEY)]
    *items, last = with_router(lambda router: collect(router, ask(fault), keys))
    assert items == [Text("so far")]
    assert isinstance(last, Interrupted) and last.so_far == "so far" and last.error["fix"]
    assert last.receipt.attempts[0].outcome == "interrupted" and last.receipt.cost_usd is None
    assert second.requests == []
    again = ask().continued(last.so_far)
    assert again.messages[1] == {"role": "assistant", "content": "so far"} and again.messages[2]["role"] == "user"


@pytest.mark.parametrize("play", ["never-closes", "cut-after-the-end"])
def test_an_answer_that_said_it_is_complete_is_complete(first, play):
    *items, last = with_router(lambda router: collect(router, ask(play), [key(first)]))
    assert items == [Text("all of it")] and isinstance(last, Finished) and last.usage.prompt == 7


def test_a_kept_connection_is_used_again(first):
    async def use(router):
        for _ in range(3):
            await router.route(ask(), [key(first)])
            await collect(router, ask(), [key(first)])

    with_router(use)
    assert len(first.requests) == 6 and first.connections == 1


# Cancelling


def test_leaving_a_stream_closes_the_upstreams_connection_at_once(first):
    heard = []

    async def use(router):
        async with aclosing(router.stream(ask("patient"), [key(first)], caller_id="anna")) as items:
            async for _ in items:
                break
        await until(lambda: first.requests[0].hung_up)

    with_router(use, on_receipt=lambda caller, receipt: heard.append((caller, receipt)))
    assert [(caller, receipt.attempts[0].outcome) for caller, receipt in heard] == [("anna", "cancelled")]
    assert heard[0][1].cost_usd is None


@pytest.mark.parametrize("play", ["slow-headers", "patient"])
def test_a_cancelled_task_closes_the_upstreams_connection_and_settles(first, play):
    purse = Purse()

    async def use(router):
        task = asyncio.ensure_future(collect(router, ask(play), [key(first)]))
        await until(lambda: first.requests)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await until(lambda: first.requests[0].hung_up)

    with_router(use, budget=purse)
    assert purse.settled == [(None, None)]


async def until(true, seconds=2.0):
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, "it did not happen"
        await asyncio.sleep(0.01)


# Stopping and time


def test_without_fallback_one_candidate_is_asked(first, second):
    keys = [key(first), key(second, "other", secret=SECOND_KEY)]
    for asked, given in ((ask("500", fallback=False), keys), (ask("500"), [key(first, fallback=False), keys[1]]),
                         (ask("500"), [key(first, always_use_this_key=True), keys[1]])):  # fmt: skip
        with pytest.raises(ProviderFailed) as caught:
            with_router(lambda router, asked=asked, given=given: router.route(asked, given))
        assert caught.value.details["receipt"]["attempts"][0]["outcome"] == "stopped"
    assert second.requests == []


def test_the_prompts_time_is_for_all_attempts_together(first, second):
    keys = [key(first), key(second, "other")]
    began = time.monotonic()
    with pytest.raises(TimedOut):
        with_router(lambda router: router.route(ask("slow-headers", timeout=0.2), keys))
    assert time.monotonic() - began < 1.0 and second.requests == []


def test_a_keys_own_time_leaves_some_for_the_others(first, second):
    second.script[:] = ["ok"]
    keys = [key(first, timeout=0.1), key(second, "other")]
    got = with_router(lambda router: router.route(ask("slow-headers", timeout=2), keys))
    assert got.receipt.provider == "other" and got.receipt.attempts[0].latency_ms < 350


def test_when_nobody_answers_the_error_names_all_of_them(first, second):
    with pytest.raises(ProviderFailed) as caught:
        with_router(lambda router: router.route(ask("500"), [key(first), key(second, "other")]))
    assert "mine" in caught.value.message and "other" in caught.value.message
    assert len(caught.value.details["receipt"]["attempts"]) == 2


def test_without_any_key_a_person_is_told_to_add_one():
    with pytest.raises(Unauthorized) as caught:
        with_router(lambda router: router.route(ask(provider="openrouter"), []))
    assert "Keys" in caught.value.fix and caught.value.details["receipt"]["skipped"][0]["provider"] == "openrouter"


# Cooldown and hedging


def test_who_failed_rests_then_one_probe_tries(first, second):
    now = [1_000.0]
    first.script[:] = ["500"]
    keys = [key(first), key(second, "other")]

    async def use(router):
        one = await router.route(ask(), keys)
        two = await router.route(ask(), keys)
        other_model = await router.route(ask("other-model"), keys)
        now[0] += 60
        return one, two, other_model, await router.route(ask(), keys)

    one, two, other_model, later = with_router(use, breaker=Breaker(clock=lambda: now[0]))
    assert [attempt.outcome for attempt in one.receipt.attempts] == ["next", "answered"]
    assert [attempt.provider for attempt in two.receipt.attempts] == ["other"] and "cooling down" in two.receipt.skipped[0].reason
    assert other_model.receipt.provider == "mine" and later.receipt.provider == "mine"


def test_one_visitors_failures_cool_nobody_elses_key(first, second):
    first.script[:] = ["402"]
    keys = [key(first), key(second, "other")]

    async def use(router):
        await router.route(ask(), keys, caller_id="anna")
        return (await router.route(ask(), keys, caller_id="anna")).receipt, (await router.route(ask(), keys, caller_id="bert")).receipt

    anna, bert = with_router(use)
    assert anna.provider == "other" and bert.provider == "mine"


def test_the_only_candidate_is_asked_again_unless_it_named_a_time(first):
    first.script[:] = ["500", "ok", "429-later"]

    async def use(router):
        with pytest.raises(ProviderFailed):
            await router.route(ask(), [key(first)])
        assert (await router.route(ask(), [key(first)])).text
        with pytest.raises(RateLimited):
            await router.route(ask(), [key(first)])
        with pytest.raises(RateLimited) as caught:
            await router.route(ask(), [key(first)])
        return caught.value

    error = with_router(use)
    assert len(first.requests) == 3 and 55 < error.details["retry_after"] <= 60


def test_a_slow_first_token_is_hedged(first, second):
    keys = [key(first), key(second, "other", secret=SECOND_KEY)]
    second.script[:] = ["ok"]
    purse = Purse()

    async def use(router):
        items = await collect(router, ask("slow-headers"), keys)
        await until(lambda: first.requests[0].hung_up)
        return items

    *_, last = with_router(use, hedge_seconds=0.05, budget=purse, timeouts=Timeouts(first_byte=25, own=25, idle=25))
    assert last.receipt.provider == "other"
    assert [attempt.outcome for attempt in last.receipt.attempts] == ["cancelled", "answered"]
    assert len(purse.settled) == 2


def test_hedging_asks_nobody_else_when_the_first_is_quick(first, second):
    with_router(lambda router: router.route(ask(), [key(first), key(second, "other")]), hedge_seconds=0.3)
    assert second.requests == []


# Money


class Purse(Unlimited):
    """A budget that allows up to `limit` attempts and writes down what it is told."""

    def __init__(self, limit: int = 100):
        self.limit = limit
        self.reserved: list[float | None] = []
        self.settled: list[tuple[float | None, Usage | None]] = []

    def price(self, provider, model):
        return Price(1.0, 10.0)

    async def reserve(self, caller_id, estimate_usd, candidate):
        if len(self.reserved) >= self.limit:
            raise OverBudget("The day's budget of 1 USD is used up.")
        self.reserved.append(estimate_usd)
        return Reservation(str(len(self.reserved)), estimate_usd)

    async def settle(self, reservation, cost_usd, usage):
        self.settled.append((cost_usd, usage))


def test_each_attempt_is_reserved_before_and_settled_after(first, second):
    first.script[:] = ["429"]
    purse = Purse()
    got = with_router(lambda router: router.route(ask(max_tokens=100), [key(first), key(second, "other")]), budget=purse, prices=purse)
    usage = Usage(prompt=7, completion=3, reasoning=1)
    assert all(estimate >= 100 * 10 / 1e6 for estimate in purse.reserved) and len(purse.reserved) == 2
    assert purse.settled == [(0.0, None), (pytest.approx(37 / 1e6), usage)]
    assert got.receipt.cost_usd == pytest.approx(37 / 1e6)
    assert [attempt.paid_by for attempt in got.receipt.attempts] == ["nobody", "visitor"]


def test_the_cost_is_that_of_the_host_the_suffix_names(first):
    class Hosts(Purse):
        def price(self, provider, model):
            return {"org/m": Price(9.0, 90.0), "org/m:novita": Price(1.0, 10.0)}[model]

    purse = Hosts()
    got = with_router(lambda router: router.route(ask("org/m:novita", max_tokens=100), [key(first, "huggingface")]), budget=purse, prices=purse)
    assert first.requests[0].body["model"] == "org/m:novita" and purse.reserved[0] < 0.0015
    assert got.receipt.cost_usd == pytest.approx(37 / 1e6) and purse.settled[0][0] == got.receipt.cost_usd


def test_over_budget_nobody_is_asked(first):
    with pytest.raises(OverBudget) as caught:
        with_router(lambda router: router.route(ask(), [key(first)]), budget=Purse(0))
    assert first.requests == [] and "over budget" in caught.value.details["receipt"]["skipped"][0]["reason"]


def test_an_unknown_price_is_never_shown_as_nothing(first):
    got = with_router(lambda router: router.route(ask(), [key(first)]))
    assert got.receipt.cost_usd is None and got.receipt.attempts[0].paid_by == "visitor"
    assert json.loads(json.dumps(got.receipt.to_dict()))["cost_usd"] is None


@pytest.mark.parametrize("how", ["cut", "patient"])
def test_what_came_of_an_unfinished_answer_is_estimated_and_said_to_be_so(first, how):
    told, purse = [], Purse()

    async def use(router):
        items = router.stream(ask(how, max_tokens=5_000), [key(first)])
        async for item in items:
            if how == "patient" and isinstance(item, Text):
                break  # the person stops it
        await items.aclose()

    with_router(use, budget=purse, prices=purse, on_receipt=lambda caller, receipt: told.append(receipt))
    (receipt,) = told
    (attempt,) = receipt.attempts
    assert attempt.cost_usd is None and receipt.cost_usd is None and attempt.usage is None
    words = {"cut": "so far", "patient": "word "}[how]
    assert attempt.estimate_usd == receipt.estimate_usd == pytest.approx((prompt_tokens(ask()) * 1.0 + 2 * 10.0) / 1e6), words
    assert purse.settled == [(None, None)]  # the ledger keeps what was set aside
    assert attempt.estimate_usd < purse.reserved[0]


def test_a_told_cost_is_never_estimated(first):
    purse = Purse()
    got = with_router(lambda router: router.route(ask(), [key(first)]), budget=purse, prices=purse)
    assert got.receipt.cost_usd is not None and got.receipt.estimate_usd is None and got.receipt.attempts[0].estimate_usd is None


def test_the_upstreams_own_cost_is_believed():
    from core.providers.compatible import usage

    tokens = {"prompt_tokens": 1, "completion_tokens": 2, "cost": 0.5}
    assert usage(tokens).cost_usd == 0.5
    assert usage({**tokens, "is_byok": True, "cost_details": {"upstream_inference_cost": 2.0}}).cost_usd == 2.5
    assert usage({**tokens, "is_byok": True}).cost_usd is None


def test_where_nobody_named_a_model_the_list_names_one(first):
    class Listed(Unlimited):
        def usual(self, provider):
            return "ok" if provider == "first" else None

    mine = key(first, "first")
    got = with_router(lambda router: router.route(ask(None), [mine]), catalog=Listed())
    assert got.receipt.model == "ok" and first.requests[0].body["model"] == "ok"
    with pytest.raises(SpacesError, match="no model was named"):
        with_router(lambda router: router.route(ask(None), [key(first, "other")]), catalog=Listed())
