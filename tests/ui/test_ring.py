"""Whose keys the page acts with, and what it tells of their use."""

import asyncio
from dataclasses import replace

import pytest

from core.doors.session import Sessions
from core.providers import Key, Prompt, make_key
from core.providers.order import order
from core.secrets import Secret
from tests.ui.conftest import request
from ui.bind import Bind
from ui.tabs import management, models, ring
from ui.tabs.ring import last_used

LOCAL = "http://127.0.0.1:9/v1"


@pytest.fixture
def session(bind):
    opened = bind.sessions.open()
    for label in ("a", "b"):
        opened.keys.add(make_key("mine", f"sk-{label}-0123456789abcdef", label=label, base_url=LOCAL, allow_private=True))
    return opened


def test_who_signed_in_through_gradio_keeps_the_keys_of_the_session(public_house):
    public = Bind(public_house, Sessions())
    opened = public.sessions.open()
    opened.keys.add(make_key("mine", "sk-0123456789abcdef", base_url="https://mine.example/v1"))
    caller = asyncio.run(public.caller(request(session=opened.id, oauth={"access_token": "hf_0123456789abcdefgh", "expires_at": None})))
    assert caller.token.reveal() == "hf_0123456789abcdefgh"
    assert caller.keyring is opened.keys and "spend" in caller.approves


def test_another_visitor_holds_none_of_them(bind, session):
    assert len(ring.held(bind, request(session=session.id))) == 2
    assert ring.held(bind, request(session=bind.sessions.open().id)) == []
    assert ring.held(bind, request()) == []


def test_the_cards_stand_in_the_order_of_asking_and_show_no_key(bind, session):
    first, second = (key.id for key in session.keys.keys())
    session.keys.order([second, first])
    html = asyncio.run(ring.draw(bind, request(session=session.id), {}))
    assert html.index(f'data-key="{second}"') < html.index(f'data-key="{first}"')
    assert "…cdef" in html
    assert not [key for key in session.keys.keys() if key.secret.reveal() in html]


def test_the_owners_key_that_is_always_used_stands_first_and_the_page_says_so(bind, session, monkeypatch):
    room = bind.house.providers
    own = Key("instance:house", "house", "house key", Secret("sk-house-0123456789"), base_url=LOCAL, owner="instance", always_use_this_key=True)
    only_an_address = Key("instance:openrouter", "openrouter", "openrouter (this instance)", base_url=LOCAL, owner="instance")
    monkeypatch.setattr(room, "instance", (only_an_address, own))
    html = asyncio.run(ring.draw(bind, request(session=session.id), {}))
    assert html.index('data-key="instance:house"') < min(html.index(f'data-key="{key.id}"') for key in session.keys.keys())
    assert "house key is always to be used: it is tried before yours" in html
    assert 'data-key="instance:openrouter"' not in html  # an address without a key is nobody to ask
    first = order(Prompt(messages=({"role": "user", "content": "x"},)), room.keys(asyncio.run(bind.caller(request(session=session.id)))))[0][0]
    assert first.id == "instance:house"  # as the router does


def test_who_pays_is_offered_only_where_somebody_can_and_a_copy_is_offered_for_what_is_a_key(bind, session):
    first, second = session.keys.keys()
    session.keys.change(first.id, payers=("acme", "<b>"), bill_to="acme", sealed="copy-1")
    session.keys.change(second.id, secret=None)
    html = asyncio.run(ring.draw(bind, request(session=session.id), {}))
    assert html.count("data-change=\"bill_to\"") == 1 and f'data-value="{first.id}:acme"' in html and "&lt;b&gt;" in html and "<b></option>" not in html
    assert html.count('data-form="forget-copy"') == 1 and 'data-copy-id="copy-1"' in html and html.count('data-form="remember"') == 0


def test_management_keys_stand_apart_and_what_openrouter_says_is_text(bind, session):
    made = session.keys.add(replace(make_key("openrouter", "sk-or-v1-0123456789abMNGR", label="<i>m</i>"), management=True))
    assert f'data-key="{made.id}"' not in asyncio.run(ring.draw(bind, request(session=session.id), {}))
    child = {"hash": "abcdefgh", "name": "<img src=x onerror=1>", "limit_usd": 5.0, "used_usd": None, "reset": "<b>", "disabled": False, "held": False, "expires_at": "2027-01-01"}
    html = management.draw(bind, request(session=session.id), opened=made.id, children=[child])
    assert "…MNGR" in html and "sk-or-v1" not in html and "<img" not in html and "<i>m" not in html and "<b>;" not in html and "ends 2027-01-01" in html
    assert management.draw(bind, request(session=bind.sessions.open().id)) == ""


def test_all_copies_are_forgotten_at_once_wherever_there_is_one(bind):
    opened = bind.sessions.open()
    made = opened.keys.add(replace(make_key("openrouter", "sk-or-v1-0123456789abMNGR"), management=True))

    def offered() -> bool:
        return 'data-form="forget-all"' in asyncio.run(ring.draw(bind, request(session=opened.id), {}))

    assert not offered()
    opened.keys.change(made.id, sealed="copy-1")
    assert offered()


def test_what_the_browser_says_of_a_key_is_not_trusted():
    assert ring._told('{"id": 3, "note": ["x"], "checked": "yes"}') == {"renewed": False, "id": "3", "note": {"text": "['x']", "tone": "warning"}}
    for nonsense in ("", "[]", "null", "{", '"a"'):
        assert ring._told(nonsense) == {"renewed": False, "id": "", "note": None}
    for nonsense in ("", "{}", '["a"]', '["a", 1]', '["a", "b", "c"]', "1"):
        assert models._read(nonsense) is None


def test_last_asked_is_the_newest_receipt_and_untold_where_two_keys_share_a_name():
    keys = [{"id": "1", "provider": "p", "label": "a"}, {"id": "2", "provider": "p", "label": "b"}, {"id": "3", "provider": "p", "label": "b"}, {"id": "4", "provider": "q", "label": "a"}]  # fmt: skip
    receipts = [{"at": at, "attempts": [{"provider": "p", "key_label": label} for label in ("a", "b")]} for at in (20.0, 10.0)]
    assert last_used(keys, receipts) == {"1": 20.0}
