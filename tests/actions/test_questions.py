"""Programs to begin with, a model that writes them and corrects them, and programs kept under a link."""

import asyncio

import pytest

from core.caller import Caller
from core.doors.run import run_action
from core.errors import NotFound, ProviderFailed, TooLarge
from core.query import check, conversation, gallery, program_of
from core.registry import Call
from tests.actions.writer import written_by

GOOD = 'async def solve(query, max_calls):\n    return await hf_models_search(limit=3, fields=["repo_id"])\n\n\nawait solve(query, max_calls)\n'
BAD = "async def solve(query, max_calls):\n    return await hf_no_such_helper()\n\n\nawait solve(query, max_calls)\n"


@pytest.mark.parametrize("one", gallery(), ids=lambda one: one["id"])
def test_each_program_of_the_gallery_keeps_the_contract_and_gives_rows(server, one):
    check(one["code"])
    told = server.action("hf_hub_query_raw", code=one["code"], query=one["question"]).json()
    assert told["meta"]["ok"], told["meta"].get("error")
    result = told["result"]
    rows = result if isinstance(result, list) else result.get("results", result.get("items"))
    assert rows and all(isinstance(row, dict) for row in rows)


def test_the_gallery_is_an_action_with_a_dozen_programs(server):
    items = server.action("hf_query_gallery").json()["items"]
    assert len(items) == 12 and len({one["id"] for one in items}) == 12
    assert all(one["title"] and one["question"].endswith("?") for one in items)


def test_a_model_is_told_every_helper_and_every_mistake():
    said = conversation("who?", [(BAD, "There is no helper hf_no_such_helper.")])
    assert [one["role"] for one in said] == ["system", "user", "assistant", "user"]
    assert all(name in said[0]["content"] for name in ("hf_user_graph", "hf_repo_search", "await solve(query, max_calls)"))
    assert "hf_no_such_helper" in said[3]["content"]


@pytest.mark.parametrize("answer", [f"Here:\n```python\n{GOOD}```\nIt asks once.", f"```\n{GOOD}```", GOOD, f"```json\n{{}}\n```\n```py\n{GOOD}```"])
def test_the_program_is_found_in_an_answer(answer):
    assert program_of(answer) == GOOD


def test_an_answer_without_a_program_says_so():
    with pytest.raises(ProviderFailed):
        program_of("I cannot do that.")


def test_a_kept_program_is_opened_by_others_and_changed_by_nobody(ask):
    house = ask.house
    kept = ask("hf_query_save", code=GOOD, query="which?", result={"results": [1]})
    assert kept["path"] == f"/?query={kept['id']}"
    opened = ask("hf_query_open", id=kept["id"])
    assert (opened["code"], opened["query"], opened["result"], opened["mine"]) == (GOOD, "which?", {"results": [1]}, True)
    stranger = Call(Caller(id="somebody else", approves=frozenset({"read"})), house)
    theirs = asyncio.run(run_action("hf_query_open", {"id": kept["id"]}, stranger))
    assert theirs["code"] == GOOD and theirs["mine"] is False and "owner" not in theirs
    with pytest.raises(NotFound):
        ask("hf_query_open", id="0" * 32)


def test_what_is_kept_is_bounded(ask):
    with pytest.raises(TooLarge):
        ask("hf_query_save", code=GOOD, result=["x" * 400_000])
    with pytest.raises(TooLarge):
        ask("hf_query_save", code="x" * 64_001)
    first = ask("hf_query_save", code=GOOD)["id"]
    with ask.house.store.batch():
        for number in range(200):
            ask.house.store.keep_query("local", {"code": str(number)}, largest=100)
    with pytest.raises(NotFound):
        ask("hf_query_open", id=first)


def prompts(model) -> list[dict]:
    return [seen.body for seen in model.requests if seen.method == "POST"]


def test_a_program_that_fails_goes_back_with_its_error_and_no_more_than_twice(tmp_path):
    fenced, broken = f"```python\n{GOOD}```", f"```python\n{BAD}```"
    with written_by(tmp_path, [broken, fenced, broken, broken, broken, fenced]) as (server, model):
        told = server.action("hf_hub_ask", question="Which models are there?", model="ok", provider="writer").json()
        assert told["meta"]["ok"] and told["code"] == GOOD and len(told["result"]["items"]) == 3
        first, second = told["attempts"]
        assert "hf_no_such_helper" in first["error"] and second["error"] is None
        assert first["error"] in prompts(model)[1]["messages"][-1]["content"]
        assert len(told["receipts"]) == 2

        never = server.action("hf_hub_ask", question="And now?", model="ok", provider="writer").json()
        assert never["meta"]["ok"] is False and len(never["attempts"]) == 3 and len(prompts(model)) == 5


def test_without_a_key_nobody_writes_programs(server):
    answer = server.action("hf_hub_ask", question="Which models are there?")
    assert answer.status_code == 401 and "key" in answer.text
