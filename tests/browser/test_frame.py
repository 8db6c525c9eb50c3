"""The preview's frame in the real page: when its document is silent or lacks parts, the page offers it in its own tab."""

import re

import pytest
from playwright.sync_api import expect

from tests.browser.hostile import SANDBOX, place_frame, preview_of

WORKS = "<!doctype html><html><head></head><body><h1>it works</h1></body></html>"
LACKS = "<!doctype html><html><head><script type=module src=gone.js></script></head><body><h1>it lacks</h1></body></html>"


def opened(server, page, html: str):
    """The page with that app in its frame; returns the hint."""
    path = preview_of(server, **{"index.html": html})
    page.goto(server.url)
    expect(page.locator("#preview-frame")).to_have_attribute("src", path)
    expect(page.locator("#frame-hint a")).to_have_attribute("href", path)
    return page.locator("#frame-hint")


def test_of_an_app_that_works_nothing_is_said(server, page):
    hint = opened(server, page, WORKS)
    expect(page.frame_locator("#preview-frame").locator("h1")).to_have_text("it works")
    page.wait_for_timeout(6500)  # longer than the page waits for a word
    expect(hint).to_be_hidden()


def test_an_app_whose_script_was_kept_from_it_is_offered_in_its_own_tab(server, page):
    hint = opened(server, page, LACKS)
    expect(hint).to_be_visible()
    with page.context.expect_page() as tab:
        hint.locator("a").click()
    expect(tab.value.locator("h1")).to_have_text("it lacks")
    assert tab.value.evaluate("[self.origin, opener]") == ["null", None]


def test_a_frame_that_a_gate_answers_for_us_is_offered_in_its_own_tab(server, page):
    page.route(re.compile("/p/"), lambda route: route.fulfill(status=401, content_type="text/html", body="<h1>Sign in</h1>"))
    hint = opened(server, page, WORKS)
    expect(hint).to_be_visible()


@pytest.mark.parametrize("word", ["preview-broken", "preview-here"])
def test_words_of_any_other_frame_are_not_heard(server, page, word):
    hint = opened(server, page, WORKS if word == "preview-broken" else LACKS)
    expect(page.frame_locator("#preview-frame").locator("h1")).to_be_visible()
    before = word == "preview-here"
    expect(hint).to_be_visible(visible=before)
    other = place_frame(page, preview_of(server, **{"index.html": WORKS}), SANDBOX)
    other.wait_for_selector("h1")
    other.evaluate(f"parent.postMessage({word!r}, '*')")
    page.wait_for_timeout(300)
    expect(hint).to_be_visible(visible=before)
    assert page.complaints == [] or before
