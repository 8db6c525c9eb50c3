"""A chat as Markdown reads as it went: each result at its call, each call with whoever made it, and nothing that opens a door."""

from __future__ import annotations

import json

from core.agent.rendering import enclosed
from core.agent.readable import markdown, without_keys
from core.events import ApprovalAsked, ApprovalGiven, Cost, Deployed, Said, Step, SubAgent, ToolEnded, ToolStarted, UserSaid

ABOUT = {"id": "c", "title": "Links", "project": "p", "status": "done", "created": 0.0, "updated": 90_000.0, "spent": {}}
PREVIEW, PRIVATE = "/p/b999c9a533-EDOCGXEgysxrhjQDFzX9EQ/", "/hub/s/local-tiny-links~rHo8IJQnXogYDy4MlD-jQlab/"


def read(*events, **about):
    return markdown({**ABOUT, **about}, [one.to_dict() for one in events])


def test_results_of_calls_beside_each_other_stand_at_their_calls():
    started = [ToolStarted(id=id, name="project_read", title="Read a file", arguments={"path": f"{id}.py"}) for id in "ab"]
    text = read(*started, ToolEnded(id="b", name="project_read", ok=True, text="of b"), ToolEnded(id="a", name="project_read", ok=False, text="of a", seconds=2))
    first, second = text.split("**Read a file** `project_read`")[1:]
    assert "a.py" in first and "of a" in first and "2.0 s · failed" in first and "of b" not in first
    assert "b.py" in second and "of b" in second and "failed" not in second


def test_a_result_has_no_marks_and_a_long_one_is_folded_and_cut():
    text = read(ToolStarted(id="a", name="x", title="X"), ToolEnded(id="a", name="x", ok=True, text=enclosed("```\n" + "long " * 1_000, "x")))
    assert "<data" not in text and "</data>" not in text
    assert "<details><summary>Result, 5,003 characters" in text and "3,003 more characters" in text and text.count("````") == 2


def test_what_a_research_did_stands_under_its_research():
    label = "research: How is SFTTrainer used in the newest examples of t…"
    text = read(
        ToolStarted(id="r", name="research", title="Research", arguments={"task": "Something else"}),
        ToolStarted(id="s", name="research", title="Research", arguments={"task": "How is SFTTrainer used in the newest examples of the library?"}),
        SubAgent(id="z", label=label), ToolStarted(id="r", name="hf_papers", title="Papers", agent="z", arguments={"query": "sft"}),
        ToolEnded(id="r", name="hf_papers", ok=False, text="not found", seconds=1.5, agent="z"),
        SubAgent(id="z", label=label, state="done", text="4 sources", tools=1, tokens=1_200),
        ToolEnded(id="s", name="research", ok=True, text="The report."), ToolEnded(id="r", name="research", ok=True, text="The other report."),
    )  # fmt: skip
    first, second = text.split("**Research** `research`")[1:]
    assert "The other report." in first and "hf_papers" not in first
    assert "The report." in second and "- **Papers** `hf_papers` · 1.5 s · failed" in second and "not found" in second
    assert "hf_papers" in read(SubAgent(id="z", label=label), ToolStarted(id="r", name="hf_papers", title="Papers", agent="z"))  # it was stopped
    assert "done: 4 sources (1 calls, 1,200 tokens)" in second


def test_it_tells_models_dates_tokens_and_what_it_came_to():
    spent = {"usd": 0.25, "prompt": 12_345, "completion": 67, "roles": {"code": 0.25}, "unknown": True}
    text = read(Cost(receipt={"model": "some/model"}), UserSaid(text="hi", at=60.0), Said(text="Hello.", model="some/model"), spent=spent)
    assert "1970-01-01 00:00 UTC to 1970-01-02 01:00 UTC" in text and "## You · 1970-01-01 00:01 UTC" in text and "## Agent · some/model" in text
    assert "Models: some/model · tokens: 12,345 read, 67 written" in text and "about $0.2500" in text
    assert "about" not in read(spent=spent | {"unknown": False})


def test_a_yes_says_whose_it_was_and_to_what():
    text = read(
        ApprovalAsked(id="a", name="space_delete", title="Delete", kind="delete", reason="It is gone then."), ApprovalGiven(id="a", approve=False, feedback="keep it"),
        ApprovalGiven(id="b", approve=True, by="trust"), ToolStarted(id="b", name="deploy_to_space", title="Deploy"),
    )  # fmt: skip
    assert "**Refused** `space_delete`: keep it" in text and "**Approved by trust** `deploy_to_space`" in text


def test_nothing_in_it_opens_a_preview_or_a_private_space():
    text = read(
        ToolStarted(id="a", name="preview_start", title="Preview", arguments={"at": PREVIEW}), Step(name="x", text=f"ready at {PREVIEW}", state="done"),
        ToolEnded(id="a", name="preview_start", ok=True, text=f"{PREVIEW} and {PRIVATE}"), Said(text=f"It runs at {PREVIEW}."), Deployed(repo="r", url=PRIVATE, revision="1"),
    )  # fmt: skip
    whole = without_keys(json.dumps({"url": PREVIEW, "space": f"http://127.0.0.1:8000{PRIVATE}"}))
    for kept in (text, whole):
        assert "EDOCGXE" not in kept and "rHo8IJ" not in kept and "/p/b999c9a533-…/" in kept and "/s/local-tiny-links~…/" in kept
    assert json.loads(whole)
