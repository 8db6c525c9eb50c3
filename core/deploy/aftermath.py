"""What becomes of a Space when its deploy does not come about: nothing half-made stays, the old revision stays."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from core.caller import Caller
from core.deploy.plan import DeployPlan
from core.deploy.restore import put_back
from core.errors import AppFailed, SpacesError
from core.hub import STAGES, Hub, address_of, answer_of

if TYPE_CHECKING:
    from huggingface_hub import HfApi


@dataclass
class Progress:
    """What this call has done so far, for whoever must undo it."""

    made: bool = False
    initial: str | None = None
    revision: str | None = None
    stage_before: str = "STOPPED"
    changed: bool = False


async def remove_if_ours(hub: Hub, caller: Caller, repo: str, progress: Progress) -> bool | None:
    """Delete the Space this call made, unless somebody else has committed to it. None: there was nothing to remove."""
    if not progress.made:
        return None

    def question(api: HfApi) -> bool:
        head = api.space_info(repo).sha
        known = {progress.initial, progress.revision} - {None}
        if head in known or (not known and len(list(api.list_repo_commits(repo, repo_type="space"))) <= 1):
            api.delete_repo(repo, repo_type="space", missing_ok=True)
            return True
        return False

    try:
        return await hub.ask(caller, question, doing=f"remove {repo} again", timeout=30, retry=True)
    except SpacesError:
        return False


async def after_failure(
    hub: Hub, caller: Caller, plan: DeployPlan, progress: Progress, error: SpacesError
) -> SpacesError:
    """The error, with what became of the Space in its sentence. A Space that is only slow is left alone."""
    final = isinstance(error, AppFailed) or progress.revision == progress.initial
    if progress.made and final:
        if await remove_if_ours(hub, caller, plan.repo, progress):
            return _also(error, "the Space it had made was removed", removed=True)
        return _also(error, f"the Space it had made is still there: {plan.url}", removed=False)
    if not progress.made and progress.changed and isinstance(error, AppFailed):
        return await _after_failed_update(hub, caller, plan, progress, error)
    return error


async def _after_failed_update(
    hub: Hub, caller: Caller, plan: DeployPlan, progress: Progress, error: SpacesError
) -> SpacesError:
    before = (plan.parent or "")[:7]
    try:
        info = await hub.ask(caller, lambda api: api.space_info(plan.repo), doing=f"read {plan.repo}", retry=True)
        address = address_of(info)
        answer = await answer_of(hub, caller, address, private=bool(info.private)) if address else None
        if answer is not None and answer < 400:
            return _also(error, f"the revision before it ({before}) still serves", still_serving=True, kept=plan.parent)
        if STAGES.get(progress.stage_before, ("", ""))[1] == "serving" and await put_back(hub, caller, plan, progress.revision):
            return _also(error, f"the files of the revision before it ({before}) were put back", restored=True, kept=plan.parent)
    except SpacesError:
        pass  # the first error is the one to tell
    return _also(error, "the Space does not serve", still_serving=False)


def _also(error: SpacesError, more: str, **details: Any) -> SpacesError:
    return type(error)(f"{error.message.rstrip('.')}; {more}.", error.fix, **(error.details | details))
