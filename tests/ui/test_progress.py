"""Progress of a tool call: complete, in order, paced, bounded."""

import asyncio

from core.events import Cost, Log, Step, Text
from ui import progress as module
from ui.progress import Progress


def told(events, *, slow: float = 0.0) -> list[str]:
    said: list[tuple[int, str]] = []

    async def send(number: int, message: str) -> None:
        await asyncio.sleep(slow)
        said.append((number, message))

    async def play():
        progress = Progress(send)
        for event in events:
            await progress.tell(event)
            await asyncio.sleep(0)
        await progress.flush()
        progress.close()

    asyncio.run(play())
    assert [number for number, _ in said] == list(range(1, len(said) + 1))
    return [message for _, message in said]


def test_many_small_pieces_become_few_messages_and_nothing_is_lost():
    messages = told([Text(text=f"{number} ") for number in range(500)])
    assert "".join(messages) == "".join(f"{number} " for number in range(500)) and len(messages) < 100


def test_what_was_said_before_a_step_is_told_before_it(monkeypatch):
    monkeypatch.setattr(module, "_PACE_SECONDS", 0.0)
    events = [Text(text="a"), Text(text="b"), Step(name="s", text="step"), Text(text="c"), Log(source="x", text="line"), Cost(receipt={})]
    messages = told(events, slow=0.01)
    assert "".join(messages) == "abstepcline" and "step" in messages and "line" in messages


def test_a_message_and_their_number_are_bounded(monkeypatch):
    monkeypatch.setattr(module, "_MOST_MESSAGES", 5)
    messages = told([Text(text="x" * 50_000)])
    assert [len(message) for message in messages] == [module._MOST_LETTERS] * 5


def test_a_client_that_went_away_ends_the_telling():
    async def send(number: int, message: str) -> None:
        raise ConnectionError("gone")

    async def play():
        progress = Progress(send)
        await progress.tell(Text(text="a"))
        try:
            await progress.flush()
        except ConnectionError:
            return "noticed"

    assert asyncio.run(play()) == "noticed"
