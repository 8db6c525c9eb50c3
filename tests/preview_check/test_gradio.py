"""What Gradio makes of an app, seen and used by a check."""

import pytest

LABELS = """import gradio as gr

with gr.Blocks() as demo:
    text = gr.Textbox(label="Text", buttons=["copy"])
    said, code, plain = gr.Textbox(label="Result", buttons=["copy"]), gr.Code(label="Source"), gr.Textbox(label="Other result")
    gr.Button("Go").click(lambda text: (text.upper(), text * 2, "plain"), text, [said, code, plain])
demo.launch()
"""


@pytest.fixture(scope="module")
def explorer(bench):
    made = bench.run("generate_app_code", idea="an explorer for a table of expenses with charts", template="gradio-data-explorer")
    bench.run("preview_start", project=made["project"]["id"])
    return made["project"]["id"]


@pytest.fixture(scope="module")
def labels(bench):
    return bench.start({"app.py": LABELS.encode()}, "gradio")


def test_the_explorer_changes_its_chart_without_an_error(bench, explorer):
    search = {"do": "fill", "role": "textbox", "name": "Search every column"}
    rows, chart = ({"do": "click", "role": "tab", "name": name} for name in ("Rows", "Chart"))
    kinds = [{"do": "check", "role": "radio", "name": name} for name in ("line", "dots", "bars")]
    found = bench.check(explorer, {**search, "value": "Groceries"}, rows, {**search, "value": ""}, chart, *kinds, {"do": "expect_text", "role": "tabpanel", "value": "Rent"})
    assert found["verdict"]["ok"], found["console"]


def test_the_explorer_draws_nothing_over_no_rows(bench, explorer):
    search = {"do": "fill", "role": "textbox", "name": "Search every column", "value": "xyzzy"}
    found = bench.check(explorer, {"do": "expect_text", "value": "Groceries"}, search, {"do": "expect_text", "value": "0 of"}, {"do": "read", "role": "tabpanel"})
    assert found["verdict"]["ok"] and "Groceries" not in found["steps"][3]["text"], found["steps"]


def test_opening_a_part_of_the_page_is_not_using_the_app(bench, explorer):
    (step,) = bench.check(explorer, {"do": "use"})["steps"]
    assert step["text"] == "filled textbox 'Search every column'; the page changed"


def test_a_field_whose_label_names_its_copy_button_is_found_by_the_label(bench, labels):
    typed = {"do": "fill", "role": "textbox", "name": "Text", "value": "abc"}
    expected = [{"do": "expect_text", "role": role, "name": "Result", "value": "ABC"} for role in ("textbox", "")]
    source = {"do": "expect_text", "name": "Source", "value": "abcabc"}
    found = bench.check(labels, typed, {"do": "click", "name": "Go"}, *expected, source, {"do": "expect_text", "name": "Other result", "value": "plain"})
    assert found["verdict"]["ok"], found["steps"]
    assert bench.check(labels, {"do": "fill", "name": "Text", "value": "abc"})["verdict"]["ok"]


def test_a_label_is_no_button(bench, labels):
    (step,) = bench.check(labels, {"do": "click", "role": "button", "name": "Result"})["steps"]
    assert "There is no button 'Result'; here: button " in step["error"]
