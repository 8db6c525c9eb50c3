"""The way out of a box: named hosts only, addresses checked, bytes counted."""

from __future__ import annotations

import http.server
import socket
import threading
import time

import httpx
import pytest

from core.box.egress import Egress, Host, read_hosts
from core.errors import InvalidInput

BIG = 300_000


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.server.seen.append((self.path, dict(self.headers)))
        body = b"x" * BIG if self.path == "/big" else b"hello"
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *arguments):
        pass


@pytest.fixture
def upstream():
    """A web server on the loopback interface; `.seen` are its requests."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.seen = []
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture
def egress():
    egress = Egress()
    yield egress
    egress.close()


def client(gateway):
    return httpx.Client(proxy=f"http://127.0.0.1:{gateway.port}", trust_env=False, timeout=10)


def test_an_allowed_host_is_reached_and_counted(egress, upstream):
    port = upstream.server_port
    gateway = egress.open((Host("127.0.0.1", port, private=True),))
    with client(gateway) as ask:
        answer = ask.get(f"http://127.0.0.1:{port}/path?x=1", headers={"Proxy-Authorization": "secret"})
    assert answer.text == "hello" and gateway.received > 5 and gateway.sent > 20
    path, headers = upstream.seen[0]
    assert path == "/path?x=1" and not {"proxy-authorization", "proxy-connection"} & {name.lower() for name in headers}


def test_a_tunnel_carries_any_bytes(egress, upstream):
    port = upstream.server_port
    gateway = egress.open((Host("127.0.0.1", port, private=True),))
    with socket.create_connection(("127.0.0.1", gateway.port), timeout=10) as tunnel:
        tunnel.sendall(f"CONNECT 127.0.0.1:{port} HTTP/1.1\r\n\r\n".encode())
        assert b"200" in tunnel.recv(1000)
        tunnel.sendall(b"GET / HTTP/1.0\r\n\r\n")
        said = b""
        while piece := tunnel.recv(1000):
            said += piece
    assert said.endswith(b"hello")


@pytest.mark.parametrize(
    "hosts, why",
    [
        ((), "has not allowed"),
        ((Host("example.org"),), "has not allowed"),
        ((Host("*.0.0.1"),), "private"),  # allowed by name only: what it stands for is looked at as well
    ],
)
def test_any_other_host_is_refused_and_said(egress, upstream, hosts, why):
    said = []
    hosts = tuple(Host(host.name, upstream.server_port) for host in hosts)
    gateway = egress.open(hosts, say=said.append)
    with client(gateway) as ask:
        for _ in range(2):
            answer = ask.get(f"http://127.0.0.1:{upstream.server_port}/")
            assert answer.status_code == 403 and why in answer.text
    assert upstream.seen == [] and len(said) == 1 and "127.0.0.1" in said[0]


def test_another_port_of_an_allowed_host_is_refused(egress, upstream):
    gateway = egress.open((Host("127.0.0.1", 443, private=True),))
    with client(gateway) as ask:
        assert ask.get(f"http://127.0.0.1:{upstream.server_port}/").status_code == 403


def test_a_second_request_cannot_ride_on_the_first(egress, upstream):
    port = upstream.server_port
    gateway = egress.open((Host("127.0.0.1", port, private=True),))
    with socket.create_connection(("127.0.0.1", gateway.port), timeout=10) as ask:
        one = f"GET http://127.0.0.1:{port}/%d HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
        ask.sendall((one % 1).encode())
        while ask.recv(1000):  # the other side closes after its answer
            pass
    assert [path for path, _ in upstream.seen] == ["/1"]


def test_the_quota_ends_it(egress, upstream):
    said = []
    port = upstream.server_port
    gateway = egress.open((Host("127.0.0.1", port, private=True),), most_bytes=BIG // 2, say=said.append)
    with client(gateway) as ask:
        with pytest.raises(httpx.HTTPError):
            ask.get(f"http://127.0.0.1:{port}/big")
        assert ask.get(f"http://127.0.0.1:{port}/").status_code == 403
    assert any("all it may" in line for line in said)


@pytest.mark.parametrize(
    "request_bytes",
    [b"nonsense\r\n\r\n", b"GET /relative HTTP/1.1\r\n\r\n", b"CONNECT nohost HTTP/1.1\r\n\r\n", b"GET ftp://x/ HTTP/1.1\r\n\r\n",
     b"GET http://user@127.0.0.1/ HTTP/1.1\r\n\r\n", b"CONNECT [::1:80 HTTP/1.1\r\n\r\n"],
)  # fmt: skip
def test_what_is_no_request_is_told_so(egress, request_bytes):
    gateway = egress.open((Host("127.0.0.1", 80, private=True),))
    with socket.create_connection(("127.0.0.1", gateway.port), timeout=10) as ask:
        ask.sendall(request_bytes)
        assert b"400" in ask.recv(1000)


def test_a_head_without_end_is_not_kept(egress):
    gateway = egress.open(())
    with socket.create_connection(("127.0.0.1", gateway.port), timeout=20) as ask:
        try:
            for _ in range(100):
                ask.sendall(b"X-Long: " + b"x" * 1000 + b"\r\n")
                time.sleep(0.001)
            assert ask.recv(1000) == b""
        except (ConnectionResetError, BrokenPipeError):
            pass  # it was hung up on


def test_a_closed_way_answers_nobody(egress):
    gateway = egress.open(())
    gateway.close()
    gateway.close()
    with pytest.raises(OSError):
        socket.create_connection(("127.0.0.1", gateway.port), timeout=5)


def test_hosts_as_people_write_them():
    assert read_hosts(["HuggingFace.co", " *.hf.co ", "api.example.org:8443"]) == (
        Host("huggingface.co"), Host("*.hf.co"), Host("api.example.org", 8443),
    )  # fmt: skip
    assert Host("*.hf.co").covers("cdn.hf.co", 443) and not Host("*.hf.co").covers("evilhf.co", 443)
    assert not Host("hf.co").covers("hf.co", 8080)


@pytest.mark.parametrize("wrong", ["localhost", "127.0.0.1", "https://hf.co", "*", "*.com/", "hf.co:0", "hf.co:x", "a b.org", "", "[::1]", "10.1"])
def test_what_is_no_host_is_refused(wrong):
    with pytest.raises(InvalidInput):
        read_hosts([wrong])
