"""Who may do what: the users file, tokens and their roles."""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import secrets
import string
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from core.errors import InvalidInput
from core.secrets import Secret

TokenRole = Literal["read", "write", "fineGrained"]
OrgRole = Literal["admin", "write", "contributor", "read"]
DEFAULT_USER = "local"
BORN = "2024-01-01T00:00:00.000Z"
_WRITE_SCOPES = frozenset({"repo.write", "write-repos", "manage-repos"})
_READ_SCOPES = frozenset({"repo.content.read", "read-repos"}) | _WRITE_SCOPES


class _Shape(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Membership(_Shape):
    name: str
    role: OrgRole = "write"


class Token(_Shape):
    """One token. `scopes` count for fineGrained ones: names for everywhere, or `{entity: {type, name}, permissions}`."""

    token: str = Field(repr=False)
    role: TokenRole = "write"
    scopes: tuple[str | dict[str, Any], ...] = ()


class User(_Shape):
    name: str
    fullname: str = ""
    email: str = ""
    isPro: bool = False
    canPay: bool = False
    createdAt: str = BORN
    tokens: tuple[Token, ...] = ()
    orgs: tuple[Membership, ...] = ()

    @property
    def id(self) -> str:
        return stable_id("user", self.name)

    @property
    def address(self) -> str:
        """The e-mail address commits carry."""
        return self.email or f"{self.name}@users.noreply.localhost"


class Org(_Shape):
    name: str
    fullname: str = ""
    plan: str | None = None
    privateByDefault: bool = False

    @property
    def id(self) -> str:
        return stable_id("org", self.name)


class _File(_Shape):
    users: tuple[User, ...] = Field(min_length=1)
    orgs: tuple[Org, ...] = ()


@dataclass(frozen=True)
class Identity:
    """The user behind a token, and what this token lets them do."""

    user: User
    token: Token

    @property
    def name(self) -> str:
        return self.user.name

    def role_in(self, namespace: str) -> OrgRole | None:
        """The role in one's own namespace (admin) or in an organization; None outside."""
        if namespace.lower() == self.name.lower():
            return "admin"
        return next((org.role for org in self.user.orgs if org.name.lower() == namespace.lower()), None)

    def may_read(self, namespace: str) -> bool:
        """Whether private repositories of the namespace are open to this token."""
        return self.role_in(namespace) is not None and self._scoped(namespace, _READ_SCOPES, otherwise=True)

    def may_write(self, namespace: str) -> bool:
        """Whether this token may create and change repositories of the namespace."""
        inside = self.role_in(namespace) in ("admin", "write", "contributor")
        return inside and self._scoped(namespace, _WRITE_SCOPES, otherwise=self.token.role == "write")

    def _scoped(self, namespace: str, wanted: frozenset[str], *, otherwise: bool) -> bool:
        if self.token.role != "fineGrained":
            return otherwise
        for scope in self.token.scopes:
            if isinstance(scope, str):
                if scope in wanted:
                    return True
            elif str(scope.get("entity", {}).get("name", "")).lower() == namespace.lower():
                if wanted & set(scope.get("permissions", ())):
                    return True
        return False


class Users:
    """Every account of this Hub. Frozen after loading."""

    def __init__(self, users: tuple[User, ...], orgs: tuple[Org, ...] = ()):
        named = {org.name for org in orgs}
        implied = {membership.name for user in users for membership in user.orgs} - named
        self.users: Mapping[str, User] = {user.name.lower(): user for user in users}
        self.orgs: Mapping[str, Org] = {o.name.lower(): o for o in (*orgs, *(Org(name=name) for name in sorted(implied)))}
        # Digests, so that looking one up takes no time that tells how much of it was right.
        self._tokens = {_digest(token.token): Identity(user, token) for user in users for token in user.tokens}

    @classmethod
    def load(cls, data: Path, file: Path | None = None) -> Users:
        """The accounts of a users file, or else one user with one token kept in `data` (mode 600).

        Errors: `InvalidInput` naming the field of the file that is wrong.
        """
        if file is None:
            return cls((User(name=DEFAULT_USER, fullname="Local user", tokens=(Token(token=_own_token(data)),)),))
        try:
            given = json.loads(file.read_text("utf-8"))
            for user in given.get("users", ()) if isinstance(given, dict) else ():
                user["tokens"] = [{"token": t} if isinstance(t, str) else t for t in user.get("tokens", ())]
            checked = _File.model_validate(given)
        except (OSError, ValueError, AttributeError, TypeError) as error:
            raise InvalidInput(f"The users file {file} cannot be used: {_reason(error)}.") from None
        return cls(checked.users, checked.orgs)

    @property
    def first(self) -> User:
        return next(iter(self.users.values()))

    def by_token(self, token: str) -> Identity | None:
        return self._tokens.get(_digest(token))

    def user(self, name: str) -> User | None:
        """A user by name or id."""
        return self.users.get(name.lower()) or next((u for u in self.users.values() if u.id == name), None)

    def org(self, name: str) -> Org | None:
        return self.orgs.get(name.lower())

    def namespace(self, name: str) -> str | None:
        """The name as its owner spells it, or None when there is no such user or organization."""
        owner = self.users.get(name.lower()) or self.orgs.get(name.lower())
        return owner.name if owner else None


def stable_id(*parts: str) -> str:
    """A 24-hex id that is the same on every run."""
    return hashlib.sha256("\0".join(part.lower() for part in parts).encode()).hexdigest()[:24]


def _digest(token: str) -> bytes:
    return hmac.digest(b"token", token.encode("utf-8", "replace"), "sha256")


def _own_token(data: Path) -> str:
    path = data / "token"
    try:
        return Secret(path.read_text("ascii")).reveal()
    except FileNotFoundError:
        pass
    except ValueError:
        raise InvalidInput(f"The file {path} holds no token.", "Delete it; a new one is made at the next start.") from None
    alphabet = string.ascii_letters + string.digits
    made = "hf_" + "".join(secrets.choice(alphabet) for _ in range(34))
    data.mkdir(parents=True, exist_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(made)
    return made


def _reason(error: Exception) -> str:
    if isinstance(error, ValidationError):
        first = error.errors(include_input=False, include_url=False)[0]
        return f"{'.'.join(str(part) for part in first['loc'])}: {first['msg']}"
    return str(error) if isinstance(error, OSError) else f"it is not the expected JSON ({type(error).__name__})"
