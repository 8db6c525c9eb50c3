"""Where packages come from: this machine's settings for an installer, and the hosts and folders they mean."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from urllib.parse import urlsplit

from core.box import Host, read_hosts

# Where packages come from is the machine's setting, and all an installer needs of our environment.
_SETTINGS = {
    "UV_DEFAULT_INDEX": "UV_DEFAULT_INDEX",
    "UV_INDEX_URL": "UV_DEFAULT_INDEX",
    "PIP_INDEX_URL": "UV_DEFAULT_INDEX",
    "UV_INDEX": "UV_INDEX",
    "UV_FIND_LINKS": "UV_FIND_LINKS",
    "PIP_FIND_LINKS": "UV_FIND_LINKS",
    "UV_OFFLINE": "UV_OFFLINE",
    "UV_HTTP_RETRIES": "UV_HTTP_RETRIES",
    "UV_HTTP_TIMEOUT": "UV_HTTP_TIMEOUT",
    "SSL_CERT_FILE": "SSL_CERT_FILE",
    "PIP_CERT": "SSL_CERT_FILE",
}


def installer_settings(environ: Mapping[str, str]) -> dict[str, str]:
    """The index settings of this machine; one with a password in its address is left out."""
    found: dict[str, str] = {}
    for name, target in _SETTINGS.items():
        value = environ.get(name, "")
        if value and "@" not in value:
            found.setdefault(target, value)
    return found


def index_hosts(settings: Mapping[str, str], more: Iterable[str] = ()) -> tuple[Host, ...]:
    """Where packages come from: the machine's own index where it has one, PyPI, and what the owner named beside."""
    hosts = [Host("pypi.org"), Host("files.pythonhosted.org"), *read_hosts(more)]
    for name in ("UV_DEFAULT_INDEX", "UV_INDEX", "UV_FIND_LINKS"):
        for place in settings.get(name, "").replace(",", " ").split():
            parts = urlsplit(place.partition("=")[2] if "=" in place.partition("://")[0] else place)
            if parts.scheme in ("http", "https") and parts.hostname:
                hosts.append(Host(parts.hostname, parts.port or {"http": 80}.get(parts.scheme, 443), private=True))
    return tuple(hosts)


def local_sources(settings: Mapping[str, str]) -> tuple[Path, ...]:
    """Folders and files of this machine that the installer reads: local indexes, and the certificates it trusts."""
    found = []
    for name in ("UV_DEFAULT_INDEX", "UV_INDEX", "UV_FIND_LINKS", "SSL_CERT_FILE"):
        for place in settings.get(name, "").replace(",", " ").split():
            path = Path(place.removeprefix("file://"))
            if path.is_absolute() and path.exists():
                found.append(path)
    return tuple(found)
