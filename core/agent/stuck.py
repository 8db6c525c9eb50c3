"""Is the model going in circles? Looks at the newest calls only, says what repeats, and says it once for each streak.

A call counts with its result: a poll whose answers change is no circle, nor is an edit and a check whose error changes.
What was said about is not looked at again, so a changed strategy begins with nothing against it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass

from core.agent.superseding import digest
from core.agent.values import Message

_SAME = 3  # the same call with the same result, so many replies in a row
_CYCLES = range(2, 6)
_IDLE = 8  # calls without any change …
_TRIED = 3  # … of which so many wrote or checked
_LOOKED_AT = 60
# What changes files, and what looks whether the app works. Others say nothing about progress.
WRITES = frozenset(
    "project_edit project_create project_write project_upload project_rename project_remove project_undo project_redo project_restore "
    "project_run_keep generate_app_code app_repair".split()
)
CHECKS = frozenset("app_verify preview_check preview_start preview_update project_check".split())
_REVISION = re.compile(r"revision\W{1,6}([0-9a-f]{7,40})")
_FIRST = re.compile(r'"first_error":\s*"(?:[^"\\]|\\.)*"')
_CODE = re.compile(r"[a-z_]{3,40}(?=:)")
# Ids, times and addresses differ from run to run; an error is the same without them.
_VARIES = re.compile(r"0x[0-9a-f]+|\b[0-9a-f]{8,}\b|\d+(?:\.\d+)?")


@dataclass(frozen=True)
class Stuck:
    """What repeats. note: for the model. final: it happened before in this turn; a person is asked. kind: same, cycle or idle."""

    note: str
    final: bool
    kind: str


@dataclass(frozen=True)
class _Done:
    """A call that was answered. id: of the call; ok: False when it failed; mark: its tool, arguments and result."""

    id: str
    name: str
    arguments: str
    result: str
    ok: bool
    mark: str


class Watch:
    """Looks at one turn as it goes on."""

    def __init__(self) -> None:
        self._told = 0
        self._last: str | None = None

    def look(self, messages: Sequence[Message]) -> Stuck | None:
        """What the newest calls repeat, or None. The same streak is told of once; the second streak of a turn is final."""
        calls = newest(messages, self._last)
        found = _same(calls) or _cycle(calls) or _idle(calls)
        if found is None:
            return None
        kind, what = found
        self._told += 1
        self._last = calls[-1].id
        final = self._told > 1
        return Stuck(f"{what} {_FINAL if final else _ADVICE[kind]}", final, kind)


_ADVICE = {
    "same": "Calling it again will not change that. Do something else: read what the result says, look at another place, or ask the person.",
    "cycle": "Going round again will not change that. Find out why the results stay the same, take another way, or ask the person.",
    "idle": "Stop and think: read the first error again, look at the file it names, and make one change that is different from the others; or ask the person.",
}
_FINAL = "That is the second time in this turn, so it stops here; a word of yours on how to go on helps."


def newest(messages: Sequence[Message], after: str | None = None) -> list[_Done]:
    """The answered calls since the person's last words, or since the call `after`, oldest first; equal calls of one reply are one."""
    results: dict[str, Message] = {}
    found: list[_Done] = []
    for message in reversed(messages):
        if message.get("role") == "tool":
            results.setdefault(str(message.get("tool_call_id")), message)
        elif message.get("role") == "assistant" and message.get("tool_calls"):
            reply: dict[str, _Done] = {}
            ended = False
            for call in message["tool_calls"]:
                ended = ended or (after is not None and call.get("id") == after)
                if call.get("id") in results:
                    done = _done(call, results[call["id"]])
                    reply.setdefault(done.mark, done)
            if ended:
                break
            found[:0] = reply.values()
        elif message.get("role") == "user" and (message.get("meta") or {}).get("kind", "said") == "said":
            break
        if len(found) >= _LOOKED_AT:
            break
    return found


def _done(call: Message, answer: Message) -> _Done:
    function, result = call.get("function") or {}, _text(answer)
    name, arguments = str(function.get("name", "")), _canonical(function.get("arguments"))
    meta = answer.get("meta") or {}
    mark = digest(f"{name}\0{arguments}\0{meta.get('was') or digest(result)}")
    return _Done(str(call.get("id")), name, arguments, result, meta.get("ok", True), mark)


def _canonical(arguments: object) -> str:
    """The arguments as text in which order and spaces mean nothing."""
    try:
        value = json.loads(arguments) if isinstance(arguments, str) else arguments
        return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    except (ValueError, TypeError, RecursionError):
        return str(arguments)


def _text(message: Message) -> str:
    content = message.get("content")
    if isinstance(content, list):
        return " ".join(str(part.get("text", "")) for part in content if isinstance(part, dict))
    return str(content or "")


def _same(calls: Sequence[_Done]) -> tuple[str, str] | None:
    times = 0
    for call in reversed(calls):
        if call.mark != calls[-1].mark:
            break
        times += 1
    if times < _SAME:
        return None
    last = calls[-1]
    # Of what it gave only an error's code is ours; the rest stands just above, marked as whose it is.
    code = _CODE.match(last.result) if not last.ok else None
    return "same", f"{last.name}({_short(last.arguments)}) was called {times} times in a row and gave the same{f' {code[0]}' if code else ''} each time."


def _cycle(calls: Sequence[_Done]) -> tuple[str, str] | None:
    marks = [call.mark for call in calls]
    for length in _CYCLES:
        if len(marks) >= 2 * length and marks[-length:] == marks[-2 * length : -length] and len(set(marks[-length:])) > 1:
            names = " → ".join(f"{call.name}({_short(call.arguments, 60)})" for call in calls[-length:])
            return "cycle", f"The same {length} calls with the same results have run twice in a row: {names}."
    return None


def _idle(calls: Sequence[_Done]) -> tuple[str, str] | None:
    """Eight calls, among them at least three that wrote or checked, and neither a file nor an error is another than before."""
    window = calls[-_IDLE:]
    tried = [call for call in window if call.name in WRITES or call.name in CHECKS]
    if len(window) < _IDLE or len(tried) < _TRIED:
        return None
    known = {written[1] for call in calls[:-_IDLE] if (written := _REVISION.search(call.result))}
    errors: dict[str, set[str]] = {}
    for call in tried:
        if call.name in CHECKS:
            told = _FIRST.search(call.result)
            errors.setdefault(call.name, set()).add(_VARIES.sub("#", told[0] if told else call.result))
            continue
        written = _REVISION.search(call.result)
        if written[1] not in known if written else call.ok:
            return None  # files changed, or it does not say that they did not
    if any(len(seen) > 1 for seen in errors.values()):
        return None
    names = ", ".join(dict.fromkeys(call.name for call in tried))
    return "idle", f"In the last {_IDLE} calls no file has changed and no error has become another, although {names} was tried {len(tried)} times."


def _short(text: str, most: int = 120) -> str:
    flat = " ".join(text.split())
    return flat if len(flat) <= most else flat[: most - 1] + "…"
