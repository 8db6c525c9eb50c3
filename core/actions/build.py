"""From an idea to files that run, by rules and data, without a model."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from contextlib import contextmanager
from typing import Any, Literal

from core.actions import preview as previewing
from core.actions.deploy import deploy_project, plan_for
from core.actions.preview import shape
from core.actions.projects import summary
from core.actions.repairing import mend, receipt
from core.actions.shapes import say
from core.build import Project, analyze, generate, preflight, select
from core.errors import AppFailed, NoTemplateFits, SpacesError, TimedOut
from core.events import Plan
from core.preview import Preview
from core.registry import Call, action

Visibility = Literal["public", "private"]
Framework = Literal["gradio", "static", "docker"]


@action(risk="read", title="Understand an idea", open_world=False)
async def analyze_user_request(call: Call, idea: str = "", input: str = "") -> dict:
    """Read an idea by rules: what to call it, what goes in and comes out, and in `notes` and `refusals` what was not understood.

    Gives `{title, slug, keywords, tasks, inputs, outputs, needs_model, notes, refusals, …}`.

    Args:
        idea: what the person wants to build, in their own words, up to 20,000 characters.
        input: the same under the name workflows use; give one of the two.
    """
    return (await asyncio.to_thread(analyze, idea or input)).to_dict()


@action(risk="read", title="Choose a template", open_world=False)
async def select_optimal_framework(
    call: Call, idea: str = "", task: str | None = None, framework: Framework | None = None
) -> dict:
    """Score every template for an idea and say why: `{chosen, ranked, why}`; `chosen` is null when none fits.

    Args:
        idea: what the person wants to build.
        task: a task name instead of, or besides, the idea, such as text-classification.
        framework: only templates of this SDK.
    """
    analysis = await asyncio.to_thread(analyze, idea or (task or "").replace("-", " "))
    return (await asyncio.to_thread(select, analysis, framework=framework, task=task)).to_dict()


@action(risk="write", title="Generate an app", open_world=False)
async def generate_app_code(
    call: Call,
    idea: str = "",
    template: str | None = None,
    inputs: dict[str, Any] | None = None,
    framework: Framework | None = None,
    task: str | None = None,
) -> dict:
    """Write the files of an app from the best template and keep them as a project.

    Args:
        idea: what the person wants to build.
        template: a template's id, to overrule the choice.
        inputs: values for the template's declared inputs, to overrule what the idea says.
        framework: only templates of this SDK.
        task: a task name, such as text-classification.

    Returns `{project, template, why, ranked, inputs, notes, files}` with `files` as path → size in bytes.
    Raises no_template_fits with the nearest three.
    """
    made, _, plan = await _generate(call, idea or (task or "").replace("-", " "), template, inputs, framework, task)
    return {**plan, "project": summary(made), "files": {file.path: file.size for file in await asyncio.to_thread(made.files)}}


@action(risk="write", title="Build a Space")
async def build_space(
    call: Call,
    idea: str,
    deploy: bool = False,
    template: str | None = None,
    inputs: dict[str, Any] | None = None,
    name: str | None = None,
    visibility: Visibility = "public",
    hardware: str | None = None,
) -> dict:
    """Take an idea to a running app: choose a template, write the files, check them, run them, look at the answer, publish when asked.

    Args:
        idea: what to build, in plain words, up to 20,000 characters.
        deploy: publish it as a Space when the preview works; needs a Hub account.
        template: a template's id, to overrule the choice.
        inputs: values for the template's declared inputs.
        name: the Space's name, with or without owner; made from the idea when empty.
        visibility: public or private.
        hardware: a Hub hardware id; the free one for this account when empty.

    Returns `{project, template, why, ranked, preview, url, space}`: `url` is the Space's address when deployed,
    the preview's otherwise. Where the app did not come up at first, `repairs` tells which free repairs made it. The project
    stays when a later step fails.
    """
    run = await asyncio.to_thread(call.house.store.begin_run, call.caller.id, "build", idea[:200] or "(empty)")
    status, outcome = "failed", {}
    try:
        outcome = await _build(call, idea, deploy, template, inputs, name, visibility, hardware)
        status = "completed"
        return {"run": run, **outcome}
    except asyncio.CancelledError:
        status = "cancelled"
        raise
    except SpacesError as error:
        outcome = {"error": error.to_dict()}
        raise
    finally:
        await asyncio.shield(asyncio.to_thread(call.house.store.end_run, run, status, outcome))


async def _build(call: Call, idea, deploy, template, inputs, name, visibility, hardware) -> dict:
    if deploy:
        call.caller.require_token("to deploy")  # before any work, not after it
    made, generated, plan = await _generate(call, idea, template, inputs, None, None)
    try:
        repairs = None
        try:
            with step(call, "check", "Checking the files") as done:
                findings = await asyncio.to_thread(preflight, generated.files)
                wrong = next((one for one in findings if one.severity == "error"), None)
                if wrong:
                    raise AppFailed(f"{wrong.path}: {wrong.message}", wrong.fix)
                done(f"{len(generated.files)} files, nothing the Hub would refuse")
            if deploy:
                await plan_for(call, made, name or made.slug, visibility, hardware)  # a wrong name or token is told before the wait
            live = await previewing.start(call, made)
        except (AppFailed, TimedOut) as error:
            live, repairs = await _mended(call, made, error)
        outcome = {**plan, "project": summary(made), "preview": shape(call, live), "space": None}
        if repairs:
            outcome["repairs"] = repairs
        if not deploy:
            return {**outcome, "url": outcome["preview"]["url"]}
        deployed = await deploy_project(call, made, name=name or made.slug, visibility=visibility, hardware=hardware)
        return {**outcome, "project": summary(made), "space": deployed, "url": deployed["url"]}
    except SpacesError as error:
        error.details.setdefault("project", made.id)  # the files are kept; say where
        raise


async def _mended(call: Call, made: Project, error: AppFailed | TimedOut) -> tuple[Preview, list[dict]]:
    """The free rungs of a repair, for an app that did not come up; the first error where they do not help."""
    outcome, seen = await mend(call, made, browser=False)
    if not outcome.look.ok or seen.preview is None:
        tried = "; ".join(rung.what for rung in outcome.rungs)
        raise type(error)(error.message, error.fix, **error.details | ({"tried": tried} if tried else {})) from None
    return seen.preview, receipt(outcome)["rungs"]


async def _generate(call: Call, idea: str, template: str | None, inputs, framework, task):
    with step(call, "understand", "Reading the idea") as done:
        analysis = await asyncio.to_thread(analyze, idea)
        done(f"“{analysis.title}”: " + (", ".join(analysis.keywords[:5]) or "no known words"))
    with step(call, "choose", "Choosing a template") as done:
        selection = await asyncio.to_thread(select, analysis, framework=framework, task=task)
        if template is None and selection.chosen is None:
            nearest = [match.to_dict() for match in selection.ranked[:3]]
            raise NoTemplateFits(selection.why, nearest=nearest)
        done(selection.why if template is None else f"{template}, as asked")
    with step(call, "write", "Writing the files") as done:
        generated = await asyncio.to_thread(generate, analysis, template or selection, inputs=inputs)
        call.emit(Plan(title=generated.title, steps=tuple(generated.files), data={"template": generated.template, "inputs": generated.inputs}))
        made = await asyncio.to_thread(
            lambda: call.house.projects.create(
                call.caller.id,
                title=generated.title,
                files=generated.files,
                template=generated.template,
                sdk=generated.sdk,
                message=f"Create {generated.title} from {generated.template}",
            )
        )
        done(f"{len(generated.files)} files from {generated.template}")
    plan = {
        "template": generated.template,
        "why": selection.why if template is None else "You named the template.",
        "ranked": [match.to_dict() for match in selection.ranked],
        "inputs": generated.inputs,
        "notes": list(generated.notes),
    }
    return made, generated, plan


@contextmanager
def step(call: Call, name: str, text: str):
    """Say that a step begins, and how it ended: `done(text)` for what it found, failed when it raises."""
    began = time.monotonic()
    ended: list[str] = []
    say(call, name, text)
    try:
        done: Callable[[str], None] = ended.append
        yield done
    except SpacesError as error:
        say(call, name, error.message, "failed", time.monotonic() - began)
        raise
    say(call, name, ended[-1] if ended else text, "done", time.monotonic() - began)
