"""The doors to the model router, before real upstreams over real sockets; and no key anywhere in what came of it."""

from __future__ import annotations

import json
import logging
import re
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import httpx
import pytest
import uvicorn
from starlette.responses import PlainTextResponse

from core.doors.session import Sessions
from core.house import House, build_house
from core.settings import HuggingFace, Provider, Settings, Spending
from tests.providers.upstream import Upstream, upstream
from ui.serve import front

OWNERS = "sk-owners-0123456789abcdef-OWNR"
VISITORS = "sk-visitors-0123456789abcdef-VISI"
HEADERS = "sk-headers-0123456789abcdef-HEAD"
HUB_TOKEN = "hf_0123456789abcdefHUBT"
ALL_KEYS = (OWNERS, VISITORS, HEADERS, HUB_TOKEN)
ASK = {"model": "ok", "prompt": "a prompt that is nobody's business"}


@dataclass
class Door:
    """A house behind its real front, on a port of its own; everything it ever answered is in `said`."""

    house: House
    sessions: Sessions
    url: str
    said: list[str] = field(default_factory=list)

    def client(self, **headers: str) -> httpx.Client:
        return httpx.Client(base_url=self.url, headers=headers, timeout=20, event_hooks={"response": [self._keep]})

    @contextmanager
    def browser(self) -> Iterator[httpx.Client]:
        """A client with an open session."""
        with self.client() as client:
            client.post("/api/session")
            yield client

    def _keep(self, response: httpx.Response) -> None:
        if "event-stream" not in response.headers.get("content-type", ""):
            response.read()
            self.said.append(f"{dict(response.headers)} {response.text}")


async def no_page(scope, receive, send) -> None:
    await PlainTextResponse("no page here", status_code=404)(scope, receive, send)


@contextmanager
def opened(tmp_path, **settings) -> Iterator[Door]:
    house = build_house(Settings(data=tmp_path / "data", **({"hub": "local"} | settings)), port=1)
    sessions = Sessions()

    async def app(scope, receive, send):
        if scope["type"] == "lifespan":
            while (message := await receive())["type"] != "lifespan.shutdown":
                await send({"type": message["type"] + ".complete"})
            await house.close()
            await send({"type": "lifespan.shutdown.complete"})
            return
        await guarded(scope, receive, send)

    guarded = front(house, sessions, no_page)
    server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=0, log_level="warning"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    try:
        yield Door(house, sessions, f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}")
    finally:
        server.should_exit = True
        thread.join(10)


@pytest.fixture
def mine() -> Iterator[Upstream]:
    with upstream("mine") as made:
        yield made


@pytest.fixture
def other() -> Iterator[Upstream]:
    with upstream("other") as made:
        yield made


@pytest.fixture
def door(tmp_path, mine, caplog) -> Iterator[Door]:
    """A private run with one key of its own. At the end, no key may be found in what was answered, logged or stored."""
    caplog.set_level(logging.DEBUG)
    with opened(tmp_path, providers={"mine": Provider(api_key=OWNERS, url=mine.base_url)}) as made:
        yield made
        stored = [str(tuple(row)) for table in ("spending", "spent", "receipts", "audit") for row in made.house.store._execute(f"SELECT * FROM {table}", ())]
    logged = caplog.text
    for text in (*made.said, *stored, logged):
        for key in ALL_KEYS:
            assert key not in text
        assert "nobody's business" not in text or text in made.said


def events(door: Door, response: httpx.Response) -> list[tuple[str, dict]]:
    found, kind = [], ""
    for line in response.iter_lines():
        door.said.append(line)
        if line.startswith("event: "):
            kind = line[7:]
        elif line.startswith("data: "):
            found.append((kind, json.loads(line[6:])))
    return found


def add(browser: httpx.Client, at: Upstream, key: str = VISITORS, provider: str = "theirs", **more) -> dict:
    answer = browser.post("/api/session/keys", json={"provider": provider, "key": key, "base_url": at.base_url, **more})
    assert answer.status_code == 201, answer.text
    return answer.json()


def test_a_prompt_is_answered_with_its_receipt(door, mine):
    body = door.client().post("/api/providers/route", json=ASK).json()
    assert body["text"] == "hello from mine" and body["usage"]["completion"] == 3
    (attempt,) = body["receipt"]["attempts"]
    assert (attempt["provider"], attempt["outcome"], attempt["status"], attempt["paid_by"]) == ("mine", "answered", 200, "instance")
    assert body["receipt"]["cost_usd"] is None  # nobody told a price
    assert mine.requests[-1].headers["authorization"] == f"Bearer {OWNERS}"


@pytest.mark.parametrize("how", [{"json": {**ASK, "stream": True}}, {"json": ASK, "headers": {"accept": "text/event-stream"}}])
def test_a_prompt_is_answered_in_pieces(door, how):
    with door.client().stream("POST", "/api/providers/route", **how) as answer:
        found = events(door, answer)
    assert "".join(data["text"] for kind, data in found if kind == "text") == "hello from mine"
    assert [kind for kind, _ in found][-2:] == ["receipt", "result"] and found[-1][1]["text"] == "hello from mine"


LISTED = {"data": [{"id": "ok", "architecture": {"input_modalities": ["text"]}, "providers": [
    {"provider": "a", "status": "live", "context_length": 4096, "pricing": {"input": 2.0, "output": 10.0}, "supports_tools": False}]}]}  # fmt: skip


def test_a_listed_price_makes_the_cost_and_what_a_model_lacks_keeps_it_out(door, other):
    other.pages["/v1/models"] = (200, LISTED)
    with door.browser() as browser:
        add(browser, other, key=HUB_TOKEN, provider="huggingface")
        picture = [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}}]}]
        only = {"model": "ok", "provider": "huggingface", "fallback": False}
        assert browser.post("/api/actions/provider_models", json={"provider": "huggingface"}).json()["items"][0]["price"]["output"] == 10.0
        receipt = browser.post("/api/providers/route", json={**only, "prompt": "x"}).json()["receipt"]
        assert receipt["cost_usd"] == pytest.approx((7 * 2 + 3 * 10) / 1e6) and receipt["attempts"][0]["paid_by"] == "visitor"
        for more, word in (
            ({"messages": picture}, "picture|vision|image"),
            ({"prompt": "x", "tools": [{"type": "function", "function": {"name": "f"}}]}, "tool"),
            ({"prompt": "x", "max_price": 9}, "cost|price"),
            ({"prompt": "x" * 40_000}, "context|long"),
            ({"prompt": "x", "model": "not/listed"}, "catalog|list|serve"),
        ):
            answer = browser.post("/api/providers/route", json={**only, **more})
            assert answer.status_code == 422, answer.text
            assert re.search(word, answer.json()["error"]["details"]["receipt"]["skipped"][0]["reason"]), answer.text
        spent = browser.post("/api/actions/provider_receipts", json={}).json()["meta"]["budget"]["session"]["spent"]
        assert spent == pytest.approx(44e-6)


def test_the_same_action_answers_at_its_own_address(door):
    answer = door.client().post("/api/actions/provider_route_request", json={"model": "thinks-and-calls", "prompt": "add"}).json()
    assert answer["reasoning"] == "hm" and answer["tool_calls"][0]["function"] == {"name": "add", "arguments": '{"a": 1}'}


@pytest.mark.parametrize(("given", "status", "code"), [
    ({}, 400, "invalid_input"),
    ({"prompt": ""}, 400, "invalid_input"),
    ({"prompt": "x", "temperature": 9}, 400, "invalid_input"),
    ({"prompt": "x", "max_tokens": 0}, 400, "invalid_input"),
    ({"prompt": "x", "timeout": 1e400}, 400, "invalid_input"),
    ({"messages": [{"role": "wizard", "content": "x"}]}, 400, "invalid_input"),
    ({"messages": [{"role": "user", "content": 7}]}, 400, "invalid_input"),
    ({"messages": "hello"}, 400, "invalid_input"),
    ({"prompt": "x", "api_key": "k"}, 400, "invalid_input"),
    ({"prompt": "\ud800", "model": "ok"}, 400, "invalid_input"),
    ({"messages": [{"role": "user", "content": [{"type": "text", "text": "\udfff"}]}], "model": "ok"}, 400, "invalid_input"),
    ({"prompt": "x", "model": "ok", "tools": [{"type": "function", "function": {"name": "\ud800"}}]}, 400, "invalid_input"),
    ({"prompt": "x", "model": "ok", "provider": "\ud800"}, 400, "invalid_input"),
    ({"prompt": "x", "model": "ok", "extra": {"n": 50}}, 400, "invalid_input"),
    ({"prompt": "x", "model": "ok", "extra": {"max_tokens": 9}}, 400, "invalid_input"),
    ({"prompt": "x", "model": "m" * 300}, 400, "invalid_input"),
    ({"prompt": "x", "model": "400"}, 400, "invalid_input"),
    ({"prompt": "x", "model": "403-moderation"}, 403, "forbidden"),
    ({"prompt": "x", "model": "402"}, 402, "payment_required"),
    ({"prompt": "x", "model": "500"}, 502, "provider_failed"),
    ({"prompt": "x", "model": "ok", "provider": "openrouter", "fallback": False}, 422, "no_model_fits"),
])  # fmt: skip
@pytest.mark.parametrize("stream", [False, True])
def test_trouble_has_its_own_status_before_the_first_token(door, given, status, code, stream):
    body = json.dumps({**given, "stream": stream}).encode()
    answer = door.client().post("/api/providers/route", content=body)
    error = answer.json()["error"]
    assert (answer.status_code, error["code"]) == (status, code) and error["message"] and error["fix"]


def test_an_answer_that_breaks_off_says_what_came(door):
    with door.client().stream("POST", "/api/providers/route", json={"model": "cut", "prompt": "x", "stream": True}) as answer:
        found = events(door, answer)
    assert [kind for kind, _ in found] == ["text", "receipt", "error"]
    assert found[-1][1]["error"]["details"]["so_far"] == "so far"


@pytest.mark.parametrize("stream", [True, False])
def test_an_answer_goes_on_where_it_broke_off(door, mine, stream):
    given = {"prompt": "x", "model": "ok", "so_far": "so far", "stream": stream}
    answer = door.client().post("/api/providers/route", json=given)
    assert answer.status_code == 200 and "hello" in answer.text
    question, begun, go_on = mine.requests[-1].body["messages"]
    assert question == {"role": "user", "content": "x"} and begun == {"role": "assistant", "content": "so far"}
    assert go_on["role"] == "user" and "so_far" not in mine.requests[-1].body
    too_long = door.client().post("/api/actions/provider_route_request", json={**given, "so_far": "x" * 8_000_001})
    assert too_long.status_code == 413


@pytest.mark.parametrize("path", ["/api/providers/route", "/v1/chat/completions"])
def test_leaving_a_stream_closes_the_upstreams_connection_at_once(door, mine, path):
    given = {"model": "patient", "messages": [{"role": "user", "content": "x"}], "stream": True}
    with door.client().stream("POST", path, json=given) as answer:
        next(answer.iter_lines())
    deadline = time.monotonic() + 3
    while not mine.requests[-1].hung_up and time.monotonic() < deadline:
        time.sleep(0.02)
    assert mine.requests[-1].hung_up


def test_leaving_before_the_first_token_ends_the_request_too(door, mine):
    with pytest.raises(httpx.ReadTimeout):
        door.client().post("/api/providers/route", json={"model": "slow-headers", "prompt": "x"}, timeout=0.3)
    deadline = time.monotonic() + 3
    while not (mine.requests[-1].method == "POST" and mine.requests[-1].hung_up) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert mine.requests[-1].hung_up


def test_a_key_is_tested_on_entry_kept_in_the_session_and_never_shown(door, other):
    with door.browser() as browser:
        added = add(browser, other, label="my own")
        assert added["last4"] == "…VISI" and added["report"]["checked"] and added["report"]["models"] == 2
        assert other.requests[-1].headers["authorization"] == f"Bearer {VISITORS}"
        listed = browser.get("/api/session/keys").json()["items"]
        assert [(row["label"], row["owner"], row["state"]) for row in listed] == [("my own", "visitor", "ready"), ("mine (this instance)", "instance", "ready")]
        answer = browser.post("/api/providers/route", json={**ASK, "provider": "theirs"}).json()
        assert answer["text"] == "hello from other" and answer["receipt"]["attempts"][0]["paid_by"] == "visitor"
    with door.browser() as somebody_else:
        assert [row["owner"] for row in somebody_else.get("/api/session/keys").json()["items"]] == ["instance"]
        assert somebody_else.post("/api/providers/route", json={**ASK, "provider": "theirs"}).json()["text"] == "hello from mine"


def test_keys_are_ordered_disabled_relabelled_rotated_and_removed(door, mine, other):
    with door.browser() as browser:
        first, second = add(browser, other), add(browser, mine, key=VISITORS + "2", provider="more")
        assert browser.post("/api/session/keys/order", json={"ids": [second["id"], first["id"]]}).json()["items"][0]["id"] == second["id"]
        assert browser.post("/api/providers/route", json=ASK).json()["receipt"]["provider"] == "more"
        assert browser.patch(f"/api/session/keys/{second['id']}", json={"disabled": True, "label": "resting"}).json()["disabled"]
        assert browser.post("/api/providers/route", json=ASK).json()["receipt"]["provider"] == "theirs"
        assert browser.patch(f"/api/session/keys/{first['id']}", json={"key": HEADERS}).json()["last4"] == "…HEAD"
        browser.post("/api/providers/route", json=ASK)
        assert other.requests[-1].headers["authorization"] == f"Bearer {HEADERS}"
        assert browser.delete(f"/api/session/keys/{first['id']}").json() == {"removed": 1}
        assert browser.delete("/api/session/keys").json() == {"removed": 1}
        assert browser.get("/api/session/keys").json()["meta"]["count"] == 1
        assert browser.patch(f"/api/session/keys/{first['id']}", json={"label": "x"}).status_code == 404


def test_a_key_that_is_refused_is_not_kept(door, other):
    other.pages["/v1/models"] = (401, {"error": {"message": f"bad key {VISITORS}"}})
    with door.browser() as browser:
        answer = browser.post("/api/session/keys", json={"provider": "theirs", "key": VISITORS, "base_url": other.base_url})
        assert answer.status_code == 401 and answer.json()["error"]["details"]["provider"] == "theirs"
        assert browser.get("/api/session/keys").json()["meta"]["count"] == 1


def test_a_key_whose_upstream_is_away_is_kept_and_says_so(door):
    with door.browser() as browser:
        answer = browser.post("/api/session/keys", json={"provider": "theirs", "key": VISITORS, "base_url": "http://127.0.0.1:9/v1"})
        assert answer.status_code == 201 and answer.json()["report"]["checked"] is False and "reached" in answer.json()["report"]["note"]


def test_no_session_no_keys(door, other):
    given = {"provider": "theirs", "key": VISITORS, "base_url": other.base_url}
    assert door.client().post("/api/session/keys", json=given).status_code == 401
    assert door.client().post("/api/actions/provider_manage_keys", json={"command": "remove", "ids": ["x"]}).status_code == 404


def test_a_key_in_a_header_is_for_that_request_and_goes_to_the_address_the_instance_knows(door, mine):
    answer = door.client().post("/api/providers/route", json=ASK, headers={"X-Provider-Key-mine": HEADERS}).json()
    assert answer["receipt"]["attempts"][0]["paid_by"] == "visitor"
    assert mine.requests[-1].headers["authorization"] == f"Bearer {HEADERS}"
    door.client().post("/api/providers/route", json=ASK)
    assert mine.requests[-1].headers["authorization"] == f"Bearer {OWNERS}"
    refused = door.client().post("/api/providers/route", json=ASK, headers={"X-Provider-Key-huggingface": "sk-or-v1-0123456789"})
    assert refused.status_code == 400 and "sk-or" not in refused.text


def test_providers_are_listed_with_their_health(door):
    def state() -> str:
        return next(row for row in door.client().get("/api/providers").json()["items"] if row["provider"] == "mine")["state"]

    assert state() == "ready"
    door.client().post("/api/providers/route", json={"model": "500", "prompt": "x"})
    assert state() == "cooling"
    door.client().post("/api/providers/route", json={"model": "401", "prompt": "x"})
    assert state() == "rejected"
    rows = door.client().get("/api/providers").json()["items"]
    assert next(row for row in rows if row["provider"] == "openrouter")["configured"] is False


def test_a_refused_key_is_asked_again_once_its_upstream_takes_it(door, mine):
    def answered() -> int:
        return door.client().post("/api/providers/route", json=ASK).status_code

    def tested() -> int:
        return door.client().post("/api/actions/provider_manage_keys", json={"command": "test", "ids": ["instance:mine"]}).status_code

    door.client().post("/api/providers/route", json={"model": "401", "prompt": "x"})
    mine.pages["/v1/models"] = (401, {"error": {"message": "no"}})
    assert (answered(), tested(), answered()) == (401, 401, 401)
    del mine.pages["/v1/models"]
    assert (tested(), answered()) == (200, 200)


def test_an_address_without_its_key_is_no_configured_provider(tmp_path, mine):
    with opened(tmp_path, providers={"openrouter": Provider(url=mine.base_url)}) as door:
        row = next(row for row in door.client().get("/api/providers").json()["items"] if row["provider"] == "openrouter")
        assert (row["configured"], row["state"], row["keys"]) == (False, "none", [])
        (key,) = door.client().post("/api/actions/provider_manage_keys", json={}).json()["items"]
        assert key["state"] == "none"


def test_receipts_are_kept_without_the_prompt_and_belong_to_their_caller(door):
    door.client().post("/api/providers/route", json=ASK)
    door.client().post("/api/providers/route", json={"model": "500", "prompt": "x"})
    time.sleep(0.2)
    body = door.client().post("/api/actions/provider_receipts", json={}).json()
    assert [one["attempts"][0]["outcome"] for one in body["items"]] == ["next", "answered"]
    assert "nobody's business" not in json.dumps(body)
    assert body["meta"]["budget"]["day"]["spent"] > 0


def test_a_session_limits_what_it_spends(door, other):
    with door.browser() as browser:
        state = browser.put("/api/session/budget", json={"per_call": 0.01}).json()
        assert state["call"]["limit"] == 0.01
        answer = browser.post("/api/providers/route", json=ASK)  # an unknown price is set aside as 0.05
        assert answer.status_code == 402 and answer.json()["error"]["code"] == "over_budget"
        browser.put("/api/session/budget", json={})
        assert browser.post("/api/providers/route", json=ASK).status_code == 200


def test_models_are_found(door):
    body = door.client().post("/api/actions/provider_models", json={"query": "OK"}).json()
    assert [row["id"] for row in body["items"]] == ["ok"] and body["meta"]["sources"][0]["error"] is None
    assert door.client().post("/api/actions/provider_models", json={"task": "plan"}).json()["items"] == []
    assert door.client().post("/api/actions/provider_models", json={"task": "dance"}).status_code == 400


def test_openais_wire_whole(door):
    given = {"model": "ok", "messages": [{"role": "user", "content": "x"}], "top_p": 0.5, "max_completion_tokens": 9, "unknown_field": 1, "api_key": "x"}
    body = door.client().post("/v1/chat/completions", json=given, headers={"Authorization": "Bearer sk-whatever-a-client-sends"}).json()
    assert body["object"] == "chat.completion" and body["choices"][0]["message"]["content"] == "hello from mine"
    assert body["usage"] == {"prompt_tokens": 7, "completion_tokens": 3, "total_tokens": 10, "prompt_tokens_details": {"cached_tokens": 0}, "completion_tokens_details": {"reasoning_tokens": 1}}  # fmt: skip


def test_openais_wire_sends_on_what_is_known_and_nothing_else(door, mine):
    given = {"model": "ok", "messages": [{"role": "user", "content": "x"}], "top_p": 0.5, "max_completion_tokens": 9, "unknown_field": 1, "user": "somebody"}
    door.client().post("/v1/chat/completions", json=given)
    sent = mine.requests[-1].body
    assert sent["top_p"] == 0.5 and sent["max_tokens"] == 9 and not {"unknown_field", "user"} & set(sent)


def test_openais_errors_in_openais_shape(door):
    answer = door.client().post("/v1/chat/completions", json={"model": "429", "messages": [{"role": "user", "content": "x"}]})
    assert answer.status_code == 429 and answer.json()["error"]["type"] == "rate_limit_error"
    assert door.client().post("/v1/chat/completions", json={"model": "ok", "messages": [{"role": "user", "content": "x"}], "n": 3}).status_code == 400
    assert door.client().get("/v1/models/none/such").json()["error"]["type"] == "not_found_error"


def test_the_official_client_works_against_our_address(door):
    import openai  # litellm brings it; it takes a second, so it is not for the other tests

    with openai.OpenAI(base_url=door.url + "/v1", api_key="sk-none") as client:
        assert {model.id for model in client.models.list()} == {"ok", "other"}
        whole = client.chat.completions.create(model="ok", messages=[{"role": "user", "content": "x"}])
        assert whole.choices[0].message.content == "hello from mine" and whole.usage.total_tokens == 10
        stream = client.chat.completions.create(
            model="ok", messages=[{"role": "user", "content": "x"}], stream=True, stream_options={"include_usage": True}
        )
        chunks = list(stream)
        assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices) == "hello from mine"
        assert chunks[-1].usage.total_tokens == 10 and chunks[-2].choices[0].finish_reason == "stop"
        called = client.chat.completions.create(model="thinks-and-calls", messages=[{"role": "user", "content": "x"}])
        assert called.choices[0].message.tool_calls[0].function.name == "add" and called.choices[0].finish_reason == "tool_calls"
        with client.chat.completions.stream(model="thinks-and-calls", messages=[{"role": "user", "content": "x"}]) as streamed:
            final = streamed.get_final_completion()
        assert final.choices[0].message.tool_calls[0].function.arguments == '{"a": 1}'
        with pytest.raises(openai.BadRequestError):
            client.chat.completions.create(model="400", messages=[{"role": "user", "content": "x"}])
        with pytest.raises(openai.APIError):
            list(client.chat.completions.create(model="cut", messages=[{"role": "user", "content": "x"}], stream=True))


def test_a_sessions_id_is_a_key_of_openais_clients(door, other):
    with door.browser() as browser:
        add(browser, other)
        id = next(iter(door.sessions._sessions))
        browser.post("/api/session/keys/order", json={"ids": [browser.get("/api/session/keys").json()["items"][0]["id"]]})
    given = {"model": "ok", "messages": [{"role": "user", "content": "x"}]}
    body = door.client(Authorization=f"Bearer {id}").post("/v1/chat/completions", json=given).json()
    assert body["choices"][0]["message"]["content"] == "hello from other"


def test_openapi_names_the_routers_addresses(door):
    paths = door.client().get("/openapi.json").json()["paths"]
    body = paths["/api/providers/route"]["post"]["requestBody"]["content"]["application/json"]["schema"]
    assert {"model", "prompt", "messages", "provider", "prefer", "stream"} <= set(body["properties"])
    assert {"/api/providers", "/v1/chat/completions", "/v1/models", "/metrics"} <= set(paths)


def test_metrics_count_without_naming_anybody(door):
    door.client().post("/api/providers/route", json=ASK)
    door.client().post("/api/providers/route", json={"model": "500", "prompt": "x", "provider": "nobody-knows-this"})
    text = door.client().get("/metrics").text
    assert 'spaces_os_model_attempts_total{provider="mine",outcome="answered"} 1' in text
    assert 'spaces_os_model_errors_total{provider="mine",code="provider_failed"} 1' in text
    assert 'spaces_os_model_attempt_seconds_count{provider="mine"} 2' in text
    assert 'spaces_os_model_unknown_cost_total{provider="mine"} 1' in text
    assert "nobody-knows" not in text and "…" not in text


def test_metrics_tell_what_is_under_way_and_what_rests(door, mine):
    def metrics() -> list[str]:
        return door.client().get("/metrics").text.splitlines()

    with door.client().stream("POST", "/api/providers/route", json={"model": "patient", "prompt": "x", "stream": True}) as answer:
        lines = answer.iter_lines()
        assert next(lines).startswith("event: ")
        assert 'spaces_os_model_in_flight{provider="mine"} 1' in metrics()
    for _ in range(200):
        if 'spaces_os_model_in_flight{provider="mine"} 0' in metrics():
            break
        time.sleep(0.02)
    assert 'spaces_os_model_in_flight{provider="mine"} 0' in metrics()
    door.client().post("/api/providers/route", json={"model": "500", "prompt": "x"})
    assert 'spaces_os_model_circuits{provider="mine",state="open"} 1' in metrics()
    door.client().post("/api/providers/route", json={"model": "401", "prompt": "x"})
    assert 'spaces_os_model_rejected_keys{provider="mine"} 1' in metrics()


def test_every_request_and_every_attempt_is_logged_with_its_id(door, mine, other, caplog):
    def lines(event: str) -> list[dict]:
        return [json.loads(record.getMessage()) for record in caplog.records if f'"{event}"' in record.getMessage()]

    with door.browser() as browser:
        add(browser, other)
        other.script.append("500")
        answer = browser.post("/api/providers/route", json={**ASK, "prefer": ["theirs"]})
    (line,) = lines("model_request")
    assert line["request"] == answer.headers["x-request-id"] and [one[:3] for one in line["attempts"]] == [["theirs", 500, "next"], ["mine", 200, "answered"]]
    found = [(one["number"], one["provider"], one["status"], one["outcome"], one["error"]) for one in lines("model_attempt")]
    assert found == [(1, "theirs", 500, "next", "provider_failed"), (2, "mine", 200, "answered", None)]
    assert {one["request"] for one in lines("model_attempt")} == {line["request"]}


PUBLIC = {"public": True, "hub": "http://127.0.0.1:9", "hosts": ("127.0.0.1",)}


def test_on_a_public_space_the_owners_keys_serve_nobody_else(tmp_path, mine):
    with opened(tmp_path, providers={"mine": Provider(api_key=OWNERS, url=mine.base_url)}, **PUBLIC) as door:
        with door.browser() as browser:
            answer = browser.post("/api/providers/route", json=ASK)
            assert answer.status_code == 401 and "Keys tab" in answer.json()["error"]["fix"] and not mine.requests
            private = browser.post("/api/session/keys", json={"provider": "theirs", "key": VISITORS, "base_url": mine.base_url})
            assert private.status_code == 400  # a visitor cannot point us at our own network
        unknown = door.client(Authorization="Bearer sk-whatever").post("/v1/chat/completions", json={})
        assert unknown.status_code == 401
        assert mine.requests == []


def test_an_owner_may_share_within_limits_for_each_visitor(tmp_path, mine):
    shared = {"share_owner_keys": True, "budget": Spending(visitor_per_day=0.12, unknown_input=20_000)}  # a call counts more than the cap
    with opened(tmp_path, providers={"mine": Provider(api_key=OWNERS, url=mine.base_url)}, **PUBLIC, **shared) as door:
        with door.browser() as first, door.browser() as second:
            assert first.post("/api/providers/route", json=ASK).status_code == 200
            refused = first.post("/api/providers/route", json=ASK)
            assert refused.status_code == 402 and refused.json()["error"]["details"]["limit"] == "visitor"
            assert second.post("/api/providers/route", json=ASK).status_code == 200
            told = first.post("/api/actions/provider_manage_keys", json={"command": "test", "ids": ["instance:mine"]})
            assert told.status_code == 404  # what the owner's account holds is nobody else's business


def test_visitors_of_a_shared_instance_have_caps_and_receipts_of_their_own(tmp_path, mine):
    shared = {"share_owner_keys": True, "budget": Spending(visitor_per_day=0.12, per_day=0.12, unknown_input=20_000)}
    with opened(tmp_path, providers={"mine": Provider(api_key=OWNERS, url=mine.base_url)}, **PUBLIC, **shared) as door:
        nobody = door.client()
        refused = nobody.post("/api/providers/route", json=ASK)
        assert refused.status_code == 401 and "/api/session" in refused.json()["error"]["fix"] and not mine.requests

        def receipts(client) -> list[str]:
            return [one["id"] for one in client.post("/api/actions/provider_receipts", json={}).json()["items"]]

        with door.browser() as first, door.browser() as second:
            own = [client.post("/api/providers/route", json=ASK).json()["receipt"]["id"] for client in (first, second)]
            assert [receipts(first), receipts(second), receipts(nobody)] == [[own[0]], [own[1]], []]
            assert first.post("/api/providers/route", json=ASK).status_code == 402

        # Without a session, whoever brings the same key is the same visitor, and nobody else's calls count for them.
        one, other = (door.client(**{"X-Provider-Key-mine": key}) for key in (HEADERS, VISITORS))
        made = []
        for client, codes in ((one, (200, 402)), (other, (200, 402))):
            for code in codes:
                answer = client.post("/api/providers/route", json=ASK)
                assert answer.status_code == code, answer.text
                made += [answer.json()["receipt"]["id"]] if code == 200 else []
        assert receipts(one)[-1] == made[0] and receipts(other)[-1] == made[1] and not set(receipts(one)) & set(receipts(other))
        assert receipts(nobody) == []


def test_a_hub_token_is_checked_by_the_hub_the_settings_name(tmp_path, mine):
    mine.pages["/api/whoami-v2"] = (200, {"name": "somebody", "isPro": True, "orgs": [{"name": "payers", "canPay": True}], "auth": {"accessToken": {"role": "write"}}})
    hub = HuggingFace(endpoint=mine.base_url.removesuffix("/v1"))
    with opened(tmp_path, huggingface=hub) as door, door.browser() as browser:
        report = browser.post("/api/session/keys", json={"provider": "huggingface", "key": HUB_TOKEN}).json()["report"]
        assert (report["account"], report["plan"], report["can_infer"], report["orgs"]) == ("somebody", "PRO", True, ["payers"])
        mine.pages["/api/whoami-v2"] = (200, {"name": "somebody", "auth": {"accessToken": {"role": "fineGrained", "fineGrained": {"global": ["repo.write"], "scoped": []}}}})
        refused = browser.post("/api/session/keys", json={"provider": "huggingface", "key": HUB_TOKEN + "2"})
        assert refused.status_code == 403 and "Inference Providers" in refused.json()["error"]["fix"]


@pytest.mark.parametrize(("data", "status", "left"), [
    ({"limit": 10, "limit_remaining": 4.5, "is_free_tier": False}, 201, 4.5),
    ({"limit": None, "limit_remaining": None, "is_free_tier": True}, 201, None),
    ({"is_management_key": True, "limit": None}, 201, None),
])  # fmt: skip
def test_openrouter_tells_what_is_left_on_a_key(door, other, data, status, left):
    other.pages["/v1/key"] = (200, {"data": data})
    with door.browser() as browser:
        answer = browser.post("/api/session/keys", json={"provider": "openrouter", "key": "sk-or-v1-0123456789", "base_url": other.base_url})
        assert answer.status_code == status
        if status == 201:
            assert answer.json()["report"]["remaining_usd"] == left
