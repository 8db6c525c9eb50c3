"""Copies of keys that a browser keeps and only this server opens.

A copy is encrypted with a key derived from three parts that never meet outside this process: a secret in the data
directory, a salt in the database, and the browser's own HttpOnly cookie. Whoever has the copy alone has nothing;
dropping the salt ends every copy of it, wherever it went.
"""

from __future__ import annotations

import hashlib
import json
import os
import secrets
import tempfile
import threading
import time
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from core.errors import NotFound, StorageFull
from core.providers.values import Key

DAYS = 30
# What a copy holds of a key besides its secret and where it goes; what changes of it makes the copy outdated.
KEPT = ("label", "models", "payers", "bill_to", "disabled")
_MOST_TEXT = 64_000  # a key of several values for fifty models, in base 64, and some
_SECRET_BYTES = 32
_NONCE_BYTES = 12
_PURPOSE = b"spaces-os: a key a browser keeps, 1"


class Seals(Protocol):
    """The salts of the copies that can still be opened; `core.store.Store` keeps them."""

    def keep_seal(self, id: str, browser: str, salt: bytes, until: float) -> None: ...
    def find_seal(self, id: str, browser: str) -> bytes | None: ...
    def drop_seals(self, *, browser: str | None = None, id: str | None = None) -> int: ...


@dataclass(frozen=True)
class Copy:
    """What the browser keeps. `text` is the ciphertext; `until` when it ends, epoch seconds."""

    id: str
    text: str
    until: float


class Safe:
    """Seals keys and opens them again. Blocking; thread-safe.

    file: where the server's secret is kept, readable by its owner only; made when first needed. Without it, every copy is dead.
    """

    def __init__(self, file: Path, seals: Seals, *, clock: Callable[[], float] = time.time):
        self._file = file
        self._seals = seals
        self._clock = clock
        self._lock = threading.Lock()

    def seal(self, key: Key, browser: str) -> Copy:
        """An encrypted copy of the key for the browser that holds this cookie. Raises StorageFull."""
        if key.secret is None:
            raise NotFound("This upstream asks for no key, so there is none to remember.", "Add it again when you need it.")
        id, salt, nonce = secrets.token_urlsafe(15), secrets.token_bytes(16), secrets.token_bytes(_NONCE_BYTES)
        until = self._clock() + DAYS * 86_400
        held = {name: getattr(key, name) for name in ("provider", "base_url", "management", *KEPT)} | {"key": key.secret.reveal()}
        closed = nonce + AESGCM(self._derive(salt, browser)).encrypt(nonce, json.dumps(held).encode(), id.encode())
        self._seals.keep_seal(id, fingerprint(browser), salt, until)
        return Copy(id, f"{id}.{urlsafe_b64encode(closed).decode()}", until)

    def open(self, text: object, browser: str) -> tuple[str, Mapping[str, Any]]:
        """The copy's id, and what `seal` took of the key; `NotFound` when it has expired, was forgotten, or is another browser's."""
        gone = NotFound("This copy of a key can no longer be opened.", "Paste the key again.")
        if not isinstance(text, str) or len(text) > _MOST_TEXT or "." not in text:
            raise gone
        id, _, coded = text.partition(".")
        salt = self._seals.find_seal(id, fingerprint(browser))
        if salt is None:
            raise gone
        try:
            closed = urlsafe_b64decode(coded)
            opened = AESGCM(self._derive(salt, browser)).decrypt(closed[:_NONCE_BYTES], closed[_NONCE_BYTES:], id.encode())
        except (ValueError, InvalidTag):
            raise gone from None
        return id, json.loads(opened)

    def forget(self, browser: str, id: str | None = None) -> int:
        """End one copy, or every copy, of a browser; how many there were."""
        return self._seals.drop_seals(browser=fingerprint(browser), id=id)

    def drop(self, id: str) -> None:
        """End a copy whoever keeps it: its key was removed or replaced."""
        self._seals.drop_seals(id=id)

    def _derive(self, salt: bytes, browser: str) -> bytes:
        return HKDF(SHA256(), 32, salt, _PURPOSE + browser.encode()).derive(self._secret())

    def _secret(self) -> bytes:
        with self._lock:
            with suppress(FileNotFoundError):
                kept = self._file.read_bytes()
                if len(kept) == _SECRET_BYTES:
                    return kept
            made = secrets.token_bytes(_SECRET_BYTES)
            try:
                # mkstemp makes it 0600; the rename puts it there whole or not at all.
                handle, name = tempfile.mkstemp(dir=self._file.parent)
                with os.fdopen(handle, "wb") as file:
                    file.write(made)
                os.replace(name, self._file)
            except OSError as error:
                raise StorageFull(f"The data directory cannot keep the secret that copies are sealed with ({error.strerror}).") from None
            return made


def fingerprint(browser: str) -> str:
    """What is stored of a browser's cookie: enough to know it again, nothing to open a copy with."""
    return hashlib.sha256(b"browser:" + browser.encode()).hexdigest()[:32]
