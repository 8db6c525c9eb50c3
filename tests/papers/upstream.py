"""One server on loopback that plays every service research reads, with answers from files, and misbehaves when told to."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

ANSWERS = Path(__file__).parent / "answers"
# What each path answers: the beginning or the end of it → a file.
PLAN = {
    "/graph/v1/paper/search/bulk": "bulk.json",
    "/graph/v1/paper/search": "search.json",
    "/graph/v1/paper/batch": "batch.json",
    "/graph/v1/snippet/search": "snippets.json",
    "/references": "references.json",
    "/citations": "citations.json",
    "/graph/v1/paper/": "details.json",
    "/recommendations/v1/papers": "recommendations.json",
    "/arxiv.org/html/": "paper.html",
    "/ar5iv.org/html/": "paper.html",
    "/api/daily_papers": "daily_papers.json",
    "/api/papers/search": "papers_search.json",
    "/api/papers/": "paper.json",
    "/api/arxiv/": "arxiv_repos.json",
    "/api/models": "models.json",
    "/api/datasets": "datasets.json",
    "/api/spaces": "spaces.json",
    "/api/collections": "collections.json",
}


@dataclass(frozen=True)
class Asked:
    method: str
    path: str
    query: dict[str, list[str]]
    headers: dict[str, str]
    body: bytes

    def given(self, name: str) -> str | None:
        return self.query.get(name, [None])[0]


Fault = Callable[[Asked], bytes | float | None]


@dataclass
class Upstream:
    """faults: part of a path → what comes instead, one after the other and the last one for ever: bytes, None (the connection
    ends), or seconds of silence."""

    port: int = 0
    faults: dict[str, list] = field(default_factory=dict)
    asked: list[Asked] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def paths(self, part: str = "") -> list[str]:
        return [one.path for one in self.asked if part in one.path]

    def answer(self, asked: Asked) -> bytes | float | None:
        for part, faults in self.faults.items():
            if part in asked.path:
                return faults.pop(0) if len(faults) > 1 else faults[0]
        for part, name in PLAN.items():
            if asked.path.startswith(part) or asked.path.endswith(part):
                kind = "text/html; charset=utf-8" if name.endswith("html") else "application/json"
                return reply((ANSWERS / name).read_bytes(), type=kind)
        return reply({"error": "Not Found"}, status=404)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
                method, target, _ = head[0].split(" ")
                headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in head[1:] if line)}
                body = await reader.readexactly(int(headers.get("content-length", 0)))
                parts = urlsplit(target)
                asked = Asked(method, unquote(parts.path), parse_qs(parts.query), headers, body)
                self.asked.append(asked)
                answer = self.answer(asked)
                if isinstance(answer, float):
                    await asyncio.sleep(answer)
                    return
                if answer is None:
                    return
                writer.write(answer)
                await writer.drain()
                if b"connection: close" in answer.partition(b"\r\n\r\n")[0].lower():
                    return
        except (asyncio.IncompleteReadError, asyncio.CancelledError, ConnectionError):
            return
        finally:
            writer.close()


def reply(data: object = b"", *, status: int = 200, type: str = "application/json", **headers: str) -> bytes:
    """An HTTP answer; `Retry_After="5"` becomes that header. A Content-Length that is given stands as it is."""
    body = data if isinstance(data, bytes) else json.dumps(data).encode()
    lines = [f"HTTP/1.1 {status} Told", f"Content-Type: {type}", *(f"{name.replace('_', '-')}: {value}" for name, value in headers.items())]
    if "Content_Length" not in headers:
        lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


@asynccontextmanager
async def playing(**faults: list):
    """The server while the block lasts."""
    upstream = Upstream(faults={part: many for part, many in faults.items()})
    server = await asyncio.start_server(upstream.serve, "127.0.0.1", 0)
    upstream.port = server.sockets[0].getsockname()[1]
    try:
        yield upstream
    finally:
        server.close()
