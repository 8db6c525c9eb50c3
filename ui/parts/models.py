"""The model picker, an answer as it comes, and the receipt of what was asked."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from ui.parts.draw import draw
from ui.parts.notice import Button, notice

# A task's id → its chip.
TASKS = {"plan": "planning", "code": "code", "cheap": "little money", "vision": "pictures"}
# What an attempt came to → its word and its tone.
_OUTCOMES = {
    "answered": ("answered", "done"),
    "next": ("could not, the next was asked", "warning"),
    "retried": ("asked once more", "warning"),
    "stopped": ("refused", "failed"),
    "interrupted": ("broke off", "failed"),
    "cancelled": ("stopped by you", "stopped"),
}
_PAYERS = {"visitor": "you, with your key", "instance": "the owner of this instance", "nobody": "nobody"}
_STATES = {"working": "Answering", "done": "Done", "failed": "No whole answer", "stopped": "Stopped"}


def tasks(chosen: str | None) -> str:
    """The chips that recommend models by task."""
    return draw("tasks", tasks=TASKS, chosen=chosen)


def models(
    found: Sequence[Mapping[str, Any]], *, total: int, sources: Sequence[Mapping[str, Any]], query: str, chosen: tuple[str, str] | None, keys: bool,
    task: str | None = None, note: str | None = None,
) -> str:  # fmt: skip
    """Rows of models: provider, price per million tokens, context, what it can do.

    Args:
        found: items of `provider_models`; those of a task have a `reason`. total: how many there are in all.
        sources: how each provider's list is, with `error` where it is missing.
        chosen: provider and id of the chosen one. keys: whether any key could be asked. task: the chip that is pressed.
        note: why there is no list at all.
    """
    rows = [{**one, "arg": json.dumps([one["provider"], one["id"]]), "open": chosen == (one["provider"], one["id"])} for one in found]
    return draw("models", rows=rows, total=total, query=query, keys=keys, task=TASKS.get(task or ""), note=note, missing=[one for one in sources if one.get("error")])


def asking(chosen: tuple[str, str] | None) -> str:
    """Whom the prompt goes to."""
    return draw("asking", chosen=chosen)


def answer(
    state: str,
    pieces: Sequence[str] = (),
    *,
    thoughts: str = "",
    receipt: Mapping[str, Any] | None = None,
    error: Mapping[str, Any] | None = None,
) -> str:
    """What a model says, piece by piece, so that a screen reader hears only what is new; then what can be done, and the receipt.

    Args:
        state: working, done, failed or stopped. pieces: the text so far, as it came. thoughts: what it thinks aloud.
        error: why it ended, in the shape of an error.
    """
    trouble = ""
    if state in ("failed", "stopped"):
        said = "".join(pieces).strip()
        again = Button("Ask again", event="again", icon="reload")
        buttons = [Button("Go on from here", event="go_on", icon="play", primary=True), again] if said else [again]
        if state == "stopped":
            kept = "What came so far is kept above." if said else "Nothing had come yet."
            trouble = notice("The answer was stopped.", kept, tone="stopped", buttons=buttons)
        else:
            told = error or {}
            fix = "Go on from here sends what came so far along; asking again begins anew." if said else str(told.get("fix") or "")
            trouble = notice(str(told.get("message") or "Something went wrong."), fix, tone="failed", buttons=buttons)
    return draw(
        "answer", state=state, word=_STATES.get(state, state), pieces=pieces, thoughts=thoughts,
        receipt=attempts(receipt) if receipt else "", trouble=trouble,
    )  # fmt: skip


def _payer(attempt: Mapping[str, Any]) -> str:
    paid = _PAYERS.get(attempt["paid_by"], attempt["paid_by"])
    return f"{attempt['billed_to']}, through {paid}" if attempt.get("billed_to") else paid


def attempts(receipt: Mapping[str, Any]) -> str:
    """The receipt of one request: who was asked in order, who was not and why, tokens, times, cost, who paid."""
    rows = [
        {**one, "word": _OUTCOMES.get(one["outcome"], (one["outcome"], "idle"))[0], "tone": _OUTCOMES.get(one["outcome"], ("", "idle"))[1]}
        for one in receipt.get("attempts") or ()
    ]
    payers = list(dict.fromkeys(_payer(one) for one in rows if one["cost_usd"] != 0))
    guessed = receipt.get("estimate_usd") if receipt.get("cost_usd") is None else None
    return draw("attempts", receipt=receipt, rows=rows, payers=payers, guessed=guessed, text=json.dumps(receipt, indent=2, default=str))
