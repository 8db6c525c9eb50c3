"""Programs that take too much, and a Hub that answers badly: an answer comes back, and others go on."""

import asyncio
import json

import pytest
from aiohttp import web
from tests.query.conftest import SKELETON
from tests.query.upstream import TOKEN

from core.hub import Wire
from core.query import Sandbox


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("n = 0\nwhile n >= 0:\n    n += 1\nreturn await hf_whoami()", "computed for more than 10 seconds"),
        ("rows = []\nfor n in range(10**9):\n    rows.append('x' * 100000)\nreturn await hf_whoami()", "more than 64 MB"),
        ("def down(n):\n    return down(n + 1)\ndown(0)\nreturn await hf_whoami()", "RecursionError"),
        ("return 10 ** (10 ** 9), await hf_whoami()", "seconds" " or memory"),
        ("for n in range(9000):\n    await hf_runtime_capabilities(section='limits')\nreturn 1", "suspension"),
        ("return (await hf_whoami()).missing", "AttributeError"),
        ("raise ValueError('no such thing')\nreturn await hf_whoami()", "ValueError: no such thing"),
    ],
    ids=["endless", "memory", "recursion", "native", "suspensions", "attribute", "raises"],
)
def test_what_takes_too_much_or_fails_ends_with_a_sentence_and_the_next_program_runs(hub, body, said):
    outcome = hub.body(body)
    assert outcome.ok is False and outcome.result is None
    if said == "seconds or memory":
        assert "seconds" in outcome.error or "MB" in outcome.error or "memory" in outcome.error.lower()
    else:
        assert said in outcome.error
    assert hub.helper("hf_whoami()")["item"]["username"] == "alice"


def test_others_are_answered_while_a_program_spins(hub):
    async def both():
        spinning = asyncio.ensure_future(hub.ask(SKELETON.format(body="    n = 0\n    while n >= 0:\n        n += 1\n    return await hf_whoami()"), who="one"))
        await asyncio.sleep(0.5)
        other = await hub.ask(SKELETON.format(body="    return await hf_whoami()"), who="other")
        still = not spinning.done()
        await spinning
        return other, still

    other, still = hub.wait(both())
    assert other.ok and still


def test_the_line_of_an_error_is_shown(hub):
    outcome = hub.body("row = {}\nawait hf_whoami()\nreturn row['likes']".replace("await hf_whoami()", "who = await hf_whoami()"))
    assert "KeyError" in outcome.error and "line 4: return row['likes']" in outcome.error


def test_helpers_give_up_before_the_clock_so_that_a_program_can_return_what_it_has(hub):
    hub.upstream.delay = 30
    body = "caps = await hf_runtime_capabilities()\na = await hf_whoami()\nb = await hf_org_overview('acme')\nreturn {'results': [a['ok'], b['ok']], 'why': b['error']}"
    outcome = hub.body(body, timeout=2)
    assert outcome.ok and outcome.result["results"] == [False, False] and "time of this program is used up" in outcome.result["why"]
    assert len(hub.upstream.requests) == 1


def test_what_waits_for_ever_is_ended_by_the_clock(hub):
    outcome = hub.body("while True:\n    who = await hf_runtime_capabilities()\n    if not who['ok']:\n        break\nreturn 1", timeout=1)
    assert outcome.ok is False and outcome.result is None and ("1 seconds" in outcome.error or "suspension" in outcome.error)
    assert hub.helper("hf_whoami()")["ok"]


def test_the_budget_counts_pages_and_leaves_a_partial_answer(hub):
    outcome = hub.body("fans = await hf_user_graph(username='alice', return_limit=250)\nreturn fans", max_calls=3)
    assert outcome.ok is False and outcome.meta["api_calls"] == 3 and outcome.meta["limits_reached"]
    rows, meta = outcome.result["items"], outcome.result["meta"]
    assert len(rows) == 200 and meta["truncated_by"] == "budget" and meta["complete"] is False and meta["budget_remaining"] == 0
    assert "budget of 3 requests" in outcome.result["error"] and "budget of 3 requests" in outcome.error


def test_a_program_may_go_on_after_the_budget_with_its_own_coverage(hub):
    body = """
done = []
for n in range(6):
    row = await hf_repo_details(repo_id=f"acme/m{n}", repo_type="model", fields=["repo_id"])
    if not row["ok"]:
        break
    done.append(row["item"]["repo_id"])
return {"results": done, "coverage": {"partial": len(done) < 6, "reason": row["error"], "seed_processed": len(done)}}
"""
    outcome = hub.body(body, max_calls=4)
    assert outcome.ok and outcome.result["results"] == ["acme/m0", "acme/m1", "acme/m2", "acme/m3"]
    assert outcome.result["coverage"]["partial"] is True and "budget" in outcome.result["coverage"]["reason"]
    assert outcome.meta["api_calls"] == 4 and len(hub.upstream.requests) == 4


def test_what_is_not_awaited_costs_and_nothing_leaves_after_the_end(hub):
    hub.upstream.delay = 0.05
    outcome = hub.body("calls = [hf_repo_details(repo_id=f'acme/m{n}', repo_type='model') for n in range(30)]\nfirst = await calls[0]\nreturn first['ok']")
    assert outcome.ok
    hub.wait(asyncio.sleep(0.5))
    seen = len(hub.upstream.requests)
    hub.wait(asyncio.sleep(0.3))
    assert len(hub.upstream.requests) == seen < 30


def test_helpers_run_at_once_and_never_more_than_eight(hub):
    hub.upstream.delay = 0.1
    listed = "calls = [hf_repo_details(repo_id=f'acme/m{n}', repo_type='model') for n in range(40)]\nrows = [await call for call in calls]\nreturn sum(row['ok'] for row in rows)"
    assert hub.body(listed).result == 40 and hub.upstream.most_under_way == 8
    hub.upstream.most_under_way = 0
    gathered = "rows = await asyncio.gather(*[hf_repo_details(repo_id=f'acme/m{n}', repo_type='model') for n in range(20)])\nreturn sum(row['ok'] for row in rows)"
    assert hub.body(gathered).result == 20 and 2 <= hub.upstream.most_under_way <= 8


def test_what_json_cannot_carry_is_made_plain_or_refused(hub):
    made = hub.body("who = await hf_whoami()\nreturn {'set': {2, 1}, 'pair': (1, 2), 'nan': float('nan'), 7: datetime.date(2026, 9, 1), (1, 2): True}").result
    assert made == {"set": [1, 2], "pair": [1, 2], "nan": None, "7": "2026-09-01", "(1, 2)": True}
    assert "JSON cannot carry" in hub.body("who = await hf_whoami()\nreturn b'bytes'").error
    deep = hub.body("who = await hf_whoami()\nx = []\nfor n in range(500):\n    x = [x]\nreturn x")
    assert "nests deeper" in deep.error
    assert hub.body("who = await hf_whoami()\nx = []\nx.append(x)\nreturn x").result == ["[...]"]


def test_long_lists_are_cut_with_a_note_wherever_they_are(hub):
    outcome = hub.body("who = await hf_whoami()\nreturn list(range(2000))")
    assert len(outcome.result) == 500 and outcome.meta["notes"] == ["result: the first 500 of 2,000 entries"] and outcome.meta["limits_reached"]
    nested = hub.body("who = await hf_whoami()\nreturn {'a': {'b': list(range(600))}}")
    assert len(nested.result["a"]["b"]) == 500 and "result.a.b" in nested.meta["notes"][0]
    assert "characters of JSON" in hub.body("who = await hf_whoami()\nreturn ['y' * 90000 for n in range(40)]").error


def test_secrets_reach_neither_the_program_nor_what_it_says(hub):
    outcome = hub.body(f"who = await hf_whoami()\nprint('token', '{TOKEN}')\nreturn {{'{TOKEN}': 'x {TOKEN}', 'who': who}}")
    assert outcome.ok and TOKEN not in json.dumps([outcome.result, outcome.meta]) and "…6789" in outcome.meta["printed"]
    assert hub.upstream.requests[0][2] == f"Bearer {TOKEN}"
    failing = hub.body(f"who = await hf_whoami()\nraise ValueError('{TOKEN}')")
    assert TOKEN not in failing.error and "ValueError" in failing.error


def test_printing_without_end_is_bounded(hub):
    outcome = hub.body("who = await hf_whoami()\nfor n in range(20000):\n    print('spam spam spam')\nreturn 1")
    assert outcome.ok and len(outcome.meta["printed"]) <= 8_000


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        (500, "Hub"),
        (429, ""),
        (403, ""),
        (lambda: web.Response(text="<html>Sorry</html>", content_type="text/html"), "web page"),
        (lambda: web.Response(text='{"name": "ali', content_type="application/json"), "not JSON"),
        (lambda: web.json_response(["a", "list"]), "shape"),
        (lambda: web.json_response({"numFollowers": {"odd": 1}, "user": 5, "orgs": 7, "fullname": []}), ""),
    ],
    ids=["500", "429", "403", "html", "broken", "list", "odd"],
)
def test_a_hub_that_answers_badly_fails_one_helper_and_not_the_program(hub, fault, said):
    hub.upstream.faults["/api/users/alice/overview"] = fault
    outcome = hub.body("one = await hf_profile_summary(handle='alice')\nother = await hf_org_overview('acme')\nreturn {'one': one, 'other': other['ok']}")
    assert outcome.ok and outcome.result["other"] is True
    if said:
        assert outcome.result["one"]["ok"] is False and said in outcome.result["one"]["error"]


def test_a_page_that_fails_in_the_middle_leaves_the_rows_before_it(hub):
    hub.upstream.faults["/api/users/alice/followers?100"] = 403
    answer = hub.helper("hf_user_graph(username='alice')")
    assert answer["ok"] is False and len(answer["items"]) == 100 and answer["meta"]["truncated_by"] == "error" and answer["meta"]["more_available"] is True


def test_an_answer_that_asks_the_hub_nothing_is_none(hub):
    outcome = hub.body("if False:\n    await hf_whoami()\nreturn {'followers': 12}".replace("    await hf_whoami()", "    who = await hf_whoami()"))
    assert outcome.ok is False and outcome.result is None and "nothing" in outcome.error


def test_a_program_that_swallows_every_failure_still_tells(hub):
    hub.upstream.faults["/api/whoami-v2"] = 403
    outcome = hub.body("try:\n    who = await hf_whoami()\n    name = who['item']['username']\nexcept Exception:\n    name = 'somebody'\nreturn name")
    assert outcome.ok is False and outcome.result["ok"] is False


def test_strangers_have_no_current_user(hub):
    outcome = hub.body("return await hf_user_likes()", token=None)
    assert outcome.ok is False and "Nobody is signed in" in outcome.error and outcome.meta["api_calls"] == 0


def test_what_is_remembered_costs_no_request(hub):
    async def twice():
        wire = Wire(hub.url)
        try:
            return [await hub.ask(SKELETON.format(body="    return await hf_org_overview('acme')"), wire=wire) for _ in range(2)]
        finally:
            await wire.close()

    first, second = hub.wait(twice())
    assert (first.meta["api_calls"], second.meta["api_calls"]) == (1, 0) and second.ok and second.meta["trace"][0]["cached"] is True


def test_one_caller_never_takes_every_worker(hub):
    hub.upstream.delay = 1.0
    waits = SKELETON.format(body="    return await hf_whoami()")

    async def crowd():
        sandbox = Sandbox(workers=3)
        try:
            ones = [asyncio.ensure_future(hub.ask(waits, who="one", sandbox=sandbox)) for _ in range(4)]
            while not hub.upstream.requests:
                await asyncio.sleep(0.01)
            other = await hub.ask(waits, who="other", sandbox=sandbox)
            finished = sum(one.done() for one in ones)
            return other.ok, finished, all(one.ok for one in await asyncio.gather(*ones))
        finally:
            await sandbox.close()

    ok, finished, all_answered = hub.wait(crowd())
    assert ok and finished < 4 and all_answered
