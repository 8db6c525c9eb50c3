"""The evals: ideas that can be checked, a run by rules, and a run by the agent with a scripted model."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import psutil
import pytest
from pydantic import TypeAdapter

from core.browser import Step
from core.browser.check import Check, check_bounds
from evals.__main__ import ROOT, main
from evals.ideas import Result, ideas, summary, table
from tests.agent.scripted import MODEL, scripted
from tests.hub.space_apps import until

PAGE = """<!doctype html><title>Pomodoro</title><h1 id="left">25:00</h1><button onclick="go()">Start</button><button>Reset</button>
<script>function go() { let left = 1500; setInterval(() => { left -= 1; document.querySelector("#left").textContent = `${Math.floor(left / 60)}:${String(left % 60).padStart(2, "0")}`; }, 1000); }</script>
"""

# Todo entries whose tick has no name, a converter with a button that undoes, and a page that only says what it should do.
TODO = """<!doctype html><title>To-do</title><input aria-label="New entry" id="entry"><button onclick="add()">Add</button><ul></ul>
<script>function add() { const line = document.createElement("li"); line.innerHTML = '<input type="checkbox"> <span></span>';
  line.querySelector("span").textContent = entry.value; document.querySelector("ul").append(line); }</script>
"""
UNITS = """<!doctype html><title>Units</title><label>Celsius <input id="c" type="number"></label><label>Fahrenheit <input id="f" type="number"></label>
<button onclick="c.value = f.value = ''">Empty both</button><script>c.oninput = () => { f.value = c.value * 9 / 5 + 32 }</script>
"""
TIP = """<!doctype html><title>Tips</title><h1>80 with 25 percent gives 100</h1><label>Bill <input type="number"></label><label>Tip <input type="number"></label>
"""


def test_there_are_twenty_ideas_of_every_kind_and_each_can_be_checked():
    all_of = ideas()
    assert len(all_of) == 20 and len({one.id for one in all_of}) == 20
    assert {"gradio", "static", "docker"} <= {one.sdk for one in all_of}
    assert sum(not one.templates for one in all_of) >= 4
    for one in all_of:
        assert one.ways and len(one.idea) > 20
        for way in one.ways:
            while way is not None:
                steps = TypeAdapter(list[Step]).validate_python([dict(step) for step in way.steps])
                check_bounds(Check(tuple(steps), path=way.path))
                assert any(step.do in ("expect_text", "wait_for", "check", "read") for step in steps), f"{one.id} passes without a look"
                way = way.then


def test_the_whole_is_summed_and_an_unknown_price_stays_unknown():
    results = [Result("a", True, True, tokens=10, cost_usd=0.5, rungs=1, seconds=2), Result("b", False, True, "a | b", cost_usd=None, seconds=1)]
    whole = summary(results)
    assert (whole["works"], whole["rate"], whole["starts"], whole["tokens"], whole["cost_usd"], whole["rungs"]) == (1, 0.5, 2, 10, None, 1)
    assert "| b | no | yes |" in table(results) and "a \\| b" in table(results) and "**1 (50%)**" in table(results)


def test_the_server_ends_with_a_run_that_is_ended():
    run = subprocess.Popen([sys.executable, "-m", "evals", "--only", "pomodoro"], cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    folder = until(lambda: next((Path(word).parent for one in psutil.Process(run.pid).children() for word in one.cmdline() if word.endswith("/data")), None), timeout=60)
    servers = psutil.Process(run.pid).children()
    run.terminate()
    assert run.wait(60) == 143
    assert not psutil.wait_procs(servers, timeout=60)[1] and not folder.exists()


def test_an_idea_nobody_knows_is_refused(capsys):
    assert main(["--only", "nothing"]) == 2
    assert "word-counter" in capsys.readouterr().err


def test_a_model_needs_its_key(monkeypatch, capsys):
    monkeypatch.delenv("EVALS_KEY", raising=False)
    assert main(["--path", "agent", "--base-url", "http://127.0.0.1:1/v1"]) == 2
    assert "EVALS_KEY" in capsys.readouterr().err


@pytest.mark.usefixtures("chromium_path")
def test_rules_build_what_they_can_and_say_what_they_cannot(tmp_path, capsys):
    assert main(["--path", "rules", "--only", "pomodoro", "--only", "markdown", "--json", str(tmp_path / "out.json")]) == 0
    told = json.loads((tmp_path / "out.json").read_text())
    by_id = {one["id"]: one for one in told["ideas"]}
    assert by_id["pomodoro"]["works"] and by_id["pomodoro"]["cost_usd"] == 0
    assert not by_id["markdown"]["works"] and "matches a template" in by_id["markdown"]["said"]
    assert told["all"]["rate"] == 0.5 and "| pomodoro | yes |" in capsys.readouterr().out


@pytest.mark.usefixtures("chromium_path")
def test_the_agent_is_judged_by_the_same_use_and_its_bill_is_told(tmp_path, monkeypatch):
    priced = {"usage": {"prompt": 500, "completion": 100, "cost": 0.01}}
    with scripted() as model:
        model.script([
            {"calls": [{"name": "ask", "arguments": {"question": "Which colour?", "choices": ["red", "blue"]}}], **priced},
            {"calls": [{"name": "project_create", "arguments": {"title": "Pomodoro", "sdk": "static", "files": {"index.html": PAGE}}}], **priced},
            {"calls": [{"name": "app_verify", "arguments": {}}], **priced},
            {"text": "It runs.", **priced, "repeat": "forever"},
        ])  # fmt: skip
        monkeypatch.setenv("EVALS_KEY", "sk-0123456789abcdef-EVAL")
        given = ["--path", "agent", "--base-url", model.url, "--model", MODEL, "--only", "pomodoro", "--json", str(tmp_path / "out.json")]
        assert main(given) == 0
        assert "Decide this for yourself" in model.received
    one = json.loads((tmp_path / "out.json").read_text())["ideas"][0]
    assert one["works"] and one["ending"] == "done" and one["verified"] is True, one
    assert one["tokens"] >= 2_400 and one["cost_usd"] >= 0.04 and one["tools"] >= 2
    assert "sk-0123456789abcdef-EVAL" not in json.dumps(one)


@pytest.mark.usefixtures("chromium_path")
def test_an_app_laid_out_otherwise_passes_and_one_that_quotes_the_idea_does_not(tmp_path, monkeypatch):
    pages = {"todo": TODO, "tip": TIP, "units": UNITS}
    with scripted() as model:
        made = ({"name": "project_create", "arguments": {"title": name, "sdk": "static", "files": {"index.html": page}}} for name, page in pages.items())
        model.script([step for call in made for step in ({"calls": [call, {"name": "app_verify", "arguments": {}}]}, {"text": "It is there."})])
        monkeypatch.setenv("EVALS_KEY", "sk-0123456789abcdef-EVAL")
        given = ["--path", "agent", "--base-url", model.url, "--model", MODEL, "--json", str(tmp_path / "out.json")]
        assert main([*given, *(word for name in pages for word in ("--only", name))]) == 0
    works = {one["id"]: one["works"] for one in json.loads((tmp_path / "out.json").read_text())["ideas"]}
    assert works == {"todo": True, "tip": False, "units": True}
