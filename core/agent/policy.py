"""Which calls need a person's word: a table decides, in code, whatever a text says.

`decide` finds the class of one call by `policy.yaml` and gives a `Verdict`: go, ask, or refuse. What has to be known for
it (whose a repository is, what hardware costs, what a deploy would do) it asks `Facts` for.
"""

from __future__ import annotations

import fnmatch
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import Any, Protocol

import yaml

from core.agent.trust import Trust
from core.agent.values import Asked
from core.caller import Risk
from core.errors import SpacesError, Unauthorized
from core.registry import actions

_TABLE = Path(__file__).with_name("policy.yaml")
_CONDITIONS = frozenset({"given", "paid"})
_ROW = frozenset({"class", "when", "if_own", "own", "price", "plan", "reason", "trust", "title"})
_SHOWN = 160
_TRUSTED = frozenset({"publish", "hardware"})  # a foreign Space or a key in the files is asked about, whatever the row says
_LONGEST_DOUBT = 360


@dataclass(frozen=True)
class Row:
    """One line of the table: the class of an action where the conditions hold, and what has to be known to ask about it."""

    kind: str
    when: Mapping[str, Any] = field(default_factory=dict)
    if_own: str | None = None
    own: str | None = None
    price: str | None = None
    plan: str | None = None
    reason: str | None = None
    trust: str | None = None
    title: str | None = None


@dataclass(frozen=True)
class Policy:
    """The table. asks: names of classes."""

    classes: tuple[str, ...]
    asks: frozenset[str]
    defaults: Mapping[str, str]
    reasons: Mapping[str, str]
    actions: Mapping[str, tuple[Row, ...]]

    def rows(self, name: str, risk: Risk) -> tuple[Row, ...]:
        """The rows of an action: its own, those of a pattern that fits, or the default of its risk."""
        if name in self.actions:
            return self.actions[name]
        fitting = (rows for pattern, rows in self.actions.items() if "*" in pattern and fnmatch.fnmatchcase(name, pattern))
        return next(fitting, (Row(self.defaults[risk]),))

    def hidden(self, name: str, risk: Risk) -> bool:
        """Whether the action is never the agent's."""
        return any(row.kind == "hidden" for row in self.rows(name, risk))


class Facts(Protocol):
    """What the policy asks about the world; each raises SpacesError where it cannot be known. signed_in: there is an account at all."""

    signed_in: bool

    async def owns(self, repo: str) -> bool:
        """Whether a repository (a bare name: of the caller's account) is the caller's own or of one of their organizations."""

    async def price(self, hardware: str) -> float | None:
        """USD per hour of a Space's hardware, None where unknown."""

    async def runs_on(self, repo: str) -> str | None:
        """The hardware a Space has now, None when there is no such Space, or it has none."""

    async def deploy_plan(self, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """What a deploy with these arguments would do."""

    async def difference(self, project: str, plan: Mapping[str, Any]) -> str:
        """What that plan would change in a Space's texts, as a unified diff; "" where nothing changes, or nothing can be compared."""

    async def titled(self, project: str) -> str:
        """The title of a project, "" where there is none."""

    async def doubt(self, project: str) -> str:
        """Why nobody should publish this project unasked: its last check failed, or nobody looked since. One sentence, "" for nothing."""


@dataclass(frozen=True)
class Verdict:
    """kind: the class. asked: what a person has to say yes to, None when it may run. refused: why it will not run at all.
    trusted: it would have been asked about, and runs on the chat's trust."""

    kind: str
    asked: Asked | None = None
    refused: SpacesError | None = None
    trusted: bool = False


async def decide(name: str, risk: Risk, arguments: Mapping[str, Any], *, facts: Facts, trust: Trust | None = None) -> Verdict:
    """The verdict about one call of an action with checked arguments. Where a fact cannot be had, the verdict refuses with the reason."""
    try:
        row = await _row(name, risk, arguments, facts)
        table = policy()
        if row.kind not in table.asks:
            return Verdict(row.kind)
        if row.own and not facts.signed_in:
            raise Unauthorized(f"Nobody is signed in, and {name} needs a Hub account.")
        if row.own and not await facts.owns(_target(arguments, row.own)):
            row = replace(row, kind="foreign")
        return await _asking(name, row, arguments, facts, trust)
    except SpacesError as error:
        return Verdict("refused", refused=error)


async def _asking(name: str, row: Row, arguments: Mapping[str, Any], facts: Facts, trust: Trust | None) -> Verdict:
    kind, plan, price, doubt = row.kind, None, 0.0, ""
    if row.plan and kind != "foreign":
        plan, doubt = await facts.deploy_plan(arguments), _line(await facts.doubt(str(arguments.get("project") or "")), _LONGEST_DOUBT)
        price = float(plan.get("cost_per_hour") or 0.0)
        kind = kind if await facts.owns(str(plan.get("repo") or "")) else "foreign"  # a project remembers where it went, under any account
        kind = "secret" if kind == "publish" and plan.get("credentials") else kind
    elif row.price:
        price = await _price(row, arguments, facts)
    if kind == "publish" and price != 0.0:
        kind = "hardware"
    target = str((plan or {}).get("repo") or _target(arguments, row.own) or arguments.get("project") or name)
    warning = _warning(plan)
    grant = {"repo": target, "class": row.trust} if row.trust and kind in _TRUSTED and "/" in target and price is not None and not warning else None
    if trust is not None and grant and not doubt and trust.covers(grant["class"], grant["repo"], price):
        return Verdict(kind, trusted=True)
    if plan and plan.get("exists"):
        plan = {**plan, "diff": await facts.difference(str(arguments.get("project") or ""), plan)}
    words = row.reason if row.reason and kind != "foreign" else policy().reasons[kind]
    title = await facts.titled(str(arguments.get("project") or "")) if "{project_title}" in words else ""
    reason = _sentence(words, name, target, {**arguments, "project_title": title})
    if plan and plan.get("credentials"):
        reason = f"A key would be published, in {_line(plan['credentials'])}! {reason}"
    if plan and plan.get("sentence"):
        reason = f"{reason} {plan['sentence']}"
    if doubt:
        reason = f"{reason} {doubt}"
    return Verdict(kind, asked=Asked(kind, reason, plan=plan, usd_per_hour=price, warning=warning, grant=grant, title=row.title or ""))


def _warning(plan: Mapping[str, Any] | None) -> str:
    """That a plan would overwrite a Space which is not the project's own."""
    if not plan or not plan.get("exists") or "own_space" not in plan or _line(plan["own_space"]).lower() == _line(plan.get("repo")).lower():
        return ""
    own = _line(plan["own_space"])
    there = _line(plan["repo"])
    if own:
        return f"This project's own Space is {own}; this would overwrite another one, {there}."
    return f"This project was never at {there}, which exists already; this would overwrite it."


async def _row(name: str, risk: Risk, arguments: Mapping[str, Any], facts: Facts) -> Row:
    for row in policy().rows(name, risk):
        if row.if_own and not await facts.owns(_target(arguments, row.if_own)):
            continue
        if all([await _holds(wanted, arguments.get(argument), facts) for argument, wanted in row.when.items()]):
            return row
    return Row(policy().defaults["write" if risk == "read" else risk])


async def _holds(wanted: Any, value: Any, facts: Facts) -> bool:
    if wanted == "given":
        return bool(value)
    if wanted == "paid":
        return bool(value) and await facts.price(str(value)) != 0.0
    return value in wanted or (not value and "" in wanted)


async def _price(row: Row, arguments: Mapping[str, Any], facts: Facts) -> float | None:
    kind, _, argument = (row.price or "").partition(":")
    if kind == "space":
        hardware = await facts.runs_on(_target(arguments, row.own))
        return await facts.price(hardware) if hardware else 0.0
    # The list tells the prices of Spaces. A job is never free (cpu-basic is 0.01 USD an hour there), so a zero of it is not known.
    return await facts.price(str(arguments.get(argument) or "")) or None


def _target(arguments: Mapping[str, Any], argument: str | None) -> str:
    return str(arguments.get(argument or "") or "").strip()


def _sentence(text: str, name: str, target: str, arguments: Mapping[str, Any]) -> str:
    """The reason with the call's own values in it, each on one line and cut; what is not there reads as nothing."""
    told = _Told({key: _line(value) for key, value in arguments.items()})
    return text.format_map(_Told(told | {"name": _plainly(name), "target": _line(target), "name_given": told["name"]}))


def _plainly(name: str) -> str:
    """An action as a person calls it."""
    return f"“{actions()[name].title}”" if name in actions() else name


class _Told(dict):
    def __missing__(self, key: str) -> str:
        return ""


def _line(value: Any, longest: int = _SHOWN) -> str:
    text = ", ".join(str(one) for one in value) if isinstance(value, (list, tuple)) else "" if value is None else str(value)
    text = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    return text if len(text) <= longest else text[: longest - 1] + "…"


@cache
def policy() -> Policy:
    """The table as it is shipped; a mistake in it stops the start."""
    raw = yaml.safe_load(_TABLE.read_text(encoding="utf-8"))
    classes = raw["classes"]
    actions = {name: tuple(_read(name, row, classes) for row in rows) for name, rows in raw["actions"].items()}
    return Policy(
        classes=tuple(classes),
        asks=frozenset(kind for kind, row in classes.items() if row["asks"]),
        defaults=raw["defaults"],
        reasons=raw["reasons"],
        actions=actions,
    )


def _read(name: str, row: Mapping[str, Any], classes: Mapping[str, Any]) -> Row:
    wrong = set(row) - _ROW | ({row["class"]} - set(classes))
    wrong |= {value for value in row.get("when", {}).values() if isinstance(value, str)} - _CONDITIONS
    if wrong:
        raise ValueError(f"policy.yaml: {name}: {', '.join(sorted(map(str, wrong)))}")
    return Row(row["class"], **{key: value for key, value in row.items() if key != "class"})
