"""The Query view: a program of the gallery is run, changed, broken, stopped, kept and opened by its link; a question is answered."""

import re

import pytest
from playwright.sync_api import expect

from tests.actions.test_questions import BAD, GOOD
from tests.actions.writer import written_by
from tests.browser.test_journey import open_page

ENDLESS = """async def solve(query, max_calls):
    found = await hf_trending(limit=1)
    n = 0
    while n >= 0:
        n = n + len(found)
    return n

await solve(query, max_calls)
"""


def query_view(page, server) -> None:
    open_page(page, server)
    page.get_by_role("tab", name="Search", exact=True).click()
    page.get_by_role("tab", name="Query", exact=True).click()
    expect(page.locator("#query-programs [data-act=program]")).to_have_count(12)


@pytest.fixture
def view(server, page):
    query_view(page, server)
    return page


def program(page) -> str:
    return page.locator("#query-code .cm-content").inner_text()


def test_a_program_of_the_gallery_runs_and_shows_its_rows_and_its_coverage(view):
    view.locator("[data-arg=small-and-free]").click()
    expect(view.locator("#query-code")).to_contain_text("num_params")
    view.locator("#query-run").click()
    result = view.locator("#query-result")
    expect(result.locator("table")).to_contain_text("Qwen/Qwen3-0.6B")
    expect(result).to_contain_text(re.compile(r"\d+ requests?"))
    expect(result.locator(".coverage")).to_contain_text("looked at")
    assert view.complaints == []


def test_a_program_that_is_wrong_says_where_and_how_it_would_be_right(view):
    view.locator("[data-arg=trending-models]").click()
    expect(view.locator("#query-code")).to_contain_text("hf_trending")
    view.locator("#query-code .cm-content").click()
    view.keyboard.press("Control+Home")
    view.keyboard.type("import os\n")
    view.locator("#query-run").click()
    error = view.locator("#query-result .answer-error")
    expect(error).to_contain_text("import")
    expect(view.locator("#query-run")).to_be_visible()


def test_a_program_without_an_end_is_stopped(view):
    view.locator("#query-code .cm-content").click()
    view.keyboard.press("Control+a")
    view.keyboard.insert_text(ENDLESS)
    view.locator("#query-run").click()
    expect(view.locator("#query-stop")).to_be_visible()
    view.locator("#query-stop").click()
    expect(view.locator("#query-said")).to_contain_text("Stopped")
    expect(view.locator("#query-run")).to_be_visible()


def test_a_link_opens_the_program_and_its_result_for_somebody_else(server, browser, view):
    view.locator("[data-arg=best-for-a-task]").click()
    expect(view.locator("#query-code")).to_contain_text("automatic-speech-recognition")
    view.locator("#query-run").click()
    expect(view.locator("#query-result table")).to_contain_text("whisper")
    view.locator("#query-share").click()
    link = view.locator("#query-said .notice-head")
    expect(link).to_contain_text("/?query=")
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    other = context.new_page()
    other.goto(link.inner_text().strip())
    expect(other.locator("#query-result table")).to_contain_text("whisper")
    assert program(other).split() == program(view).split()
    context.close()


def test_without_a_key_a_question_leads_to_the_keys(view):
    box = view.locator("#query-question input, #query-question textarea")
    box.fill("Which models trend?")
    box.press("Enter")
    said = view.locator("#query-said")
    expect(said).to_contain_text("begin with one of the programs")
    expect(said.locator("[data-go=keys]")).to_be_visible()


@pytest.fixture
def writing(tmp_path):
    """A server whose model writes a wrong program first; begun before the browser, whose driver keeps this thread's loop."""
    with written_by(tmp_path, [f"```python\n{BAD}```", f"```python\n{GOOD}```"]) as (server, _):
        yield server


def test_a_question_becomes_a_program_that_is_corrected_and_answers(writing, page):
    query_view(page, writing)
    box = page.locator("#query-question input, #query-question textarea")
    box.fill("Which models are there?")
    box.press("Enter")
    expect(page.locator("#query-result table")).to_be_visible()
    expect(page.locator("#query-result")).to_contain_text("corrected 1 time")
    assert "hf_models_search" in program(page)
