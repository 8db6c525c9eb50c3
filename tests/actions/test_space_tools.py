"""Calling a Space that runs on the Local Hub: what it offers, typed inputs, its answer, its failure."""

import time

import pytest
from huggingface_hub import HfApi

APP = """import gradio as gr


def repeat(text: str, times: float = 2, loud: bool = False):
    if text == "fail":
        raise gr.Error("no such word")
    said = " ".join([text] * int(times))
    return said.upper() if loud else said


demo = gr.Interface(repeat, [gr.Textbox(label="Text"), gr.Number(2, label="Times"), gr.Checkbox(label="Loud")], gr.Textbox(label="Said"), api_name="repeat")
demo.launch()
"""


@pytest.fixture(scope="module")
def space(server) -> str:
    """A Gradio Space that runs."""
    me = server.action("hf_whoami").json()["name"]
    token = (server.data / "hub" / "token").read_text().strip()
    api = HfApi(endpoint=f"{server.url}/hub", token=token)
    repo = f"{me}/tools-to-call"
    api.create_repo(repo, repo_type="space", space_sdk="gradio")
    api.upload_file(path_or_fileobj=APP.encode(), path_in_repo="app.py", repo_id=repo, repo_type="space")
    deadline = time.monotonic() + 90
    while api.space_info(repo).runtime.stage != "RUNNING":
        assert time.monotonic() < deadline, api.space_info(repo).runtime.raw
        time.sleep(0.3)
    return repo


def run(server, space, **inputs):
    return server.action("hf_run_space_tool", id=space, tool="repeat", inputs=inputs)


def test_a_space_tells_what_it_can_do_and_does_it(server, space):
    tools = {one["name"]: one for one in server.action("hf_space_tools", id=space).json()["items"]}
    inputs = tools["repeat"]["inputs"]
    assert [(one["name"], one["type"]) for one in inputs] == [("text", "string"), ("times", "number"), ("loud", "boolean")]
    assert inputs[0]["required"] and inputs[1]["default"] == 2
    assert run(server, space, text="so").json()["outputs"] == ["so so"]
    assert run(server, space, text="so", times=3, loud=True).json()["outputs"] == ["SO SO SO"]


@pytest.mark.parametrize("inputs, word", [({}, "needs text"), ({"text": 7}, "string"), ({"text": "a", "times": "2"}, "number"), ({"text": "a", "volume": 1}, "volume")])
def test_inputs_that_do_not_fit_are_refused_before_the_call(server, space, inputs, word):
    answer = run(server, space, **inputs)
    assert answer.status_code == 400 and word in answer.text


def test_a_failing_tool_an_unknown_one_and_a_sample_say_so(server, space):
    failed = run(server, space, text="fail")
    assert failed.status_code == 422 and "no such word" in failed.text
    assert server.action("hf_run_space_tool", id=space, tool="dance").status_code == 400
    sample = server.action("hf_search_spaces", limit=5, author="huggingface-projects").json()["items"] or server.action("hf_search_spaces", limit=50).json()["items"]
    other = next(one["id"] for one in sample if one["id"] != space)
    assert server.action("hf_space_tools", id=other).status_code == 404


def test_a_space_is_connected_and_its_endpoints_are_tools_for_the_agent(server, space):
    told = server.action("outside_connect", space=space, name="Repeater").json()
    tool = next(one for one in told["tools"] if one["name"] == "repeat")
    assert told["kind"] == "space" and tool["as"] == "repeater_repeat" and tool["asks"]
    called = server.action("outside_call", server="repeater", tool="repeat", arguments={"text": "so", "times": 3}).json()
    assert called["ok"] and called["text"] == "so so so"
    refused = server.action("outside_call", server="repeater", tool="repeat", arguments={"text": 7})
    assert refused.status_code == 400 and "string" in refused.text
    assert server.action("outside_disconnect", id="repeater").json()["connected"] is False
    assert server.action("outside_list").json()["items"] == []
