"""The transcript of a chat as HTML: what is settled, what still changes, the plan, and the meter. Pure; what others wrote is escaped or cleaned."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from markupsafe import Markup

from ui.parts import plan as receipts
from ui.parts import steps
from ui.parts.card import card
from ui.parts.chat import Chat, Data, Entry, pending, settled
from ui.parts.chat_calls import came_out, inner, summary
from ui.parts.draw import draw
from ui.parts.files import readable
from ui.parts.notice import Button, failure, notice

SHOWN = 200  # entries; earlier ones come when asked for
_LONGEST_DETAIL = 6_000
_LONGEST_SAID = 12_000
_LONGEST_OPEN_PLAN = 6
# How a turn ended → the state it is drawn in, its word, and what can be done: go_on, retry, or nothing.
_ENDINGS: dict[str, tuple[str, str, str]] = {
    "done": ("done", "", ""),
    "stopped": ("stopped", "Stopped.", "go_on"),
    "iterations": ("warning", "The turn has taken all its steps.", "go_on"),
    "tokens": ("warning", "The turn has used all its tokens.", "go_on"),
    "money": ("warning", "The limit of this chat is reached.", "go_on"),
    "time": ("warning", "The turn has taken all its time.", "go_on"),
    "stuck": ("warning", "It repeats itself.", "go_on"),
    "interrupted": ("warning", "The server was restarted meanwhile.", "go_on"),
    "failed": ("failed", "The turn failed.", "retry"),
}
_KINDS = {
    "publish": "Publish", "delete": "Delete", "hardware": "Paid hardware", "secret": "A secret", "foreign": "Somebody else's repo",
    "open": "Open the box", "outside": "An outside tool", "spend": "Spend money",
}  # fmt: skip
_PAID = ("publish", "hardware", "spend")
_TRUSTED = ("publish", "hardware")
_OPENLY = ("outside", "foreign")  # what leaves this place stands on the card, not in a fold
_BY = {"trust": "approved by your trust", "message": "you wrote something else instead"}


def told(entries: Sequence[Entry]) -> str:
    """Entries that do not change any more, one behind the other: to be appended to what was drawn before."""
    return "".join(_entry(one) for one in entries)


def opened(chat: Chat, *, most: int = SHOWN) -> str:
    """The settled part of a chat from the beginning: the newest entries, and a button for the earlier ones."""
    known = chat.entries[: settled(chat)]
    earlier = draw("chat_earlier", count=len(known) - most, most=most + SHOWN) if len(known) > most else ""
    return earlier + told(known[-most:])


def live(chat: Chat) -> str:
    """What still changes: calls under way, cards that wait, the reply that is coming, and in a line what is being done."""
    still = chat.entries[settled(chat) :]
    coming = {"html": card(chat.text).html, "thoughts": chat.thoughts[-_LONGEST_DETAIL:]} if chat.text or chat.thoughts else None
    return draw("chat_live", entries=[Markup(_entry(one)) for one in still], coming=coming, working=chat.working, doing=doing(chat),
                waiting=sum(one.kind == "approval" for one in still))


def todo(chat: Chat) -> str:
    """The plan as a checklist, or nothing."""
    items = [{"text": one.get("text"), "state": {"working": "working", "done": "done"}.get(str(one.get("state")), "waiting")} for one in chat.todo]
    if not items:
        return ""
    done = sum(one["state"] == "done" for one in items)
    now = next((one["text"] for one in items if one["state"] == "working"), "")
    # Each of these is unfolded by itself: what a person unfolded while it worked does not cover what they are asked to approve.
    key = "waits" if pending(chat) else "done" if done == len(items) else "going"
    return draw("chat_todo", items=items, done=done, working=chat.working, now=now, key=f"todo-{key}", open=key == "going" and len(items) <= _LONGEST_OPEN_PLAN)


def meter(spent: Data | None, limit: float | None) -> str:
    """What the chat cost so far, of its limit; opened, by role, with a form for the limit."""
    told_of = spent or {"usd": 0.0, "tokens": (0, 0), "roles": {}, "unknown": False}
    top = told_of.get("limit") if told_of.get("limit") is not None else limit
    told_of = {**told_of, "roles": {name: usd for name, usd in told_of["roles"].items() if usd}}
    return draw("chat_meter", spent=told_of, limit=top, short=top is not None and told_of["usd"] >= 0.9 * top)


def doing(chat: Chat) -> str:
    """In a word or a few, what the agent is doing; empty when it is not."""
    if not chat.working:
        return ""
    calls = [one for one in chat.entries if one.open and one.kind == "tool"]
    if calls:
        call = calls[-1].data
        return inner(str(call.get("name")), call.get("title"), call.get("arguments") or {})[1]
    return "Writing" if chat.text else "Thinking"


def _entry(entry: Entry) -> str:
    return _DRAWN[entry.kind](entry)


def _said(entry: Entry) -> str:
    return draw("chat_said", **{**entry.data, "text": str(entry.data["text"])[:_LONGEST_SAID]})


def _reply(entry: Entry) -> str:
    return draw("chat_reply", html=card(entry.data["text"]).html, cut=entry.data.get("cut"), reasoning=str(entry.data.get("reasoning") or "")[:_LONGEST_DETAIL], key=entry.key)


def _tool(entry: Entry) -> str:
    data = entry.data
    state = "working" if entry.open else "stopped" if data.get("unfinished") else "done" if data.get("ok") else "failed"
    name, title, arguments = inner(str(data.get("name")), data.get("title"), data.get("arguments") or {})
    word = "" if state != "done" else came_out(name, data.get("data"), arguments)
    state = "warning" if word else state
    return draw(
        "chat_tool", key=entry.key, state=state, title=title, name=name, source=data.get("source"),
        summary=word or summary(arguments), seconds=data.get("seconds"), cost=data.get("cost_usd"), progress=data.get("progress") if entry.open else "",
        arguments=_pretty(arguments), text=_cut(data.get("text")), diffs=diffs(data.get("data")), picture=data.get("id") if data.get("picture") else None,
    )  # fmt: skip


def diffs(data: Any) -> list[dict[str, Any]]:
    """What a call changed in files, readable, where its result tells it: a list of files with patches, or one patch as text."""
    found = data.get("diff") if isinstance(data, Mapping) else None
    if isinstance(found, str) and found.strip():
        found = [{"path": "", "status": "changed", "patch": found, "added": _count(found, "+"), "removed": _count(found, "-")}]
    if not isinstance(found, list):
        return []
    return [readable(one) for one in found[:20] if isinstance(one, Mapping) and one.get("patch")]


def _count(patch: str, sign: str) -> int:
    return sum(line.startswith(sign) and not line.startswith(sign * 3) for line in patch.splitlines())


def _approval(entry: Entry) -> str:
    data, kind = entry.data, str(entry.data.get("kind"))
    name, title, arguments = inner(str(data.get("name")), data.get("title"), data.get("arguments") or {})
    plan = data["plan"] if isinstance(data.get("plan"), Mapping) else {}
    receipt = ""
    if plan.get("sentence") and plan.get("repo"):  # what `deploy_plan` gave; nothing is told twice
        told_twice = {"sentence": ""} if str(plan["sentence"]).rstrip(".") in str(data.get("reason")) else {}
        receipt = receipts.plan({**plan, **told_twice}, local=bool(plan.get("local")))
    inputs = plan.get("inputs") or (arguments if kind in _OPENLY else None)
    told_already = ("diff", "inputs", "masked")
    word = "" if entry.open else _BY.get(str(data.get("by"))) or ("approved" if data.get("approve") else "refused")
    return draw(
        "approval", key=entry.key, waits=entry.open, id=data.get("id"), kind=_KINDS.get(kind, kind), title=title, reason=data.get("reason"), warning=data.get("warning"),
        cost=data.get("usd_per_hour") if kind in _PAID else None, receipt=Markup(receipt), diffs=diffs(plan), inputs=_pretty(inputs), masked=plan.get("masked"),
        plan="" if receipt else _pretty({name: value for name, value in plan.items() if name not in told_already}), arguments="" if inputs == arguments else _pretty(arguments),
        approve=data.get("approve"), word=word, feedback=data.get("feedback"), grant=data.get("grant") if kind in _TRUSTED else None,
        risky=kind == "delete", confirm=str(plan.get("repo") or arguments.get("repo") or "") if kind == "delete" else "",
    )  # fmt: skip


def _question(entry: Entry) -> str:
    return draw("chat_question", waits=entry.open, id=entry.key.removeprefix("question-"), text=entry.data["text"], html=card(str(entry.data["text"])).html, choices=entry.data["choices"][:8])


def _similar(entry: Entry) -> str:
    return similar(entry.data["items"])


def similar(items: Sequence[Data]) -> str:
    """Spaces that may do it already: open one, improve a copy, or duplicate it; nothing when there are none."""
    return draw("chat_similar", items=items[:3]) if items else ""


def _agent(entry: Entry) -> str:
    data = entry.data
    state = {"working": "working", "done": "done"}.get(str(data.get("state")), "failed")
    return draw("chat_agent", state="working" if entry.open else state, **{name: data.get(name) for name in ("label", "text", "tokens", "tools", "cost_usd", "tool")})


def _steps(entry: Entry) -> str:
    return f'<div class="entry entry-steps">{steps.step_list(entry.data["lines"])}</div>'


def _notice(entry: Entry) -> str:
    return draw("chat_notice", **entry.data)


def _deployed(entry: Entry) -> str:
    return draw("chat_deployed", **entry.data)


def _ended(entry: Entry) -> str:
    ending, error = str(entry.data.get("ending")), entry.data.get("error")
    tone, word, action = _ENDINGS.get(ending, _ENDINGS["failed"])
    if ending == "done":
        return ""
    again = Button("Try again", event="go_on", icon="reload", primary=True) if action == "retry" else Button("Go on", event="go_on", icon="play", primary=True)
    if error:
        if error.get("code") == "no_model_fits":
            again = Button("Choose a model", event="pick", icon="cube", primary=True)
        return f'<div class="entry">{failure(error, again)}</div>'
    return f'<div class="entry">{notice(word, str(entry.data.get("text") or ""), tone=tone, buttons=[again] if action else [])}</div>'


def _cut(text: Any) -> str:
    text = str(text or "")
    return text if len(text) <= _LONGEST_DETAIL else f"{text[:_LONGEST_DETAIL]}\n… {len(text) - _LONGEST_DETAIL} more characters"


def _pretty(value: Any) -> str:
    return _cut(json.dumps(value, indent=2, ensure_ascii=False, default=str)) if value else ""


_DRAWN: dict[str, Callable[[Entry], str]] = {
    "said": _said, "reply": _reply, "tool": _tool, "approval": _approval, "question": _question, "similar": _similar, "agent": _agent,
    "steps": _steps, "notice": _notice, "deployed": _deployed, "ended": _ended,
}  # fmt: skip
