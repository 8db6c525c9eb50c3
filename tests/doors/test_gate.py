"""The gate, before a tiny app that would answer anything."""

import pytest
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route, WebSocketRoute
from starlette.testclient import TestClient

from core.doors.gate import Gate
from core.settings import Settings

OWN = "http://testhost:7860"
METHODS = ["GET", "POST", "PUT", "DELETE", "OPTIONS"]


async def reached(request):
    return PlainTextResponse("reached")


async def socket(websocket):
    await websocket.accept()
    await websocket.send_text("reached")
    await websocket.close()


def client(peer: str = "10.0.0.1", **settings) -> TestClient:
    app = Starlette(routes=[Route("/{path:path}", reached, methods=METHODS), WebSocketRoute("/{path:path}", socket)])
    return TestClient(Gate(app, Settings(hosts=("testhost",), **settings)), base_url=OWN, client=(peer, 50_000))


@pytest.mark.parametrize(("host", "status"), [
    ("testhost:7860", 200), ("localhost:7860", 200), ("127.0.0.1:7860", 200), ("[::1]:7860", 200), ("10.1.2.3", 200),
    ("evil.example", 403), ("testhost.evil.example", 403), ("", 403), ("localhost.evil.example:7860", 403),
])  # fmt: skip
def test_only_our_own_names_are_answered(host, status):
    assert client().get("/", headers={"host": host}).status_code == status


OPAQUE = {"origin": "null", "sec-fetch-site": "cross-site", "sec-fetch-mode": "cors"}
FOREIGN = {"origin": "https://evil.example"}
NO_CORS = {"sec-fetch-site": "cross-site", "sec-fetch-mode": "no-cors"}
NEIGHBOUR = {"sec-fetch-site": "same-site", "sec-fetch-mode": "no-cors"}


@pytest.mark.parametrize("headers", [OPAQUE, FOREIGN, NO_CORS, NEIGHBOUR])
@pytest.mark.parametrize("path", ["/", "/config", "/gradio_api/queue/join", "/api/actions/space_delete", "/api/session", "/hub/api/whoami-v2"])
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_an_opaque_or_foreign_origin_reaches_nothing_of_ours(headers, path, method):
    answer = client().request(method, path, headers=headers)
    assert answer.status_code == 403 and answer.json()["error"]["code"] == "forbidden"


@pytest.mark.parametrize("path", ["/p/id-token/", "/hub/s/me-app/data"])
def test_an_opaque_origin_reaches_its_own_app(path):
    assert client().post(path, headers=OPAQUE).text == "reached"


@pytest.mark.parametrize("path", ["/p", "/pirate", "/hub/spaces/me/app", "/hub/sx"])
def test_only_the_apps_own_paths_are_open(path):
    assert client().get(path, headers=OPAQUE).status_code == 403


def test_a_link_from_another_site_opens_the_page_and_does_nothing_else():
    arrives = {"sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate", "sec-fetch-dest": "document"}
    assert client().get("/", headers=arrives).status_code == 200
    assert client().post("/api/session", headers=arrives).status_code == 403


def test_our_own_page_and_programs_without_origin_pass():
    assert client().post("/api/session", headers={"origin": OWN, "sec-fetch-site": "same-origin"}).status_code == 200
    assert client().post("/api/session").status_code == 200


@pytest.mark.parametrize("headers", [OPAQUE, FOREIGN])
def test_a_foreign_websocket_is_refused(headers):
    with pytest.raises(Exception), client().websocket_connect("/gradio_api/live", headers={"host": "testhost:7860", **headers}):  # noqa: B017  closed before accept
        pass


def test_our_own_websocket_opens():
    with client().websocket_connect("/live", headers={"host": "testhost:7860", "origin": OWN}) as connection:
        assert connection.receive_text() == "reached"


@pytest.mark.parametrize("path", ["/gradio_api/deep_link", "/gradio_api/runs", "/gradio_api/run-history/x", "/monitoring/summary"])
def test_gradios_own_leaks_are_closed(path):
    assert client().get(path).status_code == 404


def test_too_many_requests_say_when_to_come_back():
    few = client(requests_per_minute=3)
    answers = [few.post("/api/actions/x") for _ in range(5)]
    assert [answer.status_code for answer in answers] == [200, 200, 200, 429, 429]
    assert int(answers[-1].headers["retry-after"]) >= 1
    assert few.get("/assets/page.js").status_code == 200


def test_one_visitor_does_not_use_up_anothers_share():
    few = client(requests_per_minute=1)
    assert few.post("/api/x", headers={"x-forwarded-for": "1.1.1.1"}).status_code == 200
    assert few.post("/api/x", headers={"x-forwarded-for": "1.1.1.1"}).status_code == 429
    assert few.post("/api/x", headers={"x-forwarded-for": "forged, 2.2.2.2"}).status_code == 200
    assert few.post("/api/x", headers=[("x-forwarded-for", "forged too"), ("x-forwarded-for", "2.2.2.2")]).status_code == 429


def test_who_comes_directly_is_one_visitor_whatever_they_say_was_forwarded():
    few = client(peer="8.8.8.8", requests_per_minute=1)
    answers = [few.post("/api/x", headers={"x-forwarded-for": f"1.1.1.{number}"}) for number in range(2)]
    assert [answer.status_code for answer in answers] == [200, 429]


def test_on_a_space_the_platforms_own_word_counts_whoever_the_server_takes_for_the_peer():
    few = client(peer="8.8.8.8", requests_per_minute=1, space_id="me/space")
    given = ["8.8.8.8, 1.1.1.1", "8.8.8.8, 2.2.2.2", "9.9.9.9, 2.2.2.2"]
    assert [few.post("/api/x", headers={"x-forwarded-for": one}).status_code for one in given] == [200, 200, 429]


def test_every_answer_has_a_request_id_and_the_pages_policy():
    answer = client().get("/")
    assert answer.headers["x-request-id"] and "frame-src 'self';" in answer.headers["content-security-policy"]
    refused = client().get("/", headers=FOREIGN)
    assert refused.headers["x-request-id"]


def test_an_oversized_body_is_refused_before_it_is_read():
    assert client().post("/api/x", headers={"content-length": str(10**9)}).status_code == 413
