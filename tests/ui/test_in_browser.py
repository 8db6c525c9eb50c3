"""The tabs in a real Chromium beside the main journey: files, the board, keys with and without cookies, keyboard."""

import re

import pytest
from playwright.sync_api import expect


@pytest.fixture
def opened(server, page):
    """The page of the shared server, once it has asked for everything it shows first."""
    page.goto(server.url)
    expect(page.locator("#account")).to_contain_text("@")
    return page


def pane(page, name: str) -> None:
    page.locator(f"#panes > .tab-wrapper [data-tab-id={name}]").click()


def build_static(page, server) -> None:
    """A project that starts at once, chosen in a page that was just opened."""
    made = server.action("generate_app_code", idea="a static page with a pomodoro timer").json()["project"]
    page.reload()
    expect(page.locator("#bar select")).to_have_value(made["id"])


def test_files_are_edited_kept_taken_back_and_carried_in_a_zip(server, opened, tmp_path):
    page, said = opened, opened.locator("#files-said")
    build_static(page, server)
    pane(page, "files")
    expect(page.locator("#tree")).to_contain_text("index.html")
    editor = page.locator("#editor .cm-content")
    editor.click()
    page.keyboard.press("Control+Home")
    page.keyboard.type("<!-- mine -->")
    page.keyboard.press("Control+s")
    expect(said).to_contain_text("index.html is saved.")

    page.locator("#changes").click()
    page.locator("#history .change").first.click()
    expect(page.locator("#history .d-plus").first).to_contain_text("mine")
    assert page.locator("#history .d-minus").count() == 1  # one line changed, and the end of the file did not
    page.locator("#undo").click()
    expect(said).to_contain_text("Taken back: index.html")
    expect(editor).not_to_contain_text("mine")

    editor.click()
    page.keyboard.type("typed and not saved")
    page.locator("#tree >> text=README.md").click()  # another file is opened over it
    expect(page.locator("#tree .tree-edited")).to_have_count(1)
    page.locator("#tree >> text=index.html").click()
    expect(editor).to_contain_text("typed and not saved")
    page.locator("#file-name [data-act=discard]").click()
    expect(editor).not_to_contain_text("typed and not saved")

    page.locator("#file-new").click()
    page.locator("#path input, #path textarea").fill("../../outside.py")
    page.locator("#path-yes").click()
    expect(said.locator(".is-failed")).to_contain_text("outside")
    with page.expect_download() as download:
        page.locator("#export").click()
    download.value.save_as(tmp_path / "project.zip")
    before = page.locator("#bar option").count()
    page.set_input_files("input[type=file][accept*=zip]", tmp_path / "project.zip")
    expect(said).to_contain_text("was imported")
    expect(page.locator("#bar option")).to_have_count(before + 1)


def test_an_app_that_breaks_says_its_first_error_and_keeps_the_files(server, opened):
    page = opened
    made = server.action("generate_app_code", idea="a REST API for notes with FastAPI").json()["project"]
    server.action("project_write", project=made["id"], files={"main.py": "raise RuntimeError('the lamp is broken')\n"})
    page.reload()
    page.locator("#slot [data-act=restart]").click(timeout=20_000)
    expect(page.locator("#slot .is-failed")).to_contain_text("the lamp is broken")
    expect(page.locator("#preview-frame")).to_have_count(0)
    pane(page, "logs")
    expect(page.locator("#preview-log")).to_contain_text("RuntimeError")


def test_a_space_on_the_board_shows_its_log_and_is_deleted_after_a_question(server, opened):
    page = opened
    made = server.action("generate_app_code", idea="a static page with flashcards").json()["project"]
    deployed = server.action("deploy_to_space", project=made["id"], name="on-the-board").json()
    page.locator("#tabs > .tab-wrapper [data-tab-id=deploy]").click()
    row = page.locator("#board .space", has_text="on-the-board")
    expect(row).to_contain_text("running")
    expect(row.locator("a")).to_have_attribute("href", deployed["url"])
    row.locator("[data-act=log]").click()
    row.locator("[data-act=log_build]").click()
    expect(row.locator(".log")).to_contain_text("Build")
    row.locator("[data-act=ask_delete]").click()
    row.locator("[data-act=close]").click()
    expect(row.locator(".asking")).to_have_count(0)
    row.locator("[data-act=ask_delete]").click()
    row.locator("[data-act=delete]").click()
    expect(row).to_have_count(0)
    assert server.action("space_status", repo=deployed["repo"]).status_code == 404


@pytest.mark.parametrize("cookies", ["kept", "blocked"])
def test_a_token_signs_in_is_shown_by_its_end_only_and_is_forgotten(server, page, cookies):
    token = (server.data / "hub" / "token").read_text().strip()
    if cookies == "blocked":

        def without_cookie(route):
            answer = route.fetch()
            headers = {name: value for name, value in answer.headers.items() if name.lower() != "set-cookie"}
            route.fulfill(status=answer.status, headers=headers, body=answer.body())
            page.context.clear_cookies()

        page.context.route(re.compile("/api/session"), without_cookie)
    page.goto(server.url)
    expect(page.locator("#account")).to_contain_text("@")
    page.locator("#account").click()
    card = page.locator("#account-card")
    expect(card).to_contain_text("This is a local run")
    page.locator("#token-input").fill(token)
    page.locator("#token-save").click()
    expect(card).to_contain_text("Your own token acts, …" + token[-4:])
    expect(page.locator("#token-input")).to_have_value("")
    assert token not in page.content()
    assert token not in page.evaluate("JSON.stringify({...localStorage, ...sessionStorage}) + document.cookie + location.href")
    page.locator("[data-forget]").click()
    expect(card).to_contain_text("This is a local run")


def test_the_keyboard_leads_everywhere_and_a_draft_survives_a_reload(opened):
    page = opened
    page.locator("#idea textarea").fill("a draft nobody sent")
    page.reload()
    expect(page.locator("#idea textarea")).to_have_value("a draft nobody sent")
    selected = page.locator("#tabs > .tab-wrapper [role=tab][aria-selected=true]")
    for key, name in (("k", "Keys"), ("d", "Deploy"), ("a", "Agent")):
        page.locator("body").press("g")
        page.locator("body").press(key)
        expect(selected).to_have_text(name)
    page.locator("body").press("/")
    expect(selected).to_have_text("Search")
    expect(page.locator("#search-query input, #search-query textarea")).to_be_focused()


def test_a_find_becomes_an_idea(opened):
    page = opened
    page.locator("#tabs > .tab-wrapper [data-tab-id=search]").click()
    page.locator("#search-chips [data-arg=dataset]").click()
    first = page.locator("#search-results .hit").first
    expect(first).to_be_visible()
    first.locator(".hit-main").click()
    expect(page.locator("#search-details .details")).to_be_visible()
    page.locator("#search-details [data-act=use]").click()
    expect(page.locator("#idea textarea")).to_have_value(re.compile("data explorer for the dataset"))
