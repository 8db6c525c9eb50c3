"""The router: a prompt and keys go in, an answer and a receipt come out."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import aclosing
from typing import Any

from core.errors import InvalidInput, ProviderFailed
from core.providers import exotic
from core.providers.attempt import Heard
from core.providers.breaker import Breaker
from core.providers.run import Run, Surroundings
from core.providers.seams import Budget, Catalog, Prices, Unlimited
from core.providers.transport import Timeouts, Transport
from core.providers.values import Answer, Interrupted, Item, Key, Prompt, Reasoning, Receipt, Text, ToolCallDelta


def _unheard(*told: object) -> None:
    """Nobody listens."""


class Router:
    """Asks providers. Owns the connections and what is known of failures; holds no key longer than a request.

    catalog, prices, budget: see the Protocols; what is not given forbids nothing.
    hedge_seconds: start the next candidate when the first token takes longer; None = never.
    on_receipt: called once for every prompt, also for failed and cancelled ones, with the caller's id.
    on_attempt: called twice for every attempt, with the caller's id and the candidate: None when it goes out, the attempt when it is over.
    """

    def __init__(
        self,
        *,
        catalog: Catalog | None = None,
        prices: Prices | None = None,
        budget: Budget | None = None,
        timeouts: Timeouts | None = None,
        transport: Transport | None = None,
        breaker: Breaker | None = None,
        hedge_seconds: float | None = None,
        on_receipt: Callable[[str, Receipt], None] = _unheard,
        on_attempt: Heard = _unheard,
    ):
        permissive = Unlimited()
        self.transport = transport or Transport(timeouts=timeouts)
        self.breaker = breaker or Breaker()
        self._around = Surroundings(
            catalog=catalog or permissive,
            prices=prices or permissive,
            budget=budget or permissive,
            transport=self.transport,
            breaker=self.breaker,
            hedge_seconds=hedge_seconds,
            on_receipt=on_receipt,
            on_attempt=on_attempt,
        )

    async def route(self, prompt: Prompt, keys: Iterable[Key], *, caller_id: str = "local") -> Answer:
        """Ask until one candidate answers, and give the whole answer.

        Args:
            prompt: what to ask.
            keys: all keys of this caller; order, skips and fallback follow from them.
            caller_id: whose failures and budget these are.
        Raises:
            SpacesError: nobody answered, or asking on is not allowed; `details["receipt"]` holds the receipt.
        """
        pieces, end = await self._run(prompt, keys, caller_id, stream=False).whole()
        text = thoughts = ""
        calls = ToolCalls()
        for piece in pieces:  # few: an answer that is not streamed has one text
            if isinstance(piece, Text):
                text += piece.text
            elif isinstance(piece, Reasoning):
                thoughts += piece.text
            elif isinstance(piece, ToolCallDelta):
                calls.add(piece)
        return Answer(text, calls.whole(), thoughts, end.finish_reason, end.usage, end.receipt)

    async def stream(self, prompt: Prompt, keys: Iterable[Key], *, caller_id: str = "local") -> AsyncIterator[Item]:
        """Ask until one candidate begins to answer, and give its pieces as they come.

        `Text`, `Reasoning` and `ToolCallDelta` items, then one `Finished` or `Interrupted`. Before the first item another
        candidate may step in silently; after it none does. Closing the iterator closes the upstream's connection at once.
        Arguments and errors as for `route`.
        """
        async with aclosing(self._run(prompt, keys, caller_id, stream=True).items()) as items:
            async for item in items:
                yield item

    def _run(self, prompt: Prompt, keys: Iterable[Key], caller_id: str, *, stream: bool) -> Run:
        if not prompt.messages or not all(isinstance(message, dict) and message.get("role") for message in prompt.messages):
            raise InvalidInput("A prompt needs messages, each an object with a role.", "Send [{role: user, content: …}].")
        return Run(prompt, keys, caller_id, self._around, stream=stream)

    def health(self, keys: Iterable[Key], *, caller_id: str = "local") -> list[dict[str, Any]]:
        """For each key: `{provider, key (its label), state: ready|cooling|rejected, seconds}`."""
        return self.breaker.health(caller_id, tuple(keys))

    def forget(self, key: Key, *, caller_id: str = "local") -> None:
        """Drop what is known of a key that was removed, and every client that was made with it."""
        self.breaker.forget(caller_id, key)
        if key.secret:
            exotic.forget(key.secret)

    async def close(self) -> None:
        """Close the connections of the running loop."""
        await self.transport.close()


def broken_off(item: Interrupted) -> ProviderFailed:
    """The error of an answer that broke off, with what came of it and its receipt."""
    return ProviderFailed(
        f"The answer broke off: {item.error['message']}", "Send the prompt again with so_far to go on from there, or ask again.",
        so_far=item.so_far, receipt=item.receipt.to_dict(),
    )  # fmt: skip


class ToolCalls:
    """Puts the pieces of tool calls together."""

    def __init__(self) -> None:
        self._calls: list[dict[str, Any]] = []
        self._open: dict[int, dict[str, Any]] = {}

    def add(self, piece: ToolCallDelta) -> None:
        call = self._open.get(piece.index)
        # Several servers number every call of an answer 0 (Gemini's compatible address; NousResearch/hermes-agent#62937): a new id with a name is a new call.
        if call is None or (piece.id and piece.name and call["id"] and piece.id != call["id"]):
            call = self._open[piece.index] = {"index": piece.index, "id": "", "name": "", "arguments": []}
            self._calls.append(call)
        call["id"] = call["id"] or piece.id or ""
        call["name"] = call["name"] or piece.name or ""
        call["arguments"].append(piece.arguments)

    def whole(self) -> tuple[dict[str, Any], ...]:
        """The calls in OpenAI's shape, in their order."""
        return tuple(
            {"id": call["id"], "type": "function", "function": {"name": call["name"], "arguments": "".join(call["arguments"])}}
            for call in sorted(self._calls, key=lambda call: call["index"])
        )
