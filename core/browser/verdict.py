"""What a visit means: does the app start, show something, and work without errors. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

MOST_NAMED = 3
EXPECTS = ("expect_text", "wait_for")  # the steps that say what must come of it


def outcome_of(visit: Mapping[str, Any], *, steps: int) -> dict[str, Any]:
    """The visit as the action tells it: what was found, and `verdict`.

    Args:
        visit: what the driver found.
        steps: how many steps were asked for.

    `verdict` is `{ok, problems, notes, checks}`; `checks` are the lines a person reads: `{name, ok, text}`.
    """
    refusals = _refusals(visit, steps)
    problems = [*_opening(visit), *_errors(visit, refusals), *_using(visit, steps)]
    verdict = {"ok": not problems, "problems": problems, "notes": [*_notes(visit), *refusals.values()], "checks": _checks(visit, steps, refusals)}
    shown = ("status", "title", "ready_ms", "settled", "failed_requests", "accessibility", "screenshot")
    steps_done = [{**one, "console": _once(one["console"])} if one.get("console") else one for one in visit["steps"]]
    return {**{name: visit[name] for name in shown}, "console": _once(visit["console"]), "steps": steps_done, "verdict": verdict}


def unseen(trouble: str) -> dict[str, Any]:
    """The visit of a page that took its browser down: nothing was seen but that."""
    nothing = {"console": [], "console_more": 0, "failed_requests": [], "refused": [], "dialogs": [], "windows": 0, "downloads": 0}
    page = {"status": None, "title": "", "ready_ms": None, "loaded": False, "settled": False, "blank": None, "left": None}
    return {**page, "trouble": trouble, "accessibility": "", "screenshot": None, "steps": [], **nothing, "dialog_flood": False}


def _opening(visit: Mapping[str, Any]) -> list[str]:
    status = visit["status"]
    found = []
    if visit["trouble"]:
        found.append(visit["trouble"])
    if status is not None and status >= 400:
        found.append(f"The page answers {status}.")
    if visit["left"]:
        found.append(f"The page left the app for {visit['left']}.")
    if status is not None and not visit["loaded"] and not visit["trouble"]:
        found.append("The page did not finish loading in time.")
    if visit["blank"] and not visit["trouble"]:
        found.append("The page is blank.")
    if visit["dialog_flood"]:
        found.append("The page opens dialogs without end.")
    return found


def _of(visit: Mapping[str, Any], *levels: str) -> list[str]:
    return [entry["text"] for entry in visit["console"] if entry["level"] in levels]


def _once(console: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Each line once, in the order they came; `times` where it came more often."""
    counts = Counter((entry["level"], entry["text"]) for entry in console)
    return [{"level": level, "text": text, **({"times": times} if times > 1 else {})} for (level, text), times in counts.items()]


def _told(entry: Mapping[str, Any]) -> str:
    method = f"{entry['method']} " if "method" in entry else ""
    return f"{method}{entry['url']} ({entry.get('status') or entry.get('reason')})"


def _refusals(visit: Mapping[str, Any], steps: int) -> dict[str, str]:
    """Requests that change something and were refused, while every step asked for worked and said what must come of it: an
    app that answers bad input with 422 is right. The request → the note about it."""
    done = visit["steps"]
    if steps == 0 or len(done) != steps or not all(one["ok"] for one in done) or not any(one["do"] in EXPECTS for one in done):
        return {}
    refused = [entry for entry in visit["failed_requests"] if "method" in entry and 400 <= entry.get("status", 0) < 500]
    meant = "every step worked, so that counts as meant."
    return {_told(entry): f"The app refused {entry['method']} {entry['url']} with {entry['status']}; {meant}" for entry in refused}


def _own_failures(visit: Mapping[str, Any], refusals: Mapping[str, str]) -> list[str]:
    own = [entry for entry in visit["failed_requests"] if entry.get("reason") != "outside the preview" and entry["url"] != "/"]
    return [told for told in map(_told, own) if told not in refusals]


def _errors(visit: Mapping[str, Any], refusals: Mapping[str, str]) -> list[str]:
    found = []
    for texts, words in (
        (_of(visit, "uncaught"), "uncaught error"),
        (_of(visit, "error"), "error on the console"),
        (_own_failures(visit, refusals), "failed request"),
    ):
        if texts:
            found.append(f"{_count(len(texts), words)}: {_some(texts)}")
    return found


def _using(visit: Mapping[str, Any], steps: int) -> list[str]:
    done = visit["steps"]
    found = [f"Step {one['step']} ({one['do']}) failed: {one['error']}" for one in done if not one["ok"]]
    if steps > len(done):
        found.append(f"{_count(steps - len(done), 'step')} not tried.")
    return found


def _notes(visit: Mapping[str, Any]) -> list[str]:
    found = []
    if visit["refused"]:
        found.append(f"The page asked for other addresses, which a preview cannot reach: {_some(visit['refused'])}")
    elif blocked := _of(visit, "blocked"):
        found.append(f"The preview's own rules stopped {_count(len(blocked), 'attempt')}: {_some(blocked)}")
    if visit["loaded"] and not visit["settled"]:
        found.append("The page never came to rest; it keeps changing or loading.")
    if visit["dialogs"]:
        found.append(f"The page opened {_count(len(visit['dialogs']), 'dialog')}, dismissed: {_some([one['message'] for one in visit['dialogs']])}")
    if visit["windows"]:
        found.append(f"The page opened {_count(visit['windows'], 'window')}, closed at once.")
    if visit["downloads"]:
        found.append(f"The page offered {_count(visit['downloads'], 'download')}, which was not kept.")
    if visit["console_more"]:
        found.append(f"{_count(visit['console_more'], 'more console line')} not kept.")
    return found


def _checks(visit: Mapping[str, Any], steps: int, refusals: Mapping[str, str]) -> list[dict[str, Any]]:
    started = not _opening(visit)
    errors = len(_of(visit, "uncaught", "error"))
    failed = len(_own_failures(visit, refusals))
    lines = [
        {"name": "starts", "ok": started, "text": "starts" if started else "does not start well"},
        {"name": "console", "ok": not errors, "text": _count(errors, "console error") if errors else "no console errors"},
        {"name": "requests", "ok": not failed, "text": _count(failed, "failed request") if failed else "no failed requests"},
    ]
    if steps:
        fine = len(visit["steps"]) == steps and all(one["ok"] for one in visit["steps"])
        done = sum(one["ok"] for one in visit["steps"])
        lines.append({"name": "used", "ok": fine, "text": "used once" if fine else f"used: {done} of {_count(steps, 'step')} worked"})
    return lines


def _count(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"


def _some(texts: Sequence[str]) -> str:
    """The first few, each once."""
    each = list(dict.fromkeys(text.strip().splitlines()[0][:200] for text in texts if text.strip()))
    more = len(each) - MOST_NAMED
    return "; ".join(each[:MOST_NAMED]) + (f"; and {more} more" if more > 0 else "")
