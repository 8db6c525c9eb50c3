"""Who a token belongs to, and where it may write."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from core.caller import Caller
from core.hub.client import Hub
from core.hub.errors import nonsense

REMEMBER_SECONDS = 60
_WRITING_ROLES = frozenset({"admin", "write", "contributor"})
_WRITING_SCOPES = frozenset({"repo.write", "write-repos", "manage-repos"})
# What lets a token read whatever is private in a namespace.
_READING_SCOPES = frozenset({"repo.content.read", "read-repos"}) | _WRITING_SCOPES
_LISTED = 100


@dataclass(frozen=True)
class Organization:
    """An organization the account belongs to; `role` is admin, write, contributor, read, or None when not told."""

    name: str
    role: str | None
    can_pay: bool


@dataclass(frozen=True)
class Scope:
    """What a fine-grained token may do in one place: `kind` is user, org, model, dataset, space, or "" for everywhere."""

    kind: str
    name: str
    permissions: frozenset[str]


@dataclass(frozen=True)
class Account:
    """The account behind a token. `token_role` is read, write, fineGrained, or None for an OAuth token.

    id: the Hub's own, which stays when the name changes; None where the Hub tells none.
    token_kind: access_token for one the person made; oauth and the like for one that an app was given; "" where not told.
    """

    id: str | None
    name: str
    fullname: str
    kind: str
    is_pro: bool
    can_pay: bool
    avatar_url: str | None
    orgs: tuple[Organization, ...]
    token_kind: str
    token_role: str | None
    scopes: tuple[Scope, ...]

    def organization(self, namespace: str) -> Organization | None:
        """The organization of that name, if the account is in it."""
        return next((org for org in self.orgs if org.name.lower() == namespace.lower()), None)

    def can_write(self, namespace: str) -> bool | None:
        """Whether this token may create and change Spaces there: yes, no, or None where only the Hub knows."""
        own = namespace.lower() == self.name.lower()
        org = self.organization(namespace)
        if not own and org is None:
            return False
        if org is not None and org.role is not None and org.role not in _WRITING_ROLES:
            return False
        if self.token_role == "read":
            return False
        if self.token_role == "fineGrained":
            return self._scoped(namespace)
        return None if self.token_role is None or (org is not None and org.role is None) else True

    @property
    def whole(self) -> bool:
        """Whether the token opens all that is private of the person: never one that an app was given, or one for single places."""
        if self.token_kind != "access_token":
            return False
        if self.token_role == "fineGrained":
            everywhere = ("user", self.name.lower())
            return any((not one.kind or (one.kind, one.name.lower()) == everywhere) and one.permissions & _READING_SCOPES for one in self.scopes)
        return self.token_role in ("read", "write")

    def _scoped(self, namespace: str) -> bool | None:
        within = False
        for scope in self.scopes:
            writes = not scope.permissions.isdisjoint(_WRITING_SCOPES)
            if writes and not scope.kind:
                return True
            if scope.kind in ("user", "org") and scope.name.lower() == namespace.lower() and writes:
                return True
            within = within or (writes and scope.name.lower().startswith(namespace.lower() + "/"))
        return None if within else False

    def to_dict(self) -> dict[str, Any]:
        """`{name, fullname, kind, is_pro, can_pay, avatar_url, orgs: [{name, role, can_write}], token_role, can_write}`."""
        return {
            "name": self.name,
            "fullname": self.fullname,
            "kind": self.kind,
            "is_pro": self.is_pro,
            "can_pay": self.can_pay,
            "avatar_url": self.avatar_url,
            "orgs": [{"name": o.name, "role": o.role, "can_write": self.can_write(o.name)} for o in self.orgs],
            "token_role": self.token_role,
            "can_write": self.can_write(self.name),
        }


async def whoami(hub: Hub, caller: Caller) -> Account:
    """The account of the caller's token, at most 60 seconds old.

    Raises Unauthorized without a token or with one the Hub does not know, HubUnavailable, RateLimited, TimedOut.
    """
    caller.require_token("to know who you are")

    async def fetch() -> Account:
        return await hub.ask(
            caller, lambda api: _account(api.whoami(), hub.endpoint), doing="check the token", timeout=30, retry=True
        )

    return await hub.remembered(caller, "whoami", REMEMBER_SECONDS, fetch)


def _account(answer: dict[str, Any], endpoint: str) -> Account:
    if not isinstance(answer, dict) or not isinstance(answer.get("name"), str):
        raise nonsense("check the token")
    auth = answer.get("auth") or {}
    token = auth.get("accessToken") or {}
    fine = token.get("fineGrained") or {}
    avatar = answer.get("avatarUrl")
    id = answer.get("id")
    return Account(
        id=id if isinstance(id, str) and id else None,
        name=answer["name"],
        fullname=answer.get("fullname") or answer["name"],
        kind=answer.get("type") or "user",
        is_pro=bool(answer.get("isPro")),
        can_pay=bool(answer.get("canPay")),
        avatar_url=endpoint + avatar if isinstance(avatar, str) and avatar.startswith("/") else avatar,
        orgs=tuple(
            Organization(org["name"], org.get("roleInOrg"), bool(org.get("canPay") or org.get("isEnterprise")))
            for org in (answer.get("orgs") or [])[:_LISTED]
        ),
        token_kind=str(auth.get("type") or ""),
        token_role="write" if token.get("role") == "god" else token.get("role"),
        scopes=(
            Scope("", "", frozenset(fine.get("global") or ())),
            *(
                Scope(entity.get("type") or "user", entity.get("name") or "", frozenset(scope.get("permissions") or ()))
                for scope in (fine.get("scoped") or [])[:_LISTED]
                if (entity := scope.get("entity"))
            ),
        ),
    )
