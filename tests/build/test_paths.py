"""File names: which are safe everywhere, and which are not."""

import pytest

from core.build import check_path, check_set
from core.errors import InvalidInput, TooLarge

GOOD = ["app.py", "data/sample.csv", ".gitignore", ".github/workflows/ci.yml", "naïve café.txt", "a" * 255, "console.py", "公.md", "a..b", "git/config", "nullable.py", "x/.gitattributes"]
BAD = [
    "", ".", "..", "../x", "a/../b", "a/./b", "a//b", "a/", "/etc/passwd", "C:/x", "c:x", "a\\b", "\\\\host\\x", "a\0b", "a\nb", "a\x7fb", "\u202egnp.exe",
    ".git/config", ".GIT/config", "x/.Git/hooks/pre-commit", ".g\u200cit/config", "git~1/config", ".git./x", "CON", "con.txt", "a/NUL", "lpt1.md", "COM¹", "aux .c",
    "a.", "a ", " a", "dir./x", "a" * 256, "é" * 128, "/".join(["abcdefghi"] * 101), "a?b", "a*b", "<a>", "a|b", 'a"b', "\ud800", "．．/x/．git\u200b/", "ＣＯＮ",
]  # fmt: skip


@pytest.mark.parametrize("path", GOOD)
def test_a_safe_name_comes_back_as_it_is(path):
    assert check_path(path) == path


@pytest.mark.parametrize("path", BAD)
def test_an_unsafe_name_is_refused(path):
    with pytest.raises(InvalidInput) as refused:
        check_path(path)
    refused.value.message.encode()  # it can be shown and sent, whatever the name held


def test_the_refusal_names_the_path():
    with pytest.raises(InvalidInput, match="“../secret”"):
        check_path("../secret")


@pytest.mark.parametrize(
    "paths",
    [["a.py", "A.py"], ["a.py", "a.py"], ["caf\u00e9", "cafe\u0301"], ["straße", "STRASSE"], ["a", "a/b"], ["A", "a/b"], ["x/a", "X/b"], ["a/b/c", "a/B/d"]],
)
def test_names_that_clash_on_some_system_are_refused(paths):
    with pytest.raises(InvalidInput):
        check_set(paths)


def test_names_that_do_not_clash_stand_beside_each_other():
    paths = ["a.py", "b/a.py", "b/b.py", "ab", "a/b"]
    assert check_set(paths) == paths


def test_a_project_holds_2000_files_and_no_more():
    assert len(check_set(f"f{n}" for n in range(2000))) == 2000
    with pytest.raises(TooLarge):
        check_set(f"f{n}" for n in range(2001))
