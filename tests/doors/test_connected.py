"""A client that goes away ends the work done for it, wherever that stands."""

import asyncio

import pytest
from starlette.requests import Request

from core.doors.connected import EventStream, while_connected
from core.errors import Cancelled


class Source:
    """An endless source that notes when it is closed."""

    closed = False

    async def items(self):
        try:
            yield "first"
            await asyncio.Event().wait()
        finally:
            self.closed = True


async def serve(*, gone_after: int, sending=None) -> tuple[bool, list]:
    """Serve a stream to a client that leaves after so many messages."""
    source, sent, left = Source(), [], asyncio.Event()
    items = source.items()
    await anext(items)

    async def pieces():
        yield "data: first\n\n"
        async for item in items:
            yield item

    async def receive():
        if gone_after:
            await left.wait()
        return {"type": "http.disconnect"}

    async def send(message):
        sent.append(message)
        if len(sent) >= gone_after:
            left.set()
        if sending:
            raise sending

    await asyncio.wait_for(EventStream(pieces(), items)({"type": "http"}, receive, send), 5)
    return source.closed, sent  # asked before the loop ends, which closes everything


@pytest.mark.parametrize("gone_after", [0, 1, 2])
def test_the_source_is_closed_even_when_nothing_was_sent(gone_after):
    closed, sent = asyncio.run(serve(gone_after=gone_after))
    assert closed and sent[0]["type"] == "http.response.start"


def test_a_client_that_cannot_be_written_to_ends_it_too():
    closed, _ = asyncio.run(serve(gone_after=9, sending=OSError("gone")))
    assert closed


def test_work_is_cancelled_when_the_client_leaves_and_kept_when_it_stays():
    async def ask(leaves: bool):
        cancelled = asyncio.Event()

        async def receive():
            if not leaves:
                await asyncio.Event().wait()
            return {"type": "http.disconnect"}

        async def work():
            try:
                await asyncio.sleep(0.05)
                return "done"
            except asyncio.CancelledError:
                cancelled.set()
                raise

        try:
            return await while_connected(Request({"type": "http"}, receive), work())
        except Cancelled:
            return cancelled.is_set()

    assert asyncio.run(ask(False)) == "done" and asyncio.run(ask(True)) is True
