"""The part that calls a Space: a field of the right kind for each input, values of the right types, answers that stay text."""

import pytest

from core.errors import InvalidInput
from tests.ui.test_parts import HOSTILE, Reader
from ui.parts import calling


def one(name, type, *, choices=None, default=None, required=False, example=None):
    return {"name": name, "label": name.title(), "type": type, "component": "Thing", "required": required, "default": default, "choices": choices, "example": example}


TOOL = {
    "name": "repeat",
    "inputs": [
        one("text", "string", required=True), one("times", "number", default=2), one("loud", "boolean", default=True),
        one("size", "string", choices=[1, 2], default=2), one("rows", "array", required=True, example=[[1, "a"]]),
    ],
    "outputs": [{"label": "Said", "type": "string", "component": "Textbox"}],
}  # fmt: skip


def test_each_type_has_its_field_with_the_default_or_an_example():
    read = Reader(calling.form("me/it", [TOOL], "repeat"))
    kinds = [tag for tag in read.tags if tag in ("input", "textarea", "select")]
    assert kinds == ["textarea", "input", "input", "select", "textarea"]
    assert ("type", "number") in read.attributes and ("value", "2") in read.attributes
    assert ("type", "checkbox") in read.attributes and ("checked", None) in read.attributes
    assert '<option value="1" selected>2</option>' in calling.form("me/it", [TOOL], "repeat")
    assert '"a"' in read.text


def test_what_was_written_becomes_values_of_the_types():
    written = {"text": "so", "times": "3", "loud": False, "size": "0", "rows": "[[1, 2.5]]", "other": "x"}
    assert calling.values(TOOL, written) == {"text": "so", "times": 3, "loud": False, "size": 1, "rows": [[1, 2.5]]}
    assert calling.values(TOOL, {"text": "", "times": "", "size": "", "rows": ""}) == {"text": ""}


@pytest.mark.parametrize("field, text, word", [("times", "many", "a number"), ("times", "[1]", "a number"), ("size", "7", "choices"), ("size", "-1", "choices"), ("rows", "[1", "JSON")])
def test_what_does_not_fit_its_field_is_named(field, text, word):
    with pytest.raises(InvalidInput, match=f"{field.title()} is not .*{word}"):
        calling.values(TOOL, {field: text})


def test_hostile_words_stay_text():
    tool = {
        "name": HOSTILE,
        "inputs": [one(HOSTILE, "string", default=HOSTILE), one(HOSTILE, "string", choices=[HOSTILE]), one(HOSTILE, "object", default={"a": HOSTILE}), one(HOSTILE, "boolean")],
        "outputs": [{"label": HOSTILE, "type": "any", "component": HOSTILE}],
    }
    came = [HOSTILE, {"url": "javascript:alert(1)", "orig_name": HOSTILE}, [HOSTILE]]
    for drawn in (calling.form(HOSTILE, [tool, {**tool, "name": "b"}], HOSTILE), calling.outputs(tool, came)):
        read = Reader(drawn)
        assert "alert(1)" in read.text
        assert not {"script", "img", "iframe"} & set(read.tags)
        assert not [key for key, value in read.attributes if key.startswith("on") or (key in ("href", "src") and "javascript" in value)]
        assert "</textarea></iframe>" not in drawn


def test_files_of_an_answer_are_links_wherever_they_stand():
    gallery = [{"image": {"path": "/tmp/x/cat.png", "url": "https://x.hf.space/gradio_api/file=cat.png"}, "caption": "a cat"}]
    read = Reader(calling.outputs(TOOL, [gallery, 7]))
    assert ("href", "https://x.hf.space/gradio_api/file=cat.png") in read.attributes
    assert "cat.png" in read.text and "7" in read.text
