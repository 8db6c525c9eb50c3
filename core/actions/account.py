"""Who the caller is to the Hub."""

from __future__ import annotations

from core.hub import whoami
from core.registry import Call, action


@action(risk="read", title="Whose account")
async def hf_whoami(call: Call) -> dict:
    """Tell which Hub account the caller acts with: `{name, fullname, kind, is_pro, can_pay, orgs, token_role, can_write, hub, local}`.

    Raises unauthorized when nobody is signed in, or the token is not valid.
    """
    call.caller.require_token("to tell whose it is")
    account = await whoami(call.house.hub, call.caller)
    return {**account.to_dict(), "hub": call.house.hub.endpoint, "local": call.house.local_hub is not None}
