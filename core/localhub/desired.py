"""What the owner of a Space wants of it: to run or not, with which secrets, variables and hardware. Kept on disk.

One file, mode 600, inside the Space's repository folder, so that it moves and goes with the repository.
"""

from __future__ import annotations

import json
import logging
import os
import re
import secrets as randomness
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

from core.errors import InvalidInput, StorageFull, TooLarge
from core.localhub.repos import now
from core.secrets import Secret

LOG = logging.getLogger(__name__)
FILE = "runtime.json"
KEY = re.compile(r"[a-zA-Z][_a-zA-Z0-9]{0,199}")
MAX_VALUES = 200
MAX_VALUE = 100_000
# What free hardware does on the Hub: asleep after two days without a request.
SLEEP_SECONDS = 172_800


class SpaceSecret(Secret):
    """A Space's secret. Unlike a token it may be any text: several lines, spaces."""

    __slots__ = ()

    def __init__(self, value: str):
        self._value = value


@dataclass(frozen=True)
class Value:
    """One variable or secret: its value, an optional description, when it was set."""

    value: str | Secret
    description: str | None
    updated_at: str

    def shown(self) -> dict[str, str]:
        """What the API tells: the value of a variable, never that of a secret."""
        told = {} if isinstance(self.value, Secret) else {"value": self.value}
        if self.description is not None:
            told["description"] = self.description
        return told | {"updatedAt": self.updated_at}


@dataclass(frozen=True)
class Desired:
    """state: running, paused or asleep. key: the unguessable part of a private Space's address.

    sleep_seconds: asleep after so long without a request; -1 for never. used_at: unix time of the last request.
    """

    state: Literal["running", "paused", "sleeping"] = "running"
    subdomain: str = ""
    key: str = field(default_factory=lambda: randomness.token_urlsafe(18), repr=False)
    hardware: str = "cpu-basic"
    sleep_seconds: int = SLEEP_SECONDS
    used_at: float = 0.0
    secrets: Mapping[str, Value] = field(default_factory=dict)
    variables: Mapping[str, Value] = field(default_factory=dict)


def load(folder: Path) -> Desired | None:
    """What was saved for the repository in `folder`, or None. A file that is no such thing is put aside, and logged."""
    try:
        shape = json.loads((folder / FILE).read_text("utf-8"))
        secret = {key: Value(SpaceSecret(v["value"]), v["description"], v["updated_at"]) for key, v in shape["secrets"].items()}
        variables = {key: Value(**value) for key, value in shape["variables"].items()}
        return Desired(**{**shape, "secrets": secret, "variables": variables})
    except FileNotFoundError:
        return None
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        # One damaged file must not keep the other Spaces from starting.
        LOG.error("%s cannot be read (%s); it is kept as %s.broken", folder / FILE, type(error).__name__, FILE)
        os.replace(folder / FILE, folder / f"{FILE}.broken")
        return None


def save(folder: Path, desired: Desired) -> None:
    """Replace what is saved, by one rename. `StorageFull` when it cannot be written; the file is then as it was."""
    shape: dict[str, Any] = {name: getattr(desired, name) for name in Desired.__dataclass_fields__}
    for name in ("secrets", "variables"):
        shape[name] = {key: _stored(value) for key, value in shape[name].items()}
    fresh = folder / f".{FILE}.{randomness.token_hex(4)}"
    try:
        with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
            json.dump(shape, file)
        os.replace(fresh, folder / FILE)
    except OSError as error:
        raise StorageFull(f"The settings of the Space cannot be saved: {error.strerror}.") from None
    finally:
        fresh.unlink(missing_ok=True)


def with_value(
    desired: Desired, kind: Literal["secrets", "variables"], key: str, value: str, description: str | None = None
) -> Desired:
    """The same with one secret or variable set.

    Args:
        key: a letter, then letters, digits and `_`; at most 200.
        value: at most 100,000 characters.

    Errors: `InvalidInput` with the rule that is broken, `TooLarge`.
    """
    if not KEY.fullmatch(key):
        raise InvalidInput('"key" must start with a letter and consist of letters, digits and underscores')
    if "\0" in value:
        raise InvalidInput('"value" must not contain a NUL character')
    if len(value) > MAX_VALUE:
        raise TooLarge(f'"value" is longer than {MAX_VALUE} characters')
    other = "variables" if kind == "secrets" else "secrets"
    if key in getattr(desired, other):
        raise InvalidInput(f"Collision on variables and secrets names: {key} is one of the {other} already")
    values = dict(getattr(desired, kind))
    values[key] = Value(SpaceSecret(value) if kind == "secrets" else value, description, now())
    if len(values) > MAX_VALUES:
        raise TooLarge(f"A Space has at most {MAX_VALUES} {kind}")
    return replace(desired, **{kind: values})


def without_value(desired: Desired, kind: Literal["secrets", "variables"], key: str) -> Desired:
    """The same without that secret or variable; no error when there is none."""
    return replace(desired, **{kind: {name: value for name, value in getattr(desired, kind).items() if name != key}})


def _stored(value: Value) -> dict[str, Any]:
    text = value.value.reveal() if isinstance(value.value, Secret) else value.value
    return {"value": text, "description": value.description, "updated_at": value.updated_at}
