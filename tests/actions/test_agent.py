"""The actions of the agent as a person or a program calls them, at a real Local Hub."""

from __future__ import annotations

import asyncio

import httpx

from tests.agent.home import home, until
from tests.agent.scripted import scripted

DONE = {"text": "Done, as far as I can see."}


def told(story, turns, tmp_path, **settings):
    async def whole(server):
        async with home(tmp_path / "data", server, **settings) as at:
            return await story(at, server)

    with scripted(turns) as server:
        return asyncio.run(whole(server))


def test_an_approved_call_is_done_once_and_only_then(tmp_path):
    async def story(at, server):
        repo = (await at.do("hf_create_space", name="mine", runtime="static"))["repo"]
        server.script([{"calls": [{"name": "space_delete", "arguments": {"repo": repo}}]}, DONE, DONE])
        made = await at.do("agent_chat", message="tidy up", project=await at.page())
        assert made["ending"] == "approval"
        asked = next(one for one in await at.record(made["chat"]) if one["event"] == "ApprovalAsked")
        assert (asked["kind"], asked["arguments"]) == ("delete", {"repo": repo})
        assert (await at.do("space_status", repo=repo))["repo"] == repo
        for door in ("page", "cli", "mcp"):  # each is a person's; what is not theirs is the agent's
            assert (await at.wrong("agent_decide", chat=made["chat"], decisions=[], who=at.house.caller(door))).code == "invalid_input"
        word = [{"id": made["pending"][0]["id"], "approve": True, "feedback": "that one only"}]
        after = await at.do("agent_decide", chat=made["chat"], decisions=word)
        assert after["ending"] == "done" and "that one only" in str(server.bodies[-1]["messages"])
        assert (await at.wrong("space_status", repo=repo)).code == "not_found"
        assert (await at.wrong("agent_decide", chat=made["chat"], decisions=word)).code == "not_found"
        audit = [(row["door"], row["action"]) for row in at.house.store.audit() if row["action"] == "space_delete"]
        assert audit == [("agent", "space_delete")]

    told(story, [], tmp_path)


def test_text_is_of_the_turn_that_is_told_of_and_a_question_is_its_own_text(tmp_path):
    async def story(at, server):
        made = await at.do("agent_chat", message="hi", project=await at.page(), wait=False)
        await until(lambda: server.requests)
        stopped = await at.do("agent_stop", chat=made["chat"])
        assert stopped["text"].startswith("You stopped it")
        server.go.clear()
        going = await at.do("agent_chat", chat=made["chat"], wait=False)
        assert (going["ending"], going["text"]) == ("running", "")
        server.go.set()
        asked = await at.do("agent_follow", chat=made["chat"])
        assert (asked["ending"], asked["text"]) == ("question", "Which colour?")
        server.go.clear()
        answered = await at.do("agent_chat", chat=made["chat"], message="blue", wait=False)
        assert (answered["ending"], answered["text"]) == ("running", "")
        server.go.set()
        assert (await at.do("agent_follow", chat=made["chat"]))["text"] == DONE["text"]

    ask = {"calls": [{"name": "ask", "arguments": {"question": "Which colour?"}}], "hold": True}
    told(story, [{"text": "never", "hold": True}, ask, DONE | {"hold": True}], tmp_path)


def test_every_result_names_the_chat_by_its_id(tmp_path):
    async def story(at, server):
        made = await at.do("agent_chat", message="hi", project=await at.page())
        id = made["chat"]
        opened = await at.do("agent_open", chat=id)
        assert opened["about"]["id"] == id and opened["about"]["waiting"] == []
        seq = opened["events"][0]["seq"]
        rows = [
            made, opened, await at.do("agent_follow", chat=id), await at.do("agent_stop", chat=id), await at.do("agent_set", chat=id, title="x"),
            await at.do("agent_rewind", chat=id, seq=seq), await at.do("agent_delete", chat=id),
        ]  # fmt: skip
        assert [row["chat"] for row in rows] == [id] * len(rows)

    told(story, [DONE], tmp_path)


def test_trust_publishes_unasked_until_it_is_taken_back(tmp_path):
    deploy = {"name": "deploy_to_space", "arguments": {"name": "trusted-page", "visibility": "private"}}

    async def story(at, server):
        first = await at.do("agent_chat", message="publish it", project=await at.page())
        assert first["ending"] == "approval"
        chat = first["chat"]
        await at.do("agent_decide", chat=chat, decisions=[{"id": first["pending"][0]["id"], "approve": True}], trust_usd=0)
        (grant,) = (await at.do("agent_open", chat=chat))["about"]["trust"]
        assert (grant["repo"].split("/")[1], grant["class"], grant["usd_per_hour"]) == ("trusted-page", "publish", 0)
        assert (await at.do("agent_chats"))["items"][0]["trust"] == [grant]
        record = await at.record(chat)
        assert [one["grant"] for one in record if one["event"] == "ApprovalAsked"] == [{"repo": grant["repo"], "class": "publish"}]
        assert (await at.do("agent_chat", chat=chat, message="publish it now"))["ending"] == "done"
        given = [(one["approve"], one["by"]) for one in await at.record(chat) if one["event"] == "ApprovalGiven"]
        assert given == [(True, "person"), (True, "trust")]
        await at.do("agent_set", chat=chat, trust_usd=-1)
        assert (await at.do("agent_open", chat=chat))["about"]["trust"] == []
        assert (await at.do("agent_chat", chat=chat, message="publish again"))["ending"] == "approval"

    calls = {"calls": [deploy]}
    told(story, [calls, DONE, calls, DONE, calls], tmp_path)


def test_the_agent_is_offered_no_chats(tmp_path):
    calls = [
        {"name": "agent_decide", "arguments": {"chat": "x", "decisions": [{"id": "y", "approve": True}]}},
        {"name": "use_action", "arguments": {"name": "agent_set", "arguments": {"chat": "x", "trust_usd": 100}}},
    ]

    async def story(at, server):
        made = await at.do("agent_chat", message="hi", project=await at.page())
        ended = [one for one in await at.record(made["chat"]) if one["event"] == "ToolEnded"]
        assert [one["ok"] for one in ended] == [False, False]
        offered = [tool["function"]["name"] for tool in server.bodies[0]["tools"]]
        assert offered and not [name for name in offered if name.startswith("agent_")]

    told(story, [{"calls": calls}, DONE], tmp_path)


def test_a_chat_is_opened_in_pages_and_named_by_its_first_words(tmp_path):
    async def story(at, server):
        made = await at.do("agent_chat", message="please  make\nme " + "a very long wish " * 20, project=await at.page())
        assert made["title"].startswith("please make me a very") and len(made["title"]) <= 61
        first = await at.do("agent_open", chat=made["chat"], limit=2)
        assert (len(first["events"]), first["more"]) == (2, True)
        rest = await at.do("agent_open", chat=made["chat"], after=first["events"][-1]["seq"])
        assert not rest["more"] and rest["events"][-1]["seq"] == rest["last"] == first["last"]
        renamed = await at.do("agent_set", chat=made["chat"], title="Short", model="scripted-large")
        assert renamed["title"] == "Short"
        opened = (await at.do("agent_open", chat=made["chat"]))["about"]
        assert opened["model"] == "scripted-large"
        assert (await at.do("agent_set", chat=made["chat"], model=""))["title"] == "Short"
        assert (await at.do("agent_open", chat=made["chat"]))["about"]["model"] is None

    told(story, [DONE], tmp_path)


def test_the_reply_that_is_written_can_be_read(tmp_path):
    async def story(at, server):
        made = await at.do("agent_chat", message="hi", project=await at.page(), wait=False)
        await until(lambda: server.requests)

        async def so_far():
            return (await at.do("agent_open", chat=made["chat"]))["live"]["text"]

        assert "one two three".startswith((await until(so_far)).strip())
        await at.do("agent_stop", chat=made["chat"])
        assert (await so_far()) == ""
        assert [one["text"] for one in await at.record(made["chat"]) if one["event"] == "Said"]  # what came is kept

    told(story, [{"text": "one two three", "hold": True}], tmp_path)


def test_what_cannot_be_is_said(tmp_path):
    async def story(at, server):
        page = await at.page()
        assert (await at.wrong("agent_chat", message="  ")).code == "invalid_input"
        assert (await at.wrong("agent_chat", message="x" * 100_001)).code == "invalid_input"
        assert (await at.wrong("agent_chat", message="hi", project="f" * 32)).code == "not_found"
        assert (await at.wrong("agent_chat", message="hi", chat="nope")).code == "not_found"
        assert (await at.wrong("agent_chat", message="hi", limit_usd=-1)).code == "invalid_input"
        assert (await at.do("agent_chats"))["items"] == []
        made = await at.do("agent_chat", message="hi", project=page)
        assert (await at.wrong("agent_chat", chat=made["chat"])).code == "invalid_input"  # nothing to go on with
        assert (await at.wrong("agent_open", chat=made["chat"], limit=0)).code == "invalid_input"

    told(story, [DONE], tmp_path)


def test_spaces_that_may_do_it_already_are_told_once(tmp_path):
    async def story(at, server):
        made = await at.do("agent_chat", message="remove the background of a photo")
        similar = [one for one in await at.record(made["chat"]) if one["event"] == "Similar"]
        assert len(similar) == 1 and similar[0]["items"][0]["id"]
        told_first = str(server.bodies[0]["messages"])
        assert similar[0]["items"][0]["id"] in told_first and "<data source=" in told_first
        await at.do("agent_chat", chat=made["chat"], message="go on then")
        assert len([one for one in await at.record(made["chat"]) if one["event"] == "Similar"]) == 1

    told(story, [DONE, DONE], tmp_path)


def test_over_rest_a_chat_goes_on_without_its_caller(tmp_path):
    async def story(at, server):
        project = await at.page()
        async with httpx.AsyncClient(base_url=at.url, timeout=20) as client:
            try:
                await client.post("/api/actions/agent_chat", json={"message": "hi", "project": project}, timeout=0.5)
            except httpx.TimeoutException:
                pass  # the page was closed
            (chat,) = (await client.post("/api/actions/agent_chats", json={})).json()["items"]
            assert chat["status"] == "running"
            server.go.set()
            after = (await client.post("/api/actions/agent_follow", json={"chat": chat["id"]})).json()
            assert (after["ending"], after["text"]) == ("done", "the whole of it")

    told(story, [{"text": "the whole of it", "hold": True}], tmp_path)
