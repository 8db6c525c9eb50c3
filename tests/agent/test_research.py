"""The research sub-agent: a loop of its own, tools that read, a report whatever happens, and citations that were read."""

import asyncio
import base64
import json
from dataclasses import replace

import pytest

import core.actions  # noqa: F401
from core.agent import research as room
from core.agent import research_tools
from core.agent.research import LIMITS, run_research
from core.agent.research_tools import HEAD, TAIL, TOOLS, ends
from core.agent.toolbox import RegistryToolbox
from core.agent.values import ToolRequest
from core.caller import Caller
from core.errors import InvalidInput, RateLimited, TooLarge, Unauthorized
from core.events import Cost, Noticed, SubAgent, Text, ToolEnded, ToolStarted
from core.house import build_house
from core.registry import Call, actions, invoke
from core.settings import Research, Settings
from tests.agent.scripted import KEY, MODEL, keys_for, scripted
from tests.providers.upstream import upstream

CODE = "from trl import SFTTrainer\ntrainer = SFTTrainer(model='m')\n"
SERVICES = ("semantic_scholar", "arxiv", "ar5iv", "github", "github_raw", "gradio")  # all of them on loopback
SHORT = "## Recommendation\nUse SFTTrainer; which arguments it takes is missing."
REPORT = "## Recommendation\nUse SFTTrainer as in https://github.com/acme/tools/blob/main/run.py ."


@pytest.fixture
def server():
    with scripted() as made:
        yield made


@pytest.fixture
def github():
    with upstream("github") as made:
        body = {"type": "file", "encoding": "base64", "size": len(CODE), "content": base64.b64encode(CODE.encode()).decode(), "path": "run.py", "name": "run.py"}
        made.pages["/repos/acme/tools/contents/run.py"] = (200, body | {"html_url": "https://github.com/acme/tools/blob/main/run.py"})
        made.pages["/repos/acme/tools"] = (200, {"default_branch": "main", "full_name": "acme/tools"})
        yield made


@pytest.fixture
def house(tmp_path, github):
    base = f"http://127.0.0.1:{github.port}"
    made = build_house(Settings(hub="local", data=tmp_path, research=Research(**dict.fromkeys(SERVICES, base))), port=1)
    yield made
    made.store.close()
    made.instance.release()


def caller(server, **more):
    return Caller(id="tester", door="rest", keys=keys_for(server, **more))


def research(house, who, task="How is SFTTrainer used?", **more):
    """The report and the events."""
    told = []
    return run(house, run_research(Call(who, house, told.append), task, **more)), told


def run(house, work):
    """Its result; the connections it left are closed on its own event loop."""

    async def main():
        try:
            return await work
        finally:
            await house.providers.close()
            await house.reader.close()

    return asyncio.run(main())


def read_code(**more):
    return {"calls": [{"name": "github_read_file", "arguments": {"repo": "acme/tools", "path": "run.py"}}], **more}


def lines(told):
    return [event for event in told if isinstance(event, SubAgent)]


# What it may do


def test_it_has_exactly_the_tools_it_should():
    assert set(TOOLS) == {
        "hf_papers", "hf_inspect_dataset", "explore_hf_docs", "fetch_hf_docs", "find_hf_api", "github_find_examples", "github_list_repos",
        "github_read_file", "hf_repo_files", "read", "bash", "hf_search_models", "hf_search_datasets", "hf_model_details", "hf_hub_query", "hf_runtime_capabilities",
    }  # fmt: skip


def test_every_tool_reads_or_is_the_box_and_nothing_reaches_past_the_table():
    for name, row in TOOLS.items():
        if name == "bash":
            assert row.action == "sandbox_execute" and row.fixed == {"runtime": "bash"} and set(row.arguments.values()) == {"code", "timeout"}
        else:
            assert actions()[row.action].risk == "read", name
    with pytest.raises(InvalidInput):
        research_tools._given("bash", TOOLS["bash"], {"command": "ls", "files": {"a": "b"}})


def test_the_repository_tool_has_no_operation_that_writes():
    operations = actions()["hf_repo_files"].schema["properties"]["operation"]["enum"]
    assert set(operations) == {"list", "read"}


def test_a_model_that_wants_to_write_or_deploy_is_told_there_is_no_such_tool(house, server):
    server.script([
        {"calls": [{"name": "deploy_to_space", "arguments": {"project": "x"}}, {"name": "project_write", "arguments": {"project": "x", "files": {"a": "b"}}}]},
        {"calls": [{"name": "hf_repo_files", "arguments": {"repo_id": "me/mine", "operation": "upload", "path": "a", "content": "b"}}]},
        {"calls": [{"name": "bash", "arguments": {"command": "ls", "runtime": "python"}}]},
        {"text": REPORT},
    ])  # fmt: skip
    found, told = research(house, caller(server))
    answers = [message["content"] for message in server.bodies[-1]["messages"] if message["role"] == "tool"]
    assert len(answers) == 4 and all("not_found" in answer or "invalid_input" in answer for answer in answers), answers
    assert found.ending == "done"


def test_the_project_is_read_only_where_there_is_one(house, server):
    server.script([{"text": REPORT}])
    research(house, caller(server))
    assert "read" not in {tool["function"]["name"] for tool in server.bodies[0]["tools"]}
    made = house.projects.create("tester", title="Mine", files={"app.py": b"print(42)\n", "README.md": b"# x\n"})
    server.script([{"calls": [{"name": "read", "arguments": {"path": "app.py"}}]}, {"text": REPORT}])
    research(house, caller(server), project=made.id)
    names = {tool["function"]["name"]: tool["function"]["parameters"] for tool in server.bodies[-1]["tools"]}
    assert set(names["read"]["properties"]) == {"path"} and set(names) == set(TOOLS)
    result = next(message["content"] for message in server.bodies[-1]["messages"] if message["role"] == "tool")
    assert "print(42)" in result and result.startswith("<data source=")


def test_somebody_elses_project_is_not_read(house, server):
    other = house.projects.create("another", title="Theirs", files={"secret.py": b"x = 1\n", "README.md": b"# x\n"})
    server.script([{"calls": [{"name": "read", "arguments": {"path": "secret.py"}}]}, {"text": REPORT}])
    research(house, caller(server), project=other.id)
    result = next(message["content"] for message in server.bodies[-1]["messages"] if message["role"] == "tool")
    assert result.startswith("not_found")


def test_each_tool_is_wired_to_what_it_names(house, server):
    calls = {
        "hf_papers": {"operation": "read_paper", "arxiv_id": "2305.20050"}, "hf_inspect_dataset": {"dataset": "openai/gsm8k"},
        "explore_hf_docs": {"endpoint": "trl", "query": "sft"}, "fetch_hf_docs": {"url": "https://huggingface.co/docs/trl/sft_trainer"},
        "find_hf_api": {"query": "create a repository"}, "github_find_examples": {"repo": "acme/tools"}, "github_list_repos": {"owner": "acme"},
        "github_read_file": {"repo": "acme/tools", "path": "run.py"}, "hf_repo_files": {"repo_id": "acme/m"}, "read": {"path": "app.py"},
        "bash": {"command": "echo $((6 * 7)); python -c 'import inspect, yaml; print(inspect.signature(yaml.safe_load))'", "timeout": 60},
        "hf_search_models": {"query": "small"}, "hf_search_datasets": {"query": "law"}, "hf_model_details": {"id": "acme/m"}, "hf_runtime_capabilities": {"section": "overview"},
        "hf_hub_query": {"code": "async def solve(query, max_calls):\n    return await hf_repo_search(query)\n\nawait solve(query, max_calls)", "query": "small"},
    }  # fmt: skip
    assert set(calls) == set(TOOLS)
    made = house.projects.create("tester", title="Mine", files={"app.py": b"print(42)\n", "README.md": b"# x\n"})
    server.script([{"calls": [{"name": name, "arguments": given} for name, given in calls.items()]}, {"text": SHORT}])
    found, told = research(house, caller(server), project=made.id)
    results = {message["tool_call_id"]: message["content"] for message in server.bodies[1]["messages"] if message["role"] == "tool"}
    asked = {call["id"]: call["function"]["name"] for call in server.bodies[1]["messages"][2]["tool_calls"]}
    answers = {asked[id]: text for id, text in results.items()}
    assert set(answers) == set(TOOLS)
    for name, text in answers.items():  # the Hub is out of reach here: its tools say so, and nothing is a defect or a wrong name
        assert not text.startswith(("unexpected", "invalid_input", "forbidden")) and "There is no tool" not in text, (name, text)
    assert "print(42)" in answers["read"] and "SFTTrainer" in answers["github_read_file"] and "42" in answers["bash"]
    assert "(stream)" in answers["bash"]  # the packages of this server can be looked into
    assert found.tools == len(TOOLS)


def test_an_error_that_sends_to_a_tool_it_does_not_have_says_so(house, server):
    calls = [{"name": "fetch_hf_docs", "arguments": {"url": "https://huggingface.co/acme/model"}}, {"name": "github_read_file", "arguments": {"repo": "acme/tools", "path": "../x"}}]
    server.script([{"calls": calls}, {"text": SHORT}])
    research(house, caller(server))
    docs, code = [message["content"] for message in server.bodies[-1]["messages"] if message["role"] == "tool"]
    assert "hf_search_docs" in docs and docs.endswith("(Not among your tools: hf_search_docs. Take another of yours, or go on without.)")
    assert "github_find_examples" in code and "Not among" not in code


# What comes back


def test_a_report_with_what_was_read(house, server):
    server.script([read_code(), {"text": REPORT}])
    found, told = research(house, caller(server), context="It is for a chat model.")
    assert found.text == REPORT and found.ending == "done" and found.unseen == ()
    assert [one.to_dict() for one in found.citations] == [
        {"kind": "code", "id": "acme/tools/run.py", "url": "https://github.com/acme/tools/blob/HEAD/run.py"}
    ]
    assert found.tools == 1 and found.tokens > 0
    first = server.bodies[0]["messages"]
    assert "research for an engineer" in first[0]["content"] and "It is for a chat model." in first[1]["content"] and "Task: How is" in first[1]["content"]
    assert "SFTTrainer" in server.bodies[1]["messages"][-1]["content"] and 'trust="none"' in server.bodies[1]["messages"][-1]["content"]


def test_a_name_no_tool_returned_is_marked(house, server):
    report = REPORT + " See 2401.99999, `acme/unknown-data` and https://example.com/made-up ."
    server.script([read_code(), {"text": report}])
    found, _ = research(house, caller(server))
    assert set(found.unseen) == {"2401.99999", "acme/unknown-data", "https://example.com/made-up"}
    assert found.text.count("[not seen by a tool]") == 3 and "run.py [not seen" not in found.text


def test_its_words_stay_its_own_and_its_costs_and_steps_are_told(house, server):
    server.script([read_code(text="I read the code.", reasoning="hm"), {"text": REPORT}])
    found, told = research(house, caller(server), task="How is SFTTrainer used in the newest examples of the library?", id="call-7")
    assert not any(isinstance(event, Text) for event in told)
    (ended,) = [event for event in told if isinstance(event, ToolEnded)]
    assert (ended.agent, ended.ok, ended.text, ended.data) == ("call-7", True, "", None) and ended.seconds > 0
    assert len([event for event in told if isinstance(event, Cost)]) == 2
    assert all(event.receipt["role"] == "research" for event in told if isinstance(event, Cost))
    assert [event.agent for event in told if isinstance(event, ToolStarted)] == ["call-7"]
    status = lines(told)
    assert {one.id for one in status} == {"call-7"} and {one.label for one in status} == {"research: How is SFTTrainer used in the newest examples of t…"}
    assert status[0].state == "working" and status[-1].state == "done" and status[-1].tools == 1 and status[-1].tokens == found.tokens > 0
    assert any("github_read_file" in one.text for one in status)


def test_an_unknown_price_is_not_zero_and_the_model_is_the_one_that_answered(house, server):
    server.script([read_code(), {"text": REPORT}])
    found, told = research(house, caller(server))
    assert found.cost_usd is None and found.model == MODEL
    server.script([{**read_code(), "usage": {"prompt": 100, "completion": 10, "cost": 0.25}}, {"text": REPORT, "usage": {"prompt": 100, "completion": 10, "cost": 0.125}}])
    found, told = research(house, caller(server, provider="openrouter"))
    assert found.cost_usd == 0.375 == lines(told)[-1].cost_usd


def test_nothing_secret_is_in_what_is_told_or_sent(house, server):
    server.script([read_code(), {"calls": [{"name": "github_read_file", "arguments": {"repo": "acme/tools", "path": KEY}}]}, {"text": f"{REPORT} {KEY}"}])
    found, told = research(house, caller(server))
    assert "SFTTrainer" in found.text and KEY not in found.text
    assert KEY not in json.dumps([event.to_dict() for event in told])
    assert KEY not in json.dumps([body["messages"][:-1] for body in server.bodies[:2]])


def test_results_are_cut_to_head_and_tail():
    text = "a" * 10_000 + "b" * 10_000
    short = ends(text)
    assert short.startswith("a" * HEAD) and short.endswith("b" * TAIL) and "12000 characters left out" in short
    assert ends("x" * 8_000) == "x" * 8_000


def test_a_long_file_is_cut_on_the_wire(house, server):
    made = house.projects.create("tester", title="Mine", files={"long.txt": b"word " * 10_000, "README.md": b"# x\n"})
    server.script([{"calls": [{"name": "read", "arguments": {"path": "long.txt"}}]}, {"text": REPORT}])
    research(house, caller(server), project=made.id)
    result = next(message["content"] for message in server.bodies[-1]["messages"] if message["role"] == "tool")
    assert 8_000 <= len(result) < 8_400 and "characters left out" in result


# Every limit gives a report


def assert_reported(found, told, ending):
    assert found.ending == ending and SHORT in found.text and "ended early" in found.text
    assert lines(told)[-1].state == "done" and any(isinstance(event, Noticed) and event.kind == "limit" for event in told)


def different(number):
    return {"calls": [{"name": "github_read_file", "arguments": {"repo": "acme/tools", "path": "run.py", "line_start": number}}]}


def test_at_the_last_round_it_is_asked_for_the_report_without_tools(house, server):
    server.script([different(1), different(2), {"when": {"tools": False}, "text": SHORT}])
    found, told = research(house, caller(server), limits=replace(LIMITS, iterations=3))
    assert_reported(found, told, "iterations")
    assert "tools" not in server.bodies[-1] and "Write the report now" in json.dumps(server.bodies[-1]["messages"][-1])
    assert len(server.bodies) == 3


def test_when_the_money_is_spent(house, server):
    server.script([{**different(1), "usage": {"prompt": 100, "completion": 10, "cost": 0.5}}, {"when": {"tools": False}, "text": SHORT}])
    found, told = research(house, caller(server, provider="openrouter"), limits=replace(LIMITS, usd=0.2))
    assert_reported(found, told, "money")
    assert found.cost_usd >= 0.5


def test_when_the_tokens_are_used(house, server):
    server.script([{**different(1), "usage": {"prompt": 90_000, "completion": 20_000}}, {"when": {"tools": False}, "text": SHORT}])
    found, told = research(house, caller(server), limits=replace(LIMITS, tokens=100_000))
    assert_reported(found, told, "tokens")


def test_when_the_time_is_over_in_the_middle_of_a_reply(house, server):
    server.script([{"text": "slow", "wait": 30, "when": {"tools": True}}, {"when": {"tools": False}, "text": SHORT}])
    found, told = research(house, caller(server), limits=replace(LIMITS, seconds=1.0))
    assert_reported(found, told, "time")


def test_when_it_goes_in_circles(house, server):
    server.script([{**read_code(), "repeat": "forever", "when": {"tools": True}}, {"when": {"tools": False}, "text": SHORT}])
    found, told = research(house, caller(server))
    assert_reported(found, told, "stuck")
    assert any(isinstance(event, Noticed) and event.kind == "stuck" for event in told)
    assert len(server.bodies) == 7  # three, a note, three more, the report


def test_when_its_context_is_nearly_full_it_is_nudged_once_and_then_asked(house, server):
    server.models(MODEL, context=9_000)
    made = house.projects.create("tester", title="Mine", files={f"f{number}.txt": f"file {number} ".encode() * 120 for number in range(40)})
    reads = [{"name": "read", "arguments": {"path": f"f{number}.txt"}} for number in range(40)]
    turns = [{"calls": [read], "usage": False, "when": {"tools": True}} for read in reads]
    server.script([*turns, {"when": {"tools": False}, "text": SHORT, "repeat": "forever"}])
    found, told = research(house, caller(server, provider="openrouter"), project=made.id)
    assert_reported(found, told, "full")
    nudges = [body for body in server.bodies if "85 %" in json.dumps(body["messages"][-1])]
    assert len(nudges) <= 1 and sum("85 %" in event.text for event in told if isinstance(event, Noticed)) == 1


def test_when_the_upstream_says_that_it_is_too_long(house, server):
    too_long = {"status": 400, "error": {"message": "maximum context length exceeded", "code": "context_length_exceeded"}, "when": {"tools": True}}
    made = house.projects.create("tester", title="Mine", files={f"f{number}.txt": f"file {number} ".encode() * 900 for number in range(3)})
    reads = [{"calls": [{"name": "read", "arguments": {"path": f"f{number}.txt"}}]} for number in range(3)]
    server.script([*reads, too_long, {"when": {"tools": False}, "text": SHORT, "repeat": "forever"}])  # a summary, then the report
    found, told = research(house, caller(server), project=made.id)
    assert_reported(found, told, "full")


def test_when_nobody_answers_any_more_what_was_said_is_the_report(house, server):
    server.script([{**different(1), "text": "I begin with the examples."}, {"status": 401, "error": "no", "repeat": "forever"}])
    found, told = research(house, caller(server))
    assert found.ending == "failed" and "I begin with the examples." in found.text and "without a report" in found.text
    assert [one.id for one in found.citations] == ["acme/tools/run.py"]


def test_a_failure_that_passes_is_asked_again(house, server):
    server.script([{"status": 503, "error": "busy"}, {"text": SHORT}])
    found, _ = research(house, caller(server))
    assert found.ending == "done" and found.text == SHORT


# Who may, and how many


def test_without_a_key_it_says_what_to_do(house):
    with pytest.raises(Unauthorized) as raised:
        research(house, Caller(id="nobody", door="rest"))
    assert "Keys tab" in raised.value.fix


def test_nothing_to_research_and_too_much():
    call = Call(Caller(id="x"), None)
    with pytest.raises(InvalidInput):
        asyncio.run(run_research(call, "  "))
    with pytest.raises(TooLarge):
        asyncio.run(run_research(call, "x" * 9_000))


def test_three_of_a_caller_run_and_the_others_wait(house, server):
    server.script([{"text": SHORT, "hold": True, "repeat": "forever"}])
    told = []

    async def main():
        call = Call(caller(server), house, told.append)
        tasks = [asyncio.create_task(run_research(call, f"task {number}", id=str(number))) for number in range(5)]
        while len(server.bodies) < 3:
            await asyncio.sleep(0.01)
        await asyncio.sleep(0.2)
        begun = {one.id for one in lines(told)}
        server.go.set()
        found = await asyncio.gather(*tasks)
        return begun, found

    begun, found = run(house, main())
    assert begun == {"0", "1", "2"} and [one.ending for one in found] == ["done"] * 5
    assert {one.id for one in lines(told) if one.state == "done"} == {"0", "1", "2", "3", "4"}


def test_more_than_may_wait_are_refused(house, server, monkeypatch):
    monkeypatch.setattr(room, "WAITING", 1)
    server.script([{"text": SHORT, "hold": True, "repeat": "forever"}])

    async def main():
        call = Call(caller(server), house)
        tasks = [asyncio.create_task(run_research(call, f"task {number}")) for number in range(5)]
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_EXCEPTION)
        server.go.set()
        return await asyncio.gather(*tasks, return_exceptions=True)

    found = run(house, main())
    assert sum(isinstance(one, RateLimited) for one in found) == 1
    assert sum(getattr(one, "ending", "") == "done" for one in found) == 4


def test_stopping_it_closes_its_request_and_says_so(house, server):
    server.script([{"text": "slow answer in pieces", "slow": 5}])
    told = []

    async def main():
        task = asyncio.create_task(run_research(Call(caller(server), house, told.append), "task"))
        while not server.bodies:
            await asyncio.sleep(0.01)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    run(house, main())
    assert lines(told)[-1].state == "failed"


def test_the_main_agent_runs_several_beside_each_other_with_lines_of_their_own(house, server):
    server.script([{"text": SHORT, "hold": True, "repeat": "forever"}])
    told = []

    async def main():
        box = RegistryToolbox(Call(caller(server), house), fixed={"research": {"model": MODEL, "limit_usd": 0.5}})
        tool = next(tool for tool in box.tools() if tool.name == "research")
        assert tool.reads and set(tool.schema["properties"]) == {"task", "context"}
        requests = [ToolRequest(f"r{number}", "research", {"task": f"task {number}"}) for number in range(2)]
        assert [await box.judge(request) for request in requests] == [None, None]
        tasks = [asyncio.create_task(box.run(request, emit=told.append)) for request in requests]
        while len(server.bodies) < 2:
            await asyncio.sleep(0.01)
        server.go.set()
        return await asyncio.gather(*tasks)

    outputs = run(house, main())
    assert all(output.ok and "SFTTrainer" in output.text for output in outputs)
    done = [one for one in lines(told) if one.state == "done"]
    assert len({one.id for one in done}) == 2 and {one.label for one in done} == {"research: task 0", "research: task 1"}
    assert {body["model"] for body in server.bodies} == {MODEL}


def test_the_action_gives_all_of_it(house, server):
    server.script([read_code(), {"text": SHORT}])
    who = replace(caller(server), approves=frozenset({"read", "write", "spend"}))
    result = run(house, invoke("research", {"task": "How?"}, Call(who, house)))
    assert set(result) == {"text", "citations", "unseen", "tokens", "tools", "cost_usd", "ending", "model", "why"}
    assert result["citations"][0]["kind"] == "code"
