"""What a project's app may reach is its owner's word, visible, and enforced."""

from __future__ import annotations

import http.server
import threading

import httpx
import pytest

from core.errors import Forbidden
from core.actions.network import _check_public
from core.box import read_hosts
from tests.preview.test_process import PLAIN

ASKS = b"""import fastapi, os, urllib.request, uvicorn
app = fastapi.FastAPI()
@app.get("/")
def home(): return {name: os.environ.get(name, "") for name in ("HTTPS_PROXY", "NO_PROXY")}
@app.get("/ask")
def ask(url: str, direct: bool = False):
    opener = urllib.request.build_opener(*([urllib.request.ProxyHandler({})] if direct else []))
    try:
        return opener.open(url, timeout=5).read().decode()
    except Exception as error:
        return f"{type(error).__name__}: {error}"
uvicorn.run(app)
"""


@pytest.fixture
def upstream():
    """Something on this machine that an app has no business with; `.asked` are its requests."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            server.asked.append(self.path)
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"reached")

        def log_message(self, *words):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.asked = []
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


def test_an_app_with_egress_goes_through_the_gateway_only(house, upstream):
    app = house.start({"main.py": ASKS, "Dockerfile": PLAIN}, network="egress", hosts=("example.org", "*.example.com"))
    there = f"http://127.0.0.1:{upstream.server_port}/"
    assert httpx.get(house.url(app)).json()["HTTPS_PROXY"].startswith("http://127.0.0.1:")
    refused = httpx.get(house.url(app, "ask"), params={"url": "http://other.example.net/"}, timeout=20).json()
    assert "403" in refused
    for name in ("example.org", "a.example.com"):  # allowed: whether the name is known here is another matter
        asked = httpx.get(house.url(app, "ask"), params={"url": f"http://{name}:{upstream.server_port}/"}, timeout=20).json()
        assert "403" in asked  # not on that port
    direct = httpx.get(house.url(app, "ask"), params={"url": there, "direct": True}, timeout=20).json()
    said = [line.text for line in app.logs.lines()]
    house.stop(app)
    assert "Error" in direct and upstream.asked == []
    assert any("Refused: other.example.net:80" in line for line in said)


def test_a_sealed_app_has_no_way_out(house, upstream):
    app = house.start({"main.py": ASKS, "Dockerfile": PLAIN})
    assert httpx.get(house.url(app)).json() == {"HTTPS_PROXY": "", "NO_PROXY": ""}
    there = {"url": f"http://127.0.0.1:{upstream.server_port}/"}
    answer = httpx.get(house.url(app, "ask"), params=there, timeout=20).json()
    house.stop(app)
    assert "Error" in answer and upstream.asked == []


def test_the_owner_opens_and_closes_it(server):
    project = server.action("generate_app_code", idea="a calculator that adds two numbers").json()["project"]["id"]
    opened = server.action("project_network", project=project, network="egress", hosts=["HuggingFace.co", "*.hf.co"])
    assert opened.json()["hosts"] == ["huggingface.co", "*.hf.co"]
    listed = {one["id"]: one for one in server.action("project_list").json()["items"]}
    assert listed[project]["network"] == "egress" and listed[project]["hosts"] == ["huggingface.co", "*.hf.co"]
    assert server.action("project_network", project=project).json()["network"] == "sealed"


@pytest.mark.parametrize(
    "arguments, status",
    [
        ({"network": "egress"}, 422),
        ({"network": "sealed", "hosts": ["hf.co"]}, 422),
        ({"network": "egress", "hosts": ["127.0.0.1"]}, 422),
        ({"network": "egress", "hosts": ["localhost"]}, 422),
        ({"network": "everything"}, 422),
    ],
)
def test_what_makes_no_sense_is_refused(server, arguments, status):
    project = server.action("generate_app_code", idea="a calculator that adds two numbers").json()["project"]["id"]
    answer = server.action("project_network", project=project, **arguments)
    assert answer.status_code in (status, 400) and answer.json()["error"]["message"]
    assert server.action("project_delete", project=project).is_success


@pytest.mark.parametrize("host, fine", [("hf.co", True), ("*.hf.co", True), ("cdn.hf.co", True), ("evil.org", False), ("*.evil.org", False), ("hf.co:8443", False)])
def test_a_public_instance_offers_what_its_owner_named(host, fine):
    offered = read_hosts(("hf.co", "*.hf.co"))
    if fine:
        _check_public(read_hosts([host]), offered)
    else:
        with pytest.raises(Forbidden):
            _check_public(read_hosts([host]), offered)


def test_a_hub_on_this_machine_rents_nothing(server):
    project = server.action("generate_app_code", idea="a calculator that adds two numbers").json()["project"]["id"]
    answer = server.action("preview_start_remote", project=project)
    assert answer.status_code == 403 and "no machines" in answer.json()["error"]["message"]
    assert server.action("project_delete", project=project).is_success
