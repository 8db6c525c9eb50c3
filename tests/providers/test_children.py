"""Child keys of a management key, before a real account over real sockets."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from core.errors import InvalidInput, NotFound, ProviderFailed, Unauthorized
from core.providers import Key, Transport
from core.providers.children import Wish, hash_of, list_children, make_child, read_wish, revoke_child
from core.secrets import Secret
from tests.providers.openrouter_account import MANAGER, account_at
from tests.providers.upstream import upstream

GIVEN = {"name": "a demo", "limit": 5, "reset": "monthly", "days": 30}


@pytest.fixture
def at():
    with upstream("openrouter") as made:
        yield made


def manager(at, secret: str = MANAGER, **more) -> Key:
    return Key("m", "openrouter", "manager", Secret(secret), base_url=at.base_url, allow_private=True, **{"management": True, **more})


def ask(work, *given):
    async def asking():
        transport = Transport()
        try:
            return await work(*given, transport)
        finally:
            await transport.close()

    return asyncio.run(asking())


def test_a_child_is_made_with_its_limit_and_its_end_listed_and_revoked(at):
    account = account_at(at)
    child, secret = ask(make_child, manager(at), read_wish(GIVEN))
    sent = at.requests[-1].body
    ends = datetime.fromisoformat(sent["expires_at"])
    assert sent["name"] == "a demo" and sent["limit"] == 5 and sent["limit_reset"] == "monthly"
    assert timedelta(days=29) < ends - datetime.now(UTC) <= timedelta(days=30)
    assert secret.reveal() == account.made[0] and child.hash == hash_of(secret)
    (listed,) = ask(list_children, manager(at))
    assert (listed.name, listed.limit_usd, listed.used_usd, listed.reset, listed.disabled) == ("a demo", 5.0, 0.25, "monthly", False)
    assert secret.reveal() not in str(listed.to_dict())
    ask(revoke_child, manager(at), child.hash)
    assert ask(list_children, manager(at)) == [] and list(account.keys) == [MANAGER]
    with pytest.raises(NotFound):
        ask(revoke_child, manager(at), child.hash)


def test_a_limit_that_never_starts_anew_is_not_sent_as_one_that_does(at):
    account_at(at)
    ask(make_child, manager(at), read_wish({**GIVEN, "reset": ""}))
    assert "limit_reset" not in at.requests[-1].body


@pytest.mark.parametrize("change", [
    {"name": ""}, {"name": "x" * 61}, {"limit": 0}, {"limit": -1}, {"limit": 1e9}, {"limit": "5"}, {"limit": None}, {"limit": True},
    {"limit": float("nan")}, {"reset": "hourly"}, {"days": 0}, {"days": 366}, {"days": 1.5}, {"days": None}, {"days": True},
])  # fmt: skip
def test_a_child_without_a_limit_or_an_end_is_not_made(change):
    with pytest.raises(InvalidInput):
        read_wish(GIVEN | change)


def test_only_a_management_key_makes_keys_and_a_refused_one_is_not_repeated(at):
    account_at(at)
    with pytest.raises(InvalidInput):
        ask(make_child, manager(at, management=False), Wish("x", 1.0, None, 1))
    assert at.requests == []
    with pytest.raises(Unauthorized) as caught:
        ask(list_children, manager(at, "sk-or-v1-nobodys-0123456789"))
    assert "nobodys" not in str(caught.value.to_dict())


@pytest.mark.parametrize("hash", ["", "../models", "a/b", "short", "x" * 200, "abc defgh"])
def test_what_names_no_key_is_not_sent(at, hash):
    with pytest.raises(InvalidInput):
        ask(revoke_child, manager(at), hash)
    assert at.requests == []


@pytest.mark.parametrize("body", [None, {}, [], {"data": 7}, {"data": [7, {}, {"hash": 3}]}, {"data": {"hash": "x"}}])
def test_nonsense_lists_nothing_and_makes_nothing(at, body):
    at.pages["/v1/keys?offset=0"] = (200, body)
    assert ask(list_children, manager(at)) == []

    async def serve(wire):
        await wire.answer(200, body)
        return True

    at.serves = serve
    with pytest.raises(ProviderFailed):
        ask(make_child, manager(at), read_wish(GIVEN))


def test_an_empty_answer_ends_a_key_and_a_redirect_is_not_followed(at):
    async def nothing(wire):
        await wire.answer(204, b"")
        return True

    at.serves = nothing
    ask(revoke_child, manager(at), "0123456789abcdef")
    assert (at.requests[-1].method, at.requests[-1].path) == ("DELETE", "/v1/keys/0123456789abcdef")

    async def elsewhere(wire):
        await wire.answer(307, b"", f"Location: {at.base_url}/models")
        return True

    at.serves = elsewhere
    before = len(at.requests)
    with pytest.raises(ProviderFailed):
        ask(revoke_child, manager(at), "0123456789abcdef")
    assert len(at.requests) == before + 1
