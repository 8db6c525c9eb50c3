"""From a question to an answer by a program: the gallery, a model that writes programs, and programs kept and shared."""

from __future__ import annotations

from typing import Any

from core.actions.query import hf_hub_query_raw
from core.actions.shapes import listing, say
from core.errors import InvalidInput, NotFound, TooLarge
from core.query import conversation, gallery, program_of
from core.providers import build_prompt
from core.registry import Call, action

_REPAIRS = 2
_LONGEST_QUESTION = 4_000
_LONGEST_PROGRAM = 64_000
_LARGEST_RESULT = 200_000


@action(risk="read", title="Programs to begin with", open_world=False)
async def hf_query_gallery(call: Call) -> dict:
    """Ready programs over the Hub to run and change; items are `{id, title, question, code}`; no model is needed for them."""
    return listing(gallery())


@action(risk="spend", title="Ask the Hub a question")
async def hf_hub_ask(call: Call, question: str, model: str | None = None, provider: str | None = None) -> dict:
    """A model writes a program for a question about the Hub, the program runs, and its result comes back.

    A program that fails is given back to the model with its error, twice at most. Returns `{question, code, result, meta,
    attempts: [{code, error}], receipts}`; `meta.ok` tells whether the last program ran. Raises unauthorized without a
    model's key, over_budget, provider_failed.

    Args:
        question: what to find out, such as: which of my followers published a dataset this year; up to 4,000 characters.
        model: id of the model that writes; none takes each key's own first one.
        provider: this provider first.
    """
    asked = question.strip()
    if not asked or len(asked) > _LONGEST_QUESTION:
        raise InvalidInput(f"A question has 1 to {_LONGEST_QUESTION} characters.", "Say in a sentence what to find out.")
    tried: list[tuple[str, str]] = []
    receipts: list[dict[str, Any]] = []
    for turn in range(_REPAIRS + 1):
        say(call, "write", "A model writes the program." if not turn else f"The model corrects its program ({turn} of {_REPAIRS}).")
        prompt = build_prompt(messages=conversation(asked, tried), model=model, provider=provider, max_tokens=4_000)
        answer = await call.house.providers.route(prompt, call.caller)
        receipts.append(answer.receipt.to_dict())
        code = program_of(answer.text)
        say(call, "run", "The program runs.")
        outcome = await hf_hub_query_raw(call, code, asked)
        error = None if outcome["meta"]["ok"] else str(outcome["meta"].get("error") or "It gave no answer.")
        tried.append((code, error or ""))
        if error is None:
            break
    attempts = [{"code": code, "error": error or None} for code, error in tried]
    return {"question": asked, "code": code, **outcome, "attempts": attempts, "receipts": receipts}


@action(risk="write", title="Keep a program")
async def hf_query_save(call: Call, code: str, query: str = "", result: dict[str, Any] | list[Any] | None = None) -> dict:
    """Keep a program, its question and, when given, its result, under a link that anybody who has it can open and nobody can change.

    Returns `{id, path}`; the path begins at this server's address. Kept are the newest 200 of each caller and 5,000 in all.

    Args:
        code: the program, up to 64,000 characters.
        query: the question it answers.
        result: what it gave, up to 200,000 characters of JSON; everybody with the link sees it.
    """
    if not code.strip():
        raise InvalidInput("There is no program to keep.", "Write one, or choose one of the gallery.")
    if len(code) > _LONGEST_PROGRAM or len(query) > _LONGEST_QUESTION:
        raise TooLarge(f"A program has at most {_LONGEST_PROGRAM} characters and its question {_LONGEST_QUESTION}.")
    id = call.house.store.keep_query(call.caller.id, {"code": code, "query": query, "result": result}, largest=_LARGEST_RESULT + 2 * _LONGEST_PROGRAM)
    return {"id": id, "path": f"/?query={id}"}


@action(risk="read", title="Open a kept program", open_world=False)
async def hf_query_open(call: Call, id: str) -> dict:
    """A program somebody kept: `{id, code, query, result, at, mine}`; at in epoch seconds.

    Args:
        id: what stands behind `query=` in its link.
    """
    found = call.house.store.query(id.strip()[:64])
    if found is None:
        raise NotFound("There is no kept program of that id; the oldest are dropped.", "Ask whoever shared it to keep it again.")
    return {name: value for name, value in found.items() if name != "owner"} | {"mine": found["owner"] == call.caller.id}
