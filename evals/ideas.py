"""The ideas as data, and what one run of one of them came to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import yaml

TABLE = Path(__file__).parent / "ideas.yaml"


@dataclass(frozen=True)
class Way:
    """One way to use the app. path: below its address; steps: as in preview_check; then: how to use it further, at another path;
    mcp: what a tool an MCP client finds must say."""

    steps: tuple[Mapping[str, Any], ...]
    path: str = "/"
    mcp: str = ""
    then: Way | None = None


@dataclass(frozen=True)
class Idea:
    """id, the idea in words, the ways one of which must work, the sdk it demands ("" for any), whether a template can do it."""

    id: str
    idea: str
    ways: tuple[Way, ...]
    sdk: str = ""
    templates: bool = True


@dataclass(frozen=True)
class Result:
    """What came of one idea. works: one way worked; starts: the app came up at all. said: why not, in a sentence.

    rungs: repairs that were tried. cost_usd: None where a price is unknown. ending: how the agent's turn ended, "" by rules.
    """

    id: str
    works: bool
    starts: bool = False
    said: str = ""
    sdk: str = ""
    seconds: float = 0.0
    tokens: int = 0
    cost_usd: float | None = 0.0
    rungs: int = 0
    tools: int = 0
    ending: str = ""
    verified: bool | None = field(default=None)

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)


@cache
def ideas() -> tuple[Idea, ...]:
    """All of them, in the order of the table."""
    return tuple(_idea(row) for row in yaml.safe_load(TABLE.read_text(encoding="utf-8")))


def _idea(row: Mapping[str, Any]) -> Idea:
    return Idea(row["id"], row["idea"], tuple(map(_way, row["ways"])), row.get("sdk", ""), row.get("templates", True))


def _way(row: Mapping[str, Any]) -> Way:
    return Way(tuple(row["steps"]), row.get("path", "/"), row.get("mcp", ""), _way(row["then"]) if "then" in row else None)


def summary(results: Sequence[Result]) -> dict[str, Any]:
    """All in one: the success rate, what started, tokens, cost, seconds and rungs."""
    prices = [one.cost_usd for one in results]
    return {
        "ideas": len(results),
        "works": sum(one.works for one in results),
        "rate": round(sum(one.works for one in results) / len(results), 3) if results else 0.0,
        "starts": sum(one.starts for one in results),
        "tokens": sum(one.tokens for one in results),
        "cost_usd": None if None in prices else round(sum(price for price in prices if price), 6),
        "seconds": round(sum(one.seconds for one in results), 1),
        "rungs": sum(one.rungs for one in results),
    }


def table(results: Sequence[Result]) -> str:
    """A Markdown table with a row for each idea and one for all."""
    lines = ["| idea | works | starts | sdk | seconds | tokens | USD | rungs | what it says |", "|---|---|---|---|---:|---:|---:|---:|---|"]
    for one in results:
        said = one.said.replace("|", "\\|").replace("\n", " ")[:110]
        lines.append(f"| {one.id} | {_mark(one.works)} | {_mark(one.starts)} | {one.sdk or '–'} | {one.seconds:.1f} | {one.tokens} | {_usd(one.cost_usd)} | {one.rungs} | {said} |")
    whole = summary(results)
    lines.append(
        f"| **all {whole['ideas']}** | **{whole['works']} ({whole['rate']:.0%})** | {whole['starts']} | | {whole['seconds']:.1f} "
        f"| {whole['tokens']} | {_usd(whole['cost_usd'])} | {whole['rungs']} | |"
    )
    return "\n".join(lines)


def _mark(yes: bool) -> str:
    return "yes" if yes else "no"


def _usd(price: float | None) -> str:
    return "?" if price is None else f"{price:.4f}" if price else "0"
