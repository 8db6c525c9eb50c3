"""A server whose only model says what a test lays down, one answer after the other."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from tests.conftest import Server, start_server
from tests.providers.upstream import Upstream, Wire, completion, event, upstream


@contextmanager
def written_by(folder, answers: list[str]) -> Iterator[tuple[Server, Upstream]]:
    """A server of its own, and the model server behind it; every prompt takes the next of `answers`."""

    async def say(wire: Wire) -> bool:
        if wire.seen.method != "POST":
            return False
        text = answers.pop(0)
        if wire.seen.body.get("stream"):
            await wire.begin_stream()
            await wire.chunk(event({"role": "assistant", "content": text}))
            await wire.chunk(event({}, finish="stop") + b"data: [DONE]\n\n", last=True)
        else:
            await wire.answer(200, completion({"content": text}))
        return True

    with upstream("writer") as model:
        model.serves = say
        config = folder / "agentic-config.yaml"
        config.write_text(f"providers:\n  writer:\n    api_key: sk-0123456789abcdef-WRIT\n    url: {model.base_url}\n    models: [ok]\n")
        server = start_server(folder / "data", "--config", str(config))
        try:
            yield server, model
        finally:
            server.end()
