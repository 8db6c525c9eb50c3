"""Marks for prompt caching, as they arrive upstream: where they belong, and nowhere else."""

import copy
import json

import pytest

from core.providers import Prompt, build_prompt, row_of
from core.providers.caching import marked
from core.providers.compatible import request_body
from core.providers.values import Key
from tests.providers.conftest import key
from tests.providers.test_router import with_router

MARK = {"type": "ephemeral"}
TOOLS = tuple({"type": "function", "function": {"name": name, "parameters": {}}} for name in ("first", "last"))
MESSAGES = (
    {"role": "system", "content": "You build apps."},
    {"role": "user", "content": "Make one."},
    {"role": "assistant", "content": None, "tool_calls": [{"id": "1", "type": "function", "function": {"name": "first", "arguments": "{}"}}]},
    {"role": "tool", "tool_call_id": "1", "name": "first", "content": "the result"},
)


def sent(first, model, provider="openrouter", **more):
    asked = build_prompt(messages=MESSAGES, model=model, tools=TOOLS, **more)
    with_router(lambda router: router.route(asked, [key(first, provider)]))
    return first.requests[-1].body


@pytest.mark.parametrize("model", ["anthropic/claude-sonnet-5", "~anthropic/claude-opus-latest", "google/gemini-3-pro", "Anthropic/Claude-X:nitro"])
def test_openrouter_gets_three_marks_for_models_that_need_them(first, model):
    body = sent(first, model, cache=True)
    assert body["messages"][0]["content"] == [{"type": "text", "text": "You build apps.", "cache_control": MARK}]
    assert body["messages"][3] == {
        "role": "tool", "tool_call_id": "1", "name": "first", "content": [{"type": "text", "text": "the result", "cache_control": MARK}],
    }  # fmt: skip
    assert body["tools"] == [TOOLS[0], {**TOOLS[1], "cache_control": MARK}]
    assert json.dumps(body).count("cache_control") == 3


@pytest.mark.parametrize(
    ("provider", "model", "more"),
    [
        ("openrouter", "openai/gpt-5", {"cache": True}),
        ("openrouter", "deepseek/deepseek-v4", {"cache": True}),
        ("openrouter", "anthropic/claude-sonnet-5", {}),
        ("openai", "gpt-5", {"cache": True}),
        ("mine", "anthropic/claude-sonnet-5", {"cache": True}),
        ("huggingface", "anthropic/claude-sonnet-5", {"cache": True}),
    ],
)
def test_nobody_else_gets_any(first, provider, model, more):
    body = sent(first, model, provider, **more)
    assert "cache_control" not in json.dumps(body) and "cache" not in body
    assert body["messages"] == list(MESSAGES) and body["tools"] == list(TOOLS)


def test_litellms_anthropic_gets_them_by_its_own_name():
    row = row_of(Key(id="1", provider="anthropic"))
    body = request_body(Prompt(messages=MESSAGES, tools=TOOLS, cache=True), "anthropic/claude-opus-5", row, stream=False)
    assert json.dumps(body).count("cache_control") == 3


def test_a_list_of_parts_is_marked_at_its_last_text_and_the_prompt_stays_as_it_was():
    picture = {"type": "image_url", "image_url": {"url": "data:image/png;base64,AA"}}
    body = {"messages": [{"role": "user", "content": [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}, picture]}]}
    before = copy.deepcopy(body)
    parts = marked(body)["messages"][0]["content"]
    assert [("cache_control" in part) for part in parts] == [False, True, False] and body == before


def test_an_empty_text_carries_no_mark():
    body = marked({"messages": [{"role": "user", "content": "before"}, {"role": "tool", "tool_call_id": "1", "content": " "}], "tools": []})
    assert body["messages"][0]["content"][0]["cache_control"] == MARK and body["messages"][1]["content"] == " " and body["tools"] == []
    odd = {"messages": [{"role": "user", "content": []}, {"role": "assistant", "content": "x"}, {"role": "user", "content": None}]}
    assert "cache_control" not in json.dumps(marked(odd))
