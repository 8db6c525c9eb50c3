"""Signing in at OpenRouter: a proof key (PKCE, S256) goes there in the browser, a code comes back, a key is made of both.

OpenRouter repeats no `state`, so an address it shall return to carries it in its path. Without such an address it
shows the code, and the person brings it.
"""

from __future__ import annotations

import hashlib
import re
import secrets
import threading
import time
from base64 import urlsafe_b64encode
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from urllib.parse import parse_qs, urlsplit

from yarl import URL

from core.errors import InvalidInput, NotFound, RateLimited
from core.providers.policy import Fault, from_answer
from core.providers.transport import Transport
from core.secrets import Secret

PROVIDER = "openrouter"
SECONDS = 600  # a code of OpenRouter's is good for ten minutes, and once
_AT_ONCE = 8
_TRIES = 5
_TIMEOUT = 15.0
_CODE = re.compile(r"[\w.~+/=-]{4,512}", re.ASCII)
_KEY_LABEL = "Spaces OS"


@dataclass(frozen=True)
class SignIn:
    """One sign-in that was begun. `state` names it; the verifier stays here until the code comes."""

    state: str
    verifier: Secret
    base_url: str
    allow_private: bool
    until: float
    tries: int = 0


@dataclass
class SignIns:
    """The sign-ins one session has begun: few, for ten minutes, each good for one key."""

    clock: Callable[[], float] = time.monotonic
    _begun: OrderedDict[str, SignIn] = field(default_factory=OrderedDict, init=False, repr=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, init=False, repr=False)

    def begin(self, base_url: str, *, allow_private: bool = False, return_to: str | None = None) -> tuple[SignIn, str]:
        """A new sign-in, and the address to open in the browser.

        Args:
            base_url: of OpenRouter's API; the page to open is on the same host.
            allow_private: that host may be a private one.
            return_to: where OpenRouter sends the browser back to, without the state; None makes it show the code.
        """
        sign_in = SignIn(secrets.token_urlsafe(24), Secret(secrets.token_urlsafe(48)), base_url.rstrip("/"), allow_private, self.clock() + SECONDS)
        with self._lock:
            self._begun[sign_in.state] = sign_in
            while len(self._begun) > _AT_ONCE:
                self._begun.popitem(last=False)
        query = {"code_challenge": challenge(sign_in.verifier), "code_challenge_method": "S256", "key_label": _KEY_LABEL}
        if return_to:
            query = {"callback_url": f"{return_to.rstrip('/')}/{sign_in.state}", **query}
        return sign_in, str((URL(base_url).origin() / "auth").with_query(query))

    def take(self, state: object) -> SignIn:
        """The sign-in of that state, which no second code can use meanwhile. `NotFound` when it is not one of this session's."""
        with self._lock:
            found = self._begun.pop(state, None) if isinstance(state, str) else None
        if found is None or found.until < self.clock():
            raise NotFound("This sign-in was not begun here, was finished, or is older than ten minutes.", "Press Connect OpenRouter again.")
        return found

    def give_back(self, sign_in: SignIn) -> None:
        """It led to no key: another code may be tried, a few times."""
        if sign_in.tries + 1 >= _TRIES:
            return
        with self._lock:
            self._begun[sign_in.state] = replace(sign_in, tries=sign_in.tries + 1)


def challenge(verifier: Secret) -> str:
    """What is shown of the verifier beforehand: its SHA-256, as RFC 7636 writes it."""
    return urlsafe_b64encode(hashlib.sha256(verifier.reveal().encode()).digest()).decode().rstrip("=")


def read_code(text: object) -> str:
    """The code of what was pasted: the code itself, or the whole address it came with."""
    if not isinstance(text, str) or len(text) > 2_000:
        raise InvalidInput("That is not a code.", "Copy the code that OpenRouter shows.")
    code = text.strip()
    if "://" in code:
        code = parse_qs(urlsplit(code).query).get("code", [""])[0]
    if not _CODE.fullmatch(code):
        raise InvalidInput("That is not a code.", "Copy the code that OpenRouter shows.")
    return code


async def exchange(sign_in: SignIn, code: str, transport: Transport) -> Secret:
    """The key that OpenRouter gives for the code. Raises InvalidInput when it refuses it, else what kept it from answering."""
    given = {"code": code, "code_verifier": sign_in.verifier.reveal(), "code_challenge_method": "S256"}
    url = f"{sign_in.base_url}/auth/keys"
    try:
        status, body, headers = await transport.send_json("POST", url, headers={}, body=given, allow_private=sign_in.allow_private, timeout=_TIMEOUT)
        if status >= 300:
            raise from_answer(status, body, headers, secret=sign_in.verifier)
        key = body.get("key") if isinstance(body, dict) else None
        try:
            return Secret(key)
        except (ValueError, AttributeError):
            raise Fault("nonsense", "answered the code with something that holds no key.", status=status) from None
    except Fault as fault:
        if fault.kind in ("bad_request", "key", "forbidden", "missing", "moderation"):
            message = "OpenRouter refuses this code: it was used, has expired, or belongs to another sign-in."
            raise InvalidInput(message, "Press Connect OpenRouter again, and bring the new code.", upstream_status=fault.status) from None
        if fault.kind == "rate":
            raise RateLimited("OpenRouter asks to wait before the next code.", retry_after=fault.retry_after or 30) from None
        raise fault.error(PROVIDER, "sign-in") from None
