"""Providers with a wire of their own, by the real litellm, against an upstream that speaks Anthropic's Messages API."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from core.errors import InvalidInput, SpacesError, Unauthorized
from core.providers import Finished, Key, Router, Text, ToolCallDelta, Usage, exotic, litellm_available
from core.secrets import Secret
from tests.providers.conftest import FIRST_KEY, SECOND_KEY, ask, key, run
from tests.providers.upstream import PLAYS, Upstream, Wire, status


async def claude(wire: Wire) -> None:
    """A text and a tool call in Anthropic's shape, whole or as its events."""
    usage = {"input_tokens": 7, "output_tokens": 3}
    call = {"type": "tool_use", "id": "toolu_1", "name": "add", "input": {"a": 1}}
    base = {"id": "msg_1", "type": "message", "role": "assistant", "model": "claude", "stop_sequence": None}
    if not wire.seen.body.get("stream"):
        text = {"type": "text", "text": "hello"}
        await wire.answer(200, {**base, "content": [text, call], "stop_reason": "tool_use", "usage": usage})
        return
    await wire.begin_stream()
    for name, data in (
        ("message_start", {"message": {**base, "content": [], "stop_reason": None, "usage": {"input_tokens": 7, "output_tokens": 1}}}),
        ("content_block_start", {"index": 0, "content_block": {"type": "text", "text": ""}}),
        ("content_block_delta", {"index": 0, "delta": {"type": "text_delta", "text": "hel"}}),
        ("content_block_delta", {"index": 0, "delta": {"type": "text_delta", "text": "lo"}}),
        ("content_block_stop", {"index": 0}),
        ("content_block_start", {"index": 1, "content_block": {**call, "input": {}}}),
        ("content_block_delta", {"index": 1, "delta": {"type": "input_json_delta", "partial_json": '{"a": 1}'}}),
        ("content_block_stop", {"index": 1}),
        ("message_delta", {"delta": {"stop_reason": "tool_use", "stop_sequence": None}, "usage": {"output_tokens": 3}}),
        ("message_stop", {}),
    ):
        await wire.chunk(f"event: {name}\ndata: {json.dumps({'type': name, **data})}\n\n".encode())
    await wire.end_stream()


async def echoes(wire: Wire) -> None:
    """An error that quotes the key."""
    await wire.answer(400, {"type": "error", "error": {"type": "invalid_request_error", "message": f"bad: {wire.seen.headers.get('x-api-key')}"}})


PLAYS.update({"claude": claude, "claude-echo": echoes, "claude-429": status(429, {"type": "rate_limit_error", "message": "slow down"})})
TOOL = {"type": "function", "function": {"name": "add", "parameters": {"type": "object", "properties": {"a": {"type": "integer"}}}}}


@pytest.fixture(autouse=True)
def no_key_of_the_process(monkeypatch):
    """A key of the process that litellm would take if it were given none."""
    monkeypatch.setenv("ANTHROPIC_API_KEY", SECOND_KEY)
    monkeypatch.setenv("OPENAI_API_KEY", SECOND_KEY)


def anthropic(at: Upstream, **more):
    return key(f"http://127.0.0.1:{at.port}", "anthropic", **{"owner": "instance", **more})


def with_router(use):
    async def main():
        router = Router()
        try:
            return await use(router)
        finally:
            await router.close()

    return run(main())


def test_the_room_is_imported_without_litellm():
    code = "import sys, core.providers; sys.exit('litellm' in sys.modules or 'openai' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], env={**os.environ, "PYTHONPATH": os.getcwd()}).returncode == 0
    assert litellm_available()


def test_a_whole_answer(first):
    got = with_router(lambda router: router.route(ask("claude", tools=(TOOL,)), [anthropic(first)]))
    assert got.text == "hello" and got.finish_reason == "tool_calls" and got.usage == Usage(prompt=7, completion=3)
    assert json.loads(got.tool_calls[0]["function"]["arguments"]) == {"a": 1} and got.tool_calls[0]["function"]["name"] == "add"
    assert first.requests[0].headers["x-api-key"] == FIRST_KEY and SECOND_KEY not in first.received


def test_a_streamed_answer(first):
    async def use(router):
        return [item async for item in router.stream(ask("claude", tools=(TOOL,)), [anthropic(first)])]

    *items, last = with_router(use)
    assert "".join(item.text for item in items if isinstance(item, Text)) == "hello"
    calls = [item for item in items if isinstance(item, ToolCallDelta)]
    assert calls[0].name == "add" and json.loads("".join(call.arguments for call in calls)) == {"a": 1}
    assert isinstance(last, Finished) and last.finish_reason == "tool_calls" and last.usage == Usage(prompt=7, completion=3)


def test_a_failure_is_tried_once_and_the_next_one_answers(first, second):
    second.script[:] = ["ok"]
    got = with_router(lambda router: router.route(ask("claude-429"), [anthropic(first), key(second, "other", secret=SECOND_KEY)]))
    assert [(a.provider, a.status, a.outcome) for a in got.receipt.attempts] == [("anthropic", 429, "next"), ("other", 200, "answered")]
    assert len(first.requests) == 1 and FIRST_KEY not in second.received and SECOND_KEY not in first.received


def test_an_error_names_neither_keys_nor_local_paths(first):
    with pytest.raises(InvalidInput) as caught:
        with_router(lambda router: router.route(ask("claude-echo"), [anthropic(first)]))
    told = json.dumps(caught.value.to_dict())
    assert FIRST_KEY not in told and "site-packages" not in told and "Traceback" not in told and caught.value.__cause__ is None


def test_litellm_is_never_called_without_a_key(first):
    with pytest.raises(Unauthorized):
        with_router(lambda router: router.route(ask("claude"), [anthropic(first, secret=None)]))
    assert first.requests == []


def test_a_visitor_gives_it_no_address(first):
    with pytest.raises(InvalidInput):
        with_router(lambda router: router.route(ask("claude"), [anthropic(first, owner="visitor")]))
    assert first.requests == []


def test_an_unknown_provider_without_an_address_is_told_as_such():
    given = Key(id="x", provider="no-such-provider", secret=Secret(FIRST_KEY))
    with pytest.raises(SpacesError) as caught:
        with_router(lambda router: router.route(ask("m"), [given]))
    assert "no-such-provider" in caught.value.message and caught.value.fix


def test_forgetting_a_key_evicts_the_clients_made_with_it():
    import litellm

    cache = litellm.in_memory_llm_clients_cache
    cache.set_cache(f"async_openai-{FIRST_KEY}-x", object())
    cache.set_cache(f"async_openai-{SECOND_KEY}-x", object())
    assert exotic.forget(Secret(FIRST_KEY)) == 1
    assert FIRST_KEY not in str(list(cache.cache_dict)) and SECOND_KEY in str(list(cache.cache_dict))
    exotic.forget(Secret(SECOND_KEY))
