"""The keys of one session, in a person's order.

They live in this process's memory and end with the session. Nothing here prints, stores or returns a key.
"""

from __future__ import annotations

import secrets
import threading
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from core.errors import Conflict, NotFound
from core.providers.budget import Caps
from core.providers.sealed import KEPT
from core.providers.values import Key
from core.secrets import Secret

_MOST_KEYS = 32
_MOST_PAYING = 8


class Keyring:
    """Many keys for many providers, in a person's order. Thread-safe and bounded.

    Management keys are held too, and stand in no list of keys that could ask a model.
    id: what the budget of the session is summed under. caps: the person's own limits.
    """

    def __init__(self, id: str | None = None):
        self.id = id or secrets.token_urlsafe(18)
        self.caps = Caps()
        self._keys: tuple[Key, ...] = ()
        self._paying: dict[Secret, tuple[tuple[str, ...], str | None]] = {}
        self._ordered = False
        self._lock = threading.Lock()

    def keys(self) -> tuple[Key, ...]:
        """Every key that may ask models, in order; once a person has ordered them, each knows its position."""
        with self._lock:
            asking = tuple(key for key in self._keys if not key.management)
            return tuple(replace(key, position=place) for place, key in enumerate(asking)) if self._ordered else asking

    def managing(self) -> tuple[Key, ...]:
        """The keys that only make and revoke others."""
        with self._lock:
            return tuple(key for key in self._keys if key.management)

    def find(self, id: str) -> Key:
        """The key of that id, or `NotFound`."""
        return next((key for key in (*self.keys(), *self.managing()) if key.id == id), None) or _missing(id)

    def add(self, key: Key) -> Key:
        """Put a key in. The same secret for the same upstream is `Conflict`; so is one too many."""
        with self._lock:
            if len(self._keys) >= _MOST_KEYS:
                raise Conflict(f"This session holds {_MOST_KEYS} keys already.", "Remove one first.")
            if any((one.provider, one.secret, one.base_url) == (key.provider, key.secret, key.base_url) for one in self._keys):
                raise Conflict("This key is in the list already.", "Change its label or its place instead.")
            self._keys += (key,)
        return key

    def change(self, id: str, **fields: Any) -> Key:
        """Change fields of a key (its label, its secret, who pays, …); returns it as it is now."""
        with self._lock:
            found = next((key for key in self._keys if key.id == id), None) or _missing(id)
            changed = replace(found, **fields)
            same = all(getattr(found, name) == getattr(changed, name) for name in KEPT)
            changed = replace(changed, outdated=False if "sealed" in fields else found.outdated or (found.sealed is not None and not same))
            self._keys = tuple(changed if key.id == id else key for key in self._keys)
        return changed

    def pay(self, key: Key, payers: Sequence[str], bill_to: str | None) -> None:
        """Say who may pay for what a key asks, and who does; also of a key that is not on the ring, such as the account's token."""
        if any(one.id == key.id for one in self._keys):
            self.change(key.id, payers=tuple(payers), bill_to=bill_to)
        elif key.secret:
            with self._lock:
                self._paying.pop(key.secret, None)
                self._paying[key.secret] = (tuple(payers), bill_to)
                while len(self._paying) > _MOST_PAYING:
                    del self._paying[next(iter(self._paying))]

    def paid(self, key: Key) -> Key:
        """The key with what `pay` said of it."""
        said = self._paying.get(key.secret) if key.secret else None
        return replace(key, payers=said[0], bill_to=said[1]) if said else key

    def remove(self, id: str) -> Key:
        """Forget a key; returns what it was, so that what others keep of it can be forgotten too."""
        with self._lock:
            found = next((key for key in self._keys if key.id == id), None) or _missing(id)
            self._keys = tuple(key for key in self._keys if key.id != id)
        return found

    def order(self, ids: Sequence[str] = ()) -> None:
        """Put these first, in this order; the others follow as they stood. Without ids the order stays and becomes the person's."""
        with self._lock:
            by_id = {key.id: key for key in self._keys}
            for id in ids:
                if id not in by_id:
                    _missing(id)
            first = tuple(by_id[id] for id in dict.fromkeys(ids))
            self._keys = first + tuple(key for key in self._keys if key not in first)
            self._ordered = True

    def clear(self) -> tuple[Key, ...]:
        """Forget every key; returns what they were."""
        with self._lock:
            gone, self._keys = self._keys, ()
            self._paying.clear()
        return gone


def _missing(id: str) -> Any:
    raise NotFound("This session holds no key of that id.", "provider_manage_keys lists the keys and their ids.")
