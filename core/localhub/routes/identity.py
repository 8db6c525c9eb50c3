"""Who am I, and the small things every client asks first."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from core.localhub import access, wire
from core.localhub.users import Identity

if TYPE_CHECKING:
    from core.localhub.server import LocalHub

AVATAR = "/avatars/local.svg"


def routes(hub: LocalHub) -> list[Route]:
    async def whoami(request: Request) -> Response:
        return wire.answer(_whoami(hub, access.signed_in(hub, request)))

    async def agent_harnesses(request: Request) -> Response:
        return wire.answer({"standardEnvVars": [], "harnesses": {}})

    async def telemetry(request: Request) -> Response:
        return Response(status_code=200)

    async def auth_check(request: Request) -> Response:
        access.readable(hub, request)
        return wire.answer({})

    async def auth_check_write(request: Request) -> Response:
        access.writable(hub, request)
        return wire.answer({})

    return [
        Route("/api/whoami-v2", whoami),
        Route("/api/agent-harnesses", agent_harnesses),
        Route("/api/telemetry/{topic:path}", telemetry, methods=["HEAD", "GET"]),
        Route("/api/{kind:kind}/{namespace}/{name}/auth-check", auth_check),
        Route("/api/{kind:kind}/{namespace}/{name}/auth-check/write", auth_check_write),
    ]


def _whoami(hub: LocalHub, who: Identity) -> dict[str, Any]:
    user, token = who.user, who.token
    access_token: dict[str, Any] = {"displayName": "local", "role": token.role, "createdAt": user.createdAt}
    if token.role == "fineGrained":
        access_token["fineGrained"] = {
            "canReadGatedRepos": False,
            "global": [scope for scope in token.scopes if isinstance(scope, str)],
            "scoped": [scope for scope in token.scopes if isinstance(scope, dict)],
        }
    return {
        "type": "user",
        "id": user.id,
        "name": user.name,
        "fullname": user.fullname or user.name,
        "email": user.address,
        "emailVerified": True,
        "canPay": user.canPay,
        "periodEnd": None,
        "isPro": user.isPro,
        "avatarUrl": AVATAR,
        "orgs": [_org(hub, membership.name, membership.role) for membership in user.orgs],
        "auth": {"type": "access_token", "accessToken": access_token},
    }


def _org(hub: LocalHub, name: str, role: str) -> dict[str, Any]:
    org = hub.users.org(name)
    return {
        "type": "org",
        "id": org.id,
        "name": org.name,
        "fullname": org.fullname or org.name,
        "email": None,
        "canPay": False,
        "periodEnd": None,
        "avatarUrl": AVATAR,
        "roleInOrg": role,
        "isEnterprise": org.plan in ("enterprise", "enterprise-plus"),
    }
