"""Thoughts that a model writes into its answer (`<think>…</think>`), told apart from the answer while both come."""

from __future__ import annotations

_TAGS = ("<think>", "<thinking>", "<reasoning>")


class Thoughts:
    """Splits an answer that begins with thoughts. Only its beginning counts: a tag further on is something the model writes about."""

    def __init__(self) -> None:
        self._held = ""
        self._closing = ""  # the tag that ends the thoughts
        self._step = self._begin

    def split(self, piece: str) -> tuple[str, str]:
        """What of it is answer, and what is thought; a part may be held until the next piece."""
        self._held += piece
        return self._step()

    def end(self) -> tuple[str, str]:
        """What was still held when the answer ended."""
        thinking = self._step == self._think
        rest, self._held = self._held, ""
        return ("", rest) if thinking else (rest, "")

    def _begin(self) -> tuple[str, str]:
        begins = self._held.lstrip()
        for tag in _TAGS:
            if begins.startswith(tag):
                self._closing, self._held, self._step = f"</{tag[1:]}", begins[len(tag) :], self._think
                return self._think()
        if any(tag.startswith(begins) for tag in _TAGS):
            return "", ""
        self._step = self._answer
        return self._answer()

    def _think(self) -> tuple[str, str]:
        thought, closed, answer = self._held.partition(self._closing)
        if closed:
            self._held, self._step = answer, self._space
            return self._space()[0], thought
        ready = max(0, len(self._held) - len(self._closing) + 1)  # the closing tag may have begun
        thought, self._held = self._held[:ready], self._held[ready:]
        return "", thought

    def _space(self) -> tuple[str, str]:
        """Between the thoughts and the first word of the answer."""
        self._held = self._held.lstrip()
        if not self._held:
            return "", ""
        self._step = self._answer
        return self._answer()

    def _answer(self) -> tuple[str, str]:
        rest, self._held = self._held, ""
        return rest, ""


def unthought(text: str, thoughts: str) -> tuple[str, str]:
    """A whole answer and its thoughts, told apart where the opening tag was part of the prompt and only the closing one came."""
    before, closed, answer = text.partition("</think>")
    if not closed or "<think>" in before or before.endswith("`"):
        return text, thoughts
    return answer.lstrip(), thoughts + before
