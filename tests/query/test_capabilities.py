"""What a program is told of the runtime costs only what it asked for."""

from __future__ import annotations

import sys

from core.query.capabilities import capabilities


def functions_called(section: str) -> set[str]:
    """The names of the Python functions that answering takes."""
    seen: set[str] = set()
    sys.setprofile(lambda frame, event, argument: seen.add(frame.f_code.co_name))
    try:
        capabilities(section)
    finally:
        sys.setprofile(None)
    return seen


def test_a_section_is_made_without_the_others():
    assert "signature" in functions_called("helpers")
    assert "signature" not in functions_called("where")


def test_all_sections_hold_what_each_of_them_does():
    whole = capabilities()
    assert whole["sections"] == sorted(whole["content"])
    assert whole["content"] == {name: capabilities(name)["content"] for name in whole["sections"]}
