"""The first real error of a log, as somebody would point at it."""

import pytest

from core.failures import first_error, page_place


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
