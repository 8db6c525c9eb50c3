"""The chat's own tools: the plan, a question, and the way to actions that are not offered at once."""

import pytest
from tests.agent.hub_house import Chat, house_at

from core.agent.offering import table
from core.agent.own_tools import visible
from core.caller import Caller
from core.events import Question, Todo
from core.registry import actions


@pytest.fixture
def chat(tmp_path):
    with house_at(tmp_path) as house:
        yield Chat(house, Caller(id="local"))


def test_a_plan_is_a_checklist_that_each_call_replaces(chat):
    chat.use("plan", items=[{"text": "Look", "state": "done"}, {"text": "Build", "state": "working"}, {"text": "Check"}])
    said = chat.use("plan", items=[{"text": "Build", "state": "done"}])
    assert [event.items for event in chat.events if isinstance(event, Todo)] == [
        ({"text": "Look", "state": "done"}, {"text": "Build", "state": "working"}, {"text": "Check", "state": "pending"}),
        ({"text": "Build", "state": "done"},),
    ]
    assert said.text == "Noted: 1 done." and said.data == {"items": [{"text": "Build", "state": "done"}]}


def test_a_plan_as_other_houses_write_it_is_understood(chat):
    items = '["Look", {"content": "Build", "status": "in_progress"}, {"task": "Ship", "status": "completed"}]'
    assert chat.use("plan", items=items).ok
    assert [row["state"] for row in chat.events[-1].items] == ["pending", "working", "done"]


@pytest.mark.parametrize("items", [[], [{"text": "x"}] * 41, [{"text": "x", "state": "perhaps"}], [{"state": "done"}], "no list", [7]])
def test_a_plan_that_is_none_is_refused_with_a_sentence(chat, items):
    got = chat.use("plan", items=items)
    assert not got.ok and got.text.startswith("invalid_input: ") and chat.events == []


def test_a_long_item_is_cut_and_stands_on_one_line(chat):
    chat.use("plan", items=[{"text": "a\nb " + "x" * 5_000}])
    text = chat.events[-1].items[0]["text"]
    assert "\n" not in text and text.startswith("a b x") and len(text) <= 310


def test_a_question_ends_the_turn_and_names_its_call(chat):
    request = chat.request("ask", question="Which language?", choices=["English", "", "Deutsch"] + ["x"] * 9)
    got = chat.run(request)
    assert got.ends == "question" and got.ok
    assert [(event.id, event.text, event.choices[:2]) for event in chat.events if isinstance(event, Question)] == [(request.id, "Which language?", ("English", "Deutsch"))]
    assert len(chat.events[0].choices) <= 6


@pytest.mark.parametrize("arguments", [{"question": "  "}, {}, {"question": 7, "choices": "yes"}])
def test_a_question_that_is_none_does_not_end_the_turn(chat, arguments):
    got = chat.use("ask", **arguments)
    assert not got.ok and got.ends is None and chat.events == []


@pytest.mark.parametrize(
    ("query", "name"),
    [
        ("duplicate a Space", "space_duplicate"),
        ("list my spaces", "space_list"),
        ("bring back an undone change", "project_redo"),
        ("delete a space", "space_delete"),
        ("open the network of the app", "project_network"),
        ("call another Space as a tool", "hf_run_space_tool"),
        ("export as zip", "project_export"),
        ("search papers", "hf_search_papers"),
        ("read a repository's files", "hf_repo_files"),
        ("hub query helpers columns and limits", "hf_runtime_capabilities"),
        ("update a space from the project", "space_update"),
    ],
)
def test_an_action_is_found_by_what_it_does(chat, query, name):
    found = chat.use("find_action", query=query).data["found"]
    assert name in [one["name"] for one in found], [one["name"] for one in found]
    one = next(one for one in found if one["name"] == name)
    assert one["what"] and set(one["arguments"]) == set(actions()[name].schema.get("properties", {}))


def test_what_needs_a_word_says_so_when_it_is_found(chat):
    found = {one["name"]: one for one in chat.use("find_action", query="delete a Space").data["found"]}
    assert found["space_delete"]["asks_the_person"] == ["delete"]


@pytest.mark.parametrize("query", ["rename a file", "search models", "read a file of the project", "deploy to a space", "hub query helpers columns and limits", "space", "project files"])
def test_what_is_found_is_short_and_what_is_offered_is_only_named(chat, query):
    got = chat.use("find_action", query=query)
    assert len(got.text) <= 4_000 and not {one["name"] for one in got.data["found"]} & set(table().offered)


def test_what_is_offered_already_is_said_to_be(chat):
    assert "project_rename" in chat.use("find_action", query="rename a file").data["you_have_already"]


def test_words_that_fit_nothing_still_tell_what_there_is(chat):
    got = chat.use("find_action", query="zzz qqq")
    assert got.ok and got.data["found"] == [] and "project_redo" in got.text
    assert not chat.use("find_action", query="?!").ok


def test_nothing_hidden_is_ever_visible():
    names = set(visible())
    assert not any(name.startswith(("agent_", "outside_", "provider_manage", "provider_set", "provider_route")) for name in names)
    assert {"project_delete", "deploy_to_space", "hf_papers"} <= names


@pytest.mark.parametrize(
    ("name", "arguments"),
    [("plan", {"items": ["x"]}), ("ask", {"question": "Why?"}), ("use_action", {"name": "project_list"}), ("nothing_like_it", {}), ("", {})],
)
def test_use_action_runs_actions_only(chat, name, arguments):
    got = chat.use("use_action", name=name, arguments=arguments)
    assert not got.ok and got.ends is None and got.text.startswith(("not_found", "invalid_input")) and chat.events == []
