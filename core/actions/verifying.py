"""Does the app work? Its files, its start, its page and one use of it, as one look that never fails because the app does."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from core.actions import preview as previewing
from core.actions.checking import preview_check
from core.actions.projects import open_project
from core.browser import Step, Viewport
from core.build import Project, preflight
from core.errors import AppFailed, Conflict, InvalidInput, NotFound, TimedOut, TooLarge
from core.failures import Failure, condensed, failures, first_failure, page_place
from core.preview import Preview
from core.registry import Call, action
from core.repair import Look

_LOG_LINES, _LINE = 80, 600
_TREE, _LISTED = 4_000, 20
USE = (Step(do="use"),)


@dataclass(frozen=True)
class Seen:
    """A look, and what it was made of: the preview that runs, what the browser found."""

    look: Look
    preview: Preview | None = None
    check: dict[str, Any] | None = None
    notes: tuple[str, ...] = field(default=())


@action(risk="write", title="Verify an app", open_world=False)
async def app_verify(
    call: Call, project: str, steps: list[Step] | None = None, wait_seconds: float = 60, fresh: bool = False, viewport: Viewport = "desktop"
) -> dict:
    """Find out whether a project's app works: check its files, start it or bring it the new ones, open it in a browser, use it.

    A broken app is an answer, not an error. It stops at the first stage that fails; fix first_error, then verify again.

    Args:
        project: the project's id.
        steps: what to do on the page and what must come of it, as in preview_check; without them the empty fields are filled
            and the main button is pressed once.
        wait_seconds: how long the app may take to start, 1 to 300 seconds.
        fresh: start it anew, without what it has written so far, such as a database of an older version.
        viewport: desktop (1280 x 800) or phone (390 x 844, touch).

    Returns `{project, revision, ok, score, stage, first_error, path, line, problems, findings, notes, log, preview, check,
    screenshot}`. stage is where it fails: preflight (files), start, check (page), use, or done; score is 0 to 100; problems are
    what is wrong beside first_error; log the app's newest lines, of tracebacks its own frames; check what preview_check found.
    Where this server has no browser, stage start with ok is all it knows.
    Raises not_found without such a project, invalid_input for steps that cannot be done.
    """
    found = await open_project(call, project)
    seen = await look_at(call, found, steps=steps, wait_seconds=wait_seconds, fresh=fresh, viewport=viewport)
    return told(call, found, seen)


def told(call: Call, project: Project, seen: Seen) -> dict[str, Any]:
    """What was seen, as the actions tell it."""
    look, check = seen.look, seen.check
    picture = check.get("screenshot") if check else None
    return {
        "project": project.id,
        "revision": project.revision,
        "ok": look.ok,
        **{("first_error" if name == "error" else name): value for name, value in look.short().items()},
        "path": look.path,
        "line": look.line,
        "problems": [one for one in look.problems if not one.endswith(look.error)],
        "findings": [dict(one) for one in look.findings],
        "notes": list(seen.notes),
        "log": [] if look.ok else list(look.log[-30:]),
        "preview": previewing.shape(call, seen.preview) if seen.preview else None,
        "check": _bounded(check, look) if check else None,
        "screenshot": picture,
    }


def _bounded(check: dict[str, Any], look: Look) -> dict[str, Any]:
    """The check without what stands elsewhere: why a step failed is the first error, or one of the problems."""
    small = {name: value for name, value in check.items() if name not in ("screenshot", "preview", "project")}
    tree = check["accessibility"]
    return small | {
        "accessibility": tree if len(tree) <= _TREE else tree[:_TREE] + "\n… cut here",
        "console": check["console"][:_LISTED],
        "steps": [{name: value for name, value in one.items() if name != "error" or not any(value in said for said in look.problems)} for one in check["steps"]],
        "failed_requests": check["failed_requests"][:_LISTED],
    }


async def look_at(
    call: Call, project: Project, *, steps: Sequence[Step] | None = None, wait_seconds: float = 60, browser: bool = True, fresh: bool = False,
    viewport: Viewport = "desktop",
) -> Seen:
    """One look at the app as its files are now. browser: open its page too. fresh: start it without the data it has kept.

    Raises what is not the app's own fault: steps that cannot be done, a machine that cannot run apps, too many previews.
    """
    files = await asyncio.to_thread(project.snapshot)
    findings = tuple(asdict(one) for one in await asyncio.to_thread(preflight, files))
    wrong = next((one for one in findings if one["severity"] == "error"), None)
    if wrong:
        errors = tuple(one["message"] for one in findings if one["severity"] == "error")
        line = wrong["line"]
        return Seen(Look("preflight", False, wrong["message"], wrong["path"], line, reached=line, problems=errors, findings=findings))
    try:
        wait_seconds = min(max(wait_seconds, 1), 300)
        if fresh:
            rented = [one.spec.remote for one in call.house.previews.list(call.caller.id) if one.spec.label == project.id and one.stage == "running"]
            live = await previewing.start(call, project, wait_seconds=wait_seconds, remote=rented[-1] if rented else None)
        else:
            live, _ = await previewing.update(call, project, wait_seconds=wait_seconds)
    except (AppFailed, TimedOut, InvalidInput) as error:
        if isinstance(error, TooLarge):
            raise
        return Seen(_not_started(call, project, error, files, findings))
    started = Look("start", True, findings=findings)
    if not browser:
        return Seen(started, live)
    before = _last_number(live)
    try:
        given = list(steps if steps is not None else USE)
        check = await preview_check(call, live.id, given, viewport=viewport, wait_seconds=20)
    except NotFound:
        return Seen(started, live, notes=("This server has no browser, so nobody has looked at the page.",))
    except (Conflict, AppFailed) as error:  # it ended between its first answer and the visit
        return Seen(_not_started(call, project, error, files, findings), live)
    look, notes = _checked(live, check, before, files, findings)
    look = look if look.ok else replace(look, steps=tuple(_in_words(given[one["step"] - 1], one) for one in check["steps"]))
    return Seen(look, live, check, (*check["verdict"]["notes"], *notes))


def _not_started(call: Call, project: Project, error: AppFailed | TimedOut | InvalidInput | Conflict, files, findings) -> Look:
    running = next((p for p in call.house.previews.list(call.caller.id) if p.id == error.details.get("preview")), None)
    log = [line.text for line in running.logs.lines()] if running else list(error.details.get("log", ()))
    log = condensed(line[:_LINE] for line in _since_start(log))[-_LOG_LINES:]
    failure = first_failure(log)
    installing = error.message.startswith("The requirements could not be installed")
    path, line = _placed(failure, files)
    return Look(
        "install" if installing else "start", False, error.message, path, line,
        reached=failure.entered if failure and path else 0, problems=(error.message,), findings=findings, log=tuple(log),
    )  # fmt: skip


def _since_start(log: list[str]) -> list[str]:
    """What the newest start wrote: a preview that was reloaded keeps the lines of the starts before."""
    marks = [number for number, line in enumerate(log) if line == "Starting again with the changed files."]
    return log[marks[-1] + 1 :] if marks else log


def _checked(live: Preview, check: dict[str, Any], before: int, files, findings) -> tuple[Look, tuple[str, ...]]:
    """What the browser found, and notes. Where the app itself wrote an error meanwhile, that is the cause and comes first;
    an error it raises for the person to read is none while all that was asked for works."""
    verdict = check["verdict"]
    lines = [line.text[:_LINE] for line in live.logs.lines(before) if line.source == "run"]
    found = list(failures(lines))
    meant = [one for one in found if one.meant]
    failure = next((one for one in found if not one.meant), None if verdict["ok"] or not meant else meant[-1])
    lines = condensed(lines)[-_LOG_LINES:]
    console = tuple(one["text"] for one in check["console"] if one["level"] in ("error", "uncaught"))[:_LISTED]
    missing = tuple(f"{one['url']} ({one.get('status') or one.get('reason')})" for one in check["failed_requests"])[:_LISTED]
    problems = tuple(verdict["problems"])
    path, line = _placed(failure, files)
    if failure is None and problems:
        path, line = _placed(Failure(problems[0], *page_place(problems[0])), files)
    heard = {"findings": findings, "log": tuple(lines), "console": console, "missing": missing}
    if verdict["ok"] and failure and path:  # frameworks keep serving, and a page may say no word of it
        return Look("use", False, failure.placed, path, line, problems=(f"While it was used, the app wrote: {failure.placed}",), **heard), ()
    if verdict["ok"]:
        said = dict.fromkeys(f"The app refused what it was given, as it means to: {_refusal(one)}" for one in meant)
        return Look("done", True, **heard), tuple(said)[:_LISTED]
    used = next((one for one in verdict["checks"] if one["name"] == "used"), None)
    only_use = used is not None and all(one["ok"] for one in verdict["checks"] if one is not used)
    stage = "use" if only_use or (used and _opened(verdict) and not used["ok"]) else "check"
    return Look(stage, False, failure.placed if failure else problems[0], path, line, problems=problems, **heard), ()


def _in_words(step: Step, done: dict[str, Any]) -> str:
    """A step as it went, with what was entered."""
    value = f" {str(step.value)[:200]!r}" if step.value not in ("", None) else ""
    read = f": {done['text'][:200]}" if done.get("text") else ""
    return f"{step.do} {done['target']}{value}{read}" + ("" if done["ok"] else " (failed)")


def _refusal(failure: Failure) -> str:
    return (failure.ended or failure.sentence).partition(":")[2].strip()[:200]


def _opened(verdict: dict[str, Any]) -> bool:
    return all(one["ok"] for one in verdict["checks"] if one["name"] in ("starts", "requests"))


def _placed(failure, files) -> tuple[str, int]:
    """The place as a path of the project; ("", 0) where it points elsewhere."""
    if failure is None:
        return "", 0
    told = failure.path.replace("\\", "/")
    found = [path for path in files if told == path or told.endswith("/" + path)]
    return (max(found, key=len), failure.line) if found else ("", 0)


def _last_number(live: Preview) -> int:
    lines = live.logs.lines()
    return lines[-1].number if lines else 0
