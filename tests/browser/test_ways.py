"""Ways through the page: what a button promises is what stands in front of a person after it."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.browser.test_journey import open_page, type_idea
from tests.providers.upstream import upstream

KEY = "key-ways-0123456789abcdef-WAYS"


@pytest.fixture
def one():
    with upstream("one") as made:
        yield made


def test_add_a_key_leads_to_the_field_for_it_and_the_form_begins_anew_after_it(one, server, page):
    open_page(page, server)
    page.get_by_role("button", name="Add a key").click()
    expect(page.locator("#key-value")).to_be_focused()
    expect(page.locator("#key-value")).to_be_in_viewport()
    first = page.locator("#key-provider").input_value()
    page.locator("#key-provider").select_option("")
    page.locator("#key-name").fill("ways")
    page.locator("#key-value").fill(KEY)
    page.locator("#key-card summary").click()
    page.locator("#key-base").fill(one.base_url)
    page.locator("#key-save").click()
    expect(page.locator("#model-keys .key-card", has_text=KEY[-4:])).to_be_visible()
    page.get_by_role("tab", name="Deploy", exact=True).click()
    page.locator("#spent-chip").click()
    expect(page.locator("[data-limit=per_session]")).to_be_focused()
    expect(page.locator("#key-provider option", has_text="ways")).to_have_count(1)
    expect(page.locator("#key-provider")).to_have_value(first)


def test_on_a_phone_the_bar_is_whole_and_a_result_stands_where_one_looks(server, browser):
    context = browser.new_context(viewport={"width": 390, "height": 844})
    phone = context.new_page()
    open_page(phone, server)
    expect(phone.locator("[data-js=theme]")).to_be_in_viewport(ratio=1)
    phone.get_by_role("tab", name="Search", exact=True).click()
    expect(phone.locator("#search-results .hit").first).to_be_in_viewport()
    phone.get_by_role("tab", name="Query").click()
    phone.locator("#query-programs").get_by_text("Compare organizations").click()
    expect(phone.locator("#query-code")).to_contain_text("hf_org_overview")
    phone.locator("#query-run").click()
    expect(phone.locator("#query-result .answer-table")).to_be_in_viewport()
    context.close()


def test_a_space_that_is_private_is_planned_as_private_and_without_a_project_nothing_is_offered(server, page):
    made = server.action("build_space", idea="A simple static page with a pomodoro timer", deploy=True, visibility="private", name="ways-private")
    assert made.is_success, made.text
    open_page(page, server)
    page.locator("#deploy-open").click()
    expect(page.locator("#deploy-plan")).to_contain_text("stays as it is")
    expect(page.get_by_role("radio", name="Private")).to_be_checked()
    page.locator("#deploy-close").click()
    page.locator("#bar select").select_option("")
    expect(page.locator("#slot")).to_contain_text("Your app appears here")
    expect(page.locator("#deploy-open")).to_be_hidden()


def test_on_a_low_screen_the_steps_stand_below_the_outcome_and_can_be_scrolled_to(server, page):
    page.set_viewport_size({"width": 1280, "height": 640})
    type_idea(page, server, "A simple static page with a pomodoro timer")
    expect(page.locator("#outcome")).to_contain_text("ready")
    idea, outcome, steps = (page.locator(f"#{name}").bounding_box() for name in ("idea", "outcome", "steps"))
    assert idea["x"] == outcome["x"] == steps["x"] and idea["y"] < outcome["y"] < steps["y"]
    page.locator("#steps li").last.scroll_into_view_if_needed()
    expect(page.locator("#steps li").last).to_be_in_viewport()
