"""The scripted model is a server like any other: the router asks it, and it plays what the script says."""

import asyncio

import pytest

from core.errors import RateLimited
from core.providers import Interrupted, Prompt, Router, ToolCallDelta
from tests.agent.scripted import MODEL, keys_for, scripted

ASK = Prompt(messages=({"role": "user", "content": "hello"},), model=MODEL)


def test_it_speaks_thinks_and_calls_in_order():
    async def story(server):
        router = Router()
        first = await router.route(ASK, keys_for(server))
        pieces = [one async for one in router.stream(ASK, keys_for(server))]
        await router.close()
        return first, pieces

    with scripted([{"text": "hi", "reasoning": "hm"}, {"calls": [{"name": "add", "arguments": {"said": "<<hel+o>>"}}], "usage": {"cost": 0.5}}]) as server:
        first, pieces = asyncio.run(story(server))
    assert (first.text, first.reasoning, first.finish_reason) == ("hi", "hm", "stop")
    assert "".join(one.arguments for one in pieces if isinstance(one, ToolCallDelta)) == '{"said": "hello"}'
    assert (pieces[-1].finish_reason, pieces[-1].receipt.cost_usd) == ("tool_calls", 0.5)
    assert [body["messages"][0]["content"] for body in server.bodies] == ["hello", "hello"] and not server.left


def test_it_fails_dies_and_comes_to_its_end():
    async def story(server):
        router = Router()
        with pytest.raises(RateLimited):
            await router.route(ASK, keys_for(server))
        pieces = [one async for one in router.stream(ASK, keys_for(server), caller_id="another")]
        last = await router.route(ASK, keys_for(server), caller_id="a third")
        await router.close()
        return pieces[-1], last

    with scripted([{"status": 429, "retry_after": 60}, {"text": "one two three four five", "die_after": 1}]) as server:
        broken, last = asyncio.run(story(server))
    assert isinstance(broken, Interrupted) and broken.so_far == "one two thre"
    assert (last.text, server.over) == ("The script is over.", 1)
