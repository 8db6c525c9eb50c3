"""Reading ideas: what is taken from them, and what is not an idea."""

import pytest

from core.build import analyze, slug_of
from core.errors import InvalidInput, TooLarge


@pytest.mark.parametrize(
    ("idea", "title"),
    [
        ("build me a pomodoro timer that beeps", "Pomodoro timer"),
        ("I want a word counter, nothing else", "Word counter"),
        ('a shopping list called "Saturday market"', "Saturday market"),
        ("Make an app named Tide Table", "Tide Table"),
        ("please create a website for my bakery", "Bakery"),
        ("a to-do list", "To-do list"),
        ("csv viewer", "CSV viewer"),
        ("Can you make a tool to compare two texts and show the differences?", "Compare two texts"),
    ],
)
def test_the_title_is_what_the_idea_is_about(idea, title):
    assert analyze(idea).title == title


def test_a_long_idea_gets_a_short_title():
    analysis = analyze("a " + "very " * 50 + "long idea about many things")
    assert len(analysis.title) <= 50 and len(analysis.slug) <= 60


@pytest.mark.parametrize(
    ("text", "slug"),
    [("Crème brûlée!", "creme-brulee"), ("Ada's list", "adas-list"), ("番茄", "my-space"), ("../../etc", "etc"), ("a" * 200, "a" * 60), ("--", "my-space")],
)
def test_a_slug_is_a_name_the_hub_accepts(text, slug):
    assert slug_of(text) == slug


@pytest.mark.parametrize(("idea", "route"), [("GET /books lists them", "/books"), ("POST /api/v1/notes/ adds one, GET /x too", "/api/v1/notes"), ("DELETE /books/{id}", "/books"), ("get /books and and/or", "")])
def test_the_path_of_a_request_is_kept_as_it_is_asked_for(idea, route):
    assert analyze(idea).route == route


def test_quoted_words_become_labels_and_apostrophes_do_not():
    assert analyze("""a to-do list with "milk", 'fresh bread' and “eggs”; don't show what's done""").labels == ("milk", "fresh bread", "eggs")


def test_inputs_outputs_and_hints_are_named():
    analysis = analyze("a dashboard: upload a CSV file, chart it, download the result")
    assert {"table", "file"} <= set(analysis.inputs)
    assert {"chart", "download"} <= set(analysis.outputs)
    assert "dashboard" in analysis.hints


def test_model_work_is_recognised():
    assert [need.task for need in analyze("draw pictures of dragons").needs_model] == ["text-to-image"]
    assert [need.task for need in analyze("transcribe meetings").needs_model] == ["automatic-speech-recognition"]


def test_a_page_about_something_is_not_that_thing():
    assert analyze("landing page for a chatbot company").needs_model == ()
    assert analyze("a quiz about bitcoin mining").refusals == ()
    assert analyze("a chatbot and a landing page for it").needs_model != ()


@pytest.mark.parametrize(("idea", "language"), [("une liste de tâches pour mon équipe", "French"), ("quiero una calculadora para mis gastos", "Spanish"), ("ein Timer für die Küche und das Bad", "German"), ("список дел для команды", "Russian"), ("買い物リストを作って", "Japanese")])
def test_another_language_is_said_plainly(idea, language):
    analysis = analyze(idea)
    assert analysis.language == language
    assert language in analysis.notes[0] and "English" in analysis.notes[0]


def test_english_needs_no_note():
    assert analyze("a pomodoro timer").notes == () and analyze("csv").language == "English"


@pytest.mark.parametrize("idea", ["", "   \n\t ", "\0\0\0", "abc\0def", "\x01\x02\x03\x04 a", "!!! ???", "\ud800\ud800\ud800 a", b"bytes", None])
def test_what_is_not_text_is_refused(idea):
    with pytest.raises(InvalidInput) as refused:
        analyze(idea)
    assert refused.value.code == "invalid_input" and refused.value.fix


def test_an_idea_may_have_20_kb_and_no_more():
    assert analyze("word counter " + "x" * 19_900).title
    with pytest.raises(TooLarge, match="20 kB"):
        analyze("é" * 10_001)
    with pytest.raises(TooLarge):
        analyze("word counter " * 8_000)


def test_long_and_repetitive_ideas_are_read_in_reasonable_time():
    import time

    began = time.perf_counter()
    for idea in ("make " * 3_900, "a an the " * 2_000, "generate " * 2_200, "ask " * 4_900, "(" * 9_000 + "a", "remove the " * 1_800):
        analyze(idea)
    assert time.perf_counter() - began < 10


def test_an_analysis_is_json():
    import json

    shape = json.loads(json.dumps(analyze("generate images of cats").to_dict()))
    assert shape["needs_model"] == [{"task": "text-to-image", "says": "generating images"}] and "words" not in shape
