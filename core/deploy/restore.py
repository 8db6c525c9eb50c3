"""Put the files of the revision before a failed update back, as one more commit."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from core.caller import Caller
from core.deploy.plan import DeployPlan
from core.hub import Hub

if TYPE_CHECKING:
    from huggingface_hub import HfApi


async def put_back(hub: Hub, caller: Caller, plan: DeployPlan, failed: str | None) -> bool:
    """Undo the plan's commit with a new one; False when there is nothing to go back to.

    Args:
        plan: the plan whose commit failed to serve.
        failed: that commit; a newer one by somebody else makes this raise Outdated and change nothing.
    """
    if not plan.parent or not failed:
        return False

    def question(api: HfApi) -> None:
        from huggingface_hub import CommitOperationCopy, CommitOperationDelete

        operations: list[Any] = []
        for file in plan.changes:
            if file.change == "created":
                operations.append(CommitOperationDelete(file.path, is_folder=False))
            else:
                operations.append(CommitOperationCopy(file.path, file.path, src_revision=plan.parent))
        api.create_commit(
            plan.repo,
            operations,
            repo_type="space",
            commit_message=f"Put back {plan.parent[:7]}: {failed[:7]} did not start",
            parent_commit=failed,
        )

    await hub.ask(caller, question, doing=f"put {plan.repo} back", timeout=300)
    return True
