"""One connected server as data, and reading it from what a person typed."""

from __future__ import annotations

import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from yarl import URL

from core.errors import InvalidInput
from core.hub import check_repo
from core.secrets import Secret

_MOST_HEADERS = 8
_HEADER = re.compile(r"[A-Za-z][A-Za-z0-9-]{0,63}")
_OURS = frozenset(("host", "content-length", "content-type", "accept", "connection", "transfer-encoding", "cookie", "mcp-session-id", "mcp-protocol-version"))


@dataclass(frozen=True)
class Server:
    """Somebody else's tools.

    name: what its tools are prefixed with, unique for its owner and without "_", so that no two servers' tools have one name. address: an MCP address, or a Space's owner/name.
    headers: name → (scheme such as "Bearer " or "", value), sent to this server only. hub_token: the caller's Hub token is sent along, only to the Hub's own MCP server.
    trust_reads: calls of tools that the server says only read need no approval; what a server says of itself is a claim.
    """

    name: str
    kind: Literal["mcp", "space"]
    address: str
    headers: Mapping[str, tuple[str, Secret]] = field(default_factory=dict, repr=False)
    hub_token: bool = False
    trust_reads: bool = False
    id: str = field(default_factory=lambda: secrets.token_hex(8))

    @property
    def secrets(self) -> tuple[Secret, ...]:
        """The values of its headers, for whoever must keep them out of a text."""
        return tuple(value for _, value in self.headers.values())

    def shown(self) -> dict[str, Any]:
        """What anybody may see of it: names of headers, never their values."""
        return {
            "id": self.id, "name": self.name, "kind": self.kind, "address": self.address,
            "headers": sorted(self.headers), "hub_token": self.hub_token, "trust_reads": self.trust_reads,
        }  # fmt: skip


def read_server(given: Mapping[str, Any], *, hub_mcp: str, taken: frozenset[str] = frozenset()) -> Server:
    """A server from what was typed; `InvalidInput` says what is wrong.

    Args:
        given: `url` or `space`, and optionally `name`, `headers` (name → value), `hub_token`, `trust_reads`.
        hub_mcp: the Hub's own MCP address, the only one a Hub token may go to.
        taken: names in use.
    """
    unknown = set(given) - {"url", "space", "name", "headers", "hub_token", "trust_reads"}
    if unknown:
        raise InvalidInput(f"A connection has no {min(unknown)!r}.", "Send url or space, and name, headers, hub_token, trust_reads.")
    space, url = given.get("space"), given.get("url")
    if bool(space) == bool(url):
        raise InvalidInput("Name one MCP server or one Space.", "Send url, or space as owner/name.")
    if space:
        check_repo(str(space))
        kind, address, guess = "space", str(space), str(space).partition("/")[2]
    else:
        kind, (address, guess) = "mcp", _address(url)
    headers = _headers(given.get("headers") or {})
    if headers and kind == "space":
        raise InvalidInput("A Space takes no headers.", "A private Space is reached with your own Hub token.")
    wants_token = given.get("hub_token") is True
    if wants_token and not (kind == "mcp" and _same_place(address, hub_mcp)):
        raise InvalidInput("A Hub token goes to the Hub's own MCP server only.", f"That is {hub_mcp}; give another server its own header.")
    return Server(_name(given.get("name") or guess, taken), kind, address, headers, wants_token, given.get("trust_reads") is True)  # type: ignore[arg-type]


def _address(url: object) -> tuple[str, str]:
    wrong = InvalidInput("That is not the address of an MCP server.", "Give an address such as https://huggingface.co/mcp.")
    if not isinstance(url, str) or len(url) > 2_000 or not url.isprintable():
        raise wrong
    try:
        parts = URL(url.strip())
        host = parts.host
    except ValueError:
        raise wrong from None
    if parts.scheme not in ("https", "http") or not host:
        raise wrong
    if parts.user or parts.password:
        raise InvalidInput("The address holds a user name or password.", "Give it as a header instead; addresses are shown.")
    return str(parts.with_fragment(None)), host.removeprefix("www.").partition(".")[0]


def _headers(given: object) -> dict[str, tuple[str, Secret]]:
    if not isinstance(given, Mapping) or len(given) > _MOST_HEADERS:
        raise InvalidInput(f"Headers are an object of at most {_MOST_HEADERS} names and values.")
    found = {}
    for name, value in given.items():
        if not isinstance(name, str) or not _HEADER.fullmatch(name) or name.lower() in _OURS:
            raise InvalidInput(f"{str(name)[:60]!r} cannot be sent as a header.", "Give one such as Authorization.")
        try:
            scheme, space, rest = str(value).strip().rpartition(" ") if isinstance(value, str) and len(value) <= 4_096 else ("", "", "")
            if scheme and not scheme.isalnum():
                raise ValueError
            found[name] = (scheme + space, Secret(rest))
        except ValueError:
            raise InvalidInput(f"The value of {name} is empty, longer than 4,096 characters or more than a scheme and one word.") from None
    return found


def _name(wanted: object, taken: frozenset[str]) -> str:
    base = re.sub(r"[^a-z0-9]+", "", str(wanted).lower())[:20] or "server"
    return next(name for number in range(1, 10_000) if (name := base if number == 1 else f"{base}{number}") not in taken)


def _same_place(url: str, other: str) -> bool:
    one, two = URL(url), URL(other)
    return one.origin() == two.origin() and one.path.rstrip("/") == two.path.rstrip("/")
