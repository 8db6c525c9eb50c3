"""Which template an idea gets, by a table of ideas as people type them."""

from pathlib import Path

import pytest
import yaml

from core.build import analyze, generate, select, templates
from core.errors import InvalidInput, NoTemplateFits

IDEAS = yaml.safe_load(Path(__file__).with_name("ideas.yaml").read_text(encoding="utf-8"))


@pytest.mark.parametrize("row", [row for row in IDEAS if row["template"]], ids=lambda row: row["idea"][:40])
def test_an_idea_gets_the_template_that_does_it(row):
    analysis = analyze(row["idea"])
    selection = select(analysis)
    assert selection.chosen and selection.chosen.id == row["template"], selection.why
    assert selection.chosen.title in selection.why
    made = generate(analysis, selection)
    for name, value in row.get("has", {}).items():
        assert value == made.inputs[name] or value in made.inputs[name]


@pytest.mark.parametrize("row", [row for row in IDEAS if not row["template"]], ids=lambda row: row["idea"][:40])
def test_an_idea_that_no_template_does_is_refused_with_the_nearest_three(row):
    analysis = analyze(row["idea"])
    selection = select(analysis)
    assert selection.chosen is None, selection.why
    assert row.get("says", "") in selection.why
    with pytest.raises(NoTemplateFits) as refused:
        generate(analysis, selection)
    assert [one["id"] for one in refused.value.details["nearest"]] == [match.id for match in selection.ranked[:3]]
    assert refused.value.message == selection.why


def test_every_template_is_ranked_best_first():
    selection = select(analyze("a csv dashboard"))
    assert {match.id for match in selection.ranked} == set(templates())
    assert selection.chosen == selection.ranked[0]
    assert [match.score for match in selection.ranked] == sorted((match.score for match in selection.ranked), reverse=True)


def test_the_examples_of_every_manifest_choose_that_template():
    for template in templates().values():
        for example in template.manifest.examples:
            chosen = select(analyze(example)).chosen
            assert chosen and chosen.id == template.id, example


def test_a_named_framework_narrows_the_choice():
    assert select(analyze("a list of books"), framework="fastapi").chosen.id == "docker-fastapi"
    assert {match.sdk for match in select(analyze("a csv dashboard"), framework="static").ranked} == {"static"}
    with pytest.raises(InvalidInput, match="streamlit"):
        select(analyze("a csv dashboard"), framework="streamlit")


@pytest.mark.parametrize("idea", ["a Streamlit app with a slider and a line chart", "a csv dashboard with React", "a todo list using Vue.js", "a Flask server for notes"])
def test_a_framework_no_template_is_made_with_is_said(idea):
    selection = select(analyze(idea))
    assert selection.chosen is None and "framework" in selection.why
    with pytest.raises(NoTemplateFits) as refused:
        generate(analyze(idea), selection)
    assert "without a template" in refused.value.fix


def test_a_framework_as_a_subject_is_none():
    assert select(analyze("flashcards about React and Vue")).chosen and select(analyze("explore a csv of shiny stones with charts")).chosen


def test_a_framework_does_not_make_the_impossible_possible():
    assert select(analyze("generate images of cats"), framework="gradio").chosen is None


def test_a_named_task_counts():
    assert select(analyze("an app"), task="text-classification").chosen.id == "gradio-text-tools"
    assert select(analyze("an app")).chosen is None


def test_a_selection_is_json():
    import json

    shape = json.loads(json.dumps(select(analyze("pomodoro timer")).to_dict()))
    assert shape["chosen"]["id"] == "static-page" and shape["ranked"][0]["reasons"]
