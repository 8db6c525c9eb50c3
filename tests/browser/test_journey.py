"""A newcomer's journey through the page: idea, preview used inside the frame, deployed, the Space's own address used."""

import re

import pytest
from playwright.sync_api import expect

IDEA = "a word counter that shows the reading time"
TEXT = "one two three four five six seven"


def use_word_counter(place, text: str, words: str) -> None:
    """Type into the word counter and wait until it has counted, wherever it runs."""
    box = place.locator("#word_count-text textarea")
    expect(box).to_be_visible()
    box.fill(text)
    expect(place.locator("#word_count-numbers")).to_contain_text(re.compile(rf"Words\s*{words}\D"))


def open_page(page, server) -> None:
    """Open the page and wait until it has been told who acts: Gradio drops clicks that come before it is wired."""
    page.goto(server.url)
    expect(page.locator("#account")).to_contain_text("@")


def type_idea(page, server, idea: str) -> None:
    open_page(page, server)
    box = page.locator("#idea textarea")
    expect(box).to_be_visible()
    box.fill(idea)
    page.locator("#build").click()


def test_from_an_idea_to_a_space_that_is_used(server, page):
    type_idea(page, server, IDEA)
    expect(page.locator("#steps")).to_contain_text("Text tools fits")
    expect(page.locator("#outcome")).to_contain_text("Word counter")
    frame = page.locator("#preview-frame")
    expect(frame).to_have_attribute("sandbox", re.compile(r"^(?!.*allow-same-origin).*allow-scripts"))
    use_word_counter(page.frame_locator("#preview-frame"), TEXT, "7")

    page.locator("#deploy-open").click()
    name = page.locator("#deploy-name input, #deploy-name textarea")
    expect(name).to_be_visible()
    name.fill("browser-journey")
    page.locator("#deploy-confirm").click()
    address = page.locator("#space-address")
    expect(address).to_be_visible(timeout=90_000)

    space = page.context.new_page()
    space.goto(address.get_attribute("href"))
    use_word_counter(space, TEXT + " eight", "8")
    assert space.evaluate("self.origin") == "null"
    assert [text for text in page.complaints if "autofocus" not in text] == []


def test_an_idea_no_template_fits_gets_an_honest_answer_and_keeps_the_words(server, page):
    type_idea(page, server, "generate images of cats")
    expect(page.locator("#outcome")).to_contain_text("needs an AI model")
    expect(page.locator("#idea textarea")).to_have_value("generate images of cats")
    assert page.locator("#outcome button").count() >= 3  # the nearest templates


@pytest.mark.parametrize("idea", ["", "   "])
def test_nothing_to_build_says_what_to_do(server, page, idea):
    type_idea(page, server, idea)
    expect(page.locator("#outcome")).to_contain_text("no idea", ignore_case=True)


def test_a_build_can_be_stopped_and_started_again(server, page):
    type_idea(page, server, IDEA)
    page.locator("#stop").click()
    expect(page.locator("#build")).to_be_visible()
    expect(page.locator("#outcome")).to_contain_text("Stopped")
    expect(page.locator("#idea textarea")).to_have_value(IDEA)
    page.locator("#build").click()
    use_word_counter(page.frame_locator("#preview-frame"), TEXT, "7")


def test_search_finds_what_the_sample_holds(server, page):
    open_page(page, server)
    page.get_by_role("tab", name="Search").click()
    page.locator("#search-query input, #search-query textarea").fill("remove the background of a photo")
    page.keyboard.press("Enter")
    expect(page.locator("#search-results")).to_contain_text("background", ignore_case=True)
    expect(page.locator("body")).to_contain_text("sample")


def test_a_wrong_token_is_refused_on_the_page_and_shown_nowhere(server, page):
    open_page(page, server)
    page.get_by_role("tab", name="Keys").click()
    page.locator("#token-input").fill("hf_this_is_nobodys_token")
    page.locator("#token-save").click()
    expect(page.locator("body")).to_contain_text("token")
    page.wait_for_timeout(1000)
    assert "this_is_nobodys" not in page.content()
    assert "this_is_nobodys" not in page.evaluate("JSON.stringify({...localStorage, ...sessionStorage}) + document.cookie + location.href")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_tab_scrolls_sideways_on_a_phone(server, browser, scheme):
    context = browser.new_context(viewport={"width": 390, "height": 844}, color_scheme=scheme)
    phone = context.new_page()
    open_page(phone, server)
    expect(phone.locator("#idea textarea")).to_be_visible()
    for tab in ("Search", "Deploy", "Keys", "Agent"):
        phone.get_by_role("tab", name=tab, exact=True).first.click()
        phone.wait_for_timeout(300)
        assert phone.evaluate("document.documentElement.scrollWidth") <= 390, tab
    context.close()
