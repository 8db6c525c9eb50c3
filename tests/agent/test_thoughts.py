"""Thoughts at the beginning of an answer are no answer."""

import pytest

from core.agent.thoughts import Thoughts, unthought


def split(text, size):
    thoughts = Thoughts()
    parts = [thoughts.split(text[at : at + size]) for at in range(0, len(text), size)] + [thoughts.end()]
    return "".join(answer for answer, _ in parts), "".join(thought for _, thought in parts)


@pytest.mark.parametrize("size", [1, 2, 5, 8, 1_000])
@pytest.mark.parametrize(("text", "answer", "thought"), [
    ("<think>\nhm < 3 </b>\n</think>\n\nIt is 4.", "It is 4.", "\nhm < 3 </b>\n"),
    ("  <thinking>well</thinking>Yes.", "Yes.", "well"),
    ("<think></think>Yes.", "Yes.", ""),
    ("<think>never closed", "", "never closed"),
    ("Yes. <think>is a tag</think>", "Yes. <think>is a tag</think>", ""),
    ("<thin air>", "<thin air>", ""), ("<table></table>", "<table></table>", ""), ("", "", ""), ("<thi", "<thi", ""), ("  plain", "  plain", ""),
])  # fmt: skip
def test_thoughts_and_answer_are_told_apart_in_pieces_of_any_size(text, answer, thought, size):
    assert split(text, size) == (answer, thought)


def test_thoughts_whose_opening_tag_stood_in_the_prompt_are_found_at_the_end():
    assert unthought("17 times 23…\n</think>\n\n391", "") == ("391", "17 times 23…\n")
    for text in ("391", "write `</think>` to close", "a <think>b</think>"):
        assert unthought(text, "t") == (text, "t")
