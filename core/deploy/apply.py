"""Carry out a plan: create, one commit, wait until it serves; and clean up when that does not come about."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from core.caller import Caller
from core.deploy.aftermath import Progress, after_failure, remove_if_ours
from core.deploy.plan import DeployPlan
from core.deploy.steps import Steps
from core.deploy.watch import Expected, wait_until_serving
from core.errors import HubUnavailable, Outdated, SpacesError, TimedOut
from core.events import Event, ignore
from core.hub import STAGES, Hub, Ticket, stage_of

if TYPE_CHECKING:
    from huggingface_hub import HfApi, SpaceInfo

_COMMIT_SECONDS = 300
_CANCEL_SECONDS = 2.0  # how long a cancelled deploy waits for its own cleanup, which goes on behind it


@dataclass(frozen=True)
class Deployment:
    """A Space that serves. `url` is its own address; `unchanged` means the commit was not needed."""

    repo: str
    url: str
    revision: str
    stage: str
    seconds: float
    created: bool
    unchanged: bool

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)


async def apply_deploy(
    hub: Hub,
    caller: Caller,
    plan: DeployPlan,
    *,
    emit: Callable[[Event], None] = ignore,
    timeout: float = 600,
    poll: float | None = None,
) -> Deployment:
    """Make a plan true. Applying the same plan's content again changes nothing and only checks that it serves.

    Args:
        plan: from `plan_deploy`.
        emit: hears `Step` events named plan, create, commit, build, start, serve.
        timeout: seconds to wait for the first page after the commit, default 600.
        poll: seconds between the first looks at the stage; default 1, and 0.2 at the Local Hub.

    Raises AppFailed (details: stage, line, log; removed or still_serving), Conflict for a taken name, Outdated when
    somebody committed since the plan, PaymentRequired, Forbidden, Unauthorized, InvalidInput, RateLimited,
    HubUnavailable, TimedOut. A first deploy that fails, or is cancelled, removes the Space it made as long as nobody
    else has changed it; one that is only slow is left to go on.
    """
    steps = Steps(emit)
    steps.tell("plan", plan.sentence, "done")
    begun = time.monotonic()
    progress, stop = Progress(), Ticket()
    publishing = hub.later(_publish(hub, caller, plan, progress, steps, stop))
    try:
        await asyncio.shield(publishing)
        expected = Expected(plan.repo, progress.revision or "", progress.stage_before, progress.changed)
        pause = poll or (0.2 if hub.local else 1.0)
        served = await wait_until_serving(hub, caller, expected, steps, timeout=timeout, poll=pause)
    except asyncio.CancelledError:
        stop.over = True
        undoing = hub.later(_undo_cancelled(hub, caller, plan, progress, publishing))
        steps.fail("Cancelled")
        await asyncio.wait({undoing}, timeout=_CANCEL_SECONDS)
        raise
    except SpacesError as error:
        told = await after_failure(hub, caller, plan, progress, error)
        steps.fail(told.message)
        raise told from None
    except Exception:
        await remove_if_ours(hub, caller, plan.repo, progress)
        raise
    return Deployment(
        repo=plan.repo,
        url=served.url,
        revision=progress.revision or "",
        stage=served.stage,
        seconds=round(time.monotonic() - begun, 3),
        created=progress.made,
        unchanged=not progress.changed,
    )


async def _publish(hub: Hub, caller: Caller, plan: DeployPlan, progress: Progress, steps: Steps, stop: Ticket) -> None:
    """Create and commit. Runs to a safe point even when the deploy is cancelled: `stop` ends it before its next request."""
    repo = plan.repo
    if not plan.exists:
        steps.tell("create", f"Creating {repo}")
        try:
            await hub.ask(caller, lambda api: _create(api, plan), doing=f"create {repo}", stop=stop)
        except (HubUnavailable, TimedOut):
            if not await _was_made(hub, caller, repo):
                raise
        progress.made = True
    info = await hub.ask(caller, lambda api: api.space_info(repo), doing=f"read {repo}", retry=True, stop=stop)
    progress.stage_before, progress.revision = stage_of(info.runtime), info.sha
    if progress.made:
        progress.initial = info.sha
        steps.tell("create", f"Created {repo}", "done")
    elif info.sha != plan.parent:
        raise Outdated(f"{repo} was changed since the plan was made.", "Make a new plan and deploy again.")
    if plan.changes:
        steps.tell("commit", f"Committing {_count(len(plan.changes))}")
        revision = await hub.ask(
            caller, lambda api: _commit(api, plan, info), doing=f"commit to {repo}", timeout=_COMMIT_SECONDS, stop=stop
        )
        progress.changed = revision != info.sha
        progress.revision = revision
        steps.tell("commit", f"Committed {revision[:7]}", "done")
    else:
        steps.tell("commit", "Nothing changed", "done")
    await _wake(hub, caller, plan, progress, stop)


async def _was_made(hub: Hub, caller: Caller, repo: str) -> bool:
    """Whether a creation whose answer got lost took place: the Space was not there before, and now is, untouched."""

    def question(api: HfApi) -> bool:
        return len(list(api.list_repo_commits(repo, repo_type="space"))) <= 1

    try:
        return await hub.ask(caller, question, doing=f"read {repo}", timeout=15, retry=True)
    except SpacesError:
        return False


def _create(api: HfApi, plan: DeployPlan) -> None:
    api.create_repo(
        plan.repo,
        repo_type="space",
        space_sdk=plan.sdk,
        private=plan.visibility == "private",
        space_hardware=None if plan.hardware.id in (None, "cpu-basic") else plan.hardware.id,
    )


def _commit(api: HfApi, plan: DeployPlan, info: SpaceInfo) -> str:
    from huggingface_hub import CommitOperationAdd, CommitOperationDelete

    operations: list[Any] = []
    for file in plan.changes:
        if file.change == "deleted":
            operations.append(CommitOperationDelete(file.path, is_folder=False))
        else:
            operations.append(CommitOperationAdd(file.path, plan.content[file.path]))
    names = ", ".join(file.path for file in plan.changes[:3])
    more = f" and {len(plan.changes) - 3} more" if len(plan.changes) > 3 else ""
    made = api.create_commit(
        plan.repo,
        operations,
        repo_type="space",
        commit_message=f"{'Update' if plan.exists else 'Create'} {names}{more}",
        parent_commit=info.sha,
    )
    return made.oid


async def _wake(hub: Hub, caller: Caller, plan: DeployPlan, progress: Progress, stop: Ticket) -> None:
    """Hardware that was asked for; and a start for a Space that a commit alone would not start."""
    repo, wanted = plan.repo, plan.hardware.id
    if plan.exists and wanted and plan.hardware_before and wanted != plan.hardware_before and not hub.local:
        doing = f"move {repo} to {wanted}"
        await hub.ask(caller, lambda api: api.request_space_hardware(repo, wanted), doing=doing, stop=stop)
    meaning = STAGES.get(progress.stage_before, ("", ""))[1]
    asleep = meaning == "stopped" or (meaning == "failed" and not progress.changed)
    if plan.exists and asleep and plan.sdk != "static":
        await hub.ask(caller, lambda api: api.restart_space(repo), doing=f"start {repo}", stop=stop)


async def _undo_cancelled(
    hub: Hub, caller: Caller, plan: DeployPlan, progress: Progress, publishing: asyncio.Task[None]
) -> None:
    await asyncio.wait({publishing})
    await remove_if_ours(hub, caller, plan.repo, progress)


def _count(number: int) -> str:
    return f"{number} {'file' if number == 1 else 'files'}"
