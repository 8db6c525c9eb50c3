"""The loop in one turn: what pushes a model on, what stops it, and what is left behind however it ends."""

from __future__ import annotations

import asyncio

import pytest

from core.agent import loop, retries, wire
from core.agent.context import Context
from core.agent.stuck import Watch
from core.agent.values import Asked, Decision, Limits, Output, Reply, Tool, ToolRequest, TooLong
from core.events import ApprovalAsked, Cost, Noticed, Said, Text, ToolEnded, ToolStarted
from tests.agent.bench import play
from tests.agent.scripted import scripted

READ = {"calls": [{"name": "read", "arguments": {"path": "app.py"}}]}
LOOK = {"calls": [{"name": "read", "arguments": {"path": "README.md"}}]}
END = {"text": "Done."}


def test_a_reply_without_calls_ends_the_turn(tmp_path):
    with scripted([{"text": "Good morning.", "usage": {"cost": 0.5}}]) as server:
        played = play(server, tmp_path, lambda stage: stage.turn("hello"))
    assert played.ending.kind == "done"
    assert "".join(event.text for event in played.told(Text)) == "Good morning." == played.told(Said)[0].text
    assert [event.receipt["cost_usd"] for event in played.told(Cost)] == [0.5] and played.told(Cost)[0].receipt["role"] == "code"
    assert played.messages[-1]["meta"]["tokens"] == [server.bodies and played.told(Cost)[0].receipt["usage"]["prompt"], 10]


def test_what_is_sent_holds_the_results_and_nothing_of_ours(tmp_path):
    with scripted([{"calls": [{"name": "write", "arguments": {"path": "new.py", "text": "x = 1\n"}}]}, END]) as server:
        played = play(server, tmp_path, lambda stage: stage.turn("write it"))
    assert played.bench.files()["new.py"] == "x = 1\n"
    assert server.bodies[1]["messages"][-1] == {"role": "tool", "content": "new.py is written, 6 characters.", "tool_call_id": "call_1", "name": "write"}
    assert played.told(ToolEnded)[0].data == {"path": "new.py"} and played.told(ToolStarted)[0].title == "Write"


def test_the_history_is_kept_after_every_change(tmp_path):
    with scripted([READ, END]) as server:
        played = play(server, tmp_path, lambda stage: stage.turn("read"))
    assert sorted(set(played.kept)) == [1, 2, 3, 4]


# Circles, guards, context


@pytest.mark.parametrize(("turns", "requests"), [([READ] * 6, 6), ([READ, LOOK] * 5, 8)])
def test_a_circle_is_told_once_and_the_second_time_ends_the_turn(tmp_path, turns, requests):
    with scripted(turns) as server:
        played = play(server, tmp_path, lambda stage: stage.turn("read", watch=Watch()))
    assert played.ending.kind == "stuck" and len(server.bodies) == requests
    assert [event.kind for event in played.told(Noticed)] == ["stuck", "stuck"]
    assert [one["meta"]["kind"] for one in played.messages if one["role"] == "user"] == ["said", "note"]


def test_who_takes_another_way_is_left_alone(tmp_path):
    with scripted([READ, READ, READ, LOOK, END]) as server:
        played = play(server, tmp_path, lambda stage: stage.turn("read", watch=Watch()))
    assert played.ending.kind == "done" and [event.kind for event in played.told(Noticed)] == ["stuck"]


def test_a_guard_pushes_twice_and_no_more(tmp_path):
    asked = []

    def guard(messages):
        asked.append(len(messages))
        return "You changed files and did not look whether they run."

    with scripted([END] * 3) as server:
        played = play(server, tmp_path, lambda stage: stage.turn("work", guard=guard))
    assert played.ending.kind == "done" and len(asked) == 2 and len(server.bodies) == 3
    assert [event.kind for event in played.told(Noticed)] == ["verify", "verify"]
    assert "did not look" in str(server.bodies[1]["messages"][-1]["content"])


def test_a_conversation_that_does_not_fit_is_made_smaller_and_goes_on(tmp_path):
    refusal = {"status": 400, "error": {"message": "This model's maximum context length is 8192 tokens", "code": "context_length_exceeded"}}

    async def story(stage):
        for number in range(12):
            call = ToolRequest(f"c{number}", "read", {"path": "app.py"})
            stage.messages += [wire.replied(Reply("", calls=(call,)), (call,)), wire.result(call, Output("word " * 2_000))]
        stage.messages.insert(0, wire.said("Build me a blue app"))
        mind = await stage.mind()
        return await stage.turn("and green", mind=mind, fit=Context(mind, lambda event: stage.events.append(event)).fit)

    with scripted([refusal, END]) as server:
        played = play(server, tmp_path, story)
    assert played.ending.kind == "done" and "compacted" in [event.kind for event in played.told(Noticed)]
    sizes = [len(str(body["messages"])) for body in server.bodies]
    assert sizes[-1] < 0.6 * sizes[0] and "Build me a blue app" in str(server.bodies[-1]) and "and green" in str(server.bodies[-1])


def test_what_never_fits_ends_after_two_tries(tmp_path):
    forced = []

    async def fit(messages, system, tools, force):
        forced.append(force)
        return list(messages)

    refusal = {"status": 400, "error": "prompt is too long: 9 tokens > 8"}
    with scripted([refusal] * 3) as server:
        played = play(server, tmp_path, lambda stage: stage.turn("hello", fit=fit))
    assert forced == [False, True, True] and played.ending.kind == "failed" and "larger context" in played.ending.text


def test_a_fit_that_gives_up_ends_the_turn_with_its_words(tmp_path):
    async def fit(messages, system, tools, force):
        raise TooLong("It is full.", "Begin a new chat.")

    with scripted() as server:
        played = play(server, tmp_path, lambda stage: stage.turn("hello", fit=fit))
    assert (played.ending.kind, played.ending.text) == ("failed", "It is full. Begin a new chat.") and server.requests == []


# Pictures, questions to the table of retries


def test_a_picture_is_shown_to_who_sees_it(tmp_path):
    look = {"calls": [{"name": "look", "arguments": {}}]}
    with scripted([look, look, look, END]) as server:
        server.models("scripted-large", sees=True)
        played = play(server, tmp_path, lambda stage: stage.turn("look"), provider="openrouter")
    assert [str(body).count("image_url'}") + str(body).count("'image_url':") for body in server.bodies] == [0, 1, 2, 2]
    assert played.told(ToolEnded)[0].picture == {"mime": "image/png", "base64": "iVBORw0KGgo="}


def test_a_picture_is_kept_from_who_does_not(tmp_path):
    with scripted([{"calls": [{"name": "look", "arguments": {}}]}, END]) as server:
        played = play(server, tmp_path, lambda stage: stage.turn("look"))
    assert [one["role"] for one in played.messages] == ["user", "assistant", "tool", "assistant"] and "image" not in str(server.bodies)


@pytest.mark.parametrize(("error", "waits"), [
    (retries.RateLimited("wait", retry_after=3), [3.1, 3.1, 3.1, None]), (retries.RateLimited("wait", retry_after=31), [None]),
    (retries.RateLimited("wait"), [2, 8, 20, None]), (retries.ProviderFailed("down"), [1, 4, None]), (retries.TimedOut("late"), [1, 4, None]),
    (retries.BrokeOff("cut"), [0.5, None]), (retries.Endless("on and on"), [None]), (retries.EndlessThought("hm"), [0.5, None]), (retries.PaymentRequired("no money"), [None]), (TooLong("long"), [None]),
])  # fmt: skip
def test_how_often_and_how_long_after_what(error, waits):
    assert [retries.wait_before(error, times) for times in range(1, len(waits) + 1)] == waits


def test_an_ending_carries_the_error_without_the_receipt_and_the_text():
    ending = retries.ending_of(retries.BrokeOff("It broke.", "Again.", so_far="secret words", receipt={"attempts": []}, provider="mine"))
    assert ending.error == {"code": "provider_failed", "message": "It broke.", "fix": "Again.", "retryable": True, "status": 502, "details": {"provider": "mine"}}


# Minds and toolboxes that behave badly; these are in this process, because no upstream can make them


class Says:
    """A mind that says what it was given, in order."""

    window, sees = 100_000, False

    def __init__(self, *replies):
        self.replies = list(replies)

    async def reply(self, system, messages, tools, *, emit):
        reply = self.replies.pop(0)
        if isinstance(reply, BaseException):
            raise reply
        return reply


class Tools:
    """A toolbox of one function."""

    def __init__(self, run, judge=None):
        self._run, self._judge = run, judge

    def tools(self):
        return (Tool("do", "Does.", {"type": "object"}),)

    async def judge(self, request):
        return self._judge() if self._judge else None

    async def run(self, request, *, emit, approved=False):
        return await self._run(request, emit)


def calls(*ids):
    return Reply("", calls=tuple(ToolRequest(id, "do") for id in ids), tokens=(10, 1))


async def turned(mind, tools, **given):
    events, messages = [], [wire.said("go")]
    ending = await loop.run(messages, system="", mind=mind, toolbox=tools, emit=events.append, **given)
    return ending, messages, events


def test_a_tool_that_does_not_let_itself_be_stopped_is_left_behind():
    freed = asyncio.Event()

    async def stubborn(request, emit):
        while not freed.is_set():
            try:
                await asyncio.wait_for(freed.wait(), 30)
            except asyncio.CancelledError:
                continue
        return Output("late")

    async def story():
        messages = [wire.said("go")]
        started = asyncio.Event()
        emit = lambda event: started.set() if isinstance(event, ToolStarted) else None  # noqa: E731
        task = asyncio.create_task(loop.run(messages, system="", mind=Says(calls("a", "b")), toolbox=Tools(stubborn), emit=emit))
        await started.wait()
        task.cancel()
        done, _ = await asyncio.wait([task], timeout=10)
        ended = bool(done) and task.cancelled()
        freed.set()
        return ended, messages

    ended, messages = asyncio.run(story())
    assert ended and [(one["role"], one["content"]) for one in messages[2:]] == [("tool", wire.STOPPED)] * 2


def test_what_was_ready_before_the_stop_is_kept():
    """Two calls beside each other: one is done when the person stops."""

    async def run(request, emit):
        if request.id == "b":
            await asyncio.sleep(30)
        return Output("ready")

    class Reading(Tools):
        def tools(self):
            return (Tool("do", "Does.", {"type": "object"}, reads=True),)

    async def story():
        messages = [wire.said("go")]
        emit = lambda event: task.cancel() if isinstance(event, ToolEnded) and event.ok else None  # noqa: E731
        task = asyncio.create_task(loop.run(messages, system="", mind=Says(calls("a", "b")), toolbox=Reading(run), emit=emit))
        await asyncio.wait([task], timeout=10)
        return task.cancelled(), messages

    cancelled, messages = asyncio.run(story())
    assert cancelled and [one["content"] for one in messages[2:]] == ["ready", wire.STOPPED]


def test_a_tool_that_raises_is_a_sentence_to_the_model():
    async def raises(request, emit):
        raise ValueError("with a secret inside")

    ending, messages, events = asyncio.run(turned(Says(calls("a"), Reply("well")), Tools(raises)))
    assert ending.kind == "done" and "a defect of the tool" in messages[2]["content"] and "secret" not in str(messages) + str(events)


def test_what_cannot_be_judged_is_asked():
    async def run(request, emit):
        raise AssertionError("it ran")

    def judge():
        raise KeyError("policy")

    ending, messages, events = asyncio.run(turned(Says(calls("a")), Tools(run, judge)))
    assert ending.kind == "approval" and ending.pending == ("a",) and [type(one) for one in events] == [ApprovalAsked]


def test_what_an_inner_receipt_told_is_not_counted_twice():
    async def run(request, emit):
        emit(Cost(receipt={"cost_usd": 0.3, "usage": {"prompt": 100, "completion": 20}}))
        return Output("found", cost_usd=0.4)

    ending, _, _ = asyncio.run(turned(Says(calls("a"), calls("b"), calls("c")), Tools(run), limits=Limits(usd=1.2)))
    assert ending.kind == "money" and "$1.20" in ending.text
    ending, _, _ = asyncio.run(turned(Says(calls("a"), calls("b")), Tools(run), limits=Limits(tokens=250)))
    assert ending.kind == "tokens" and "262 tokens" in ending.text


def test_long_arguments_are_cut_for_the_page_alone():
    seen = []

    async def run(request, emit):
        seen.append(request.arguments["text"])
        return Output("y" * 9_000)

    reply = Reply("", calls=(ToolRequest("a", "do", {"text": "x" * 5_000, "deep": [{"text": "z" * 5_000}] * 60}),))
    _, messages, events = asyncio.run(turned(Says(reply, Reply("done")), Tools(run)))
    assert seen == ["x" * 5_000] and len(messages[2]["content"]) == 9_000
    assert len(str(events[0].arguments)) < 120_000 and len(events[0].arguments["text"]) < 2_100 and len(events[0].arguments["deep"]) == 50
    assert len(events[1].text) < 4_100


def test_a_history_that_ends_with_the_models_words_is_gone_on_with():
    async def story():
        messages = [wire.said("go"), {"role": "assistant", "content": "I will"}]
        await loop.run(messages, system="", mind=Says(Reply("done")), toolbox=Tools(None))
        return messages

    messages = asyncio.run(story())
    assert [one["role"] for one in messages] == ["user", "assistant", "user", "assistant"] and messages[2]["meta"]["kind"] == "note"


def test_a_defect_leaves_the_history_whole():
    async def run(request, emit):
        return Output("done")

    async def story():
        messages = [wire.said("go")]
        with pytest.raises(ZeroDivisionError):
            await loop.run(messages, system="", mind=Says(calls("a"), ZeroDivisionError()), toolbox=Tools(run))
        return messages

    assert [one["role"] for one in asyncio.run(story())] == ["user", "assistant", "tool"]


def test_a_word_on_a_call_that_does_not_wait_changes_nothing():
    async def run(request, emit):
        raise AssertionError("it ran")

    ending, messages, events = asyncio.run(turned(Says(Reply("well")), Tools(run), decisions={"gone": Decision(True)}))
    assert ending.kind == "done" and [type(one) for one in events] == [Said]


def test_a_call_that_is_asked_about_carries_what_would_happen():
    asked = Asked("delete", "It would be gone.", plan={"repo": "me/x"}, usd_per_hour=0.0)
    _, _, events = asyncio.run(turned(Says(calls("a")), Tools(None, lambda: asked)))
    one = events[0]
    assert (one.kind, one.reason, one.plan, one.usd_per_hour, one.name, one.id) == ("delete", "It would be gone.", {"repo": "me/x"}, 0.0, "do", "a")


def test_what_is_shown_for_approval_is_what_would_happen_after_the_last_write():
    """The plan of a publication is made anew when a call behind it changed the files."""
    written = []

    async def run(request, emit):
        written.append(request.id)
        return Output("written")

    class Publishing(Tools):
        async def judge(self, request):
            return Asked("publish", "It would be public.", plan=list(written)) if request.id == "publish" else None

    ending, messages, events = asyncio.run(turned(Says(calls("publish", "write")), Publishing(run)))
    assert ending.pending == ("publish",) and [one.plan for one in events if isinstance(one, ApprovalAsked)] == [["write"]]
    assert isinstance(events[-1], ApprovalAsked)
