"""Apps that break HTTP, and visitors that do: each gets one clear answer, and the next request works."""

import asyncio
import socket

import httpx
import pytest

from tests.preview.behind import PREFIX, answers, behind, head_of

OK = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 2\r\n\r\nok"
EVENTS = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n"

BROKEN_HEADS = {
    "closes without a word": b"",
    "half a head": b"HTTP/1.1 200 OK\r\nContent-Type: te",
    "not HTTP at all": b"SSH-2.0-OpenSSH_9.7\r\n",
    "HTTP/0.9": b"<html>hello</html>",
    "two lengths": b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nok!",
    "a length that is no number": b"HTTP/1.1 200 OK\r\nContent-Length: -2\r\n\r\nok",
    "length and chunks": b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n",
    "a change of protocol": b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: h2c\r\nConnection: Upgrade\r\n\r\n",
    "one huge header": b"HTTP/1.1 200 OK\r\nX-Large: " + b"x" * (1 << 20) + b"\r\nContent-Length: 2\r\n\r\nok",
    "a header bomb": b"HTTP/1.1 200 OK\r\n" + b"X-One: 1\r\n" * 50_000 + b"Content-Length: 2\r\n\r\nok",
    "a zero byte in a header": b"HTTP/1.1 200 OK\r\nContent-Type: text/\0plain\r\nContent-Length: 2\r\n\r\nok",
}


@pytest.mark.parametrize("case", BROKEN_HEADS)
def test_an_answer_that_is_not_http_is_a_page_that_says_so(case):
    with behind(answers(BROKEN_HEADS[case])) as pair:
        got = pair.get()
    assert got.status == 502 and b"did not answer" in got.body
    assert b"content-security-policy: sandbox" in got.head


CUT = {
    "fewer bytes than it said": b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nonly this",
    "chunks without an end": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n",
    "a chunk that lies": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nhello\r\n",
}


@pytest.mark.parametrize("case", CUT)
def test_an_answer_that_breaks_off_is_not_passed_for_a_whole_one(case):
    with behind(answers(CUT[case])) as pair, pytest.raises((httpx.RemoteProtocolError, httpx.HTTPStatusError)):
        httpx.get(pair.base + "/", trust_env=False).raise_for_status()


def test_an_event_stream_that_breaks_off_ends():
    with behind(answers(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n9\r\ndata: 1\n\n\r\n")) as pair:
        assert httpx.get(pair.base + "/", trust_env=False).text == "data: 1\n\n"


WHOLE = {
    "more bytes than it said": (b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokHTTP/1.1 200 OK\r\n\r\nforged", b"ok"),
    "HTTP/1.0 until it closes": (b"HTTP/1.0 200 OK\r\nContent-Type: text/plain\r\n\r\nold words", b"old words"),
    "HTTP/1.1 until it closes": (b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nwords", b"words"),
    "trailers": (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-Sum\r\n\r\n5\r\nhello\r\n0\r\nX-Sum: 1\r\nSet-Cookie: a=b\r\n\r\n", b"hello"),
    "early hints first": (b"HTTP/1.1 103 Early Hints\r\nLink: </x>; rel=preload\r\n\r\n" + OK, b"ok"),
    "no words after the status": (b"HTTP/1.1 200\r\nContent-Length: 2\r\n\r\nok", b"ok"),
    "bytes that are no UTF-8 in a header": (b"HTTP/1.1 200 OK\r\nContent-Disposition: attachment; filename=\xe9.txt\r\nContent-Length: 2\r\n\r\nok", b"ok"),
}  # fmt: skip


@pytest.mark.parametrize("case", WHOLE)
def test_an_odd_answer_arrives_whole(case):
    raw, body = WHOLE[case]
    with behind(answers(raw)) as pair:
        got = httpx.get(pair.base + "/", trust_env=False)
        again = httpx.get(pair.base + "/", trust_env=False)
    assert (got.status_code, got.content) == (200, body)
    assert again.content == body
    assert not {"set-cookie", "link", "trailer", "x-sum"} & set(got.headers)
    if "UTF-8" in case:
        assert "\xe9.txt".encode("latin-1") in dict(got.headers.raw)[b"Content-Disposition".lower()]


@pytest.mark.parametrize("status, head", [(204, ""), (304, 'ETag: "1"\r\n'), (416, "Content-Range: bytes */9\r\nContent-Length: 0\r\n")])
def test_answers_without_a_body(status, head):
    with behind(answers(f"HTTP/1.1 {status} X\r\n{head}\r\n".encode(), close=False)) as pair:
        got = httpx.get(pair.base + "/", headers={"range": "bytes=10-", "if-none-match": '"1"'}, trust_env=False)
    assert (got.status_code, got.content) == (status, b"")


def test_ranges_pass_both_ways():
    seen = []

    async def app(reader, writer):
        seen.append(await head_of(reader))
        writer.write(b"HTTP/1.1 206 P\r\nContent-Type: text/html\r\nContent-Range: bytes 2-5/9\r\nAccept-Ranges: bytes\r\nContent-Length: 4\r\n\r\ncdef")

    with behind(app) as pair:
        got = httpx.get(pair.base + "/a.html", headers={"range": "bytes=2-5", "if-range": '"1"', "accept": "text/html"}, trust_env=False)
    assert (got.status_code, got.content, got.headers["content-range"]) == (206, b"cdef", "bytes 2-5/9")
    assert (got.headers["accept-ranges"], got.headers["content-length"]) == ("bytes", "4")
    assert b"range: bytes=2-5\r\n" in seen[0].lower() and b'if-range: "1"' in seen[0].lower()


def test_a_head_request_has_the_length_and_no_body():
    with behind(answers(b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 500\r\n\r\n", close=False)) as pair:
        got = httpx.head(pair.base + "/", headers={"accept": "text/html"}, trust_env=False)
    assert (got.status_code, got.content, got.headers["content-length"]) == (200, b"", "500")


@pytest.mark.parametrize("lines", [
    ["X-Requested-With: " + "x" * 40_000], ["Accept: " + "text/html," * 3_500], ["Accept-Language: en"] * 150,
])  # fmt: skip
def test_more_headers_than_an_app_should_read_are_refused(lines):
    with behind(answers(OK)) as pair:
        assert pair.get("/", *lines).status == 431
        assert pair.get().body == b"ok"


def test_a_cookie_bomb_does_not_reach_the_app():
    seen = []

    async def app(reader, writer):
        seen.append(await head_of(reader))
        writer.write(OK)

    with behind(app) as pair:
        assert pair.get("/", "Cookie: a=" + "x" * 50_000).body == b"ok"  # the host's own, of no concern to the app
        assert len(seen[0]) < 1000
        with pair.connect() as visitor:  # a megabyte is more than the server reads of a head
            try:
                visitor.sendall(f"GET {PREFIX}/ HTTP/1.1\r\nHost: h\r\nCookie: ".encode() + b"x" * (1 << 20) + b"\r\n\r\n")
                got = visitor.recv(100)
            except OSError:
                got = b""
        assert got == b"" or b" 400 " in got or b" 431 " in got
        assert len(seen) == 1
        assert pair.get().body == b"ok"


def test_the_app_gets_the_path_as_it_was_sent_even_where_it_is_not_ascii():
    seen = []

    async def app(reader, writer):
        seen.append((await head_of(reader)).split(b"\r\n")[0])
        writer.write(OK)

    with behind(app) as pair:
        for path in ("/a//b/../c", "/%2e%2e/%2F?q=%20+&#", "/caf\xc3\xa9?\xff"):
            pair.get(path)
    assert seen[0] == b"GET /a//b/../c HTTP/1.1"
    assert seen[1].startswith(b"GET /%2e%2e/%2F?q=%20+&")
    assert seen[2:] in ([], [b"GET /caf%C3%A9?%FF HTTP/1.1"])  # a server may refuse such a request line itself


def test_nothing_smuggled_in_a_request_becomes_a_second_one():
    seen = []

    async def app(reader, writer):
        while True:
            seen.append(await head_of(reader))
            length = seen[-1].lower().split(b"content-length: ")
            if len(length) > 1:
                await reader.readexactly(int(length[1].split(b"\r\n")[0]))
            elif b"chunked" in seen[-1].lower():
                await reader.readuntil(b"0\r\n\r\n")
            writer.write(OK)
            await writer.drain()

    inner = f"GET {PREFIX}/smuggled HTTP/1.1\r\nHost: h\r\n\r\n"
    with behind(app) as pair:
        pair.send(f"POST {PREFIX}/ HTTP/1.1\r\nHost: h\r\nConnection: close\r\nContent-Length: {len(inner)}\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n{inner}".encode())
        pair.get("/?x HTTP/1.1%0d%0aHost:%20evil")
    assert not any(b"/smuggled" in head for head in seen)


def test_an_app_that_answers_before_it_has_read_everything():
    async def app(reader, writer):
        await head_of(reader)
        writer.write(b"HTTP/1.1 413 Too Large\r\nContent-Length: 4\r\nConnection: close\r\n\r\nmuch")
        await writer.drain()
        await reader.read()  # the rest is read and dropped

    with behind(app) as pair:
        got = httpx.post(pair.base + "/", content=(b"x" * 65536 for _ in range(160)), timeout=30, trust_env=False)
    assert (got.status_code, got.content) == (413, b"much")


def test_a_visitor_that_only_sends_half_of_its_body_leaves_no_request_behind():
    done = asyncio.Event()

    async def app(reader, writer):
        await head_of(reader)
        try:
            await reader.readexactly(1000)
        finally:
            done.set()

    with behind(app) as pair:
        with pair.connect() as visitor:
            visitor.sendall(f"POST {PREFIX}/ HTTP/1.1\r\nHost: h\r\nContent-Length: 1000\r\n\r\nhalf".encode())
            visitor.shutdown(socket.SHUT_WR)
            visitor.recv(100)
        asyncio.run_coroutine_threadsafe(asyncio.wait_for(done.wait(), 20), pair.loop).result()


def test_a_visitor_that_leaves_before_the_answer_ends_the_apps_work():
    left = asyncio.Event()

    async def app(reader, writer):
        await head_of(reader)
        assert await reader.read() == b""  # our side of the connection closed
        left.set()

    with behind(app) as pair:
        visitor = pair.connect()
        visitor.sendall(f"GET {PREFIX}/ HTTP/1.1\r\nHost: h\r\n\r\n".encode())
        visitor.settimeout(0.3)
        with pytest.raises(TimeoutError):
            visitor.recv(1)
        visitor.close()
        asyncio.run_coroutine_threadsafe(asyncio.wait_for(left.wait(), 20), pair.loop).result()


def test_a_stale_connection_is_not_an_error():
    """The app hangs up between two requests on a kept connection, as every server does after a while."""

    async def app(reader, writer):
        await head_of(reader)
        writer.write(OK)
        await writer.drain()

    with behind(app) as pair, httpx.Client(trust_env=False) as client:
        assert [client.get(pair.base + "/").text for _ in range(20)] == ["ok"] * 20


def test_an_upload_is_never_sent_twice():
    """A connection that breaks while a body is on its way may not be retried with what is left of it."""
    bodies = []

    async def app(reader, writer):
        head = await head_of(reader)
        if head.startswith(b"GET"):
            writer.write(OK)
            await head_of(reader)  # the PUT comes over the kept connection
        bodies.append(await reader.read(70_000))

    def pieces():
        for letter in (b"a", b"b", b"c"):
            yield letter * 65536

    with behind(app) as pair, httpx.Client(trust_env=False) as client:
        assert client.get(pair.base + "/").text == "ok"
        answer = client.put(pair.base + "/", content=pieces())
    assert answer.status_code == 502
    assert all(b"aaaa" in body for body in bodies)
