"""Services outside are read within bounds; a key is shown to its own service and to nobody else."""

from __future__ import annotations

import asyncio
import gzip
import socket

import pytest

from core.errors import Forbidden, InvalidInput, NotFound, RateLimited, SpacesError, TimedOut, TooLarge, Unauthorized
from core.reading import Reader, Source, SourceUnavailable, sitting
from core.secrets import Secret
from tests.papers.upstream import Upstream, playing, reply

KEY = "s2-key-of-the-owner-0123456789"
BROKEN = reply(b'{"a": [1, 2', status=200)
CUT = reply(b'{"a": 1', Content_Length="500", Connection="close")
PAGE = reply(b"<html><body>Sign in</body></html>", type="text/html")


def reading(test, **options):
    """Run `test(upstream, reader, source)` on one loop with a server."""

    async def whole():
        async with playing() as upstream:
            reader = Reader()
            try:
                return await test(upstream, reader, Source("The Service", upstream.url, **options))
            finally:
                await reader.close()

    return asyncio.run(whole())


def caught(*faults, want="json", **given) -> tuple[SpacesError, Upstream]:
    """The error of one GET whose answers are these, and the server that was asked."""

    async def test(upstream, reader, source):
        upstream.faults["/x"] = list(faults)
        with pytest.raises(SpacesError) as error:
            await reader.get(source, "/x", want=want, **given)
        return error.value, upstream

    return reading(test)


@pytest.mark.parametrize(("answer", "error", "asked"), [
    (reply({"error": "no such paper"}, status=404), NotFound, 1),
    (reply({"message": "bad fields"}, status=400), InvalidInput, 1),
    (reply(status=401), Unauthorized, 1),
    (reply({"message": "private"}, status=403), Forbidden, 1),
    (reply(status=403, X_RateLimit_Remaining="0", X_RateLimit_Reset="99999999999"), RateLimited, 1),
    (reply(status=429, Retry_After="60"), RateLimited, 1),
    (reply(status=429, Retry_After="0"), RateLimited, 2),
    (reply(status=500), SourceUnavailable, 2),
    (None, SourceUnavailable, 4),  # aiohttp itself repeats a GET whose connection ended without an answer
    (PAGE, SourceUnavailable, 1),
    (BROKEN, SourceUnavailable, 1),
    (CUT, SourceUnavailable, 2),
    (reply(status=204), SourceUnavailable, 1),
    (reply(b"x", Content_Length="50000000"), TooLarge, 1),
    (reply(gzip.compress(b" " * 50_000_000), Content_Encoding="gzip"), TooLarge, 1),
])  # fmt: skip
def test_each_kind_of_trouble_is_its_error_and_asked_again_at_most_once(answer, error, asked):
    found, upstream = caught(answer)
    assert type(found) is error and "The Service" in found.message and found.fix
    assert len(upstream.asked) == asked


def test_a_rate_limit_tells_the_seconds_and_is_not_asked_again_meanwhile():
    async def test(upstream, reader, source):
        upstream.faults["/x"] = [reply(status=429, Retry_After="60")]
        for path in ("/x", "/x", "/graph/v1/paper/search"):
            with pytest.raises(RateLimited) as error:
                await reader.get(source, path)
            assert 55 <= error.value.details["retry_after"] <= 60
        assert len(upstream.asked) == 1

    reading(test)


def test_an_error_of_the_service_is_asked_once_more_and_may_pass():
    async def test(upstream, reader, source):
        upstream.faults["/x"] = [reply(status=502), reply({"fine": True})]
        assert (await reader.get(source, "/x")).data == {"fine": True}

    reading(test)


def test_silence_ends_with_the_time_that_was_given():
    found, _ = caught(30.0, timeout=0.3)
    assert isinstance(found, TimedOut) and "0.3 seconds" in found.message


def test_a_host_that_cannot_be_reached_is_named_and_not_tried_again_at_once():
    async def test(upstream, reader, source):
        gone = Source("Nobody", "http://127.0.0.1:9")
        for other in (gone, Source("Somebody", "http://127.0.0.1:9")):
            with pytest.raises(SourceUnavailable, match=f"{other.name} .127.0.0.1. cannot be reached"):
                await reader.get(other, "/x")

    reading(test)


@pytest.mark.parametrize("there", ["http://127.0.0.1:9/x", "https://evil.example/x", "file:///etc/passwd", "//evil.example/x", "http://[", "http://u:p@127.0.0.1:1/"])
def test_a_redirect_elsewhere_is_not_followed(there):
    found, upstream = caught(reply(status=302, Location=there))
    assert isinstance(found, SourceUnavailable) and "not followed" in found.message and len(upstream.asked) == 1


def test_redirects_at_home_are_followed_three_times_at_most():
    async def test(upstream, reader, source):
        upstream.faults |= {"/one": [reply(status=301, Location="/two")], "/two": [reply({"here": 2})], "/round": [reply(status=302, Location="/round")]}
        assert (await reader.get(source, "/one")).data == {"here": 2}
        with pytest.raises(SourceUnavailable, match="circle"):
            await reader.get(source, "/round")
        assert len(upstream.paths("/round")) == 4

    reading(test)


def test_the_key_goes_to_its_own_host_and_not_along_a_redirect_to_another():
    async def test(upstream, reader, _):
        async with playing() as other:
            source = Source("The Service", upstream.url, also=(other.url,), secret=Secret(KEY), header="x-api-key", prefix="")
            upstream.faults["/x"] = [reply(status=307, Location=f"{other.url}/api/collections")]
            assert (await reader.get(source, "/x")).data
            assert upstream.asked[0].headers["x-api-key"] == KEY
            assert KEY not in str(other.asked) and len(other.asked) == 1

    reading(test)


def test_the_key_is_in_no_error_even_when_the_service_repeats_it():
    async def test(upstream, reader, _):
        source = Source("The Service", upstream.url, secret=Secret(KEY))
        upstream.faults["/x"] = [reply({"error": f"the key {KEY} is spent"}, status=403)]
        with pytest.raises(Forbidden) as error:
            await reader.get(source, "/x")
        assert KEY not in str(error.value.to_dict()) and "is spent" in error.value.message
        assert KEY not in repr(source)

    reading(test)


def test_answers_are_remembered_for_the_same_key_and_nobody_else():
    async def test(upstream, reader, source):
        keyed = Source("The Service", upstream.url, secret=Secret(KEY))
        for who in (source, source, keyed, keyed):
            answer = await reader.get(who, "/api/collections")
        assert answer.cached and len(upstream.asked) == 2

    reading(test)


def test_the_memory_ends_with_its_time_and_keeps_no_errors():
    async def whole():
        async with playing() as upstream:
            reader, source = Reader(ttl=0), Source("The Service", upstream.url)
            for _ in range(2):
                await reader.get(source, "/api/collections")
            assert len(upstream.asked) == 2
            upstream.faults["/x"] = [reply(status=404), reply({"now": "here"})]
            with pytest.raises(NotFound):
                await reader.get(source, "/x")
            assert (await reader.get(source, "/x")).data == {"now": "here"}
            await reader.close()

    asyncio.run(whole())


def test_the_memory_is_bounded():
    from core.reading.memory import ENTRIES, LARGEST, Memory
    from core.reading.source import Raw

    memory = Memory(60)
    for number in range(ENTRIES + 5):
        memory.keep((number,), Raw(200, "", {}, b"x" * 100))
    memory.keep(("large",), Raw(200, "", {}, b"x" * (LARGEST + 1)))
    assert memory.find((0,)) is None and memory.find(("large",)) is None and memory.find((ENTRIES,)).cached
    assert memory._size == ENTRIES * 100


@pytest.mark.parametrize("path", ["x", "//evil.example/x", "/a/../b", "/a/./b", "/" + "x" * 3000, "/a\nb"])
def test_a_path_that_is_none_is_not_asked(path):
    async def test(upstream, reader, source):
        with pytest.raises(InvalidInput):
            await reader.get(source, path)
        assert not upstream.asked

    reading(test)


def test_signs_in_a_path_stay_in_the_path():
    async def test(upstream, reader, source):
        upstream.faults["/a b"] = [reply({})]
        await reader.get(source, "/a b/c?d#e%2e", params={"q": "x&y", "many": [1, 2], "none": None})
        asked = upstream.asked[0]
        assert asked.path == "/a b/c?d#e%2e" and asked.query == {"q": ["x&y"], "many": ["1", "2"]}

    reading(test)


def test_a_question_with_a_body_follows_no_redirect():
    async def test(upstream, reader, source):
        upstream.faults["/x"] = [reply(status=307, Location="/y")]
        with pytest.raises(SourceUnavailable, match="not followed"):
            await reader.post(source, "/x", json={"a": 1})
        assert upstream.asked[0].body == b'{"a":1}' and len(upstream.asked) == 1

    reading(test)


def test_a_status_that_is_allowed_comes_back():
    async def test(upstream, reader, source):
        upstream.faults["/x"] = [reply(b"gone", status=404, type="text/plain")]
        answer = await reader.get(source, "/x", allow_status=(404,))
        assert (answer.status, answer.data, answer.type) == (404, "gone", "text/plain")

    reading(test)


@pytest.mark.parametrize("base", ["http://example.com", "ftp://example.com", "https://u:p@example.com", "https://example.com?x=1", "http://127.evil.example", "nothing"])
def test_a_source_is_https_or_on_this_machine(base):
    with pytest.raises(ValueError, match="https://"):
        Source("The Service", base)


def test_no_cookie_is_kept_and_no_proxy_of_the_environment_is_asked(monkeypatch):
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")

    async def test(upstream, reader, source):
        upstream.faults["/x"] = [reply({}, Set_Cookie="who=alice")]
        await reader.get(source, "/x")
        await reader.get(source, "/api/collections")
        assert all("cookie" not in asked.headers for asked in upstream.asked)

    reading(test)


def test_another_loop_gets_connections_of_its_own():
    reader = Reader(ttl=0)

    async def once():
        async with playing() as upstream:
            return (await reader.get(Source("The Service", upstream.url), "/api/collections")).status

    assert asyncio.run(once()) == asyncio.run(once()) == 200


def test_what_cannot_be_reached_is_said_to_stay_so_for_this_server():
    async def test(upstream, reader, source):
        with pytest.raises(SourceUnavailable) as raised:
            await reader.get(Source("Nobody", "http://127.0.0.1:9"), "/x")
        assert "from this server" in raised.value.message and raised.value.fix.startswith("Go on without it")

    reading(test)


def test_one_sitting_does_not_try_a_lost_host_twice_and_the_next_one_does(monkeypatch):
    monkeypatch.setattr("core.reading.reader.UNREACHABLE_SECONDS", 0.0)

    async def test(upstream, reader, source):
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            gone = Source("Somebody", f"http://127.0.0.1:{free.getsockname()[1]}")

        async def ask():
            with pytest.raises(SourceUnavailable, match="Somebody .* cannot be reached"):
                await reader.get(gone, "/graph/v1/paper/search")

        with sitting():
            await ask()
            server = await asyncio.start_server(upstream.serve, "127.0.0.1", int(gone.base.rpartition(":")[2]))
            try:
                await asyncio.create_task(ask())  # somebody listens there by now, and is not asked
                assert not upstream.asked
                assert (await reader.get(source, "/graph/v1/paper/search")).data and len(upstream.asked) == 1
            finally:
                server.close()
        server = await asyncio.start_server(upstream.serve, "127.0.0.1", int(gone.base.rpartition(":")[2]))
        try:
            assert (await reader.get(gone, "/graph/v1/paper/search")).data
        finally:
            server.close()

    reading(test)


def test_a_paced_source_is_asked_in_turns_and_what_would_wait_too_long_is_told():
    async def test(upstream, reader, source):
        def several(of, first):
            return asyncio.gather(*(reader.get(of, "/graph/v1/paper/search", params={"query": str(first + number)}) for number in range(4)), return_exceptions=True)

        slow, quick = Source("The Service", upstream.url, pace=50.0), Source("The Service", upstream.url, pace=0.01, secret=Secret(KEY))
        first, *late = await several(slow, 0)
        assert first.data and len(upstream.asked) == 1 and [type(one) for one in late] == [RateLimited] * 3
        assert all(one.details["retry_after"] > 3 and "Try again in" in one.fix for one in late)
        assert (await reader.get(slow, "/graph/v1/paper/search", params={"query": "0"})).cached  # what is remembered takes no turn
        assert all(one.data for one in (*await several(quick, 10), *await several(source, 20))) and len(upstream.asked) == 9  # nor do others wait

    reading(test)
