"""What is typed and not saved is kept per project and file, with what it was made from."""

import pytest

from core.errors import Conflict
from ui.tabs.drafts import MOST, draft_of, moved, stash, without


def loaded(path: str, text: str = "one\n", revision: str = "r1") -> dict:
    return {"path": path, "text": text, "revision": revision}


def test_what_differs_is_kept_and_what_is_typed_back_is_none():
    drafts = stash({}, "p", loaded("a"), "two")
    assert draft_of(drafts, "p", "a") == {"text": "two\n", "base": loaded("a")}
    assert draft_of(drafts, "q", "a") is None
    assert stash(drafts, "p", loaded("a"), "one") == {"p": {}}
    assert stash(drafts, None, loaded("b"), "x") == stash(drafts, "p", None, "x") == drafts


@pytest.mark.parametrize("text", ["", "\n", "  \n\n", "one", "\n\n  one\n\n", "one\r\ntwo\r\n", "\tone"])
def test_blank_ends_the_editor_takes_off_are_no_edit(text):
    assert stash({}, "p", loaded("a", text), text.strip()) == {"p": {}}


def test_blank_ends_come_back_when_something_is_typed():
    assert draft_of(stash({}, "p", loaded("a", "\n\n  one\n\n"), "one!"), "p", "a")["text"] == "\n\n  one!\n\n"


def test_drafts_follow_a_rename_and_go_with_a_deletion():
    drafts = stash(stash({}, "p", loaded("d/a"), "x"), "p", loaded("dd"), "y")
    after = moved(drafts, "p", "d/", "e/f", "r2")
    assert draft_of(after, "p", "e/f/a") == {"text": "x\n", "base": loaded("e/f/a", revision="r2")}
    assert draft_of(after, "p", "dd")["base"]["revision"] == "r1"
    assert set(without(drafts, "p", "d/")["p"]) == {"dd"}


def test_no_more_than_twenty_files_are_kept():
    drafts = {}
    for number in range(MOST):
        drafts = stash(drafts, "p", loaded(f"f{number}"), "x")
    with pytest.raises(Conflict):
        stash(drafts, "p", loaded("one-more"), "x")
    assert len(stash(drafts, "p", loaded("f0"), "y")["p"]) == MOST
