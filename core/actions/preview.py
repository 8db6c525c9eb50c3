"""Run a project here, behind our own port, before anybody publishes it."""

from __future__ import annotations

import asyncio
import time
from dataclasses import replace
from typing import Literal

from core.actions.projects import open_project
from core.actions.shapes import listing, public_url, say
from core.box import Remote
from core.build import Project, read_card
from core.errors import AppFailed, Forbidden, InvalidInput, SpacesError, Unauthorized
from core.events import PreviewReady
from core.preview import Preview, PreviewSpec
from core.registry import Call, action


Changed = Literal["files", "app", "code", "start", "nothing"]


@action(risk="write", title="Start a preview", open_world=False)
async def preview_start(call: Call, project: str, wait_seconds: float = 60) -> dict:
    """Run a project in its own process and wait until it answers; an older preview of the project is replaced.

    Args:
        project: the project's id.
        wait_seconds: how long to wait for the first answer, 1 to 300 seconds.

    Returns `{id, project, stage, url, path, ready_seconds}`; `url` holds an unguessable token.
    Raises app_failed with the log's first error when the app does not come up.
    """
    found = await open_project(call, project)
    live = await start(call, found, wait_seconds=min(max(wait_seconds, 1), 300))
    return shape(call, live)


@action(risk="spend", title="Start a preview at Hugging Face")
async def preview_start_remote(
    call: Call, project: str, flavor: str = "cpu-basic", namespace: str = "", wait_seconds: float = 240
) -> dict:
    """Run a project in a machine of its own at Hugging Face, for what outgrows this one: a GPU, memory, or a number of apps.

    It costs what that hardware costs, from the account of the caller's token, until the preview is stopped or idle.
    The address and the page are those of any preview. Its app reaches the internet; nothing of this machine is there.

    Args:
        project: the project's id.
        flavor: the hardware, as `hf jobs hardware` lists it, such as cpu-basic, cpu-upgrade, t4-small, a10g-small.
        namespace: the organisation to bill; the token's own account when empty.
        wait_seconds: how long to wait for the first answer, 1 to 600 seconds.

    Returns `{id, project, stage, url, path, ready_seconds}`. Raises unauthorized, payment_required or app_failed.
    """
    found = await open_project(call, project)
    if call.house.hub.local:
        raise Forbidden("The Local Hub has no machines to rent.", "Start the preview here, or work with huggingface.co.")
    if found.sdk == "static":
        raise InvalidInput("A static page needs no machine.", "Start it here.")
    if call.caller.token is None:
        raise Unauthorized("A machine at Hugging Face is paid by an account, and this caller has none.", "Sign in first.")
    remote = Remote(call.caller.token, flavor, namespace or None, endpoint=call.house.hub.endpoint)
    return shape(call, await start(call, found, wait_seconds=min(max(wait_seconds, 1), 600), remote=remote))


@action(risk="write", title="Reload a preview", idempotent=True, open_world=False)
async def preview_update(call: Call, project: str, wait_seconds: float = 60) -> dict:
    """Bring a project's files, as they are now, to its running preview at the same address.

    A static page has them at once. An app starts anew beside its old process, which serves until the new one answers;
    after a broken edit it simply goes on serving. Where no preview runs, one is started.

    Args:
        project: the project's id.
        wait_seconds: how long to wait where one has to be started, 1 to 300 seconds.

    Returns `{id, project, stage, url, path, ready_seconds, changed}`; changed is files (of a page), app, code (pages that are
    open fit what runs now and need no reload: their inputs stay), start (at a new address) or nothing.
    Raises app_failed with the log's first error of the new files; the preview runs on with the old ones.
    """
    found = await open_project(call, project)
    live, changed = await update(call, found, wait_seconds=min(max(wait_seconds, 1), 300))
    return shape(call, live) | {"changed": changed}


@action(risk="read", title="Previews", open_world=False)
async def preview_list(call: Call) -> dict:
    """List the caller's previews; items are `{id, project, stage, path, url, ready_seconds, error, stats}`."""
    found = [] if call.caller.anonymous else call.house.previews.list(call.caller.id)
    return listing([shape(call, live) | {"stats": live.stats()} for live in found])


@action(risk="write", title="Stop a preview", idempotent=True, open_world=False)
async def preview_stop(call: Call, preview: str) -> dict:
    """Stop a preview and everything it started; its address ends. Gives `{id, stage}`.

    Args:
        preview: the preview's id.
    """
    call.house.previews.get(preview, call.caller.id)
    await call.house.previews.stop(preview)
    return {"id": preview, "stage": "stopped"}


@action(risk="read", title="Preview log", open_world=False)
async def preview_logs(call: Call, preview: str, after: int = 0, limit: int = 500) -> dict:
    """Read what a preview wrote; items are lines `{number, at, source, text}`, source being build or run, and `meta.stage` says how it is now.

    Args:
        preview: the preview's id.
        after: only lines with a greater number.
        limit: the newest so many lines, 1 to 2000.
    """
    live = call.house.previews.get(preview, call.caller.id)
    lines = live.logs.lines(after=after)[-max(1, min(limit, 2000)) :]
    items = [{"number": line.number, "at": line.at, "source": line.source, "text": line.text} for line in lines]
    return listing(items, stage=live.stage, error=live.error)


async def start(call: Call, project: Project, *, wait_seconds: float = 60, remote: Remote | None = None) -> Preview:
    """Start the project's preview in place of an older one, wait until it answers, say so on the way."""
    if remote is None:
        await asyncio.to_thread(_check_trust, call, project)
    for older in call.house.previews.list(call.caller.id):
        if older.spec.label == project.id:
            await call.house.previews.stop(older.id)
    spec = replace(await asyncio.to_thread(preview_spec, project, call.caller.id), remote=remote)
    began = time.monotonic()
    say(call, "preview", "Starting the app")
    live = await call.house.previews.start(spec)
    try:
        await live.ready(timeout=wait_seconds)
    except (asyncio.CancelledError, SpacesError) as error:
        await asyncio.shield(call.house.previews.stop(live.id))
        if isinstance(error, AppFailed):
            error.details.setdefault("project", project.id)
            error.details.setdefault("log", [line.text for line in live.logs.lines()][-80:])
        raise
    say(call, "preview", "The app answers", "done", time.monotonic() - began)
    call.emit(PreviewReady(project=project.id, preview=live.id, url=live.url))
    return live


async def update(call: Call, project: Project, *, wait_seconds: float = 60) -> tuple[Preview, Changed]:
    """Bring the project's files to its running preview; start one where none runs that could take them."""
    running = [p for p in call.house.previews.list(call.caller.id) if p.spec.label == project.id and p.stage == "running"]
    spec = await asyncio.to_thread(preview_spec, project, call.caller.id)
    if not running or replace(running[-1].spec, files=spec.files, remote=None) != spec:  # what cannot change in place
        return await start(call, project, wait_seconds=wait_seconds), "start"
    await asyncio.to_thread(_check_trust, call, project)
    live, began = running[-1], time.monotonic()
    if live.spec.files == spec.files:
        return live, "nothing"
    say(call, "preview", "Reloading the app")
    try:
        await call.house.previews.update(live.id, spec.files)
    except AppFailed as error:
        error.details.setdefault("project", project.id)
        error.details.setdefault("preview", live.id)
        raise
    say(call, "preview", "The app has the new files", "done", time.monotonic() - began)
    if not live.same_page:
        call.emit(PreviewReady(project=project.id, preview=live.id, url=live.url))
    return live, "files" if spec.sdk == "static" else "code" if live.same_page else "app"


def _check_trust(call: Call, project: Project) -> None:
    """Where nothing seals an app, only a page for the browser runs; told before an older preview is stopped.

    Whatever else runs there runs as the user that holds other visitors' sessions.
    """
    engine = call.house.previews.engine
    if project.sdk != "static" and not engine.probe().sealed and not getattr(engine, "unsealed", False):
        raise Forbidden(
            "This machine cannot seal an app, so only static pages run here.",
            "Run it in a sandbox at Hugging Face, or on Linux with Landlock; on a computer that only you use, "
            "the setting unsealed_apps: true allows it.",
        )


def preview_spec(project: Project, owner: str) -> PreviewSpec:
    """What the runner needs to know of a project: its files, and what its card says of sdk and app file."""
    files = project.snapshot()
    card = read_card(files)
    sdk = card.sdk if card else project.sdk
    default = {"static": "index.html"}.get(sdk, "app.py")
    return PreviewSpec(
        files=files,
        sdk=sdk,
        owner=owner,
        label=project.id,
        app_file=(card and card.app_file) or default,
        network=project.facts.network,
        hosts=project.facts.hosts,
    )


def shape(call: Call, live: Preview) -> dict:
    """A preview as data. `path` is for our own page, `url` for everybody else."""
    return {
        "id": live.id,
        "project": live.spec.label,
        "stage": live.stage,
        "path": live.url,
        "url": public_url(call, live.url),
        "ready_seconds": live.ready_seconds,
        "error": live.error,
    }
