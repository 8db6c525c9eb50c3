"""The Search tab: kinds, chips, pages, details with what surrounds them, and from a find to an app that runs."""

import re

import pytest
from playwright.sync_api import expect

from tests.browser.test_journey import open_page


@pytest.fixture
def search(server, page):
    open_page(page, server)
    page.get_by_role("tab", name="Search", exact=True).click()
    expect(page.locator("#search-results .hit").first).to_be_visible()
    return page


def kind(page, name: str) -> None:
    page.locator(f"#search-chips [data-act=kind][data-arg={name}]").click()
    expect(page.locator(f"#search-chips [data-arg={name}]")).to_have_attribute("aria-pressed", "true")


def ask(page, words: str) -> None:
    box = page.locator("#search-query input, #search-query textarea")
    box.fill(words)
    box.press("Enter")


def test_chips_narrow_the_rows_and_say_so(search):
    rows, chip = search.locator("#search-results .hit"), search.locator("#search-chips [data-arg='library=diffusers']")
    kind(search, "model")
    expect(search.locator("#search-results")).to_contain_text("/")
    chip.click()
    expect(chip).to_have_attribute("aria-pressed", "true")
    expect(search.locator("#search-results")).not_to_contain_text("Llama")
    expect(rows.first).to_be_visible()
    search.locator("#search-chips select").select_option("likes")
    expect(rows.first).to_be_visible()
    chip.click()
    expect(search.locator("#search-results")).to_contain_text("Llama")


def test_more_rows_come_below_those_that_are_there(search):
    kind(search, "model")
    rows = search.locator("#search-results .hit")
    expect(rows).to_have_count(20)
    first = rows.first.inner_text()
    search.locator("#search-results [data-act=more]").click()
    expect(rows.nth(25)).to_be_visible()
    assert rows.first.inner_text() == first


def test_details_lead_to_who_made_it_and_to_what_else_they_made(search):
    kind(search, "model")
    ask(search, "Qwen2.5-7B")
    search.locator("#search-results [data-act=details][data-arg='model|Qwen/Qwen2.5-7B-Instruct']").click()
    panel = search.locator("#search-details")
    expect(panel).to_contain_text("Served by")
    expect(panel.locator(".providers")).to_contain_text("together")
    panel.locator("[data-act=filter]").click()
    expect(search.locator("#search-chips [data-arg='author=Qwen']")).to_have_attribute("aria-pressed", "true")
    expect(search.locator("#search-results")).to_contain_text("Qwen/")
    for one in search.locator("#search-results .hit-id").all_inner_texts():
        assert one.startswith("Qwen/")
    kind(search, "person")
    ask(search, "qwen")
    search.locator("#search-results [data-arg='person|Qwen']").click()
    expect(panel.locator("[data-arg='model|Qwen/Qwen2.5-7B-Instruct']")).to_be_visible()
    assert search.complaints == []


def test_a_find_becomes_an_app_that_runs(search):
    kind(search, "dataset")
    search.locator("#search-results [data-act=use]").first.click()
    expect(search.locator("#idea textarea")).to_have_value(re.compile("data explorer for the dataset"))
    expect(search.locator("#steps")).to_contain_text("fits")
    expect(search.locator("#preview-frame")).to_be_visible(timeout=90_000)
