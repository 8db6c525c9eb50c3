"""What is kept of a chat has bounds, and nothing secret in it, also when a secret comes in pieces."""

from __future__ import annotations

import asyncio
import json

from core.agent import Agents
from core.agent.chat import Chat
from core.agent.keeping import EVENT_CHARACTERS, PICTURE_CHARACTERS, PICTURES, body_of, clean, kept_messages, revived
from core.agent.passing import Passing
from core.agent.values import Ending
from core.events import Cost, Log, Noticed, Reasoning, Said, Step, Text, Todo, ToolEnded, ToolStarted
from core.caller import Caller
from core.errors import RateLimited
from core.registry import Call
from core.secrets import Secret
from core.settings import Settings
from core.store import Store

MINE = Secret("my/very:own+secret=value")


def chat_in(tmp_path):
    store = Store(tmp_path / "s.sqlite")
    return store, Chat.load(store, store.chat(store.make_chat("me", "A chat", None, {"limit_usd": 1.0})))


def played(tmp_path, story):
    """Run `story(chat)`, and give the store with everything in it."""
    store, chat = chat_in(tmp_path)

    async def whole():
        await story(chat)
        await chat.flush()

    asyncio.run(whole())
    return store, chat


def test_a_secret_that_comes_in_pieces_is_seen_by_nobody():
    said = f"Take {MINE.reveal()} or Bearer abcdef0123456789 and hf_abcdefghijklmnopqrst, 你好世界 then go on"
    for size in (1, 3, 7, 200):
        passing = Passing()
        place = passing.start()
        seen = ""
        for start in range(0, len(said), size):
            passing.add(Text(text=said[start : start + size]), (MINE,))
            seen += "".join(event.text for event in passing.since(place))
        for secret in (MINE.reveal(), "abcdef0123456789", "abcdefghijklmnopqrst"):
            assert secret not in seen and secret[:12] not in seen
        assert seen.startswith("Take …alue or Bearer … and …qrst, 你好世界 then go") and "then" in seen


def test_pieces_come_in_order_and_begin_anew_with_every_reply():
    passing = Passing()
    early = passing.start()
    passing.add(Reasoning(text="hm "), ())
    passing.add(Text(text="one two "), ())
    late = passing.start()
    assert [(type(one).__name__, one.text) for one in passing.since(late)] == [("Reasoning", "hm "), ("Text", "one two ")]
    passing.clear()
    passing.add(Text(text="three "), ())
    assert [one.text for one in passing.since(late)] == ["three "] == [one.text for one in passing.since(early)]


def test_of_many_lines_a_slow_follower_gets_the_newest():
    passing = Passing()
    place = passing.start()
    for number in range(2_000):
        passing.add(Log(source="run", text=f"line {number}"), ())
    lines = [one.text for one in passing.since(place)]
    assert len(lines) == 500 and lines[-1] == "line 1999" and passing.since(place) == []


def test_words_about_bearers_stay():
    text = "Use bearer authentication, with the header Authorization: Bearer YOUR_TOKEN; task-runner and sky-blue too"
    assert clean(text) == text
    assert "github_pat_11ABCDEFG0123456789abc" not in clean("x github_pat_11ABCDEFG0123456789abc y")


def test_what_is_in_keys_and_depths_is_clean_too():
    event = ToolEnded(id="1", name="x", ok=True, data={MINE.reveal(): [{"deep": (f"a {MINE.reveal()}",)}]}, text="hf_abcdefghijklmnopqrst")
    body = json.dumps(body_of(event, (MINE,)))
    assert MINE.reveal() not in body and "hf_" not in body


def test_an_event_comes_back_as_it_was():
    for event in (Said(text="hi", reasoning="r", model="m"), Todo(items=({"text": "a", "state": "done"},)), Step(name="a", text="b", seconds=1.5)):
        body = json.loads(json.dumps(body_of(event, ()) | {"seq": 7}))
        back = revived(body)
        assert type(back) is type(event) and back.seq == 7 and json.loads(json.dumps(back.to_dict())) == body
    assert revived({"event": "NobodyKnows"}) is None and revived({"event": "Said"}) is None and revived({"event": "asdict"}) is None


def test_pieces_and_lines_pass_by_and_only_wholes_are_kept(tmp_path):
    async def story(chat):
        for event in (Text(text="a b "), Reasoning(text="c "), Log(source="run", text="d"), Said(text="a b c")):
            chat.emit(event)

    store, chat = played(tmp_path, story)
    assert [json.loads(body)["event"] for body in store.chat_events(chat.id)] == ["Said"]


def test_the_newest_twenty_pictures_are_kept_and_no_large_one(tmp_path):
    async def story(chat):
        for number in range(PICTURES + 5):
            chat.emit(ToolEnded(id=str(number), name="look", ok=True, picture={"mime": "image/png", "base64": "A" * 1000}))
        chat.emit(ToolEnded(id="large", name="look", ok=True, picture={"mime": "image/png", "base64": "A" * (PICTURE_CHARACTERS + 1)}))

    store, chat = played(tmp_path, story)
    bodies = [json.loads(body) for body in store.chat_events(chat.id)]
    assert [one["id"] for one in bodies if one["picture"]] == [str(number) for number in range(5, PICTURES + 5)]
    assert "no longer kept" in bodies[0]["text"] and "not kept" in bodies[-1]["text"]


def test_a_chat_has_a_size_beyond_which_its_oldest_events_go(tmp_path):
    async def story(chat):
        for number in range(60):
            chat.emit(Said(text=f"{number} " + "x" * 300_000))
            await chat.flush()

    store, chat = played(tmp_path, story)
    last, size = store.chat_size(chat.id)
    assert last == 60 and size <= EVENT_CHARACTERS
    assert json.loads(store.chat_events(chat.id, after=59)[0])["text"].startswith("59 ")


def test_what_one_event_may_hold_is_bounded():
    body = body_of(ToolEnded(id="1", name="x", ok=True, text="t" * 2_000_000, data={"rows": ["y" * 1_000_000]}), ())
    assert body["data"] is None and len(json.dumps(body)) < 700_000


def test_messages_keep_two_pictures_and_let_old_results_go():
    picture = {"role": "user", "content": [{"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}}], "meta": {"kind": "picture"}}
    results = [{"role": "tool", "tool_call_id": str(number), "content": f"{number} " + "z" * 100_000} for number in range(60)]
    words = {"role": "user", "content": "my own words", "meta": {"kind": "said"}}
    bodies = [json.loads(body) for body in kept_messages([words, dict(picture), dict(picture), dict(picture), *results], (), {})]
    assert bodies[0] == words and sum("base64" in json.dumps(one) for one in bodies) == 2
    assert sum(len(json.dumps(one)) for one in bodies) <= 4_000_000
    assert "no longer kept" in bodies[4]["content"] and bodies[-1]["content"].startswith("59 zzz")


def test_only_what_changed_of_the_messages_is_written_again(tmp_path):
    store, chat = chat_in(tmp_path)
    written = []
    keep = store.keep_chat_messages
    store.keep_chat_messages = lambda id, since, bodies: (written.append((since, len(bodies))), keep(id, since, bodies))

    async def story():
        for number in range(4):
            chat.messages.append({"role": "user", "content": f"m{number}"})
            chat.messages_changed()
            await chat.flush()
        chat.messages[1:3] = [{"role": "user", "content": "a summary"}]
        chat.messages_changed()
        await chat.flush()

    asyncio.run(story())
    assert written == [(0, 1), (1, 1), (2, 1), (3, 1), (1, 2)]
    assert [json.loads(body)["content"] for body in store.chat_messages(chat.id)] == ["m0", "a summary", "m3"]


def test_costs_are_summed_by_who_asked(tmp_path):
    def bill(usd, **more):
        return Cost(receipt={"cost_usd": usd, "usage": {"prompt": 10, "completion": 5}} | more)

    async def story(chat):
        chat.role = "plan"
        chat.emit(bill(0.1))
        chat.emit(bill(0.2, role="summarise"))
        chat.emit(ToolStarted(id="1", name="app_repair", title="Repair"))
        chat.emit(bill(None, estimate_usd=0.3))
        chat.emit(ToolEnded(id="1", name="app_repair", ok=True))
        chat.emit(bill(None))

    store, chat = played(tmp_path, story)
    spent = store.chat(chat.id)["spent"]
    assert spent == {"usd": 0.6, "prompt": 40, "completion": 20, "roles": {"plan": 0.1, "summarise": 0.2, "repair": 0.3}, "unknown": True}


def test_a_reply_that_begins_anew_does_not_grow_from_the_broken_one(tmp_path):
    async def story(chat):
        chat.emit(Text(text="half of a "))
        chat.emit(Noticed(kind="retry", text="It broke off."))
        assert chat.so_far()["text"] == ""
        chat.begin()
        chat.end(Ending("done"))

    played(tmp_path, story)


def test_a_disk_that_is_full_is_told_to_whoever_waits_for_it(tmp_path):
    store, chat = chat_in(tmp_path)
    store._connection.execute("PRAGMA query_only = ON")

    async def story():
        chat.emit(Said(text="x"))
        try:
            await chat.flush()
        except Exception as error:
            return getattr(error, "code", repr(error))

    assert asyncio.run(story()) == "storage_full"


def test_two_hundred_chats_are_in_memory_and_none_that_is_followed_leaves_it(tmp_path):
    store = Store(tmp_path / "s.sqlite")
    agents = Agents(store, Settings().agent)
    calls = [Call(Caller(id=owner), house=None) for owner in ("a", "b")]

    async def story():
        first = await agents.open(calls[0], store.make_chat("a", "first", None, {}))
        following = asyncio.ensure_future(anext(first.follow(stay=True)))
        await asyncio.sleep(0)
        for number in range(250):
            call = calls[number % 2]
            await agents.open(call, store.make_chat(call.caller.id, str(number), None, {}))
        assert len(agents._live) == 200 and first.id in agents._live
        following.cancel()

    asyncio.run(story())


def test_fifty_follow_a_chat_and_no_more(tmp_path):
    store, chat = chat_in(tmp_path)

    async def story():
        followers = [asyncio.ensure_future(anext(chat.follow(stay=True))) for _ in range(50)]
        await asyncio.sleep(0)
        try:
            await anext(chat.follow())
        except RateLimited:
            return True
        finally:
            for one in followers:
                one.cancel()
            await asyncio.gather(*followers, return_exceptions=True)

    assert asyncio.run(story())


def test_whoever_follows_past_what_was_cut_comes_to_the_end(tmp_path):
    async def story(chat):
        for number in range(3):
            chat.emit(Said(text=str(number)))
        await chat.cut(2)
        assert [event.text async for event in chat.follow()] == ["0"]
        chat.emit(Said(text="new"))
        assert [(event.seq, event.text) async for event in chat.follow(1)] == [(4, "new")]

    store, chat = played(tmp_path, story)
    again = Chat.load(store, store.chat(chat.id))
    assert again.last == 4
