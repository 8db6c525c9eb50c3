"""One hosted Space while the server runs: what it does, and how the Hub tells that."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from core.errors import InvalidInput
from core.localhub import names
from core.localhub.builds import Attempt, Problem
from core.localhub.desired import Desired, with_value
from core.localhub.repos import Repo

# What `create` may bring along; from then on it is the runtime's.
GIVEN_AT_CREATION = ("hardware", "storageTier", "sleepTimeSeconds", "secrets", "variables")


@dataclass(eq=False)
class Space:
    """One hosted Space, alive. serving: the revision that answers; trying: the one being built or started."""

    repo: Repo
    desired: Desired
    serving: Attempt | None = None
    trying: Attempt | None = None
    latest: Attempt | None = None
    problem: Problem | None = None
    task: asyncio.Task | None = field(default=None, repr=False)
    saving: asyncio.Lock = field(default_factory=asyncio.Lock, repr=False)

    @property
    def stage(self) -> str:
        """One of the Hub's words for what a Space is doing."""
        if self.desired.state == "paused":
            return "PAUSED"
        if self.trying is not None:
            doing = "APP_STARTING" if self.trying.started else "BUILDING"
            return f"RUNNING_{doing}" if self.serving else doing
        if self.problem is not None:
            return self.problem.stage
        if self.serving is not None:
            return "RUNNING"
        return "SLEEPING" if self.desired.state == "sleeping" else "STOPPED"

    @property
    def place(self) -> str:
        """Its part of the address; a private one cannot be guessed."""
        return f"{self.desired.subdomain}~{self.desired.key}" if self.repo.private else self.desired.subdomain

    @property
    def static(self) -> bool:
        attempt = self.serving or self.trying or self.latest
        sdk = attempt.preview.spec.sdk if attempt and attempt.preview else self.repo.sdk
        return sdk == "static"

    @property
    def last_used(self) -> float:
        """When it was last asked for something, on the monotonic clock; 0 while it does not serve."""
        preview = self.serving.preview if self.serving else None
        return preview.last_used if preview is not None else 0.0


def runtime_shape(space: Space, base: str = "") -> dict[str, Any]:
    """The runtime as the Hub tells it. base: this Hub's address as the client spells it."""
    running = space.serving is not None
    told: dict[str, Any] = {
        "stage": space.stage,
        "hardware": {"current": None, "requested": None},
        "storage": None,
        "replicas": {"requested": 1} | ({"current": 1} if running else {}),
    }
    if not space.static:
        wished = space.desired
        # Whatever was asked for, an app runs on this machine's processor.
        told["hardware"] = {"current": "cpu-basic" if running else None, "requested": wished.hardware}
        told["gcTimeout"] = wished.sleep_seconds if wished.sleep_seconds > 0 else None
        told["devMode"] = False
    if base:
        told["domains"] = [{"domain": f"{base.partition('://')[2]}/s/{space.place}", "stage": "READY"}]
    if space.serving is not None:
        told["sha"] = space.serving.sha
    if space.problem is not None and space.trying is None and space.desired.state != "paused":
        told["errorMessage"] = space.problem.message
    return told


def first_wish(repo: Repo, wished: Desired, taken: Mapping[str, Space]) -> Desired:
    """What is wanted of a Space that is taken up: its address, and what it was created with.

    Args:
        wished: what was saved, or the defaults.
        taken: the address parts others have. Two names can come to the same letters; the later one gets a suffix.
    """
    plain = names.subdomain(repo.repo)
    own = f"{plain}-{repo.id[:6]}"
    if wished.subdomain not in (plain, own):
        wished = replace(wished, subdomain=own if plain in taken else plain)
    given = repo.settings
    if "hardware" in given:
        wished = replace(wished, hardware=str(given["hardware"]))
    if "sleepTimeSeconds" in given:
        wished = replace(wished, sleep_seconds=int(given["sleepTimeSeconds"]))
    for kind in ("secrets", "variables"):
        for value in given.get(kind, ()):
            try:
                wished = with_value(wished, kind, value["key"], value.get("value") or "", value.get("description"))
            except InvalidInput:
                continue  # checked when it was created; what is left is one name given twice, and the secret stands
    return wished
