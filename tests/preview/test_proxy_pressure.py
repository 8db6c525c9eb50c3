"""Neither side can make the server hold what the other does not take, and no app another app's requests."""

import asyncio
import base64
import hashlib
import struct
import threading
import time

import httpx
import psutil
import pytest
import websockets
from websockets.sync.client import connect

from tests.preview.behind import PREFIX, behind, head_of

MB = 1 << 20
STREAM = 200 * MB
HELD = 48 * MB  # what the kernel's buffers, ours and the test's own may come to


def resident() -> int:
    return psutil.Process().memory_info().rss


def settle(figure) -> int:
    """The figure, once it has stopped growing."""
    last = -1
    for _ in range(100):
        now = figure()
        if now == last and now > 0:
            return now
        last = now
        time.sleep(0.3)
    raise AssertionError("it never stopped growing")


def stream(total: int):
    """An app that writes that many bytes as fast as they are taken; `.sent` counts them."""

    async def app(reader, writer):
        await head_of(reader)
        writer.write(f"HTTP/1.1 200 OK\r\nContent-Type: video/mp4\r\nContent-Length: {total}\r\n\r\n".encode())
        try:
            while app.sent < total:
                writer.write(bytes(65536))
                await writer.drain()
                app.sent += 65536
        finally:
            app.left.set()

    app.sent, app.left = 0, threading.Event()
    return app


def test_a_visitor_that_never_reads_holds_the_app_back_and_costs_no_memory():
    app = stream(STREAM)
    with behind(app) as pair:
        before = resident()
        with pair.connect(buffer=65536) as visitor:
            visitor.sendall(f"GET {PREFIX}/ HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n".encode())
            assert settle(lambda: app.sent) < HELD
            assert resident() - before < HELD
            got = 0
            while piece := visitor.recv(MB):  # nothing was lost meanwhile
                got += len(piece)
            assert got > STREAM
        assert resident() - before < HELD


def test_a_visitor_that_reads_nothing_is_let_go_after_the_idle_time():
    app = stream(STREAM)
    with behind(app, stream_idle_seconds=1) as pair:
        with pair.connect(buffer=65536) as visitor:
            visitor.sendall(f"GET {PREFIX}/ HTTP/1.1\r\nHost: h\r\n\r\n".encode())
            settle(lambda: app.sent)
            assert app.left.wait(30)  # our connection to it was closed
            assert app.sent < HELD


def test_an_app_that_never_reads_holds_the_visitor_back_and_costs_no_memory():
    async def app(reader, writer):
        await head_of(reader)
        reader._transport.pause_reading()
        await asyncio.sleep(60)

    with behind(app, body_bytes=STREAM, answer_seconds=60) as pair:
        before, sent = resident(), [0]
        with pair.connect() as visitor:
            visitor.sendall(f"POST {PREFIX}/ HTTP/1.1\r\nHost: h\r\nContent-Length: {STREAM}\r\n\r\n".encode())

            def upload():
                try:
                    while sent[0] < STREAM:
                        sent[0] += visitor.send(bytes(65536))
                except OSError:
                    pass

            sender = threading.Thread(target=upload, daemon=True)
            sender.start()
            assert settle(lambda: sent[0]) < HELD
            assert resident() - before < HELD
            visitor.shutdown(2)
        sender.join(35)


def frames(size: int) -> bytes:
    """One binary message from a server."""
    return b"\x82\x7f" + struct.pack("!Q", size) + bytes(size)


async def accept_websocket(reader, writer) -> bytes:
    """Answer a handshake; returns the head of its request."""
    head = await head_of(reader)
    key = next(line for line in head.split(b"\r\n") if line.lower().startswith(b"sec-websocket-key:")).split(b":")[1].strip()
    digest = base64.b64encode(hashlib.sha1(key + b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11").digest())
    writer.write(b"HTTP/1.1 101 OK\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: " + digest + b"\r\n\r\n")
    return head


def test_a_websocket_whose_visitor_never_reads_costs_no_memory():
    sent = [0]

    async def app(reader, writer):
        await accept_websocket(reader, writer)
        for _ in range(STREAM // MB):
            writer.write(frames(MB))
            await writer.drain()
            sent[0] += MB
        await reader.read()

    with behind(app) as pair, pair.connect(buffer=65536) as visitor:
        before = resident()
        key = "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13"
        visitor.sendall(f"GET {PREFIX}/ws HTTP/1.1\r\nHost: h\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n{key}\r\n\r\n".encode())
        assert settle(lambda: sent[0]) < HELD
        assert resident() - before < 2 * HELD


def test_a_websocket_whose_app_never_reads_costs_no_memory():
    async def app(reader, writer):
        await accept_websocket(reader, writer)
        reader._transport.pause_reading()
        await asyncio.sleep(60)

    with behind(app) as pair:
        before, sent = resident(), [0]
        url = pair.base.replace("http", "ws") + "/ws"
        socket = connect(url, proxy=None, compression=None, ping_interval=None, close_timeout=0.1, legacy=True)

        def upload():
            try:
                while sent[0] < STREAM:
                    socket.send(bytes(MB))
                    sent[0] += MB
            except (OSError, websockets.ConnectionClosed):
                pass

        sender = threading.Thread(target=upload, daemon=True)
        sender.start()
        assert settle(lambda: sent[0] + 1) < 2 * HELD
        assert resident() - before < 2 * HELD
        socket.socket.shutdown(2)
        sender.join(35)


def test_a_message_larger_than_the_bound_closes_with_the_code_for_that():
    async def app(reader, writer):
        await accept_websocket(reader, writer)
        writer.write(frames(20 * MB))
        await reader.read()

    with behind(app) as pair, connect(pair.base.replace("http", "ws") + "/ws", proxy=None, max_size=None) as socket:
        with pytest.raises(websockets.ConnectionClosed):
            socket.recv(timeout=30)
        assert socket.close_code == 1009


def test_a_large_message_passes_whole_and_an_idle_socket_stays_open():
    async def app(reader, writer):
        await accept_websocket(reader, writer)
        writer.write(frames(10 * MB))
        await asyncio.sleep(1.5)  # longer than a stream may idle
        writer.write(frames(3))
        await reader.read()

    with behind(app, stream_idle_seconds=0.5, answer_seconds=5) as pair:
        with connect(pair.base.replace("http", "ws") + "/ws", proxy=None, max_size=None) as socket:
            assert len(socket.recv(timeout=30)) == 10 * MB
            assert len(socket.recv(timeout=30)) == 3


REDIRECT = b"HTTP/1.1 %d X\r\nLocation: %s\r\nContent-Length: 0\r\n\r\n"


@pytest.mark.parametrize("status", [200, 301, 307, 401, 500])
def test_an_app_that_refuses_a_websocket_sends_us_nowhere(status):
    asked = []

    async def app(reader, writer):
        asked.append(await head_of(reader))
        writer.write(REDIRECT % (status, b"/elsewhere"))

    with behind(app) as pair:
        with pytest.raises(websockets.InvalidStatus):
            connect(pair.base.replace("http", "ws") + "/ws", proxy=None)
    assert len(asked) == 1


def test_a_hung_app_hinders_no_other():
    at_once = []

    async def hung(reader, writer):
        at_once.append(writer)
        await reader.read()

    async def quick(reader, writer):
        await head_of(reader)
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")

    async def crowd(base, number):
        async with httpx.AsyncClient(trust_env=False, timeout=60, limits=httpx.Limits(max_connections=None)) as client:
            return [answer.status_code for answer in await asyncio.gather(*(client.get(base + "/") for _ in range(number)))]

    with behind(hung, answer_seconds=6.5) as stuck, behind(quick) as other:
        stuck_ones = []
        waiting = threading.Thread(target=lambda: stuck_ones.extend(asyncio.run(crowd(stuck.base, 100))))
        waiting.start()
        while len(at_once) < 64 and waiting.is_alive():
            time.sleep(0.05)
        assert httpx.get(other.base + "/", trust_env=False).text == "ok"
        assert waiting.is_alive()
        waiting.join(60)
    assert sorted(set(stuck_ones)) == [503, 504]  # as many as it may have at once wait for it, the others are told to come back
    assert stuck_ones.count(504) == 64


def test_there_is_an_end_to_websockets_too():
    async def app(reader, writer):
        await accept_websocket(reader, writer)
        await reader.read()

    with behind(app) as pair:
        url = pair.base.replace("http", "ws") + "/ws"
        sockets = [connect(url, proxy=None, close_timeout=0.1, legacy=True) for _ in range(64)]
        with pytest.raises(websockets.InvalidStatus):
            connect(url, proxy=None)
        sockets.pop().close()
        for _ in range(100):
            try:
                sockets.append(connect(url, proxy=None, close_timeout=0.1, legacy=True))
                break
            except websockets.InvalidStatus:
                time.sleep(0.1)
        assert len(sockets) == 64
        for socket in sockets:
            socket.socket.shutdown(2)
