import time

import pytest

from core.doors.session import COOKIE, Sessions, bearer, checked_token, session_id
from core.errors import InvalidInput, Unauthorized
from core.providers import make_key
from core.secrets import Secret


def test_a_session_is_found_by_its_unguessable_id_only():
    sessions = Sessions()
    one = sessions.open()
    assert len(one.id) >= 43 and sessions.find(one.id) is one
    assert sessions.find(one.id[:-1]) is None and sessions.find("") is None and sessions.find(None) is None


def test_an_idle_session_is_forgotten_with_its_token():
    sessions = Sessions(idle_seconds=0)
    one = sessions.open()
    one.token = Secret("hf_token_of_somebody")
    one.used -= 1
    assert sessions.find(one.id) is None


def test_the_longest_unused_session_goes_first():
    sessions = Sessions(limit=2)
    first, second = sessions.open(), sessions.open()
    sessions.find(first.id)
    sessions.open()
    assert sessions.find(first.id) and not sessions.find(second.id)


def test_a_flood_of_empty_sessions_ends_no_session_that_holds_something():
    sessions = Sessions(limit=3)
    signed_in, with_key = sessions.open(), sessions.open()
    signed_in.token = Secret("hf_flood0123456789abcdef")
    with_key.keys.add(make_key("openrouter", "sk-or-flood0123456789"))
    flood = [sessions.open() for _ in range(5)]
    assert [bool(sessions.find(one.id)) for one in (signed_in, with_key, *flood)] == [True, True, False, False, False, False, True]


def test_the_header_comes_before_the_cookie():
    assert session_id({"x-session": "a"}, {COOKIE: "b"}) == "a" and session_id({}, {COOKIE: "b"}) == "b"


def test_tokens_are_read_from_headers():
    assert bearer({}) is None and bearer({"authorization": "Basic eDp5"}) is None
    assert bearer({"authorization": "bearer hf_abc"}).reveal() == "hf_abc"
    assert bearer({"x-hf-token": "hf_own", "authorization": "Bearer hf_platform"}).reveal() == "hf_own"


@pytest.mark.parametrize("headers", [{"x-hf-token": ""}, {"authorization": "Bearer "}, {"authorization": "Bearer a b"}])
def test_an_empty_token_is_refused_and_never_becomes_somebody_elses(headers):
    with pytest.raises(Unauthorized):
        bearer(headers)


@pytest.mark.parametrize("pasted", [None, 7, "", "short", "hf_with a space in it", "x" * 5000, "hf_line\nbreak_in_it"])
def test_what_is_no_token_is_refused_without_repeating_it(pasted):
    with pytest.raises(InvalidInput) as caught:
        checked_token(pasted)
    assert not (isinstance(pasted, str) and pasted.strip()) or pasted not in str(caught.value.to_dict())


def test_what_others_keep_of_a_sessions_keys_goes_with_it(tmp_path):
    from core.house import build_house
    from core.providers import exotic
    from core.settings import Settings

    house = build_house(Settings(hub="local", data=tmp_path), port=1)
    try:
        told = []

        def gone(session):
            told.append(session.id)
            house.providers.evict(session.keys.keys())

        sessions = Sessions(idle_seconds=0.0, limit=2, on_gone=gone)
        cache = exotic._load().in_memory_llm_clients_cache
        names = [f"sk-ant-of-a-session-000{number}" for number in range(2)]
        made = []
        for name in names:
            session = sessions.open()
            session.keys.add(make_key("anthropic", name))
            cache.set_cache(f"client-{name}", object())
            made.append(session.id)
        time.sleep(0.01)
        assert sessions.find("somebody-else") is None  # anybody's request ends those that waited too long
        assert told == made and not any(name in str(list(cache.cache_dict)) for name in names)

        closed = Sessions(on_gone=gone)
        last = closed.open()
        closed.close(last.id)
        closed.close(last.id)
        assert told == [*made, last.id]
    finally:
        house.store.close()
