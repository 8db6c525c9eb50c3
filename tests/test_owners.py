"""Under whose name rows are kept: which token stands for which account, before a Hub on loopback that says what a test tells it."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from core import owners
from core.caller import Caller
from core.hub import Hub
from core.owners import Owners
from core.secrets import Secret
from tests.hub_client.playing_hub import answer, playing

ONE, OTHER = Secret("hf_theFirstTokenOfAPerson0001"), Secret("hf_theSecondTokenOfAPerson002")
WRITES = {"type": "access_token", "accessToken": {"displayName": "mine", "role": "write"}}


@pytest.fixture(autouse=True)
def patience(monkeypatch):
    monkeypatch.setattr(owners, "_PATIENCE_SECONDS", 0.5)


def person(id: str | None = "5f0c", name: str = "anna", auth: dict[str, Any] | None = None, kind: str = "user") -> dict[str, Any]:
    return {"type": kind, "name": name, "auth": WRITES if auth is None else auth} | ({"id": id} if id else {})


def fine(*scopes: tuple[str, str, str], everywhere: tuple[str, ...] = ()) -> dict[str, Any]:
    scoped = [{"entity": {"type": kind, "name": name}, "permissions": [permission]} for kind, name, permission in scopes]
    return {"type": "access_token", "accessToken": {"role": "fineGrained", "fineGrained": {"global": list(everywhere), "scoped": scoped}}}


def asked(story, **said: Any):
    """Run a story with `owners` before a Hub that says this of each token; a status instead is an error, None no answer at all."""

    async def whole() -> Any:
        async def play(request):
            found = said[request.headers["authorization"].removeprefix("Bearer ")]
            return answer({"error": "no"}, status=found) if isinstance(found, int) else found and answer(found)

        async with playing(play) as server:
            hub = Hub(server.url)
            try:
                return await story(Owners(hub), server, said)
            finally:
                await hub.close()

    return asyncio.run(whole())


def told(of_one: Any, of_other: Any, *, ours: bool = False) -> tuple[str | None, str | None]:
    async def story(room: Owners, server, said):
        return await room.account(ONE, ours=ours), await room.account(OTHER, ours=ours)

    return asked(story, **{ONE.reveal(): of_one, OTHER.reveal(): of_other})


def test_two_tokens_of_a_person_are_one_account_whatever_they_are_called_now():
    one, other = told(person(name="anna"), person(name="anna-renamed"))
    assert one and one == other and "anna" not in one and "5f0c" not in one


def test_who_takes_over_a_name_does_not_take_over_what_was_kept_under_it():
    one, other = told(person(id="5f0c"), person(id="77aa"))
    assert one and other and one != other


def test_another_hub_has_people_of_its_own():
    async def story(room: Owners, server, said):
        return await room.account(ONE)

    assert len({asked(story, **{ONE.reveal(): person()}) for _ in range(2)}) == 2  # each on a port of its own


@pytest.mark.parametrize(
    "said",
    [
        person(id=None),
        person(kind="org"),
        person(auth={"type": "oauth"}),
        person(auth={"type": "app_token", "accessToken": {"role": "write"}}),
        person(auth={}),
        person(auth=fine(("user", "anna", "inference.serverless.write"))),
        person(auth=fine(("model", "anna/one", "repo.write"), ("org", "acme", "repo.write"))),
        person(auth=fine(("user", "bert", "repo.write"), everywhere=("discussion.write",))),
        401,
        403,
        {"nonsense": True},
    ],
)
def test_what_does_not_open_all_of_a_persons_own_is_not_their_account(said):
    assert told(said, person())[0] is None


@pytest.mark.parametrize("auth", [WRITES, fine(("user", "Anna", "repo.content.read")), {"type": "access_token", "accessToken": {"role": "read"}}])
def test_what_opens_all_of_a_persons_own_is(auth):
    one, other = told(person(auth=auth), person())
    assert one and one == other


def test_a_sign_in_of_our_own_is_the_account_and_the_same_token_brought_by_another_app_is_not():
    granted = person(auth={"type": "oauth"})

    async def story(room: Owners, server, said):
        return [await room.account(ONE, ours=True), await room.account(ONE), await room.account(OTHER)]

    ours, brought, pasted = asked(story, **{ONE.reveal(): granted, OTHER.reveal(): person()})
    assert ours and ours == pasted and brought is None


def test_a_hub_is_asked_once_however_many_wait():
    async def story(room: Owners, server, said):
        found = await asyncio.gather(*(room.account(ONE) for _ in range(20)))
        return len(set(found)), [await room.account(ONE)] == found[:1], len(server.asked)

    assert asked(story, **{ONE.reveal(): person()}) == (1, True, 1)


def test_a_silent_hub_takes_nothing_from_whom_it_knew_and_a_revoked_token_ends_it(monkeypatch):
    monkeypatch.setattr(owners, "_BELIEVED_SECONDS", 0.0)
    monkeypatch.setattr(owners, "_SILENT_SECONDS", 0.0)

    async def story(room: Owners, server, said):
        found = [await room.account(ONE)]
        for now in (None, 500, 401, None):
            said[ONE.reveal()] = now
            room._hub.forget(Caller(id="whose", token=ONE))  # what it remembers for a minute
            found.append(await room.account(ONE))
        return found

    known, *later = asked(story, **{ONE.reveal(): person()})
    assert known and later == [known, known, None, None]


def test_no_token_is_no_account_and_asks_nobody():
    async def story(room: Owners, server, said):
        return await room.account(None), await room.account(None, ours=True), server.asked

    assert asked(story) == (None, None, [])


def test_a_token_stands_in_no_name():
    secret = ONE.reveal()
    assert secret not in owners.of_token(ONE) and secret not in str(told(person(), person())[0])
