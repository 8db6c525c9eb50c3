"""Real broken apps in real boxes, opened by a real browser: looked at, mended for nothing, mended by a model, or told."""

from __future__ import annotations

import asyncio
import json
import shutil
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from core.build import templates
from core.errors import AppFailed, Conflict, InvalidInput, NotFound
from core.events import Cost, Event, FileChanged, Step
from core.house import House, build_house
from core.registry import Call
from core.running import run_action
from core.settings import Settings
from tests.agent.scripted import keys_for, scripted
from tests.preview.conftest import DOCKERFILE

CARD = "---\nsdk: gradio\n---\n"
STATIC = "---\nsdk: static\n---\n"
OLD_GRADIO = """with gr.Blocks() as demo:
    name, said = gr.Textbox(label="Name"), gr.Textbox(label="Said")
    gr.Button("Greet").click(lambda text: "Hello " + text, name, said, show_api=False)
"""
GREETING = """import gradio as gr


def greet(name):
    return "Hello " + name.shout()


demo = gr.Interface(greet, gr.Textbox(label="Name"), gr.Textbox(label="Said"), flagging_mode="never")
demo.launch()
"""
SHOUT = """<!doctype html><title>Greeter</title><label>Name <input id="name"></label><button onclick="greet()">Greet</button><p id="said"></p>
<script>function greet() { said.textContent = "Hello " + document.querySelector('#name').value.shout(); }</script>
"""
ASKED = [{"do": "fill", "role": "textbox", "name": "Name", "value": "Ada"}, {"do": "click", "role": "button", "name": "Greet"}, {"do": "expect_text", "value": "Hello ADA", "seconds": 1}]


class Bench:
    """One caller's actions in one house, the events they told."""

    def __init__(self, house: House):
        self.house, self.events, self.keys = house, [], ()

    def do(self, name: str, **given: Any) -> Any:
        self.events: list[Event] = []
        caller = replace(self.house.caller("rest"), keys=self.keys)
        return asyncio.run(run_action(name, given, Call(caller, self.house, self.events.append)))

    def project(self, files: dict[str, str], sdk: str = "gradio") -> str:
        encoded = {path: text.encode() for path, text in files.items()}
        return self.house.projects.create(self.house.caller("rest").id, title="An app", files=encoded, sdk=sdk, message="new").id

    def read(self, project: str, path: str) -> str:
        return self.do("project_read", project=project, path=path)["text"]


@pytest.fixture(scope="module")
def bench(tmp_path_factory, chromium_path) -> Iterator[Bench]:
    house = build_house(Settings(hub="local", data=tmp_path_factory.mktemp("house"), max_previews=40), port=1)
    yield Bench(house)
    asyncio.run(house.close())


@pytest.fixture
def model(bench) -> Iterator[Any]:
    with scripted() as server:
        bench.keys = keys_for(server)
        yield server
        bench.keys = ()


def answer(why: str, **edits: tuple[str, str]) -> dict[str, Any]:
    told = {"why": why, "edits": [{"path": path.replace("_", "."), "search": old, "replace": new} for path, (old, new) in edits.items()]}
    return {"text": f"Here it is.\n```json\n{json.dumps(told)}\n```", "usage": {"prompt": 900, "completion": 100, "cost": 0.002}}


def test_a_page_that_works_is_told_with_its_picture(bench):
    project = bench.project({"README.md": STATIC, "index.html": "<title>Hi</title><h1>Hello</h1><button onclick=\"this.textContent='Done'\">Go</button>"}, "static")
    seen = bench.do("app_verify", project=project)
    assert (seen["ok"], seen["stage"], seen["score"], seen["first_error"], seen["problems"]) == (True, "done", 100, "", [])
    assert seen["check"]["title"] == "Hi" and "screenshot" not in seen["check"] and seen["screenshot"]["mime"] == "image/png"
    assert seen["preview"]["stage"] == "running" and seen["revision"]


def test_a_page_is_looked_at_on_a_phone(bench):
    seen = bench.do("app_verify", project=bench.project({"README.md": STATIC, "index.html": "<title>Hi</title><h1>Hello</h1>"}, "static"), viewport="phone")
    assert (seen["ok"], seen["check"]["viewport"] if "viewport" in seen["check"] else seen["screenshot"]["width"]) == (True, 390)


@pytest.mark.parametrize(
    "files, sdk, stage, words, place",
    [
        ({"README.md": CARD, "app.py": "def f(:\n"}, "gradio", "preflight", "app.py line 1", ("app.py", 1)),
        ({"README.md": CARD, "app.py": "X = 1\nraise KeyError('colour')\n"}, "gradio", "start", "KeyError: 'colour' (app.py, line 2)", ("app.py", 2)),
        ({"README.md": "---\nsdk: docker\n---\n", "Dockerfile": "FROM alpine\n"}, "docker", "start", "starts from 'alpine'", ("", 0)),
        ({"README.md": STATIC, "index.html": "<title>x</title><h1>x</h1><script>nothing.here()</script>"}, "static", "check", "nothing is not defined", ("", 0)),
        ({"README.md": STATIC, "index.html": "<title>x</title><button onclick=\"document.body.innerHTML = '<p role=alert>It broke</p>'\">Go</button>"}, "static", "use", "It broke", ("", 0)),
    ],
    ids=["preflight", "start", "dockerfile", "check", "use"],
)  # fmt: skip
def test_where_an_app_fails_is_told_and_never_raised(bench, files, sdk, stage, words, place):
    seen = bench.do("app_verify", project=bench.project(files, sdk))
    assert (seen["ok"], seen["stage"]) == (False, stage)
    assert words in seen["first_error"] and (seen["path"], seen["line"]) == place
    assert 0 <= seen["score"] < 100 and seen["first_error"] not in " ".join(seen["problems"])


def test_an_error_of_the_app_itself_comes_before_what_the_page_says_of_it(bench):
    seen = bench.do("app_verify", project=bench.project({"README.md": CARD, "app.py": GREETING}))
    assert (seen["stage"], seen["path"], seen["line"]) == ("use", "app.py", 5)
    assert seen["first_error"].startswith("AttributeError: 'str' object has no attribute 'shout'")


def test_what_is_not_the_apps_fault_is_an_error(bench):
    with pytest.raises(NotFound):
        bench.do("app_verify", project="nothing-of-this-name")
    with pytest.raises(InvalidInput):
        bench.do("app_verify", project=bench.project({"README.md": STATIC, "index.html": "<h1>x</h1>"}, "static"), steps=[{"do": "click"}])


def test_an_app_in_the_words_of_an_older_gradio_is_mended_for_nothing(bench):
    project = bench.project({"README.md": CARD, "app.py": OLD_GRADIO})
    done = bench.do("app_repair", project=project)
    assert (done["ok"], done["repaired"], done["stage"], done["cost_usd"], done["tokens"], done["wrong"]) == (True, True, "done", 0, 0, [])
    assert [(rung["kind"], rung["kept"]) for rung in done["rungs"]] == [("rules", True)]
    told = [event for event in bench.events if isinstance(event, Step) and event.name == "repair-1"]
    assert [event.state for event in told] == ["working", "done"] and any(isinstance(event, FileChanged) for event in bench.events)
    assert bench.read(project, "app.py").startswith("import gradio as gr") and "demo.launch()" in bench.read(project, "app.py")
    before = bench.do("project_history", project=project)["meta"]["count"]
    bench.do("project_undo", project=project)
    assert bench.do("project_history", project=project)["meta"]["count"] == before + 1
    assert before > 2 and bench.read(project, "app.py") == OLD_GRADIO  # several changes, one undo


def test_a_page_is_led_to_its_files_and_its_scripts_wait_for_it(bench):
    page = '<!doctype html><html><head><title>x</title><link rel="stylesheet" href="/Style.css"><script src="js/App.js"></script></head><body><h1>Hello</h1><button id="go">Go</button></body></html>'
    script = "document.getElementById('go').addEventListener('click', (event) => { event.target.textContent = 'Went'; });"
    project = bench.project({"README.md": STATIC, "index.html": page, "style.css": "h1 { color: teal }", "app.js": script}, "static")
    done = bench.do("app_repair", project=project, steps=[{"do": "click", "role": "button", "name": "Go"}, {"do": "expect_text", "value": "Went", "seconds": 1}])
    assert done["ok"], done
    mended = bench.read(project, "index.html")
    assert 'href="style.css"' in mended and "defer" in mended and 'src="app.js"' in mended


def test_a_server_that_was_never_started_is(bench):
    files = {"README.md": "---\nsdk: docker\n---\n", "Dockerfile": DOCKERFILE.decode().replace("main:app", "server:api"), "main.py": "from fastapi import FastAPI\n\napp = FastAPI()\n\n\n@app.get('/')\ndef root():\n    return 'here'\n"}
    project = bench.project(files, "docker")
    done = bench.do("app_repair", project=project)
    assert done["ok"] and '"main:app"' in bench.read(project, "Dockerfile"), done


def test_without_a_key_it_says_what_is_wrong_and_what_a_key_would_add(bench):
    project = bench.project({"README.md": STATIC, "index.html": SHOUT}, "static")
    done = bench.do("app_repair", project=project, steps=ASKED)
    assert (done["ok"], done["repaired"], done["rungs"]) == (False, False, [])
    assert "Keys tab" in done["note"] and any("shout is not a function" in words for words in done["wrong"])
    assert bench.read(project, "index.html") == SHOUT


def test_a_model_is_given_the_first_error_and_mends_it(bench, model):
    model.script([answer("Text has no shout.", index_html=(".shout()", ".toUpperCase()"))])
    project = bench.project({"README.md": STATIC, "index.html": SHOUT}, "static")
    done = bench.do("app_repair", project=project, steps=ASKED)
    assert done["ok"] and done["repaired"], done
    assert [(rung["kind"], rung["what"], rung["kept"]) for rung in done["rungs"]] == [("model", "Text has no shout.", True)]
    assert done["tokens"] == 1000 and done["cost_usd"] == pytest.approx(0.002)
    assert done["changed"] == ["index.html"] and "-<script>function greet" in done["diff"] and ".toUpperCase()" in done["diff"]
    assert [event.receipt["role"] for event in bench.events if isinstance(event, Cost)] == ["repair"]
    sent = model.requests[0].body["messages"][1]["content"]
    assert "fill textbox 'Name' 'Ada'" in sent and "shout is not a function" in sent and '<file path="index.html">' in sent and len(model.requests) == 1


def test_what_a_model_makes_worse_is_taken_back_and_the_preview_shows_what_stands(bench, model):
    worse = answer("A guess.", index_html=('<p id="said">', "<script>nothing.here()</script><p id=\"said\">"))
    model.script([worse, {"text": "I am sorry."}, answer("No such text.", index_html=("never there", "x"))])
    project = bench.project({"README.md": STATIC, "index.html": SHOUT}, "static")
    done = bench.do("app_repair", project=project, steps=ASKED, rungs=3)
    assert (done["ok"], [rung["kept"] for rung in done["rungs"]]) == (False, [False] * 3), done
    assert done["wrong"] and done["note"] == "All rungs are used." and done["preview"]["stage"] == "running"
    assert "These did not help" in model.requests[1].body["messages"][1]["content"]
    assert bench.read(project, "index.html") == SHOUT and (done["changed"], done["diff"]) == ([], "")
    assert bench.do("preview_update", project=project)["changed"] == "nothing"
    with pytest.raises(Conflict):
        bench.do("project_undo", project=project)  # nothing of it stands


NOTES = """import sqlite3

import gradio as gr

base = sqlite3.connect("notes.db", check_same_thread=False)
base.execute("CREATE TABLE IF NOT EXISTS notes (text TEXT)")


def add(text):
    base.execute("INSERT INTO notes (text) VALUES (?)", (text,))
    base.commit()
    return str(base.execute("SELECT count(*) FROM notes").fetchone()[0]) + " kept"


demo = gr.Interface(add, gr.Textbox(label="Note"), gr.Textbox(label="Said"), flagging_mode="never")
demo.launch()
"""


def test_what_an_earlier_version_wrote_is_left_behind_for_nothing(bench):
    steps = [{"do": "fill", "name": "Note", "value": "milk"}, {"do": "click", "name": "Submit"}, {"do": "expect_text", "value": "1 kept"}]
    project = bench.project({"README.md": CARD, "app.py": NOTES})
    assert bench.do("app_verify", project=project, steps=steps)["ok"]
    newer = NOTES.replace("(text TEXT)", "(text TEXT, done INTEGER)").replace("(text) VALUES (?)", "(text, done) VALUES (?, 0)")
    bench.do("project_write", project=project, files={"app.py": newer})
    stale = bench.do("app_verify", project=project, steps=steps)
    assert not stale["ok"] and "no column named done" in stale["first_error"]
    done = bench.do("app_repair", project=project, steps=steps)
    assert done["ok"] and [(rung["kind"], rung["kept"]) for rung in done["rungs"]] == [("again", True)] and done["changed"] == []
    assert bench.do("app_verify", project=project, steps=steps, fresh=True)["ok"]


def test_no_secret_of_the_caller_reaches_the_model(bench, model):
    key = bench.keys[0].secret.reveal()
    project = bench.project({"README.md": CARD, "app.py": f"raise ValueError('the key is {key}')\n"})
    model.script([{"text": "no"}])
    bench.do("app_repair", project=project, rungs=1)
    sent = json.dumps([request.body for request in model.requests])
    assert model.requests and key not in sent


@pytest.fixture
def broken_template(tmp_path, monkeypatch):
    """The template of text tools as somebody might break it; `break_it` changes its app.py."""

    def break_it(change) -> None:
        folder = tmp_path / "templates" / "gradio-text-tools"
        shutil.copytree(templates()["gradio-text-tools"].folder, folder)
        app = folder / "app.py"
        app.write_text(change(app.read_text()))
        monkeypatch.setitem(templates(), "gradio-text-tools", templates(tmp_path / "templates")["gradio-text-tools"])

    return break_it


def test_a_build_that_does_not_come_up_is_mended_on_the_way(bench, broken_template):
    broken_template(lambda text: text.replace("import html\n", "", 1))
    built = bench.do("build_space", idea="a word counter", template="gradio-text-tools")
    assert built["preview"]["stage"] == "running" and [rung["kind"] for rung in built["repairs"]] == ["rules"]
    assert "repair-1" in {event.name for event in bench.events if isinstance(event, Step)}
    assert "import html" in bench.read(built["project"]["id"], "app.py")


def test_a_build_nobody_can_mend_fails_with_its_first_error(bench, broken_template):
    broken_template(lambda text: "raise KeyError('no such colour')\n")
    with pytest.raises(AppFailed) as failed:
        bench.do("build_space", idea="a word counter", template="gradio-text-tools")
    assert "no such colour" in failed.value.message and failed.value.details["project"]


def test_a_build_that_works_says_nothing_of_repairs(bench):
    built = bench.do("build_space", idea="a pomodoro timer")
    assert "repairs" not in built
    assert [event.name for event in bench.events if isinstance(event, Step) and event.state == "done"] == ["understand", "choose", "write", "check", "preview"]
