"""A chat as Markdown: who said what, each call with its result beside it, what a research did under it, and what it all cost."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

Body = Mapping[str, Any]
_FENCE = re.compile(r"`{3,}")
_MARKS = re.compile(r'<data source="[^"\n]*" trust="[^"\n]*">\n?|\n?</data>')
# What lets anybody in who has it: the token of a preview's address, the key of a private Space's.
_PREVIEW = re.compile(r"(/p/[a-z0-9]{6,})-[A-Za-z0-9_-]{12,}")
_PRIVATE = re.compile(r"(/s/[A-Za-z0-9-]+)~[A-Za-z0-9_-]{8,}")
_SHOWN = 2_000  # characters of a result; one of more than _FOLDED is folded
_FOLDED = 500
_MOST_STEPS = 30
_SAID_ELSEWHERE = ("plan", "ask")  # the checklist and the question are shown as such


@dataclass
class _Part:
    """A piece of the text. tail: lines that came later and belong to it: steps, and what a sub-agent did."""

    text: str
    tail: list[str] = field(default_factory=list)
    left: int = 0

    def add(self, line: str) -> None:
        if len(self.tail) < _MOST_STEPS:
            self.tail.append(line)
        else:
            self.left += 1

    def change(self, before: str, now: str) -> None:
        """What stands there of a call is how it ended, too."""
        if before in self.tail:
            self.tail[self.tail.index(before)] = now

    def whole(self) -> str:
        more = [f"- … and {self.left} more"] if self.left else []
        return "\n".join([self.text, *([""] if self.tail else []), *self.tail, *more])


def without_keys(text: str) -> str:
    """The text without what opens a preview or a private Space to whoever reads its address."""
    return _PRIVATE.sub(r"\1~…", _PREVIEW.sub(r"\1-…", text))


def markdown(about: Body, events: Sequence[Body]) -> str:
    """about: id, title, project, status, created, updated and spent of the chat; events: their bodies, in order."""
    told = _Told({str(one["id"]): str(one["name"]) for one in events if one["event"] in ("ToolStarted", "ApprovalAsked") and not one.get("agent")})
    for event in events:
        told.take(event)
    return without_keys("\n\n".join([_head(about, events), *(part.whole() for part in told.parts)]) + "\n")


def _head(about: Body, events: Sequence[Body]) -> str:
    spent = about.get("spent") or {}
    models = dict.fromkeys(str(one["receipt"].get("model")) for one in events if one["event"] == "Cost" and (one.get("receipt") or {}).get("model"))
    sum_of = _dollars(spent.get("usd") or 0.0, bool(spent.get("unknown")))
    roles = ", ".join(f"{role} ${usd:.4f}" for role, usd in (spent.get("roles") or {}).items())
    lines = [
        f"{_day(about['created'])} to {_day(about.get('updated') or about['created'])} · {about['status']}",
        f"Models: {', '.join(models) or 'none'} · tokens: {spent.get('prompt', 0):,} read, {spent.get('completion', 0):,} written",
        f"Cost: {sum_of}{f' ({roles})' if roles else ''}",
        *([f"Project: `{about['project']}`"] if about.get("project") else []),
    ]
    return f"# {about['title']}\n\n" + "  \n".join(lines)


class _Told:
    """What was told so far. Calls are known by the one who made them and their id, so that each result finds its own.

    names: of the tools, by the call's id.
    """

    def __init__(self, names: Mapping[str, str]) -> None:
        self.parts: list[_Part] = []
        self._calls: dict[tuple[str, str], tuple[_Part, Body]] = {}
        self._agents: dict[str, _Part] = {}
        self._names = names

    def take(self, event: Body) -> None:
        kind = event["event"]
        if agent := event.get("agent"):
            self._of_agent(str(agent), event)
        elif kind in _OWN:
            _OWN[kind](self, event)
        elif (write := _PARTS.get(kind)) and (text := write(event)):
            self._add(text)

    def _add(self, text: str) -> _Part:
        self.parts.append(_Part(text))
        return self.parts[-1]

    def started(self, event: Body) -> None:
        if event["name"] not in _SAID_ELSEWHERE:
            self._calls[("", event["id"])] = (self._add(_call(event)), event)

    def ended(self, event: Body) -> None:
        if event["name"] in _SAID_ELSEWHERE and event["ok"]:
            return
        part, begun = self._calls.pop(("", event["id"]), (None, event))
        part = part or self._add("")
        part.text = "\n\n".join(filter(None, [_call(begun, event), _result(event)]))

    def step(self, event: Body) -> None:
        if event["state"] == "working":
            return
        line = f"- {event['text']}"
        if self._calls:
            next(reversed(self._calls.values()))[0].add(line)
        elif self.parts:
            self.parts[-1].add(line)

    def sub_agent(self, event: Body) -> None:
        """Its status line opens the list of what it did, under the call that began it."""
        if event["id"] not in self._agents:
            begun = event["label"].removeprefix("research: ").rstrip("…")
            own = [part for part, one in self._calls.values() if " ".join(str(one.get("arguments", {}).get("task", "")).split()).startswith(begun)]
            part = next((one for one in own if one not in self._agents.values()), None)
            self._agents[event["id"]] = part or self._add(f"**{event['label']}**")
        if event["state"] != "working":
            cost = f", {_dollars(event['cost_usd'], False)}" if event.get("cost_usd") else ""
            part = self._agents[event["id"]]
            part.tail.append(f"- {event['state']}: {event['text']} ({event['tools']} calls, {event['tokens']:,} tokens{cost})")

    def _of_agent(self, agent: str, event: Body) -> None:
        part = self._agents.get(agent)
        if part is None:
            part = self._agents[agent] = self._add(f"**Sub-agent {agent}**")
        if event["event"] == "ToolStarted":
            self._calls[(agent, event["id"])] = (part, event)
            part.add(_line(event))
        elif event["event"] == "ToolEnded":
            _, begun = self._calls.pop((agent, event["id"]), (part, event))
            why = "" if event["ok"] or not event["text"] else f": {_flat(event['text'])}"
            part.change(_line(begun), f"{_line(begun, event)}{why}")
        elif event["event"] in ("Noticed", "Said") and event["text"]:
            part.add(f"- {_flat(event['text'])}")

    def asked(self, event: Body) -> None:
        self._add(f"**Asked to approve** `{event['name']}`: {event['reason']}")

    def given(self, event: Body) -> None:
        name = self._names.get(event["id"])
        how = {"trust": " by trust", "message": " by writing something else"}.get(event["by"], "")
        feedback = f": {event['feedback']}" if event["feedback"] else ""
        self._add(f"**{'Approved' if event['approve'] else 'Refused'}{how}**{f' `{name}`' if name else ''}{feedback}")


def _call(begun: Body, ended: Body | None = None) -> str:
    """What was called, how it ended, with what."""
    return f"{_named(begun, ended)}{_arguments(begun.get('arguments') or {})}"


def _line(begun: Body, ended: Body | None = None) -> str:
    """The same in one line."""
    given = _flat(json.dumps(begun.get("arguments") or {}, ensure_ascii=False)).replace("`", "'")
    return f"- {_named(begun, ended)}{f' `{given}`' if given != '{}' else ''}"


def _named(begun: Body, ended: Body | None) -> str:
    how = "" if ended is None else f" · {ended['seconds']:.1f} s{'' if ended['ok'] else ' · failed'}"
    return f"**{begun.get('title') or begun['name']}** `{begun['name']}`{how}"


def _arguments(given: Mapping[str, Any]) -> str:
    """Arguments after the name where they are short, below it where they are long."""
    if not given:
        return ""
    flat = json.dumps(given, ensure_ascii=False)
    if len(flat) <= 160 and "`" not in flat:
        return f" `{flat}`"
    return f"\n\n{_block('Arguments', json.dumps(given, ensure_ascii=False, indent=1))}"


def _result(event: Body) -> str:
    text = _MARKS.sub("", event["text"]).strip()
    return _block("Result", text) if text else ""


def _block(name: str, text: str) -> str:
    """The text as code that ends where it should, whatever is in it; folded where it is long, and cut where it is very long."""
    text = without_keys(text)
    cut = text if len(text) <= _SHOWN else f"{text[:_SHOWN]}\n[{len(text) - _SHOWN:,} more characters]"
    longest = max((len(found) for found in _FENCE.findall(cut)), default=2)
    fence = "`" * (longest + 1)
    block = f"{fence}\n{cut}\n{fence}"
    return block if len(text) <= _FOLDED else f"<details><summary>{name}, {len(text):,} characters</summary>\n\n{block}\n\n</details>"


def _said(event: Body) -> str:
    model = f" · {event['model']}" if event.get("model") else ""
    return f"## Agent{model}\n\n{event['text']}" if event["text"] else ""


def _todo(event: Body) -> str:
    return "\n".join(f"- [{'x' if item.get('state') == 'done' else ' '}] {item.get('text', '')}" for item in event["items"])


def _similar(event: Body) -> str:
    return "Spaces like it:\n" + "\n".join(f"- {row.get('title') or row.get('id')} <{row.get('url')}>" for row in event["items"])


def _question(event: Body) -> str:
    choices = " / ".join(event.get("choices") or ())
    return f"**Question:** {event['text']}{f' ({choices})' if choices else ''}"


def _dollars(usd: float, unknown: bool) -> str:
    return f"about ${usd:.4f}, as some prices are not told" if unknown else f"${usd:.4f}"


def _day(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d %H:%M UTC")


def _flat(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= 200 else f"{line[:200]}…"


_OWN: dict[str, Callable[[_Told, Body], None]] = {
    "ToolStarted": _Told.started, "ToolEnded": _Told.ended, "Step": _Told.step, "SubAgent": _Told.sub_agent,
    "ApprovalAsked": _Told.asked, "ApprovalGiven": _Told.given,
}  # fmt: skip
_PARTS: dict[str, Callable[[Body], str]] = {
    "UserSaid": lambda event: f"## You · {_day(event['at'])}\n\n{event['text']}",
    "Said": _said,
    "Todo": _todo,
    "Question": _question,
    "Similar": _similar,
    "Noticed": lambda event: f"*{event['text']}*",
    "Deployed": lambda event: f"Deployed: <{event['url']}>",
    "TurnEnded": lambda event: f"*{event['text']}*" if event["text"] else "",
}
