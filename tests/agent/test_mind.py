"""The mind behind the router: what it knows of its model, what it asks, what it makes of refusals, and what it costs."""

import asyncio

import pytest

from core.agent import wire
from core.agent.hearing import MOST_TEXT
from core.agent.mind import WINDOW
from core.agent.retries import BrokeOff, Endless, EndlessThought
from core.agent.values import Picture, Tool, TooLong
from core.errors import NoModelFits, Unauthorized
from core.events import Cost, Noticed, Text
from tests.agent.bench import Stage, play
from tests.agent.scripted import scripted

TOOL = Tool("read", "Reads.", {"type": "object", "properties": {"path": {"type": "string"}}, "required": ["path"]})
HELLO = [wire.said("hello")]


async def ask(stage: Stage, *, messages=HELLO, tools=(TOOL,), **chosen):
    mind = await stage.mind(**chosen)
    return mind, await mind.reply("Be brief.", messages, tools, emit=stage.events.append)


def costs(stage):
    return [event.receipt for event in stage.events if isinstance(event, Cost)]


def test_what_the_lists_say_is_known(tmp_path):
    async def story(stage):
        return await stage.mind(), await stage.mind(model="unheard-of"), await stage.mind(native=False)

    with scripted() as server:
        server.models("scripted-large", context=32_000, sees=True, tools=True)
        known, unknown, chosen = play(server, tmp_path, story, provider="openrouter")
    assert (known.window, known.sees, known.native) == (32_000, True, True)
    assert (unknown.window, unknown.sees, unknown.native) == (WINDOW, False, True)
    assert chosen.native is False


def test_it_sends_the_tools_and_the_effort_and_reads_the_bill(tmp_path):
    async def story(stage):
        return (await ask(stage, effort="high", role="plan"))[1], costs(stage)

    with scripted([{"text": "hi", "reasoning": "hm", "usage": {"prompt": 11, "completion": 5, "cost": 0.25}}]) as server:
        reply, bills = play(server, tmp_path, story)
    body = server.bodies[0]
    assert (body["reasoning_effort"], body["tools"], body["stream"]) == ("high", [TOOL.spec()], True)
    assert body["messages"] == [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "hello"}]
    assert (reply.text, reply.reasoning, reply.tokens, reply.model, reply.finish) == ("hi", "hm", (11, 5), "scripted-large", "stop")
    assert [(bill["cost_usd"], bill["role"]) for bill in bills] == [(0.25, "plan")] and reply.receipt["id"] == bills[0]["id"]


def test_tokens_nobody_told_are_estimated(tmp_path):
    async def story(stage):
        return (await ask(stage, messages=[wire.said("x" * 400)]))[1]

    with scripted([{"text": "y" * 80, "usage": False}]) as server:
        read, written = play(server, tmp_path, story).tokens
    assert 100 <= read <= 250 and 15 <= written <= 40


def test_effort_is_left_out_where_it_is_refused_and_stays_out(tmp_path):
    async def story(stage):
        mind, reply = await ask(stage, effort="high")
        await mind.reply("", HELLO, (), emit=stage.events.append)
        return reply

    with scripted([{"status": 400, "error": "Unrecognized argument: reasoning_effort"}, {"text": "hi"}, {"text": "again"}]) as server:
        assert play(server, tmp_path, story).text == "hi"
    assert ["reasoning_effort" in body for body in server.bodies] == [True, False, False]
    assert [len(body["messages"]) for body in server.bodies] == [2, 2, 1]


def test_pictures_are_left_out_where_they_are_refused(tmp_path):
    looked = [wire.said("look"), wire.pictured("look", Picture("image/png", "AAAA"))]

    async def story(stage):
        return (await ask(stage, messages=looked))[1]

    with scripted([{"status": 400, "error": "image input is not supported"}, {"text": "dark"}]) as server:
        server.models("scripted-large", sees=True)
        assert play(server, tmp_path, story, provider="openrouter").text == "dark"
    assert ["image_url" in str(body) for body in server.bodies] == [True, False]


@pytest.mark.parametrize("refusal", [
    {"status": 400, "error": "This model's maximum context length is 8192 tokens"}, {"status": 400, "error": "prompt is too long: 9 tokens"},
    {"status": 413, "error": "request entity too large"}, {"status": 400, "error": "Please reduce the length of the messages"},
    {"status": 422, "error": "Input length 9000 exceeds the limit"},
])  # fmt: skip
def test_what_does_not_fit_is_told_apart(tmp_path, refusal):
    async def story(stage):
        with pytest.raises(TooLong):
            await ask(stage)
        return costs(stage)

    with scripted([refusal]) as server:
        assert [bill["cost_usd"] for bill in play(server, tmp_path, story)] == [0.0]


def test_what_the_list_says_does_not_fit_is_not_even_sent(tmp_path):
    async def story(stage):
        with pytest.raises(TooLong):
            await ask(stage, messages=[wire.said("x" * 50_000)])
        return costs(stage)

    with scripted() as server:
        server.models("scripted-large", context=8_000)
        assert play(server, tmp_path, story, provider="openrouter") == [] and server.requests == []


def test_two_thousand_messages_are_too_many(tmp_path):
    history = [wire.said("a"), {"role": "assistant", "content": "b"}] * 1_001

    async def story(stage):
        with pytest.raises(TooLong, match="2000 messages"):
            await ask(stage, messages=history)

    with scripted() as server:
        play(server, tmp_path, story)


def test_other_refusals_stay_what_they_are(tmp_path):
    async def story(stage):
        with pytest.raises(Unauthorized):
            await ask(stage)
        stage.caller = type(stage.caller)(id="nobody")
        with pytest.raises((Unauthorized, NoModelFits)):
            await ask(stage)

    with scripted([{"status": 401, "error": "no"}]) as server:
        play(server, tmp_path, story)


def test_a_broken_answer_is_told_with_its_cost(tmp_path):
    async def story(stage):
        with pytest.raises(BrokeOff) as caught:
            await ask(stage)
        return caught.value, costs(stage)

    with scripted([{"text": "so far and further", "die_after": 1}]) as server:
        error, bills = play(server, tmp_path, story)
    assert error.details["so_far"] == "so far and f" and [bill["attempts"][0]["outcome"] for bill in bills] == ["interrupted"]


def test_an_answer_that_is_stopped_is_billed_and_its_connection_closed(tmp_path):
    async def story(stage):
        first = asyncio.Event()

        def emit(event):
            stage.events.append(event)
            if isinstance(event, Text):
                first.set()

        mind = await stage.mind()
        asking = asyncio.create_task(mind.reply("", HELLO, (), emit=emit))
        await first.wait()
        asking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asking
        return [bill["attempts"][0]["outcome"] for bill in costs(stage)]

    with scripted([{"text": "never to its end", "hold": True}]) as server:
        assert play(server, tmp_path, story) == ["cancelled"]


def test_an_endless_answer_is_billed_too(tmp_path):
    async def story(stage):
        with pytest.raises(Endless):
            await ask(stage)
        return sum(len(event.text) for event in stage.events if isinstance(event, Text)), costs(stage)

    with scripted([{"endless": "text"}]) as server:
        letters, bills = play(server, tmp_path, story)
    assert MOST_TEXT <= letters < MOST_TEXT + 10_000 and len(bills) == 1


def test_after_thinking_without_an_end_it_asks_for_little_thought(tmp_path):
    async def story(stage):
        mind = await stage.mind(effort="high")
        with pytest.raises(EndlessThought):
            await mind.reply("", HELLO, (), emit=stage.events.append)
        return await mind.reply("", HELLO, (), emit=stage.events.append)

    with scripted([{"endless": "reasoning"}, {"text": "hi"}]) as server:
        assert play(server, tmp_path, story).text == "hi"
    assert [body.get("reasoning_effort") for body in server.bodies] == ["high", "low"]


def test_a_summary_is_asked_for_without_showing_it(tmp_path):
    async def story(stage):
        cheap = await stage.mind(role="summarise", model="scripted-small")
        mind = await stage.mind(summariser=cheap)
        return await mind.summarise("a long story", words=50, emit=stage.events.append), stage.events

    with scripted([{"text": " short "}]) as server:
        summary, events = play(server, tmp_path, story, models=("scripted-large", "scripted-small"))
    assert summary == "short" and server.bodies[0]["model"] == "scripted-small" and "tools" not in server.bodies[0]
    assert [type(event) for event in events] == [Cost] and events[0].receipt["role"] == "summarise"
    assert "50 words" in server.bodies[0]["messages"][0]["content"]


def test_a_model_without_tools_is_told_so_once(tmp_path):
    async def story(stage):
        mind, reply = await ask(stage)
        again = await mind.reply("", HELLO, (TOOL,), emit=stage.events.append)
        return reply, again, [event for event in stage.events if isinstance(event, Noticed)]

    call = '```tool\n{"name": "read", "arguments": {"path": "a"}}\n```'
    with scripted([{"status": 404, "error": "No endpoints found that support tool use"}, {"text": call}, {"text": "I see."}]) as server:
        reply, again, notices = play(server, tmp_path, story)
    assert [(one.name, one.arguments) for one in reply.calls] == [("read", {"path": "a"})] and reply.text == ""
    assert again.text == "I see." and len(notices) == 1 and len(server.bodies) == 3


def test_the_beginning_is_marked_for_the_cache_where_marks_are_needed(tmp_path):
    async def story(stage):
        await ask(stage, model="anthropic/claude-sonnet-4.5")
        await ask(stage, model="scripted-large")

    with scripted([{"text": "one"}, {"text": "two"}]) as server:
        server.models("anthropic/claude-sonnet-4.5", "scripted-large")
        play(server, tmp_path, story, provider="openrouter", models=("anthropic/claude-sonnet-4.5", "scripted-large"))
    assert ["cache_control" in str(body) for body in server.bodies] == [True, False]


def test_thoughts_in_the_answer_are_thoughts(tmp_path):
    async def story(stage):
        return (await ask(stage))[1], "".join(event.text for event in stage.events if isinstance(event, Text))

    with scripted([{"text": "<think>\nfour, I believe\n</think>\n\nIt is 4."}]) as server:
        reply, shown = play(server, tmp_path, story)
    assert (reply.text, reply.reasoning.strip(), shown) == ("It is 4.", "four, I believe", "It is 4.")


@pytest.mark.parametrize("refusal", [
    {"message": "The reasoning_content in the thinking mode must be passed back to the API.", "code": "invalid_request_error"},
    {"message": "Provider returned error", "code": 400, "metadata": {"raw": '{"error": {"message": "thinking is enabled but reasoning_content is missing at index 2"}}'}},
])  # fmt: skip
def test_an_upstream_that_wants_the_thoughts_back_gets_them(tmp_path, refusal):
    call = {"name": "read", "arguments": {"path": "app.py"}}
    turns = [
        {"reasoning": "I look first.", "calls": [call]}, {"status": 400, "error": refusal}, {"calls": [call]}, {"text": "Seen."},
    ]  # fmt: skip
    with scripted(turns) as server:
        played = play(server, tmp_path, lambda stage: stage.turn("look"))
    assert played.ending.kind == "done"
    assert [[one.get("reasoning_content") for one in body["messages"] if one["role"] == "assistant"] for body in server.bodies] == [
        [], [None], ["I look first."], ["I look first.", " "],
    ]  # fmt: skip


def test_calls_that_all_bear_the_number_0_stay_apart(tmp_path):
    async def story(stage):
        return (await ask(stage))[1]

    calls = [{"name": "read", "arguments": {"path": path}, "id": f"call_{path}", "index": 0} for path in "abc"]
    with scripted([{"calls": calls}]) as server:
        reply = play(server, tmp_path, story)
    assert [(one.id, one.arguments["path"]) for one in reply.calls] == [("call_a", "a"), ("call_b", "b"), ("call_c", "c")]


def test_an_upstream_with_short_ids_gets_them_for_calls_and_results(tmp_path):
    refusal = {"status": 400, "error": "Tool call id was call_1 but must be a-z, A-Z, 0-9, with a length of 9."}
    with scripted([{"calls": [{"name": "read", "arguments": {"path": "app.py"}}]}, refusal, {"text": "Seen."}]) as server:
        played = play(server, tmp_path, lambda stage: stage.turn("look"))
    asked, answered = server.bodies[2]["messages"][2:]
    assert asked["tool_calls"][0]["id"] == answered["tool_call_id"] and len(answered["tool_call_id"]) == 9 and answered["tool_call_id"].isalnum()
    assert played.ending.kind == "done" and played.messages[1]["tool_calls"][0]["id"] == "call_1"


def test_an_upstream_that_wants_signatures_gets_the_word_for_none(tmp_path):
    refusal = {"status": 400, "error": "Function call is missing a thought_signature in functionCall parts."}
    with scripted([{"calls": [{"name": "read", "arguments": {"path": "app.py"}}]}, refusal, {"text": "Seen."}]) as server:
        assert play(server, tmp_path, lambda stage: stage.turn("look")).ending.kind == "done"
    assert ["skip_thought_signature_validator" in str(body) for body in server.bodies] == [False, False, True]


def test_a_quirk_that_is_met_and_still_refused_ends_the_turn(tmp_path):
    refusal = {"status": 400, "error": "The reasoning_content must be passed back."}
    with scripted([refusal, refusal]) as server:
        played = play(server, tmp_path, lambda stage: stage.turn("look"))
    assert played.ending.kind == "failed" and len(server.bodies) == 2
