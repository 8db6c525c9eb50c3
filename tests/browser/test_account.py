"""A public page in a real Chromium: what was made before signing in is there afterwards, on another device too, and gone from the page after signing out."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from tests.conftest import Server, start_server

_MAKE = """title => fetch('/api/actions/project_create', {method: 'POST', headers: {'content-type': 'application/json'},
    body: JSON.stringify({title, files: {'index.html': `<h1>${title}</h1>`}, sdk: 'static'})}).then(answer => answer.json())"""

_LISTED = """() => fetch('/api/actions/project_list', {method: 'POST', body: '{}'}).then(answer => answer.json())
    .then(found => found.items.map(one => one.id).sort())"""


@pytest.fixture
def house(tmp_path) -> Server:
    running = start_server(tmp_path / "data", "--hub", "local", AGENTIC_PUBLIC="1")
    yield running
    running.end()


def keys_tab(page: Page) -> None:
    page.locator("#tabs > .tab-wrapper [role=tab]", has_text="Keys").click()


def come(page: Page, house: Server) -> None:
    page.goto(house.url)
    expect(page.locator("#account")).to_contain_text("@")


def without_cookies(page: Page) -> None:
    """As inside another site's frame: the session is kept by the page alone."""

    def answered(route) -> None:
        answer = route.fetch()
        headers = {name: value for name, value in answer.headers.items() if name.lower() != "set-cookie"}
        page.context.clear_cookies()  # the fetch has kept it; once the page has the answer it asks again
        route.fulfill(status=answer.status, headers=headers, body=answer.body())

    page.context.route(re.compile("/api/session"), answered)


def sign_in(page: Page, token: str) -> None:
    keys_tab(page)
    page.locator("#token-input").fill(token)
    page.locator("#token-save").click()
    expect(page.locator("#account-card")).to_contain_text("kept for this account")


def test_work_follows_the_account_and_leaves_the_page_with_it(house, page, browser):
    token = (house.data / "hub" / "token").read_text()
    come(page, house)
    made = page.evaluate(_MAKE, "Made before")["project"]
    page.reload()
    chosen = page.locator("#bar select")
    expect(chosen).to_have_value(made)
    sign_in(page, token)
    expect(chosen).to_have_value(made)

    device = browser.new_context()
    other = device.new_page()
    without_cookies(other)
    come(other, house)
    assert other.evaluate("() => !window.spaces.keepsCookies()")
    keys_tab(other)
    expect(other.locator("#account-card")).to_contain_text("Local Hub")
    assert other.evaluate(_LISTED) == []
    sign_in(other, token)
    expect(other.locator("#bar select")).to_have_value(made)
    other.locator("#account-card [data-forget]").click()
    expect(other.locator("#account-card [data-forget]")).to_have_count(0)
    expect(other.locator("body")).not_to_contain_text("Made before")
    own = other.evaluate(_MAKE, "Its own")["project"]  # the session went on, under another id
    sign_in(other, token)
    for one in (other, page):
        one.wait_for_function(f"want => ({_LISTED})().then(found => found.join() === want)", arg=",".join(sorted([made, own])), timeout=20_000)
    device.close()
