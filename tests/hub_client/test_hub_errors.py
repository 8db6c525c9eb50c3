"""Whatever the Hub answers becomes one error that says what happened and what to do, and never shows the token."""

import asyncio
import logging
import time

import pytest
from tests.hub_client.faulty_hub import TOKEN, breaks_off, fails, hangs, nonsense, wrong_shape

from core import errors
from core.caller import Caller
from core.hub import Hub, create_space, delete_space, status, whoami
from core.secrets import Secret

READ = ("GET", "/api/spaces/alice/demo")
CREATE = ("POST", "/api/repos/create")


def run(coroutine):
    return asyncio.run(coroutine)


def raised(kind, coroutine):
    with pytest.raises(kind) as caught:
        run(coroutine)
    assert type(caught.value) is kind
    assert TOKEN not in repr(caught.value.to_dict())
    return caught.value


@pytest.mark.parametrize(
    ("answer", "kind", "says"),
    [
        (fails(400, "name is reserved"), errors.InvalidInput, "name is reserved"),
        (fails(402, "requires a PRO subscription"), errors.PaymentRequired, "requires a PRO subscription"),
        (fails(403, 'no rights under the namespace "alice"'), errors.Forbidden, 'namespace "alice"'),
        (fails(409, "You already created this space repo: alice/x"), errors.Conflict, "already created"),
        (fails(412), errors.Outdated, "changed"),
        (fails(413, "too many parameters"), errors.TooLarge, "too many parameters"),
        (fails(422, "bad path"), errors.InvalidInput, "bad path"),
        (fails(500), errors.HubUnavailable, "500"),
        (fails(507), errors.StorageFull, ""),
        (nonsense, errors.HubUnavailable, "not its protocol"),
        (wrong_shape, errors.HubUnavailable, "not its protocol"),
        (breaks_off, errors.HubUnavailable, "broke"),
    ],
)
def test_every_refusal_of_a_write_has_its_own_error(server, hub, alice, answer, kind, says):
    server.fault(*CREATE, answer)
    error = raised(kind, create_space(hub, alice, "alice/x", sdk="static"))
    assert says in error.message
    assert "create alice/x" in error.message
    assert server.asked(*CREATE) == 1, "a write is never repeated on its own"


def test_402_names_the_choices(server, hub, alice):
    server.fault(*CREATE, fails(402, "needs PRO"))
    fix = raised(errors.PaymentRequired, create_space(hub, alice, "alice/x")).fix
    assert "static" in fix and "zero-a10g" in fix and "PRO" in fix


def test_a_bad_token_and_no_token_are_told_apart(server, hub, nobody):
    stranger = Caller(id="x", token=Secret("hf_notARealTokenXXXXXXXXXXXX"))
    assert "does not accept this token" in raised(errors.Unauthorized, whoami(hub, stranger)).message
    assert "signed in" in raised(errors.Unauthorized, whoami(hub, nobody)).message
    assert server.asked("GET", "/whoami-v2") == 1, "without a token there is nothing to ask"
    server.fault(*READ, fails(401, "Invalid username or password."))
    assert "nobody is signed in" in raised(errors.Unauthorized, status(hub, nobody, "alice/demo")).message


def test_a_missing_space_says_so(hub, alice, nobody):
    assert "this token may not see it" in raised(errors.NotFound, status(hub, alice, "alice/demo")).message
    assert "nobody is signed in" in raised(errors.NotFound, status(hub, nobody, "alice/demo")).message


def test_a_name_the_hub_refuses_is_not_sent(server, hub, alice):
    for name in ("a--b", "..", "alice/x.git", "-x", "x" * 97, "a/b/c", "naïve", ""):
        raised(errors.InvalidInput, create_space(hub, alice, name))
    assert server.requests == []


def test_a_read_is_asked_again_after_500_and_lost_connections(server, hub, alice):
    server.fault("GET", "/whoami-v2", fails(500), breaks_off, fails(503))
    assert run(whoami(hub, alice)).name == "alice"
    assert server.asked("GET", "/whoami-v2") == 4


def test_a_short_rate_limit_is_waited_for_and_a_long_one_told(server, hub, alice):
    server.fault("GET", "/whoami-v2", fails(429, **{"Retry-After": "1"}))
    begun = time.monotonic()
    assert run(whoami(hub, alice)).name == "alice"
    assert 1 <= time.monotonic() - begun < 4

    server.fault(*READ, fails(429, RateLimit='"api";r=0;t=120'))
    begun = time.monotonic()
    error = raised(errors.RateLimited, status(hub, alice, "alice/demo"))
    assert time.monotonic() - begun < 1
    assert error.details["retry_after"] == 121 and "121 seconds" in error.fix


def test_a_rate_limit_without_a_time_ends_within_eight_seconds(server, hub, alice):
    server.always[READ] = fails(429)
    begun = time.monotonic()
    raised(errors.RateLimited, status(hub, alice, "alice/demo"))
    assert time.monotonic() - begun < 9.5
    assert 3 <= server.asked(*READ) <= 6


def test_the_librarys_own_retries_do_not_sleep_through_a_rate_limit(server, hub, alice):
    server.spaces.clear()
    run(create_space(hub, alice, "alice/x", sdk="static"))
    server.always["POST", "/preupload/main"] = fails(429, **{"Retry-After": "200"})

    async def commit():
        from huggingface_hub import CommitOperationAdd

        operation = [CommitOperationAdd("a.txt", b"a")]
        await hub.ask(
            alice, lambda api: api.create_commit("alice/x", operation, commit_message="m", repo_type="space"), doing="commit"
        )

    begun = time.monotonic()
    assert raised(errors.RateLimited, commit()).details["retry_after"] == 200
    assert time.monotonic() - begun < 2


def test_another_operation_in_progress_is_retried_with_pauses_and_a_bound(server, hub, alice):
    busy = fails(409, "Cannot create repo: another conflicting operation is in progress")
    server.fault(*CREATE, busy, busy)
    assert run(create_space(hub, alice, "alice/x", sdk="static"))["repo"] == "alice/x"
    server.always[CREATE] = busy
    begun = time.monotonic()
    error = raised(errors.Conflict, create_space(hub, alice, "alice/y", sdk="static"))
    assert "busy" in error.message
    assert time.monotonic() - begun < 6
    assert server.asked(*CREATE) <= 3 + 5


def test_a_hub_that_hangs_is_given_up_and_not_asked_again_behind_our_back(server, hub, alice):
    server.fault("GET", "/api/repos-probe", hangs())

    async def ask():
        from huggingface_hub.utils import get_session

        def question(api):
            for _ in range(3):
                try:
                    get_session().get(f"{hub.endpoint}/api/repos-probe", timeout=1)
                except errors.SpacesError:
                    raise
                except Exception:
                    continue

        await hub.ask(alice, question, doing="probe", timeout=0.5)

    begun = time.monotonic()
    raised(errors.TimedOut, ask())
    assert time.monotonic() - begun < 2
    time.sleep(1.5)
    assert server.asked("GET", "/api/repos-probe") == 1, "after giving up, the thread makes no further request"


def test_listings_have_a_time_limit_although_the_library_asks_for_none(server, hub, alice, monkeypatch):
    import core.hub.transport as transport

    monkeypatch.setattr(transport, "READ_SECONDS", 0.5)
    server.always["GET", "/api/models"] = hangs(20)

    async def ask():
        await hub.ask(alice, lambda api: list(api.list_models(limit=1)), doing="list", timeout=15)

    begun = time.monotonic()
    raised(errors.TimedOut, ask())
    assert time.monotonic() - begun < 5


def test_nobody_listens(alice):
    gone = Hub("http://127.0.0.1:9")
    error = raised(errors.HubUnavailable, create_space(gone, alice, "alice/x", sdk="static"))
    assert "does not answer" in error.message and error.retryable
    raised(errors.HubUnavailable, gone.ping())


def test_ping_is_content_with_any_answer(server, hub):
    run(hub.ping())
    server.always["GET", "/auth-check"] = fails(500)
    raised(errors.HubUnavailable, hub.ping())


def test_a_token_the_hub_repeats_is_cut_out(server, hub, alice, caplog):
    caplog.set_level(logging.DEBUG)
    server.fault(*CREATE, fails(403, f"token {TOKEN} may not do this"))
    error = raised(errors.Forbidden, create_space(hub, alice, "alice/x"))
    assert "may not do this" in error.message
    server.fault("DELETE", "/api/repos/delete", fails(422, TOKEN))
    raised(errors.InvalidInput, delete_space(hub, alice, "alice/x"))
    assert TOKEN not in caplog.text


def test_a_defect_of_ours_is_not_blamed_on_the_hub(hub, alice):
    def wrong(api):
        return {}["missing"]

    with pytest.raises(KeyError):
        run(hub.ask(alice, wrong, doing="test"))


def test_an_address_that_is_none_is_refused():
    for endpoint in ("huggingface.co", "ftp://x", "http://user:secret@127.0.0.1", ""):
        with pytest.raises(errors.InvalidInput):
            Hub(endpoint)
