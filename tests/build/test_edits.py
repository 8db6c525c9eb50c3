"""Search-and-replace edits: what is forgiven, what is only told, and that nothing is ever half-made."""

import random

import pytest

from core.build import Edit, apply_edits, check_syntax
from core.errors import InvalidInput

APP = '''import gradio as gr


def greet(name):
    if name:
        return f"Hello {name}"
    return "Hello"


demo = gr.Interface(greet, "text", "text")
demo.launch()
'''


def edited(text: str, search: str, replace: str, **more) -> tuple[str, object]:
    made = apply_edits({"app.py": text.encode()}, [Edit("app.py", search, replace, **more)])
    return made.changes["app.py"].decode(), made.applied[0]


def refused(text: str, *edits: Edit) -> list[dict]:
    files = {"app.py": text.encode()}
    with pytest.raises(InvalidInput) as caught:
        apply_edits(files, list(edits))
    assert files == {"app.py": text.encode()}
    return caught.value.details["edits"]


def test_an_exact_edit_changes_that_and_nothing_else():
    after, done = edited(APP, 'return "Hello"', 'return "Good day"')
    assert after == APP.replace('return "Hello"', 'return "Good day"') and (done.line, done.how) == (7, "exact")


def test_blanks_at_the_ends_of_lines_are_forgiven():
    text = "a = 1   \nb = 2\t\nc = 3\n"
    after, done = edited(text, "a = 1\nb = 2\n", "a = 2\nb = 3\n")
    assert (after, done.how) == ("a = 2\nb = 3\nc = 3\n", "trailing blanks")


def test_a_block_that_stands_deeper_is_found_and_its_replacement_stands_as_deep():
    after, done = edited(APP, 'if name:\n    return f"Hello {name}"', 'if name.strip():\n    name = name.strip()\n\n    return f"Hi {name}"')
    assert '    if name.strip():\n        name = name.strip()\n\n        return f"Hi {name}"\n    return "Hello"\n' in after
    assert (done.line, done.how) == (5, "indentation")


def test_a_block_that_stands_less_deep_is_found_too():
    after, done = edited("x = 1\ny = 2\n", "    x = 1\n    y = 2", "    x = 3\n    if x:\n        y = 4")
    assert (after, done.how) == ("x = 3\nif x:\n    y = 4\n", "indentation")


def test_tabs_stay_tabs():
    after, done = edited("def f():\n\tif a:\n\t\treturn 1\n", "if a:\n    return 1", "if b:\n    return 2\nreturn 3")
    assert (after, done.how) == ("def f():\n\tif b:\n\t\treturn 2\n\treturn 3\n", "indentation")


def test_lines_whose_depths_differ_from_each_other_are_another_block():
    told = refused("if a:\n    x()\ny()\n", Edit("app.py", "if a:\n    x()\n    y()", "pass"))
    assert told[0]["problem"].startswith("The search text does not stand")


def test_quotes_and_dashes_of_books_are_forgiven_within_a_line_too():
    after, done = edited("title = “Don’t – stop”  # x\n", 'title = "Don\'t - stop"', 'title = "Go"')
    assert (after, done.how) == ('title = "Go"  # x\n', "quotes")


def test_line_ends_of_windows_are_found_and_kept():
    after, done = edited("a\r\nb\r\nc\r\n", "a\nb\n", "x\ny\nz\n")
    assert (after, done.how) == ("x\r\ny\r\nz\r\nc\r\n", "line endings")
    assert edited("a\r\nb\r\n", "b", "b\nc")[0] == "a\r\nb\r\nc\r\n"
    assert edited("a\nb\n", "a\r\nb", "x\r\ny")[1].how == "line endings"


def test_a_last_line_without_an_end_is_found():
    after, _ = edited("a\nb", "a\nb\n", "c\nd\n")
    assert after == "c\nd"


def test_several_places_are_told_with_their_lines():
    told = refused("x = 1\ny = 2\nx = 1\n", Edit("app.py", "x = 1", "x = 2"))
    assert told[0]["lines"] == [1, 3] and "2 times" in told[0]["problem"]


def test_all_replaces_every_place():
    after, done = edited("x = 1\ny = 2\nx = 1\n", "x = 1", "x = 10", all=True)
    assert (after, done.places) == ("x = 10\ny = 2\nx = 10\n", 2)


def test_a_replacement_that_holds_the_search_is_not_replaced_again():
    assert edited("a a\n", "a", "aa", all=True)[0] == "aa aa\n"


def test_the_nearest_block_is_told_with_what_differs_and_never_applied():
    told = refused(APP, Edit("app.py", 'def greet(name):\n    if name:\n        return f"Hallo {name}"', "pass"))
    assert told[0]["nearest"]["from_line"] == 4 and told[0]["nearest"]["text"][0] == "4: def greet(name):"
    assert told[0]["differs"] == {"line": 6, "searched": '        return f"Hallo {name}"', "there": '        return f"Hello {name}"'}


def test_nothing_alike_tells_nothing_near():
    told = refused(APP, Edit("app.py", "completely unrelated words that stand nowhere", "x"))
    assert "nearest" not in told[0] and told[0]["lines_in_file"] == 11


def test_a_part_of_a_line_tells_the_line_it_is_most_like():
    told = refused("<h1>a</h1>\n<title>Static page with a timer</title>\n", Edit("app.py", "<title>Static site", "x"))
    assert told[0]["nearest"] == {"from_line": 2, "alike": 0.78, "text": ["2: <title>Static page with a timer</title>"]}


def test_what_was_done_already_is_said():
    told = refused(APP, Edit("app.py", 'return "Hi"', 'return "Hello"'))
    assert "already, at line 7" in told[0]["note"]


def test_one_failure_leaves_all_as_it_was_and_every_failure_is_told():
    told = refused(APP, Edit("app.py", "greet", "salute", all=True), Edit("app.py", "nope nope", "x"), Edit("app.pi", "a", "b"))
    assert [one["edit"] for one in told] == [2, 3]
    assert told[1]["problem"] == "There is no such file." and told[1]["nearest_paths"] == ["app.py"]


def test_edits_see_what_those_before_them_made():
    made = apply_edits({"app.py": APP.encode()}, [Edit("app.py", "greet", "salute", all=True), Edit("app.py", "def salute(name):", "def salute(who):")])
    assert b"def salute(who):" in made.changes["app.py"] and [one.places for one in made.applied] == [2, 1]


def test_an_empty_search_makes_a_file_and_overwrites_none():
    made = apply_edits({}, [Edit("new/a.txt", "", "hello\n"), Edit("new/a.txt", "hello", "hi")])
    assert made.changes == {"new/a.txt": b"hi\n"} and [one.how for one in made.applied] == ["created", "exact"]
    assert "exists" in refused(APP, Edit("app.py", "", "x"))[0]["problem"]


@pytest.mark.parametrize("path", ["../x", "/etc/passwd", "a/../../x", ".git/config", "a\\b", "", "con"])
def test_a_path_that_is_not_safe_is_refused(path):
    assert refused(APP, Edit(path, "", "x"))[0]["edit"] == 1


@pytest.mark.parametrize(
    ("data", "edit", "words"),
    [
        (b"\xff\xfe\x00", Edit("app.py", "a", "b"), "not text"),
        (b"a", Edit("app.py", "a", "a"), "the same"),
        (b"a", Edit("app.py", "a", "\ud800"), "surrogate"),
    ],
)
def test_what_cannot_be_edited_is_said(data, edit, words):
    with pytest.raises(InvalidInput) as caught:
        apply_edits({"app.py": data}, [edit])
    assert words in caught.value.details["edits"][0]["problem"]


def test_too_many_and_too_long_are_refused():
    with pytest.raises(InvalidInput, match="1 to 100"):
        apply_edits({}, [])
    with pytest.raises(InvalidInput, match="1 to 100"):
        apply_edits({"a": b"a"}, [Edit("a", "a", "b")] * 101)
    with pytest.raises(InvalidInput, match="longer than"):
        apply_edits({}, [Edit("a", "", "x" * 2_000_001)])


def test_line_separators_of_unicode_are_no_line_ends():
    after, done = edited("a = '\u2028'   \nb = '\x0c'\nc\n", "a = '\u2028'\nb = '\x0c'", "z")
    assert (after, done.how) == ("z\nc\n", "trailing blanks")


def test_edits_of_random_files_change_the_lines_they_name_only():
    dice = random.Random(5)
    for _ in range(300):
        lines = [" " * dice.choice((0, 4, 8)) + f"value_{number} = {dice.random()}" for number in range(dice.randint(1, 30))]
        at = dice.randrange(len(lines))
        size = dice.randint(1, len(lines) - at)
        block = lines[at : at + size]
        common = min(len(line) - len(line.lstrip()) for line in block)
        search = "\n".join(line[common:] + " " * dice.choice((0, 0, 2)) for line in block)
        ends = dice.choice(("\n", "\r\n"))
        after, done = edited(ends.join([*lines, ""]), search, "new_value = 1")
        expected = [*lines[:at], " " * (0 if done.how in ("trailing blanks",) else common) + "new_value = 1", *lines[at + size :], ""]
        if done.how in ("exact", "line endings"):  # then the search stood within the first line
            assert after.replace("\r\n", "\n").count("\n") == len(lines) - size + 1
            assert [line for line in after.replace("\r\n", "\n").split("\n") if "new_value" not in line] == [*lines[:at], *lines[at + size :], ""]
        else:
            assert after == ends.join(expected)
        assert done.line == at + 1


@pytest.mark.parametrize(
    ("path", "data", "words"),
    [
        ("a.py", b"def f(:\n", "line 1"),
        ("a.json", b'{"a": 1,\n}', "line 2"),
        ("a.yaml", b"a: [1\nb: 2\n", "line"),
        ("a.toml", b"a = \n", "TOML"),
        ("b.yml", b"\xff", "UTF-8"),
    ],
)
def test_broken_syntax_is_told_with_its_line(path, data, words):
    found = check_syntax({path: data, "fine.json": b"[1]", "fine.yaml": b"a: &x 1\nb: *x\n", "fine.py": b"x = 1\n", "note.txt": b"{"})
    assert [one.path for one in found] == [path] and words in found[0].message


@pytest.mark.parametrize("search", [" ", "   \n", "\n\n\n", "\t"])
def test_a_search_of_blanks_only_is_answered(search):
    told = refused("a = 1\nb = 2", Edit("app.py", search * 9, "x"))
    assert told[0]["edit"] == 1
