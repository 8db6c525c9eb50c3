"""From what a launch may reach and what this machine can enforce to the policy that `runners/seal.py` carries out."""

from __future__ import annotations

import base64
import os
import sys
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

from core.box import bubblewrap, landlock, seccomp
from core.box.engine import Launch, Network
from core.box.syscalls import ARCHITECTURES

RUNNERS = Path(__file__).parent / "runners"


@dataclass(frozen=True)
class Means:
    """What this machine offers for sealing.

    machine: the kernel's architecture. landlock: version, 0 without. seccomp: filters load. bubblewrap: the program that makes
    namespaces, None without.
    """

    machine: str
    landlock: int
    seccomp: bool
    bubblewrap: Path | None = None

    def capped(self, version: int) -> Means:
        """The same machine with an older Landlock."""
        return replace(self, landlock=min(version, self.landlock))


def find_means() -> Means:
    """What this machine says it has; whether it holds is for the self-test to find out."""
    machine = os.uname().machine
    return Means(machine, landlock.version(), sys.platform == "linux" and machine in ARCHITECTURES, bubblewrap.find())


def policy(launch: Launch, means: Means) -> dict | None:
    """How this launch is sealed; None where the machine has no means at all.

    Args:
        launch: the tree to be.
        means: what the kernel offers.
    """
    if not means.seccomp:
        return None
    return {
        "landlock": landlock.ruleset(launch, means.landlock, runners=RUNNERS),
        "filters": _filters(means.machine, launch.seal.network, means.landlock, os.getpid()),
    }


@lru_cache(maxsize=32)
def _filters(machine: str, network: Network, version: int, server: int) -> list[str]:
    rules = seccomp.rules(network, landlock=version, guarded=(server,))
    return [base64.b64encode(code).decode() for code in (seccomp.prelude(machine), seccomp.assemble(rules, machine))]
