"""Whole conversations, good and hostile, from the files in `conversations/`; each says what must come of it.

A conversation: `turns`, what the model's server plays (see `scripted`); `story`, what the person does, one turn of the loop each:

    say, waiting, decide   their words; words that come while it works; {call: {approve, feedback}}
    limits, mind           of this turn; what the mind is made with
    stop_at                the turn is cancelled when this event comes
    go_at                  the server's held answers go on when this event comes
    expect                 what must be true then:
        ending, text, pending     how it ended; a part of its sentence; ids that wait. ending "cancelled" for a stopped turn
        events                    kinds in order, without pieces and costs; `some`: kinds that are among them
        notices                   kinds of Noticed, in order
        messages                  roles in order. last: a part of the newest message's text. note: a part of any note
        history, not_in_history   parts of the whole history as text
        requests                  how many have arrived by then; sent: {number: parts of it}, not_sent likewise
        roles                     {number: roles of the messages of that request}
        begun, files, usd, said   tools in the order they began; path → content; what it cost; the whole replies
        results                   {call: part of its result}, at_once: how many tools ran at the same time at most

Everything that ever went out is besides checked to be a conversation any upstream takes.
"""

from __future__ import annotations

import asyncio
import json
import time
from pathlib import Path
from typing import Any

import pytest
import yaml

from core.agent.values import Decision, Limits
from core.events import Event, Noticed, Said
from tests.agent.bench import Played, Stage, as_text, play
from tests.agent.scripted import KEY, Scripted, scripted

FOLDER = Path(__file__).with_name("conversations")
CONVERSATIONS = [(file.stem, one) for file in sorted(FOLDER.glob("*.yaml")) for one in yaml.safe_load(file.read_text(encoding="utf-8")) if "story" in one]


@pytest.mark.parametrize("given", [pytest.param(one, id=f"{stem}: {one['title']}") for stem, one in CONVERSATIONS])
def test_conversation(given: dict[str, Any], tmp_path):
    with scripted(expanded(given["turns"])) as server:
        if "model" in given:
            server.models("scripted-large", **given["model"])
        play(server, tmp_path, lambda stage: tell(stage, given), provider=given.get("provider", "scripted"))
        for seen in server.requests:
            check_wire(seen.body)
        assert (len(server.left), server.over) == (given.get("left", 0), 0), "the script was not played to its end"
        assert KEY not in json.dumps(server.bodies)


def test_there_are_enough_conversations():
    assert len(CONVERSATIONS) >= 30


async def tell(stage: Stage, given: dict[str, Any]) -> None:
    for act in given["story"]:
        played = await one_turn(stage, act)
        check(act["expect"], played, stage.server)
    assert [len(stage.messages)] == played.kept[-1:], "the last change was not kept"


async def one_turn(stage: Stage, act: dict[str, Any]) -> Played:
    act = dict(act)
    stage.waiting = list(act.get("waiting", ()))
    settings: dict[str, Any] = {"limits": Limits(**{"usd": None} | act.get("limits", {}))}
    settings["decisions"] = {id: Decision(**word) for id, word in act.get("decide", {}).items()}
    settings["mind"] = act.get("mind", {})
    if "message" in act:
        stage.messages.append(act["message"])
    task: asyncio.Task[Played]

    def emit(event: Event) -> None:
        stage.events.append(event)
        kind = type(event).__name__
        if kind == act.get("stop_at"):
            task.cancel()
        if kind == act.get("go_at"):
            stage.waiting += act.pop("meanwhile", ())
            stage.server.go.set()

    task = asyncio.create_task(stage.turn(act.get("say"), emit=emit, **settings))
    try:
        return await asyncio.wait_for(asyncio.shield(task), 20)
    except asyncio.CancelledError:
        assert act["expect"]["ending"] == "cancelled"
        return Played(None, stage.events, stage.messages, stage.bench, [len(stage.messages)])  # type: ignore[arg-type]


def check(wanted: dict[str, Any], played: Played, server: Scripted) -> None:
    ending, bodies = played.ending, server.bodies
    notes = [str(one["content"]) for one in played.messages if one.get("meta", {}).get("kind") == "note"]
    history = as_text(played.messages)
    results = {one["tool_call_id"]: one["content"] for one in played.messages if one["role"] == "tool"}
    found = {
        "ending": ending.kind if ending else "cancelled",
        "pending": list(ending.pending) if ending else [],
        "events": played.kinds,
        "notices": [event.kind for event in played.told(Noticed)],
        "messages": [one["role"] for one in played.messages],
        "requests": len(bodies),
        "begun": played.bench.begun,
        "said": [event.text for event in played.told(Said)],
        "usd": pytest.approx(played.usd),
        "at_once": played.bench.most,
        "hung_up": "hung_up" in wanted and hung_up(server),
    }
    for name, value in wanted.items():
        match name:
            case "text":
                assert value in ending.text
            case "some":
                assert set(value) <= set(played.kinds)
            case "last":
                assert value in str(played.messages[-1]["content"])
            case "note":
                assert any(value in one for one in notes), notes
            case "history":
                assert [one for one in value if one not in history] == []
            case "not_in_history":
                assert [one for one in value if one in history] == []
            case "sent" | "not_sent":
                for number, parts in value.items():
                    request = json.dumps(bodies[number - 1], ensure_ascii=False)
                    assert [one for one in parts if (one in request) != (name == "sent")] == [], request[-2_000:]
            case "roles":
                for number, roles in value.items():
                    assert [one["role"] for one in bodies[number - 1]["messages"]] == roles
            case "files":
                assert {path: played.bench.files().get(path) for path in value} == value
            case "results":
                for id, part in value.items():
                    assert part in results[id], results
            case _:
                assert found[name] == value, name


def hung_up(server: Scripted) -> bool:
    """Whether the newest request was given up; its server may hear of it a moment later."""
    deadline = time.monotonic() + 10
    while not server.requests[-1].hung_up and time.monotonic() < deadline:
        time.sleep(0.02)
    return server.requests[-1].hung_up


def check_wire(body: dict[str, Any]) -> None:
    """The rules every upstream has: known fields, nothing empty, each call answered once behind its reply, nobody twice in a row."""
    messages, before = body["messages"], None
    open_calls: list[str] = []
    ids: set[str] = set()
    for one in messages:
        assert set(one) <= {"role", "content", "tool_calls", "tool_call_id", "name"}
        assert one["content"] or one.get("tool_calls"), one
        if one["role"] == "tool":
            open_calls.remove(one["tool_call_id"])
            continue
        assert not open_calls, "a call has no result"
        assert one["role"] != before or one["role"] == "system", f"two of {before} in a row"
        before = one["role"] if not one.get("tool_calls") else None
        open_calls = [call["id"] for call in one.get("tool_calls") or ()]
        for call in one.get("tool_calls") or ():
            assert isinstance(json.loads(call["function"]["arguments"]), dict)
        assert len(set(open_calls)) == len(open_calls) and not ids & set(open_calls)
        ids |= set(open_calls)
    assert not open_calls


def expanded(turns: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """`{big: n}` in the place of a text is a text of n letters, `{reply: …}` is left as it is."""

    def filled(value: Any) -> Any:
        if isinstance(value, dict):
            return "x" * value["big"] if set(value) == {"big"} else {name: filled(one) for name, one in value.items()}
        return [filled(one) for one in value] if isinstance(value, list) else value

    return filled(turns)
