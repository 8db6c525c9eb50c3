"""Texts ordered by the words they hold."""

from core.hub import rank, words

TEXTS = [[("Create a repository", 3.0), ("createRepo", 2.0)], [("List repositories of a user", 3.0)], [("Delete a branch", 3.0), ("repo repo repo repo", 1.0)], [("", 1.0)]]


def places(query):
    return [place for place, _ in rank(query, TEXTS)]


def test_words_lose_their_endings_and_common_ones_are_left_out():
    assert words("Creating the createRepo_v2, and Boxes") == ["creat", "creat", "repo", "v2", "box"]
    assert words("class of the process") == ["class", "process"]


def test_what_holds_more_of_the_words_comes_first():
    assert places("create repository") == [0, 1] and places("user repositories")[0] == 1
    assert places("repo branch")[0] == 2


def test_nothing_in_common_is_not_found():
    assert places("zeppelin") == [] and places("") == [] and places("the of and") == [] and rank("x", []) == []
