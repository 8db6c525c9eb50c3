"""Using an app by roles and names, as a person or a screen reader finds its elements."""

import base64
import struct

import pytest

from core.errors import InvalidInput, NotFound
from tests.preview_check.conftest import APPS

FORM = """<!doctype html><title>Form</title><h1>A form</h1>
<label>Name <input id="name"></label> <input placeholder="City"> <input data-testid="zip" aria-label="Code">
<label>Size <select id="size"><option>small</option><option value="l">large</option></select></label>
<label><input type="checkbox" id="agree"> Agree</label>
<button onclick="said.textContent = `${document.querySelector('#name').value} ${size.value} ${agree.checked}`">Submit</button>
<button>Clear</button><button disabled>Later</button>
<ul><li><button onclick="said.textContent = 'first'">Edit</button></li><li><button onclick="said.textContent = 'second'">Edit</button></li></ul>
<input id="line" aria-label="Line" onkeydown="if (event.key === 'Enter') said.textContent = 'entered ' + this.value">
<button onclick="setTimeout(() => said.textContent = 'came late', 1200)">Wait</button>
<button onclick="null.missing">Break</button>
<p id="said"></p>"""


@pytest.fixture(scope="module")
def form(bench):
    return bench.page(FORM)


@pytest.fixture(scope="module")
def greeter(bench):
    return bench.start({"app.py": (APPS / "gradio_app.py").read_bytes()}, "gradio")


def test_a_gradio_app_is_typed_into_clicked_and_read(bench, greeter):
    found = bench.check(
        greeter,
        {"do": "fill", "role": "textbox", "name": "Name", "value": "Ada"},
        {"do": "select", "name": "Colour", "value": "green"},
        {"do": "select", "name": "Kind", "value": "fancy"},
        {"do": "check", "name": "Loud"},
        {"do": "upload", "file": "notes.txt", "value": "remember"},
        {"do": "click", "role": "button", "name": "Greet"},
        {"do": "expect_text", "role": "textbox", "name": "Greeting", "value": "REMEMBER"},
        {"do": "read", "role": "textbox", "name": "Greeting"},
    )
    assert found["verdict"] == {
        "ok": True,
        "problems": [],
        "notes": [],
        "checks": [
            {"name": "starts", "ok": True, "text": "starts"},
            {"name": "console", "ok": True, "text": "no console errors"},
            {"name": "requests", "ok": True, "text": "no failed requests"},
            {"name": "used", "ok": True, "text": "used once"},
        ],
    }
    assert found["steps"][-1]["text"].startswith("HELLO ADA, GREEN AND FANCY; NOTES: REMEMBER")
    assert (found["status"], found["title"]) == (200, "Greeter") and found["ready_ms"] > 0
    assert 'button "Greet"' in found["accessibility"]


def test_a_wrong_name_is_answered_with_what_is_there(bench, greeter):
    found = bench.check(greeter, {"do": "click", "role": "button", "name": "Greeet"}, {"do": "read"})
    assert found["steps"][0]["error"].startswith("There is no button 'Greeet'; here: button 'Greet', ")
    assert len(found["steps"]) == 1 and not found["verdict"]["ok"]
    assert "1 step not tried." in found["verdict"]["problems"]


@pytest.mark.parametrize("viewport", [("desktop", 1280, 800), ("phone", 390, 844)])
def test_the_screenshot_is_a_png_of_the_window(bench, greeter, viewport):
    kind, width, height = viewport
    shot = bench.check(greeter, viewport=kind, screenshot=True)["screenshot"]
    data = base64.b64decode(shot["base64"])
    assert shot["mime"] == "image/png" and data[:8] == b"\x89PNG\r\n\x1a\n" and len(data) == shot["bytes"]
    assert struct.unpack(">II", data[16:24]) == (width, height) == (shot["width"], shot["height"])


@pytest.mark.parametrize(
    "steps, said",
    [
        ([{"do": "fill", "name": "Name", "value": "Bo"}, {"do": "select", "name": "Size", "value": "large"}, {"do": "check", "name": "Agree"}, {"do": "click", "name": "Submit"}], "Bo l true"),
        ([{"do": "check", "name": "Agree"}, {"do": "uncheck", "name": "Agree"}, {"do": "click", "name": "Submit"}], "small false"),
        ([{"do": "fill", "name": "City", "value": "by placeholder"}, {"do": "fill", "name": "zip", "value": "by test id"}], "by placeholder\nby test id"),
        ([{"do": "click", "role": "button", "name": "Edit", "nth": 1}], "second"),
        ([{"do": "fill", "name": "Line", "value": "a word"}, {"do": "press", "name": "Line", "value": "Enter"}], "entered a word"),
        ([{"do": "click", "name": "Wait"}, {"do": "wait_for", "value": "came late", "seconds": 20}], "came late"),
    ],
)  # fmt: skip
def test_each_verb_does_what_it_says(bench, form, steps, said):
    found = bench.check(form, *steps, {"do": "read"})
    assert [one.get("error") for one in found["steps"]] == [None] * (len(steps) + 1)
    assert said in found["steps"][-1]["text"]


@pytest.mark.parametrize(
    "step, error",
    [
        ({"do": "click", "role": "button", "name": "Edit"}, "2 elements could be button 'Edit'; say which one with nth, 0 to 1"),
        ({"do": "click", "role": "button", "name": "Edit", "nth": 2}, "no number 2"),
        ({"do": "click", "role": "button", "name": "Later"}, "it is disabled"),
        ({"do": "select", "name": "Size", "value": "huge"}, "no option 'huge'; it has 'small', 'large'"),
        ({"do": "expect_text", "value": "never", "seconds": 0.3}, "'never' did not appear in the page within 0.3 s; it reads: A form"),
        ({"do": "click", "role": "slider", "name": "Speed"}, "the page has no slider at all; it has "),
        ({"do": "press", "value": "NoSuchKey"}, "there is no such key"),
        ({"do": "upload", "value": "x"}, "no place to upload"),
        ({"do": "click", "role": "Knopf!", "name": "x"}, "not an ARIA role"),
    ],
)
def test_a_step_that_fails_says_why(bench, form, step, error):
    found = bench.check(form, step)
    assert error in found["steps"][0]["error"]
    assert found["verdict"]["problems"][0].startswith(f"Step 1 ({step['do']}) failed: ")


def test_an_error_is_told_with_the_step_that_caused_it(bench, form):
    found = bench.check(form, {"do": "click", "name": "Clear"}, {"do": "click", "name": "Break"})
    assert "console" not in found["steps"][0]
    assert [entry["level"] for entry in found["steps"][1]["console"]] == ["uncaught"]
    assert found["steps"][1]["ok"] and not found["verdict"]["ok"]


@pytest.mark.parametrize(
    "given, words",
    [
        ({"steps": [{"do": "click"}]}, "Step 1 (click) does not say which element."),
        ({"steps": [{"do": "dance", "name": "x"}]}, "preview_check: steps.0.do: input should be 'click', 'fill'"),
        ({"steps": [{"do": "click", "nmae": "x"}]}, "steps.0.nmae"),
        ({"steps": [{"do": "read"}] * 41}, "one check takes 40"),
        ({"steps": [{"do": "upload", "base64": "%%%"}]}, "cannot be decoded"),
        ({"steps": [{"do": "upload", "file": "../x"}]}, "plain file name"),
        ({"steps": [{"do": "wait_for", "value": "x", "seconds": 3600}]}, "waits 3600 seconds"),
        ({"path": "//evil.example/"}, "is not a path of the app"),
        ({"path": "http://evil.example/"}, "is not a path of the app"),
        ({"wait_seconds": 0}, "wait_seconds"),
    ],
)
def test_what_cannot_be_done_is_refused_before_a_browser_starts(bench, form, given, words):
    with pytest.raises(InvalidInput) as refused:
        bench.run("preview_check", preview_or_project=form, **given)
    assert words in refused.value.message


def test_there_must_be_a_preview(bench):
    with pytest.raises(NotFound):
        bench.check("nothing-of-this-name")


def test_a_large_tree_is_cut_and_says_so(bench):
    found = bench.check(bench.page("<title>Many</title>" + "<button>A button among many</button>" * 2000))
    assert len(found["accessibility"]) < 12_100 and "… cut here: " in found["accessibility"].splitlines()[-1]
