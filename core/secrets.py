"""Secrets belong to the caller, live in memory and leave only toward the host they are for."""

from __future__ import annotations

import re

# Shapes of credentials that must never reach a log, an event or a page, whoever they belong to.
_SHAPES = re.compile(
    r"(hf_(?:oauth_)?[A-Za-z0-9]{16,}|sk-[A-Za-z0-9_-]{16,}|gh[pousr]_[A-Za-z0-9]{20,}"
    r"|eyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]*)"
)


class Secret:
    """A value that prints as its last four characters.

    `reveal()` is called where a request is signed and nowhere else. Two secrets are equal when
    their values are; a secret is never empty, because an empty key makes client libraries fall
    back to somebody else's (litellm and HfApi do).
    """

    __slots__ = ("_value",)

    def __init__(self, value: str):
        value = value.strip()
        if not value or not value.isascii() or not value.isprintable() or any(c.isspace() for c in value):
            raise ValueError("a secret is one line of printable characters, and not empty")
        self._value = value

    def reveal(self) -> str:
        return self._value

    @property
    def last4(self) -> str:
        return f"…{self._value[-4:]}" if len(self._value) >= 12 else "…"

    def __str__(self) -> str:
        return self.last4

    def __repr__(self) -> str:
        return f"Secret({self.last4})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and other._value == self._value

    def __hash__(self) -> int:
        return hash(self._value)

    def __reduce__(self):
        raise TypeError("a Secret is not pickled or copied to disk")


def redact(text: str, *secrets: Secret | None) -> str:
    """The text with every known secret, and everything shaped like a credential, replaced by `…last4`."""
    for secret in secrets:
        if secret is not None and len(secret.reveal()) >= 6:
            text = text.replace(secret.reveal(), secret.last4)
    return _SHAPES.sub(lambda m: f"…{m.group()[-4:]}", text)
