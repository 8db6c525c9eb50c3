"""Signing in at OpenRouter and child keys of a management key, at the doors. No key comes out but the one that is copied."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from core.settings import Provider
from tests.doors.conftest import MINE, ONCE
from tests.doors.test_providers import ASK, add, opened
from tests.providers.openrouter_account import MANAGER

CHILD = {"name": "a demo", "limit": 5, "reset": "monthly", "days": 30}


def code_of(url: str) -> str:
    return httpx.get(url).text.split("id='code'>")[1].split("<")[0]


def pasted(browser: httpx.Client) -> tuple[str, str]:
    begun = browser.post("/api/session/openrouter", json={}).json()
    assert begun["returns"] is False and "callback_url" not in begun["url"]
    return begun["state"], code_of(begun["url"])


def test_a_pasted_code_becomes_a_key_of_the_session_that_answers(door, at, account):
    with door.browser() as browser:
        state, code = pasted(browser)
        answer = browser.post("/api/session/openrouter/code", json={"state": state, "code": f" {code} "})
        assert answer.status_code == 201 and answer.json()["report"]["checked"] is True
        (card,) = [one for one in browser.get("/api/session/keys").json()["items"] if one["owner"] == "visitor"]
        assert (card["provider"], card["label"], card["last4"]) == ("openrouter", "OpenRouter", "…MADE")
        assert browser.post("/api/providers/route", json=ASK).json()["text"] == "hello from openrouter"
        assert at.requests[-1].headers["authorization"] == f"Bearer {account.made[0]}"


def test_a_state_of_nobody_of_another_or_used_already_leads_to_no_key(door, account):
    with door.browser() as mine, door.browser() as theirs:
        state, code = pasted(mine)
        for browser, given in ((theirs, state), (mine, "x"), (mine, None), (mine, 7)):
            refused = browser.post("/api/session/openrouter/code", json={"state": given, "code": code})
            assert refused.status_code == 404 and "Connect OpenRouter" in refused.json()["error"]["fix"]
        assert mine.post("/api/session/openrouter/code", json={"state": state, "code": code}).status_code == 201
        assert mine.post("/api/session/openrouter/code", json={"state": state, "code": code}).status_code == 404
    assert len(account.made) == 1
    assert door.client().post("/api/session/openrouter", json={}).status_code == 401


def test_a_wrong_code_may_be_corrected_and_an_upstream_in_trouble_asked_again(door, account):
    with door.browser() as browser:
        state, code = pasted(browser)
        wrong = browser.post("/api/session/openrouter/code", json={"state": state, "code": "code-9999-of-nobody"})
        assert wrong.status_code == 400 and "refuses this code" in wrong.json()["error"]["message"]
        account.broken = 503
        assert browser.post("/api/session/openrouter/code", json={"state": state, "code": code}).status_code == 502
        account.broken = None
        assert browser.post("/api/session/openrouter/code", json={"state": state, "code": code}).status_code == 201


def test_openrouter_sends_the_browser_back_where_the_address_allows_it(door, account):
    with door.browser() as browser:
        begun = browser.post("/api/session/openrouter", json={"returns": True}, headers={"origin": door.url}).json()
        back = parse_qs(urlsplit(begun["url"]).query)["callback_url"][0]
        assert begun["returns"] is True and back == f"{door.url}/api/session/openrouter/callback/{begun['state']}"
        sent = httpx.get(begun["url"]).headers["location"]
        # Whoever lures somebody to this address gains nothing: the state belongs to the session that began.
        with door.browser() as stranger:
            assert stranger.get(sent).status_code == 404
        assert door.client().get(sent).status_code == 401 and account.made == []
        page = browser.get(sent, headers={"sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate", "sec-fetch-dest": "document"})
        assert page.status_code == 200 and "OpenRouter is connected" in page.text and page.headers["referrer-policy"] == "no-referrer"
        assert "default-src 'none'" in page.headers["content-security-policy"]
        assert browser.get(sent).status_code == 404
        assert [one["last4"] for one in browser.get("/api/session/keys").json()["items"] if one["owner"] == "visitor"] == ["…MADE"]


@pytest.mark.parametrize("origin", [None, "http://spaces.example"])
def test_an_address_nobody_can_be_sent_back_to_gets_a_code_to_paste(tmp_path, origin, at, account):
    with opened(tmp_path, hosts=("spaces.example", "127.0.0.1"), providers={"openrouter": Provider(url=at.base_url)}) as door, door.browser() as browser:
        headers = {"origin": origin, "host": "spaces.example"} if origin else {}
        begun = browser.post("/api/session/openrouter", json={"returns": True}, headers=headers).json()
        assert begun["returns"] is False and "callback_url" not in begun["url"]


def test_the_callback_says_what_it_was_told_and_runs_none_of_it(door):
    with door.browser() as browser:
        page = browser.get("/api/session/openrouter/callback/<script>alert(1)</script>?code=<img src=x>")
        assert page.status_code in (400, 404) and "<img" not in page.text and "alert" not in page.text


def managed(browser: httpx.Client) -> str:
    answer = browser.post("/api/session/keys", json={"provider": "openrouter", "key": MANAGER, "label": "manager"})
    assert answer.status_code == 201 and answer.json()["management"] is True
    return f"/api/session/keys/{answer.json()['id']}/children"


def test_a_management_key_is_never_asked_for_an_answer(door, at):
    with door.browser() as browser:
        managed(browser)
        assert [one for one in browser.get("/api/session/keys").json()["items"] if one["owner"] == "visitor"] == []
        assert browser.post("/api/providers/route", json={**ASK, "provider": "openrouter"}).status_code == 401
    assert not [seen for seen in at.requests if seen.path == "/v1/chat/completions"]


def test_a_child_key_is_made_put_on_the_ring_listed_and_revoked(door, at, account):
    with door.browser() as browser:
        children = managed(browser)
        made = browser.post(children, json={**CHILD, "keep": True})
        assert made.status_code == 201 and "key" not in made.json() and made.json()["added"]["label"] == "a demo"
        assert browser.post("/api/providers/route", json=ASK).json()["text"] == "hello from openrouter"
        assert at.requests[-1].headers["authorization"] == f"Bearer {account.made[0]}"
        (row,) = browser.get(children).json()["items"]
        assert (row["name"], row["limit_usd"], row["used_usd"], row["held"]) == ("a demo", 5.0, 0.25, True)
        assert browser.delete(f"{children}/{row['hash']}").json()["removed"] == 1
        assert browser.get(children).json()["items"] == [] and list(account.keys) == [MANAGER, MINE]
        assert browser.post("/api/providers/route", json=ASK).status_code == 401
        assert browser.delete(f"{children}/{row['hash']}").json()["removed"] == 0  # gone already


def test_a_child_key_is_told_once_to_whoever_asks_to_copy_it(door, account):
    with door.browser() as browser:
        children = managed(browser)
        made = browser.post(children, json={**CHILD, "copy": True})
        assert made.json()["key"] == account.made[0] and made.json()["added"] is None and made.headers["cache-control"] == "no-store"
        ONCE[account.made[0]] = made.text
        assert browser.post(children, json=CHILD).status_code == 400 and len(account.made) == 1
        assert [one["held"] for one in browser.get(children).json()["items"]] == [False]


@pytest.mark.parametrize("wrong", [{"limit": 0}, {"days": 0}, {"name": " "}, {"reset": "hourly"}])
def test_a_child_that_is_not_capped_or_does_not_end_is_refused(door, account, wrong):
    with door.browser() as browser:
        assert browser.post(managed(browser), json={**CHILD, "keep": True, **wrong}).status_code == 400
    assert account.made == []


def test_children_belong_to_who_holds_the_management_key(door):
    with door.browser() as browser, door.browser() as other:
        children = managed(browser)
        assert other.get(children).status_code == 404 and door.client().get(children).status_code == 401
        normal = add(browser, _Address(door.house.providers.known["openrouter"].base_url), key=MINE, provider="openrouter")
        assert browser.get(f"/api/session/keys/{normal['id']}/children").status_code == 400
        assert browser.get(children + "?offset=x").status_code == 400


class _Address:
    def __init__(self, base_url: str):
        self.base_url = base_url


def test_a_key_of_one_kind_is_not_replaced_by_one_of_the_other(door):
    with door.browser() as browser:
        id = managed(browser).split("/")[-2]
        refused = browser.patch(f"/api/session/keys/{id}", json={"key": MINE})
        assert refused.status_code == 400 and "not a management key" in refused.json()["error"]["message"]
