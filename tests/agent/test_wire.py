"""What goes over the wire, and how a broken history becomes whole."""

from core.agent import wire
from core.agent.values import Output, Picture, Reply, ToolRequest


def calling(*ids, text=""):
    calls = tuple(ToolRequest(id, "read", {"path": id}) for id in ids)
    return wire.replied(Reply(text, calls=calls, model="m", tokens=(1, 2)), calls)


def answer(id, text="done"):
    return wire.result(ToolRequest(id, "read"), Output(text))


def picture():
    return wire.pictured("look", Picture("image/png", "AAAA"))


def test_nothing_of_ours_goes_out():
    sent = wire.safe([wire.said("hello"), calling("a"), answer("a") | {"extra": 1}, wire.note("look")])
    assert [set(one) for one in sent] == [
        {"role", "content"}, {"role", "content", "tool_calls"}, {"role", "content", "tool_call_id", "name"}, {"role", "content"},
    ]  # fmt: skip


def test_nobody_speaks_twice_in_a_row_and_nothing_is_empty():
    sent = wire.safe([
        wire.said("one"), wire.said("two"), {"role": "assistant", "content": "  "}, wire.note("three"), {"role": "assistant", "content": "a \n"},
        {"role": "assistant", "content": "b"}, wire.said(""), answer("x", ""),
    ])  # fmt: skip
    assert [(one["role"], one["content"]) for one in sent] == [
        ("user", "one\n\ntwo\n\n<note>three</note>"), ("assistant", "a\n\nb"), ("tool", "(nothing)"),
    ]  # fmt: skip


def test_replies_with_calls_stay_apart():
    sent = wire.safe([calling("a"), answer("a"), calling("b", text="then"), answer("b")])
    assert [one["content"] for one in sent] == [None, "done", "then", "done"]


def test_only_the_newest_pictures_are_sent_and_only_to_who_sees():
    history = [wire.said("look"), picture(), calling("a"), answer("a"), picture(), calling("b"), answer("b"), picture()]
    sent = wire.safe(history)
    assert [isinstance(one["content"], list) for one in sent if one["role"] == "user"] == [False, True, True]
    assert "not sent again" in sent[0]["content"] and "base64" not in str(sent[0])
    assert "base64" not in str(wire.safe(history, sees=False))
    assert sent[3]["content"][1] == {"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}}


def test_words_behind_a_picture_are_joined_to_it():
    sent = wire.safe([picture(), wire.said("and now?")])
    assert len(sent) == 1 and [part["type"] for part in sent[0]["content"]] == ["text", "image_url", "text"]


def test_a_picture_too_big_is_left_out():
    assert wire.pictured("look", Picture("image/png", "A" * 6_000_001)) is None


def test_a_history_that_is_whole_is_left_alone():
    history = [wire.said("go"), calling("a", "b"), answer("a"), answer("b"), wire.note("n"), calling("c"), answer("c")]
    same = list(history)
    assert wire.repair(history) == 0 and history == same


def test_every_call_gets_one_result_behind_its_reply():
    history = [
        answer("nobody"), wire.said("go"), calling("a", "b", "c"), wire.said("meanwhile"), answer("c", "third"), answer("a", "first"), answer("a", "again"),
        calling("d"), {"role": "assistant", "content": "end"}, answer("d", "too late"),
    ]  # fmt: skip
    assert wire.repair(history) > 0
    assert [(one["role"], one.get("tool_call_id")) for one in history] == [
        ("user", None), ("assistant", None), ("tool", "a"), ("tool", "b"), ("tool", "c"), ("user", None), ("assistant", None), ("tool", "d"), ("assistant", None),
    ]  # fmt: skip
    assert [history[place]["content"] for place in (2, 3, 4, 7)] == ["first", wire.UNFINISHED, "third", wire.UNFINISHED]
    assert wire.repair(history) == 0


def test_what_waits_for_a_person_is_found():
    history = [wire.said("go"), calling("x"), answer("x"), calling("a", "b"), answer("a"), wire.said("well?")]
    assert [(one.id, one.name, one.arguments) for one in wire.pending(history)] == [("b", "read", {"path": "b"})]
    assert wire.pending(history[:3]) == [] and wire.pending([]) == []


def test_a_call_that_was_cut_short_at_the_hub_says_where_to_look_first():
    def call(id, name, arguments):
        return {"id": id, "type": "function", "function": {"name": name, "arguments": arguments}}

    calls = [call("a", "deploy_to_space", "{}"), call("b", "use_action", '{"name": "space_update"}'), call("c", "project_write", "{}")]
    history = [wire.said("go"), {"role": "assistant", "content": "", "tool_calls": calls}]
    wire.repair(history, wire.STOPPED)
    assert all(one["content"].startswith(wire.STOPPED) and one["meta"]["ok"] is False for one in history[2:])
    assert [("space_status" in one["content"]) for one in history[2:]] == [True, True, False]
