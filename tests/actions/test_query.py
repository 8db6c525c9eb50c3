"""Programs through the doors of a running server, over its Local Hub."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

PROGRAMS = Path(__file__).parent.parent / "query" / "programs"
SKELETON = "async def solve(query, max_calls):\n    {line}\n\nawait solve(query, max_calls)"


def ask(server, name: str, **given):
    answer = server.action(name, **given)
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_a_program_gives_data_or_with_raw_its_accounting(server):
    code = (PROGRAMS / "11_org_repo_counts.py").read_text()
    plain = ask(server, "hf_hub_query", code=code, query="What does unsloth have?")
    assert set(plain) == {"ok", "data", "error", "api_calls"} and plain["ok"] and plain["data"]["organization"] == "unsloth"
    raw = ask(server, "hf_hub_query_raw", code=code, query="What does unsloth have?")
    assert set(raw) == {"result", "meta"} and raw["result"] == plain["data"]
    assert {"ok", "api_calls", "elapsed_ms", "limits_reached", "limit_summary"} <= set(raw["meta"])


def test_a_program_reads_the_rows_of_a_dataset_and_a_cut_answer_says_so(server):
    rows = SKELETON.format(line="return await hf_dataset_rows('stanfordnlp/imdb', split='test', limit=3)")
    answer = ask(server, "hf_hub_query", code=rows, query="q")
    assert [row["row_idx"] for row in answer["data"]["items"]] == [0, 1, 2] and answer["data"]["meta"]["rows_total"] == 4
    cut = ask(server, "hf_hub_query", code=SKELETON.format(line="r = await hf_whoami(); return [float('nan')] * 600"), query="q")
    assert len(cut["data"]) == 500 and "the first 500 of 600 entries" in cut["notes"][0] and "became null" in cut["notes"][1] and len(cut["notes"]) <= 20


def test_the_caller_is_the_current_user(server):
    raw = ask(server, "hf_hub_query_raw", code=(PROGRAMS / "05_fanout_partial_coverage.py").read_text(), query="What do my followers like?")
    assert raw["meta"]["ok"] and raw["result"]["results"] and raw["result"]["coverage"]["seed_processed"] > 3


def test_a_program_outside_the_contract_is_an_answer_and_not_a_fault(server):
    answer = ask(server, "hf_hub_query", code=SKELETON.format(line="return await hf_repo_search(query, count_only=True)"), query="q")
    assert answer["ok"] is False and answer["data"] is None and answer["api_calls"] == 0
    assert "line 2: return await hf_repo_search(query, count_only=True)" in answer["error"]


def test_capabilities_are_those_a_program_sees(server):
    code = SKELETON.format(line="return (await hf_runtime_capabilities(section='limits'))['item']['content']")
    assert ask(server, "hf_runtime_capabilities", section="limits")["content"] == ask(server, "hf_hub_query", code=code, query="q")["data"]
    told = ask(server, "hf_runtime_capabilities")
    assert told["section"] == "overview" and "helpers" in told["sections"] and len(str(told)) < 4_000
    assert len(str(ask(server, "hf_runtime_capabilities", section="helpers"))) < 12_000  # whole in front of a model
    refused = server.action("hf_runtime_capabilities", section="nothing")
    assert refused.status_code == 400 and "The sections are" in refused.text


def test_others_are_answered_while_programs_spin(server):
    spin = SKELETON.format(line="x = [n for n in range(10 ** 9)] if query else await hf_whoami()")
    with ThreadPoolExecutor(3) as pool:
        spinning = [pool.submit(ask, server, "hf_hub_query", code=spin, query="q") for _ in range(2)]
        other = pool.submit(ask, server, "hf_hub_query", code=(PROGRAMS / "01_exact_repo_details.py").read_text(), query="q")
        assert other.result()["ok"]
        assert all(one.result()["ok"] is False and ("MB" in one.result()["error"] or "seconds" in one.result()["error"]) for one in spinning)


def test_the_error_of_a_program_stands_once(server):
    code = SKELETON.format(line="return await hf_repo_details(repo_ids=['nobody/nothing-at-all'], repo_type='model')")
    told = ask(server, "hf_hub_query", code=code, query="q")
    assert told["ok"] is False and "nobody/nothing-at-all" in told["error"] and "error" not in told["data"] and told["data"]["meta"]["failures"]
