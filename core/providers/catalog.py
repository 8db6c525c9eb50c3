"""Every model the caller's keys can reach, merged; kept for a while, refreshed behind the caller's back.

A list is asked for once and shared where the upstream shows it to anybody (Hugging Face, OpenRouter); where a key
is needed it is kept for that key alone. A request never waits long for a list: until it is there, nothing is known
of its models, and nothing is held against them.
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from core.errors import SpacesError
from core.providers.catalog_sources import READERS, Model, compatible
from core.providers.picking import recommend
from core.providers.policy import Fault
from core.providers.seams import ModelFacts, Price
from core.providers.values import Key

log = logging.getLogger(__name__)

FRESH_SECONDS = 600.0
RETRY_SECONDS = 60.0
OLD_SECONDS = 3600.0
_MOST_LISTS = 256
_AT_ONCE = 4

Fetch = Callable[[Key], Awaitable[Any]]
# Their lists are open to anybody and the same for everybody, so they are asked without a key.
OPEN_LISTS = ("huggingface", "openrouter")
# OpenRouter's latest-of-a-family aliases, presets and routers are not entries of its list.
_ALIASES = ("~", "@preset/", "openrouter/")


@dataclass(eq=False)
class List:
    """One upstream's list as last read. `error` is why the newest attempt gave none."""

    provider: str
    models: dict[str, Model] = field(default_factory=dict)
    read_at: float | None = None
    tried_at: float | None = None
    error: str | None = None
    task: asyncio.Task | None = None

    def due(self, now: float) -> bool:
        if self.task and not self.task.done():
            return False
        if self.tried_at is None:
            return True
        return now - self.tried_at > (RETRY_SECONDS if self.error else FRESH_SECONDS)


class Catalog:
    """The lists of all upstreams. Bounded; the least used one goes first.

    fetch: reads one upstream's list with a key; raises `Fault` or `SpacesError`.
    """

    def __init__(self, fetch: Fetch, *, clock: Callable[[], float] = time.monotonic):
        self._fetch = fetch
        self._clock = clock
        self._lists: OrderedDict[tuple[str, ...], List] = OrderedDict()
        self._slots = asyncio.Semaphore(_AT_ONCE)

    def view(self, keys: Iterable[Key]) -> View:
        """What is known now for these keys, at once; lists that are missing or old are read meanwhile."""
        lists: dict[str, list[List]] = {}
        for key in keys:
            named = lists.setdefault(key.provider, [])
            if not key.disabled and (found := self._list(key)) not in named:
                named.append(found)
        return View(lists, self._clock())

    async def load(self, keys: Iterable[Key], *, wait: float) -> View:
        """As `view`, but waits up to `wait` seconds for lists that were never read."""
        view = self.view(keys)
        pending = {one.task for one in view.lists() if one.task and not one.task.done() and one.read_at is None and one.error is None}
        if pending:
            await asyncio.wait(pending, timeout=wait)
        return view

    def forget(self, key: Key) -> None:
        """Drop what was read with this key."""
        if key.provider not in OPEN_LISTS:
            gone = self._lists.pop(_identity(key), None)
            if gone and gone.task:
                gone.task.cancel()

    async def close(self) -> None:
        """End every read that is under way."""
        loop = asyncio.get_running_loop()
        tasks = [one.task for one in self._lists.values() if one.task and not one.task.done() and one.task.get_loop() is loop]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _list(self, key: Key) -> List:
        identity = _identity(key)
        found = self._lists.setdefault(identity, List(key.provider))
        self._lists.move_to_end(identity)
        while len(self._lists) > _MOST_LISTS:
            _, gone = self._lists.popitem(last=False)
            if gone.task:
                gone.task.cancel()
        if found.due(self._clock()):
            found.task = asyncio.get_running_loop().create_task(self._read(found, key))
        return found

    async def _read(self, into: List, key: Key) -> None:
        try:
            async with self._slots:
                body = await self._fetch(key)
            models = await asyncio.to_thread(READERS.get(key.provider, compatible), key.provider, body)
            into.models = {model.id: model for model in models}
            into.read_at = self._clock()
            into.error = None if models else "the list is empty"
        except (Fault, SpacesError) as error:
            into.error = error.message
        except Exception as error:  # a list we cannot read must not end a request; it is told and tried again
            into.error = f"the list cannot be read ({type(error).__name__})"
            log.warning("the model list of %s cannot be read (%s)", key.provider, type(error).__name__)
        finally:
            into.tried_at = self._clock()


@dataclass(frozen=True)
class View:
    """What the lists say for one caller's keys. Implements `core.providers.Catalog` and `core.providers.Prices`."""

    by_provider: dict[str, list[List]]
    now: float

    def lists(self, provider: str | None = None) -> Any:
        """With a provider: its whole list is known and not old, so that a model missing from it does not exist there.

        Only the open lists are taken that seriously: many compatible servers answer to names they do not list.
        Without a provider: the lists themselves.
        """
        if provider is None:
            return [one for lists in self.by_provider.values() for one in lists]
        known = self.by_provider.get(provider) if provider in OPEN_LISTS else None
        return bool(known) and all(one.models and self.now - (one.read_at or 0) < OLD_SECONDS for one in known)

    def find(self, provider: str, model: str) -> ModelFacts | None:
        """The model's facts, or None. An alias that stands for changing models has none, and exists."""
        found = self.model(provider, model)
        if found is None and provider == "openrouter" and model.startswith(_ALIASES):
            return ModelFacts()
        return found.facts if found else None

    def price(self, provider: str, model: str) -> Price | None:
        """USD per million tokens; the dearest host's where the router chooses, or None.

        Where several upstreams go by one name the dearest counts, and an unread list makes it unknown: a list somebody
        made up must not make another key's use look cheap.
        """
        lists = self.by_provider.get(provider, ())
        if len(lists) > 1 and any(one.read_at is None for one in lists):
            return None
        prices = [price for one in lists if (price := _price(_entry(one, model), model))]
        return Price(max(one.input for one in prices), max(one.output for one in prices)) if prices else None

    def model(self, provider: str, model: str) -> Model | None:
        """The model of that id, with or without a routing suffix (`:cheapest`, `:groq`)."""
        return next((found for one in self.by_provider.get(provider, ()) if (found := _entry(one, model))), None)

    def usual(self, provider: str) -> str | None:
        """What is recommended for planning and served now; where nothing of the list is known to fit, the newest that may call tools."""
        mine = [model for model in self.models() if model.provider == provider]
        best = recommend(mine, "plan", limit=1)
        able = [one for one in mine if one.tools is not False] or mine
        found = best[0].model if best else max(able, key=lambda one: (one.tools is True, one.created or 0, one.context or 0, one.id), default=None)
        return found.id if found else None

    def models(self) -> list[Model]:
        """Every model once for each provider."""
        seen: dict[tuple[str, str], Model] = {}
        for one in self.lists():
            for model in one.models.values():
                seen.setdefault((model.provider, model.id), model)
        return list(seen.values())

    def sources(self) -> list[dict[str, Any]]:
        """Each list as `{provider, models, age_seconds, error}`; age None = never read."""
        return [
            {
                "provider": one.provider,
                "models": len(one.models),
                "age_seconds": None if one.read_at is None else round(max(0.0, self.now - one.read_at), 1),
                "error": one.error,
            }
            for one in self.lists()
        ]


def _entry(listed: List, model: str) -> Model | None:
    return listed.models.get(model) or (listed.models.get(model.rpartition(":")[0]) if ":" in model else None)


def _price(found: Model | None, asked: str) -> Price | None:
    if found is None:
        return None
    chosen = asked[len(found.id) + 1 :]
    hosts = [host for host in found.hosts if host.live and host.price]
    if chosen == "cheapest" and hosts:
        return min((host.price for host in hosts if host.price), key=lambda price: price.output)
    named = next((host.price for host in hosts if chosen and host.name == chosen), None)
    return named or found.price


def _identity(key: Key) -> tuple[str, ...]:
    secret = "" if key.provider in OPEN_LISTS or key.secret is None else hashlib.sha256(key.secret.reveal().encode()).hexdigest()
    return (key.provider, key.base_url or "", secret, "private" if key.allow_private else "")
