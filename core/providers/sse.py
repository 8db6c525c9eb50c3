"""Server-sent events, read from bytes as they come, with patience for how upstreams really write them."""

from __future__ import annotations

from core.providers.policy import Fault

EVENT_BYTES = 1_000_000
DONE = b"[DONE]"


class Events:
    """Takes pieces of a stream and gives the payloads of its `data:` lines.

    LF and CRLF, comments and unknown fields, `data:` with and without a space, events without the empty line
    between them, and a last event without any line end are all read. An event longer than `EVENT_BYTES` is refused.
    """

    def __init__(self) -> None:
        self._rest = b""
        self._pending: list[bytes] = []
        self._size = 0

    def feed(self, piece: bytes) -> list[bytes]:
        """The payloads this piece completes."""
        data = self._rest + piece if self._rest else piece
        lines = data.split(b"\n")
        self._rest = lines.pop()
        if len(self._rest) > EVENT_BYTES:
            raise Fault("nonsense", f"sent a line of more than {EVENT_BYTES} bytes.")
        found: list[bytes] = []
        for line in lines:
            self._line(line, found)
        return found

    def end(self) -> list[bytes]:
        """The payload that stands there unfinished when the stream ends."""
        found: list[bytes] = []
        if self._rest:
            self._line(self._rest, found)
            self._rest = b""
        self._flush(found)
        return found

    def _line(self, line: bytes, found: list[bytes]) -> None:
        if line.endswith(b"\r"):
            line = line[:-1]
        if not line:
            self._flush(found)
        elif line.startswith(b"data:"):
            payload = line[6:] if line.startswith(b"data: ") else line[5:]
            # Two objects in a row are two events whose empty line was left out; anything else is one payload in lines.
            if self._pending and (payload == DONE or payload.startswith(b"{") and self._pending[-1].rstrip().endswith(b"}")):
                self._flush(found)
            self._pending.append(payload)
            self._size += len(payload) + 1
            if self._size > EVENT_BYTES:
                raise Fault("nonsense", f"sent an event of more than {EVENT_BYTES} bytes.")

    def _flush(self, found: list[bytes]) -> None:
        if self._pending:
            found.append(self._pending[0] if len(self._pending) == 1 else b"\n".join(self._pending))
            self._pending = []
            self._size = 0
