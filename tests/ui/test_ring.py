"""Whose keys the page acts with, and what it tells of their use."""

import asyncio

import pytest

from core.doors.session import Sessions
from core.providers import make_key
from tests.ui.conftest import request
from ui.bind import Bind
from ui.tabs import models, ring
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
    caller = public.caller(request(session=opened.id, oauth={"access_token": "hf_0123456789abcdefgh", "expires_at": None}))
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


def test_what_the_browser_says_of_a_key_is_not_trusted():
    assert ring._told('{"id": 3, "note": ["x"], "checked": "yes"}') == {"id": "3", "note": {"text": "['x']", "tone": "warning"}}
    for nonsense in ("", "[]", "null", "{", '"a"'):
        assert ring._told(nonsense) == {"id": "", "note": None}
    for nonsense in ("", "{}", '["a"]', '["a", 1]', '["a", "b", "c"]', "1"):
        assert models._read(nonsense) is None


def test_last_asked_is_the_newest_receipt_and_untold_where_two_keys_share_a_name():
    keys = [{"id": "1", "provider": "p", "label": "a"}, {"id": "2", "provider": "p", "label": "b"}, {"id": "3", "provider": "p", "label": "b"}, {"id": "4", "provider": "q", "label": "a"}]  # fmt: skip
    receipts = [{"at": at, "attempts": [{"provider": "p", "key_label": label} for label in ("a", "b")]} for at in (20.0, 10.0)]
    assert last_used(keys, receipts) == {"1": 20.0}
