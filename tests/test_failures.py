"""The first real error of a log, as somebody would point at it."""

import pytest

from core.failures import condensed, failures, first_error, first_failure, page_place


@pytest.mark.parametrize(
    ("log", "found"),
    [
        (
            """
* Running on local URL
Traceback (most recent call last):
  File "/app/app.py", line 2, in <module>
    import cv2
ModuleNotFoundError: No module named 'cv2'

During handling of the above exception, another exception occurred:

Traceback (most recent call last):
  File "/app/app.py", line 4, in <module>
RuntimeError: later
""",
            "ModuleNotFoundError: No module named 'cv2'",
        ),
        ("Collecting x\nERROR: Could not find a version that satisfies the requirement x==9\nERROR: No match", "ERROR: Could not find a version that satisfies the requirement x==9"),
        ("ERROR: pip's dependency resolver does not currently take into account\nSuccessfully installed", None),
        ("  × No solution found when resolving dependencies:\n  ╰─▶ Because nope was not found in the package registry", "No solution found when resolving dependencies: Because nope was not found in the package registry"),
        ("error: Failed to parse: `flask=3`", "error: Failed to parse: `flask=3`"),
        ("2026-01-01T10:00:00.123Z Traceback (most recent call last):\n2026-01-01T10:00:00.123Z   File \"a\"\n2026-01-01T10:00:00.123Z ValueError: x", "ValueError: x"),
        ("\x1b[31mSyntaxError: invalid syntax\x1b[0m", "SyntaxError: invalid syntax"),
        ("python: can't open file '/app/app.py': [Errno 2] No such file or directory", "python: can't open file '/app/app.py': [Errno 2] No such file or directory"),
        ("npm ERR! code ELIFECYCLE", "npm ERR! code ELIFECYCLE"),
        ("Killed", "Killed"),
        ("INFO 0 errors\nerrors: none\nAll good", None),
        ("", None),
        ("Traceback (most recent call last):", "Traceback (most recent call last):"),
    ],
)  # fmt: skip
def test_first_error(log, found):
    assert first_error(log.splitlines()) == found


@pytest.mark.parametrize(
    ("told", "place"),
    [
        ("1 uncaught error: Uncaught ReferenceError: scor is not defined (at ask (/app.js:19:104))", ("app.js", 19)),
        ("Uncaught TypeError: x is null (/js/a-b.min.js:1:2); and (/other.js:3:4)", ("js/a-b.min.js", 1)),
        ("Uncaught Error (https://elsewhere.example/app.js:1:2)", ("", 0)),
        ("The page is blank.", ("", 0)),
    ],
)
def test_where_a_page_says_its_error_is(told, place):
    assert page_place(told) == place


REFUSED = """Traceback (most recent call last):
  File "/x/site-packages/gradio/queueing.py", line 1, in process
    response = await call()
               ^^^^^^^^^^^^
  File "/x/site-packages/gradio/route.py", line 2, in call
    return 1
  File "/app/app.py", line 7, in go
    int(text)
    ~~~^^^^^^
ValueError: bad

During handling of the above exception, another exception occurred:

Traceback (most recent call last):
  File "/app/app.py", line 9, in go
    raise gr.Error("Give a number")
gradio.exceptions.Error: 'Give a number'
""".splitlines()
LATER = ["INFO fine", "Traceback (most recent call last):", '  File "/app/app.py", line 20, in go', "    x", '  File "/x/site-packages/pandas/a.py", line 2, in call', "    y", "KeyError: 'z'"]


def test_an_error_raised_for_the_person_is_known_whatever_it_was_raised_from():
    assert [(one.sentence, one.line, one.meant) for one in failures([*REFUSED, *LATER])] == [("ValueError: bad", 7, True), ("KeyError: 'z'", 20, False)]
    assert first_failure(REFUSED[12:]).meant and not first_failure(LATER).meant


def test_a_traceback_shows_the_frames_of_the_app():
    told = condensed([*REFUSED, *LATER])
    assert told[:5] == [REFUSED[0], "  (2 frames of libraries)", *REFUSED[6:8], "ValueError: bad"]
    assert told[-5:] == [*LATER[1:4], "  (1 frame of libraries)", LATER[-1]]


def test_what_is_no_traceback_is_left_as_it_is():
    lines = ["hello", '  File "/x/site-packages/a.py", line 3, in f', "    ^^^", "* Running", "Traceback (most recent call last):", '  File "app.py", line 1', "    def f(:", "          ^", "SyntaxError: x"]
    assert condensed(lines) == lines
