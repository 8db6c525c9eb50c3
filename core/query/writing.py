"""From a question to a program: what a model is told, and the program in what it answers."""

from __future__ import annotations

import json
import re
from typing import Any

from core.errors import ProviderFailed
from core.query.capabilities import capabilities
from core.query.contract import SKELETON

_FENCE = re.compile(r"```[\w-]*[ \t]*\n(.*?)```", re.DOTALL)
_RULES = """You write one short Python program that answers a question about the Hugging Face Hub. It runs in a sandbox where
the helpers below are in scope. Answer with the program alone, in one ```python block.

Its form is fixed; write only the body:

{skeleton}

- Import nothing. Await every helper. Pass only the arguments its signature names.
- A helper gives {{"ok", "item", "items", "meta", "error"}}. When ok is false for what the question rests on, return that envelope.
- Return JSON: a list of flat objects, or {{"results": [...], "coverage": {{...}}}} when you know what was left out.
- Ask for the fields you need with fields=[...]. Prefer one broad call over many small ones; max_calls bounds all requests.
- Independent calls may run at once with asyncio.gather, which is there without an import.
- "my" and "me" are the caller: leave the username out.

Helpers:
{helpers}

Columns by family:
{fields}

Conditions in where: {where}"""


def instructions() -> str:
    """What a model is told before the question; made of the tables the helpers themselves use."""
    helpers = capabilities("helpers")["content"]
    lines = [f"- {one['signature'].removeprefix('await ')}: {one['does']}{_rows(one)}" for one in helpers.values()]
    fields = capabilities("fields")["content"]
    return _RULES.format(
        skeleton=SKELETON,
        helpers="\n".join(lines),
        fields="\n".join(f"- {family}: {', '.join(names)}" for family, names in fields.items()),
        where=json.dumps(capabilities("where")["content"]),
    )


def _rows(helper: dict[str, Any]) -> str:
    return f" Rows: {helper['rows']}." if helper.get("rows") else ""


def conversation(question: str, tried: list[tuple[str, str]]) -> list[dict[str, str]]:
    """The messages for a model: rules, question, and each program that failed with what went wrong."""
    said = [{"role": "system", "content": instructions()}, {"role": "user", "content": question}]
    for program, error in tried:
        said.append({"role": "assistant", "content": f"```python\n{program}\n```"})
        said.append({"role": "user", "content": f"That program failed: {error[:2_000]}\nWrite the whole corrected program."})
    return said


def program_of(answer: str) -> str:
    """The program in an answer; `ProviderFailed` when there is none."""
    blocks = _FENCE.findall(answer)
    found = next((block for block in blocks if "def solve" in block), None) or (answer if "def solve" in answer and not blocks else None)
    if found is None:
        raise ProviderFailed("The model answered without a program.", "Ask again in other words, choose another model, or start from the gallery.")
    return found.strip() + "\n"
