"""A Space that runs is found, called from its details with typed inputs, and its answer and its failure are shown."""

import time

import pytest
from huggingface_hub import HfApi
from playwright.sync_api import expect

from tests.browser.test_journey import open_page

APP = """import time

import gradio as gr


def repeat(text, times, loud, mark):
    if text == "fail":
        raise gr.Error("no such word")
    if text == "sleep":
        time.sleep(60)
    said = " ".join([text] * int(times)) + f" {mark}"
    return said.upper() if loud else said


def pair(rows):
    return {"rows": len(rows)}


with gr.Blocks() as demo:
    fields = [gr.Textbox(label="Text"), gr.Number(2, label="Times"), gr.Checkbox(label="Loud"), gr.Dropdown([10, 20], label="Mark")]
    said, rows, count = gr.Textbox(label="Said"), gr.JSON(label="Rows"), gr.JSON(label="Count")
    gr.Button("Repeat").click(repeat, fields, said, api_name="repeat")
    gr.Button("Count").click(pair, rows, count, api_name="count")

demo.launch()
"""


@pytest.fixture(scope="module")
def space(server) -> str:
    """A Gradio Space with two endpoints that runs."""
    me = server.action("hf_whoami").json()["name"]
    api = HfApi(endpoint=f"{server.url}/hub", token=(server.data / "hub" / "token").read_text().strip())
    repo = f"{me}/callable-from-the-page"
    api.create_repo(repo, repo_type="space", space_sdk="gradio")
    api.upload_file(path_or_fileobj=APP.encode(), path_in_repo="app.py", repo_id=repo, repo_type="space")
    deadline = time.monotonic() + 90
    while api.space_info(repo).runtime.stage != "RUNNING":
        assert time.monotonic() < deadline, api.space_info(repo).runtime.raw
        time.sleep(0.3)
    return repo


def test_a_space_is_called_from_its_details(server, space, page):
    open_page(page, server)
    page.get_by_role("tab", name="Search", exact=True).click()
    expect(page.locator("#search-results .hit").first).to_be_visible()
    box = page.locator("#search-query input, #search-query textarea")
    box.fill("callable-from-the-page")
    box.press("Enter")
    page.locator(f"#search-results [data-act=details][data-arg='space|{space}']").click(timeout=20_000)
    page.get_by_role("button", name="Call this Space").click(timeout=20_000)

    form, answer = page.locator("#search-calling"), page.locator("#search-called")
    expect(form.get_by_label("Times")).to_have_value("2")
    form.get_by_label("Text").fill("<b>so</b>")
    form.get_by_label("Times").fill("3")
    form.get_by_label("Mark").select_option(label="20")
    form.get_by_role("button", name="Run").click()
    expect(answer.locator("pre")).to_have_text("<b>so</b> <b>so</b> <b>so</b> 20")
    form.get_by_label("Loud").check()
    form.get_by_label("Text").fill("so")
    form.get_by_role("button", name="Run").click()
    expect(answer.locator("pre")).to_have_text("SO SO SO 20")
    form.get_by_label("Text").fill("fail")
    form.get_by_role("button", name="Run").click()
    expect(answer.get_by_role("alert")).to_contain_text("no such word")
    form.get_by_label("Text").fill("sleep")
    form.get_by_role("button", name="Run").click()
    answer.get_by_role("button", name="Stop").click(timeout=20_000)
    expect(answer).to_contain_text("Stopped.")

    form.get_by_role("button", name="count").click()
    expect(form.get_by_label("Rows")).not_to_have_value("fail")
    form.get_by_label("Rows").fill("[1, 2")
    form.get_by_role("button", name="Run").click()
    expect(answer.get_by_role("alert")).to_contain_text("Rows is not JSON")
    form.get_by_label("Rows").fill("[1, 2]")
    form.get_by_role("button", name="Run").click()
    expect(answer.locator("pre")).to_contain_text('"rows": 2')

    page.get_by_role("button", name="Close the details").click()
    expect(form.locator("form")).to_have_count(0)
    expect(answer.locator("pre")).to_have_count(0)
    assert page.complaints == []
