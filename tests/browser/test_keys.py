"""Model keys from the first to the last step in a real Chromium, before real upstreams; and the keys are found nowhere."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from tests.conftest import Server, start_server
from tests.providers.upstream import Upstream, upstream

FIRST, SECOND, THIRD = "key-first-0123456789abcdef-FRST", "key-second-0123456789abcdef-SCND", "key-third-0123456789abcdef-THRD"


@pytest.fixture(scope="module")
def house(tmp_path_factory) -> Server:
    running = start_server(tmp_path_factory.mktemp("keys") / "data", "--hub", "local")
    yield running
    running.end()


# The upstreams stand before the page in every list of arguments: they start where no driver's event loop runs yet.
@pytest.fixture
def one():
    with upstream("one") as made:
        yield made


@pytest.fixture
def two():
    with upstream("two") as made:
        yield made


@pytest.fixture
def blocked(page):
    """A browser that keeps no cookie, as inside another site's frame."""

    def without_cookie(route):
        answer = route.fetch()
        headers = {name: value for name, value in answer.headers.items() if name.lower() != "set-cookie"}
        page.context.clear_cookies()  # the fetch has kept it; once the page has the answer it asks again
        route.fulfill(status=answer.status, headers=headers, body=answer.body())

    page.context.route(re.compile("/api/session"), without_cookie)


@pytest.fixture
def sent(page, house):
    """Opens the Keys tab, keeps every address the browser asked for; at the end no key is anywhere it should not be."""
    addresses: list[str] = []
    page.on("request", lambda request: addresses.append(request.url))
    page.goto(house.url)
    expect(page.locator("#account")).to_contain_text("@")
    page.locator("#account").click()
    expect(page.locator("#key-provider")).to_be_visible()
    yield addresses
    kept = page.evaluate("JSON.stringify({...localStorage, ...sessionStorage}) + document.cookie + location.href")
    values = page.evaluate("[...document.querySelectorAll('input, textarea')].map((one) => one.value).join(' ')")
    log = (house.data.parent / "data.log").read_text(errors="replace")
    files = b"".join(path.read_bytes() for path in house.data.glob("*") if path.is_file())
    for key in (FIRST, SECOND, THIRD):
        for where in (page.content(), kept, values, log, *addresses):
            assert key not in where
        assert key.encode() not in files


def add(page: Page, name: str, key: str, at: Upstream) -> None:
    page.locator("#key-provider").select_option("")
    page.locator("#key-name").fill(name)
    page.locator("#key-value").fill(key)
    if not page.locator("#key-base").is_visible():
        page.locator("#key-card summary").click()
    page.locator("#key-base").fill(at.base_url)
    page.locator("#key-save").click()
    expect(page.locator(f"#model-keys .key-card:has-text('…{key[-4:]}')")).to_be_visible()


def card(page: Page, name: str):
    return page.locator("#model-keys .key-card", has=page.locator("b", has_text=re.compile(f"^{name}$")))


def ask(page: Page, prompt: str) -> None:
    page.locator("#model-prompt textarea").fill(prompt)
    page.locator("#model-ask").click()


def choose(page: Page, provider: str, model: str) -> None:
    row = page.locator("#models .hit", has_text=provider).filter(has=page.locator(".hit-id", has_text=re.compile(f"^{model}$")))
    row.locator("button").click()
    expect(page.locator("#model-asking")).to_contain_text(model)


def test_a_key_is_added_ordered_asked_and_shown_on_the_receipt(house, one, two, page, sent):
    expect(page.locator("#model-keys")).to_contain_text("No model key yet")
    add(page, "one", FIRST, one)
    expect(card(page, "one")).to_contain_text("It answers and lists 2 models")
    expect(page.locator("#key-card .key-form .token-said")).to_contain_text("is added, …FRST")
    add(page, "two", SECOND, two)
    names = page.locator("#model-keys .key-names b")
    expect(names).to_have_text(["one", "two"])

    up = card(page, "two").get_by_role("button", name="Move two up")
    up.focus()
    page.keyboard.press("Enter")
    expect(names).to_have_text(["two", "one"])
    expect(page.locator("#model-keys [role=status]").first).to_contain_text("number 1")
    expect(card(page, "two").get_by_role("button", name="Move two down")).to_be_focused()  # the way up ends here

    choose(page, "one", "ok")
    ask(page, "hello?")
    receipt = page.locator("#model-answer .attempts")
    expect(page.locator("#model-answer .answer-text")).to_have_text("hello from one")  # named by its row, so first
    expect(receipt).to_contain_text("unknown")
    expect(receipt).to_contain_text("7 in, 3 out")
    expect(receipt).to_contain_text("you, with your key")
    expect(card(page, "one")).to_contain_text("last asked just now")
    expect(page.locator("#model-ask")).to_be_visible()

    card(page, "one").get_by_role("button", name="Pause one").click()
    expect(card(page, "one")).to_contain_text("paused")
    ask(page, "and now?")
    expect(page.locator("#model-answer .answer-text")).to_have_text("hello from two")
    expect(receipt.locator(".skipped")).to_contain_text("it is switched off")
    assert FIRST not in two.received and SECOND not in one.received

    card(page, "two").get_by_role("button", name="Remove two").click()
    card(page, "two").get_by_role("button", name="Keep it").click()
    card(page, "two").get_by_role("button", name="Remove two").click()
    card(page, "two").get_by_role("button", name="Remove the key").click()
    expect(names).to_have_text(["one"])
    assert page.complaints == []


def test_an_answer_falls_back_and_stop_closes_the_upstreams_connection(house, one, two, page, sent):
    add(page, "one", FIRST, one)
    add(page, "two", SECOND, two)
    choose(page, "one", "ok")
    one.script.append("500")
    ask(page, "hello?")
    expect(page.locator("#model-answer .answer-text")).to_have_text("hello from two")
    attempts = page.locator("#model-answer .attempt")
    expect(attempts).to_have_count(2)
    expect(attempts.nth(0)).to_contain_text("could not, the next was asked")
    expect(attempts.nth(1)).to_contain_text("answered")
    expect(card(page, "one")).to_contain_text("resting")

    two.script.append("patient")
    choose(page, "two", "other")
    ask(page, "never stop")
    expect(page.locator("#model-answer .answer-text")).to_contain_text("word word")
    assert page.locator("#model-answer .answer-text").get_attribute("aria-live") == "polite"
    page.keyboard.press("Escape")
    expect(page.locator("#model-answer .answer-state")).to_contain_text("Stopped")
    expect(page.locator("#model-ask")).to_be_visible()
    for _ in range(100):
        if two.requests[-1].hung_up:
            break
        page.wait_for_timeout(50)
    assert two.requests[-1].hung_up

    # A stopped answer has its receipt, keeps what came, and goes on from there with the same prompt.
    expect(page.locator("#model-answer .attempt")).to_contain_text("stopped by you")
    so_far = page.locator("#model-answer .answer-text").inner_text()
    page.locator("#model-prompt textarea").fill("something else")
    page.locator("#model-answer").get_by_role("button", name="Go on from here").click()
    expect(page.locator("#model-answer .answer-state")).to_contain_text("Done")
    assert page.locator("#model-answer .answer-text").inner_text() == so_far + "hello from two"
    sent_messages = two.requests[-1].body["messages"]
    assert sent_messages[0]["content"] == "never stop" and sent_messages[1] == {"role": "assistant", "content": so_far}
    expect(page.locator("#model-answer").get_by_role("button", name="Go on from here")).to_have_count(0)

    two.script.append("cut")
    ask(page, "break off")
    expect(page.locator("#model-answer .answer-state")).to_contain_text("No whole answer")
    expect(page.locator("#model-answer .answer-text")).to_have_text("so far")
    page.locator("#model-answer").get_by_role("button", name="Ask again").click()
    expect(page.locator("#model-answer .answer-text")).to_have_text("hello from one")  # two rests for a moment
    assert len(one.requests[-1].body["messages"]) == 1


def test_a_refused_key_is_not_kept_and_a_new_key_replaces_the_old(house, one, page, sent):
    add(page, "one", FIRST, one)
    one.pages["/v1/models"] = (401, {"error": {"message": "no such key"}})
    form = page.locator("#key-card .key-form")
    page.locator("#key-name").fill("one")
    page.locator("#key-value").fill(SECOND)
    page.locator("#key-base").fill(one.base_url)
    page.locator("#key-save").click()
    expect(form.locator(".token-said")).to_contain_text("401")
    expect(page.locator("#model-keys .key-card")).to_have_count(1)
    page.locator("#key-value").fill("")

    card(page, "one").get_by_role("button", name="Test one").click()
    expect(card(page, "one").locator(".key-note.is-failed")).to_contain_text("401")
    del one.pages["/v1/models"]
    card(page, "one").get_by_role("button", name="Replace the key of one").click()
    page.locator("#rotate-input").fill(THIRD)
    page.keyboard.press("Enter")
    expect(card(page, "one")).to_contain_text("…THRD")
    expect(card(page, "one").locator(".key-note")).to_have_count(0)
    choose(page, "one", "ok")
    ask(page, "hello?")
    expect(page.locator("#model-answer .answer-text")).to_have_text("hello from one")
    assert one.requests[-1].headers["authorization"] == f"Bearer {THIRD}"


def test_a_limit_that_is_set_is_shown_and_stands_against_the_next_prompt(house, one, page, sent):
    add(page, "one", FIRST, one)
    chip = page.locator("#spent-chip")
    choose(page, "one", "ok")
    ask(page, "what does this cost?")
    expect(page.locator("#model-answer .attempts")).to_be_visible()
    expect(chip).to_have_text("<$0.01 spent")  # nobody told a price, so the ledger counts a careful estimate
    page.get_by_role("tab", name="Search").click()
    chip.click()
    expect(page.locator("[data-limit=per_session]")).to_be_focused()
    page.locator("[data-limit=per_session]").fill("0")
    page.get_by_role("button", name="Set", exact=True).click()
    expect(page.locator("#model-spent .spent-lines")).to_contain_text("of $0 in this session")
    expect(chip).to_contain_text("of $0")
    asked = len(one.requests)
    ask(page, "hello?")
    expect(page.locator("#model-answer .notice")).to_contain_text("The session's limit")
    assert not [seen for seen in one.requests[asked:] if seen.method == "POST"]


def test_what_is_left_on_a_key_what_models_cost_and_what_is_recommended(house, one, page, sent):
    each = {"prompt": "0.000001", "completion": "0.0000025"}
    able = {"architecture": {"input_modalities": ["text", "image"]}, "supported_parameters": ["tools"]}
    listed = [
        {"id": "acme/seeing", "name": "Seeing", "pricing": each, "context_length": 128000, **able},
        {"id": "acme/plain", "name": "Plain", "pricing": {"prompt": "0", "completion": "0"}, "context_length": 4096, "architecture": {"input_modalities": ["text"]}},
    ]
    one.pages |= {"/v1/models": (200, {"data": listed}), "/v1/key": (200, {"data": {"limit": 10, "limit_remaining": 4.2, "is_free_tier": False}})}
    page.locator("#key-provider").select_option("openrouter")
    page.locator("#key-value").fill("sk-or-" + FIRST)
    page.locator("#key-card summary").click()
    page.locator("#key-base").fill(one.base_url)
    page.locator("#key-save").click()
    expect(card(page, "openrouter")).to_contain_text("$4.20 of its limit of $10.00 is left")
    rows = page.locator("#models .hit")
    expect(rows).to_have_count(2)
    expect(rows.filter(has_text="acme/seeing")).to_contain_text("$1 in, $2.50 out")
    expect(rows.filter(has_text="acme/seeing").locator(".tag")).to_have_text(["tools", "vision"])
    expect(rows.filter(has_text="acme/plain")).to_contain_text("free")

    pictures = page.locator("#model-tasks [data-arg=vision]")
    pictures.click()
    expect(rows).to_have_count(1)
    expect(rows).to_contain_text("fits the task and costs little")
    pictures.click()
    expect(rows).to_have_count(2)
    page.locator("#model-query input, #model-query textarea").fill("plain")
    page.keyboard.press("Enter")
    expect(rows).to_have_count(1)

    choose(page, "openrouter", "acme/plain")
    ask(page, "hello?")
    expect(page.locator("#model-answer .facts dd").nth(1)).to_have_text("$0")
    expect(page.locator("#model-answer .facts dd").nth(2)).to_have_text("nobody")


def test_the_keys_tab_fits_a_phone(house, one, page, sent):
    page.set_viewport_size({"width": 390, "height": 844})
    add(page, "one-with-a-rather-long-name-for-a-phone", FIRST, one)
    choose(page, "one-with", "ok")
    ask(page, "hello?")
    expect(page.locator("#model-answer .attempts")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


def test_without_cookies_a_key_works_for_this_page_and_for_no_other(house, one, page, blocked, sent):
    add(page, "one", FIRST, one)
    choose(page, "one", "ok")
    ask(page, "hello?")
    expect(page.locator("#model-answer .answer-text")).to_have_text("hello from one")
    another = page.context.new_page()
    another.goto(house.url)
    expect(another.locator("#account")).to_contain_text("@")
    another.locator("#account").click()
    expect(another.locator("#model-keys")).to_contain_text("No model key yet")
