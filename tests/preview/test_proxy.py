"""What passes between a visitor and an app, and what does not."""

import http.client
import json
import time
from urllib.parse import urlsplit

import httpx
import pytest
import websockets
from websockets.sync.client import connect

from tests.preview.conftest import APPS, run

SEALED = {"content-security-policy", "x-content-type-options", "referrer-policy", "cross-origin-resource-policy"}


def test_a_visitors_credentials_and_address_do_not_reach_the_app(get):
    sent = {
        "cookie": "host=secret",
        "authorization": "Bearer hf_visitor",
        "x-hf-token": "hf_visitor",
        "x-ip-token": "zero-gpu",
        "x-provider-key-openai": "sk-visitor",
        "referer": "http://host/private",
        "x-forwarded-for": "10.0.0.1",
        "accept-language": "fr",
        "range": "bytes=0-",
    }
    got = dict(get("seen", headers=sent).json()["headers"])
    assert set(got) == {"host", "accept", "user-agent", "accept-encoding", "accept-language", "range", "x-forwarded-proto"}
    assert got["accept-encoding"] == "identity"
    assert got["accept-language"] == "fr"


def test_the_app_sees_its_own_public_address(get, house, fastapi_app):
    assert get("seen").json()["url"] == house.url(fastapi_app, "seen")


def test_an_apps_cookies_and_policies_do_not_reach_the_visitor(get):
    answer = get("cookie")
    assert set(answer.headers) - SEALED <= {"content-type", "content-length", "date", "server"}
    assert answer.headers["content-security-policy"].startswith("sandbox allow-scripts ")
    assert "allow-same-origin" not in answer.headers["content-security-policy"]


def test_previews_share_no_cookies(house, fastapi_app):
    other = house.start({"main.py": b"from fastapi import FastAPI, Request\napp = FastAPI()\n"
                         b"@app.get('/')\ndef root(request: Request): return request.cookies\n"})  # fmt: skip
    try:
        with httpx.Client() as visitor:
            visitor.get(house.url(fastapi_app, "cookie"))
            assert visitor.get(house.url(fastapi_app, "cookie")).json() == {"got": {}}
            assert visitor.get(house.url(other)).json() == {}
            assert not visitor.cookies
    finally:
        house.stop(other)


@pytest.mark.parametrize("path", ["", "seen", "nothing-here", "broken", "go"])
def test_every_answer_is_sealed(get, path):
    answer = get(path, headers={"origin": "null"})
    assert SEALED <= set(answer.headers)
    assert answer.headers["access-control-allow-origin"] == "null"
    assert "access-control-allow-origin" not in get(path, headers={"origin": "https://other.example"}).headers


def test_a_preflight_is_answered_for_the_apps_own_pages_only(house, fastapi_app):
    asked = {"access-control-request-method": "PUT", "access-control-request-headers": "content-type"}
    own = httpx.options(house.url(fastapi_app, "echo/x"), headers={"origin": "null", **asked})
    assert (own.status_code, own.headers["access-control-allow-headers"]) == (204, "content-type")
    assert "PUT" in own.headers["access-control-allow-methods"]
    other = httpx.options(house.url(fastapi_app, "echo/x"), headers={"origin": "https://evil.example", **asked})
    assert "access-control-allow-methods" not in other.headers
    assert httpx.options(house.url(fastapi_app, "echo/x")).json()["method"] == "OPTIONS"


@pytest.mark.parametrize(
    "to, location",
    [
        ("/there?x=1", "{mount}/there?x=1"),
        ("there", "there"),
        ("http://127.0.0.1:7860/there", "{mount}/there"),
        ("https://elsewhere.example/x", "https://elsewhere.example/x"),
        ("//evil.example/x", "//evil.example/x"),
    ],
)
def test_redirects_stay_below_the_mount(get, fastapi_app, to, location):
    answer = get("go", params={"to": to}, follow_redirects=False)
    assert answer.headers["location"] == location.format(mount=fastapi_app.mount)


def test_the_path_arrives_byte_for_byte(house, fastapi_app):
    sent = "/echo/a%2Fb/%20%C3%A9/..%2f/x;y=1//z?q=%2F&w=a+b"
    address = urlsplit(house.base)
    connection = http.client.HTTPConnection(address.hostname, address.port)
    connection.request("GET", fastapi_app.mount + sent)
    got = json.loads(connection.getresponse().read())
    connection.close()
    path, query = sent.split("?")
    assert (got["raw"].removeprefix(fastapi_app.mount), got["query"]) == (path, query)


@pytest.mark.parametrize("trick", ["/..", "/../..", "/%2e%2e/x", "/..%2f..%2fapi", "//", "/\\", "/%00"])
def test_no_path_leads_out_of_the_app(house, fastapi_app, trick):
    address = urlsplit(house.base)
    connection = http.client.HTTPConnection(address.hostname, address.port)
    connection.request("GET", fastapi_app.mount + trick)
    answer = connection.getresponse()
    body = answer.read()
    connection.close()
    assert answer.getheader("content-security-policy", "").startswith("sandbox")
    assert b"hf_of_the_host" not in body
    assert not house.api_calls or answer.status in (200, 404)


def test_unknown_and_wrong_tokens_get_one_and_the_same_page(house, fastapi_app):
    wrong = fastapi_app.mount[:-1] + ("a" if fastapi_app.mount[-1] != "a" else "b")
    answers = [
        httpx.get(house.base + path)
        for path in ("/p/", "/p/nothing-at-all/", f"/p/{fastapi_app.id}/", f"/p/{fastapi_app.id}-/x", wrong + "/")
    ]
    assert {answer.status_code for answer in answers} == {404}
    assert len({answer.content for answer in answers}) == 1
    assert all(SEALED <= set(answer.headers) for answer in answers)


def test_without_the_last_slash_one_is_sent_to_it(house, fastapi_app):
    answer = httpx.get(house.base + fastapi_app.mount + "?a=1")
    assert (answer.status_code, answer.headers["location"]) == (307, fastapi_app.mount + "/?a=1")


def test_streams_arrive_as_they_are_written(house, fastapi_app):
    times = []
    with httpx.stream("GET", house.url(fastapi_app, "stream")) as answer:
        for _ in answer.iter_raw():
            times.append(time.monotonic())
    assert len(times) == 4
    assert times[-1] - times[0] > 0.3


def test_an_app_notices_that_its_visitor_has_left(house, fastapi_app):
    with httpx.stream("GET", house.url(fastapi_app, "forever")) as answer:
        next(answer.iter_raw())
    assert httpx.get(house.url(fastapi_app, "was-left"), timeout=8).json() is True


def test_when_an_app_ends_its_event_streams_end_and_other_answers_are_cut(house, caplog):
    app = house.start({"main.py": (APPS / "fastapi_app.py").read_bytes()})
    url = house.url(app, "ws").replace("http", "ws")
    with (
        httpx.stream("GET", house.url(app, "events")) as events,
        httpx.stream("GET", house.url(app, "forever")) as cut,
        connect(url, proxy=None) as ws,
    ):
        ticks, pieces = events.iter_raw(), cut.iter_raw()
        first = next(ticks)
        assert next(pieces) and ws.recv()
        house.stop(app)
        assert (first + b"".join(ticks)).endswith(b"data: tick\n\n")
        with pytest.raises(httpx.RemoteProtocolError):
            list(pieces)
        with pytest.raises(websockets.ConnectionClosed):
            ws.recv()
        assert ws.close_code == 1011
    assert "Traceback" not in caplog.text


def test_large_bodies_stream_and_larger_ones_are_refused(house, fastapi_app):
    limit = fastapi_app.spec.limits.body_bytes
    size = 20 << 20

    def pieces(total):
        for _ in range(total >> 20):
            yield b"x" * (1 << 20)

    url = house.url(fastapi_app, "echo/up")
    assert httpx.post(url, content=pieces(size), timeout=30).json()["size"] == size
    address = urlsplit(url)
    connection = http.client.HTTPConnection(address.hostname, address.port)
    connection.putrequest("POST", address.path)
    connection.putheader("Content-Length", str(limit + 1))
    connection.endheaders()
    assert connection.getresponse().status == 413
    connection.close()


def test_a_chunked_body_over_the_limit_is_cut_off(house):
    from core.preview import Limits

    app = house.start({"main.py": b"from fastapi import FastAPI, Request\napp = FastAPI()\n@app.post('/')\n"
                       b"async def take(r: Request): return len(await r.body())\n"}, limits=Limits(body_bytes=1 << 20))  # fmt: skip
    try:
        answer = httpx.post(house.url(app), content=(b"x" * 65536 for _ in range(40)), timeout=30)
        assert answer.status_code == 413
        assert httpx.post(house.url(app), content=b"abc").json() == 3
    finally:
        house.stop(app)


def test_a_slow_app_gets_504_and_hinders_nobody(house):
    from core.preview import Limits

    source = (b"import asyncio\nfrom fastapi import FastAPI, Request\napp = FastAPI()\n@app.get('/')\ndef root(): return 1\n"
              b"@app.get('/slow')\nasync def slow(): await asyncio.sleep(60)\n"
              b"@app.post('/take')\nasync def take(r: Request): return len(await r.body())\n")  # fmt: skip
    app = house.start({"main.py": source}, limits=Limits(answer_seconds=0.5))
    try:
        before = time.monotonic()
        assert httpx.get(house.url(app, "slow")).status_code == 504
        assert time.monotonic() - before < 3
        assert httpx.get(house.url(app)).json() == 1

        def slowly():
            for _ in range(8):
                yield b"x"
                time.sleep(0.1)

        assert httpx.post(house.url(app, "take"), content=slowly()).json() == 8
    finally:
        house.stop(app)


def test_documents_get_the_shim_first_and_addresses_below_the_mount(get, fastapi_app):
    page = get("", headers={"sec-fetch-dest": "iframe"}).text
    assert page.startswith("<!DOCTYPE html><html><head><script>(()=>{")
    assert f'href="{fastapi_app.mount}/go"' in page
    assert 'src="//cdn.example/x.png"' in page
    assert "<script>" not in get("", headers={"sec-fetch-dest": "empty"}).text
    assert "content-length" in get("there").headers


def test_websockets_pass_both_ways_with_subprotocol_and_close_code(house, fastapi_app):
    url = house.url(fastapi_app, "ws").replace("http", "ws")
    sent = {"Cookie": "host=secret"}
    with connect(url, subprotocols=["first", "second"], origin="null", additional_headers=sent, proxy=None) as ws:
        assert ws.subprotocol == "second"
        assert json.loads(ws.recv()) == {"origin": house.base, "cookie": None}
        ws.send("hello")
        assert ws.recv() == "echo hello"
        ws.send(b"\x00\x01\x02" * 100_000)
        assert ws.recv() == b"\x02\x01\x00" * 100_000
        ws.send("bye")
        with pytest.raises(websockets.ConnectionClosed):
            ws.recv()
        assert (ws.close_code, ws.close_reason) == (4001, "as asked")


def test_a_websocket_with_a_wrong_token_is_refused(house, fastapi_app):
    url = f"{house.base}/p/{fastapi_app.id}-{'x' * 22}/ws".replace("http", "ws")
    with pytest.raises(websockets.InvalidStatus):
        connect(url, proxy=None)


def test_while_an_app_starts_a_page_waits_for_it(house):
    source = b"import time; time.sleep(1)\nimport uvicorn, fastapi\nuvicorn.run(fastapi.FastAPI())\n"
    app = house.start({"main.py": source, "Dockerfile": b"FROM python\nCOPY . .\nCMD python main.py"}, wait=False)
    try:
        answer = httpx.get(house.url(app))
        assert (answer.status_code, answer.headers["retry-after"]) == (503, "1")
        assert 'http-equiv="refresh"' in answer.text
        assert SEALED <= set(answer.headers)
        run(app.ready(30))
        assert httpx.get(house.url(app)).status_code == 404
    finally:
        house.stop(app)
    assert httpx.get(house.url(app)).status_code == 404
