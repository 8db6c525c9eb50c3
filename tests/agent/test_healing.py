"""What models write as arguments, and what is read out of it. Half a text is never taken for a whole one."""

import json

import pytest

from core.agent import healing
from core.agent.values import Tool, ToolRequest
from core.agent.wire import clean

WHOLE = {"path": "app.py", "text": "a\nb"}
TOOLS = (
    Tool("read_file", "Reads.", {"type": "object", "properties": {"path": {"type": "string"}}, "required": ["path"]}),
    Tool("write_file", "Writes.", {"type": "object", "properties": {"path": {"type": "string"}, "text": {"type": "string"}, "lines": {"type": "array"}}, "required": ["path", "text"]}),
)


@pytest.mark.parametrize("given", [
    '{"path": "app.py", "text": "a\\nb"}',
    '  {"path": "app.py", "text": "a\\nb"}\n\n',
    '{"path": "app.py", "text": "a\nb"}',  # a line break as it is
    '```json\n{"path": "app.py", "text": "a\\nb"}\n```',
    '```\n{"path": "app.py", "text": "a\\nb",}\n```',
    '{"path": "app.py", "text": "a\\nb",}',
    '{"path": "app.py", "text": "a\\nb"',
    "{'path': 'app.py', 'text': 'a\\nb'}",
    '{path: "app.py", text: "a\\nb"}',
    '{"path": "app.py", "text": """a\nb"""}',
    '{"path": "app.py", /* here */ "text": "a\\nb" // so\n}',
    '{"path": "app.py", "text": "a\\nb"}{"path": "app.py", "text": "a\\nb"}',
    '{}{"path": "app.py", "text": "a\\nb"}',
    json.dumps('{"path": "app.py", "text": "a\\nb"}'),
    'Here it is: {"path": "app.py", "text": "a\\nb"}',
    '```json\n{"path": "app.py", "text": "a\\nb"\n```',
    {"path": "app.py", "text": "a\nb"},
])  # fmt: skip
def test_what_was_plainly_meant_is_read(given):
    assert healing.read_arguments(given, "write_file") == (WHOLE, None)


@pytest.mark.parametrize(("given", "meant"), [
    ("", {}), ("null", {}), ("None", {}), ("{}", {}), ("{'on': True, 'off': False, 'no': None}", {"on": True, "off": False, "no": None}),
    ("{'say': 'she said \"hi\" and it\\'s fine'}", {"say": 'she said "hi" and it\'s fine'}), ('{"a": [1, 2', {"a": [1, 2]}),
    ('{"pattern": "\\d+\\\\w", }', {"pattern": "\\d+\\w"}), ('{"a": {"b": [{"c": -1.5e3}]}, }', {"a": {"b": [{"c": -1500.0}]}}), ('{"n": NaN}', {"n": None}),
    ("{'path': 'C:\\\\new'}", {"path": "C:\\new"}), ('{"text": "``` inside\\n```"}', {"text": "``` inside\n```"}),
])  # fmt: skip
def test_odd_values_keep_their_meaning(given, meant):
    assert healing.read_arguments(given, "any") == (meant, None)


@pytest.mark.parametrize(("given", "why"), [
    ('{"path": "app.py", "text": "import gradio as gr\\nwith gr.Bl', "end in the middle of a text"),
    ("{'text': 'half", "end in the middle of a text"),
    ('{"a": 1}{"a": 2}', "two different objects"),
    ("[1, 2]", "a list"), ("7", "a number"), ("true", "true or false"), ('"text"', "a text"),
    ("write app.py please", "no {"), ('{"a": }', "no value"), ('{"a" 1}', "a colon is missing"), ('{"a": 1 "b": 2}', "a comma or }"),
    ('{"a": hello}', "'hello'"), ('{"a": ' * 5_000, "nested"), ("[" * 100_000, "no {"), ('{"n": ' + "9" * 10_000 + "}", "neither"),
])  # fmt: skip
def test_what_nobody_can_know_is_refused_in_a_sentence(given, why):
    arguments, problem = healing.read_arguments(given, "write_file")
    assert arguments == {} and why in problem and "write_file" in problem and len(problem) < 400


def test_a_megabyte_is_refused_unread():
    arguments, problem = healing.read_arguments('{"text": "' + "x" * 1_000_000 + '"}', "write_file")
    assert arguments == {} and "1000012 characters" in problem and "several calls" in problem
    assert healing.read_arguments('{"text": "' + "x" * 900_000 + '"}', "write_file")[1] is None


def test_half_a_character_never_reaches_a_request():
    arguments, problem = healing.read_arguments('{"text": "a\\ud83d", "\\udc00": ["\\ude00"]}', "write_file")
    assert problem is None and json.dumps(arguments, ensure_ascii=False).encode()
    assert clean("whole 😀") == "whole 😀" and clean("half \ud83d") == "half \ufffd"


def call(name, arguments="{}", id="c1"):
    return {"id": id, "function": {"name": name, "arguments": arguments}}


@pytest.mark.parametrize(("given", "meant"), [
    ("read_file", "read_file"), ("functions.read_file", "read_file"), ("Read-File", "read_file"), (" readFile", "read_file"), ("default_api:read_file", "read_file"),
    ("delete_all", "delete_all"),
])  # fmt: skip
def test_names_are_set_right_where_only_their_writing_differs(given, meant):
    assert healing.requests([call(given)], TOOLS)[0].name == meant


def test_ids_are_there_and_unique():
    calls = [call("read_file", id=id) for id in ("a", "a", "", "with space", "x" * 65, "kept_1-b")]
    ids = [one.id for one in healing.requests(calls, TOOLS)]
    assert ids[0] == "a" and ids[-1] == "kept_1-b" and len(set(ids)) == 6 and all(len(id) == 9 for id in ids[1:5])
    again = healing.unique([ToolRequest("a", "read_file")], {"a"})[0]
    assert again.id != "a" and again.name == "read_file"


def test_a_call_without_a_name_is_answered_too():
    request = healing.requests([call("")], TOOLS)[0]
    assert request.name == "unnamed" and "names no tool" in request.problem


def test_the_nearest_names_are_told():
    assert "The nearest are: read_file" in healing.unknown("read_fil", ["read_file", "deploy"])
    assert "write_file" in healing.unknown("file_writer", ["write_file", "deploy"])
    assert healing.unknown("zzz", ["read_file"]).endswith("Use the tools you were given.")


def test_how_exactly_shows_the_arguments_there_are():
    told = healing.how_exactly(TOOLS[1], "write_file")
    assert '{"path": "…", "text": "…"}' in told and "two times" in told


def test_a_name_no_upstream_would_take_back_is_made_one():
    name = healing.requests([call("rm -rf / && écho " + "x" * 99)], TOOLS)[0].name
    assert name.startswith("rm_-rf___") and len(name) == 64 and name.isascii()


@pytest.mark.parametrize("given", ["```json" + " " * 900_000 + "x```", '{"a"' + " " * 900_000, "{" * 900_000, '{"a":' + '"\\' * 400_000, '{"a" ' * 150_000])
def test_nearly_a_megabyte_of_nonsense_is_refused_before_long(given):
    """Every reader here is linear in what it reads; one that was not would never come back from these."""
    arguments, problem = healing.read_arguments(given, "write_file")
    assert arguments == {} and len(problem) < 400
