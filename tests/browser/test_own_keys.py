"""One's own keys in a real Chromium: signing in at OpenRouter, child keys, keys the browser keeps, who pays, dragging. And no key anywhere."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Frame, Page, expect

from tests.browser.test_keys import add, ask, card, choose
from tests.conftest import Server, start_server
from tests.providers.openrouter_account import MANAGER, Account, account_at
from tests.providers.upstream import Upstream, upstream

KEYS = [f"key-{name}-0123456789abcdef-{name.upper()}" for name in ("aaaa", "bbbb", "cccc")]
TOKEN = "hf_0123456789abcdefTKEN"
# One list in the shape of both: OpenRouter reads its prices, Hugging Face the providers'.
LISTED = {"data": [{
    "id": "acme/ok", "name": "Ok", "context_length": 128000, "architecture": {"input_modalities": ["text"]},
    "pricing": {"prompt": "0.000001", "completion": "0.000002"}, "providers": [{"provider": "x", "status": "live", "pricing": {"input": 1, "output": 2}}],
}]}  # fmt: skip
# Everything the page ever showed and was answered, not only what it shows at the end. The answer that carries a child's
# key to whoever asked to copy it is left out: it is the one place.
WATCH = """
window.everShown = "";
new MutationObserver((changes) => changes.forEach((change) => change.addedNodes.forEach((node) => (window.everShown += node.outerHTML || node.textContent || ""))))
  .observe(document, { childList: true, subtree: true });
const plain = window.fetch.bind(window);
window.fetch = async (...given) => {
  const answer = await plain(...given);
  const kind = answer.headers.get("content-type") || "";
  if (/json/.test(kind) && !answer.url.endsWith("/children")) answer.clone().text().then((text) => (window.everShown += text), () => null);
  return answer;
};
"""


@pytest.fixture(scope="module")
def at() -> Iterator[Upstream]:
    with upstream("openrouter") as made:
        made.pages["/v1/models"] = (200, LISTED)
        yield made


@pytest.fixture
def one() -> Iterator[Upstream]:
    with upstream("one") as made:
        yield made


@pytest.fixture(scope="module")
def account(at) -> Account:
    return account_at(at)


@pytest.fixture(scope="module")
def house(tmp_path_factory, at, account) -> Iterator[Server]:
    place = tmp_path_factory.mktemp("own-keys")
    settings = {"openrouter": {"url": at.base_url}, "huggingface": {"endpoint": at.base_url.removesuffix("/v1"), "url": at.base_url}}
    (place / "settings.json").write_text(json.dumps(settings))
    running = start_server(place / "data", "--hub", "local", "--config", str(place / "settings.json"))
    yield running
    running.end()


@pytest.fixture
def keys_page(page, house, account) -> Iterator[Page]:
    """The Keys tab; at the end no key is in anything the page showed, asked for, was answered or stored, nor in a log or a file."""
    addresses: list[str] = []
    page.seen = []
    page.context.on("request", lambda request: addresses.append(request.url))
    page.add_init_script(WATCH)
    open_keys(page, house)
    yield page
    look(page)
    values = page.evaluate("[...document.querySelectorAll('input, textarea')].map((one) => one.value).join(' ')")
    log = (house.data.parent / "data.log").read_text(errors="replace")
    files = b"".join(path.read_bytes() for path in house.data.rglob("*") if path.is_file())
    assert '"signed_in"' in "".join(page.seen)  # the answers were seen at all
    for key in (*KEYS, MANAGER, TOKEN, *account.made):
        for where in (page.content(), values, log, *page.seen, *addresses):
            assert key not in where
        assert key.encode() not in files


def look(page: Page | Frame) -> None:
    """Keep what the page showed, was answered and stored, before it goes elsewhere."""
    seen = page.page.seen if isinstance(page, Frame) else page.seen
    seen.append(page.evaluate("JSON.stringify({...localStorage, ...sessionStorage}) + document.cookie + location.href + window.everShown"))


def open_keys(page: Page, house: Server) -> None:
    page.goto(house.url)
    expect(page.locator("#account")).to_contain_text("@")
    page.locator("#account").click()
    expect(page.locator("#key-provider")).to_be_visible()


def end_session(page: Page, house: Server) -> None:
    """What a person meets twelve hours later."""
    look(page)
    page.context.clear_cookies(name="spaces_os_session")
    open_keys(page, house)


def cards(page: Page):
    return page.locator("#model-keys .key-card[data-own] .key-names b")


def paste(page: Page, provider: str, key: str) -> None:
    page.locator("#key-provider").select_option(provider)
    page.locator("#key-value").fill(key)
    page.locator("#key-save").click()


def framed(page: Page, house: Server):
    """The same page inside another one, where nobody can be sent back to it."""
    look(page)
    page.goto(house.url + "/healthz")
    page.evaluate("document.body.append(Object.assign(document.createElement('iframe'), { src: '/', style: 'width: 1200px; height: 850px' }))")
    expect(page.frame_locator("iframe").locator("#account")).to_contain_text("@")
    page.frame_locator("iframe").locator("#account").click()
    return page.frames[-1]


def test_signing_in_at_openrouter_with_a_pasted_code(account, at, house, page, keys_page):
    frame = framed(page, house)
    with page.context.expect_page() as opened:
        frame.locator("#openrouter-connect").click()
    shown = opened.value
    expect(shown.locator("#code")).to_be_visible()
    assert "callback_url" not in shown.url and shown.evaluate("window.opener") is None
    code = shown.locator("#code").inner_text()
    shown.close()
    field = frame.locator("#openrouter-code")
    field.fill("code-0000-mistyped")
    field.press("Enter")
    expect(frame.locator("#openrouter-code-form .token-said")).to_contain_text("refuses this code")
    field.fill(code)
    field.press("Enter")
    expect(card(frame, "OpenRouter")).to_contain_text("…MADE")
    expect(field).to_be_hidden()
    choose(frame, "openrouter", "acme/ok")
    ask(frame, "hello?")
    expect(frame.locator("#model-answer .answer-text")).to_have_text("hello from openrouter")
    assert at.requests[-1].headers["authorization"] == f"Bearer {account.made[-1]}"
    look(frame)
    page.seen.append(frame.content())


def test_signing_in_at_openrouter_comes_back_by_itself(account, house, page, keys_page):
    before = len(account.made)
    with page.context.expect_page() as opened:
        page.locator("#openrouter-connect").click()
    expect(card(page, "OpenRouter")).to_contain_text("…MADE")
    expect(page.locator("#key-card .token-said").first).to_contain_text("OpenRouter is connected")
    assert len(account.made) == before + 1
    back = opened.value
    if not back.is_closed():
        assert "code=" not in back.url


def test_a_management_key_makes_a_capped_child_and_revokes_it(account, house, page, keys_page):
    page.context.grant_permissions(["clipboard-read", "clipboard-write"], origin=house.url)
    paste(page, "openrouter", MANAGER)
    panel = page.locator("#management-keys")
    expect(panel).to_contain_text("never asked for an answer")
    expect(page.locator("#model-keys .key-card[data-own]")).to_have_count(0)
    panel.get_by_role("button", name="Show the keys of openrouter").click()
    page.locator("#child-name").fill("for a demo")
    page.locator("#child-limit").fill("2.5")
    page.locator("#child-reset").select_option("weekly")
    page.locator("#child-copy").check()
    panel.get_by_role("button", name="Make the key").click()
    panel.get_by_role("button", name="Copy the key, once").click()
    row = panel.locator(".child", has_text="for a demo")
    expect(row).to_contain_text("of $2.50 weekly")
    assert page.evaluate("navigator.clipboard.readText()") == account.made[-1]
    page.evaluate("navigator.clipboard.writeText('')")
    assert page.locator("#child-name").input_value() == "" and page.locator("#child-keep").is_checked()
    assert panel.get_by_role("button", name="Copy the key, once").count() == 0
    expect(row).to_contain_text("in your list")
    expect(cards(page)).to_have_text(["for a demo"])
    row.get_by_role("button", name="Revoke for a demo").click()
    row.get_by_role("button", name="Keep it").click()
    row.get_by_role("button", name="Revoke for a demo").click()
    row.locator("[data-act=revoke]").click()
    expect(panel.locator(".child", has_text="for a demo")).to_have_count(0)
    expect(cards(page)).to_have_count(0)
    assert account.made[-1] not in account.keys
    panel.get_by_role("button", name="Remove openrouter").click()
    panel.get_by_role("button", name="Remove the key").click()
    expect(panel.locator(".management")).to_have_count(0)


def test_more_child_keys_than_one_page_are_paged_through(account, house, page, keys_page):
    for number in range(102):
        account.keys[f"sk-or-v1-child-{number:04d}-0123456789"] = {"name": f"child {number}", "limit": 1}
    paste(page, "openrouter", MANAGER)
    panel = page.locator("#management-keys")
    panel.get_by_role("button", name="Show the keys of openrouter").click(timeout=15_000)
    expect(panel.locator(".child")).to_have_count(100)
    panel.get_by_role("button", name="The next 100").click()
    expect(panel.locator(".child b")).to_have_text(["child 100", "child 101"])
    panel.get_by_role("button", name="Revoke child 101").click()
    panel.get_by_role("button", name="Revoke", exact=True).click()
    expect(panel.locator(".child b")).to_have_text(["child 100"])
    panel.get_by_role("button", name="The 100 before").click()
    expect(panel.locator(".child")).to_have_count(100)
    for key in [key for key, about in account.keys.items() if str(about.get("name")).startswith("child ")]:
        del account.keys[key]


def stored(page: Page) -> list:
    return json.loads(page.evaluate("localStorage.getItem('spaces-keys') || '[]'"))


def test_a_remembered_key_comes_back_and_a_forgotten_one_does_not(one, account, house, page, keys_page):
    add(page, "one", KEYS[0], one)
    add(page, "two", KEYS[1], one)
    page.get_by_role("button", name="Remember one in this browser").click()
    expect(card(page, "one")).to_contain_text("Remembered in this browser until")
    (copy,) = stored(page)
    assert set(copy) == {"copy", "text", "until"}
    card(page, "one").get_by_role("button", name="Replace the key of one").click()
    page.locator("#rotate-input").fill(KEYS[2])
    page.keyboard.press("Enter")
    expect(card(page, "one")).to_contain_text("…CCCC")
    (again,) = stored(page)
    assert again["text"] != copy["text"]  # what is kept is the new key

    page.evaluate("(copy) => localStorage.setItem('spaces-keys', JSON.stringify([copy, ...JSON.parse(localStorage.getItem('spaces-keys'))]))", copy)
    end_session(page, house)
    expect(cards(page)).to_have_text(["one"])
    expect(card(page, "one")).to_contain_text("remembered in this browser")
    choose(page, "one", "ok")
    ask(page, "hello?")
    expect(page.locator("#model-answer .answer-text")).to_have_text("hello from one")
    assert one.requests[-1].headers["authorization"] == f"Bearer {KEYS[2]}"
    (copy,) = stored(page)
    assert copy == again  # the copy of the old key is dead, and gone

    page.get_by_role("button", name="Forget one in this browser").click()
    expect(card(page, "one")).to_contain_text("Forgotten in this browser")
    assert stored(page) == []
    page.evaluate("(copy) => localStorage.setItem('spaces-keys', JSON.stringify([copy]))", copy)  # somebody had taken it before
    end_session(page, house)
    expect(page.locator("#model-keys")).to_contain_text("No model key yet")
    assert stored(page) == []


def test_a_taken_copy_opens_nothing_in_another_browser(one, account, house, browser, page, keys_page):
    add(page, "one", KEYS[0], one)
    page.get_by_role("button", name="Remember one in this browser").click()
    expect(card(page, "one")).to_contain_text("Remembered in this browser until")
    elsewhere = browser.new_context()
    taken = page.evaluate("localStorage.getItem('spaces-keys')")
    elsewhere.add_init_script(f"localStorage.setItem('spaces-keys', {json.dumps(taken)})")
    other = elsewhere.new_page()
    open_keys(other, house)
    expect(other.locator("#model-keys")).to_contain_text("No model key yet")
    elsewhere.close()
    card(page, "one").get_by_role("button", name="Remove one").click()
    card(page, "one").get_by_role("button", name="Remove the key").click()
    expect(cards(page)).to_have_count(0)
    assert stored(page) == []  # what is removed is not remembered either


def middle(page: Page, name: str) -> tuple[float, float]:
    grip = card(page, name).locator("[data-grip]")
    grip.hover(trial=True)  # which waits until it stands still
    box = grip.bounding_box()
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def test_keys_are_dragged_into_another_order_by_mouse_and_by_touch(one, house, page, keys_page):
    for name, key in zip(("a", "b", "c"), KEYS, strict=True):
        add(page, name, key, one)
    page.set_viewport_size({"width": 1280, "height": 1600})
    (x, y), (_, up) = middle(page, "c"), middle(page, "a")
    page.mouse.move(x, y)
    page.mouse.down()
    expect(page.locator("#model-keys .is-dragged")).to_have_count(1)
    page.mouse.move(x, y - 30)
    page.mouse.move(x, up - 20, steps=6)
    page.mouse.up()
    expect(cards(page)).to_have_text(["c", "a", "b"])
    expect(page.locator("#model-keys [role=status]").first).to_contain_text("order is changed")
    expect(card(page, "c").locator(".key-number")).to_contain_text("1")

    x, y = middle(page, "c")
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x, y + 300, steps=4)
    page.keyboard.press("Escape")
    page.mouse.up()
    expect(cards(page)).to_have_text(["c", "a", "b"])

    touch = page.context.new_cdp_session(page)
    touch.send("Emulation.setTouchEmulationEnabled", {"enabled": True})
    (x, y), (_, down) = middle(page, "c"), middle(page, "b")
    touch.send("Input.dispatchTouchEvent", {"type": "touchStart", "touchPoints": [{"x": x, "y": y}]})
    for step in range(1, 6):
        touch.send("Input.dispatchTouchEvent", {"type": "touchMove", "touchPoints": [{"x": x, "y": y + (down + 60 - y) * step / 5}]})
    touch.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    expect(cards(page)).to_have_text(["a", "b", "c"])
    assert card(page, "a").evaluate("(row) => row.style.transform") == ""
    assert page.complaints == []


def test_the_organisation_that_pays_is_chosen_on_the_card(at, house, page, keys_page):
    at.pages["/api/whoami-v2"] = (200, {"name": "somebody", "orgs": [{"name": "acme", "canPay": True}, {"name": "broke", "canPay": False}], "auth": {"accessToken": {"role": "write"}}})
    paste(page, "huggingface", TOKEN)
    payer = page.locator("#model-keys").get_by_label("Who pays for huggingface")
    expect(payer).to_be_visible()
    assert payer.locator("option").all_inner_texts() == ["the account itself", "acme"]
    payer.select_option(label="acme")
    expect(page.locator("#model-keys [role=status]").first).to_contain_text("acme pays now")
    choose(page, "huggingface", "acme/ok")
    ask(page, "hello?")
    expect(page.locator("#model-answer .attempts")).to_contain_text("acme, through you, with your key")
    assert at.requests[-1].headers["x-hf-bill-to"] == "acme"

    page.get_by_role("button", name="Remember huggingface in this browser").click()
    expect(card(page, "huggingface")).to_contain_text("Remembered in this browser until")
    (copy,) = stored(page)
    payer.select_option(label="the account itself")
    expect(page.locator("[data-outdated]")).to_have_count(0)
    page.wait_for_function("(old) => JSON.parse(localStorage.getItem('spaces-keys'))[0].text !== old", arg=copy["text"])
    expect(card(page, "huggingface")).to_have_attribute("data-copy-id", stored(page)[0]["copy"])
    end_session(page, house)
    expect(payer).to_have_value(re.compile(":$"))  # the copy followed the choice
    page.get_by_role("button", name="Forget every key kept in this browser").click()
    expect(page.get_by_role("button", name="Remember huggingface in this browser")).to_be_visible()
    assert stored(page) == []
    end_session(page, house)
    expect(page.locator("#model-keys")).to_contain_text("No model key yet")


def test_all_of_it_fits_a_phone(account, house, page, keys_page):
    page.set_viewport_size({"width": 390, "height": 844})
    paste(page, "openrouter", MANAGER)
    page.locator("#management-keys").get_by_role("button", name=re.compile("Show the keys")).click()
    expect(page.locator("#child-name")).to_be_visible()
    page.locator("#openrouter-code-form").evaluate("(form) => (form.hidden = false)")
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
