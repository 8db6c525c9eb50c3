"""call_api reads, from an exact list of endpoints and nowhere else."""

import pytest

from core.query.raw import ENDPOINTS, refusal


@pytest.mark.parametrize(
    "endpoint",
    [
        "/api/daily_papers", "/api/models", "/api/spaces", "/api/models-tags-by-type", "/api/datasets-tags-by-type", "/api/models/gpt2",
        "/api/datasets/a/b", "/api/spaces/a/b/discussions", "/api/spaces/a/b/discussions/12", "/api/models/a/b/likers", "/api/users/x/socials",
        "/api/organizations/x/members", "/api/collections", "/api/collections/a/b-65f0b3a1b2c3d4e5f6a7b8c9", "/api/trending", "/api/whoami-v2",
    ],
)  # fmt: skip
def test_endpoints_of_the_list_are_allowed(endpoint):
    assert refusal(endpoint, None, "GET", None) is None


@pytest.mark.parametrize(
    "endpoint",
    [
        "", "/", "api/models", "/api/daily-papers", "/api/repos/create", "/api/models/a/b/c", "/api/models/a/../b", "/api/../settings", "/api/models/..",
        "/api/models/a%2fb", "/api/models/a%2F..%2Fb", "/api/models?limit=3", "/api/models#x", "//evil.example/api/models", "https://evil.example/api/models",
        "/api/models/a/b/discussions/3/status", "/api/models/a/b/settings", "/api/collections/a/b/items", "/api/users/x/overview/", "/api/models/a b",
        "/api/models\n", "/api/models/a\\b", "/API/models", "/api/settings/tokens", "/api/spaces/a/b/secrets", "/api/spaces/a/b/variables", "/api/models/.hidden",
    ],
)  # fmt: skip
def test_everything_else_is_refused(endpoint):
    assert refusal(endpoint, None, "GET", None)


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "HEAD", "", "get "])
def test_only_get(method):
    assert "reads only" in refusal("/api/models", None, method, None)
    assert refusal("/api/models", None, "get", None) is None


def test_a_body_and_odd_arguments_are_refused():
    assert "json_body" in refusal("/api/models", None, "GET", {})
    assert "no plain value" in refusal("/api/models", {"filter": {"a": 1}}, "GET", None)
    assert "feedType" in refusal("/api/recent-activity", {"entity": "alice"}, "GET", None)


def test_a_refused_call_is_an_answer_and_asks_nothing(hub):
    outcome = hub.body("one = await call_api('/api/models', method='POST', json_body={'a': 1})\ntwo = await call_api('/api/nothing')\nreturn [one, two]")
    assert outcome.ok is False and hub.upstream.requests == [] and outcome.meta["api_calls"] == 0
    answer = hub.body("return await call_api('/api/models', method='DELETE')").result
    assert answer == {"ok": False, "status": 0, "url": "", "data": None, "error": answer["error"]} and "reads only" in answer["error"]


def test_answers_have_five_keys(hub):
    answer = hub.helper("call_api('/api/models', params={'limit': 2, 'search': 'm1'})")
    assert set(answer) == {"ok", "status", "url", "data", "error"} and answer["status"] == 200 and len(answer["data"]) == 2
    assert hub.upstream.asked("/api/models") == [{"limit": "2", "search": "m1"}]
    missing = hub.helper("call_api('/api/models/no/such')")
    assert missing["ok"] is False and missing["status"] == 404 and missing["data"] is None and isinstance(missing["error"], str)


@pytest.mark.parametrize(
    ("endpoint", "params", "sent"),
    [
        ("/api/trending", {"type": "models", "limit": 99}, {"type": "model", "limit": "20"}),
        ("/api/trending", {"limit": "many"}, {"limit": "20"}),
        ("/api/users/alice/followers", {"limit": 99999}, {"limit": "10000"}),
        ("/api/models", {"limit": 5000}, {"limit": "200"}),
        ("/api/collections", {"search": "tools", "limit": 500}, {"q": "tools", "limit": "100"}),
    ],
)
def test_limits_are_what_the_hub_accepts(hub, endpoint, params, sent):
    assert hub.helper(f"call_api({endpoint!r}, params={params!r})")["ok"]
    assert hub.upstream.asked(endpoint) == [sent]


def test_raw_calls_count_and_meet_the_budget(hub):
    body = "rows = []\nfor n in range(4):\n    rows.append(await call_api(f'/api/models/acme/m{n}'))\nreturn [[row['ok'], row['status']] for row in rows]"
    outcome = hub.body(body, max_calls=2)
    assert outcome.result == [[True, 200], [True, 200], [False, 0], [False, 0]] and outcome.meta["api_calls"] == 2


def test_the_capabilities_list_exactly_these_endpoints(hub):
    outcome = hub.body("caps = await hf_runtime_capabilities(section='raw_api')\nreturn caps['item']['content']['endpoints']")
    assert outcome.ok and outcome.result == list(ENDPOINTS)
