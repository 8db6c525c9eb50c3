"""What real journeys stumbled over while an app was looked at: each once, with the app that showed it."""

import pytest

from core.browser.driver.acting import around

TABLES = """import gradio as gr


def count(file, times):
    if times < 0:
        raise gr.Error("Give a number from 0 up")
    return str(len(open(file).read().split(",")) * int(times))


def broken(times):
    return [][int(times)]


with gr.Blocks() as demo:
    file, times, said = gr.File(label="Upload CSV"), gr.Number(label="Times", value=2), gr.Textbox(label="Columns")
    gr.Button("Count").click(count, [file, times], said)
    gr.Button("Break").click(broken, times, said)
demo.launch()
"""
ITEMS = """from fastapi import FastAPI
from fastapi.responses import HTMLResponse
from pydantic import BaseModel

app = FastAPI()


class Item(BaseModel):
    price: float


@app.get("/", response_class=HTMLResponse)
def page():
    return '''<title>Items</title><label>Price <input id="price"></label><button onclick="send()">Add</button><p id="said"></p>
    <script>async function send() {
      for (let again = 0; again < 3; again++) console.warn("an old word");
      const answer = await fetch("items", {method: "POST", headers: {"content-type": "application/json"}, body: JSON.stringify({price: price.value})});
      said.textContent = answer.ok ? "Added" : "Please give a number";
    }</script>'''


@app.post("/items")
def add(item: Item):
    return {"price": item.price}
"""
LIVE = """import gradio as gr

with gr.Blocks() as demo:
    text, times, preview = gr.Textbox(label="Text", lines=3), gr.Number(label="Times"), gr.Markdown("nothing")
    for field in (text, times):
        field.input(str, field, preview)
    text.change("heard {}!".format, text, gr.Markdown())
demo.launch()
"""
DOCKERFILE = b"FROM python:3.12-slim\nWORKDIR /app\nCOPY . .\nEXPOSE 7860\nCMD [\"uvicorn\", \"main:app\", \"--host\", \"0.0.0.0\", \"--port\", \"7860\"]\n"


@pytest.fixture(scope="module")
def tables(bench):
    return bench.start({"app.py": TABLES.encode()}, "gradio")


@pytest.fixture(scope="module")
def live(bench):
    return bench.start({"app.py": LIVE.encode()}, "gradio")


@pytest.fixture(scope="module")
def items(bench):
    return bench.start({"Dockerfile": DOCKERFILE, "main.py": ITEMS.encode()}, "docker")


@pytest.mark.parametrize(("role", "name", "value", "shows"), [("textbox", "Text", "# Big words\n", "Big words"), ("spinbutton", "Times", "12", "12")])
def test_an_app_that_follows_what_is_typed_follows_what_a_step_fills(bench, live, role, name, value, shows):
    found = bench.check(live, {"do": "fill", "role": role, "name": name, "value": value}, {"do": "expect_text", "value": shows})
    assert found["verdict"]["ok"], found["steps"]


def test_a_gradio_text_tells_change_of_a_deletion(bench, live):  # the agent is told to use it
    text = {"role": "textbox", "name": "Text"}
    found = bench.check(live, {"do": "fill", **text, "value": "ab"}, {"do": "press", **text, "value": "Backspace"}, {"do": "expect_text", "value": "heard a!"})
    assert found["verdict"]["ok"], found["steps"]


def test_what_a_step_fills_ends_with_keys_and_is_never_sent_by_them(bench):
    project = bench.page("""<title>Keys</title><form onsubmit="said.textContent = 'sent'; return false"><input aria-label="Name"></form><p id="said"></p>
    <script>document.querySelector("input").onkeyup = (event) => { said.textContent += `${event.key}:${event.target.value};`; }</script>""")
    steps = [{"do": "fill", "name": "Name", "value": "Ada"}, {"do": "fill", "name": "Name", "value": ""}, {"do": "expect_text", "value": "a:Ada;Delete:;"}]
    found = bench.check(project, *steps)
    assert found["verdict"]["ok"] and "sent" not in found["accessibility"], found


def times(value):
    return {"do": "fill", "role": "spinbutton", "name": "Times", "value": value}


def test_a_file_goes_where_its_label_says(bench, tables):
    upload = {"do": "upload", "name": "Upload CSV", "file": "a.csv", "value": "a,b,c"}
    found = bench.check(tables, upload, {"do": "click", "name": "Count"}, {"do": "expect_text", "role": "textbox", "name": "Columns", "value": "6"})
    assert found["verdict"]["ok"], found["steps"]


def test_a_file_for_a_place_that_is_not_there_is_answered_with_those_that_are(bench, tables):
    (step,) = bench.check(tables, {"do": "upload", "name": "Photo", "value": "x"})["steps"]
    assert not step["ok"] and "There is no button 'Photo'" in step["error"] and "Places for a file, by nth without a name: 0: 'Upload CSV'" in step["error"]


def test_an_error_the_app_means_to_raise_is_a_note(bench, tables):
    steps = [times(-1), {"do": "upload", "value": "a"}, {"do": "click", "name": "Count"}, {"do": "expect_text", "value": "Give a number from 0 up"}]
    seen = bench.run("app_verify", project=tables, steps=steps)
    assert (seen["ok"], seen["score"], seen["problems"]) == (True, 100, []), seen["first_error"]
    assert [note for note in seen["notes"] if "Give a number from 0 up" in note]


def test_nobody_waits_long_for_what_a_raised_error_keeps_away(bench, tables):
    steps = [times(7), {"do": "click", "name": "Break"}, {"do": "expect_text", "value": "never there", "seconds": 55}]
    seen = bench.run("app_verify", project=tables, steps=steps)
    assert seen["first_error"].startswith("IndexError") and (seen["path"], seen["stage"]) == ("app.py", "use")
    assert "not waited longer, because the app wrote an error" in seen["problems"][0]
    assert any("of libraries)" in line for line in seen["log"]) and not any("site-packages" in line for line in seen["log"])


@pytest.mark.parametrize("does", ["null.missing", "fetch('nothing').then(() => { throw new Error('no data') })"])
def test_nobody_waits_long_for_what_a_page_that_broke_keeps_away(bench, does):
    page = bench.page(f"<title>x</title><button onclick=\"{does}\">Go</button><p>Total: 41</p>")
    found = bench.check(page, {"do": "click", "name": "Go"}, {"do": "expect_text", "value": "Total: 42", "seconds": 55})
    assert "not waited longer, because the page had an error); it reads: Go Total: 41" in found["steps"][1]["error"]


def test_bad_input_that_is_refused_is_a_note_while_every_step_works(bench, items):
    asked = [{"do": "fill", "name": "Price", "value": "much"}, {"do": "click", "name": "Add"}]
    found = bench.check(items, *asked, {"do": "expect_text", "value": "Please give a number"})
    assert found["verdict"]["ok"], found["verdict"]
    assert [note for note in found["verdict"]["notes"] if "refused POST /items with 422" in note]
    assert found["failed_requests"] == [{"url": "/items", "method": "POST", "status": 422}]
    assert {"level": "warning", "text": "an old word", "times": 3} in found["console"]
    unsaid = bench.check(items, *asked)["verdict"]  # nobody said what must come of it
    assert unsaid["problems"] == ["1 failed request: POST /items (422)"]


def test_what_was_typed_is_not_what_came_of_it(bench, items):
    typed = {"do": "fill", "name": "Price", "value": "12.50 euros"}
    page, field = bench.check(items, typed, {"do": "expect_text", "value": "12.50", "seconds": 0.3}), bench.check(items, typed, {"do": "expect_text", "name": "Price", "value": "12.50"})
    assert "A field that can be edited holds it" in page["steps"][1]["error"]
    assert field["verdict"]["ok"]


def test_a_page_is_told_where_it_comes_nearest():
    long = "Head of the page. " + "word " * 300 + "The total is 41 euros for today. " + "more " * 300 + "The end."
    assert "The total is 41 euros" in around(long, "total is 42 euros") and len(around(long, "total is 42 euros")) < 450
    assert around(long, "xyzzy").startswith("Head of the page.") and around(long, "xyzzy").endswith("The end.")
    assert around("a\n\nb", "c") == "a b" and around("", "c") == "(nothing)"
