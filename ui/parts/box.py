"""What is between an app and this machine: the seal in one word, its layers in sentences, what the app uses."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ui.parts.draw import draw

# A layer's or a test's state → the page's state.
_LAYERS = {"on": "done", "partial": "warning", "off": "failed"}
_TIERS = {
    "strong": ("done", "sealed"),
    "standard": ("done", "sealed"),
    "reduced": ("warning", "partly sealed"),
    "none": ("failed", "not sealed"),
}
_NETWORKS = (
    ("sealed", "Sealed", "Reaches nothing but its own files."),
    ("tcp-own", "Own port", "May use TCP on one port of its own, for servers that need one."),
    ("egress", "Selected hosts", "May reach the hosts you name, through a proxy that counts."),
)


def seal(status: Mapping[str, Any] | None) -> tuple[str, str]:
    """The seal as (state, word): sealed, partly sealed, not sealed; working while it is not known."""
    if not status:
        return "working", "testing the seal"
    if not status.get("sealed"):
        return _TIERS["none"]
    return _TIERS.get(str(status.get("tier")), _TIERS["standard"])


def box(status: Mapping[str, Any], *, project: Mapping[str, Any] | None = None, stats: Mapping[str, Any] | None = None, said: Mapping[str, Any] | None = None) -> str:
    """The opened box: the layers with one sentence each, the button that tests them again, the network, the figures.

    Args:
        status: as `sandbox_status` gives it.
        project: the open project, with `network` and `hosts`.
        stats: what the app uses now.
        said: `{tone, message, fix, restart}` of what was just done here.
    """
    layers = [_layer(name, one) for name, one in (status.get("layers") or {}).items()]
    offered = status.get("networks") or ["sealed"]
    networks = [{"id": id, "name": name, "means": means, "offered": id in offered} for id, name, means in _NETWORKS]
    state, word = seal(status)
    return draw("box", status=status, state=state, word=word, layers=layers, networks=networks, project=project or {}, stats=stats or {}, said=said)


def _layer(name: str, layer: Mapping[str, Any]) -> dict[str, str]:
    word = str(layer.get("state") or "")
    return {"name": name, "state": _LAYERS.get(word, "idle"), "word": word, "detail": str(layer.get("detail") or "")}


def curve(values: Sequence[float], *, width: int = 56, height: int = 14) -> str:
    """Points of a small curve through the values, oldest left, the largest at the top; empty for fewer than three."""
    if len(values) < 3:
        return ""
    most, step = max(*values, 1e-9), width / (len(values) - 1)
    return " ".join(f"{place * step:.1f},{height - 1 - value / most * (height - 2):.1f}" for place, value in enumerate(values))
