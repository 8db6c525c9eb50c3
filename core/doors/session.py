"""Who a request comes from: a bearer token, a browser session, or the local run itself; and the provider keys it brings.

A browser holds one unguessable session id, in an HttpOnly cookie; where an embedding page blocks cookies it
keeps the id in memory and sends it as `X-Session`. What the session knows (the visitor's token) stays in this
process's memory and expires. Whoever is signed in there acts as their Hub account, and what the session had made
before is the account's from then on.
"""

from __future__ import annotations

import secrets
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from core.caller import Caller, Door
from core.errors import InvalidInput, Unauthorized
from core.house import House
from core.owners import of_session, of_token
from core.providers import Keyring, SignIns, header_keys
from core.secrets import Secret

COOKIE = "spaces_os_session"
HEADER = "x-session"
_IDLE_SECONDS = 12 * 3600
_MAX_SESSIONS = 10_000
_AGAIN_SECONDS = 5.0  # between two tries to take along what could not be


@dataclass
class Session:
    """One browser. `id` is 256 random bits; `token` the Hub token this visitor pasted; `keys` theirs for models.

    name: what its rows are kept under; unlike the id it opens nothing, and it stays when the id changes.
    signed_in: the token of Gradio's own sign-in as the page saw it last, and until when it counts (epoch seconds).
    sign_ins: those at OpenRouter that wait for their code.
    owes: something may be kept under its name that an account it is signed in with has not got yet; `asked`: when that was tried last.
    """

    id: str = field(default_factory=lambda: secrets.token_urlsafe(32))
    name: str = field(default_factory=lambda: secrets.token_urlsafe(18))
    token: Secret | None = None
    signed_in: tuple[Secret, float] | None = None
    keys: Keyring = field(default_factory=Keyring, repr=False)
    sign_ins: SignIns = field(default_factory=SignIns, repr=False)
    used: float = field(default_factory=time.monotonic)
    owes: bool = False
    asked: float = field(default=float("-inf"), repr=False)

    @property
    def own_token(self) -> tuple[Secret | None, bool]:
        """The token it acts with, a pasted one first; and whether our own sign-in brought it."""
        if self.token or not self.signed_in or self.signed_in[1] < time.time():
            return self.token, False
        return self.signed_in[0], True

    @property
    def holds(self) -> bool:
        """Somebody would have to give something of theirs again."""
        return bool(self.token or self.signed_in or self.keys.keys() or self.keys.managing())


class Sessions:
    """Every open session, in memory, bounded in number and idle time; those that waited too long go with the next request of anybody.

    on_gone: told of each session that ends, so that what others keep of its keys goes too.
    """

    def __init__(
        self, *, idle_seconds: float = _IDLE_SECONDS, limit: int = _MAX_SESSIONS, on_gone: Callable[[Session], None] = lambda session: None
    ):
        self._sessions: OrderedDict[str, Session] = OrderedDict()
        self._lock = threading.Lock()
        self._idle_seconds = idle_seconds
        self._limit = limit
        self._on_gone = on_gone

    def open(self) -> Session:
        """A new, empty session; when there are too many, the longest unused one goes, those with a token or keys last.

        So that whoever opens thousands of sessions ends nobody's who is signed in.
        """
        session = Session()
        with self._lock:
            gone = self._expired()
            while len(self._sessions) >= self._limit:
                first = next((id for id, one in self._sessions.items() if not one.holds), next(iter(self._sessions)))
                gone.append(self._sessions.pop(first))
            self._sessions[session.id] = session
        self._tell(gone)
        return session

    def find(self, id: str | None) -> Session | None:
        """The session of that id when it exists and has not expired; finding it counts as use."""
        if not id:
            return None
        with self._lock:
            gone = self._expired()
            session = self._sessions.get(id)
            if session is not None:
                session.used = time.monotonic()
                self._sessions.move_to_end(id)
        self._tell(gone)
        return session

    def renew(self, session: Session) -> None:
        """Give it another id; the one before, which could have been seen while somebody was signed in, opens nothing from now on."""
        with self._lock:
            if self._sessions.pop(session.id, None) is not None:
                session.id = secrets.token_urlsafe(32)
                self._sessions[session.id] = session

    def close(self, id: str) -> None:
        """Forget the session and its token."""
        with self._lock:
            gone = self._sessions.pop(id, None)
        self._tell([gone] if gone else [])

    def _expired(self) -> list[Session]:
        """Take out those that were not used for too long; they stand in the order of their last use."""
        gone = []
        now = time.monotonic()
        while self._sessions and now - next(iter(self._sessions.values())).used > self._idle_seconds:
            gone.append(self._sessions.popitem(last=False)[1])
        return gone

    def _tell(self, gone: list[Session]) -> None:
        for session in gone:
            self._on_gone(session)


def session_id(headers: Mapping[str, str], cookies: Mapping[str, str]) -> str | None:
    """The session id a request carries, by header (blocked cookies) or cookie."""
    return headers.get(HEADER) or cookies.get(COOKIE)


def bearer(headers: Mapping[str, str]) -> Secret | None:
    """The token of `X-HF-Token` or `Authorization: Bearer …`; `Unauthorized` when one is there and empty or broken.

    A Hub's own proxy may use `Authorization` for itself, so the header of our own comes first.
    """
    value = headers.get("x-hf-token")
    if value is None:
        scheme, _, rest = (headers.get("authorization") or "").partition(" ")
        if scheme.lower() != "bearer":
            return None
        value = rest
    try:
        return Secret(value)
    except ValueError:
        raise Unauthorized("The token in the request is empty or not one line.", "Send a Hub token, or none.") from None


async def identify(
    house: House, sessions: Sessions, door: Door, headers: Mapping[str, str], cookies: Mapping[str, str]
) -> Caller:
    """The caller of a request, from its headers and cookies. `X-Provider-Key-<provider>` headers are keys for it alone."""
    return await _caller(house, door, headers, sessions.find(session_id(headers, cookies)), bearer(headers))


async def opened(
    house: House, sessions: Sessions, headers: Mapping[str, str], cookies: Mapping[str, str]
) -> tuple[Session, Caller]:
    """The session of a request to one of the session's own routes, and its caller; `Unauthorized` where none is open."""
    session = sessions.find(session_id(headers, cookies))
    if session is None:
        raise Unauthorized("There is no open session.", "Open the page, or POST /api/session first.")
    return session, await identify(house, sessions, "page", headers, cookies)


async def identify_client(house: House, sessions: Sessions, headers: Mapping[str, str], cookies: Mapping[str, str]) -> Caller:
    """As `identify`, for clients of OpenAI's API, which always send a bearer: a session's id, a Hub token, or a word of no meaning.

    A word of no meaning is passed over on a private run, and is `Unauthorized` on a public one.
    """
    session = sessions.find(session_id(headers, cookies))
    token = bearer(headers)
    if token and (named := sessions.find(token.reveal())):
        return await _caller(house, "rest", headers, named, None)
    if token and not token.reveal().startswith("hf_"):
        if house.settings.public:
            raise Unauthorized("The API key is neither a session of this page nor a Hub token.", "Use a Hub token, or the session's id.")
        token = None
    return await _caller(house, "rest", headers, session, token)


async def caller_in(house: House, session: Session) -> Caller:
    """Who acts in a session, by what it knows alone; what was made before somebody signed in is theirs afterwards."""
    return await _caller(house, "page", {}, session, None)


async def _caller(house: House, door: Door, headers: Mapping[str, str], session: Session | None, token: Secret | None) -> Caller:
    account = None
    if house.settings.public:
        account = await (_account_of(house, token) if token else _account_in(house, session))
    if session and account is None:
        session.owes = True
    return house.caller(
        door,
        session=session.name if session else None,
        token=token or (session.own_token[0] if session else None),
        account=account,
        keyring=session.keys if session else None,
        keys=header_keys(headers, house.providers.known, allow_private=house.providers.allows_private),
    )


async def _account_of(house: House, token: Secret) -> str | None:
    """The account of a token that the request brought; what was kept under the token while the Hub was silent is taken along."""
    account = await house.owners.account(token)
    if account and house.owners.owes(token) and await house.hand_over(of_token(token), account):
        house.owners.settled(token)
    return account


async def _account_in(house: House, session: Session | None) -> str | None:
    """The account signed in to a session; what was made there before is taken along."""
    token, ours = session.own_token if session else (None, False)
    account = await house.owners.account(token, ours=ours)
    if session and account and session.owes and time.monotonic() - session.asked >= _AGAIN_SECONDS:
        session.asked = time.monotonic()
        session.owes = not await house.hand_over(of_session(session.name), account)
    return account


def checked_token(text: object) -> Secret:
    """A pasted token as a Secret; `InvalidInput` when it cannot be one."""
    if not isinstance(text, str) or not 8 <= len(text.strip()) <= 4096:
        raise InvalidInput("That does not look like a token.", "Paste a token from your account's settings; it starts with hf_.")
    try:
        return Secret(text)
    except ValueError:
        raise InvalidInput("A token is one line of letters and digits.", "Copy it again, without spaces or line breaks.") from None
