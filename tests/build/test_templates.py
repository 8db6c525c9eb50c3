"""What every template keeps: a valid manifest, safe rendering, files the Hub takes."""

import ast
import html.parser
import itertools
import json
import re

import pytest
import yaml

from core.build import analyze, generate, preflight, read_card, templates
from core.build.rendering import render
from core.build.templates import MANIFEST, load
from core.errors import InvalidInput, NotFound

ALL = list(templates().values())
HOSTILE = ['"); import os #', "</script><script>alert(1)</script>", "''' + evil + '''", '"""', "\\", "${title} $title {title} %s {{x}}", "a\nb\u2028c", "- x: y\n---", "<img src=x onerror=alert(1)>", "`ls` | *b* [x](javascript:1)", "\U0001f600 ünïcode ‮"]
every = pytest.mark.parametrize("template", ALL, ids=lambda template: template.id)


def made(template, **inputs):
    return generate(analyze("an app"), template.id, inputs=inputs)


@every
def test_it_renders_with_defaults_and_passes_preflight(template):
    result = made(template)
    assert preflight(result.files) == []
    assert sum(map(len, result.files.values())) < 200_000
    assert (result.template, result.sdk) == (template.id, template.manifest.sdk)
    assert made(template).files == result.files


@every
def test_every_choice_gives_files_that_compile(template):
    for item in template.manifest.inputs:
        for choice in item.choices:
            value = [choice.value] if item.type == "choices" else choice.value
            assert preflight(made(template, **{item.name: value}).files) == [], choice.value


@every
def test_the_card_is_complete(template):
    card = read_card(made(template).files)
    assert card.title and card.emoji and card.colour_from and card.colour_to and card.license == "mit"
    assert card.short_description == template.manifest.summary and len(card.short_description) <= 60
    assert card.sdk == template.manifest.sdk
    assert card.sdk_version == ("6.31.0" if card.sdk == "gradio" else None)
    assert card.app_port == (7860 if card.sdk == "docker" else None)


@every
@pytest.mark.parametrize("value", HOSTILE)
def test_a_hostile_value_stays_text(template, value):
    inputs = {item.name: [value, "x"] if item.type == "lines" else value for item in template.manifest.inputs if item.type in ("text", "lines")}
    result = made(template, **inputs)
    assert preflight(result.files) == []
    plain = made(template)
    line = " ".join(value.replace("\u2028", " ").split())
    assert read_card(result.files).title == line
    for path, data in result.files.items():
        if path.endswith(".py"):
            # Only the text inside of literals may differ: the program is the same program.
            assert shape(data) == shape(plain.files[path])
        if path.endswith(".html"):
            assert tags(data) == tags(plain.files[path])
        if path == "data.js":
            body = data.decode()
            assert "<" not in body.split("window.APP")[1]
            assert json.loads(re.search(r"title: (.*),\n", body)[1]) == line
    readme = result.files["README.md"].decode().split("\n---\n", 1)[1]
    assert "<script" not in readme and "<img" not in readme


def shape(source: bytes) -> str:
    tree = ast.parse(source)
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            node.value = "text"
        if isinstance(node, ast.List):
            node.elts = node.elts[:1]
    return ast.dump(tree)


def tags(source: bytes) -> list:
    found = []
    parser = html.parser.HTMLParser()
    parser.handle_starttag = lambda tag, attributes: found.append((tag, sorted(name for name, _ in attributes)))
    parser.feed(source.decode())
    return found


@every
def test_nothing_is_loaded_from_elsewhere_at_run_time(template):
    for item in [None, *(choice for one in template.manifest.inputs for choice in one.choices)]:
        name = next((one.name for one in template.manifest.inputs if item in one.choices), None)
        inputs = {name: [item.value] if template.manifest.input(name).type == "choices" else item.value} if name else {}
        for path, data in made(template, **inputs).files.items():
            text = data.decode()
            assert not re.search(r"""(?:src|href|url)\s*[=(]\s*["']?(?:https?:)?//|@import|GoogleFont|cdn\.|from\s+["']https?:""", text), path


@every
def test_its_requirements_leave_the_sdk_to_the_hub(template):
    if template.manifest.sdk == "gradio":
        lines = made(template).files["requirements.txt"].decode().splitlines()
        assert not any(re.match(r"\s*(gradio|huggingface[_-]hub|spaces)\b", line) for line in lines)


@every
def test_every_file_of_the_folder_is_used(template):
    used = {MANIFEST}
    for item in template.manifest.inputs:
        assert item.label
    for rule in template.manifest.files:
        source = rule.source or rule.path
        names = re.findall(r"\$\{(\w+)\}", source)
        values = [[choice.value for choice in template.manifest.input(name).choices] for name in names]
        for combination in itertools.product(*values):
            path = source
            for name, value in zip(names, combination):
                path = path.replace(f"${{{name}}}", value)
            used.add(path)
    there = {str(path.relative_to(template.folder)) for path in template.folder.rglob("*") if path.is_file() and "__pycache__" not in path.parts}
    assert there == used


@every
def test_a_wrong_input_is_refused(template):
    with pytest.raises(InvalidInput, match="no input called"):
        made(template, nonsense=1)
    with pytest.raises(InvalidInput):
        made(template, title=5)
    with pytest.raises(InvalidInput):
        made(template, title="x" * 201)
    for item in template.manifest.inputs:
        if item.choices:
            with pytest.raises(InvalidInput, match="none of"):
                made(template, **{item.name: "nonsense"})


def test_there_is_no_such_template():
    with pytest.raises(NotFound):
        generate(analyze("an app"), "no-such-template")


def test_words_of_the_idea_become_the_content():
    idea = "a to-do list called Trip with 'tent' and 'stove'"
    result = generate(analyze(idea), "static-page")
    assert b'items: ["tent", "stove"]' in result.files["data.js"] and result.title == "Trip"
    assert b"<title>Trip</title>" in result.files["index.html"]
    assert "app.js" in result.files and result.files["app.js"].startswith(b"// A list of things to do")


def test_only_the_operations_asked_for_are_written():
    result = generate(analyze("a regex tester"), "gradio-text-tools")
    assert {path for path in result.files if path.startswith("operations/")} == {"operations/__init__.py", "operations/result.py", "operations/regex.py"}


def test_a_limit_of_the_result_is_said():
    notes = generate(analyze("summarize my article"), "gradio-text-tools").notes
    assert any("writes none of its own" in note for note in notes)


def test_a_new_template_is_a_folder_and_nothing_else(tmp_path):
    folder = tmp_path / "my-template"
    folder.mkdir()
    manifest = {
        "id": "my-template", "version": 1, "title": "T", "summary": "S", "sdk": "static", "category": "x", "inputs": [{"name": "title", "label": "Title"}],
        "card": {"emoji": "📝", "colorFrom": "red", "colorTo": "blue"}, "files": [{"path": "index.html"}],
    }  # fmt: skip
    (folder / MANIFEST).write_text(yaml.safe_dump(manifest))
    (folder / "index.html").write_text("hi")
    assert templates(tmp_path)["my-template"].source("index.html") == b"hi"
    for broken in ({"summary": "x" * 61}, {"sdk": "streamlit"}, {"surprise": 1}, {"id": "other"}, {"files": [{"path": "../x"}]}, {"inputs": []}):
        (folder / MANIFEST).write_text(yaml.safe_dump({**manifest, **broken}))
        with pytest.raises(ValueError, match="template.yaml"):
            load(folder)


def test_an_undeclared_name_in_a_file_is_a_mistake_of_the_template():
    with pytest.raises(ValueError, match="not a declared input"):
        render(b"X = ${nonsense}", {"title": "x"}, path="a.py")
    with pytest.raises(ValueError, match="copied"):
        render(b"${title}", {"title": "x"}, path="a.css")
