"""Servers of others: connected, listed, called; what they may see and what becomes of those that misbehave."""

import asyncio
import gzip

import pytest

from core.caller import ANONYMOUS, Caller
from core.errors import AppFailed, Conflict, Forbidden, InvalidInput, NotFound, SpacesError, Unauthorized
from core.events import Log
from core.hub import Hub
from core.outside import Connections, read_server
from core.secrets import Secret
from tests.outside.mcp_server import answering, huge, malformed, mcp_server, status

TOKEN = "hf_outside0123456789abcdef"
ME = Caller("session:me", token=Secret(TOKEN))


def connections(*, hub_mcp: str = "https://huggingface.co/mcp", private: bool = True, **more: float) -> Connections:
    return Connections(Hub("http://127.0.0.1:9", local=True), hub_mcp=hub_mcp, allow_private=private, **more)


def run(work):
    return asyncio.run(asyncio.wait_for(work, 60))


def test_a_server_is_connected_listed_called_and_forgotten():
    async def story(url):
        room = connections()
        told = await room.connect(ME, {"url": url, "name": "Sample"})
        assert told["name"] == "sample" and told["trouble"] is None
        assert {tool["name"] for tool in told["tools"]} == {"look_up", "remove_all", "fail", "slow", "picture", "long_text", "echo"}
        assert all(tool["asks"] for tool in told["tools"])  # its word that it only reads is not taken
        toolset = await room.toolset(ME)
        assert {tool.name for tool in toolset.tools()} >= {"sample_look_up", "sample_remove_all"}
        lines = []
        there = await toolset.call("sample_slow", {}, lines.append)
        failed = await toolset.call("sample_fail", {}, lines.append)
        wrong = await toolset.call("sample_look_up", {"wort": "x"}, lines.append)
        seen = await toolset.call("sample_picture", {}, lines.append)
        long = await toolset.call("sample_long_text", {}, lines.append)
        assert there.ok and there.text == "there" and [line.text for line in lines if isinstance(line, Log)] == ["half way"]
        assert not failed.ok and "no luck" in failed.text
        assert not wrong.ok and "word" in wrong.text
        assert seen.picture is not None and seen.picture.mime == "image/png"
        assert len(long.text) < 13_000 and "[cut:" in long.text
        assert (await room.listed(ME))[0]["id"] == told["id"]
        assert await room.listed(Caller("session:other")) == []
        with pytest.raises(NotFound):
            await room.call(Caller("session:other"), told["id"], "look_up", {"word": "x"})
        with pytest.raises(NotFound, match="no tool"):
            await room.call(ME, "sample", "explode", {})
        room.disconnect(ME, "sample")
        assert await room.listed(ME) == []

    with mcp_server() as server:
        run(story(server.url))


def test_what_says_it_reads_is_free_only_where_the_person_trusts_it():
    async def story(url):
        room = connections()
        told = await room.connect(ME, {"url": url, "trust_reads": True})
        asks = {tool["name"]: tool["asks"] for tool in told["tools"]}
        toolset = await room.toolset(ME)
        prefix = told["name"]
        return asks, toolset.kind(f"{prefix}_look_up"), toolset.kind(f"{prefix}_remove_all")

    with mcp_server() as server:
        asks, read, other = run(story(server.url))
    assert asks["look_up"] is False and asks["remove_all"] is True and (read, other) == ("read", "outside")


def test_a_header_reaches_its_own_server_only_and_the_hub_token_reaches_none_but_the_hubs():
    async def story(one, two):
        room = connections(hub_mcp=two)
        told = await room.connect(ME, {"url": one, "headers": {"Authorization": "Bearer sample-secret-123"}})
        assert told["headers"] == ["Authorization"] and "sample-secret" not in str(told)
        await room.connect(ME, {"url": two, "hub_token": True})
        with pytest.raises(InvalidInput, match="Hub's own"):
            await room.connect(ME, {"url": one + "/x", "hub_token": True})
        await room.call(ME, told["id"], "look_up", {"word": "x"})

    with mcp_server(needs="Bearer sample-secret-123") as one, mcp_server() as two:
        run(story(one.url, two.url))
        assert one.headers and all(TOKEN not in str(each) for each in one.headers)
        assert two.headers and all(each["authorization"] == f"Bearer {TOKEN}" for each in two.headers)
        assert all("sample-secret" not in str(each) for each in two.headers)


def test_a_server_that_wants_to_know_who_asks_is_not_kept():
    async def story(url):
        room = connections()
        with pytest.raises(Unauthorized, match="wants to know"):
            await room.connect(ME, {"url": url})
        return await room.listed(ME)

    with mcp_server(needs="Bearer x") as server:
        assert run(story(server.url)) == []


@pytest.mark.parametrize(
    "play",
    [
        status(500), status(404), status(429), status(200, b"<html>welcome</html>"), status(200, b"{", "application/json"),
        status(200, malformed(), "application/json"), status(302, Location="http://127.0.0.1:9/elsewhere"), huge,
    ],
    ids=["500", "404", "429", "html", "half-json", "nonsense", "redirect", "endless"],
)  # fmt: skip
def test_a_server_that_misbehaves_is_one_sentence(play):
    async def story(url):
        with pytest.raises(SpacesError) as trouble:
            await connections(patience=3).connect(ME, {"url": url, "headers": {"X-Key": "secret-header-value"}})
        return trouble.value

    with answering(play) as url:
        error = run(story(url))
    assert error.code in ("app_failed", "rate_limited", "timed_out", "invalid_input") and error.fix
    assert "secret-header-value" not in str(error.to_dict()) and "Traceback" not in error.message


def test_nobody_there():
    with pytest.raises(AppFailed, match="does not answer"):
        run(connections().connect(ME, {"url": "http://127.0.0.1:9/mcp"}))


@pytest.mark.parametrize("url", ["http://127.0.0.1:9/mcp", "https://127.0.0.1/mcp", "https://[::1]/mcp", "https://169.254.169.254/mcp", "https://localhost/mcp", "https://10.0.0.1/mcp"])
def test_a_public_instance_reaches_public_addresses_only(url):
    with pytest.raises(Forbidden):
        run(connections(private=False).connect(ME, {"url": url}))


def test_metadata_addresses_are_refused_everywhere():
    with pytest.raises(Forbidden):
        run(connections().connect(ME, {"url": "http://169.254.169.254/latest"}))


def test_no_two_servers_can_give_a_tool_the_same_name():
    from core.outside.connections import _tool_name

    one, two = (read_server({"url": "https://a.com", "name": name}, hub_mcp="https://huggingface.co/mcp") for name in ("a", "a_b"))
    assert _tool_name(one, "b_read") != _tool_name(two, "read")


def test_two_that_connect_together_keep_to_the_bound_and_to_one_name_each():
    async def story(url):
        room = connections()
        told = await asyncio.gather(*(room.connect(ME, {"url": f"{url}?{number}", "name": "same"}) for number in range(10)), return_exceptions=True)
        with pytest.raises(AppFailed):
            await connections().connect(ME, {"url": "http://127.0.0.1:9/mcp"})
        return [one for one in told if isinstance(one, Exception)], [one["name"] for one in await room.listed(ME)]

    with mcp_server() as server:
        refused, names = run(story(server.url))
    assert len(refused) == 2 and all(isinstance(one, Conflict) for one in refused) and len(set(names)) == 8


def test_a_server_that_shows_what_it_was_sent_shows_no_secret():
    key = "sample-secret-456"

    async def story(url):
        room, lines = connections(), []
        await room.connect(ME, {"url": url, "name": "sample", "headers": {"Authorization": f"Bearer {key}"}})
        text, _, _ = await room.call(ME, "sample", "echo", {"word": f"{key} {TOKEN}"}, lines.append)
        failed, _, _ = await room.call(ME, "sample", "echo", {"word": key, "fail": True})
        return text, failed, str(lines)

    with mcp_server(needs=f"Bearer {key}") as server:
        told = run(story(server.url))
    assert all("…" in one and key not in one and TOKEN not in one for one in told)


def test_strangers_connect_nothing():
    with pytest.raises(Unauthorized):
        run(connections().connect(Caller(ANONYMOUS), {"url": "http://127.0.0.1:9/mcp"}))


def test_there_is_a_bound_and_no_server_twice():
    async def story(url):
        room = connections()
        for number in range(8):
            await room.connect(ME, {"url": f"{url}?{number}", "name": "same"})
            with pytest.raises(Conflict):
                await room.connect(ME, {"url": f"{url}?{number}"})
        with pytest.raises(Conflict, match="8 servers"):
            await room.connect(ME, {"url": url})
        return [one["name"] for one in await room.listed(ME)]

    with mcp_server() as server:
        assert run(story(server.url)) == ["same", *(f"same{number}" for number in range(2, 9))]


@pytest.mark.parametrize(
    "given",
    [
        {}, {"url": "x"}, {"url": "ftp://a/b"}, {"url": "https://user:pw@a.com/mcp"}, {"url": "https://a.com", "space": "a/b"}, {"space": "no slash here"},
        {"url": "https://a.com", "headers": {"Host": "x"}}, {"url": "https://a.com", "headers": {"A": "two\nlines"}}, {"url": "https://a.com", "headers": {"A": ""}},
        {"url": "https://a.com", "headers": ["A"]}, {"url": "https://a.com", "command": "rm"}, {"space": "a/b", "headers": {"A": "b"}},
        {"url": "https://a.com", "headers": {f"A{number}": "b" for number in range(9)}}, {"url": "https://" + "a" * 3000}, {"url": 7},
    ],
)  # fmt: skip
def test_what_cannot_be_a_server(given):
    with pytest.raises(InvalidInput) as wrong:
        read_server(given, hub_mcp="https://huggingface.co/mcp")
    assert wrong.value.fix


def test_a_long_name_keeps_within_what_models_take_and_stays_unique():
    from core.outside.connections import _tool_name

    server = read_server({"url": "https://a.com", "name": "a very long name indeed for a server"}, hub_mcp="https://huggingface.co/mcp")
    names = [_tool_name(server, "tool" * 30 + end) for end in ("a", "b")]
    assert len(set(names)) == 2 and all(len(name) <= 64 and name.isidentifier() for name in names)


def test_what_a_server_compresses_is_not_unpacked():
    packed = status(200, gzip.compress(malformed()), "application/json", **{"Content-Encoding": "gzip"})
    with answering(packed) as url, pytest.raises(AppFailed, match="compresses"):
        run(connections(patience=3).connect(ME, {"url": url}))
