"""The Keys tab: who acts, with which token, how to change it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ui.parts.draw import draw

# A token's role → its word and what it can do.
_ROLES = {
    "write": ("write", "done", "It can create, change and delete your repositories, and deploy."),
    "read": ("read", "warning", "It can look and search, and not deploy. Deploying needs a token with write access."),
    "fineGrained": ("fine-grained", "done", "It can do what its scopes say."),
    "oauth": ("signed in", "done", "It can do what you allowed when you signed in."),
}


def account_card(account: Mapping[str, Any] | None, *, source: str, hub: str, local: bool, last4: str | None, follows: bool | None = None) -> str:
    """Who acts now.

    Args:
        account: what `hf_whoami` gave; None when nobody is signed in.
        source: where the token comes from: `pasted`, `oauth` (signed in here), `house` (this process's own) or `none`.
        hub: the Hub's endpoint. local: whether it is the embedded one.
        last4: the last characters of the visitor's own token.
        follows: whether chats and projects are kept for the account; None where there are no visitors to tell apart.
    """
    role = _ROLES.get(str((account or {}).get("token_role")), ("unknown", "idle", "The Hub does not tell what it can do."))
    return draw("account", account=account, source=source, hub=hub, local=local, last4=last4, role=role, follows=follows)


def token_form(*, local: bool) -> str:
    """A plain form; its script posts to the session's own route, and no Gradio component ever sees the value."""
    return draw("token", local=local)
