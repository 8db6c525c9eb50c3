"""The log of a preview: bounded, numbered, followed by many."""

import asyncio
import os
import threading
import time

import pytest

from core.failures import first_failure
from core.preview import LogRing
from core.box.logs import LINE_LIMIT, pump
from tests.preview.conftest import run


def pumped(data: bytes, ring: LogRing | None = None, **options) -> LogRing:
    ring = ring or LogRing()
    reader, writer = os.pipe()
    thread = threading.Thread(target=pump, args=(reader, ring), kwargs=options)
    thread.start()
    with open(writer, "wb") as pipe:
        pipe.write(data)
    thread.join(10)
    assert not thread.is_alive()
    return ring


def test_lines_are_numbered_and_the_oldest_fall_out():
    ring = LogRing(lines=3)
    for number in range(5):
        ring.append(f"line {number}")
    assert [(line.number, line.text) for line in ring.lines()] == [(3, "line 2"), (4, "line 3"), (5, "line 4")]
    assert [line.number for line in ring.lines(after=4)] == [5]
    assert ring.lines(after=5) == []


def test_bytes_are_bounded_too():
    ring = LogRing(size=1000)
    for _ in range(50):
        ring.append("x" * 100)
    assert len(ring.lines()) == 10


def test_odd_output_becomes_plain_lines():
    ring = pumped(b"one\r\n\xff\xfe two\0\n" + "dr\u00fcben".encode() + b"\nno end")
    assert [line.text for line in ring.lines()] == ["one", "\ufffd\ufffd two\ufffd", "dr\u00fcben", "no end"]


def test_a_line_without_an_end_is_cut():
    ring = pumped(b"x" * 100_000 + b"\nafter\n")
    assert all(len(line.text) <= LINE_LIMIT + 2 for line in ring.lines())
    assert ring.lines()[-1].text == "after"


def test_reading_keeps_to_its_rate():
    before = time.monotonic()
    pumped(b"y" * 99 + b"\n" + (b"z" * 99 + b"\n") * 5000, rate=300_000)
    assert 0.4 < time.monotonic() - before < 3


def test_many_follow_and_all_end():
    async def play():
        ring = LogRing()
        ring.append("first", "build")

        async def follow(after):
            return [line.text async for line in ring.follow(after)]

        readers = [asyncio.create_task(follow(number % 2)) for number in range(10)]
        await asyncio.sleep(0.02)
        thread = threading.Thread(target=lambda: [ring.append(f"later {n}") for n in range(100)] and ring.close())
        thread.start()
        found = await asyncio.wait_for(asyncio.gather(*readers), 5)
        thread.join()
        return found, ring

    found, ring = run(play())
    later = [f"later {n}" for n in range(100)]
    assert found == [["first", *later], later] * 5
    assert ring._wakers == set()


@pytest.mark.parametrize(
    "text, sentence",
    [
        ("ok\nTraceback (most recent call last):\n  File \"/w/app.py\", line 3, in <module>\n    import x\nModuleNotFoundError: No module named 'x'\nmore",
         "ModuleNotFoundError: No module named 'x' (app.py, line 3)"),
        ('  File "app.py", line 2\n    def f(:\n          ^\nSyntaxError: invalid syntax', "SyntaxError: invalid syntax (app.py, line 2)"),
        ("start\nerror: no such option: -x\nTry help", "no such option: -x"),
        ('INFO: x\nERROR:    Error loading ASGI app. Could not import module "main".', 'Error loading ASGI app. Could not import module "main".'),
        ("all is well", None),
        ("", None),
    ],
)  # fmt: skip
def test_the_first_error_of_a_log(text, sentence):
    found = first_failure(text.splitlines())
    assert (found and found.placed) == sentence
