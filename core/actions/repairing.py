"""Mend an app that does not work: the ladder of `core.repair` with hands that reach projects, previews and models."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cache, partial
from importlib.metadata import distributions
from typing import Any

from core.actions.projects import announce, open_project
from core.actions.shapes import say
from core.actions.verifying import Seen, look_at, told
from core.browser import Step
from core.build import Project
from core.events import Cost
from core.providers import build_prompt
from core.registry import Call, action
from core.repair import MOST_RUNGS, Answer, Hands, Look, Outcome, answer_of, conversation, repair, rules
from core.secrets import redact

_ANSWER_TOKENS = 6_000
_LONGEST_DIFF = 20_000


@action(risk="spend", title="Repair an app")
async def app_repair(
    call: Call,
    project: str,
    model: str | None = None,
    provider: str | None = None,
    steps: list[Step] | None = None,
    rungs: int = MOST_RUNGS,
) -> dict:
    """Mend a project's app when it does not work: known errors by rules, which are free, then a second try, then a model.

    A model is given the first error and the files it names, nothing else. What does not make the app better is taken back, so the
    files end in the best state that was seen; one undo takes the whole repair back.

    Args:
        project: the project's id.
        model: id of the model that repairs; none takes each key's own first one.
        provider: this provider first.
        steps: what must work on the page, as in preview_check; without them the app is used once as a person would.
        rungs: how many attempts at most, 1 to 5.

    Returns what app_verify returns of the final state, and `repaired` (it works now and did not before), `before` `{stage, score,
    error}`, `rungs` [{rung, kind, what, before, after, kept, tokens, cost_usd, seconds}], `tokens`, `cost_usd` (none where a
    price is unknown), `wrong` (what is still wrong, in sentences), `note` (why it stopped), `changed` (paths) and `diff` (unified, at
    most 20,000 characters). Without any key the free rungs are tried.
    """
    found = await open_project(call, project)
    keys, began = bool(call.house.providers.keys(call.caller)), found.revision
    ask = partial(_ask, call, model, provider) if keys else None
    outcome, seen = await mend(call, found, steps=steps, rungs=max(1, rungs), ask=ask)
    note = outcome.note
    if not outcome.look.ok and not keys:
        note = f"{note} With a model's key (Keys tab) a model would read the error and try the rungs that are left.".strip()
    made = await asyncio.to_thread(found.diff, began, found.revision) if found.revision != began else []
    diff = {"changed": [one.path for one in made], "diff": "".join(one.patch for one in made)[:_LONGEST_DIFF]}
    return {**told(call, found, replace(seen, look=outcome.look)), **receipt(outcome), "note": note, **diff}


def receipt(outcome: Outcome) -> dict[str, Any]:
    """What a repair did and cost, as data."""
    prices = [rung.cost_usd for rung in outcome.rungs]
    return {
        "repaired": outcome.look.ok and not outcome.first.ok,
        "before": outcome.first.short(),
        "rungs": [rung.to_dict() for rung in outcome.rungs],
        "tokens": sum(rung.tokens for rung in outcome.rungs),
        "cost_usd": None if None in prices else sum(price for price in prices if price),
        "wrong": list(outcome.wrong),
        "note": outcome.note,
    }


async def mend(
    call: Call,
    project: Project,
    *,
    steps: Sequence[Step] | None = None,
    rungs: int = MOST_RUNGS,
    ask=None,
    browser: bool = True,
    first: Look | None = None,
) -> tuple[Outcome, Seen]:
    """Climb the ladder with this project; the outcome, and the last look at the state that stands.

    ask: a model's way to answer; None for the free rungs alone. browser: look at the page too. first: a look made already.
    """
    newest: list[tuple[str, Seen]] = []
    work = f"repair-{secrets.token_hex(6)}"  # so that one undo takes all of it back

    async def look(patient: bool, fresh: bool = False) -> Look:
        seen = await look_at(call, project, steps=steps, wait_seconds=180 if patient else 60, browser=browser, fresh=fresh)
        newest[:] = [(project.revision, seen)]
        return seen.look

    async def changed(change) -> str:
        before = project.revision
        after = await asyncio.to_thread(change)
        await announce(call, project, before, after)
        return after

    hands = Hands(
        look=look,
        files=lambda: asyncio.to_thread(project.snapshot),
        revision=lambda: project.revision,
        write=lambda changes, message: changed(lambda: project.write(changes, message, work=work)),
        restore=lambda revision: changed(lambda: project.restore(revision, work=work)),
        ask=ask,
        fresh=partial(look, False, True),
        tell=lambda number, what, state, seconds: say(call, f"repair-{number}", what, state, seconds),
    )
    outcome = await repair(hands, rules(), rungs=rungs, first=first)
    if not newest or newest[0][0] != project.revision:  # the last try was taken back: the preview shall show what stands
        newest[:] = [(project.revision, Seen(outcome.look) if outcome.look.stage in ("preflight", "install", "start") else await _shown(call, project, outcome))]
    return outcome, newest[0][1]


async def _shown(call: Call, project: Project, outcome: Outcome) -> Seen:
    return replace(await look_at(call, project, browser=False), look=outcome.look)


async def _ask(call: Call, model: str | None, provider: str | None, look: Look, files: Mapping[str, bytes], tried: Sequence[str]) -> Answer:
    """One model's proposal; its bill is told as it comes. What the app wrote leaves here without anybody's secrets."""
    messages = [{**one, "content": redact(one["content"], *call.caller.secrets)} for one in conversation(look, files, tried, await asyncio.to_thread(_installed))]
    prompt = build_prompt(messages=messages, model=model, provider=provider, max_tokens=_ANSWER_TOKENS, temperature=0)
    answer = await call.house.providers.route(prompt, call.caller)
    call.emit(Cost(receipt={**answer.receipt.to_dict(), "role": "repair"}))
    usage = answer.receipt.usage
    return answer_of(answer.text, files, tokens=usage.prompt + usage.completion if usage else 0, cost_usd=answer.receipt.cost_usd)


@cache
def _installed() -> tuple[str, ...]:
    """What an app finds without an index: it runs with this Python."""
    return tuple(sorted({found.name for found in distributions() if found.name}, key=str.lower))
