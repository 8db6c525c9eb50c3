"""The upstream of the benchmark of routing: a bare asyncio protocol that answers at once, in a process of its own.

    python benchmarks/routing_upstream.py        prints its port
"""

from __future__ import annotations

import asyncio
import json

CHUNKS = 64
PACE_SECONDS = 0.002
USAGE = {"prompt_tokens": 7, "completion_tokens": 3, "total_tokens": 10}


class Answering(asyncio.Protocol):
    """Answers `/ok/…` with a completion or a stream, `/paced/…` with a stream a chunk every two milliseconds, `/500/…` and
    `/429/…` with that status, `/drop/…` by hanging up."""

    def __init__(self) -> None:
        self.data = b""

    def connection_made(self, transport) -> None:
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        self.data += data
        while (end := self.data.find(b"\r\n\r\n")) >= 0:
            head = self.data[:end]
            at = head.lower().find(b"content-length:")
            length = int(head[at + 15 :].split(b"\r\n", 1)[0]) if at >= 0 else 0
            if len(self.data) < end + 4 + length:
                return
            body = self.data[end + 4 : end + 4 + length]
            self.data = self.data[end + 4 + length :]
            kind = head.split(b" ", 2)[1].split(b"/")[1]
            if kind == b"drop":
                self.transport.abort()
                return
            if kind == b"paced":
                self.task = asyncio.ensure_future(self.pace())
            elif kind != b"ok":
                self.transport.write(reply(int(kind), b'{"error": {"message": "no"}}'))
            elif b'"stream":true' in body or b'"stream": true' in body:
                self.transport.write(STREAM)
            else:
                self.transport.write(reply(200, WHOLE))


    async def pace(self) -> None:
        head, first, each, *end = PACED
        self.transport.write(head + first)
        for _ in range(CHUNKS):
            self.transport.write(each)
            await asyncio.sleep(PACE_SECONDS)
        self.transport.write(b"".join(end))


def reply(status: int, body: bytes) -> bytes:
    return b"HTTP/1.1 %d X\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%b" % (status, len(body), body)


def chunk(delta: dict, finish: str | None = None, **more) -> bytes:
    shape = {"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "m"}
    data = json.dumps({**shape, "choices": [{"index": 0, "delta": delta, "finish_reason": finish}], **more})
    event = f"data: {data}\n\n".encode()
    return b"%x\r\n%b\r\n" % (len(event), event)


_MESSAGE = {"role": "assistant", "content": "hello"}
WHOLE = json.dumps(
    {"id": "c", "object": "chat.completion", "created": 1, "model": "m", "usage": USAGE,
     "choices": [{"index": 0, "message": _MESSAGE, "finish_reason": "stop"}]}
).encode()  # fmt: skip
PACED = (
    b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n",
    chunk({"role": "assistant", "content": ""}), chunk({"content": "word "}), chunk({}, "stop", usage=USAGE),
    b"e\r\ndata: [DONE]\n\n\r\n0\r\n\r\n",
)  # fmt: skip
STREAM = PACED[0] + PACED[1] + PACED[2] * CHUNKS + PACED[3] + PACED[4]


async def serve() -> None:
    server = await asyncio.get_running_loop().create_server(Answering, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(serve())
