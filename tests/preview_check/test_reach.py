"""A hostile page tries to leave its preview. The same page in an ordinary Chromium shows that its attempts are real."""

from __future__ import annotations

import asyncio
import socket
import socketserver
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psutil
import pytest

from core.browser import Browser, Check, Step
from tests.preview_check.conftest import command

HOSTILE = (Path(__file__).parent / "hostile.html").read_text()


class Listener:
    """Ports of the loopback interface, IPv4 and IPv6, that note whatever arrives; `/hostile` is answered with the page."""

    def __init__(self) -> None:
        self.arrived: list[str] = []
        self.page = b""
        noted = self

        class Handler(socketserver.BaseRequestHandler):
            def handle(self) -> None:
                self.request.settimeout(3)
                try:
                    first = self.request.recv(4096).split(b"\r\n", 1)[0].decode("latin-1", "replace")
                except OSError:
                    first = ""
                if "/hostile" in first or "/favicon" in first:
                    self.request.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nConnection: close\r\n\r\n" + noted.page)
                    return
                noted.arrived.append(first or "a bare connection")
                self.request.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")

        class Server(socketserver.ThreadingTCPServer):
            daemon_threads = True
            allow_reuse_address = True
            request_queue_size = 128

        class Server6(Server):
            address_family = socket.AF_INET6

        self.servers = [Server(("127.0.0.1", 0), Handler)]
        self.port = self.servers[0].server_address[1]
        if socket.has_ipv6:
            try:
                self.servers.append(Server6(("::1", self.port), Handler))
            except OSError:
                pass  # no IPv6 loopback on this machine
        self.datagrams = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.datagrams.bind(("127.0.0.1", 0))
        self.datagram_port = self.datagrams.getsockname()[1]
        self.page = HOSTILE.replace("%TCP%", str(self.port)).replace("%UDP%", str(self.datagram_port)).encode()
        for server in self.servers:
            threading.Thread(target=server.serve_forever, daemon=True).start()
        threading.Thread(target=self._note_datagrams, daemon=True).start()

    def _note_datagrams(self) -> None:
        while True:
            try:
                self.datagrams.recvfrom(2048)
            except OSError:
                return
            self.arrived.append("a datagram")

    def close(self) -> None:
        for server in self.servers:
            server.shutdown()
            server.server_close()
        self.datagrams.close()


@pytest.fixture
def listener() -> Iterator[Listener]:
    made = Listener()
    yield made
    made.close()


@pytest.fixture
def checked(tmp_path, chromium_path):
    """Check one ASGI app with a browser of its own. The app sends no policy: only the browser's own bounds hold."""

    def check(app, *steps: Step, **given):
        async def story():
            browser = Browser(tmp_path)
            try:
                return await browser.check(app, Check(tuple(steps), screenshot=False, **given), mount="/p/x")
            finally:
                await browser.close()

        with ThreadPoolExecutor(1) as pool:  # another test's playwright may keep a loop in this thread
            return pool.submit(asyncio.run, story()).result()

    return check


def serving(html: bytes):
    async def app(scope, receive, send):
        if scope["type"] == "http":
            await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"text/html")]})
            await send({"type": "http.response.body", "body": html})

    return app


def test_in_an_ordinary_browser_the_attempts_arrive(listener, page):
    page.goto(f"http://127.0.0.1:{listener.port}/hostile")
    page.wait_for_timeout(4000)
    kinds = {line.split()[1].rpartition("/")[2].partition("?")[0] for line in listener.arrived if line.startswith(("GET", "POST"))}
    assert {"fetch", "project_list", "beacon", "image", "socket", "events", "frame", "worker", "inner"} <= kinds
    assert "a datagram" in listener.arrived


def test_in_a_check_nothing_arrives_anywhere(listener, checked):
    found = checked(serving(listener.page), Step("wait_for", value="all was tried", seconds=30))
    assert found["steps"][0]["ok"] and found["title"] == "Tried"  # every attempt was made
    assert set(listener.arrived) == set()
    assert "ESCAPED" not in str(found["console"])
    assert any(f":{listener.port}/" in entry["url"] and entry["reason"] == "outside the preview" for entry in found["failed_requests"])


@pytest.mark.parametrize("target", ["http://127.0.0.1:%TCP%/", "http://localhost:%TCP%/api/actions", "http://169.254.169.254/latest/", "https://example.com/", "file:///etc/passwd", "http://other.app.localhost/p/x/", "chrome://settings"])  # fmt: skip
def test_a_page_that_goes_elsewhere_gets_nowhere(listener, checked, target):
    target = target.replace("%TCP%", str(listener.port))
    found = checked(serving(f"<!doctype html><title>x</title><h1>x</h1><script>location.href = {target!r}</script>".encode()))
    assert set(listener.arrived) == set()
    if target.startswith(("http:", "https:")):
        assert any("left the app" in problem for problem in found["verdict"]["problems"])
    else:
        assert found["title"] == "x" and found["accessibility"] == '- heading "x" [level=1]'


@pytest.mark.parametrize("way", ["header", "refresh"])
def test_an_answer_that_points_elsewhere_leads_nowhere(listener, checked, way):
    target = f"http://127.0.0.1:{listener.port}/api/actions".encode()

    async def app(scope, receive, send):
        if way == "header":
            await send({"type": "http.response.start", "status": 302, "headers": [(b"location", target)]})
            await send({"type": "http.response.body", "body": b""})
        else:
            await serving(b"<!doctype html><title>x</title><meta http-equiv=refresh content='0; url=" + target + b"'><h1>x</h1>")(scope, receive, send)

    found = checked(app)
    assert set(listener.arrived) == set()
    assert not found["verdict"]["ok"] or found["verdict"]["notes"]


def test_windows_are_closed_and_told(checked):
    found = checked(serving(b"<!doctype html><title>x</title><h1>x</h1><script>open('about:blank'); open('/p/x/other')</script>"))
    assert any("window" in note and "closed" in note for note in found["verdict"]["notes"])


def test_two_checks_cannot_see_each_other(tmp_path, chromium_path):
    """Each check has a name of its own; what lies outside the app's mount is nobody's."""
    asked: list[str] = []

    def noting(name: str):
        async def app(scope, receive, send):
            asked.append(f"{name} {scope['path']}")
            await serving(b"<!doctype html><title>x</title><h1>x</h1><script>fetch('/p/other/'); fetch('/api'); fetch('/p/x/../other/')</script>")(scope, receive, send)

        return app

    async def story():
        browser = Browser(tmp_path)
        try:
            await asyncio.gather(
                browser.check(noting("one"), Check(screenshot=False), mount="/p/x"), browser.check(noting("two"), Check(screenshot=False), mount="/p/other")
            )
        finally:
            await browser.close()

    asyncio.run(story())
    assert asked and all(line.startswith(("one /p/x/", "two /p/other/")) for line in asked)


def environment(process: psutil.Process) -> str:
    """What the kernel tells of its environment; nothing of one that has ended."""
    try:
        return Path(f"/proc/{process.pid}/environ").read_text(errors="replace")
    except OSError:
        return ""


def test_the_browsers_processes_know_nothing_of_ours(tmp_path, chromium_path, monkeypatch):
    monkeypatch.setenv("HF_TOKEN", "hf_the_owners_token_0000")

    async def story() -> list[str]:
        browser = Browser(tmp_path)
        try:
            await browser.check(serving(b"<title>x</title><h1>x</h1>"), Check(screenshot=False), mount="/p/x")
            root = psutil.Process(browser.worker.process.pid)
            below = [root, *root.children(recursive=True)]
            return [environment(one) + " ".join(command(one)) for one in below]
        finally:
            await browser.close()

    told = asyncio.run(story())
    assert sum("PATH=" in text for text in told) >= 3 and not any("hf_the_owners_token_0000" in text for text in told)


def test_where_the_kernel_can_the_browser_is_sealed_and_works(tmp_path, chromium_path):
    """Landlock with rules for ports is the kernel's since 6.7; where it is missing the browser says that nothing seals it."""
    from core.box import sealing

    async def story():
        browser = Browser(tmp_path)
        try:
            found = await browser.check(serving(b"<!doctype html><title>x</title><h1>x</h1>"), Check(), mount="/p/x")
            status = {Path(f"/proc/{one.pid}/status").read_text() for one in psutil.Process(browser.worker.process.pid).children(recursive=True)[:2]}
            return found, browser.worker.sealed, status
        finally:
            await browser.close()

    found, sealed, status = asyncio.run(story())
    means = sealing.find_means()
    assert found["verdict"]["ok"] and found["screenshot"]["bytes"] > 0
    assert sealed is (means.seccomp and means.landlock >= 4)
    assert all(("Seccomp:\t2" in text and "NoNewPrivs:\t1" in text) is sealed for text in status)


def test_a_strangers_app_is_not_opened_by_a_browser_that_nothing_contains(tmp_path, chromium_path, monkeypatch):
    from core.errors import Forbidden

    monkeypatch.setattr("core.browser.worker.seal_of", lambda *given, **more: None)

    async def story():
        browser = Browser(tmp_path)
        try:
            await browser.check(serving(b"<h1>x</h1>"), Check(), mount="/p/x")  # one's own may be
            if browser.worker.sandboxed:
                return  # Chromium's own sandbox stands in: not root, and user namespaces work
            with pytest.raises(Forbidden, match="cannot be sealed"):
                await browser.check(serving(b"<h1>x</h1>"), Check(), mount="/p/x", strangers=True)
        finally:
            await browser.close()

    asyncio.run(story())
