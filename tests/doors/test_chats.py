"""A chat's events over HTTP, as any reader of server-sent events gets them."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import httpx

from core.doors.chats import lines
from core.events import Said
from tests.agent.home import home, until
from tests.agent.scripted import scripted

DONE = {"text": "Done, as far as I can see."}


def told(story, turns, tmp_path, **settings):
    async def whole(server):
        async with home(tmp_path / "data", server, **settings) as at, httpx.AsyncClient(base_url=at.url, timeout=20) as client:
            return await story(at, server, client)

    with scripted(turns) as server:
        return asyncio.run(whole(server))


async def read(response: httpx.Response) -> AsyncIterator[dict[str, Any]]:
    """The events of a stream as `{id, event, data}`."""
    one: dict[str, Any] = {}
    async for line in response.aiter_lines():
        if not line and one:
            yield one
            one = {}
        elif ": " in line and not line.startswith(":"):
            name, value = line.split(": ", 1)
            one[name] = json.loads(value) if name == "data" else value


async def all_of(client: httpx.AsyncClient, chat: str, *, seen: list[dict[str, Any]] | None = None, **given: Any) -> list[dict[str, Any]]:
    """Everything until the stream ends; `seen` grows while it comes."""
    found = [] if seen is None else seen
    async with client.stream("GET", f"/api/chats/{chat}/events", **given) as response:
        assert response.status_code == 200 and response.headers["content-type"].startswith("text/event-stream")
        async for one in read(response):
            found.append(one)
    return found


def test_a_reader_gets_what_was_and_what_comes_and_the_end(tmp_path):
    async def story(at, server, client):
        made = await at.do("agent_chat", message="hi", project=await at.page(), wait=False)
        both: list[list[dict[str, Any]]] = [[], []]
        readers = [asyncio.create_task(all_of(client, made["chat"], seen=seen)) for seen in both]
        await until(lambda: all(any(one["event"] == "Text" for one in seen) for seen in both))
        server.go.set()
        await asyncio.gather(*readers)
        record = await at.record(made["chat"])
        for seen in both:
            assert [one["data"] for one in seen if "id" in one] == record
            assert [int(one["id"]) for one in seen if "id" in one] == [body["seq"] for body in record]
            assert [one["event"] for one in seen][-2:] == ["TurnEnded", "end"]
            assert not [one for one in seen if one["event"] == "Text" and "id" in one]

    told(story, [{"text": "the whole of it, word for word", "hold": True}], tmp_path)


def test_a_reader_that_comes_back_gets_what_it_has_not_seen(tmp_path):
    async def story(at, server, client):
        made = await at.do("agent_chat", message="hi", project=await at.page())
        record = await at.record(made["chat"])
        for given in ({"headers": {"last-event-id": "3"}}, {"params": {"after": "3"}}):
            assert [one["data"]["seq"] for one in await all_of(client, made["chat"], **given) if "id" in one] == [body["seq"] for body in record[3:]]
        assert [one["event"] for one in await all_of(client, made["chat"], params={"after": "9999"})] == ["end"]

    told(story, [DONE], tmp_path)


def test_a_reader_that_stays_sees_the_next_turn_and_its_leaving_is_noticed(tmp_path):
    async def story(at, server, client):
        made = await at.do("agent_chat", message="hi", project=await at.page())
        chat = next(iter(at.house.agents._live.values()))
        async with client.stream("GET", f"/api/chats/{made['chat']}/events", params={"stay": "true"}) as response:
            events = read(response)
            seen = []
            while seen.count("TurnEnded") < 2:
                seen.append((await anext(events))["event"])
                if seen.count("TurnEnded") == 1 and seen[-1] == "TurnEnded":
                    await at.do("agent_chat", chat=made["chat"], message="more")
            assert seen.count("UserSaid") == 2 and "end" not in seen
            assert chat.active
        await until(lambda: not chat.active)

    told(story, [DONE, DONE], tmp_path)


def test_what_is_wrong_is_an_error_and_no_stream(tmp_path):
    async def story(at, server, client):
        missing = await client.get("/api/chats/nope/events")
        assert (missing.status_code, missing.json()["error"]["code"]) == (404, "not_found")
        made = await at.do("agent_chat", message="hi", project=await at.page())
        number = await client.get(f"/api/chats/{made['chat']}/events", params={"after": "first"})
        assert number.status_code == 400

    told(story, [DONE], tmp_path)


def test_a_chat_of_a_session_is_read_with_that_session_alone(tmp_path):
    async def story(at, server, client):
        async with httpx.AsyncClient(base_url=at.url, timeout=20) as other:
            for one in (client, other):
                await one.post("/api/session")
            made = (await client.post("/api/actions/agent_chat", json={"message": "hi"})).json()
            assert (await all_of(client, made["chat"]))[-1]["event"] == "end"
            assert (await other.get(f"/api/chats/{made['chat']}/events")).status_code == 404
        async with httpx.AsyncClient(base_url=at.url, timeout=20) as nobody:
            assert (await nobody.get(f"/api/chats/{made['chat']}/events")).status_code == 401

    told(story, [DONE], tmp_path, public=True, share_owner_keys=True, hosts=("127.0.0.1",))


def test_while_nothing_happens_a_comment_says_so():
    async def story():
        go = asyncio.Event()

        async def events():
            await go.wait()
            yield Said(text="at last", seq=4)

        pieces = lines(events(), beat=0.01)
        assert [await anext(pieces), await anext(pieces)] == [": still here\n\n"] * 2
        go.set()
        rest = [piece async for piece in pieces]
        told = [piece for piece in rest if not piece.startswith(":")]
        assert told[0].startswith("id: 4\nevent: Said\ndata: {") and told[1] == "event: end\ndata: {}\n\n"

    asyncio.run(story())
