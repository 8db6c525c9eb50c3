"""Under whose name rows are kept: projects, chats, receipts, limits. Decided here, and nowhere else.

On a public process, the first that is known: the Hub account of the token that came along, the browser's session, the
token, nobody. An account is the Hub's own id of a person together with that Hub's address: a name may change hands, and
another Hub has people of its own. A token stands for its account where our own sign-in brought it, or where it opens all
that is private of the person; one that another app was given, or that is narrower, is somebody of its own.
"""

from __future__ import annotations

import asyncio
import hashlib
import time
from collections import Counter, OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

from core.caller import ACCOUNT, Caller
from core.errors import Forbidden, SpacesError, Unauthorized
from core.hub import Hub, whoami
from core.secrets import Secret

LOCAL = "local"
_SESSION = "session:"
_PATIENCE_SECONDS = 3.0
_BELIEVED_SECONDS = 600.0  # so long a token that was revoked still opens what its account has here
_REFUSED_SECONDS = 60.0
_SILENT_SECONDS = 15.0
_MOST_TOKENS = 10_000


def of_session(name: str) -> str:
    """The owner a session is."""
    return _SESSION + name


def is_session(owner: str) -> bool:
    """Whether that owner is a session, which no process outlives."""
    return owner.startswith(_SESSION)


def of_token(token: Secret) -> str:
    """The owner a token is by itself."""
    return "token:" + _digest(token)[:24]


@dataclass(frozen=True)
class _Said:
    """What the Hub said of a token. whole: the token alone stands for the account. owes: rows may be kept under the token still."""

    account: str | None = None
    whole: bool = False
    until: float = 0.0
    owes: bool = True


class Owners:
    """Which account a token stands for, remembered by the token's digest; and at whose work something is under way."""

    def __init__(self, hub: Hub):
        self._hub = hub
        self._said: OrderedDict[str, _Said] = OrderedDict()
        self._asking: dict[str, asyncio.Task[_Said]] = {}
        self._at_work: Counter[str] = Counter()

    async def account(self, token: Secret | None, *, ours: bool = False) -> str | None:
        """The account of a token as an owner, or None: for no token, one that does not stand for it, or while the Hub is silent.

        ours: the token came by this process's own sign-in, so the person gave it to nobody else.
        """
        if token is None:
            return None
        digest = _digest(token)
        said = self._said.get(digest)
        if said is None or time.monotonic() >= said.until:
            task = self._asking.get(digest)
            if task is None:
                task = self._asking[digest] = asyncio.create_task(self._ask(token, digest, said))
                task.add_done_callback(lambda _: self._asking.pop(digest, None))
            said = await asyncio.shield(task)
        return said.account if ours or said.whole else None

    def owes(self, token: Secret) -> bool:
        """Whether something may be kept under the token that its account has not got yet."""
        said = self._said.get(_digest(token))
        return said is not None and said.owes

    def settled(self, token: Secret) -> None:
        """All that was kept under the token is the account's."""
        if said := self._said.get(_digest(token)):
            self._said[_digest(token)] = replace(said, owes=False)

    async def _ask(self, token: Secret, digest: str, before: _Said | None) -> _Said:
        now = time.monotonic()
        try:
            async with asyncio.timeout(_PATIENCE_SECONDS):
                found = await whoami(self._hub, Caller(id="whose", token=token))
            id = found.id if found.kind == "user" else None
            said = _Said(self._name(id) if id else None, found.whole, now + _BELIEVED_SECONDS, not before or before.owes)
        except (Unauthorized, Forbidden):
            said = _Said(until=now + _REFUSED_SECONDS)
        except (SpacesError, TimeoutError):  # a Hub that is silent takes nothing from whom it knew
            said = replace(before or _Said(), until=time.monotonic() + _SILENT_SECONDS)
        self._said[digest] = said
        self._said.move_to_end(digest)
        while len(self._said) > _MOST_TOKENS:
            self._said.popitem(last=False)
        return said

    def _name(self, id: str) -> str:
        hub = LOCAL if self._hub.local else self._hub.endpoint.lower()  # the port of the Local Hub is another each time
        return ACCOUNT + hashlib.sha256(f"{hub}\n{id}".encode()).hexdigest()[:32]

    @contextmanager
    def at_work(self, owner: str) -> Iterator[None]:
        """While it is open, something of this owner's is being changed."""
        self._at_work[owner] += 1
        try:
            yield
        finally:
            self._at_work[owner] -= 1
            if not self._at_work[owner]:
                del self._at_work[owner]

    def busy(self, owner: str) -> bool:
        """Whether something of this owner's is being changed."""
        return self._at_work[owner] > 0


def _digest(token: Secret) -> str:
    return hashlib.sha256(token.reveal().encode()).hexdigest()
