"""Whether a Docker Space's command listens where the Hub asks: on all addresses, at the card's port."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterator, Mapping

from core.build.card import Card
from core.build.finding import Finding

_PORT = 7860  # of a card without app_port
_HOSTS = ("--host", "--server.address", "--server-name", "--bind", "-b", "-h")
_PORTS = ("--port", "--server.port", "--server-port", "--bind", "-b", "-p")
_LOOPBACK = ("127.0.0.1", "localhost", "::1", "[::1]")


def serving_findings(files: Mapping[str, bytes], card: Card) -> Iterator[Finding]:
    """What keeps the Hub from reaching the server that the Dockerfile starts; only words that stand there plainly are read."""
    if card.sdk != "docker" or "Dockerfile" not in files:
        return
    port, exposed, command, at = card.app_port or _PORT, (), [], 0
    lines = files["Dockerfile"].decode(errors="replace").splitlines()
    for number, line in enumerate(lines, start=1):
        word, _, rest = line.strip().partition(" ")
        if word.upper() == "EXPOSE":
            exposed = tuple(int(one) for one in re.findall(r"(?<!\S)(\d{1,5})(?:/tcp)?(?!\S)", rest))
        if word.upper() in ("CMD", "ENTRYPOINT"):
            command, at = (command if word.upper() == "CMD" and command and at else []) + _words(rest), number
    host, told = _value(command, _HOSTS), _value(command, _PORTS)
    if host.rpartition(":")[0] in _LOOPBACK or host in _LOOPBACK:
        yield Finding("Dockerfile", at, f"The Dockerfile's command listens on {host}, where the Hub cannot reach it.", "Let it listen on 0.0.0.0.")
    listens = told.rpartition(":")[2]
    fix = f"Use one port in both; the Hub asks at app_port in README.md, {_PORT} without it."
    if listens.isdigit() and int(listens) != port:
        yield Finding("Dockerfile", at, f"The Dockerfile's command listens at port {listens}, and the Hub asks at {port}.", fix, "warning")
    elif not listens and exposed and port not in exposed:
        yield Finding("Dockerfile", at, f"The Dockerfile exposes {', '.join(map(str, exposed))}, and the Hub asks at {port}.", fix, "warning")


def _words(rest: str) -> list[str]:
    """The words of a command; none where a shell has more to do than to start it."""
    try:
        words = json.loads(rest) if rest.lstrip().startswith("[") else shlex.split(rest)
    except ValueError:
        return []
    if not isinstance(words, list) or not all(isinstance(word, str) for word in words) or re.search(r"[&|;<>`]", rest):
        return []
    return words


def _value(words: list[str], names: tuple[str, ...]) -> str:
    """What follows one of these options, or stands behind its =."""
    for at, word in enumerate(words):
        name, sign, value = word.partition("=")
        if name in names:
            return value if sign else next(iter(words[at + 1 : at + 2]), "")
    return ""
