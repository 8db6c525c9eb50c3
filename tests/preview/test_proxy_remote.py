"""An app on another machine: our headers go there and nowhere else, and it is asked by its own name."""

import json

import httpx
import pytest
from websockets.sync.client import connect

from core.errors import InvalidInput
from core.preview import PreviewSpec
from core.preview.spec import check_spec
from tests.preview.behind import PREFIX, answers, behind, head_of
from tests.preview.test_proxy_pressure import accept_websocket

KEY = {"Authorization": "Bearer the-owners-own", "X-Sandbox": "7"}


def told(head: bytes) -> dict[str, str]:
    """The headers of a request's head."""
    return {name.lower(): value for name, value in (line.split(": ", 1) for line in head.decode().split("\r\n")[1:] if line)}


def test_our_headers_go_there_and_a_visitors_own_do_not():
    seen = []

    async def app(reader, writer):
        seen.append(await head_of(reader))
        body = json.dumps({"ok": True}).encode()
        writer.write(b"HTTP/1.1 200 OK\r\nAuthorization: Bearer echoed\r\nX-Sandbox: 7\r\nContent-Length: %d\r\n\r\n" % len(body) + body)

    sent = {"authorization": "Bearer visitor", "x-sandbox": "1", "cookie": "a=b", "accept-language": "fr"}
    with behind(app, remote=KEY) as pair:
        got = httpx.get(pair.base + "/a%2Fb?q=1", headers=sent, trust_env=False)
        host = pair.preview.address.url.split("/")[2]
    assert seen[0].startswith(b"GET /base/a%2Fb?q=1 HTTP/1.1\r\n")
    given = told(seen[0])
    assert (given["authorization"], given["x-sandbox"], given["host"]) == ("Bearer the-owners-own", "7", host)
    assert given["accept-language"] == "fr" and "cookie" not in given
    assert seen[0].lower().count(b"authorization:") == seen[0].lower().count(b"host:") == 1
    assert not {"authorization", "x-sandbox"} & set(got.headers)


def test_its_redirects_stay_below_the_mount_and_are_never_followed_by_us():
    asked = []

    async def app(reader, writer):
        head = await head_of(reader)
        asked.append(head)
        host = told(head)["host"].encode()
        writer.write(b"HTTP/1.1 302 Found\r\nLocation: http://" + host + b"/there\r\nContent-Length: 0\r\n\r\n")

    with behind(app, remote=KEY) as pair:
        got = httpx.get(pair.base + "/", follow_redirects=False, trust_env=False)
    assert (got.status_code, got.headers["location"], len(asked)) == (302, f"{PREFIX}/there", 1)


def test_a_websocket_goes_there_the_same_way():
    seen = []

    async def app(reader, writer):
        seen.append(await accept_websocket(reader, writer))
        writer.write(b"\x81\x02ok")
        await reader.read()

    with behind(app, remote=KEY) as pair:
        url = pair.base.replace("http", "ws") + "/live?x=1"
        with connect(url, proxy=None, additional_headers={"Authorization": "Bearer visitor"}) as socket:
            assert socket.recv(timeout=30) == "ok"
        host = pair.preview.address.url.split("/")[2]
    given = told(seen[0])
    assert seen[0].startswith(b"GET /base/live?x=1 ")
    assert (given["authorization"], given["host"], given["origin"]) == ("Bearer the-owners-own", host, f"http://{host}")


def test_nobody_there_is_a_page_that_does_not_name_the_place():
    with behind(answers(b""), remote=KEY) as pair:
        got = httpx.get(pair.base + "/", trust_env=False)
        place = pair.preview.address.url
    assert got.status_code == 502
    assert place not in got.text and "the-owners-own" not in got.text + str(got.headers)


def test_an_apps_pages_talk_to_the_places_it_was_given_and_no_others():
    with behind(answers(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"), origins=("https://api.example.com", "wss://*.example.org")) as pair:
        policy = httpx.get(pair.base + "/", trust_env=False).headers["content-security-policy"]
    assert "connect-src 'self' data: blob: https://api.example.com wss://*.example.org; " in policy
    assert "default-src 'self' 'unsafe-inline' 'unsafe-eval' data: blob:; " in policy and policy.startswith("sandbox allow-scripts ")


@pytest.mark.parametrize("origin", [
    "http://api.example.com", "https://a b.com", "https://x.com; script-src *", "*", "https://*", "https://x.com/path", "https:", "https://x.com\r\nx: y",
])  # fmt: skip
def test_what_is_not_an_origin_is_refused(origin):
    with pytest.raises(InvalidInput):
        check_spec(PreviewSpec(files={"app.py": b""}, sdk="gradio", owner="me", label="x", origins=(origin,)))
