"""Looks at an app that a newer one has replaced."""

import asyncio
import json

import pytest

from core.agent.context import Context
from core.agent.rendering import enclosed, render
from core.agent.stuck import Watch
from core.agent.superseding import supersede

LONG = "\n".join(f"- button {number}" for number in range(200))


def looked(number, name="app_verify", ok=False, arguments=None, error="NameError: name 'x' is not defined", whole=True):
    told = {"ok": ok, "score": 40, "stage": "use", "first_error": error, "check": {"accessibility": LONG if whole else "short"}}
    if name == "preview_check":
        told = {"verdict": {"ok": ok, "problems": [error]}, "accessibility": LONG}
    call = {"id": f"c{number}", "type": "function", "function": {"name": name, "arguments": json.dumps(arguments or {})}}
    result = {"role": "tool", "tool_call_id": f"c{number}", "name": name, "content": enclosed(render(told), name), "meta": {"kind": "result", "ok": True}}
    return [{"role": "assistant", "content": None, "tool_calls": [call], "meta": {"kind": "reply"}}, result]


def results(messages):
    return [one["content"] for one in messages if one["role"] == "tool"]


@pytest.mark.parametrize("name", ["app_verify", "preview_check"])
def test_an_older_look_is_what_it_came_to_and_the_newest_is_whole(name):
    messages = [*looked(1, name), *looked(2, name, error="Other"), *looked(3)]
    assert supersede(messages)
    first, second, third = results(messages)
    assert '"ok":false' in first and "NameError" in first and "button 7" not in first and len(first) < 400
    assert first.startswith(f'<data source="{name}" trust="none">') and first.count("</data>") == 1 and "newer check" in first
    assert '"first_error":"Other"' in second and "button 7" in third
    assert not supersede(messages)


def test_looks_at_another_app_short_ones_and_failed_calls_change_nothing():
    other = [*looked(1, arguments={"project": "other"}), *looked(2)]
    assert not supersede(other)
    assert not supersede([*looked(1, whole=False), *looked(2)])
    failed = [*looked(1), *looked(2)]
    failed[-1]["meta"] = {"kind": "result", "ok": False}  # no browser, no such project: nothing was seen
    assert not supersede(failed)


def test_two_looks_of_one_reply_are_both_read_before_one_of_them_is_shortened():
    (reply, first), (also, second) = looked(1), looked(2, "preview_check")
    messages = [{**reply, "tool_calls": [*reply["tool_calls"], *also["tool_calls"]]}, first, second]
    assert not supersede(messages)
    assert supersede([*messages, {"role": "assistant", "content": "Both are broken.", "meta": {"kind": "reply"}}])


def test_what_cannot_be_read_stays():
    messages = [*looked(1), *looked(2)]
    messages[1]["content"] = '<data source="app_verify" trust="none">\n{"ok": tr … [9000 characters left out] …' + "x" * 900
    assert not supersede(messages)


def test_going_in_circles_is_still_seen():
    messages = [{"role": "user", "content": "go", "meta": {"kind": "said"}}]
    watch, told = Watch(), []
    for number in range(3):
        messages += looked(number)
        supersede(messages)
        told.append(watch.look(messages))
    assert [one and one.kind for one in told] == [None, None, "same"]


def test_every_request_is_made_of_it():
    class Mind:
        window, sees = 100_000, False

    messages = [{"role": "user", "content": "go", "meta": {"kind": "said"}}, *looked(1), *looked(2)]
    sent = asyncio.run(Context(Mind(), lambda event: None).fit(messages, "", ()))
    assert "button 7" not in results(sent)[0] and "button 7" in results(sent)[1]


def test_a_long_text_inside_of_a_result_stands_below_it_as_it_is():
    text = render({"ok": False, "check": {"accessibility": LONG, "deep": {"deeper": {"text": LONG}}}})
    head, _, block = text.partition("--- check.accessibility ---\n")
    assert '"accessibility":"(below)"' in head and block.startswith("- button 0\n- button 1\n")
