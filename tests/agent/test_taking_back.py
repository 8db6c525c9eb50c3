"""Files and conversation agree after whatever is said, stopped, taken back and copied."""

from __future__ import annotations

import json
import random

import pytest

from tests.agent.home import until
from tests.agent.test_chats import DONE, EDIT, told

ASK = {"name": "ask", "arguments": {"question": "Which colour?", "choices": ["blue", "red"]}}


class Writer:
    """A model that writes the next number into the page for whatever it is told, then is done. holds: its next reply waits."""

    def __init__(self):
        self.number, self.holds = 0, False

    def __call__(self, body):
        last = body["messages"][-1]
        if last["role"] == "tool" or str(last["content"]).rstrip().endswith("</note>"):
            return {"text": f"Done, {self.number}.", "repeat": "forever"}
        self.number += 1
        held, self.holds = self.holds, False
        write = {"name": "project_write", "arguments": {"files": {"index.html": f"<h1>{self.number}</h1>\n"}}}
        return {"text": f"I write {self.number}.", "calls": [write], "hold": held, "repeat": "forever"}


def written(messages, project):
    """What the page holds, by what the conversation says was written into it."""
    done = {one["tool_call_id"] for one in messages if one["role"] == "tool" and one["meta"]["ok"]}
    texts = [json.loads(call["function"]["arguments"])["files"]["index.html"] for one in messages for call in one.get("tool_calls") or () if call["id"] in done]
    assert project not in (None, "") and all(project in one["content"] or one["role"] != "tool" for one in messages if one.get("tool_call_id") in done)
    return texts[-1] if texts else "<!doctype html><title>Page</title><h1>Hello</h1>\n"


async def agree(at, chat):
    """The files are what the conversation says, and every message of the person is in both records, in the same order."""
    about, record, messages = (await at.do("agent_open", chat=chat))["about"], await at.record(chat), at.messages(chat)
    await (await at.house.agents.open(_call(at), chat)).flush()
    project = about["project"]
    files = at.house.projects.get(project, at.who.id)
    assert files.snapshot()["index.html"].decode() == written(messages, project)
    said = [one for one in record if one["event"] == "UserSaid"]
    assert [one["text"] for one in said] == [one["content"] for one in messages if one["role"] == "user" and one["meta"]["kind"] == "said"]
    assert all(one["project"] == project and files.snapshot(one["revision"]) for one in said)
    calls = {call["id"] for one in messages for call in one.get("tool_calls") or ()}
    assert calls == {one["tool_call_id"] for one in messages if one["role"] == "tool"}
    return said


def _call(at):
    from core.registry import Call

    return Call(at.who, at.house)


@pytest.mark.parametrize("seed", range(6))
def test_files_and_conversation_agree_after_any_rewind_and_in_any_copy(tmp_path, seed):
    dice, writer = random.Random(seed), Writer()

    async def say_while_it_works(at, server, chat, number):
        writer.holds = True
        server.go.clear()
        before = len(server.requests)
        await at.do("agent_chat", chat=chat, message=f"first {number}", wait=False)
        await until(lambda: len(server.requests) > before)
        await at.do("agent_chat", chat=chat, message=f"and then {number}", wait=False)
        stopped = dice.random() < 0.3
        if stopped:
            await at.do("agent_stop", chat=chat)
        server.go.set()
        if not stopped:
            await at.do("agent_follow", chat=chat)

    async def story(at, server):
        chats = [(await at.do("agent_chat", message="begin", project=await at.page()))["chat"]]
        for number in range(9):
            chat = dice.choice(chats)
            said = await agree(at, chat)
            match dice.choice(("say", "meanwhile", "meanwhile", "rewind", "fork")):
                case "say":
                    assert (await at.do("agent_chat", chat=chat, message=f"say {number}"))["ending"] == "done"
                case "meanwhile":
                    await say_while_it_works(at, server, chat, number)
                case "rewind" if said:
                    spot = dice.choice(said)
                    done = await at.do("agent_rewind", chat=chat, seq=spot["seq"])
                    assert (done["text"], done["note"]) == (spot["text"], "") and done["project"]
                case "fork":
                    made = await at.do("agent_fork", chat=chat, seq=dice.choice(said)["seq"] if said and dice.random() < 0.5 else None)
                    chats.append(made["chat"])
            for one in chats:
                await agree(at, one)
        projects = [(await at.do("agent_open", chat=chat))["about"]["project"] for chat in chats]
        assert len(set(projects)) == len(chats)

    told(story, [writer], tmp_path)


def test_a_copy_taken_back_changes_the_copy_and_never_the_original(tmp_path):
    async def story(at, server):
        project = await at.page()
        made = await at.do("agent_chat", message="say goodbye", project=project)
        copied = await at.do("agent_fork", chat=made["chat"])
        read = lambda id: at.house.projects.get(id, at.who.id).snapshot()["index.html"]  # noqa: E731
        (seq,) = [one["seq"] for one in await at.record(copied["chat"]) if one["event"] == "UserSaid"]
        back = await at.do("agent_rewind", chat=copied["chat"], seq=seq)
        assert (back["project"], back["restored"], back["note"]) == (copied["project"], ["index.html"], "")
        assert b"Hello" in read(copied["project"]) and b"Goodbye" in read(project)
        await at.do("agent_chat", chat=copied["chat"], message="again")
        assert b"Goodbye" in read(copied["project"])
        assert [one.message for one in at.house.projects.get(copied["project"], at.who.id).history()][-1].startswith("Create Page")

    told(story, [{"calls": [EDIT]}, DONE, DONE, DONE, {"calls": [EDIT]}, DONE, DONE, DONE], tmp_path)


def test_a_copy_speaks_of_its_own_project_alone(tmp_path):
    async def story(at, server):
        project = await at.page()
        made = await at.do("agent_chat", message="say goodbye", project=project)
        assert project in str(await at.record(made["chat"])) and project in str(at.messages(made["chat"]))
        copied = await at.do("agent_fork", chat=made["chat"])
        await (await at.house.agents.open(_call(at), copied["chat"])).flush()
        for told_there in (await at.record(copied["chat"]), at.messages(copied["chat"])):
            assert project not in str(told_there) and copied["project"] in str(told_there)
        assert copied["title"] == "Copy of say goodbye" and (await at.do("agent_fork", chat=copied["chat"]))["title"] == "Copy of say goodbye"

    told(story, [{"calls": [EDIT]}, DONE, DONE, DONE], tmp_path)


def test_a_preview_of_the_original_is_not_named_in_the_copy():
    from core.agent.copying import renamed

    shown = {"role": "tool", "content": '{"preview": "0123456789", "url": "/p/0123456789-tokenTOKENtoken12/"}'}
    copied = renamed("a" * 32, "b" * 32, [shown])(shown)
    assert "0123456789" not in copied["content"]


def test_back_to_a_message_in_another_project_changes_that_one_again(tmp_path):
    async def story(at, server):
        first, second = await at.page(), await at.page()
        made = await at.do("agent_chat", message="say goodbye", project=first)
        await at.do("agent_chat", chat=made["chat"], message="and here", project=second)
        seq = [one["seq"] for one in await at.record(made["chat"]) if one["event"] == "UserSaid"][0]
        back = await at.do("agent_rewind", chat=made["chat"], seq=seq)
        assert (back["project"], back["restored"]) == (first, ["index.html"])

    told(story, [{"calls": [EDIT]}, DONE, DONE, DONE | {"repeat": "forever"}], tmp_path)


def test_what_becomes_of_the_project_is_said(tmp_path):
    async def story(at, server):
        project = await at.page()
        begun = await at.do("agent_chat", message="hello")
        await at.do("agent_chat", chat=begun["chat"], message="work here", project=project)
        seqs = [one["seq"] for one in await at.record(begun["chat"]) if one["event"] == "UserSaid"]
        back = await at.do("agent_rewind", chat=begun["chat"], seq=seqs[0])
        assert back["project"] is None and "stays among your projects" in back["note"] and at.house.projects.get(project, at.who.id)
        assert back["note"] in [one["text"] for one in await at.record(begun["chat"])][-1]
        await at.do("agent_chat", chat=begun["chat"], message="work here", project=project)
        await at.do("project_delete", project=project)
        seq = [one["seq"] for one in await at.record(begun["chat"]) if one["event"] == "UserSaid"][0]
        gone = await at.do("agent_rewind", chat=begun["chat"], seq=seq)
        assert gone["project"] is None and "was deleted" in gone["note"]

    told(story, [DONE | {"repeat": "forever"}], tmp_path)


def test_back_to_an_answer_the_question_has_none(tmp_path):
    async def story(at, server):
        made = await at.do("agent_chat", message="make it nice", project=await at.page())
        await at.do("agent_chat", chat=made["chat"], message="blue as the sea")
        seq = [one["seq"] for one in await at.record(made["chat"]) if one["event"] == "UserSaid"][1]
        await at.do("agent_rewind", chat=made["chat"], seq=seq)
        assert (await at.do("agent_chat", chat=made["chat"], message="red"))["ending"] == "done"
        sent = server.bodies[-1]["messages"]
        assert "blue as the sea" not in str(sent) and [one["role"] for one in sent[-3:]] == ["assistant", "tool", "user"]
        assert "taken back" in sent[-2]["content"]

    told(story, [{"calls": [ASK]}, DONE, DONE], tmp_path)


def test_what_was_written_while_it_works_is_lost_with_what_came_before_it(tmp_path):
    async def story(at, server):
        made = await at.do("agent_chat", message="first", project=await at.page(), wait=False)
        await until(lambda: server.requests)
        await at.do("agent_chat", message="second", chat=made["chat"], wait=False)
        await at.do("agent_stop", chat=made["chat"])
        seq = [one["seq"] for one in await at.record(made["chat"]) if one["event"] == "UserSaid"][0]
        await at.do("agent_rewind", chat=made["chat"], seq=seq)
        await at.do("agent_chat", message="third", chat=made["chat"])
        assert "second" not in str(server.bodies[-1]["messages"])
        assert [one["texts"] for one in await at.record(made["chat"]) if one["event"] == "Waiting"] == [[]]

    told(story, [{"text": "never", "hold": True}, DONE], tmp_path)


def test_what_waits_outlives_the_process(tmp_path):
    async def first(at, server):
        made = await at.do("agent_chat", message="first", project=await at.page(), wait=False)
        await until(lambda: server.requests)
        await at.do("agent_chat", message="second", chat=made["chat"], wait=False)
        return made["chat"]

    chat = told(first, [{"text": "never", "hold": True}], tmp_path)

    async def second(at, server):
        assert (await at.do("agent_chat", chat=chat))["ending"] == "done"
        assert [one["content"] for one in server.bodies[0]["messages"] if one["role"] == "user"][-1].endswith("second")

    told(second, [DONE], tmp_path)


def test_back_to_what_was_written_during_a_reply_keeps_what_that_reply_did(tmp_path):
    async def story(at, server):
        writer.holds = True
        made = await at.do("agent_chat", message="first", project=await at.page(), wait=False)
        await until(lambda: server.requests)
        await at.do("agent_chat", message="second", chat=made["chat"], wait=False)
        server.go.set()
        after = await at.do("agent_follow", chat=made["chat"])
        record = await at.record(made["chat"])
        order = [one["event"] for one in record if one["event"] in ("UserSaid", "Waiting", "ToolEnded")]
        assert order == ["UserSaid", "Waiting", "ToolEnded", "Waiting", "UserSaid", "ToolEnded"]
        read = lambda: at.house.projects.get(after["project"], at.who.id).snapshot()["index.html"]  # noqa: E731
        assert read() == b"<h1>2</h1>\n"
        back = await at.do("agent_rewind", chat=made["chat"], seq=[one["seq"] for one in record if one["event"] == "UserSaid"][1])
        assert back["text"] == "second" and read() == b"<h1>1</h1>\n"
        assert "<h1>1" in str(at.messages(made["chat"])) and "<h1>2" not in str(at.messages(made["chat"]))

    writer = Writer()
    told(story, [writer], tmp_path)


def test_a_copy_of_a_chat_that_works_is_of_that_moment_and_waits_for_nothing(tmp_path):
    async def story(at, server):
        made = await at.do("agent_chat", message="first", project=await at.page())
        writer.holds = True
        before = len(server.requests)
        await at.do("agent_chat", message="second", chat=made["chat"], wait=False)
        await until(lambda: len(server.requests) > before)
        await at.do("agent_chat", message="third", chat=made["chat"], wait=False)
        copied = await at.do("agent_fork", chat=made["chat"])
        server.go.set()
        await at.do("agent_follow", chat=made["chat"])
        assert [one["text"] for one in await agree(at, copied["chat"])] == ["first", "second"]
        assert [one["texts"] for one in await at.record(copied["chat"]) if one["event"] == "Waiting"][-1] == []
        assert [one["text"] for one in await agree(at, made["chat"])] == ["first", "second", "third"]

    writer = Writer()
    told(story, [writer], tmp_path)
