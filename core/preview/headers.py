"""Which headers pass between a visitor and an app, and which every answer carries. Allowlists, both ways."""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping
from functools import lru_cache
from urllib.parse import urlsplit

Headers = Iterable[tuple[bytes, bytes]]

SANDBOX = "allow-scripts allow-forms allow-modals allow-popups allow-downloads"

# No cookie, no credential, nothing that names the visitor or the page around: an app gets what it needs to answer.
REQUEST = frozenset(
    b"""accept accept-language cache-control content-type content-length host if-match if-modified-since if-none-match
    if-range if-unmodified-since last-event-id mcp-protocol-version mcp-session-id pragma range user-agent
    x-gradio-server x-gradio-user x-requested-with""".split()
)
RESPONSE = frozenset(
    b"""accept-ranges allow cache-control content-disposition content-encoding content-language content-length
    content-range content-type etag expires last-modified mcp-protocol-version mcp-session-id retry-after vary
    x-accel-buffering""".split()
)
LARGEST_HEAD, MOST_HEADERS = 32 << 10, 100
FORWARDED_METHODS = "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS"

_FIXED = [
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"cross-origin"),
]
_FOR_ITS_OWN_PAGES = [
    (b"access-control-allow-origin", b"null"),
    (b"access-control-allow-credentials", b"true"),
    (b"access-control-expose-headers", b"content-disposition, content-range, mcp-session-id"),
    (b"vary", b"origin"),
]


@lru_cache(maxsize=256)
def policy(ancestors: str, origins: tuple[str, ...] = ()) -> bytes:
    """The Content-Security-Policy of every answer: an origin of its own, and nothing but its own address to talk to.

    ancestors: which pages may show the app in a frame. origins: "https://host" of each further place its pages may talk to.
    """
    further = f"connect-src 'self' data: blob: {' '.join(origins)}; " if origins else ""
    return (
        f"sandbox {SANDBOX}; default-src 'self' 'unsafe-inline' 'unsafe-eval' data: blob:; {further}"
        f"form-action 'self'; frame-ancestors {ancestors}"
    ).encode()


def to_app(headers: list[tuple[bytes, bytes]], *, scheme: str) -> list[tuple[bytes, bytes]]:
    """The request headers an app gets, of those a visitor sent (names in lower case). Compression is off, so that documents can be read on their way back."""
    given = dict(headers)
    kept = [(name, value) for name, value in headers if name in REQUEST]
    if b"transfer-encoding" in given:  # it overrules a length (RFC 9112, 6.3), which would then be another request's beginning
        kept = [pair for pair in kept if pair[0] != b"content-length"]
    forwarded = given.get(b"x-forwarded-proto", b"").split(b",")[0].strip()
    proto = b"https" if forwarded == b"https" or scheme in ("https", "wss") else b"http"
    return [*kept, (b"accept-encoding", b"identity"), (b"x-forwarded-proto", proto)]


def too_large(headers: list[tuple[bytes, bytes]]) -> bool:
    """Whether these are more than an app should have to read."""
    return len(headers) > MOST_HEADERS or sum(len(name) + len(value) for name, value in headers) > LARGEST_HEAD


def as_text(headers: Headers) -> list[tuple[str, str]]:
    """The same headers as the client takes them, which sends text as UTF-8."""
    return [(name.decode("latin-1"), _text(value)) for name, value in headers]


def to_visitor(headers: Headers, *, mount: str, hosts: Container[str]) -> list[tuple[bytes, bytes]]:
    """The response headers a visitor gets from an app; Location stays below `mount` when it names one of the app's `hosts`."""
    kept = []
    for name, value in headers:
        name = name.lower()
        if name in RESPONSE:
            kept.append((name, value))
        elif name == b"location":
            kept.append((name, _inside(value.decode("latin-1"), mount=mount, hosts=hosts).encode("latin-1")))
    return kept


def sealed(given: Mapping[bytes, bytes], *, ancestors: str, origins: tuple[str, ...] = ()) -> list[tuple[bytes, bytes]]:
    """What every answer carries, errors included. A document of opaque origin sends `Origin: null` and may read its own app."""
    fixed = [(b"content-security-policy", policy(ancestors, origins)), *_FIXED]
    return fixed + _FOR_ITS_OWN_PAGES if given.get(b"origin") == b"null" else fixed


def preflight(request: Headers) -> list[tuple[bytes, bytes]]:
    """The answer to a preflight: the app's own documents may send what they asked to send, others get no permission."""
    given = dict(request)
    if given.get(b"origin") != b"null":
        return []
    asked = given.get(b"access-control-request-headers", b"")[:1000]
    return [
        (b"access-control-allow-methods", FORWARDED_METHODS.encode()),
        (b"access-control-allow-headers", bytes(c for c in asked if c > 31)),
        (b"access-control-max-age", b"600"),
    ]


def _text(value: bytes) -> str:
    try:
        return value.decode()
    except UnicodeDecodeError:
        return value.decode("latin-1")


def _inside(location: str, *, mount: str, hosts: Container[str]) -> str:
    """A redirect of the app, below its mount: an absolute address of its own loses scheme and host, another site's stays."""
    try:
        parts = urlsplit(location)
    except ValueError:
        return location
    if parts.netloc and parts.netloc not in hosts:
        return location
    if parts.netloc:
        location = parts._replace(scheme="", netloc="").geturl() or "/"
    if location.startswith("/") and not (location == mount or location.startswith((mount + "/", mount + "?"))):
        return mount + "/" + location.lstrip("/")
    return location
