"""What a program wrote, kept in bounds: its beginning and its end."""

from __future__ import annotations


class Excerpt:
    """The first and the last bytes of a stream, half of `most` each; what lies between is counted and left out."""

    def __init__(self, most: int):
        self.received = 0
        self._half = most // 2
        self._head = bytearray()
        self._tail = bytearray()

    def feed(self, data: bytes) -> None:
        """Take the next bytes."""
        self.received += len(data)
        room = self._half - len(self._head)
        self._head += data[:room]
        self._tail += data[room:] if room > 0 else data
        if len(self._tail) > 2 * self._half:
            del self._tail[: -self._half]

    @property
    def cut(self) -> int:
        """How many bytes are left out."""
        return max(0, self.received - 2 * self._half)

    def text(self) -> str:
        """The excerpt as text, with a line that says how much is missing; bytes that are not UTF-8 become U+FFFD."""
        head, tail = bytes(self._head), bytes(self._tail[-self._half :])
        if not self.cut:
            return (head + tail).decode("utf-8", "replace")
        return f"{head.decode('utf-8', 'replace')}\n… {self.cut} bytes left out …\n{tail.decode('utf-8', 'replace')}"
