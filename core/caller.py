"""Who is asking. The first argument of whatever touches network, money or somebody's files."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from core.errors import Unauthorized
from core.secrets import Secret

Door = Literal["page", "rest", "mcp", "cli", "agent"]
Risk = Literal["read", "write", "destructive", "spend"]
ANONYMOUS = "anonymous"


@dataclass(frozen=True)
class Caller:
    """One identity behind one call.

    id: stable for a session or token, unguessable, owns projects and previews.
    token: the Hub token this caller acts with, or None for an anonymous visitor.
    approves: risks that need no further question, because a person already said yes
        (the page asks first; REST and the command line call by name).
    """

    id: str
    door: Door = "rest"
    token: Secret | None = None
    approves: frozenset[Risk] = frozenset({"read", "write"})

    @property
    def anonymous(self) -> bool:
        """Nothing ties this caller's calls together: it reaches what it holds the id of, and lists nothing."""
        return self.id == ANONYMOUS

    def require_token(self, why: str) -> Secret:
        """The caller's Hub token, or `Unauthorized` with `why` in the sentence ("to deploy")."""
        if self.token is None:
            raise Unauthorized(f"Nobody is signed in, and a Hub account is needed {why}.")
        return self.token

    @property
    def hub_token(self) -> str | Literal[False]:
        """What `HfApi(token=…)` gets: the token, or False. Never None or "", which would fall back to the process's own."""
        return self.token.reveal() if self.token else False
