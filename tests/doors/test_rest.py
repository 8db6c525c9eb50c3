"""REST against the running server."""

import json

import httpx
import pytest


def test_actions_are_listed_with_their_schemas(server):
    body = httpx.get(server.url + "/api/actions").json()
    by_name = {item["name"]: item for item in body["items"]}
    assert body["ok"] and body["meta"]["count"] == len(by_name)
    assert by_name["space_delete"]["risk"] == "destructive"
    assert by_name["build_space"]["input_schema"]["required"] == ["idea"]


def test_an_action_answers_with_its_result(server):
    answer = server.action("analyze_user_request", idea="a word counter")
    assert answer.status_code == 200 and answer.json()["slug"] == "word-counter"


@pytest.mark.parametrize(("name", "given", "status", "code"), [
    ("analyze_user_request", {"idea": ""}, 400, "invalid_input"),
    ("analyze_user_request", {"idea": "\x00\x01\x02\x03binary\x00"}, 400, "invalid_input"),
    ("analyze_user_request", {"idea": "x" * 100_000}, 413, "too_large"),
    ("analyze_user_request", {"idea": "fine", "surprise": 1}, 400, "invalid_input"),
    ("build_space", {"idea": "generate images of cats"}, 422, "no_template_fits"),
    ("project_read", {"project": "../../etc", "path": "passwd"}, 404, "not_found"),
    ("preview_stop", {"preview": "none"}, 404, "not_found"),
    ("no_such_action", {}, 404, "not_found"),
])  # fmt: skip
def test_trouble_comes_in_one_shape(server, name, given, status, code):
    answer = server.action(name, **given)
    error = answer.json()["error"]
    assert answer.status_code == error["status"] == status and error["code"] == code
    assert error["message"].endswith((".", "!", "?")) and error["fix"] and "Traceback" not in answer.text


@pytest.mark.parametrize("body", [b"not json", b"[1]", b'"text"', b"{" * 100_000, b"\xff\xfe"])
def test_a_body_that_is_no_object_is_refused(server, body):
    answer = httpx.post(server.url + "/api/actions/project_list", content=body)
    assert answer.status_code == 400 and answer.json()["error"]["code"] == "invalid_input"


def test_only_where_files_come_in_may_a_body_be_large(server):
    large = {"token": "x" * 5_000_000}
    assert httpx.post(server.url + "/api/session/token", json=large, timeout=30).status_code == 413
    assert httpx.post(server.url + "/api/actions/project_list", json=large, timeout=30).json()["error"]["code"] == "invalid_input"


def test_a_long_action_can_be_followed(server):
    events = []
    with httpx.stream(
        "POST", server.url + "/api/actions/generate_app_code", json={"idea": "a word counter"}, headers={"accept": "text/event-stream"}, timeout=60
    ) as answer:
        kind = None
        for line in answer.iter_lines():
            if line.startswith("event: "):
                kind = line[7:]
            elif line.startswith("data: "):
                events.append((kind, json.loads(line[6:])))
    assert events[0][1]["event"] == "Step" and events[-1][0] == "result"
    assert events[-1][1]["template"] == "gradio-text-tools" and "app.py" in events[-1][1]["files"]


def test_openapi_describes_every_action(server):
    document = httpx.get(server.url + "/openapi.json").json()
    names = {item["name"] for item in httpx.get(server.url + "/api/actions").json()["items"]}
    assert {path.rsplit("/", 1)[1] for path in document["paths"] if path.startswith("/api/actions/")} == names
    assert "build_space" in httpx.get(server.url + "/docs").text


def test_health_and_readiness(server):
    assert httpx.get(server.url + "/healthz").json() == {"status": "ok"}
    parts = httpx.get(server.url + "/readyz").json()["parts"]
    assert {name: part["status"] for name, part in parts.items()} == {"store": "ok", "hub": "ok", "sandbox": "ok"}


def test_a_token_is_checked_and_only_its_end_comes_back(server):
    with httpx.Client(base_url=server.url) as browser:
        assert browser.post("/api/session").json()["signed_in"] is False
        refused = browser.post("/api/session/token", json={"token": "hf_nobodys_token_at_all"})
        assert refused.status_code == 401 and "nobodys" not in refused.text
        assert browser.post("/api/session").json()["signed_in"] is False


def test_the_session_cookie_is_not_for_scripts(server):
    cookie = httpx.post(server.url + "/api/session").headers["set-cookie"].lower()
    assert "httponly" in cookie and "samesite=lax" in cookie


def test_whoami_tells_the_local_hubs_user(server):
    body = server.action("hf_whoami").json()
    assert body["local"] is True and body["name"]


def test_a_bad_bearer_never_falls_back_to_the_owners(server):
    answer = httpx.post(server.url + "/api/actions/hf_whoami", json={}, headers={"authorization": "Bearer hf_wrong_wrong_wrong"})
    assert answer.status_code == 401 and "wrong_wrong" not in answer.text


def test_search_takes_one_tag_or_several(server):
    one = server.action("hf_search_spaces", query="", limit=5, filter="static").json()
    several = server.action("hf_search_spaces", query="", limit=5, filter=["static"]).json()
    assert one["ok"] and one["items"] == several["items"] and {item["sdk"] for item in one["items"]} == {"static"}
    assert one["meta"]["sample"] is True
