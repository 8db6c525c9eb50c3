"""The tools that are the chat's own and no action: the plan, a question, and the way to every action that is not offered at once."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from pydantic import BaseModel, model_validator

from core.agent.policy import policy
from core.agent.rendering import cut
from core.agent.values import Emit, Output
from core.errors import InvalidInput
from core.events import Question, Todo
from core.registry import Action, actions, described

_MOST_ITEMS = 40
_LONGEST_ITEM = 300
_MOST_CHOICES = 6
_LONGEST_QUESTION = 2_000
_FOUND = 5
_OTHERS = 12
_LONGEST_FOUND = 3_600  # characters of what find_action tells in full
_WEIGHTS = {"name": 4, "title": 3, "description": 2, "arguments": 1}
# How models of other houses call the three states.
_STATES = {"todo": "pending", "open": "pending", "in_progress": "working", "doing": "working", "active": "working", "completed": "done", "complete": "done"}


@dataclass(frozen=True)
class Own:
    """One call of an own tool: its id, where its events go, the schema of an action as this chat offers it, and what it offers at once."""

    id: str
    emit: Emit
    schema: Callable[[Action], Mapping[str, Any]]
    offered: Collection[str] = ()


class Item(BaseModel):
    """One line of the plan."""

    text: str
    state: Literal["pending", "working", "done"] = "pending"

    @model_validator(mode="before")
    @classmethod
    def _as_models_write_it(cls, value: Any) -> Any:
        if isinstance(value, str):
            return {"text": value}
        if isinstance(value, Mapping):
            text = next((value[key] for key in ("text", "content", "task", "title", "step") if isinstance(value.get(key), str)), None)
            state = value.get("state") or value.get("status") or "pending"
            return {"text": text, "state": _STATES.get(str(state).lower(), state)}
        return value


async def plan(own: Own, items: list[Item]) -> Output:
    """Write down the plan as a checklist the person sees, and tick it off; each call replaces the whole list.

    Args:
        items: 1 to 40 of `{text, state}`; state is pending, working or done. Have one working at a time.
    """
    if not 1 <= len(items) <= _MOST_ITEMS:
        raise InvalidInput(f"A plan has 1 to {_MOST_ITEMS} items; this one has {len(items)}.", "Join what belongs together.")
    rows = tuple({"text": " ".join(cut(item.text, _LONGEST_ITEM).split()), "state": item.state} for item in items)
    own.emit(Todo(items=rows))
    counts = {state: sum(row["state"] == state for row in rows) for state in ("done", "working", "pending")}
    return Output(f"Noted: {', '.join(f'{count} {state}' for state, count in counts.items() if count)}.", data={"items": list(rows)})


async def ask(own: Own, question: str, choices: list[str] | None = None) -> Output:
    """Ask the person one thing that cannot be found out or sensibly assumed. The turn ends; their next message is the answer.

    Args:
        question: one question, in the person's language.
        choices: up to 6 short answers to choose from; they may always answer in their own words.
    """
    text = cut(question.strip(), _LONGEST_QUESTION)
    if not text:
        raise InvalidInput("There is no question.", "Say what you need to know.")
    offered = tuple(" ".join(cut(choice, 200).split()) for choice in (choices or [])[:_MOST_CHOICES] if choice.strip())
    own.emit(Question(id=own.id, text=text, choices=offered))
    return Output(text, data={"question": text, "choices": list(offered)}, ends="question")


async def find_action(own: Own, query: str) -> dict:
    """Find what else can be done here, besides the tools you have: up to 5 actions with their arguments, to be run by use_action.

    Args:
        query: what you want to do, in a few words, such as: rename a file, list my Spaces, duplicate a Space.
    """
    wanted = _words(query)
    ranked = _ranked(wanted, visible())
    others = [name for name in visible() if name not in own.offered]
    if not wanted:
        raise InvalidInput("The query holds no words.", f"The actions are: {', '.join(others)}.")
    best = [name for name in ranked if ranked[name] * 2 > max(ranked.values())]
    found: list[dict[str, Any]] = []
    for name in [name for name in best if name not in own.offered][:_FOUND]:
        told = _told(visible()[name], own.schema(visible()[name]))
        if found and sum(len(json.dumps(one)) for one in (*found, told)) > _LONGEST_FOUND:
            break
        found.append(told)
    here = [name for name in best[:_FOUND] if name in own.offered]
    left = [name for name in (ranked or others) if name not in own.offered and name not in {one["name"] for one in found}]
    already = {"you_have_already": ", ".join(here)} if here else {}
    return {"found": found, **already, "others": ", ".join(left[:_OTHERS] if ranked else left)}


async def use_action(own: Own, name: str, arguments: dict[str, Any] | None = None) -> Output:
    """Run an action that find_action told of. What needs the person's word needs it here too.

    Args:
        name: the action's name.
        arguments: its arguments, as find_action tells them.
    """
    raise InvalidInput(f"{name[:80]!r} is no action.", "Find one with find_action.")  # the toolbox takes the inner call out before


_TOOLS: dict[str, tuple[Callable[..., Awaitable[Any]], str]] = {
    "plan": (plan, "Plan"),
    "ask": (ask, "Ask"),
    "find_action": (find_action, "Find an action"),
    "use_action": (use_action, "Use an action"),
}
OWN: Mapping[str, Action] = {name: described(run, risk="read", title=title, open_world=False) for name, (run, title) in _TOOLS.items()}


def visible() -> dict[str, Action]:
    """Every action that may ever be the agent's, by name."""
    return {name: action for name, action in actions().items() if not policy().hidden(name, action.risk)}


def _told(action: Action, schema: Mapping[str, Any]) -> dict[str, Any]:
    kinds = {row.kind for row in policy().rows(action.name, action.risk)}
    asks = sorted(kinds & policy().asks)
    told = {"name": action.name, "what": action.description, "arguments": schema.get("properties", {}), "required": schema.get("required", [])}
    return told | ({"asks_the_person": asks} if asks else {})


def _ranked(wanted: Sequence[str], known: Mapping[str, Action]) -> dict[str, float]:
    """What any of these words speaks of, the best first: a word counts where it stands most tellingly, and more the fewer actions have it."""
    texts = {name: {part: frozenset(_words(text)) for part, text in _texts(action).items()} for name, action in known.items()}
    scores: dict[str, float] = {}
    for word in wanted:
        having = {name: max((_WEIGHTS[part] for part, words in parts.items() if word in words), default=0) for name, parts in texts.items()}
        having = {name: weight for name, weight in having.items() if weight}
        for name, weight in having.items():
            scores[name] = scores.get(name, 0.0) + weight * math.log(1 + len(known) / len(having))
    return dict(sorted(scores.items(), key=lambda pair: (-pair[1], pair[0])))


def _texts(action: Action) -> dict[str, str]:
    told = action.schema.get("properties", {})
    arguments = " ".join(f"{name} {one.get('description', '')}" for name, one in told.items())
    return {"name": action.name, "title": action.title, "description": action.description, "arguments": arguments}


def _words(text: str) -> list[str]:
    """Words in lower case, once each, without an ending that tells one from many."""
    found = re.findall(r"[a-z0-9]+", text.lower())
    return list(dict.fromkeys(word.removesuffix("s") if len(word) > 3 else word for word in found if len(word) > 1))
