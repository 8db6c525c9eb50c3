"""Answers with parts exchanged for something of another kind: what a service may send on a bad day, the same on every run."""

from __future__ import annotations

import random
from typing import Any

_OTHER = [None, True, -1, 1.5, "", "x" * 50, [], {}, [None], [{}], {"a": 1}, "\0", {"$ref": "#/a/b"}, {"_type": "List"}, [[["x"]]], {"_type": ["x"]}, 10**18]


def strange(value: Any, seed: int, *, share: float = 0.06) -> Any:
    """A copy of a JSON value in which about that share of the parts is something else."""
    chance = random.Random(seed)

    def walk(part: Any) -> Any:
        if chance.random() < share:
            return chance.choice(_OTHER)
        if isinstance(part, dict):
            return {(name if chance.random() > share / 3 else chance.choice(("", "_type", "x"))): walk(one) for name, one in part.items()}
        return [walk(one) for one in part] if isinstance(part, list) else part

    return walk(value)
