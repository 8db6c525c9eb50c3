"""The ledger: set aside before, corrected after, never forgotten."""

import asyncio
import time

import pytest

from core.errors import InvalidInput, OverBudget
from core.providers import Candidate, Key, Usage, budget
from core.providers.budget import Account, Caps
from core.providers.writing import Writer
from core.secrets import Secret
from core.settings import Spending
from core.store import Store

MINE = Candidate("openrouter", Key("k1", "openrouter", "mine", Secret("sk-or-v1-mine-mine-mine")), "m", "")
OWNERS = Candidate("openrouter", Key("k2", "openrouter", "", Secret("sk-or-v1-owner-owner-ow"), owner="instance"), "m", "")
LOCAL = Candidate("ollama", Key("k3", "ollama", base_url="http://127.0.0.1:11434/v1"), "m", "")


@pytest.fixture
def store(tmp_path):
    opened = Store(tmp_path / "s.sqlite")
    yield opened
    opened.close()


def account(store, *, session="s", caps=Caps(), shared=False, **limits) -> Account:
    return Account(store, Spending(**limits), session=session, caps=caps, shared=shared)


def counted(store, *, caller="me", session="s") -> tuple[float, float]:
    state = asyncio.run(account(store, session=session).state(caller))
    return state["session"]["spent"], state["day"]["spent"]


async def spend(asked: Account, usd, cost, candidate=MINE, *, caller="me", usage=None):
    await asked.settle(await asked.reserve(caller, usd, candidate), cost, usage)


def test_what_it_cost_replaces_what_was_set_aside(store):
    asyncio.run(spend(account(store), 0.50, 0.02))
    assert counted(store) == pytest.approx((0.02, 0.02))


@pytest.mark.parametrize(("limit", "named"), [("per_call", "call"), ("per_session", "session"), ("per_day", "day")])
def test_a_limit_is_asked_before_the_attempt_and_named(store, limit, named):
    asked = account(store, **{limit: 0.10})
    asyncio.run(spend(asked, 0.08, 0.08))
    with pytest.raises(OverBudget) as caught:
        asyncio.run(asked.reserve("me", 0.03, MINE))
    assert caught.value.details["limit"] == named and caught.value.details["spent_usd"] == pytest.approx(0.08)
    assert counted(store) == pytest.approx((0.08, 0.08))


def test_a_call_counts_its_own_attempts_and_no_other_calls(store):
    asyncio.run(spend(account(store, per_call=0.10), 0.08, 0.08))
    asyncio.run(spend(account(store, per_call=0.10), 0.08, 0.08))
    assert counted(store)[0] == pytest.approx(0.16)


def test_an_unknown_price_is_counted_by_the_stated_estimate_and_recorded_as_unknown(store):
    asyncio.run(spend(account(store, unknown_call=0.07), None, None))
    assert counted(store)[0] == pytest.approx(0.07)
    asyncio.run(spend(account(store, session="2"), None, None, usage=Usage(prompt=1000, completion=1000)))
    assert counted(store, session="2")[0] == pytest.approx(0.03)  # 5 and 25 USD a million
    rows = store._execute("SELECT cost, counted, state FROM spending", ())
    assert [(row["cost"], row["state"]) for row in rows] == [(None, "settled")] * 2


def test_a_failed_attempt_gives_its_money_back(store):
    asyncio.run(spend(account(store, per_session=0.10), 0.09, 0.0))
    asyncio.run(spend(account(store, per_session=0.10), 0.09, 0.09))
    assert counted(store)[0] == pytest.approx(0.09)


def test_sums_outlive_the_process(store, tmp_path):
    asyncio.run(spend(account(store), 0.2, 0.2))
    store.close()
    again = Store(tmp_path / "s.sqlite")
    with pytest.raises(OverBudget):
        asyncio.run(account(again, per_day=0.3).reserve("me", 0.2, MINE))
    again.close()


def test_a_new_utc_day_starts_at_nothing_and_the_session_does_not(store, monkeypatch):
    asyncio.run(spend(account(store), 0.2, 0.2))
    monkeypatch.setattr(budget, "today", lambda: "2099-01-01")
    assert counted(store) == pytest.approx((0.2, 0.0))


def test_the_owners_keys_have_limits_for_visitors_and_the_visitors_own_do_not(store):
    asked = account(store, shared=True, visitor_per_day=0.10, visitors_per_day=0.15)
    asyncio.run(spend(asked, 0.10, 0.10, OWNERS))
    with pytest.raises(OverBudget) as caught:
        asyncio.run(asked.reserve("me", 0.01, OWNERS))
    assert caught.value.details["limit"] == "visitor" and "key of your own" in caught.value.fix
    asyncio.run(spend(asked, 0.50, 0.50, MINE))
    with pytest.raises(OverBudget) as caught:
        asyncio.run(account(store, session="2", shared=True, visitors_per_day=0.15).reserve("you", 0.06, OWNERS))
    assert caught.value.details["limit"] == "visitors"


def test_where_nobody_pays_nothing_is_counted_or_refused(store):
    asyncio.run(spend(account(store, per_day=0.0), None, None, LOCAL))
    assert counted(store) == (0.0, 0.0)


def test_a_callers_caps_only_make_limits_tighter(store):
    with pytest.raises(OverBudget):
        asyncio.run(account(store, per_call=0.01, caps=Caps(per_call=5)).reserve("me", 0.02, MINE))
    with pytest.raises(OverBudget):
        asyncio.run(account(store, per_call=5, caps=Caps(per_call=0.01)).reserve("me", 0.02, MINE))


@pytest.mark.parametrize("amount", [-1, float("inf"), float("nan"), 10**9])
def test_an_amount_is_an_amount(amount):
    with pytest.raises(InvalidInput):
        Caps(per_day=amount)


def test_a_cancelled_reservation_is_given_back(store):
    class Slow:
        def reserve(self, *given, **about):
            time.sleep(0.15)
            return store.reserve(*given, **about)

        settle, spent, batch = store.settle, store.spent, store.batch

    async def cancel():
        task = asyncio.create_task(Account(Slow(), Spending(), session="s").reserve("me", 0.4, MINE))
        await asyncio.sleep(0.02)
        task.cancel()
        await asyncio.wait({task})
        await asyncio.sleep(0.3)

    asyncio.run(cancel())
    assert counted(store) == (0.0, 0.0)


def test_the_database_knows_no_session_id(store):
    asyncio.run(spend(account(store, session="an-unguessable-session-id"), 0.1, 0.1, caller="session:an-unguessable-session-id"))
    tables = [tuple(row) for table in ("spending", "spent") for row in store._execute(f"SELECT * FROM {table}", ())]
    assert tables and "unguessable" not in str(tables) and "sk-or" not in str(tables)


def test_requests_at_the_same_time_share_transactions_and_never_a_limit(store):
    began = []

    def batch():
        began.append(1)
        return store.batch()

    writer = Writer(batch)

    async def many():
        async def one():
            asked = Account(store, Spending(per_day=1.0), session="s", writer=writer)
            try:
                await spend(asked, 0.1, 0.1)
            except OverBudget:
                return False
            return True

        return await asyncio.gather(*(one() for _ in range(200)))

    assert sum(asyncio.run(many())) == 10 and counted(store)[1] == pytest.approx(1.0)
    assert len(began) < 60


def test_a_write_that_fails_is_told_and_the_others_are_kept(store):
    async def write():
        writer = Writer(store.batch)
        futures = [writer.submit(lambda n=n: store.keep_receipt(str(n), float(n), "me", {"id": n} if n != 2 else {"id": object()})) for n in range(4)]
        return await asyncio.gather(*futures, return_exceptions=True)

    outcomes = asyncio.run(write())
    assert [isinstance(one, TypeError) for one in outcomes] == [False, False, True, False]
    assert [one["id"] for one in store.receipts("me")] == [3, 1, 0]


def test_a_batch_is_kept_whole_or_not_at_all(store):
    with pytest.raises(RuntimeError), store.batch():
        store.keep_receipt("a", 1.0, "me", {"id": "a"})
        raise RuntimeError
    assert store.receipts("me") == []
    store.keep_receipt("b", 1.0, "me", {"id": "b"})
    assert len(store.receipts("me")) == 1
