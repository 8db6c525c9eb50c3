"""Which addresses a request may go to. The check and the connection use the same resolved address.

A name is resolved once, all of its addresses are checked, and aiohttp connects to exactly those: a name that
answers differently a moment later gains nothing.
"""

from __future__ import annotations

import asyncio
import ipaddress
import socket
from collections.abc import Awaitable, Callable
from functools import lru_cache

from aiohttp.abc import AbstractResolver, ResolveResult
from yarl import URL

from core.addresses import allowed
from core.providers.policy import Fault

Lookup = Callable[[str, int], Awaitable[list[str]]]


class RefusedAddress(OSError):
    """The name stands for an address this key may not reach."""


@lru_cache(maxsize=512)
def check_url(text: str, *, allow_private: bool = False) -> URL:
    """The URL of an upstream, parsed and fit to be asked; raises `Fault` ("address").

    It must be http(s) with a host and no user name in it; plain http only where private addresses are allowed,
    because a key must not cross the network in clear.
    """
    try:
        url = URL(text)
        host, port = url.host, url.port
    except ValueError:
        raise Fault("address", "the base URL is not a URL.") from None
    if url.scheme not in ("https", "http") or not host or not port:
        raise Fault("address", "the base URL must begin with https:// and name a host.")
    if url.user is not None or url.password is not None:
        raise Fault("address", "the base URL must not hold a user name or password.")
    if url.scheme == "http" and not allow_private:
        raise Fault("address", "the base URL must be https, so that the key does not travel in clear.")
    try:
        literal = ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        raw = url.raw_host or ""
        if ":" in raw or raw.replace(".", "").isdigit():
            # 127.1 and 2130706433 are the loopback to the system, and aiohttp connects to digits without asking a resolver.
            raise Fault("address", "the base URL's host is not a proper address.") from None
        return url.with_fragment(None)
    if not allowed(literal, allow_private=allow_private):
        raise Fault("address", "the base URL leads to a private, local or reserved address.")
    return url.with_fragment(None)


async def lookup(host: str, port: int) -> list[str]:
    """The host's addresses, from the system's resolver, in a thread."""
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


class CheckedResolver(AbstractResolver):
    """Resolves names for aiohttp and refuses a name with any address that may not be reached."""

    def __init__(self, *, allow_private: bool, lookup: Lookup = lookup):
        self._allow_private = allow_private
        self._lookup = lookup

    async def resolve(self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC) -> list[ResolveResult]:
        results: list[ResolveResult] = []
        for text in await self._lookup(host, port):
            address = ipaddress.ip_address(text.partition("%")[0])
            if not allowed(address, allow_private=self._allow_private):
                raise RefusedAddress(f"{host} stands for a private, local or reserved address")
            kind = socket.AF_INET if address.version == 4 else socket.AF_INET6
            if family in (socket.AF_UNSPEC, kind):
                results.append(
                    ResolveResult(
                        hostname=host,
                        host=str(address),
                        port=port,
                        family=kind,
                        proto=socket.IPPROTO_TCP,
                        flags=socket.AI_NUMERICHOST,
                    )
                )
        if not results:
            raise OSError(f"{host} has no address")
        return results

    async def close(self) -> None:
        """Nothing is held."""
