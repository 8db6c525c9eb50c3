"""The agent in a real Chromium: a model over real HTTP plays its part, the Local Hub is deployed to, and every word a person needs is on the page."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, TimeoutError, expect

from tests.agent.scripted import KEY, MODEL, Scripted, scripted
from tests.browser.test_journey import open_page
from tests.conftest import Server, start_server

APP = """import gradio as gr


def count(text):
    return f"{len(text.split())} words"


with gr.Blocks() as demo:
    box = gr.Textbox(label="Text", elem_id="box")
    out = gr.Textbox(label="Words", elem_id="out")
    box.change(count, box, out)

demo.launch()
"""
STEPS = ("Write the files", "Use the app", "Publish it")


def plan(done: int) -> dict:
    return {"name": "plan", "arguments": {"items": [{"text": text, "state": "done" if place < done else "working" if place == done else "pending"} for place, text in enumerate(STEPS)]}}


CREATE = {"name": "project_create", "arguments": {"title": "Word counter", "sdk": "gradio", "files": {"app.py": APP}}}
MAKE = {"text": "I make a **small** app.", "calls": [CREATE]}
# Whatever the agent is reminded of: that it has not looked at the app.
ENOUGH = {"text": "That is all.", "when": {"contains": "Run app_verify"}, "repeat": "forever"}
EDIT = {"calls": [{"name": "project_edit", "arguments": {"edits": [{"path": "app.py", "search": ' words"', "replace": ' words in all"'}], "message": "Say in all"}}]}
LOOK = {"text": "Now I use it.", "calls": [plan(1), {"name": "app_verify", "arguments": {}}]}
PUBLISH = {"text": "It works.", "calls": [plan(2), {"name": "deploy_to_space", "arguments": {"name": "agent-journey"}}]}
SLOW = {"text": "This takes a while. " * 190, "slow": 0.05}


@pytest.fixture(scope="module")
def model() -> Iterator[Scripted]:
    with scripted() as made:
        yield made


@pytest.fixture(scope="module")
def house(tmp_path_factory, model) -> Iterator[Server]:
    running = start_server(tmp_path_factory.mktemp("agent") / "data", "--hub", "local")
    yield running
    running.end()


@pytest.fixture
def talk(model, house, page) -> Page:
    """The Agent tab of somebody with a key, with a model chosen and no project open."""
    model.script([])
    open_page(page, house)
    page.locator("#account").click()
    page.locator("#key-provider").select_option("")
    page.locator("#key-name").fill("scripted")
    page.locator("#key-value").fill(KEY)
    page.locator("#key-card summary").first.click()
    page.locator("#key-base").fill(model.url)
    page.locator("#key-save").click()
    expect(page.locator("#model-keys .key-card", has_text=KEY[-4:])).to_be_visible()
    page.get_by_role("tab", name="Agent").click()
    page.locator("#bar select").select_option("")
    expect(page.locator("#bar select")).to_have_attribute("data-value", "")
    expect(page.locator("#chat-told .entry")).to_have_count(0)
    choose(page)
    expect(page.locator("#chat-model")).to_contain_text(MODEL)
    return page


def choose(page: Page) -> None:
    """The scripted model, from the picker. A click that falls into a redraw is lost, as for a person, who clicks again."""
    for patience in (20_000, 60_000):
        page.locator("#chat-model-chip").click()
        try:
            return page.locator("#chat-models .hit button", has_text=MODEL).click(timeout=patience)
        except TimeoutError:
            continue
    raise AssertionError("the picker never showed the model")


def say(page: Page, text: str) -> None:
    page.locator("#idea textarea").fill(text)
    page.keyboard.press("Control+Enter")
    expect(page.locator("#idea textarea")).to_have_value("")


def told(page: Page):
    return page.locator("#chat-told")


def test_from_an_idea_over_plan_files_and_use_to_a_space_that_was_approved(model, house, talk):
    page = talk
    model.script([{**MAKE, "calls": [plan(0), CREATE]}, EDIT, LOOK, PUBLISH, {"text": "It is published.", "calls": [plan(3)]}, {"text": "All is done."}])
    say(page, "A word counter that counts as I type")
    expect(told(page).locator(".prose strong").first).to_have_text("small")
    expect(page.locator("#chat-plan li")).to_have_count(3)

    card = page.locator("#chat-live .approval")
    expect(card).to_be_visible(timeout=120_000)
    expect(card).to_contain_text("agent-journey")
    expect(page.locator("#chat-plan")).to_contain_text("2 of 3")
    edit = told(page).locator(".entry-tool", has_text="app.py").filter(has_text="+1")
    edit.locator("summary").click()
    expect(edit.locator(".d-plus")).to_contain_text("words in all")
    used = told(page).locator(".entry-tool.is-done", has_text=re.compile("verif", re.I)).last
    expect(used).to_be_visible()
    frame = page.frame_locator("#preview-frame")
    frame.locator("#box textarea").fill("one two three")
    expect(frame.locator("#out textarea")).to_have_value("3 words in all")
    page.locator("#panes > .tab-wrapper [data-tab-id=files]").click()
    expect(page.locator("#tree")).to_contain_text("app.py")
    expect(page.locator("#bar select option:checked")).to_have_text("Word counter")

    card.get_by_role("button", name="Approve").click()
    expect(told(page)).to_contain_text("All is done.", timeout=120_000)
    address = told(page).locator(".entry-note a").get_attribute("href")
    expect(told(page).locator(".approval")).to_contain_text("approved")
    space = page.context.new_page()
    space.goto(address)
    space.locator("#box textarea").fill("one two")
    expect(space.locator("#out textarea")).to_have_value("2 words in all")
    assert page.complaints == []


def test_a_refusal_reaches_the_model_and_enter_in_its_field_refuses(model, talk):
    page = talk
    model.script([ENOUGH, MAKE, {"text": "I publish it.", "calls": [{"name": "deploy_to_space", "arguments": {"name": "never"}}]}, {"text": "I keep it here."}])
    say(page, "A word counter, published")
    card = page.locator("#chat-live .approval")
    expect(card).to_be_visible()
    card.get_by_placeholder("Why not").fill("only for me, please")
    page.keyboard.press("Enter")
    expect(told(page)).to_contain_text("I keep it here.")
    expect(told(page).locator(".approval")).to_contain_text("refused")
    assert "only for me, please" in str(model.bodies[-1]["messages"])


def test_escape_stops_what_is_said_meanwhile_waits_and_a_reload_keeps_both(model, talk):
    page = talk
    model.script([SLOW, SLOW])
    say(page, "tell me a long story")
    expect(page.locator("#chat-live .is-coming")).to_contain_text("takes a while")
    say(page, "and a short one")
    expect(page.locator("#chat-queued")).to_contain_text("and a short one")
    page.keyboard.press("Escape")
    expect(told(page)).to_contain_text("Stopped.")
    expect(page.locator("#stop")).to_be_hidden()
    kept = told(page).locator(".entry-reply .prose").first.inner_text()
    page.locator("#chats-open").click()
    expect(page.locator(".menu-list .menu-row").first).to_contain_text("tell me a long story")
    page.reload()
    page.locator("#chats-open").click(timeout=30_000)
    page.locator(".menu-list .menu-row", has_text="tell me a long story").first.click()
    expect(told(page).locator(".entry-reply .prose").first).to_have_text(kept)
    expect(page.locator("#story")).to_contain_text("and a short one")
    model.script([{"text": "Here it is."}])
    told(page).get_by_role("button", name="Go on").click()
    expect(told(page)).to_contain_text("Here it is.")
    expect(told(page)).to_contain_text("and a short one")


def test_a_second_page_sees_the_same_and_the_first_may_be_closed(model, house, talk):
    first = talk
    model.script([ENOUGH, MAKE, {**SLOW, "hold": True}])
    say(first, "a word counter for two")
    expect(first.locator("#chat-live .is-coming")).to_be_visible()
    second = first.context.new_page()
    open_page(second, house)
    expect(second.locator("#chat-told .entry-said")).to_contain_text("a word counter for two")
    expect(second.locator("#stop")).to_be_visible()
    first.close()
    model.go.set()
    expect(second.locator("#chat-live .is-coming")).to_contain_text("takes a while. This takes a while")
    second.keyboard.press("Escape")
    expect(second.locator("#chat-told")).to_contain_text("Stopped.")
    model.go.clear()


ASK = {"calls": [{"name": "ask", "arguments": {"question": "Which colour?", "choices": ["Blue", "Green"]}}]}
PUBLISH_TWO = {"text": "I publish both.", "calls": [{"name": "deploy_to_space", "arguments": {"name": name}} for name in ("first-of-two", "second-of-two")]}


def test_a_page_that_only_looks_follows_and_its_old_question_answers_nothing(model, house, talk):
    first = talk
    model.script([ASK, {"text": "Green it is."}])
    say(first, "a page in a colour for two")
    expect(first.locator("#chat-live .question")).to_be_visible()
    expect(first.locator("#idea textarea")).to_have_attribute("placeholder", "Your answer")
    expect(first).to_have_title(re.compile("waiting"))
    second = first.context.new_page()
    open_page(second, house)
    second.locator("#chats-open").click()
    second.locator(".menu-list .menu-row", has_text="a page in a colour for two").first.click()
    stale = second.locator("#chat-live .question button", has_text="Blue")
    expect(stale).to_be_visible()
    second.evaluate("Object.defineProperty(document, 'hidden', { get: () => true, configurable: true })")  # a page nobody sees does not look
    first.locator("#chat-live .question").get_by_role("button", name="Green").click()
    expect(told(first)).to_contain_text("Green it is.")
    stale.click()
    expect(second.locator("#chat-said")).to_contain_text("does not wait any more")
    expect(told(second)).to_contain_text("Green it is.")
    expect(told(second).locator(".entry-said")).to_have_count(2)
    assert "Blue" not in str([one for one in model.bodies[-1]["messages"] if one["role"] == "user"])

    second.evaluate("Object.defineProperty(document, 'hidden', { get: () => false })")
    model.script([{"text": "And that is that."}])
    say(first, "thank you")
    expect(told(second)).to_contain_text("And that is that.")
    expect(told(second)).to_contain_text("thank you")
    second.close()


def test_words_typed_into_one_card_stay_with_it_and_a_second_click_does_not_hit_the_next(model, talk):
    page = talk
    model.script([ENOUGH, MAKE, PUBLISH_TWO, {"text": "I publish neither."}])
    say(page, "two word counters")
    cards = page.locator("#chat-live .approval")
    expect(cards).to_have_count(2)
    cards.nth(1).get_by_placeholder("Why not").fill("the second is too much")
    cards.nth(0).get_by_placeholder("Why not").fill("not the first")
    cards.nth(0).get_by_role("button", name="Refuse").dblclick()
    expect(cards).to_have_count(1)
    expect(cards).to_contain_text("second-of-two")
    expect(cards.get_by_placeholder("Why not")).to_have_value("the second is too much")
    assert page.evaluate("document.activeElement.name") != "feedback"
    cards.get_by_role("button", name="Refuse").click()
    expect(told(page)).to_contain_text("I publish neither.")
    results = str(model.bodies[-1]["messages"])
    assert "not the first" in results and "the second is too much" in results

    model.script([ENOUGH, PUBLISH_TWO, {"text": "None at all."}])
    say(page, "try again")
    page.get_by_role("button", name="Refuse all").click(timeout=60_000)
    expect(told(page)).to_contain_text("None at all.")


def test_somebody_who_reads_further_up_is_told_that_something_waits(model, talk):
    page = talk
    model.script([{"text": "One line. \n\n" * 120}, {**ASK, "hold": True}])
    say(page, "a long tale")
    expect(told(page)).to_contain_text("One line.")
    say(page, "and a question")
    page.locator("#chat-scroll").evaluate("one => one.scrollTo(0, 0)")
    expect(page.locator("#chat-pill button")).to_contain_text("To the newest")
    model.go.set()
    expect(page.locator("#chat-pill button")).to_contain_text("Waiting for you")
    model.go.clear()
    assert page.locator("#chat-scroll").evaluate("one => one.scrollTop") == 0
    page.locator("#chat-pill button").click()
    expect(page.locator("#chat-live .question button").first).to_be_in_viewport()
    expect(page.locator("#chat-pill button")).to_be_hidden()
    page.set_viewport_size({"width": 390, "height": 600})
    expect(page.locator("#chat-live .question button").first).to_be_in_viewport()
    dock = page.locator("#dock")
    expect(dock).to_contain_text("waiting for you")
    expect(dock.get_by_role("button", name="Look at it")).to_be_visible()
    page.reload()
    page.locator("#chats-open").click(timeout=30_000)
    page.locator(".menu-list .menu-row", has_text="a long tale").first.click()
    expect(dock.get_by_role("button", name="Look at it")).to_be_visible()
    model.script([{**SLOW, "hold": True}])
    page.locator("#chat-live .question button").first.click()
    expect(dock.get_by_role("button", name="Stop")).to_be_visible()
    model.go.set()
    dock.get_by_role("button", name="Stop").click()
    expect(told(page)).to_contain_text("Stopped.")
    model.go.clear()


def test_a_chat_is_forked_saved_and_exported(model, house, talk):
    page = talk
    model.script([ENOUGH, MAKE, {"text": "There it is, to copy."}])
    say(page, "a word counter to copy")
    expect(told(page)).to_contain_text("to copy.")
    page.locator("#chats-open").click()
    page.get_by_role("button", name="Save to my dataset").click()
    expect(page.locator("#chat-said")).to_contain_text("spaces-os-chats")
    with page.expect_download() as download:
        page.get_by_role("button", name="JSON").click()
    assert "to copy." in download.value.path().read_text()
    page.keyboard.press("Escape")
    before = page.locator("#bar select").input_value()
    page.locator("#chats-open").click()
    page.get_by_role("button", name="Fork").click()
    expect(page.locator("#chats-open")).to_contain_text("Copy of")
    expect(told(page)).to_contain_text("to copy.")
    expect(page.locator("#bar select")).not_to_have_value(before)


def test_a_message_is_changed_and_sent_again_and_the_files_go_back(model, house, talk):
    page = talk
    model.script([ENOUGH, MAKE, {"text": "There it is."}, EDIT, {"text": "In all, then."}])
    say(page, "a word counter to change")
    expect(told(page)).to_contain_text("There it is.")
    say(page, "say in all")
    expect(told(page)).to_contain_text("In all, then.")
    expect(page.locator("#bar select")).to_have_value(re.compile("."))
    read = lambda: house.action("project_read", project=page.locator("#bar select").input_value(), path="app.py").json()["text"]
    assert "words in all" in read()

    model.script([ENOUGH, {"text": "I leave it."}])
    message = told(page).locator(".entry-said", has_text="say in all")
    message.hover()
    message.locator("summary[aria-label='Edit and send again']").click()
    field = message.locator("textarea")
    expect(field).to_have_value("say in all")
    field.fill("leave it as it is")
    message.get_by_role("button", name="Send again").click()
    expect(told(page)).to_contain_text("I leave it.")
    expect(told(page)).not_to_contain_text("In all, then.")
    assert "words in all" not in read()
    assert "say in all" not in str(model.bodies[-1]["messages"])

    first = told(page).locator(".entry-said").last
    first.hover()
    first.locator("summary[aria-label='Undo to here']").click()
    first.get_by_role("button", name="Undo to here").last.click()
    expect(told(page).locator(".entry-said", has_text="leave it")).to_have_count(0)
    expect(told(page)).to_contain_text("There it is.")


def test_a_question_is_answered_by_its_button_and_a_chat_is_renamed_and_deleted(model, talk):
    page = talk
    model.script([{"calls": [{"name": "ask", "arguments": {"question": "Which colour?", "choices": ["Blue", "Green"]}}]}, {"text": "Green it is."}])
    say(page, "a page in a colour")
    page.locator("#chat-live .question").get_by_role("button", name="Green").click(timeout=30_000)
    expect(told(page)).to_contain_text("Green it is.")
    expect(told(page).locator(".entry-said").last).to_contain_text("Green")
    page.locator("#chats-open").click()
    page.locator(".chat-rename input").fill("The green one")
    page.keyboard.press("Enter")
    expect(page.locator("#chats-open")).to_contain_text("The green one")
    page.locator("#chats-open").click()
    with page.expect_download() as download:
        page.get_by_role("button", name="Markdown").click()
    assert "Green it is." in download.value.path().read_text()
    page.locator(".risk summary").click()
    page.get_by_role("button", name="Delete the chat").click()
    expect(told(page).locator(".entry")).to_have_count(0)
    page.locator("#chats-open").click()
    expect(page.locator("#chat-bar")).not_to_contain_text("The green one")


def test_what_is_taken_back_is_taken_back_in_the_running_app_too(model, talk):
    page = talk
    look = {"calls": [{"name": "app_verify", "arguments": {}}]}
    model.script([MAKE, look, {"text": "There it runs."}, EDIT, look, {"text": "In all, then."}])
    say(page, "a word counter to take back")
    expect(told(page)).to_contain_text("There it runs.", timeout=90_000)
    say(page, "say in all")
    expect(told(page)).to_contain_text("In all, then.", timeout=90_000)
    box, out = page.frame_locator("#preview-frame").locator("#box textarea"), page.frame_locator("#preview-frame").locator("#out textarea")
    box.fill("one two")
    expect(out).to_have_value("2 words in all")
    message = told(page).locator(".entry-said").last
    message.hover()
    message.locator("summary[aria-label='Undo to here']").click()
    expect(message.locator(".popover[open]")).to_contain_text("What was published stays")
    message.get_by_role("button", name="Undo to here").last.click()
    expect(told(page).locator(".entry-said")).to_have_count(1)
    expect(box).to_have_value("")
    box.fill("one two three")
    expect(out).to_have_value("3 words")


def test_without_a_key_one_line_says_what_a_key_would_add(house, page):
    open_page(page, house)
    page.locator("#bar select").select_option("")
    expect(page.locator("#keyless")).to_contain_text("With a key")
    page.locator("#keyless").get_by_role("button", name="Add a key").click()
    expect(page.locator("#key-provider")).to_be_visible()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_chat_fits_a_phone_and_its_composer_stays_in_sight(model, talk, scheme):
    page = talk
    page.emulate_media(color_scheme=scheme)
    page.set_viewport_size({"width": 390, "height": 844})
    model.script([ENOUGH, MAKE, {"text": "One line. " * 400}])
    say(page, "a word counter on a phone")
    expect(told(page)).to_contain_text("One line.")
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    expect(page.locator("#build")).to_be_in_viewport()
