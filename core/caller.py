"""Who is asking. The first argument of whatever touches network, money or somebody's files."""

from __future__ import annotations

from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from core.errors import Unauthorized
from core.secrets import Secret

if TYPE_CHECKING:
    from core.providers import Key, Keyring

Door = Literal["page", "rest", "mcp", "cli", "agent"]
Risk = Literal["read", "write", "destructive", "spend"]
ANONYMOUS = "anonymous"
ACCOUNT = "account:"  # how the id of a Hub account begins
# The id of the request that is being served, as its answer's X-Request-ID; "" outside of one.
request_id: ContextVar[str] = ContextVar("request_id", default="")


@dataclass(frozen=True)
class Caller:
    """One identity behind one call.

    id: the name under which all of this caller's is kept; `core.owners` decides it.
    token: the Hub token this caller acts with, or None for an anonymous visitor.
    approves: risks that need no further question, because a person already said yes
        (the page asks first; REST and the command line call by name).
    keyring: the provider keys of the caller's session, or None where there is no session.
    keys: provider keys the request itself brought, for this one call.
    session: the owner that the browser's session is, or "" without one. Under it stands what ends with the session,
        and its limits count beside those of `id`, so that signing in or out resets none.
    """

    id: str
    door: Door = "rest"
    token: Secret | None = None
    approves: frozenset[Risk] = frozenset({"read", "write"})
    keyring: Keyring | None = field(default=None, repr=False)
    keys: tuple[Key, ...] = field(default=(), repr=False)
    session: str = ""

    @property
    def anonymous(self) -> bool:
        """Nothing ties this caller's calls together: it reaches what it holds the id of, and lists nothing."""
        return self.id == ANONYMOUS

    @property
    def follows(self) -> bool:
        """What is kept for this caller is a Hub account's, which outlives sessions and tokens."""
        return self.id.startswith(ACCOUNT)

    @property
    def secrets(self) -> tuple[Secret, ...]:
        """Everything secret this call carries, for whoever must keep it out of a text."""
        keys = (*self.keys, *((*self.keyring.keys(), *self.keyring.managing()) if self.keyring else ()))
        return tuple(secret for secret in (self.token, *(key.secret for key in keys)) if secret)

    def require_token(self, why: str) -> Secret:
        """The caller's Hub token, or `Unauthorized` with `why` in the sentence ("to deploy")."""
        if self.token is None:
            raise Unauthorized(f"Nobody is signed in, and a Hub account is needed {why}.")
        return self.token

    @property
    def hub_token(self) -> str | Literal[False]:
        """What `HfApi(token=…)` gets: the token, or False. Never None or "", which would fall back to the process's own."""
        return self.token.reveal() if self.token else False
