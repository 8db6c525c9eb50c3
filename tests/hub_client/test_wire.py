"""The Hub read from the event loop: faults, limits, memory, and whose token goes where. Against a real socket."""

from __future__ import annotations

import asyncio
import gzip
import itertools

import pytest
from tests.hub_client.playing_hub import answer, playing

from core.errors import Forbidden, HubUnavailable, InvalidInput, NotFound, RateLimited, TimedOut, Unauthorized, Unexpected
from core.hub import Wire
from core.secrets import Secret

ALICE, BOB = Secret("hf_aliceWriteTokenAAAAAAAAAAAAAAAAAA"), Secret("hf_bobProCCCCCCCCCCCCCCCCCCCCCCCCCCCCC")


def play(script, ask, **wire):
    """Run `ask(wire, hub)` against a server that plays `script(request)`, and give what it gave and what was asked."""

    async def whole():
        async def one(request):
            told = script(request)
            return await told if asyncio.iscoroutine(told) else told

        async with playing(one) as hub:
            reader = Wire(hub.url, **wire)
            try:
                return await ask(reader, hub), hub
            finally:
                await reader.close()

    return asyncio.run(whole())


def get(script, path="/api/models", *, token=None, **options):
    return play(script, lambda wire, hub: wire.get(path, token=token, **options))


def test_arguments_are_written_as_the_hub_reads_them_and_it_knows_who_asks():
    found, hub = get(lambda request: answer([1]), params={"search": "a b&c", "filter": ["x", "y"], "full": True, "limit": 5, "none": None}, token=ALICE)
    assert found.data == [1] and found.status == 200 and not found.cached and found.next is None
    assert hub.asked[0].target == "/api/models?search=a+b%26c&filter=x&filter=y&full=true&limit=5"
    assert hub.asked[0].headers["authorization"] == f"Bearer {ALICE.reveal()}"
    assert hub.asked[0].headers["user-agent"] == "agentic-spaces-os"


@pytest.mark.parametrize("path", ["", "api/models", "//evil.example/x", "https://evil.example/x", "/api/../x", "/api/%2e%2e/x", "/api/%252e%252e/x",
                                  "/api/a?b=c", "/api/a#b", "/api/a b", "/api/\n", "/a\\..\\b", "/" + "x" * 3_000])  # fmt: skip
def test_what_is_no_path_of_this_hub_never_leaves(path):
    with pytest.raises(InvalidInput):
        get(lambda request: answer([]), path)


@pytest.mark.parametrize("status, headers, error", [
    (401, {}, Unauthorized),
    (401, {"X_Error_Code": "RepoNotFound"}, NotFound),
    (403, {}, Forbidden),
    (403, {"X_Error_Code": "GatedRepo"}, Forbidden),
    (404, {}, NotFound),
    (400, {}, InvalidInput),
    (451, {}, Unexpected),
])  # fmt: skip
def test_a_refusal_becomes_a_sentence_without_the_token(status, headers, error):
    with pytest.raises(error) as raised:
        get(lambda request: answer({"error": f"no, {ALICE.reveal()}"}, status=status, **headers), token=ALICE)
    assert "/api/models" in raised.value.message and ALICE.reveal() not in raised.value.message


def test_a_status_the_caller_expects_comes_back_as_an_answer():
    found, _ = get(lambda request: answer({"error": "none"}, status=404), allow_status=(404,))
    assert (found.status, found.data) == (404, {"error": "none"})


@pytest.mark.parametrize("body, type, headers", [
    (b"<html><body>maintenance</body></html>", "text/html; charset=utf-8", {}),
    (b'{"id": "cut', "application/json", {}),
    (b"\xff\xfe{}", "application/json", {}),
    (b'{"a": NaN}', "application/json", {}),
    (b"[" + b'"xxxxxxxxxxxxxx",' * 700_000 + b"1]", "application/json", {}),
    (gzip.compress(b'"' + b"x" * 50_000_000 + b'"'), "application/json", {"Content_Encoding": "gzip"}),
    (b"", "application/json", {"Content_Length": "99999999999"}),
])  # fmt: skip
def test_pages_broken_json_and_floods_are_sentences(body, type, headers):
    with pytest.raises(Unexpected) as raised:
        get(lambda request: answer(body=body, type=type, **headers))
    assert "/api/models" in raised.value.message


@pytest.mark.parametrize("broken", [None, b"", b"garbage\r\n\r\n", answer(body=b'["a",', Content_Length="100", Connection="close")])
def test_a_connection_that_breaks_is_tried_again_and_then_is_a_sentence(broken):
    turns = itertools.count()
    script = lambda request: (None if not broken else broken) if next(turns) < 2 else answer(["there"])  # noqa: E731
    found, hub = get(script)
    assert found.data == ["there"] and len(hub.asked) == 3
    with pytest.raises(HubUnavailable):
        get(lambda request: broken or None)


def test_nobody_listening_is_unavailable():
    async def ask():
        async with playing(lambda request: answer([])) as hub:
            url = hub.url
        wire = Wire(url)
        try:
            await wire.get("/api/models", token=None)
        finally:
            await wire.close()

    with pytest.raises(HubUnavailable):
        asyncio.run(ask())


@pytest.mark.parametrize("status", [408, 500, 502, 503, 504])
def test_passing_faults_are_asked_again_and_each_request_is_counted(status):
    turns, left = itertools.count(), []
    found, hub = get(lambda request: answer({}, status=status) if next(turns) < 2 else answer({"ok": 1}), on_request=lambda: left.append(1))
    assert found.data == {"ok": 1} and len(hub.asked) == len(left) == 3


def test_a_fault_that_stays_is_given_up():
    with pytest.raises(HubUnavailable):
        get(lambda request: answer(body=b"<html>oops", type="text/html", status=503))


def test_a_short_rate_limit_is_waited_out_and_a_long_one_is_told_to_this_caller_only():
    turns = itertools.count()
    found, _ = get(lambda request: answer([], status=429, Retry_After="0") if next(turns) == 0 else answer(["later"]))
    assert found.data == ["later"]

    def script(request):
        return answer([], status=429, RateLimit='"api";r=0;t=54') if ALICE.reveal() in request.headers.get("authorization", "") else answer(["fine"])

    async def ask(wire, hub):
        for _ in range(3):
            with pytest.raises(RateLimited) as raised:
                await wire.get("/api/models", token=ALICE, fresh=True)
            assert 50 < raised.value.details["retry_after"] <= 56
        return await wire.get("/api/models", token=BOB)

    found, hub = play(script, ask)
    assert found.data == ["fine"]
    assert len(hub.asked) == 2  # after the first refusal nothing of alice's left any more


def test_slow_answers_end_in_time_and_their_request_is_given_up():
    async def never(request):
        await asyncio.sleep(30)

    async def ask(wire, hub):
        with pytest.raises(TimedOut):
            await wire.get("/api/models", token=None, timeout=0.3)
        return wire

    play(never, ask)


def test_the_token_stays_with_the_hub_when_it_redirects_elsewhere():
    async def whole():
        async def cdn(request):
            return answer({"from": "cdn"})

        async with playing(cdn) as other:

            async def home(request):
                if request.target == "/api/a":
                    return answer(body=b"", status=307, Location="/api/b")
                if request.target == "/api/b":
                    return answer(body=b"", status=302, Location=f"http://localhost:{other.port}/file")
                return answer([])

            async with playing(home) as hub:
                wire = Wire(hub.url)
                left = []
                found = await wire.get("/api/a", token=ALICE, on_request=lambda: left.append(1))
                await wire.close()
                return found, hub.asked, other.asked, left

    found, at_home, elsewhere, left = asyncio.run(whole())
    assert found.data == {"from": "cdn"} and len(left) == 3
    assert [ALICE.reveal() in request.headers.get("authorization", "") for request in at_home] == [True, True]
    assert "authorization" not in elsewhere[0].headers


@pytest.mark.parametrize("location", ["/api/models", "file:///etc/passwd", "ftp://127.0.0.1/x", "http://"])
def test_circles_and_strange_redirects_are_refused(location):
    with pytest.raises(Unexpected):
        get(lambda request: answer(body=b"", status=302, Location=location))


def test_no_cookie_comes_back():
    async def ask(wire, hub):
        await wire.get("/api/a", token=ALICE)
        await wire.get("/api/b", token=BOB)

    _, hub = play(lambda request: answer([], Set_Cookie="session=alices; Path=/"), ask)
    assert all("cookie" not in request.headers for request in hub.asked)


def test_identical_requests_under_way_are_one_for_each_caller():
    async def script(request):
        await asyncio.sleep(0.2)
        return answer({"for": request.headers.get("authorization", "nobody")})

    async def ask(wire, hub):
        counted = []
        whose = [ALICE] * 5 + [BOB] * 5 + [None] * 5
        return await asyncio.gather(*(wire.get("/api/x", token=one, on_request=lambda: counted.append(1)) for one in whose)), len(counted)

    (answers, counted), hub = play(script, ask)
    assert len(hub.asked) == counted == 3
    assert [one.data["for"][-6:] for one in answers] == [ALICE.reveal()[-6:]] * 5 + [BOB.reveal()[-6:]] * 5 + ["nobody"] * 5


def test_who_joined_goes_on_when_the_one_who_began_stops_or_may_not():
    async def script(request):
        await asyncio.sleep(0.3)
        return answer(["there"])

    def refuse():
        raise LookupError("no budget")

    async def ask(wire, hub):
        first = asyncio.create_task(wire.get("/api/x", token=None))
        await asyncio.sleep(0.05)
        second = asyncio.create_task(wire.get("/api/x", token=None))
        await asyncio.sleep(0.05)
        first.cancel()
        assert (await second).data == ["there"] and len(hub.asked) == 1
        broke = [asyncio.create_task(wire.get("/api/y", token=None, on_request=refuse)), asyncio.create_task(wire.get("/api/y", token=None))]
        results = await asyncio.gather(*broke, return_exceptions=True)
        assert isinstance(results[0], LookupError) and results[1].data == ["there"]

    play(script, ask)


def test_a_request_nobody_waits_for_any_more_ends():
    async def script(request):
        await asyncio.sleep(20)

    async def ask(wire, hub):
        task = asyncio.create_task(wire.get("/api/x", token=None))
        while not hub.asked:
            await asyncio.sleep(0.01)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await asyncio.sleep(0.05)
        assert not wire._rooms[asyncio.get_running_loop()].flights

    play(script, ask)


def test_memory_answers_again_and_never_another_caller():
    async def ask(wire, hub):
        first = await wire.get("/api/x", token=ALICE)
        first.data["changed"] = "by whoever got it"
        again = await wire.get("/api/x", token=ALICE, on_request=lambda: pytest.fail("nothing leaves"))
        other = await wire.get("/api/x", token=BOB)
        nobody = await wire.get("/api/x", token=None)
        fresh = await wire.get("/api/x", token=ALICE, fresh=True)
        wire.forget(ALICE)
        after = await wire.get("/api/x", token=ALICE)
        return [one.data["number"] for one in (first, again, other, nobody, fresh, after)], again

    turns = itertools.count(1)
    (numbers, again), hub = play(lambda request: answer({"number": next(turns)}), ask)
    assert numbers == [1, 1, 2, 3, 4, 5] and again.cached and "changed" not in again.data


def test_an_old_answer_is_asked_about_by_its_etag_and_kept_when_it_still_holds():
    def script(request):
        if request.headers.get("if-none-match") == '"one"':
            return answer(body=b"", status=304, ETag='"one"')
        return answer({"whole": True}, ETag='"one"')

    async def ask(wire, hub):
        return [await wire.get("/api/x", token=None) for _ in range(3)]

    answers, hub = play(script, ask, ttl=0)
    assert [one.data for one in answers] == [{"whole": True}] * 3 and [one.cached for one in answers] == [False, True, True]
    assert [request.headers.get("if-none-match") for request in hub.asked] == [None, '"one"', '"one"']


@pytest.mark.parametrize("told", [{"status": 404}, {"Cache_Control": "private, no-store"}])
def test_refusals_and_what_must_not_be_stored_are_not_remembered(told):
    async def ask(wire, hub):
        for _ in range(2):
            await wire.get("/api/x", token=None, allow_status=(404,))

    _, hub = play(lambda request: answer([], **told), ask)
    assert len(hub.asked) == 2


def test_memory_is_bounded_in_bytes():
    async def ask(wire, hub):
        wire._answers._most = 300_000
        for number in range(20):
            await wire.get(f"/api/{number}", token=None)
        assert wire._answers.size <= 300_000
        assert (await wire.get("/api/19", token=None)).cached and not (await wire.get("/api/0", token=None)).cached

    play(lambda request: answer("x" * 50_000), ask)


def test_pages_are_followed_on_this_hub_only_and_not_for_ever():
    def script(request):
        number = int(request.target.partition("cursor=")[2] or 0)
        link = {3: '<https://evil.example/api/x?cursor=4>; rel="next"'}.get(number, f'</api/x?limit=2&cursor={number + 1}>; rel="next"')
        return answer([number], Link=f'</api/x>; rel="prev", {link}')

    async def ask(wire, hub):
        left, walked = [], []
        async for page in wire.pages("/api/x", token=ALICE, params={"limit": 2}, on_request=lambda: left.append(1)):
            walked += page.data
        assert walked == [0, 1, 2, 3] and len(left) == 4
        return [page.data async for page in wire.pages("/api/x", token=ALICE, params={"limit": 2}, max_pages=2)]

    assert play(script, ask)[0] == [[0], [1]]

    async def circle(wire, hub):
        return [page.data async for page in wire.pages("/api/x", token=None)]

    assert play(lambda request: answer(["same"], Link='</api/x>; rel="next"'), circle)[0] == [["same"]]


def test_only_ten_requests_are_under_way_at_once():
    async def script(request):
        await asyncio.sleep(0.02)
        return answer([])

    async def ask(wire, hub):
        await asyncio.gather(*(wire.get(f"/api/{number}", token=None) for number in range(60)))

    _, hub = play(script, ask)
    assert len(hub.asked) == 60 and hub.most_under_way == 10


def test_one_wire_serves_one_event_loop_after_another():
    wires = []

    async def once():
        async with playing(one) as hub:
            wire = wires[0] if wires else Wire(hub.url)
            wires[:] = [wire]
            wire.endpoint = hub.url
            return (await wire.get("/api/x", token=None, fresh=True)).data

    async def one(request):
        return answer(["here"])

    assert asyncio.run(once()) == asyncio.run(once()) == ["here"]
    asyncio.run(wires[0].close())
