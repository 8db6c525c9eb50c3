"""Chats as a person has them: they outlive the page and the process, and every follower sees the same."""

from __future__ import annotations

import asyncio
import json
import shutil

import pytest

from core.events import TurnEnded
from core.registry import Call
from tests.agent.home import home, until
from tests.agent.scripted import KEY, scripted

CREATE = {"name": "project_create", "arguments": {"title": "Page", "files": {"index.html": "<h1>Hello</h1>"}, "sdk": "static"}}
EDIT = {"name": "project_edit", "arguments": {"edits": [{"path": "index.html", "search": "Hello", "replace": "Goodbye"}], "message": "greet"}}
DELETE = {"name": "space_delete", "arguments": {"repo": "somebody/theirs"}}
SLOW = {"text": "word by word " * 300, "slow": 0.05}
DONE = {"text": "Done, as far as I can see."}


def told(story, turns, tmp_path, **settings):
    """Run `story(home, server)` in a house whose model plays these turns."""

    async def whole(server):
        async with home(tmp_path / "data", server, **settings) as at:
            return await story(at, server)

    with scripted(turns) as server:
        return asyncio.run(whole(server))


def test_a_turn_is_kept_event_by_event_and_message_by_message(tmp_path):
    async def story(at, server):
        made = await at.do("agent_chat", message="A page that says hello, please")
        assert (made["ending"], made["text"], made["title"]) == ("done", DONE["text"], "A page that says hello, please")
        assert at.house.projects.get(made["project"], at.who.id).snapshot()["index.html"] == b"<h1>Hello</h1>"
        kinds = await at.kinds(made["chat"])
        assert kinds[0] == "UserSaid" and kinds[-1] == "TurnEnded"
        assert [kind for kind in kinds if kind.startswith("Tool")] == ["ToolStarted", "ToolEnded"]
        numbers = [one["seq"] for one in await at.record(made["chat"])]
        assert numbers == list(range(1, len(numbers) + 1))
        assert [event.seq for event in at.events if event.seq] == numbers  # who waits is told the same
        roles = [one["role"] for one in at.messages(made["chat"]) if (one.get("meta") or {}).get("kind") != "note"]
        assert roles[:3] == ["user", "assistant", "tool"] and roles[-1] == "assistant"
        listed = (await at.do("agent_chats"))["items"]
        assert [(one["id"], one["status"], one["project"]) for one in listed] == [(made["chat"], "done", made["project"])]

    told(story, [{"calls": [CREATE]}, DONE, DONE, DONE], tmp_path)


def test_two_who_follow_see_the_same_and_leaving_stops_nothing(tmp_path):
    async def story(at, server):
        made = await at.do("agent_chat", message="hi", project=await at.page(), wait=False)
        assert made["ending"] == "running"
        await until(lambda: server.requests)
        seen: list[list] = [[], []]

        async def follow(place: int) -> None:
            async for event in at.house.agents.follow(_call(at), made["chat"], 0):
                seen[place].append(event)

        leaving = asyncio.create_task(at.do("agent_follow", chat=made["chat"]))
        followers = [asyncio.create_task(follow(0)), asyncio.create_task(follow(1))]
        await until(lambda: all(any(type(event).__name__ == "Text" for event in one) for one in seen))
        leaving.cancel()
        server.go.set()
        await asyncio.gather(*followers)
        record = await at.record(made["chat"])
        for one in seen:
            assert [event.seq for event in one if event.seq] == [body["seq"] for body in record]
            pieces = "".join(event.text for event in one if type(event).__name__ == "Text")
            assert pieces and "the whole answer, word for word".startswith(pieces)
        assert isinstance(seen[0][-1], TurnEnded) and seen[0][-1].ending == "done"

    told(story, [{"text": "the whole answer, word for word", "hold": True}], tmp_path)


def test_words_said_while_it_works_reach_it_in_order(tmp_path):
    async def story(at, server):
        made = await at.do("agent_chat", message="first", project=await at.page(), wait=False)
        await until(lambda: server.requests)
        for words in ("second", "third"):
            assert (await at.do("agent_chat", message=words, chat=made["chat"], wait=False))["ending"] == "running"
        server.go.set()
        await at.do("agent_follow", chat=made["chat"])
        said = [one["content"] for one in at.messages(made["chat"]) if one.get("meta", {}).get("kind") == "said"]
        assert said == ["first", "second", "third"]
        assert "second" in str(server.bodies[-1]) and "third" in str(server.bodies[-1])

    told(story, [{"text": "one moment", "hold": True}, DONE, DONE], tmp_path)


def test_only_twenty_wait(tmp_path):
    async def story(at, server):
        made = await at.do("agent_chat", message="first", project=await at.page(), wait=False)
        await until(lambda: server.requests)
        for number in range(20):
            await at.do("agent_chat", message=f"more {number}", chat=made["chat"], wait=False)
        assert (await at.wrong("agent_chat", message="too much", chat=made["chat"], wait=False)).code == "conflict"
        await at.do("agent_stop", chat=made["chat"])
        waits = [one for one in await at.record(made["chat"]) if one["event"] == "Waiting"]
        assert len(waits[-1]["texts"]) == 20  # nobody read them: they wait for the next turn
        await at.do("agent_chat", message="and this", chat=made["chat"])
        record = await at.record(made["chat"])
        said = [one["text"] for one in record if one["event"] == "UserSaid"]
        assert said == ["first", *(f"more {number}" for number in range(20)), "and this"]
        assert said == [one["content"] for one in at.messages(made["chat"]) if one["meta"]["kind"] == "said"]
        assert [one for one in record if one["event"] == "Waiting"][-1]["texts"] == []

    told(story, [{"text": "one moment", "hold": True}], tmp_path)


def test_a_killed_process_leaves_an_interrupted_chat_that_goes_on(tmp_path):
    async def first(at, server):
        made = await at.do("agent_chat", message="say goodbye", project=await at.page(), wait=False)
        await until(lambda: len(server.requests) == 2)
        await (await at.house.agents.open(_call(at), made["chat"])).flush()
        shutil.copytree(tmp_path / "data", tmp_path / "killed")
        return made["chat"]

    chat = told(first, [{"calls": [EDIT]}, {"hold": True, "text": "never heard of"}], tmp_path)
    (tmp_path / "data").rename(tmp_path / "ended")
    (tmp_path / "killed").rename(tmp_path / "data")

    async def second(at, server):
        opened = await at.do("agent_open", chat=chat)
        assert opened["about"]["status"] == "interrupted"
        assert opened["events"][-1]["event"] == "TurnEnded" and opened["events"][-1]["ending"] == "interrupted"
        going = await at.do("agent_chat", chat=chat)
        assert going["ending"] == "done" and going["text"] == DONE["text"]
        said = str(server.bodies[0]["messages"])
        assert "say goodbye" in said and "Go on where you stopped" in said and "project_edit" in said
        assert at.house.projects.get(going["project"], at.who.id).snapshot()["index.html"].count(b"Goodbye") == 1

    told(second, [DONE, DONE, DONE], tmp_path)


def test_a_server_that_is_ended_says_so_in_the_chat(tmp_path):
    async def first(at, server):
        return (await at.do("agent_chat", message="hi", project=await at.page(), wait=False))["chat"]

    chat = told(first, [{"hold": True, "text": "never"}], tmp_path)

    async def second(at, server):
        record = await at.record(chat)
        assert [one["ending"] for one in record if one["event"] == "TurnEnded"] == ["interrupted"]

    told(second, [], tmp_path)


def test_stop_ends_a_reply_and_the_next_message_goes_on(tmp_path):
    async def story(at, server):
        made = await at.do("agent_chat", message="hi", project=await at.page(), wait=False)
        await until(lambda: server.requests)
        stopped = await at.do("agent_stop", chat=made["chat"])
        assert stopped["ending"] == "stopped"
        await until(lambda: server.requests[0].hung_up)
        assert (await at.kinds(made["chat"]))[-1] == "TurnEnded"
        again = await at.do("agent_chat", message="try this", chat=made["chat"])
        assert again["ending"] == "done"
        assert (await at.do("agent_stop", chat=made["chat"]))["ending"] == "done"  # nothing runs: nothing changes

    told(story, [SLOW, DONE], tmp_path)


def test_what_would_delete_waits_for_a_person_and_never_for_the_agent(tmp_path):
    async def story(at, server):
        made = await at.do("agent_chat", message="tidy up", project=await at.page())
        assert made["ending"] == "approval"
        (waiting,) = made["pending"]
        assert (waiting["name"], waiting["kind"]) == ("space_delete", "approval")
        decisions = [{"id": waiting["id"], "approve": True}]
        agent = at.house.caller("agent")
        for name, given in (
            ("agent_decide", {"decisions": decisions}), ("agent_set", {"trust_usd": -1}), ("agent_chat", {"message": "yes, delete it"}),
            ("agent_rewind", {"seq": 1}), ("agent_delete", {}), ("agent_stop", {}), ("agent_fork", {}), ("agent_save", {}),
        ):  # fmt: skip
            assert (await at.wrong(name, chat=made["chat"], who=agent, **given)).code == "forbidden"
        assert (await at.wrong("agent_decide", chat=made["chat"], decisions=[{"id": "call_x", "approve": True}])).code == "not_found"
        assert (await at.wrong("agent_chat", chat=made["chat"])).code == "conflict"
        refused = [{"id": waiting["id"], "approve": False, "feedback": "keep it"}]
        after = await at.do("agent_decide", chat=made["chat"], decisions=refused)
        assert after["ending"] == "done" and after["pending"] == []
        assert "keep it" in str(server.bodies[-1]["messages"])
        given = [one for one in await at.record(made["chat"]) if one["event"] == "ApprovalGiven"]
        assert [(one["approve"], one["by"], one["feedback"]) for one in given] == [(False, "person", "keep it")]

    told(story, [{"calls": [DELETE]}, DONE], tmp_path)


def test_something_else_instead_of_a_yes_refuses_what_waited(tmp_path):
    async def story(at, server):
        made = await at.do("agent_chat", message="tidy up", project=await at.page())
        after = await at.do("agent_chat", chat=made["chat"], message="rather write a poem")
        assert after["ending"] == "done" and after["pending"] == []
        given = [one for one in await at.record(made["chat"]) if one["event"] == "ApprovalGiven"]
        assert [(one["approve"], one["by"]) for one in given] == [(False, "message")]
        told_next = server.bodies[-1]["messages"]
        assert [one["role"] for one in told_next[-3:]] == ["assistant", "tool", "user"] and "poem" in told_next[-1]["content"]

    told(story, [{"calls": [DELETE]}, DONE], tmp_path)


def test_what_waits_still_waits_after_a_restart_and_half_of_a_word_is_kept(tmp_path):
    async def first(at, server):
        made = await at.do("agent_chat", message="tidy up", project=await at.page())
        assert len(made["pending"]) == 2
        half = await at.do("agent_decide", chat=made["chat"], decisions=[{"id": made["pending"][0]["id"], "approve": False}])
        assert half["ending"] == "approval"
        return made

    made = told(first, [{"calls": [DELETE, {"name": "space_delete", "arguments": {"repo": "somebody/else"}}]}], tmp_path)

    async def second(at, server):
        opened = (await at.do("agent_open", chat=made["chat"]))["about"]
        assert opened["pending"] == made["pending"] and opened["decided"] == [made["pending"][0]["id"]]
        after = await at.do("agent_decide", chat=made["chat"], decisions=[{"id": made["pending"][1]["id"], "approve": False}])
        assert after["ending"] == "done"
        assert str(server.bodies[0]["messages"]).count("the person refused it") == 2

    told(second, [DONE], tmp_path)


def test_the_answer_to_a_question_is_the_next_message(tmp_path):
    async def story(at, server):
        made = await at.do("agent_chat", message="make it nice", project=await at.page())
        assert (made["ending"], [one["kind"] for one in made["pending"]]) == ("question", ["question"])
        after = await at.do("agent_chat", chat=made["chat"], message="blue")
        assert after["ending"] == "done"
        sent = server.bodies[-1]["messages"]
        assert [one["role"] for one in sent[-3:]] == ["assistant", "tool", "user"]
        assert "blue" in sent[-2]["content"] and sent[-1]["content"] == "blue"

    told(story, [{"calls": [{"name": "ask", "arguments": {"question": "Which colour?", "choices": ["blue", "red"]}}]}, DONE], tmp_path)


def test_no_secret_is_kept_or_told_or_sent(tmp_path):
    token = "hf_" + "SECRETsecret0123456789abcdefgh"

    async def story(at, server):
        who = at.house.caller("rest")
        made = await at.do("agent_chat", message=f"use {token} and Bearer abcdef0123456789xyz", project=await at.page(), who=who)
        hub = who.token.reveal()
        for secret in (token, KEY, hub, "abcdef0123456789xyz", "sk-abcdefghijklmnop0123456789"):
            assert secret not in at.stored() and secret not in str([event.to_dict() for event in at.events])
            assert secret not in str([body["messages"] for body in server.bodies])
        assert "sk-" not in made["text"]
        chat = await at.house.agents.open(_call(at), made["chat"])
        await chat.task
        assert chat.secrets == () and KEY not in str(vars(chat))

    pieces = [{"text": f"Your key is {KEY}, and sk-abcdefghijklmnop0123456789 is another", "slow": 0.02}]
    told(story, pieces, tmp_path)


def test_what_a_chat_may_spend_ends_it_and_can_be_raised(tmp_path):
    async def story(at, server):
        made = await at.do("agent_chat", message="hi", project=await at.page(), limit_usd=0.5)
        assert made["ending"] == "done" and made["spent"]["usd"] == pytest.approx(0.6) and made["spent"]["roles"] == {"code": pytest.approx(0.6)}
        after = await at.do("agent_chat", chat=made["chat"], message="more")
        assert after["ending"] == "money" and "$0.50" in after["text"] and len(server.requests) == 1
        await at.do("agent_set", chat=made["chat"], limit_usd=5)
        assert (await at.do("agent_chat", chat=made["chat"]))["ending"] == "done"
        meters = [one for one in await at.record(made["chat"]) if one["event"] == "Spent"]
        assert [(round(one["usd"], 2), one["limit"]) for one in meters] == [(0.6, 0.5), (0.7, 5)]

    told(story, [DONE | {"usage": {"cost": 0.6}}, DONE | {"usage": {"cost": 0.1}}], tmp_path)


def test_a_project_that_is_deleted_meanwhile_ends_the_turn_and_the_chat_stays(tmp_path):
    async def story(at, server):
        project = await at.page()
        made = await at.do("agent_chat", message="hi", project=project, wait=False)
        await until(lambda: server.requests)
        await at.do("project_delete", project=project)
        server.go.set()
        after = await at.do("agent_follow", chat=made["chat"])
        assert after["ending"] == "failed" and "was deleted" in after["text"] and after["project"] is None
        assert (await at.do("agent_chat", chat=made["chat"], message="then talk"))["ending"] == "done"

    told(story, [{"calls": [EDIT], "hold": True}, DONE], tmp_path)


def test_a_model_that_stops_too_early_is_pushed_on(tmp_path):
    todo = {"name": "plan", "arguments": {"items": [{"text": "write the page", "state": "done"}, {"text": "look at it", "state": "pending"}]}}

    async def story(at, server):
        made = await at.do("agent_chat", message="a page")
        assert made["ending"] == "done" and len(server.requests) == 4
        pushed = server.bodies[2]["messages"][-1]
        assert pushed["role"] == "user" and "look at it" in pushed["content"] and "app_verify" in pushed["content"]
        await at.do("agent_chat", chat=made["chat"], message="which template is it?")
        assert len(server.requests) == 5  # the same words again would be two more, for a plain question
        await at.do("agent_chat", chat=made["chat"], message="then change it")
        assert len(server.requests) == 9 and "app_verify" in server.bodies[7]["messages"][-1]["content"]

    told(story, [{"calls": [todo, CREATE]}, DONE, DONE, DONE, DONE, {"calls": [EDIT]}, DONE, DONE, DONE], tmp_path)


def test_without_a_key_the_rules_answer_and_say_what_a_key_would_add(tmp_path):
    async def story(at):
        made = await at.do("agent_chat", message="a static page with a pomodoro timer")
        assert made["ending"] == "done" and made["project"] and "With a key" in made["text"] and made["spent"] == {}
        kinds = await at.kinds(made["chat"])
        assert "Step" in kinds and "Said" in kinds
        after = await at.do("agent_chat", chat=made["chat"], message="make it blue")
        assert after["ending"] == "done" and "no key of" in after["text"] and after["project"] == made["project"]
        other = await at.do("agent_chat", message="qqqq zzzz xxxx")
        assert other["project"] is None and "With a key" in other["text"]

    async def whole():
        async with home(tmp_path / "data") as at:
            await story(at)

    asyncio.run(whole())


def test_a_caller_nothing_tells_apart_gets_nothing_kept_and_nobody_sees_anothers(tmp_path):
    async def story(at, server):
        nobody, one, other = at.house.caller("rest"), at.house.caller("page", session="a"), at.house.caller("page", session="b")
        for name, given in (("agent_chat", {"message": "hi"}), ("agent_chats", {}), ("agent_open", {"chat": "x"})):
            assert (await at.wrong(name, who=nobody, **given)).code == "unauthorized"
        made = await at.do("agent_chat", message="hi", who=one, wait=False)
        await at.do("agent_stop", chat=made["chat"], who=one)
        for name in ("agent_open", "agent_stop", "agent_follow", "agent_export", "agent_fork"):
            assert (await at.wrong(name, chat=made["chat"], who=other)).code == "not_found"
        assert (await at.do("agent_chats", who=other))["items"] == []

    told(story, [DONE], tmp_path, public=True, share_owner_keys=True, hosts=("127.0.0.1",))


def test_eight_work_at_once_and_the_ninth_is_told(tmp_path):
    async def story(at, server):
        page = await at.page()
        chats = [(await at.do("agent_chat", message="hi", project=page, wait=False))["chat"] for _ in range(8)]
        assert (await at.wrong("agent_chat", message="hi", project=page)).code == "rate_limited"
        await at.do("agent_stop", chat=chats[0])
        assert (await at.do("agent_chat", message="hi", project=page, wait=False))["ending"] == "running"

    told(story, [{"hold": True, "text": "later", "repeat": "forever"}], tmp_path)


def test_back_to_a_message_with_the_files_as_they_were(tmp_path):
    async def story(at, server):
        project = await at.page()
        first = await at.do("agent_chat", message="look", project=project)
        chat = first["chat"]
        await at.do("agent_chat", chat=chat, message="say goodbye")
        files = at.house.projects.get(project, at.who.id)
        assert b"Goodbye" in files.snapshot()["index.html"]
        seq = [one["seq"] for one in await at.record(chat) if one["event"] == "UserSaid"][1]
        assert (await at.wrong("agent_rewind", chat=chat, seq=seq + 1)).code == "invalid_input"
        back = await at.do("agent_rewind", chat=chat, seq=seq)
        assert (back["text"], back["restored"]) == ("say goodbye", ["index.html"])
        assert b"Hello" in files.snapshot()["index.html"]
        kinds = await at.kinds(chat)
        assert kinds.count("UserSaid") == 1 and kinds[-1] == "Noticed"
        assert all(one["seq"] < seq or one["event"] in ("FileChanged", "Noticed") for one in await at.record(chat))
        assert [one["content"] for one in at.messages(chat) if one["role"] == "user"] == ["look"]
        await at.do("project_undo", project=project)
        assert b"Goodbye" in files.snapshot()["index.html"]
        assert (await at.do("agent_chat", chat=chat, message="say it otherwise"))["ending"] == "done"
        assert "goodbye" not in str(server.bodies[-1]["messages"]).lower()

    told(story, [DONE, {"calls": [EDIT]}, DONE, DONE, DONE, DONE], tmp_path)


def test_a_copy_goes_its_own_way(tmp_path):
    async def story(at, server):
        project = await at.page()
        first = await at.do("agent_chat", message="look", project=project)
        await at.do("agent_chat", chat=first["chat"], message="say goodbye")
        record = await at.record(first["chat"])
        seq = [one["seq"] for one in record if one["event"] == "UserSaid"][1]
        early = await at.do("agent_fork", chat=first["chat"], seq=seq)
        whole = await at.do("agent_fork", chat=first["chat"])
        read = lambda id: at.house.projects.get(id, at.who.id).snapshot()["index.html"]  # noqa: E731
        assert b"Hello" in read(early["project"]) and b"Goodbye" in read(whole["project"]) and len({project, early["project"], whole["project"]}) == 3
        assert [one["event"] for one in await at.record(whole["chat"])] == [one["event"] for one in record]
        assert [one["event"] for one in await at.record(early["chat"])] == [one["event"] for one in record if one["seq"] < seq]
        assert (await at.do("agent_chat", chat=early["chat"], message="go another way"))["ending"] == "done"
        assert len(await at.record(first["chat"])) == len(record)

    told(story, [DONE, {"calls": [EDIT]}, DONE, DONE, DONE, DONE, DONE], tmp_path)


def test_an_export_holds_what_was_said_and_done(tmp_path):
    async def story(at, server):
        made = await at.do("agent_chat", message="say ``` goodbye", project=await at.page())
        readable = await at.do("agent_export", chat=made["chat"])
        whole = await at.do("agent_export", chat=made["chat"], format="json")
        assert "## You" in readable["text"] and "project_edit" in readable["text"] and DONE["text"] in readable["text"]
        kept = json.loads(whole["text"])
        assert kept["events"] == await at.record(made["chat"]) and kept["messages"] == at.messages(made["chat"])

    told(story, [{"calls": [EDIT]}, DONE, DONE, DONE], tmp_path)


def test_a_chat_is_saved_to_a_private_dataset_and_never_to_a_public_one(tmp_path):
    async def story(at, server):
        made = await at.do("agent_chat", message="hi", project=await at.page())
        kept = await at.do("agent_save", chat=made["chat"])
        api = at.house.hub.api(at.who)
        ask = at.house.hub.ask
        info = await ask(at.who, lambda api: api.dataset_info(kept["repo"]), doing="look")
        assert info.private and info.sha == kept["revision"]
        assert {f"{made['chat']}.json", f"{made['chat']}.md", "README.md"} <= {one.rfilename for one in info.siblings}
        again = await at.do("agent_save", chat=made["chat"])
        assert again["repo"] == kept["repo"]
        await asyncio.to_thread(api.update_repo_settings, kept["repo"], repo_type="dataset", private=False)
        assert (await at.wrong("agent_save", chat=made["chat"])).code == "forbidden"

    told(story, [DONE], tmp_path)


def test_a_deleted_chat_is_gone_with_its_turn(tmp_path):
    async def story(at, server):
        project = await at.page()
        made = await at.do("agent_chat", message="hi", project=project, wait=False)
        await until(lambda: server.requests)
        assert (await at.do("agent_delete", chat=made["chat"]))["deleted"]
        assert (await at.wrong("agent_open", chat=made["chat"])).code == "not_found"
        assert at.house.store.chat_events(made["chat"]) == [] and at.house.projects.get(project, at.who.id)
        await until(lambda: server.requests[0].hung_up)

    told(story, [SLOW], tmp_path)


def _call(at):
    return Call(at.who, at.house)


def test_a_turn_that_is_stopped_before_its_first_step_has_ended_too(tmp_path):
    async def story(at, server):
        chat, _ = await at.house.agents.send(_call(at), "hi", project=await at.page())
        await at.house.agents.stop(_call(at), chat.id)  # nothing ran in between
        assert (chat.busy, chat.row["status"], chat.secrets) == (False, "stopped", ())
        assert (await at.do("agent_chat", chat=chat.id))["ending"] == "done" and len(server.requests) == 1

    told(story, [DONE], tmp_path)


def test_two_messages_at_the_same_moment_are_one_turn(tmp_path):
    async def story(at, server):
        made = await at.do("agent_chat", message="hi", project=await at.page())
        await asyncio.gather(*(at.do("agent_chat", chat=made["chat"], message=words) for words in ("one", "two")))
        said = [one["content"] for one in at.messages(made["chat"]) if one.get("meta", {}).get("kind") == "said"]
        assert sorted(said) == ["hi", "one", "two"]
        assert said == [one["text"] for one in await at.record(made["chat"]) if one["event"] == "UserSaid"]
        assert at.messages(made["chat"])[-1]["role"] == "assistant"

    told(story, [DONE | {"repeat": "forever"}], tmp_path)


def test_a_copy_of_a_chat_that_waits_does_not_wait(tmp_path):
    async def story(at, server):
        made = await at.do("agent_chat", message="tidy up", project=await at.page())
        copied = await at.do("agent_fork", chat=made["chat"])
        assert made["pending"] and not copied["pending"]
        assert (await at.do("agent_chat", chat=copied["chat"], message="leave it"))["ending"] == "done"
        sent = server.bodies[-1]["messages"]
        assert [one["role"] for one in sent][-3:] == ["assistant", "tool", "user"]
        assert (await at.do("agent_open", chat=made["chat"]))["about"]["pending"] == made["pending"]

    told(story, [{"calls": [DELETE]}, DONE], tmp_path)


def test_a_secret_only_this_caller_has_is_not_in_a_copy_either(tmp_path):
    async def story(at, server):
        made = await at.do("agent_chat", message="hi", project=await at.page())
        copied = await at.do("agent_fork", chat=made["chat"])
        assert at.who.token.reveal() not in at.stored() and copied["text"] == made["text"]

    def leaks(body):
        return {"text": f"The key is {KEYS[0]}, I think."}

    KEYS: list[str] = []

    async def whole(server):
        async with home(tmp_path / "data", server) as at:
            KEYS.append(at.who.token.reveal())
            await story(at, server)

    with scripted([leaks]) as server:
        asyncio.run(whole(server))


def test_a_session_that_ends_takes_its_chats_and_their_turns_with_it(tmp_path):
    async def story(at, server):
        one, other = at.house.caller("page", session="a"), at.house.caller("page", session="b")
        made = [await at.do("agent_chat", message="hi", who=who, wait=False) for who in (one, other)]
        await until(lambda: len(server.requests) == 2)
        tasks = [chat.task for chat in at.house.agents._live.values()]
        at.house.agents.forget(one.id)
        await until(tasks[0].done)
        assert (await at.wrong("agent_open", chat=made[0]["chat"], who=one)).code == "not_found"
        assert (await at.do("agent_open", chat=made[1]["chat"], who=other))["about"]["status"] == "running"
        assert at.house.store.chats(one.id) == [] and at.house.store.chat_events(made[0]["chat"]) == []

    told(story, [SLOW | {"repeat": 2}], tmp_path, public=True, share_owner_keys=True, hosts=("127.0.0.1",))
