"""What a person does with their own keys: sign in for one, make children, let the browser keep one, choose who pays. No key comes out."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from core.providers.sealed import DAYS
from core.settings import HuggingFace, Provider
from tests.doors.test_providers import ASK, HUB_TOKEN, Door, add, opened
from tests.providers.openrouter_account import MANAGER, Account, account_at
from tests.providers.upstream import Upstream, upstream

MINE = "sk-or-v1-mine-0123456789abcdef-MINE"
CHILD = {"name": "a demo", "limit": 5, "reset": "monthly", "days": 30}


@pytest.fixture
def at() -> Iterator[Upstream]:
    with upstream("openrouter") as made:
        yield made


@pytest.fixture
def account(at) -> Account:
    made = account_at(at)
    made.keys[MINE] = {"limit": 10}
    return made


@pytest.fixture
def door(tmp_path, at, account, caplog) -> Iterator[Door]:
    """An instance whose OpenRouter is the account's. At the end no key, verifier or copy's secret is found where it should not be."""
    caplog.set_level(logging.DEBUG)
    hub = HuggingFace(endpoint=at.base_url.removesuffix("/v1"), url=at.base_url)
    with opened(tmp_path, providers={"openrouter": Provider(url=at.base_url)}, huggingface=hub) as made:
        yield made
        tables = ("spending", "spent", "receipts", "audit", "seals", "runs")
        stored = [str(tuple(row)) for table in tables for row in made.house.store._execute(f"SELECT * FROM {table}", ())]
        sent = [seen.body.get("code_verifier") for seen in at.requests if seen.path == "/v1/auth/keys" and isinstance(seen.body, dict)]
    files = b"".join(path.read_bytes() for path in (tmp_path / "data").rglob("*") if path.is_file())
    for secret in (MINE, MANAGER, HUB_TOKEN, *account.made, *filter(None, sent)):
        for text in (*made.said, *stored, caplog.text):
            assert secret not in text.replace(ONCE.get(secret, "\0"), "")
        assert secret.encode() not in files


# What was asked for to be copied, and the one answer that held it.
ONCE: dict[str, str] = {}


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
