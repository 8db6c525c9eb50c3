"""The check on the page: pressed by a person, in a real browser."""

import re

from playwright.sync_api import expect

from tests.preview_check.conftest import APPS


def open_with(page, server, title: str, files: dict[str, str], *, template: str) -> None:
    """The page with a running project that holds these files."""
    made = server.action("generate_app_code", idea=template).json()["project"]
    server.action("project_write", project=made["id"], files=files)
    assert server.action("preview_start", project=made["id"]).json()["stage"] == "running"
    page.goto(server.url)
    expect(page.locator("#bar select")).to_have_value(made["id"])
    expect(page.locator("#check .check-line")).to_be_visible()


def test_an_app_that_works_is_ticked_off(server, page):
    open_with(page, server, "Words", {}, template="a word counter that shows the reading time")
    page.locator("#check [data-act=inspect]").click()
    line = page.locator("#check .check-line")
    expect(line).to_contain_text("A browser opens the app")
    expect(line.locator(".is-done")).to_have_text(["starts", "no console errors", "no failed requests", "used once"], timeout=90_000)
    page.locator("#check .check-more > summary").click()
    page.locator("#check .check-shot summary").click()
    picture = page.locator("#check .check-shot img")
    expect(picture).to_be_visible()
    assert picture.evaluate("(image) => image.decode().then(() => image.naturalWidth)") == 1280


def test_an_app_with_mistakes_says_which(server, page):
    broken = (APPS / "broken.html").read_text()
    open_with(page, server, "Broken", {"index.html": broken}, template="a static page with a pomodoro timer")
    page.locator("#check [data-act=inspect]").click()
    expect(page.locator("#check .check-line .is-failed")).to_have_text(["2 console errors", "1 failed request", re.compile("^used: 0 of 1")], timeout=90_000)
    found = page.locator("#check .findings")
    expect(found).to_contain_text("the lamp is out")
    expect(found).to_contain_text("/lamp.png (404)")
    expect(found).to_contain_text("The app answered with an error: No lamp")
    page.locator("#tools [data-act=restart]").click()
    expect(page.locator("#check .check-line")).to_contain_text("Does it start")
