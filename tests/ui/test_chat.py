"""A chat reduced from its events: what stands, what still changes, what the right side must show again."""

from __future__ import annotations

from core.events import (
    ApprovalAsked, ApprovalGiven, Cost, Deployed, FileChanged, Noticed, Question, Reasoning, Said, Similar, Spent, Step, SubAgent, Text, Todo,
    ToolCall, ToolEnded, ToolStarted, TurnEnded, UserSaid,
)  # fmt: skip
from ui.parts.chat import Chat, pending, rested, running, settled
from ui.parts.chat_events import advance


def after(*events, chat=None) -> Chat:
    return advance(chat or Chat(), [event.to_dict() for event in events])


def kinds(chat: Chat) -> list[str]:
    return [one.kind for one in chat.entries]


def started(id: str, name: str = "project_read", **more):
    return ToolStarted(id=id, name=name, title=name.replace("_", " "), **more)


def ended(id: str, name: str = "project_read", **more):
    return ToolEnded(id=id, name=name, **{"ok": True, "text": "fine", "seconds": 0.4, **more})


def test_pieces_of_a_reply_are_live_and_the_whole_reply_takes_their_place():
    coming = after(UserSaid(text="hello", seq=1), Reasoning(text="hm "), Text(text="He"), Text(text="llo"))
    assert (coming.text, coming.thoughts, coming.working, kinds(coming)) == ("Hello", "hm ", True, ["said"])
    whole = after(Said(text="Hello.", seq=2), chat=coming)
    assert (whole.text, whole.thoughts) == ("", "")
    assert whole.entries[1].data["text"] == "Hello." and whole.entries[1].data["reasoning"] == "hm "
    assert whole.seq == 2


def test_what_came_of_a_reply_that_broke_off_stays():
    chat = after(UserSaid(text="hello"), Text(text="so fa"), TurnEnded(ending="stopped"))
    assert kinds(chat) == ["said", "reply", "ended"] and chat.entries[1].data["cut"] and not chat.working


def test_settled_is_everything_before_the_first_call_under_way():
    chat = after(UserSaid(text="x"), started("a"), started("b"), ended("b"))
    assert settled(chat) == 1  # b is over, and stands behind a, which is not
    assert settled(after(ended("a"), chat=chat)) == 3


def test_settled_entries_are_the_same_objects_afterwards():
    before = after(UserSaid(text="x"), started("a"), ended("a"))
    later = after(Said(text="ok"), started("a"), ended("a", text="again"), TurnEnded(ending="done"), chat=before)
    assert all(old is new for old, new in zip(before.entries, later.entries, strict=False))
    assert later.entries[3].data["text"] == "again"  # an id that is used again is another call


def test_a_call_that_was_refused_before_it_began_is_shown_as_failed():
    chat = after(UserSaid(text="x"), ended("z", ok=False, text="There is no such tool."))
    assert kinds(chat) == ["said", "tool"] and chat.entries[1].data["ok"] is False and not chat.entries[1].open


def test_the_end_of_a_turn_closes_what_was_under_way():
    chat = after(UserSaid(text="x"), started("a"), SubAgent(id="r1", label="research: x"), TurnEnded(ending="stopped", text="Stopped."))
    assert settled(chat) == len(chat.entries) and chat.entries[1].data["unfinished"]
    assert chat.entries[-1].data["ending"] == "stopped"


def test_an_approval_waits_through_the_end_of_the_turn_until_it_is_given():
    waits = after(UserSaid(text="x"), ApprovalAsked(id="d", name="deploy_to_space", title="Deploy", kind="publish", reason="It publishes."), TurnEnded(ending="approval"))
    assert [one.data["id"] for one in pending(waits)] == ["d"] and not waits.working
    given = after(ApprovalGiven(id="d", approve=False, feedback="not yet"), chat=waits)
    assert pending(given) == () and given.entries[1].data["approve"] is False and given.entries[1].data["feedback"] == "not yet"


def test_a_question_is_answered_by_the_next_message():
    asked = after(UserSaid(text="x"), Question(id="q", text="Which?", choices=("a", "b")), TurnEnded(ending="question"))
    assert [one.kind for one in pending(asked)] == ["question"]
    assert pending(after(UserSaid(text="a"), chat=asked)) == ()


def test_what_is_said_while_a_reply_or_a_call_is_under_way_waits_until_the_next_reply():
    writing = after(UserSaid(text="x", seq=1), Text(text="I am "), UserSaid(text="and blue", seq=3), Text(text="writing"))
    assert writing.text == "I am writing" and [one["text"] for one in writing.waiting] == ["and blue"]
    calling = after(Said(text="I am writing."), started("a"), UserSaid(text="and round", seq=6), ended("a"), chat=writing)
    assert kinds(calling) == ["said", "reply", "tool"] and len(calling.waiting) == 2
    read = after(Text(text="Blue"), chat=calling)
    assert read.waiting == () and [one.data["text"] for one in read.entries[3:]] == ["and blue", "and round"]
    over = after(TurnEnded(ending="stopped"), chat=writing)
    assert over.waiting == () and kinds(over)[-1] == "ended" and "and blue" in repr(over.entries)


def test_what_waits_joins_by_its_own_event_and_only_once():
    waits = advance(after(UserSaid(text="x"), Text(text="I am")), [{"event": "Waiting", "texts": ["and blue", "and round"]}])
    assert [one["text"] for one in waits.waiting] == ["and blue", "and round"]
    read = advance(after(Said(text="I am here."), chat=waits), [{"event": "Waiting", "texts": ["and round"]}, UserSaid(text="and blue").to_dict()])
    assert [one.data["text"] for one in read.entries if one.kind == "said"] == ["x", "and blue"]
    assert [one["text"] for one in after(Text(text="Blue"), chat=read).waiting] == ["and round"]


def test_what_a_sub_agent_does_shows_in_its_own_line_only():
    chat = after(
        UserSaid(text="x"), SubAgent(id="r1", label="research: cats"), started("p", "hf_papers", agent="r1"), ended("p", "hf_papers", agent="r1"),
        Said(text="inner", agent="r1"), Noticed(kind="retry", text="again", agent="r1"),
    )  # fmt: skip
    assert kinds(chat) == ["said", "agent"] and chat.entries[1].data["tool"] == "hf papers" and chat.entries[1].open
    over = after(SubAgent(id="r1", label="research: cats", state="done", tokens=1200, tools=3), chat=chat)
    assert not over.entries[1].open and over.entries[1].data["tools"] == 3


def test_steps_inside_a_call_are_its_progress_and_outside_one_they_are_a_list():
    inside = after(UserSaid(text="x"), started("a", "preview_start"), Step(name="preview", text="Starting"))
    assert inside.entries[1].data["progress"] == "Starting"
    outside = after(UserSaid(text="x"), Step(name="understand", text="Read the idea", state="done"), Step(name="write", text="Write"))
    assert kinds(outside) == ["said", "steps"] and len(outside.entries[1].data["lines"]) == 2


def test_the_right_side_is_told_once_of_what_changed_there():
    chat = after(FileChanged(project="p1", path="app.py"), Deployed(repo="me/app", url="http://x", revision="1"))
    assert chat.touched == {"files", "deployed"} and chat.project == "p1"
    assert rested(chat).touched == frozenset() and rested(chat).project == "p1"


def test_a_call_that_makes_a_project_makes_it_the_chats_and_one_that_edits_shows_the_files():
    made = after(UserSaid(text="x"), started("a", "project_create"), ended("a", "project_create", data={"project": "p2"}))
    assert made.project == "p2" and made.touched == {"files"}
    nested = after(UserSaid(text="x"), started("a", "generate_app_code"), ended("a", "generate_app_code", data={"project": {"id": "p3"}}))
    assert nested.project == "p3"
    edited = after(started("b", "project_edit"), ended("b", "project_edit", data={"project": "other"}), chat=rested(made))
    assert edited.project == "p2" and edited.touched == {"files"}
    assert after(started("c"), ended("c"), chat=rested(made)).touched == frozenset()


def test_screenshots_are_kept_apart_from_the_entries_and_only_the_newest():
    events = [event for number in range(25) for event in (started(f"c{number}"), ended(f"c{number}", picture={"mime": "text/html", "base64": "QQ=="}))]
    chat = after(UserSaid(text="x"), *events)
    assert len(chat.pictures) == 20 and "c24" in chat.pictures and "c0" not in chat.pictures
    assert set(chat.pictures.values()) == {"data:image/png;base64,QQ=="}  # no other kind than a picture becomes an address
    assert "QQ==" not in repr(chat.entries)


def test_plan_bill_and_similar_spaces():
    chat = after(
        UserSaid(text="x"), Similar(items=({"id": "a/b"},)), Similar(items=()), Todo(items=({"text": "one", "state": "done"},)),
        Spent(usd=0.03, tokens=(10, 20), roles={"plan": 0.03}, limit=1.0), Cost(receipt={}), ToolCall(index=0),
    )  # fmt: skip
    assert kinds(chat) == ["said", "similar"] and chat.todo[0]["text"] == "one" and chat.spent["usd"] == 0.03


def test_unknown_events_change_nothing():
    chat = after(UserSaid(text="x"))
    assert advance(chat, [{"event": "Hologram", "text": "x"}, {}]) == chat


def test_a_chat_whose_turn_does_not_run_has_nothing_under_way():
    dead = running(after(UserSaid(text="x"), started("a"), Text(text="half")), False)
    assert not dead.working and settled(dead) == len(dead.entries) and dead.text == ""


def test_a_failure_is_an_ending_and_leaving_is_not():
    from core.events import Failed

    failed = after(UserSaid(text="x"), Failed(error={"code": "not_found", "message": "It is gone."}))
    assert failed.entries[-1].data["ending"] == "failed" and not failed.working
    assert kinds(after(UserSaid(text="x"), Failed(error={"code": "cancelled", "message": "Stopped."}))) == ["said"]
