"""Publish a project as a Space: first the plan, then one commit, then wait until it really serves."""

from __future__ import annotations

import asyncio
from typing import Any, Literal

from core.actions.projects import open_project
from core.actions.shapes import say
from core.build import Project
from core.deploy import DeployPlan, apply_deploy, plan_deploy
from core.events import Deployed
from core.hub import create_space
from core.registry import Call, action

Visibility = Literal["public", "private"]


@action(risk="read", title="Plan a deploy")
async def deploy_plan(
    call: Call, project: str, name: str | None = None, visibility: Visibility = "public", hardware: str | None = None
) -> dict:
    """Say what deploying would do, without doing it: where, visible to whom, on what hardware, at what cost.

    Gives `{sentence, repo, url, exists, files: [{path, change, size, size_before, why}], visibility, hardware, cost_per_hour, payer, warnings, …}`.

    Args:
        project: the project's id.
        name: the Space's name, with or without owner; the project's own when empty.
        visibility: public or private, for a new Space.
        hardware: a Hub hardware id; the free one for this account when empty.
    """
    found = await open_project(call, project)
    return (await plan_for(call, found, name, visibility, hardware)).to_dict()


@action(risk="write", title="Deploy to a Space", idempotent=True)
async def deploy_to_space(
    call: Call, project: str, name: str | None = None, visibility: Visibility = "public", hardware: str | None = None
) -> dict:
    """Publish a project: create the Space when it is new, one commit with all changes, then wait until it serves.

    Args:
        project: the project's id.
        name: the Space's name, with or without owner; the Space it was deployed to before, else the project's own name.
        visibility: public or private, for a new Space.
        hardware: a Hub hardware id; the free one for this account when empty.

    Returns `{repo, url, revision, stage, seconds, created, unchanged}`. A first deploy that fails leaves no
    Space behind; an update that fails leaves the old revision running.
    """
    found = await open_project(call, project)
    return await deploy_project(call, found, name=name, visibility=visibility, hardware=hardware)


@action(risk="write", title="Create a Space")
async def hf_create_space(
    call: Call,
    name: str,
    runtime: Literal["gradio", "static", "docker", "streamlit"] = "gradio",
    visibility: Visibility = "private",
) -> dict:
    """Create an empty Space. To publish an app, `deploy_to_space` does this by itself.

    Args:
        name: the Space's name, with or without owner.
        runtime: its SDK; streamlit is run by the Hub as a Docker Space.
        visibility: public or private.

    Returns `{repo, url}`.
    """
    call.caller.require_token("to create a Space")
    return await create_space(call.house.hub, call.caller, name, sdk=runtime, visibility=visibility)


async def deploy_project(
    call: Call, project: Project, *, name: str | None, visibility: Visibility, hardware: str | None
) -> dict[str, Any]:
    """Plan, apply, and remember where the project is at home: where it went first, or to the newest Space made for it."""
    say(call, "plan", "Comparing with what is there")
    plan = await plan_for(call, project, name, visibility, hardware)
    deployment = await apply_deploy(call.house.hub, call.caller, plan, emit=call.emit)
    if not project.space or deployment.created or project.space.lower() == deployment.repo.lower():
        await asyncio.to_thread(project.set_space, deployment.repo)  # what overwrote another Space is still the project of its own
    call.emit(Deployed(repo=deployment.repo, url=deployment.url, revision=deployment.revision))
    return deployment.to_dict()


async def plan_for(call: Call, project: Project, name: str | None, visibility: Visibility, hardware: str | None) -> DeployPlan:
    """The plan for a project; raises whatever would stop the deploy and can be known before it."""
    call.caller.require_token("to deploy")
    files = await asyncio.to_thread(project.snapshot)
    return await plan_deploy(
        call.house.hub,
        call.caller,
        files=files,
        name=name or project.space or project.slug,
        sdk=project.sdk,
        visibility=visibility,
        hardware=hardware,
    )
