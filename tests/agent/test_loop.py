"""The loop in one turn: what runs, in which order, what ends it, and what is left behind."""

import asyncio
import time

import pytest

from core.agent import wire
from core.agent.values import Decision, Limits
from core.events import ApprovalAsked, Cost, Noticed, Said, Text, ToolEnded, ToolStarted
from tests.agent.bench import play
from tests.agent.scripted import scripted


def test_a_reply_without_calls_ends_the_turn(tmp_path):
    with scripted([{"text": "Good morning.", "usage": {"cost": 0.5}}]) as server:
        played = play(server, tmp_path, lambda stage: stage.turn("hello"))
    assert played.ending.kind == "done"
    assert "".join(event.text for event in played.told(Text)) == "Good morning." == played.told(Said)[0].text
    assert [one["role"] for one in played.messages] == ["user", "assistant"]
    assert [event.receipt["cost_usd"] for event in played.told(Cost)] == [0.5] and played.told(Cost)[0].receipt["role"] == "code"
    assert [one["role"] for one in server.bodies[0]["messages"]] == ["system", "user"]
    assert all("meta" not in one for one in server.bodies[0]["messages"])


def test_calls_are_done_and_their_results_read(tmp_path):
    turns = [{"calls": [{"name": "write", "arguments": {"path": "new.py", "text": "x = 1\n"}}]}, {"text": "Written."}]
    with scripted(turns) as server:
        played = play(server, tmp_path, lambda stage: stage.turn("write it"))
    assert played.ending.kind == "done" and played.bench.files()["new.py"] == "x = 1\n"
    assert played.kinds == ["ToolStarted", "ToolEnded", "Said"]
    assert server.bodies[1]["messages"][-1] == {"role": "tool", "content": "new.py is written, 6 characters.", "tool_call_id": "call_1", "name": "write"}
