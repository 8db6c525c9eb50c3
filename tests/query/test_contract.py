"""Which programs may start, and that a refusal shows the line and the right form."""

import pytest
from tests.query.conftest import SKELETON

from core.errors import InvalidInput
from core.query import HELPERS, check

CALL = "    return await hf_whoami()"
LAST = "\n\nawait solve(query, max_calls)"


def solve(head: str, last: str = "await solve(query, max_calls)") -> str:
    return f"{head}\n{CALL}\n\n{last}"


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("", "no program"),
        ("   \n ", "no program"),
        ("x" * 70_000, "longer than 64 KB"),
        ("async def solve(query, max_calls):\n    return (", "not Python"),
        ("\0", "null bytes"),
        ("await solve(query, max_calls)", "exactly once"),
        (solve("def solve(query, max_calls):").replace("await hf", "hf"), "exactly once"),
        (solve("async def solve(query, max_calls=100):"), "without defaults"),
        (solve("async def solve(q, max_calls):"), "exactly (query, max_calls)"),
        (solve("async def solve(query, *, max_calls):"), "exactly (query, max_calls)"),
        (solve("async def solve(query, max_calls, *rest):"), "exactly (query, max_calls)"),
        (solve("async def solve(query, max_calls):", "await solve(query, max_calls or 100)"), "last line"),
        (solve("async def solve(query, max_calls):", "await solve(query, max_calls if max_calls else 5)"), "last line"),
        (solve("async def solve(query, max_calls):", "budget = max_calls\nawait solve(query, budget)"), "last line"),
        (solve("async def solve(query, max_calls):", "result = await solve(query, max_calls)"), "last line"),
        (solve("async def solve(query, max_calls):", "solve(query, max_calls)"), "last line"),
        ("import os\n" + solve("async def solve(query, max_calls):"), "nothing is imported"),
        (SKELETON.format(body="    from json import loads\n    return await hf_whoami()"), "line 2: from json import loads"),
        (SKELETON.format(body="    return await hf_everything()"), "no helper hf_everything"),
        (SKELETON.format(body="    return await hf_repo_searches(query=query)"), "no helper hf_repo_searches"),
        (SKELETON.format(body="    while True:\n        x = 1\n    return await hf_whoami()"), "never ends"),
        (SKELETON.format(body="    return eval(await hf_whoami())"), "eval is not used"),
        (SKELETON.format(body="    return open('/etc/passwd').read() + str(await hf_whoami())"), "open is not used"),
        (SKELETON.format(body="    return __builtins__, await hf_whoami()"), "__builtins__ is not used"),
        (SKELETON.format(body="    hf_whoami = 3\n    return 1"), "keeps its name"),
        (SKELETON.format(body="    def hf_whoami():\n        return 3\n    return hf_whoami()"), "not defined again"),
        (SKELETON.format(body="    return {'likes': 3}"), "calls no helper"),
        (SKELETON.format(body="    hf_whoami()\n    return 1"), "not awaited"),
        (SKELETON.format(body="    return hf_whoami()['item']"), "before it is awaited"),
        (SKELETON.format(body="    return await hf_whoami(" + "[" * 90 + "]" * 90 + ")"), ""),
    ],
)
def test_a_program_outside_the_contract_is_refused(source, said):
    with pytest.raises(InvalidInput) as refused:
        check(source)
    assert said in refused.value.message


@pytest.mark.parametrize(
    ("call", "said"),
    [
        ("hf_repo_search(query=query, return_limit=5)", "hf_repo_search has no argument return_limit"),
        ("hf_repo_search(author='x', count_only=True)", "hf_repo_search has no argument count_only"),
        ("hf_trending(repo_type='space', return_limit=5)", "hf_trending has no argument return_limit"),
        ("hf_repo_discussions(repo_type='model', repo_id='a/b', return_limit=5)", "has no argument return_limit"),
        ("hf_repo_likers('a/b')", "hf_repo_likers needs repo_type"),
        ("hf_org_overview()", "hf_org_overview needs organization"),
        ("hf_whoami('alice')", "takes at most 0 arguments"),
        ("hf_user_graph('alice', username='bob')", "given username twice"),
        ("hf_user_graph(return_limit=5, limit=6)", "given return_limit twice"),
        ("hf_user_graph(return_limit='20')", "return_limit of hf_user_graph is int"),
        ("hf_repo_search(query=['llama'])", "query of hf_repo_search is str"),
        ("hf_repo_search(where=['likes'])", "where of hf_repo_search is dict"),
        ("hf_repo_search(fields={'repo_id': 1})", "fields of hf_repo_search is list"),
        ("hf_user_graph(pro_only='yes')", "pro_only of hf_user_graph is bool"),
        ("call_api('/api/models', headers={})", "call_api has no argument headers"),
        ("call_api('/api/hf_trending')", "not called through call_api"),
    ],
)
def test_guessed_arguments_are_refused_with_the_signature_before_anything_is_asked(call, said):
    with pytest.raises(InvalidInput) as refused:
        check(SKELETON.format(body=f"    rows = await {call}\n    return rows"))
    assert said in refused.value.message and f"line 2: rows = await {call[:60]}" in refused.value.message
    assert refused.value.fix.startswith(("await ", "result = await "))


@pytest.mark.parametrize(
    "body",
    [
        "    # while true, import os, eval( in a comment and 'exec(' in a text are nothing\n    return await hf_whoami()",
        "    calls = [hf_repo_details(repo_id=i) for i in ['a/b']]\n    return [await c for c in calls]",
        "    return await asyncio.gather(hf_whoami(), hf_trending())",
        "    while True:\n        who = await hf_whoami()\n        return who",
        "    given = {'limit': 3}\n    return await hf_trending(**given)",
        "    return await hf_user_graph(username='a', limit=5)",
        "    return await hf_models_search(search=query, filter='gguf', post_filter={'likes': {'gte': 5}})",
        "    return true, null, await hf_whoami()",
    ],
)
def test_programs_inside_the_contract_may_start(body):
    assert check(SKELETON.format(body=body)).startswith("async def solve")


def test_statements_before_the_last_line_and_windows_line_ends_are_allowed():
    assert check("LIMIT = 3\r\nasync def solve(query, max_calls):\r\n    return await hf_trending(limit=LIMIT)\r\n" + LAST)


def test_every_seed_program_is_accepted(seed_programs):
    assert len(seed_programs) == 13
    for source in seed_programs.values():
        check(source)


def test_a_refused_program_costs_nothing_and_is_told_by_the_runtime(hub):
    outcome = hub.body("return await hf_repo_search(query, return_limit=3)")
    assert outcome.ok is False and outcome.meta["api_calls"] == 0 and outcome.meta["code"] == "invalid_input"
    assert "line 2" in outcome.error and "limit: int = 20" in outcome.error and hub.upstream.requests == []


def test_arguments_the_contract_cannot_see_are_judged_when_they_arrive(hub):
    outcome = hub.body("given = {'return_limit': 3}\nreturn await hf_trending(**given)")
    assert outcome.ok is False and "hf_trending has no argument return_limit" in outcome.error and hub.upstream.requests == []
    assert "limit of hf_trending is int" in hub.body("n = str(3)\nreturn await hf_trending(limit=n)").error


def test_every_helper_of_the_tables_is_there_to_be_called(hub):
    body = "return [str(helper) for helper in (" + ", ".join(HELPERS) + ")] + [await hf_runtime_capabilities(section='helpers')]"
    outcome = hub.body(body)
    assert outcome.ok and len(outcome.result) == len(HELPERS) + 1
    assert set(outcome.result[-1]["item"]["content"]) == set(HELPERS)
