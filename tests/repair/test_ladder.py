"""The ladder climbs, keeps only what is better, and goes back to the best; over files in memory."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from dataclasses import replace

import pytest

from core.errors import InvalidInput, OverBudget
from core.repair import Answer, Hands, Look, Rule, repair, rules

CARD = b"---\nsdk: gradio\n---\n"


class World:
    """Files with a history, and an app that fails as `judge` says."""

    def __init__(self, judge: Callable[[str], Look], text: str, answers: list[str | Exception] | None = None):
        self.judge, self.history, self.answers = judge, [text], answers
        self.patient: list[bool] = []
        self.asked: list[tuple[str, ...]] = []
        self.said: list[tuple] = []
        self.meddle = ""

    @property
    def text(self) -> str:
        return self.history[-1]

    @property
    def hands(self) -> Hands:
        return Hands(self.look, self.files, lambda: str(len(self.history)), self.write, self.restore, self.ask if self.answers is not None else None, lambda *told: self.said.append(told))

    async def look(self, patient: bool) -> Look:
        self.patient.append(patient)
        if self.meddle:
            self.history.append(self.meddle)
            self.meddle = ""
        return self.judge(self.text)

    async def files(self):
        return {"README.md": CARD, "app.py": self.text.encode()}

    async def write(self, changes, message: str) -> str:
        self.history.append(changes["app.py"].decode())
        return str(len(self.history))

    async def restore(self, revision: str) -> str:
        self.history.append(self.history[int(revision) - 1])
        return str(len(self.history))

    async def ask(self, look: Look, files, tried) -> Answer:
        self.asked.append(tuple(tried))
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return Answer({"app.py": answer.encode()}, f"made it {answer!r}", tokens=100, cost_usd=0.01)

    def repair(self, table=None, **options):
        return asyncio.run(repair(self.hands, rules() if table is None else table, **options))


def failed(error: str, stage="start", reached=0, **more) -> Look:
    return Look(stage, False, error, "app.py", reached, reached, problems=(error,), **more)


def program(text: str) -> Look:
    """A program that is run line by line: a line is sound, or names its error."""
    for number, line in enumerate(text.splitlines(), 1):
        if line.startswith("broken"):
            return failed(f"It stops: {line}", reached=number)
        if not re.fullmatch(r"good.*|import \w+( as \w+)?", line) and line.split(".")[0] in ("np", "json", "pd"):
            if f"import {dict(np='numpy as np', pd='pandas as pd').get(line.split('.')[0], 'json')}" not in text:
                return failed(f"NameError: name '{line.split('.')[0]}' is not defined", reached=number)
    return Look("done", True)


def test_what_works_is_left_alone():
    world = World(program, "good", [])
    outcome = world.repair()
    assert (outcome.rungs, outcome.wrong, world.history) == ((), (), ["good"])


def test_several_rules_mend_in_one_rung_for_nothing():
    world = World(program, "np.zeros\njson.dumps\npd.read_csv", [])
    outcome = world.repair()
    assert outcome.look.ok and len(outcome.rungs) == 1 and world.asked == []
    rung = outcome.rungs[0]
    assert (rung.kind, rung.kept, rung.tokens, rung.cost_usd) == ("rules", True, 0, 0.0)
    assert rung.what == "Import np; Import json; Import pd"
    assert rung.before["score"] < rung.after["score"] == 100


def test_rules_that_do_not_help_are_taken_back_and_a_model_goes_on():
    # The rule's words match, but the app fails all the same: another import would not help it.
    def stubborn(text: str) -> Look:
        return Look("done", True) if text == "good" else failed("NameError: name 'np' is not defined", reached=1)

    world = World(stubborn, "np.zeros", ["good"])
    outcome = world.repair()
    assert [rung.kind for rung in outcome.rungs] == ["rules", "model"]
    assert [rung.kept for rung in outcome.rungs] == [False, True]
    assert outcome.look.ok and world.text == "good"
    assert world.history[2] == "np.zeros"  # taken back before the model was asked


def test_a_worse_state_is_never_kept():
    stages = {"first": failed("one", "check"), "worse": failed("two", "start"), "same": failed("one", "check"), "better": failed("three", "use"), "good": Look("done", True)}
    world = World(lambda text: stages[text], "first", ["worse", "same", "better", "worse", "good"])
    outcome = world.repair()
    assert [rung.kept for rung in outcome.rungs] == [False, False, True, False, True]
    assert outcome.look.ok and world.text == "good"
    assert [len(tried) for tried in world.asked] == [0, 1, 2, 2, 3]  # it is told what did not help
    assert sum(rung.tokens for rung in outcome.rungs) == 500


def test_after_five_rungs_the_best_state_stands_and_is_told():
    stages = {"first": failed("one", "start"), "better": failed("three", "use"), "worse": failed("two", "install")}
    world = World(lambda text: stages[text], "first", ["worse", "better", "worse", "worse", "worse", "never"])
    outcome = world.repair()
    assert len(outcome.rungs) == 5 and world.answers == ["never"]
    assert world.text == "better" and outcome.wrong == ("three",) and outcome.note == "All rungs are used."
    assert outcome.look.better_than(outcome.first)


def test_what_may_pass_is_tried_once_more_with_more_time():
    looks = iter([failed("The app did not start to serve within 60 seconds."), Look("done", True)])
    world = World(lambda text: next(looks), "good", [])
    outcome = world.repair([])
    assert [(rung.kind, rung.kept, rung.cost_usd) for rung in outcome.rungs] == [("again", True, 0.0)]
    assert world.patient == [False, True] and world.asked == []


def test_it_is_tried_once_more_only_once():
    world = World(lambda text: failed("Connection refused"), "good")
    outcome = world.repair([])
    assert [rung.kind for rung in outcome.rungs] == ["again"] and outcome.note == "No rule knows this error."


def test_another_error_later_in_the_same_file_is_progress():
    world = World(program, "broken one\nbroken two", ["good\nbroken two", "broken one\nbroken two", "good\ngood"])
    outcome = world.repair()
    assert [rung.kept for rung in outcome.rungs] == [True, False, True] and world.text == "good\ngood"


def test_the_same_error_in_another_line_is_no_progress():
    world = World(program, "broken one", ["good\nbroken one"])
    outcome = world.repair(rungs=1)
    assert [rung.kept for rung in outcome.rungs] == [False] and world.text == "broken one"


def test_somebody_elses_change_stays():
    world = World(lambda text: failed("odd"), "first", ["second", "third"])

    async def play():
        hands = world.hands
        first = await hands.look(False)
        world.meddle = "the person's own"
        return await repair(hands, [], first=first)

    outcome = asyncio.run(play())
    assert world.text == "the person's own" and "Somebody else changed the files" in outcome.note


def test_stopped_in_the_middle_it_goes_back():
    world = World(program, "broken one", ["good\nbroken two"])

    async def play():
        looking = asyncio.Event()

        async def slow(patient: bool) -> Look:
            looking.set()
            await asyncio.sleep(60)
            raise AssertionError("nobody stopped it")

        task = asyncio.create_task(repair(Hands(**{**vars(world.hands), "look": slow}), [], first=program(world.text)))
        await looking.wait()
        assert world.text == "good\nbroken two"
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(play())
    assert world.text == "broken one"


def test_a_model_that_may_not_be_asked_ends_the_climb():
    world = World(program, "broken one", [OverBudget("The budget of this session is used up.")])
    outcome = world.repair()
    assert [rung.kept for rung in outcome.rungs] == [False]
    assert "The budget of this session is used up." in outcome.note and outcome.wrong == ("It stops: broken one",)


def test_edits_that_cannot_be_written_are_told_to_the_model():
    world = World(program, "broken one", ["good", "good"])
    refusing = iter([InvalidInput("The file name is not safe.")])
    write = world.write

    async def sometimes(changes, message):
        for error in refusing:
            raise error
        return await write(changes, message)

    outcome = asyncio.run(repair(Hands(**{**vars(world.hands), "write": sometimes}), []))
    assert [rung.kept for rung in outcome.rungs] == [False, True]
    assert "The file name is not safe." in world.asked[1][0]


def test_a_rule_is_not_tried_twice_on_the_same_thing():
    always = Rule("always", re.compile("broken"), "call_print", "Do it")
    world = World(program, "broken one")
    assert world.repair([always]).rungs == ()  # it does not apply: a program that does not parse is no print
    assert world.history == ["broken one"]


def test_each_rung_is_told_as_it_goes():
    world = World(program, "np.zeros")
    world.repair()
    assert [(number, state) for number, _, state, _ in world.said] == [(1, "working"), (1, "done")]


def test_a_model_is_told_what_the_rules_tried_in_vain():
    def judge(text):
        return failed("NameError: name 'np' is not defined", stage="start") if text == "np" else failed("NameError: name 'np' is not defined and more", stage="start")

    world = World(judge, "np", ["other"])
    outcome = world.repair(rungs=2)
    vain = outcome.rungs[0]
    assert (vain.kind, vain.kept, vain.what) == ("rules", False, "Tried: Import np")
    assert world.asked == [("Import np: then NameError: name 'np' is not defined and more",)]


def test_a_model_that_finds_the_app_right_ends_the_repair_with_its_words():
    world = World(lambda text: failed("'5' did not appear", stage="use"), "good", [])
    hands = replace(world.hands, ask=declining)
    outcome = asyncio.run(repair(hands, ()))
    assert [(rung.kind, rung.kept) for rung in outcome.rungs] == [("model", False)] and outcome.look.error == "'5' did not appear"
    assert outcome.note == "The model changed nothing: 2 + 2 is 4, the check asks for 5."
    assert world.said[-1][1:3] == ("2 + 2 is 4, the check asks for 5.", "warning")


async def declining(look, files, tried) -> Answer:
    return Answer(why="2 + 2 is 4, the check asks for 5.", trouble="It changed nothing.", declined=True)


@pytest.mark.parametrize("helps", [True, False])
def test_data_of_an_earlier_version_is_left_behind_once(helps):
    stale, started = failed("sqlite3.OperationalError: no such column: done", stage="use"), []
    world = World(lambda text: stale, "good")

    async def fresh() -> Look:
        started.append(1)
        return Look("done", True) if helps else stale

    outcome = asyncio.run(repair(replace(world.hands, fresh=fresh), ()))
    assert (outcome.look.ok, len(started), world.text) == (helps, 1, "good")
    assert [(rung.kind, rung.kept, rung.cost_usd) for rung in outcome.rungs] == [("again", helps, 0.0)]
