"""The live parts of this room in one process: connections, cooldowns, lists, ledger, counters. One for each house."""

from __future__ import annotations

import asyncio
import hashlib
import logging
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from contextlib import aclosing
from dataclasses import replace
from typing import Any

from core.caller import ANONYMOUS, Caller
from core.errors import Unauthorized
from core.providers import exotic
from core.providers.breaker import Breaker
from core.providers.budget import Account, Book, Caps, fingerprint
from core.providers.catalog import OPEN_LISTS, Catalog, View
from core.providers.compatible import base_url, signed
from core.providers.credentials import instance_keys, make_key
from core.providers.entry import KeyReport, check_key
from core.providers.keyring import Keyring
from core.providers.policy import Fault, from_answer
from core.providers.records import attempt_line, request_line
from core.providers.router import Router
from core.providers.sealed import Safe, Seals
from core.providers.table import PROVIDERS, row_of
from core.providers.tally import Tally
from core.providers.transport import Transport
from core.providers.values import Answer, Attempt, Candidate, Item, Key, Prompt, Receipt
from core.providers.writing import Writer
from core.settings import HUGGINGFACE, Settings

log = logging.getLogger(__name__)

_LIST_SECONDS = 20.0
_WAIT_FOR_LISTS = 1.0


class Receipts(Book, Seals):
    """Where receipts are kept too; `core.store.Store` is one."""

    def keep_receipt(self, id: str, at: float, owner: str, body: Mapping[str, Any]) -> None: ...
    def receipts(self, owner: str, *, limit: int = 50, before: float | None = None) -> list[dict[str, Any]]: ...
    def hand_over_receipts(self, source: str, target: str) -> None: ...


class Providers:
    """Asks models for callers, with their keys, within their budget.

    store: the ledger and the receipts. transport: the wire; its limits are those of every request.
    """

    def __init__(self, settings: Settings, store: Receipts, *, transport: Transport | None = None):
        self._settings = settings
        self._store = store
        self.instance = instance_keys(settings)
        self.known = {key.provider: key for key in self.instance}
        self.transport = transport or Transport()
        self.breaker = Breaker()
        self.catalog = Catalog(self._list)
        self.tally = Tally(tuple(settings.providers))
        self.safe = Safe(settings.data.resolve() / "sealing.key", store)
        self._writer = Writer(store.batch)
        self._writing: set[asyncio.Future] = set()

    @property
    def serves_visitors(self) -> bool:
        """The process's own keys answer everybody who reaches it."""
        return not self._settings.public or self._settings.share_owner_keys

    @property
    def allows_private(self) -> bool:
        """A visitor may name a private address: only where the visitor is the owner."""
        return not self._settings.public

    def keys(self, caller: Caller) -> tuple[Key, ...]:
        """Every key this caller may use: of the request, of the session, its own Hub token, then the instance's.

        A Hub token is a key of Hugging Face's router only when the Hub it is for is huggingface.co itself. The instance's
        keys, where strangers share them, answer only visitors who can be told apart: each has a limit of its own.
        """
        found = [*caller.keys, *(caller.keyring.keys() if caller.keyring else ())]
        token = caller.token
        if token and self._settings.hub_url == HUGGINGFACE and token not in [key.secret for key in (*found, *self.instance)]:
            found.append(Key(id="token", provider="huggingface", label="your Hugging Face account", secret=token))
        shared = self.serves_visitors and not (self._settings.public and caller.anonymous)
        usable = (*found, *(self.instance if shared else ()))
        return tuple(map(caller.keyring.paid, usable)) if caller.keyring else usable

    def account(self, caller: Caller) -> Account:
        """The budget of one call."""
        ring = caller.keyring
        return Account(
            self._store, self._settings.budget,
            session=ring.id if ring else identity(caller), caps=ring.caps if ring else Caps(), shared=self._settings.public,
            beside=caller.session, writer=self._writer,
        )  # fmt: skip

    async def budget(self, caller: Caller) -> dict[str, Any]:
        """Each limit of this caller with what was spent of it; see `Account.state`."""
        return await self.account(caller).state(identity(caller))

    async def route(self, prompt: Prompt, caller: Caller) -> Answer:
        """Ask until somebody answers; the whole answer with its receipt. Raises `SpacesError`."""
        keys = self._asked(caller)
        return await (await self._router(keys, caller)).route(self._preferring(prompt), keys, caller_id=identity(caller))

    async def stream(self, prompt: Prompt, caller: Caller, *, on_receipt: Callable[[Receipt], None] | None = None) -> AsyncIterator[Item]:
        """As `route`, in pieces as they come. Closing the iterator closes the upstream's connection.

        on_receipt: gets the receipt once it is written, also when the iterator is closed early and no item brings it.
        """
        keys = self._asked(caller)
        router = await self._router(keys, caller, on_receipt)
        async with aclosing(router.stream(self._preferring(prompt), keys, caller_id=identity(caller))) as items:
            async for item in items:
                yield item

    def _asked(self, caller: Caller) -> tuple[Key, ...]:
        keys = self.keys(caller)
        if not keys and caller.anonymous and self.serves_visitors and self.instance:
            raise Unauthorized(
                "This request belongs to no session, and this instance answers each visitor within a limit of their own.",
                "Open the page, or POST /api/session and send its cookie along; or bring a key of your own.",
            )
        return keys

    def _preferring(self, prompt: Prompt) -> Prompt:
        """The prompt with the configuration's preference where it names none; a visitor's own order is not overruled by the owner's."""
        if prompt.prefer or self._settings.public:
            return prompt
        return replace(prompt, prefer=self._settings.prefer)

    async def models(self, caller: Caller, *, wait: float = 8.0) -> View:
        """What the lists say for this caller. The open lists are read without a key where the Hub is not the local one."""
        keys = list(self.keys(caller))
        if self._settings.hub_kind == "remote":
            named = {key.provider for key in keys}
            keys += [Key(id=f"open:{name}", provider=name) for name in OPEN_LISTS if name not in named]
        return await self.catalog.load([key for key in keys if row_of(key).wire == "compatible"], wait=wait)

    def nothing_listed(self, caller: Caller) -> str | None:
        """Why there is no list to choose a model from at all, in a sentence; None where lists are read."""
        if self._settings.hub_kind == "remote" or any(row_of(key).wire == "compatible" for key in self.keys(caller)):
            return None
        return "The Local Hub itself answers no prompts, and beside it nothing is read from the network until there is a key."

    async def add(self, ring: Keyring, given: Mapping[str, Any]) -> tuple[Key, KeyReport]:
        """Make a key from what was typed, ask its upstream about it, and put it on the ring.

        Args:
            given: `provider`, `key`, and optionally `label`, `base_url`, `models`.
        Raises InvalidInput, Unauthorized, Forbidden or Conflict; then nothing is kept.
        """
        key = make_key(
            given.get("provider"), given.get("key"),
            label=given.get("label"), base_url=given.get("base_url"), models=given.get("models"),
            allow_private=self.allows_private, known=self.known,
        )  # fmt: skip
        report = await self.check(key)
        return ring.add(replace(key, payers=report.orgs, management=report.management)), report

    async def check(self, key: Key, caller: Caller | None = None) -> KeyReport:
        """Ask the upstream about a key; one it takes is no longer out of use for the caller."""
        own = self._settings.huggingface
        report = await check_key(key, self.transport, hub=own.endpoint, router=own.url)
        if caller and report.checked:
            self.breaker.accepted(identity(caller), key)
        return report

    async def forget(self, key: Key, caller_id: str) -> None:
        """Drop what other parts keep of a key that was removed or rotated, and end the copy a browser has of it."""
        if key.sealed:
            await asyncio.to_thread(self.safe.drop, key.sealed)
        self.catalog.forget(key)
        Router(transport=self.transport, breaker=self.breaker).forget(key, caller_id=caller_id)

    def evict(self, keys: Iterable[Key]) -> None:
        """Drop the lists and clients that were made with keys whose session has ended."""
        for key in keys:
            self.catalog.forget(key)
            if key.secret:
                exotic.forget(key.secret)

    def health(self, caller: Caller) -> list[dict[str, Any]]:
        """Each key the caller may use as `{provider, title, key, owner, state, seconds, disabled}`.

        state: ready, cooling, rejected, or none for an address alone whose upstream asks for a key.
        """
        keys = self.keys(caller)
        states = self.breaker.health(identity(caller), keys)
        return [
            {**state, "title": _title(key.provider), "owner": key.owner, "disabled": key.disabled} | ({} if _can_ask(key) else {"state": "none"})
            for key, state in zip(keys, states, strict=True)
        ]

    async def receipts(self, caller: Caller, *, limit: int, before: float | None = None) -> list[dict[str, Any]]:
        """The caller's receipts, newest first. A caller whom nothing tells from others has none."""
        if identity(caller) == ANONYMOUS:
            return []
        return await asyncio.to_thread(self._store.receipts, fingerprint(identity(caller)), limit=limit, before=before)

    async def hand_over(self, source: str, target: str) -> None:
        """Make one owner's receipts another's; what was spent stays counted where it was."""
        # Behind what is still to be written.
        await self._writer.submit(lambda: self._store.hand_over_receipts(fingerprint(source), fingerprint(target)))

    def metrics(self) -> str:
        """Prometheus text."""
        return self.tally.text(self.breaker.states())

    async def close(self) -> None:
        """End what is under way, write what is left, close the connections."""
        await self.catalog.close()
        await asyncio.gather(*self._writing, return_exceptions=True)
        await self.transport.close()

    async def _router(self, keys: tuple[Key, ...], caller: Caller, heard: Callable[[Receipt], None] | None = None) -> Router:
        listed = [key for key in keys if row_of(key).wire == "compatible"]
        view = await self.catalog.load(listed, wait=_WAIT_FOR_LISTS)

        def keep(caller_id: str, receipt: Receipt) -> None:
            self._keep(caller_id, receipt)
            if heard:
                heard(receipt)

        return Router(
            catalog=view, prices=view, budget=self.account(caller),
            transport=self.transport, breaker=self.breaker, on_receipt=keep, on_attempt=self._attempted,
        )  # fmt: skip

    async def _list(self, key: Key) -> Any:
        url = f"{base_url(row_of(key), key)}/models"
        headers = {} if key.provider in OPEN_LISTS else signed(key)
        status, body, answered = await self.transport.get_json(url, headers=headers, allow_private=key.allow_private, timeout=_LIST_SECONDS)
        if status >= 300:
            raise from_answer(status, body, answered, secret=key.secret)
        if not isinstance(body, dict | list):
            raise Fault("nonsense", "answered no list of models.")
        return body

    def _keep(self, caller_id: str, receipt: Receipt) -> None:
        self.tally.record(receipt)
        owner, body = fingerprint(caller_id), receipt.to_dict()
        request_line(owner[:8], receipt)
        writing = self._writer.submit(lambda: self._store.keep_receipt(receipt.id, receipt.at, owner, body))
        self._writing.add(writing)
        writing.add_done_callback(self._written)

    def _attempted(self, caller_id: str, candidate: Candidate, attempt: Attempt | None) -> None:
        self.tally.under_way(candidate.provider, -1 if attempt else 1)
        if attempt:
            attempt_line(fingerprint(caller_id)[:8], attempt)

    def _written(self, writing: asyncio.Future) -> None:
        self._writing.discard(writing)
        if not writing.cancelled() and writing.exception():
            log.error("a receipt could not be kept (%s)", type(writing.exception()).__name__)


def identity(caller: Caller) -> str:
    """Whose limits, failures and receipts a call counts for: the caller's, or without one, those of whoever holds the keys it brings."""
    held = sorted({key.secret.reveal() for key in caller.keys if key.secret}) if caller.anonymous else []
    return "keys:" + hashlib.sha256("\n".join(held).encode()).hexdigest() if held else caller.id


def _can_ask(key: Key) -> bool:
    return key.secret is not None or not row_of(key).needs_key


def _title(provider: str) -> str:
    return PROVIDERS[provider].title if provider in PROVIDERS else provider
