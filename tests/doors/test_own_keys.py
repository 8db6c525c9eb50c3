"""Keys a browser keeps, and who pays for what a key asks, at the doors. No key comes out."""

from __future__ import annotations

import httpx
import pytest

from core.providers.sealed import DAYS
from core.settings import HuggingFace
from tests.doors.conftest import MINE
from tests.doors.test_providers import ASK, HUB_TOKEN, Door, opened


def kept(browser: httpx.Client, id: str) -> dict:
    assert browser.post("/api/session/remembered/browser").status_code == 200
    answer = browser.post("/api/session/remembered", json={"id": id})
    assert answer.status_code == 201, answer.text
    return answer.json()


def mine(browser: httpx.Client) -> dict:
    return browser.post("/api/session/keys", json={"provider": "openrouter", "key": MINE, "label": "work"}).json()


def new_session(browser: httpx.Client, door: Door) -> None:
    """The same browser after its session has ended."""
    browser.cookies.delete("spaces_os_session")
    browser.post("/api/session")


def restore(browser: httpx.Client, *copies: str) -> dict:
    return browser.post("/api/session/remembered/restore", json={"copies": list(copies)}).json()


def test_a_key_comes_back_to_a_new_session_of_the_same_browser(door, at):
    with door.browser() as browser:
        copy = kept(browser, mine(browser)["id"])
        assert MINE not in copy["text"]
        new_session(browser, door)
        back = restore(browser, copy["text"])
        assert back["gone"] == [] and [one["label"] for one in back["restored"]] == ["work"] and back["restored"][0]["remembered"] == copy["copy"]
        assert len(restore(browser, copy["text"])["restored"]) == 1  # twice is once
        assert browser.post("/api/providers/route", json=ASK).json()["text"] == "hello from openrouter"
        assert at.requests[-1].headers["authorization"] == f"Bearer {MINE}"


def test_a_copy_without_the_browsers_cookie_is_of_no_use(door):
    with door.browser() as browser, door.browser() as thief:
        copy = kept(browser, mine(browser)["id"])
        assert thief.post("/api/session/remembered/restore", json={"copies": [copy["text"]]}).json()["gone"] == [0]
        thief.post("/api/session/remembered/browser")
        assert restore(thief, copy["text"]) == {"restored": [], "gone": [0]}
        assert thief.delete(f"/api/session/remembered/{copy['copy']}").status_code == 404
        new_session(browser, door)
        assert len(restore(browser, copy["text"])["restored"]) == 1


def test_the_cookie_is_not_for_scripts_nor_for_other_sites_and_ends(door):
    with door.browser() as browser:
        cookie = browser.post("/api/session/remembered/browser").headers["set-cookie"]
        assert "HttpOnly" in cookie and "SameSite=strict" in cookie and f"Max-Age={DAYS * 86_400}" in cookie
        held = browser.cookies["spaces_os_browser"]
        browser.post("/api/session/remembered/browser")
        assert browser.cookies["spaces_os_browser"] == held


def test_a_browser_that_keeps_no_cookie_is_told_so(door):
    with door.browser() as browser:
        refused = browser.post("/api/session/remembered", json={"id": mine(browser)["id"]})
        assert refused.status_code == 403 and "cookie" in refused.json()["error"]["message"]


@pytest.mark.parametrize("how", ["forget", "forget all", "remove", "remove all", "action", "replace"])
def test_what_was_forgotten_removed_or_replaced_comes_back_nowhere(door, account, how):
    account.keys[MINE + "2"] = {"limit": 1}
    with door.browser() as browser:
        id = mine(browser)["id"]
        copy = kept(browser, id)
        if how == "forget":
            assert browser.delete(f"/api/session/remembered/{copy['copy']}").json() == {"forgotten": 1}
        elif how == "forget all":
            assert browser.delete("/api/session/remembered").json() == {"forgotten": 1}
            assert "spaces_os_browser" not in browser.cookies
        elif how == "remove":
            browser.delete(f"/api/session/keys/{id}")
        elif how == "remove all":
            browser.delete("/api/session/keys")
        elif how == "action":
            browser.post("/api/actions/provider_manage_keys", json={"command": "remove", "ids": [id]})
        else:
            answer = browser.patch(f"/api/session/keys/{id}", json={"key": MINE + "2"}).json()
            assert answer["remembered"] is None and answer["was_remembered"] == copy["copy"]
        if how.startswith("forget"):  # the session keeps the key
            card = next(one for one in browser.get("/api/session/keys").json()["items"] if one["id"] == id)
            assert card["remembered"] is None
        browser.post("/api/session/remembered/browser")
        new_session(browser, door)
        assert restore(browser, copy["text"]) == {"restored": [], "gone": [0]}


@pytest.mark.parametrize("copies", [None, "text", [None] * 33, {"a": 1}])
def test_what_is_no_list_of_copies_is_refused(door, copies):
    with door.browser() as browser:
        browser.post("/api/session/remembered/browser")
        assert browser.post("/api/session/remembered/restore", json={"copies": copies}).status_code == 400


@pytest.fixture
def payer(door, at):
    at.pages["/api/whoami-v2"] = (200, {"name": "somebody", "orgs": [{"name": "acme", "canPay": True}, {"name": "broke", "canPay": False}], "auth": {"accessToken": {"role": "write"}}})
    with door.browser() as browser:
        yield browser, browser.post("/api/session/keys", json={"provider": "huggingface", "key": HUB_TOKEN}).json()


def test_the_organisation_chosen_on_the_card_pays_and_stands_on_the_receipt(door, at, payer):
    browser, key = payer
    assert key["payers"] == ["acme"] and key["bill_to"] is None

    def asked(**more) -> tuple[str | None, dict]:
        body = browser.post("/api/providers/route", json={**ASK, "provider": "huggingface", **more}).json()
        return at.requests[-1].headers.get("x-hf-bill-to"), body["receipt"]["attempts"][-1]

    assert asked()[0] is None
    chosen = browser.post("/api/actions/provider_manage_keys", json={"command": "bill_to", "ids": [key["id"]], "bill_to": "acme"}).json()
    assert next(one for one in chosen["items"] if one["id"] == key["id"])["bill_to"] == "acme"
    header, attempt = asked()
    assert header == "acme" and (attempt["billed_to"], attempt["paid_by"]) == ("acme", "visitor")
    assert asked(bill_to="other")[0] == "other"  # a request's own word counts more
    browser.patch(f"/api/session/keys/{key['id']}", json={"bill_to": None})
    assert asked()[0] is None


def test_a_copy_of_a_key_that_changed_is_outdated_until_it_is_made_anew(door, payer):
    browser, key = payer

    def outdated() -> bool:
        return next(one for one in browser.get("/api/session/keys").json()["items"] if one["id"] == key["id"])["outdated"]

    change = f"/api/session/keys/{key['id']}"
    browser.patch(change, json={"label": "mine"})
    assert not outdated()  # nothing is kept of it
    kept(browser, key["id"])
    browser.patch(change, json={"label": "mine"})
    assert not outdated()
    browser.patch(change, json={"bill_to": "acme"})
    assert outdated()
    browser.patch(change, json={"disabled": True})
    copy = kept(browser, key["id"])
    assert not outdated()
    new_session(browser, door)
    (back,) = restore(browser, copy["text"])["restored"]
    assert (back["label"], back["bill_to"], back["payers"], back["disabled"], back["outdated"]) == ("mine", "acme", ["acme"], True, False)


@pytest.mark.parametrize("wrong", ["broke", "nobody", "a b", 7, ["acme"]])
def test_only_an_organisation_of_the_account_that_can_pay_is_chosen(payer, wrong):
    browser, key = payer
    assert browser.patch(f"/api/session/keys/{key['id']}", json={"bill_to": wrong}).status_code == 400


def test_another_token_is_not_billed_to_the_old_ones_organisation(payer, at):
    browser, key = payer
    browser.patch(f"/api/session/keys/{key['id']}", json={"bill_to": "acme"})
    at.pages["/api/whoami-v2"] = (200, {"name": "else", "orgs": []})
    answer = browser.patch(f"/api/session/keys/{key['id']}", json={"key": HUB_TOKEN + "2"}).json()
    assert answer["payers"] == [] and answer["bill_to"] is None




def test_whose_run_it_is_lets_an_organisation_pay_for_the_runs_own_key(tmp_path, at, account):
    at.pages["/api/whoami-v2"] = (200, {"name": "somebody", "orgs": [{"name": "acme", "canPay": True}]})
    hub = HuggingFace(token=HUB_TOKEN, endpoint=at.base_url.removesuffix("/v1"), url=at.base_url)
    manage = "/api/actions/provider_manage_keys"
    with opened(tmp_path / "private", huggingface=hub, hub="local") as door, door.browser() as browser, door.browser() as another:
        (tested,) = browser.post(manage, json={"command": "test", "ids": ["instance:huggingface"]}).json()["items"]
        assert tested["report"]["orgs"] == ["acme"]
        items = browser.post(manage, json={"command": "bill_to", "ids": ["instance:huggingface"], "bill_to": "acme"}).json()["items"]
        assert [one["bill_to"] for one in items] == ["acme"]
        for who, payer in ((browser, "acme"), (another, None)):
            attempt = who.post("/api/providers/route", json=ASK).json()["receipt"]["attempts"][0]
            assert at.requests[-1].headers.get("x-hf-bill-to") == payer == attempt["billed_to"]
    public = {"public": True, "share_owner_keys": True, "hub": "http://127.0.0.1:9", "hosts": ("127.0.0.1",)}
    with opened(tmp_path / "public", huggingface=hub, **public) as door, door.browser() as visitor:
        assert visitor.post(manage, json={"command": "bill_to", "ids": ["instance:huggingface"], "bill_to": "acme"}).status_code == 404
