"""An account at OpenRouter on loopback: its sign-in page, its code for a key, its management of keys. One for each test's upstream."""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests.providers.upstream import Upstream, Wire

MANAGER = "sk-or-v1-manager-0123456789abcdef-MNGR"


@dataclass
class Account:
    """What stands behind the upstream. Keys are numbered, so that a test knows each one that was ever made."""

    keys: dict[str, dict[str, Any]] = field(default_factory=dict)
    codes: dict[str, str] = field(default_factory=dict)
    made: list[str] = field(default_factory=list)
    broken: int | None = None

    def __post_init__(self) -> None:
        self.keys[MANAGER] = {"is_management_key": True, "limit": None}

    async def serve(self, wire: Wire) -> bool:
        """Answer what OpenRouter's account would; False passes the request on."""
        method, target = wire.seen.method, urlsplit(wire.seen.path)
        path = target.path
        if self.broken and path != "/auth":
            await wire.answer(self.broken, {"error": {"code": self.broken, "message": "not now"}})
        elif path == "/auth":
            await self._page(wire, {name: values[0] for name, values in parse_qs(target.query).items()})
        elif path == "/v1/auth/keys" and method == "POST":
            await self._exchange(wire)
        elif path == "/v1/key":
            await self._key(wire)
        elif path == "/v1/keys" or path.startswith("/v1/keys/"):
            await self._manage(wire, method, path.removeprefix("/v1/keys").strip("/"))
        else:
            return False
        return True

    async def _page(self, wire: Wire, asked: dict[str, str]) -> None:
        code = f"code-{len(self.codes) + 1:04d}-of-the-test"
        self.codes[code] = asked["code_challenge"] if asked.get("code_challenge_method") == "S256" else ""
        if "callback_url" in asked:
            await wire.answer(302, b"", f"Location: {asked['callback_url']}?code={code}")
        else:
            await wire.answer(200, f"<!doctype html><h1>Your code</h1><code id='code'>{code}</code>".encode(), kind="text/html")

    async def _exchange(self, wire: Wire) -> None:
        given = wire.seen.body
        digest = hashlib.sha256(str(given.get("code_verifier")).encode()).digest()
        shown = self.codes.get(str(given.get("code")))
        if not shown or given.get("code_challenge_method") != "S256" or base64.urlsafe_b64encode(digest).decode().rstrip("=") != shown:
            await wire.answer(403, {"error": {"code": 403, "message": "Invalid code or code_verifier"}})
            return
        del self.codes[given["code"]]
        await wire.answer(200, {"key": self.make({"limit": None})})

    async def _key(self, wire: Wire) -> None:
        held = self.keys.get(_bearer(wire))
        if held is None:
            await wire.answer(401, {"error": {"code": 401, "message": "No auth credentials found"}})
        else:
            await wire.answer(200, {"data": {"is_free_tier": False, "limit_remaining": held.get("limit"), **held}})

    async def _manage(self, wire: Wire, method: str, name: str) -> None:
        if not (self.keys.get(_bearer(wire)) or {}).get("is_management_key"):
            await wire.answer(401, {"error": {"code": 401, "message": "Invalid management key"}})
            return
        children = {_hash(key): (key, about) for key, about in self.keys.items() if "name" in about}
        if method == "POST":
            key = self.make({**wire.seen.body, "usage": 0.25, "disabled": False, "created_at": "2026-11-01T00:00:00Z"})
            await wire.answer(201, {"key": key, "data": {"hash": _hash(key), **self.keys[key]}})
        elif method == "GET":
            listed = [{"hash": hash, **about} for hash, (_, about) in children.items()]
            first = int(parse_qs(urlsplit(wire.seen.path).query).get("offset", ["0"])[0])
            await wire.answer(200, {"data": listed[first : first + 100]})
        elif method == "DELETE" and name in children:
            del self.keys[children[name][0]]
            await wire.answer(200, {"deleted": True})
        else:
            await wire.answer(404, {"error": {"code": 404, "message": "Key not found"}})

    def make(self, about: dict[str, Any]) -> str:
        key = f"sk-or-v1-made-{len(self.made) + 1:04d}-0123456789abcdef-MADE"
        self.made.append(key)
        self.keys[key] = about
        return key


def _bearer(wire: Wire) -> str:
    return wire.seen.headers.get("authorization", "").removeprefix("Bearer ")


def _hash(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()


def account_at(at: Upstream) -> Account:
    """An account behind that upstream."""
    made = Account()
    at.serves = made.serve
    return made
