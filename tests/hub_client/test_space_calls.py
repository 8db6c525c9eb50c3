"""What a hostile Space can do to whoever calls it or looks whether it serves: no token, nothing unpacked, nothing without end, no detour."""

from __future__ import annotations

import asyncio
import gzip
import json

import pytest
from tests.hub_client.playing_hub import answer, playing

from core.caller import Caller
from core.errors import AppFailed, TooLarge
from core.hub import Hub, answer_of, run_space_tool, space_tools
from core.hub.space_tools import _address
from core.secrets import Secret

ENDPOINTS = {"named_endpoints": {"/say": {"parameters": [], "returns": []}}}
ME = Caller("session:me")


def play(script, ask):
    """Run `ask(hub, playing)` against a Hub with the one Space a/b, whose address is played by `script(path below it)`."""

    async def whole():
        async def one(request):
            below = request.target.partition("/s/b")[2]
            if request.target.startswith("/s/b"):
                return script(below or "/", there.url)
            return answer({"id": "a/b", "host": f"{there.url}/s/b", "sdk": "gradio"}, Connection="close")

        async with playing(one) as there:
            hub = Hub(there.url, local=True)
            try:
                return await ask(hub, there)
            finally:
                await hub.close()

    return asyncio.run(whole())


def test_what_a_space_sends_compressed_is_not_unpacked():
    packed = gzip.compress(json.dumps(ENDPOINTS).encode())
    told = play(lambda path, url: answer(ENDPOINTS), lambda hub, there: space_tools(hub, ME, "a/b"))
    assert [one["name"] for one in told] == ["say"]
    with pytest.raises(AppFailed):
        play(lambda path, url: answer(body=packed, Content_Encoding="gzip"), lambda hub, there: space_tools(hub, ME, "a/b"))


def test_an_answer_to_the_call_itself_has_an_end():
    def script(path, url):
        return answer(ENDPOINTS) if path.endswith("/info") else answer(body=b"a" * 5_100_000, Connection="close")

    with pytest.raises(TooLarge):
        play(script, lambda hub, there: run_space_tool(hub, ME, "a/b", "say", {}))


@pytest.mark.parametrize("location, status, asked", [("/s/b/page", 200, 2), ("{elsewhere}/s/b/page", 307, 1), ("/s/b/", None, 5)])
def test_a_look_follows_a_spaces_own_redirects_and_no_other(location, status, asked):
    def script(path, url):
        there = location.format(elsewhere=url.replace("127.0.0.1", "localhost"))
        return answer("here") if path == "/page" else answer(status=307, Location=there)

    async def ask(hub, there):
        return await answer_of(hub, ME, f"{there.url}/s/b/", private=False), len(there.asked)

    assert play(script, ask) == (status, asked)


@pytest.mark.parametrize("private, headers", [(True, {"Authorization": "Bearer hf_spacecalls0123456789"}), (False, {})])
def test_the_token_goes_to_no_app_that_anybody_may_open(private, headers):
    async def whole():
        async def script(request):
            return answer({"id": "a/b", "host": "https://a-b.hf.space", "sdk": "gradio", "private": private}, Connection="close")

        async with playing(script) as there:
            hub = Hub(there.url)
            try:
                return await _address(hub, Caller("session:me", token=Secret("hf_spacecalls0123456789")), "a/b")
            finally:
                await hub.close()

    assert asyncio.run(whole()) == ("https://a-b.hf.space", headers)
