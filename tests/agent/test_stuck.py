"""Going in circles: what fires, what does not, and how often."""

import json

import pytest

from core.agent.stuck import Watch

_ids = iter(range(1_000_000))


def turn(*calls, said=None):
    """One reply with its results. calls: (name, arguments, result)."""
    ids = [f"c{next(_ids)}" for _ in calls]
    made = [{"id": id, "type": "function", "function": {"name": name, "arguments": json.dumps(arguments)}} for id, (name, arguments, _) in zip(ids, calls)]
    reply = {"role": "assistant", "content": said, "tool_calls": made, "meta": {"kind": "reply"}}
    results = [
        {"role": "tool", "tool_call_id": id, "name": name, "content": result, "meta": {"kind": "result", "ok": not result.startswith(("invalid_input", "not_found"))}}
        for id, (name, _, result) in zip(ids, calls)
    ]
    return [reply, *results]


def person(text="Make it work."):
    return {"role": "user", "content": text, "meta": {"kind": "said"}}


def note(text):
    return {"role": "user", "content": text, "meta": {"kind": "note"}}


def read(path="app.py", result="x = 1"):
    return ("project_read", {"path": path}, result)


def run(watch, messages, *turns):
    """What the watch says after each further turn; its notes go into the history, as the loop puts them there."""
    told = []
    for one in turns:
        messages += one
        found = watch.look(messages)
        told.append(found.kind + (" final" if found.final else "") if found else None)
        if found:
            messages.append(note(found.note))
    return told


def test_the_same_call_with_the_same_result_three_times():
    assert run(Watch(), [person()], *(turn(read()) for _ in range(3))) == [None, None, "same"]


def test_the_order_of_arguments_means_nothing():
    watch, messages = Watch(), [person()]
    for arguments in ('{"a": 1, "b": 2}', '{"b":2,"a":1}', '{ "a":1, "b":2 }'):
        one = turn(("look", {}, "same"))
        one[0]["tool_calls"][0]["function"]["arguments"] = arguments
        messages += one
        found = watch.look(messages)
    assert found.kind == "same"


def test_a_poll_whose_answers_change_is_no_circle():
    assert not any(run(Watch(), [person()], *(turn(("preview_logs", {}, f"line {place}")) for place in range(20))))


def test_equal_calls_of_one_parallel_reply_count_once():
    assert run(Watch(), [person()], turn(read(), read(), read(), read())) == [None]


@pytest.mark.parametrize("length", [2, 3, 4, 5])
def test_a_sequence_that_repeats(length):
    cycle = [turn(read(f"file{place}.py", f"text {place}")) for place in range(length)]
    again = [turn(read(f"file{place}.py", f"text {place}")) for place in range(length)]
    told = run(Watch(), [person()], *cycle, *again)
    assert told == [None] * (2 * length - 1) + ["cycle"]


def test_a_sequence_of_six_is_not_looked_for():
    turns = [turn(read(f"file{place % 6}.py", f"text {place % 6}")) for place in range(12)]
    assert not any(run(Watch(), [person()], *turns))


def test_parallel_replies_that_repeat_are_a_cycle():
    assert run(Watch(), [person()], *(turn(read("a", "1"), read("b", "2")) for _ in range(2))) == [None, "cycle"]


def test_edit_and_check_with_changing_errors_go_on():
    turns = []
    for place in range(12):
        turns += [turn(("project_edit", {"edits": [place]}, f'{{"revision": "{place:07x}abc", "changed": ["app.py"]}}')), turn(("app_verify", {}, f"NameError: name 'v{chr(97 + place)}'"))]
    assert not any(run(Watch(), [person()], *turns))


def test_edits_that_change_files_are_progress_even_when_the_error_stays():
    turns = []
    for place in range(8):
        turns += [turn(("project_edit", {"edits": [place]}, f'{{"revision": "{place:07x}abc"}}')), turn(("app_verify", {}, "ModuleNotFoundError: cv2"))]
    assert not any(run(Watch(), [person()], *turns))


def test_checks_and_failing_edits_that_change_nothing():
    turns = []
    for place in range(4):
        failed = ("project_edit", {"edits": [place]}, "invalid_input: The searched text is not in app.py.")
        turns += [turn(failed), turn(("app_verify", {"wait": place}, f"ModuleNotFoundError: cv2 at 0x7f{place}a after {place}.5 s"))]
    told = run(Watch(), [person()], *turns)
    assert told == [None] * 7 + ["idle"]


def test_of_a_check_the_first_error_counts_whatever_else_it_tells():
    def told(place, error):
        return turn(("app_verify", {"n": place}, json.dumps({"stage": "start", "first_error": error, "log": [chr(97 + place) * 9]})))

    same = [told(place, f"ModuleNotFoundError: No module named 'cv2' (line {place})") for place in range(8)]
    assert run(Watch(), [person()], *same) == [None] * 7 + ["idle"]
    assert not any(run(Watch(), [person()], *(told(place, f"NameError: {chr(97 + place)} is not defined") for place in range(8))))


def test_writes_that_leave_the_revision_as_it_was_are_no_progress():
    first = turn(("project_edit", {"edits": ["first"]}, '{"revision": "abc1234"}'))
    turns = [turn(("project_write", {"n": place}, f'{{"revision": "abc1234", "note": {place}}}')) for place in range(8)]
    assert run(Watch(), [person()], first, *turns) == [None] * 8 + ["idle"]


def test_reading_much_is_not_idleness():
    turns = [turn(read(f"docs/{place}.md", f"page {place}")) for place in range(25)]
    assert not any(run(Watch(), [person()], turn(("app_verify", {}, "failed: x")), *turns))


def test_it_fires_once_for_a_streak_and_a_changed_strategy_begins_anew():
    watch, messages = Watch(), [person()]
    assert run(watch, messages, *(turn(read()) for _ in range(3)))[-1] == "same"
    others = [turn(read(f"other{place}.py", f"{place}")) for place in range(10)]
    assert run(watch, messages, *others) == [None] * 10


def test_the_old_streak_does_not_count_toward_the_next():
    watch, messages = Watch(), [person()]
    assert run(watch, messages, *(turn(read()) for _ in range(5))) == [None, None, "same", None, None]


def test_the_second_streak_of_a_turn_is_final():
    watch, messages = Watch(), [person()]
    assert run(watch, messages, *(turn(read()) for _ in range(6))) == [None, None, "same", None, None, "same final"]


def test_only_the_tail_is_looked_at():
    """A triple further back, with other calls after it, is history: nothing is said of it."""
    watch = Watch()
    messages = [person()]
    for one in [*(turn(read()) for _ in range(3)), turn(read("b", "2")), turn(read("c", "3"))]:
        messages += one
    assert watch.look(messages) is None


def test_a_word_of_the_person_begins_a_new_tail():
    watch, messages = Watch(), [person()]
    messages += [*turn(read()), *turn(read()), person("Read it once more, please.")]
    assert run(watch, messages, turn(read())) == [None]


def test_the_note_says_exactly_what_repeats():
    watch, messages = Watch(), [person()]
    for _ in range(3):
        messages += turn(read("app.py", "not_found: There is no file app.py."))
    text = watch.look(messages).note
    assert "project_read" in text and "app.py" in text and "3 times" in text and "not_found" in text
    assert len(text) < 800


@pytest.mark.parametrize(
    "messages",
    [
        [],
        [{"role": "assistant", "content": "hello"}],
        [{"role": "tool", "content": "a result of nothing"}],
        [{"role": "assistant", "tool_calls": [{"id": "1"}, {"id": "2", "function": {"name": "x", "arguments": "{broken"}}]}],
    ],
)
def test_odd_histories_do_no_harm(messages):
    assert Watch().look(messages) is None
