"""Addresses that may not be reached, events however they are written, and what else the wire refuses."""

from __future__ import annotations

import asyncio
import datetime
import ipaddress
import ssl

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from core.addresses import allowed
from core.providers import Fault, Router, Timeouts, Transport, row_of
from core.providers.addresses import check_url
from core.providers.compatible import chat_url
from core.providers.policy import from_answer, quote, retry_after
from core.providers.sse import EVENT_BYTES, Events
from core.secrets import Secret
from tests.providers.conftest import QUICK, SECOND_KEY, ask, key, run
from tests.providers.upstream import upstream

PRIVATE = [
    "127.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.1.1", "0.0.0.0", "169.254.169.254", "100.64.0.1", "100.100.100.200", "224.0.0.1",
    "255.255.255.255", "198.18.0.1", "::", "::1", "fe80::1", "fc00::1", "fd00:ec2::254", "ff02::1", "::ffff:127.0.0.1", "::ffff:10.0.0.1",
    "64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe", "2002:7f00:1::", "2002:a00:1::", "2001:db8::1",
    "::127.0.0.1", "::ffff:0:127.0.0.1", "64:ff9b:1::7f00:1", "fec0::1", "192.0.0.8", "192.0.0.192", "168.63.129.16",
]  # fmt: skip


@pytest.mark.parametrize("address", PRIVATE)
def test_private_local_and_reserved_addresses_are_refused(address):
    assert not allowed(ipaddress.ip_address(address))


@pytest.mark.parametrize("address", ["8.8.8.8", "2606:4700:4700::1111", "::ffff:8.8.8.8", "64:ff9b::808:808"])
def test_public_addresses_are_allowed(address):
    assert allowed(ipaddress.ip_address(address))


@pytest.mark.parametrize("address", ["127.0.0.1", "192.168.1.1", "::1", "fd12::1"])
def test_an_owner_may_allow_private_addresses(address):
    assert allowed(ipaddress.ip_address(address), allow_private=True)


@pytest.mark.parametrize("address", ["169.254.169.254", "fd00:ec2::254", "100.100.100.200", "192.0.0.192", "168.63.129.16", "::ffff:169.254.169.254", "64:ff9b::a9fe:a9fe"])
def test_a_clouds_metadata_is_refused_even_then(address):
    assert not allowed(ipaddress.ip_address(address), allow_private=True)


@pytest.mark.parametrize("url", [
    "http://example.org/v1", "ftp://example.org", "https://", "https://user:pw@example.org/v1", "https://127.0.0.1/v1", "https://[::1]/v1",
    "https://[::ffff:7f00:1]:8443/v1", "file:///etc/passwd", "not a url", "https://example.org:99999/",
])  # fmt: skip
def test_a_base_url_that_is_not_fit_is_refused(url):
    with pytest.raises(Fault) as caught:
        check_url(url)
    assert caught.value.kind == "address"


@pytest.mark.parametrize(("given", "asked"), [
    ("https://x.example/v1", "https://x.example/v1/chat/completions"), ("https://x.example/v1/", "https://x.example/v1/chat/completions"),
    ("https://x.example/v1/chat/completions", "https://x.example/v1/chat/completions"), ("https://x.example", "https://x.example/chat/completions"),
])  # fmt: skip
def test_a_base_url_may_name_the_endpoint_or_its_base(given, asked):
    assert chat_url(row_of(key(given)), key(given)) == asked


def test_openrouters_often_written_wrong_address_is_put_right():
    given = key("https://api.openrouter.ai/v1/chat/completions", "openrouter")
    assert chat_url(row_of(given), given) == "https://openrouter.ai/api/v1/chat/completions"


def test_a_base_url_holds_no_query():
    with pytest.raises(Fault):
        chat_url(row_of(key("https://x.example/v1?key=1")), key("https://x.example/v1?key=1"))


@pytest.mark.parametrize("url", ["https://localhost:1/v1", "https://127.1:1/v1", "https://2130706433:1/v1", "https://0x7f.1:1/v1"])
def test_a_name_for_the_loopback_is_refused_when_it_is_resolved(url):
    assert _post(Transport(), url).kind == "address"


def test_a_name_that_answers_differently_a_moment_later_gains_nothing():
    """Mixed answers and later ones are judged by the same look-up that is connected to."""
    with upstream("inside") as inside:
        asked = []

        async def lookup(host, port):
            asked.append(host)
            return ["8.8.8.8", "127.0.0.1"] if len(asked) == 1 else ["127.0.0.1"]

        transport = Transport(lookup=lookup, timeouts=Timeouts(connect=0.2, first_byte=0.3))
        url = f"https://rebind.example:{inside.port}/v1"
        assert [_post(transport, url).kind, _post(transport, url).kind] == ["address", "address"]
        assert inside.connections == 0


def test_the_checked_address_is_the_one_connected_to():
    """The name is known to our look-up only, so a second look-up by the client library would fail."""
    with upstream("pinned") as pinned:
        asked = []

        async def lookup(host, port):
            asked.append(host)
            return ["127.0.0.1"]

        async def main():
            router = Router(transport=Transport(lookup=lookup, timeouts=QUICK))
            try:
                return await router.route(ask(), [key(f"http://nowhere.invalid:{pinned.port}/v1")])
            finally:
                await router.close()

        assert run(main()).text == "hello from pinned" and asked == ["nowhere.invalid"]
        assert pinned.requests[0].headers["host"] == f"nowhere.invalid:{pinned.port}"


def test_a_machine_of_ones_own_may_load_its_model_first():
    async def main(address):
        router = Router(timeouts=Timeouts(connect=1.0, first_byte=0.3, own=8.0))
        try:
            return await router.route(ask("slow-first-token"), [key(address)])
        finally:
            await router.close()

    with upstream("home") as home:
        assert run(main(home)).text == "hello from home" and len(home.requests) == 1


def _post(transport: Transport, url: str, **more) -> Fault:
    async def main():
        deadline = asyncio.get_running_loop().time() + 2
        try:
            async with transport.post(url, headers={}, body=b"{}", deadline=deadline, **more):
                pass
        finally:
            await transport.close()

    with pytest.raises(Fault) as caught:
        run(main())
    return caught.value


def test_a_certificate_that_is_not_valid_is_refused(tmp_path):
    with upstream("impostor", tls=_self_signed(tmp_path)) as impostor, upstream("good") as good:

        async def main():
            router = Router(timeouts=QUICK)
            try:
                return await router.route(ask(), [key(impostor), key(good, "other", secret=SECOND_KEY)])
            finally:
                await router.close()

        got = run(main())
        assert got.receipt.provider == "other" and "certificate" in got.receipt.attempts[0].error["message"]
        assert impostor.requests == []


def _self_signed(directory) -> ssl.SSLContext:
    private = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(private.public_key()).serial_number(1)
        .not_valid_before(now - datetime.timedelta(days=1)).not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .sign(private, hashes.SHA256())
    )  # fmt: skip
    file = directory / "server.pem"
    plain = serialization.NoEncryption()
    file.write_bytes(
        made.public_bytes(serialization.Encoding.PEM)
        + private.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain)
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)
    return context


def test_a_get_follows_no_redirect_to_another_host():
    with upstream("one") as one, upstream("two") as two:

        async def main(path):
            transport = Transport()
            try:
                return await transport.get_json(f"{one.base_url}{path}", headers={"Authorization": "Bearer x"}, allow_private=True)
            finally:
                await transport.close()

        status, body, _ = run(main("/models"))
        assert status == 200 and body["data"][0]["id"] == "ok"
        one.redirects = {"/v1/away": f"{two.base_url}/models", "/v1/here": "/v1/models", "/v1/circle": "/v1/circle"}
        one.redirects |= {"/v1/broken": "http://[x", "/v1/far": f"{one.base_url[:-3]}9:99999/", "/v1/mail": "mailto:x"}
        assert run(main("/here"))[0] == 200
        for path in ("/away", "/circle", "/broken", "/far", "/mail"):
            with pytest.raises(Fault):
                run(main(path))
        assert two.requests == []


def test_each_loop_has_connections_of_its_own():
    with upstream("one") as one:
        router = Router(timeouts=QUICK)

        async def main():
            try:
                return await router.route(ask(), [key(one)])
            finally:
                await router.close()

        assert {run(main()).text for _ in range(3)} == {"hello from one"} and one.connections == 3


# Events


STREAM = b'data: {"a":1}\n\n: comment\n\ndata:{"b":2}\r\n\r\nevent: x\nid: 7\ndata: one\ndata: two\n\ndata: {"c":3}\ndata: {"d":4}\ndata: [DONE]'
PAYLOADS = [b'{"a":1}', b'{"b":2}', b"one\ntwo", b'{"c":3}', b'{"d":4}', b"[DONE]"]


@pytest.mark.parametrize("size", [1, 2, 3, 7, 1000])
def test_events_are_read_however_the_bytes_are_cut(size):
    events = Events()
    found = [payload for start in range(0, len(STREAM), size) for payload in events.feed(STREAM[start : start + size])]
    assert found + events.end() == PAYLOADS


@pytest.mark.parametrize("piece", [b"data: " + b"x" * 10_000, b"data: x\n" * 10_000])
def test_an_event_without_end_is_refused(piece):
    events = Events()
    with pytest.raises(Fault):
        for _ in range(EVENT_BYTES // 10_000 + 2_000):
            events.feed(piece)


# What an upstream says


@pytest.mark.parametrize(("value", "seconds"), [
    ("5", 5.0), (3, 3.0), ("0.5", 0.5), ("-4", 0.0), ("soon", None), (None, None), ("inf", None), ("nan", None), (True, None), ("", None),
    ("Wed, 21 Oct 2015 07:28:00 GMT", 0.0),
])  # fmt: skip
def test_a_time_to_wait_is_read_from_what_upstreams_send(value, seconds):
    assert retry_after(value) == seconds


@pytest.mark.parametrize("body", [None, "", "text", [], [1], {"error": None}, {"error": []}, {"error": {"message": 5}}, {"error": {"metadata": 3}},
                                  {"error": {"message": "m", "availability": {"retryable": True, "retry_after": 4}}}])  # fmt: skip
def test_an_error_of_any_shape_is_a_sentence(body):
    fault = from_answer(429, body)
    assert fault.kind == "rate" and fault.message.startswith("answered 429") and fault.error("p", "k").fix


def test_an_upstreams_words_are_shown_without_keys_and_on_one_short_line():
    said = quote("bad key my-secret-value-1234 and hf_abcdefghijklmnopqrstuv\n\x1b[31m" + "x" * 10_000, Secret("my-secret-value-1234"))
    assert "my-secret" not in said and "hf_abc" not in said and "\n" not in said and "\x1b" not in said and len(said) <= 300
