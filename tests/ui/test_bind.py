"""Who asks, and how an action's events reach a page: paced, stoppable, and cleaned up when nobody looks any more."""

import asyncio
import time

import pytest

from core.registry import Call
from core.doors.session import Sessions
from core.errors import Conflict
from core.events import Cost, Done, Failed, Log, Step
from core.secrets import Secret
from tests.ui.conftest import request
from ui.bind import Bind, sign_in

PASTED, SIGNED_IN = "hf_pasted_token_0001", "hf_oauth_token_0002"


def test_a_local_run_acts_with_the_local_hubs_own_user(bind):
    caller = asyncio.run(bind.caller(request()))
    assert caller.door == "page" and caller.id == "local"
    assert caller.token == bind.house.local_hub.default_token
    assert bind.pasted_token(request()) is None


def test_a_pasted_token_is_found_by_cookie_and_by_header(public_house):
    bind = Bind(public_house, Sessions())
    session = bind.sessions.open()
    session.token = Secret(PASTED)
    for asked in (request(session=session.id), request(header=session.id)):
        assert asyncio.run(bind.caller(asked)).token == Secret(PASTED)
        assert bind.pasted_token(asked) == Secret(PASTED)


def test_gradios_sign_in_counts_as_the_visitors_token_and_a_pasted_one_wins(public_house):
    bind = Bind(public_house, Sessions())
    session = bind.sessions.open()
    oauth = {"access_token": SIGNED_IN, "expires_at": time.time() + 60}
    assert asyncio.run(bind.caller(request(session=session.id, oauth=oauth))).token == Secret(SIGNED_IN)
    session.token = Secret(PASTED)
    assert asyncio.run(bind.caller(request(session=session.id, oauth=oauth))).token == Secret(PASTED)


@pytest.mark.parametrize("info", [None, {}, {"access_token": ""}, {"access_token": SIGNED_IN, "expires_at": 1}])
def test_no_or_an_expired_sign_in_is_nobody(info):
    assert sign_in(request(oauth=info) if info is not None else request()) is None


def test_two_visitors_of_a_public_page_are_two_callers(public_house):
    bind = Bind(public_house, Sessions())
    first, second = bind.sessions.open(), bind.sessions.open()
    one, other = (asyncio.run(bind.caller(request(session=session.id))) for session in (first, second))
    assert one.id != other.id and one.token is None


async def collect(follower) -> list:
    return [batch async for batch in follower]


def test_events_come_in_order_and_end_with_the_result(bind, action):
    async def three_steps(call: Call) -> dict:
        """Say three things."""
        for number in range(3):
            call.emit(Step(name=str(number), text="x"))
        return {"answer": 42}

    action(three_steps)
    batches = asyncio.run(collect(bind.follow("three_steps", {}, request())))
    events = [event for batch in batches for event in batch]
    assert [event.name for event in events[:-1]] == ["0", "1", "2"]
    assert isinstance(events[-1], Done) and events[-1].result == {"answer": 42}


def test_a_flood_is_drawn_at_most_about_eight_times_a_second_and_its_end_is_not_lost(bind, action):
    async def flood(call: Call) -> dict:
        """Write without pause."""
        until = time.monotonic() + 1.0
        while time.monotonic() < until:
            call.emit(Log(source="run", text="line"))
            await asyncio.sleep(0.0005)
        return {"over": True}

    action(flood)
    batches = asyncio.run(collect(bind.follow("flood", {}, request())))
    assert 2 <= len(batches) <= 12
    assert batches[-1][-1].result == {"over": True}


def test_a_silent_action_still_yields_every_second_and_leaving_cancels_it(bind, action):
    ended = []

    async def silent(call: Call) -> dict:
        """Say nothing for long, and clean up slowly."""
        try:
            await asyncio.sleep(60)
        finally:
            await asyncio.sleep(0.05)
            ended.append("cleaned up")
        return {}

    action(silent)

    async def leave() -> float:
        began = time.monotonic()
        follower = bind.follow("silent", {}, request())
        assert await anext(follower) == ()
        await follower.aclose()
        return time.monotonic() - began

    assert asyncio.run(leave()) < 3
    assert ended == ["cleaned up"]


def test_stop_ends_the_job_of_this_page_only_and_its_follower_hears_of_it(bind, action):
    ended = []

    async def long_job(call: Call) -> dict:
        """Take long."""
        call.emit(Step(name="work", text="working"))
        try:
            await asyncio.sleep(60)
        finally:
            ended.append(call.caller.id)
        return {}

    action(long_job)

    async def play():
        mine = bind.follow("long_job", {}, request(page="mine"), job="build")
        theirs = bind.follow("long_job", {}, request(page="theirs"), job="build")
        await anext(mine)
        await anext(theirs)
        assert bind.runs("build", request(page="mine"))
        await bind.stop("build", request(page="mine"))
        assert len(ended) == 1  # stop waits for the clean-up
        assert not bind.runs("build", request(page="mine"))
        assert bind.runs("build", request(page="theirs"))
        last = (await anext(mine))[-1]
        assert isinstance(last, Failed) and last.error["code"] == "cancelled"
        await theirs.aclose()
        await mine.aclose()

    asyncio.run(play())
    assert len(ended) == 2 and not bind._jobs


def test_a_stopped_job_still_tells_what_it_came_to(bind, action):
    async def asked(call: Call) -> dict:
        """Ask a model."""
        call.emit(Step(name="work", text="working"))
        try:
            await asyncio.sleep(60)
        finally:
            call.emit(Cost(receipt={"id": "r"}))
        return {}

    action(asked)

    async def play():
        follower = bind.follow("asked", {}, request(), job="ask")
        await anext(follower)
        await bind.stop("ask", request())
        batches = [batch async for batch in follower]
        return [event for batch in batches for event in batch]

    *_, cost, last = asyncio.run(play())
    assert isinstance(cost, Cost) and cost.receipt == {"id": "r"} and last.error["code"] == "cancelled"


def test_an_expected_error_is_an_event_and_a_defect_shows_no_trace(bind, action, caplog):
    async def taken(call: Call) -> dict:
        """Refuse."""
        raise Conflict("The name is taken.")

    async def broken(call: Call) -> dict:
        """Break."""
        raise ZeroDivisionError("hf_secretsecretsecret1")

    action(taken)
    action(broken)
    refused = asyncio.run(collect(bind.follow("taken", {}, request())))[-1][-1]
    assert refused.error["message"] == "The name is taken." and refused.error["code"] == "conflict"
    defect = asyncio.run(collect(bind.follow("broken", {}, request())))[-1][-1]
    assert defect.error["code"] == "unexpected" and "secretsecret" not in str(defect.error)
    assert "ZeroDivisionError in tests/ui/test_bind.py:" in caplog.text and "secretsecret" not in caplog.text


def test_ask_gives_the_result_of_a_real_action(bind):
    found = asyncio.run(bind.ask("analyze_user_request", {"idea": "count the words of a text"}, request()))
    assert "word" in " ".join(found["keywords"])
