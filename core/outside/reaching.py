"""An HTTP client for a server somebody named: public addresses only, checked where the connection is made; answers bounded, and never unpacked."""

from __future__ import annotations

import asyncio
import ipaddress
import socket
from collections.abc import AsyncIterator

import httpx

from core.addresses import allowed
from core.errors import Forbidden

_LARGEST_ANSWER = 5_000_000


class Refused(httpx.ConnectError):
    """The name stands for an address that may not be reached."""


class _Bounded(httpx.AsyncByteStream):
    def __init__(self, stream: httpx.AsyncByteStream):
        self._stream = stream

    async def __aiter__(self) -> AsyncIterator[bytes]:
        seen = 0
        async for piece in self._stream:
            seen += len(piece)
            if seen > _LARGEST_ANSWER:
                raise httpx.ReadError(f"The answer is larger than {_LARGEST_ANSWER // 1_000_000} MB.")
            yield piece

    async def aclose(self) -> None:
        await self._stream.aclose()


class Checked(httpx.AsyncBaseTransport):
    """Resolves a name once, checks every address, and connects to one of exactly those: a second answer gains nothing."""

    def __init__(self, *, allow_private: bool):
        self._allow_private = allow_private
        self._below = httpx.AsyncHTTPTransport(retries=0)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        host = request.url.host
        if request.url.scheme != "https" and not self._allow_private:
            raise Refused("Plain http is for addresses of one's own.")
        address = await self._resolve(host, request.url.port or (443 if request.url.scheme == "https" else 80))
        # The Host header was written from the name already; the certificate is checked against the name too.
        request.extensions = {**request.extensions, "sni_hostname": host}
        request.url = request.url.copy_with(host=address)
        request.headers["Accept-Encoding"] = "identity"
        response = await self._below.handle_async_request(request)
        if response.headers.get("Content-Encoding", "identity") != "identity":  # a few kilobytes may unpack to gigabytes
            await response.aclose()
            raise httpx.DecodingError("The answer is compressed, which it was asked not to be.")
        response.stream = _Bounded(response.stream)  # type: ignore[arg-type]
        return response

    async def aclose(self) -> None:
        await self._below.aclose()

    async def _resolve(self, host: str, port: int) -> str:
        try:
            found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except OSError:
            raise httpx.ConnectError(f"{host} has no address.") from None
        texts = list(dict.fromkeys(str(entry[4][0]).partition("%")[0] for entry in found))
        if not all(allowed(ipaddress.ip_address(text), allow_private=self._allow_private) for text in texts):
            raise Refused(f"{host} stands for a private, local or reserved address.")
        return texts[0]


def reaching(headers: dict[str, str], *, allow_private: bool, seconds: float) -> httpx.AsyncClient:
    """The client; nothing of this machine's environment (proxies, .netrc) is used, and no cookie is kept between calls."""
    return httpx.AsyncClient(
        transport=Checked(allow_private=allow_private), headers=headers, timeout=httpx.Timeout(seconds, connect=10), trust_env=False, follow_redirects=False
    )


def refusal(error: BaseException) -> Forbidden | None:
    """The sentence for an address that was refused, or None."""
    if isinstance(error, Refused):
        return Forbidden(f"The server cannot be reached from here: {error}", "Connect a server with a public https address.")
    return None
