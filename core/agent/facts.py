"""What the policy has to know of the Hub before a call: whose a repository is, what hardware costs, what a deploy would do."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from core.build import find_credentials
from core.deploy import price
from core.errors import InvalidInput, NotFound
from core.hub import status, whoami
from core.registry import Call
from core.running import run_action

_MOST_FILES = 100


class HubFacts:
    """`policy.Facts` as the caller's Hub tells them; doubt: what the chat knows against publishing a project."""

    def __init__(self, call: Call, doubt: Callable[[str], Awaitable[str]] | None = None):
        self._call, self._doubt = call, doubt

    @property
    def signed_in(self) -> bool:
        return self._call.caller.token is not None

    async def owns(self, repo: str) -> bool:
        namespace = repo.split("/")[0].lower() if "/" in repo else ""
        if not namespace:
            return True
        if not self.signed_in:
            return False
        account = await whoami(self._call.house.hub, self._call.caller)
        return namespace == account.name.lower() or account.organization(namespace) is not None

    async def price(self, hardware: str) -> float | None:
        if self._call.house.hub.local:
            return 0.0
        try:
            return await price(self._call.house.hub, self._call.caller, hardware)
        except InvalidInput:
            return None

    async def runs_on(self, repo: str) -> str | None:
        if not repo:
            return None
        name = repo if "/" in repo else f"{(await whoami(self._call.house.hub, self._call.caller)).name}/{repo}"
        try:
            return (await status(self._call.house.hub, self._call.caller, name, look=False)).hardware
        except NotFound:
            return None

    async def deploy_plan(self, arguments: Mapping[str, Any]) -> dict[str, Any]:
        wanted = {"project": arguments.get("project"), "name": arguments.get("name") or arguments.get("repo") or None}
        wanted |= {key: arguments[key] for key in ("visibility", "hardware") if arguments.get(key)}
        plan = await run_action("deploy_plan", wanted, self._call)
        changed = [file for file in plan["files"] if file.get("change") != "unchanged"]
        told = {"files": changed[:_MOST_FILES], "files_changed": len(changed), "files_in_all": len(plan["files"])}
        return plan | told | {"credentials": await asyncio.to_thread(self._credentials, str(arguments.get("project")))}

    async def doubt(self, project: str) -> str:
        return await self._doubt(project) if self._doubt else ""

    def _credentials(self, project: str) -> list[str]:
        """Where a key stands in what would be published: one of the caller's own, or anything shaped like one."""
        own = [secret.reveal().encode() for secret in self._call.caller.secrets]
        files = self._call.house.projects.get(project, self._call.caller.id).snapshot()
        found = (path for path, data in files.items() if any(secret in data for secret in own) or next(find_credentials(path, data), None))
        return sorted(found)[:_MOST_FILES]
