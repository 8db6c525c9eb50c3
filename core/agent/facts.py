"""What the policy has to know of the Hub before a call: whose a repository is, what hardware costs, what a deploy would do."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from difflib import unified_diff
from typing import Any
from urllib.parse import urlsplit

from core.agent.rendering import cut
from core.build import Project, find_credentials
from core.deploy import price
from core.errors import InvalidInput, NotFound, SpacesError
from core.hub import read_file, status, whoami
from core.registry import Call
from core.running import run_action

_MOST_FILES = 100
_MOST_COMPARED = 20
_LONGEST_DIFF = 20_000


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
        project = await asyncio.to_thread(self._project, str(arguments.get("project")))
        told |= {"project": project.title, "own_space": project.space or "", "where": self.where, "local": self._call.house.hub.local}
        return plan | told | {"credentials": await asyncio.to_thread(self._credentials, project)}

    async def difference(self, project: str, plan: Mapping[str, Any]) -> str:
        """What would change in the texts that are at the Space now, as a unified diff that is cut where it gets long."""
        changed = [file["path"] for file in plan["files"] if file.get("change") == "changed"]
        if not plan.get("exists") or not changed:
            return ""
        files = await asyncio.to_thread(self._project(project).snapshot)
        parts: list[str] = []
        for path in changed[:_MOST_COMPARED]:
            try:
                there = await read_file(self._call.house.hub, self._call.caller, str(plan["repo"]), path, kind="space", revision=str(plan["parent"]))
                ours = files[path].decode()
            except (SpacesError, UnicodeDecodeError, KeyError):
                continue
            if not there["binary"] and there["next_offset"] is None:
                lines = unified_diff(there["text"].splitlines(), ours.splitlines(), f"{path} (at the Space)", f"{path} (the project's)", lineterm="")
                parts.append("\n".join(lines))
        return cut("\n".join(parts), _LONGEST_DIFF)

    async def titled(self, project: str) -> str:
        try:
            return (await asyncio.to_thread(self._project, project)).title if project else ""
        except NotFound:
            return ""

    @property
    def where(self) -> str:
        """The Hub's name for a person."""
        return "the Local Hub on this machine" if self._call.house.hub.local else urlsplit(self._call.house.hub.endpoint).netloc

    async def doubt(self, project: str) -> str:
        return await self._doubt(project) if self._doubt else ""

    def _project(self, project: str) -> Project:
        return self._call.house.projects.get(project, self._call.caller.id)

    def _credentials(self, project: Project) -> list[str]:
        """Where a key stands in what would be published: one of the caller's own, or anything shaped like one."""
        own = [secret.reveal().encode() for secret in self._call.caller.secrets]
        files = project.snapshot()
        found = (path for path, data in files.items() if any(secret in data for secret in own) or next(find_credentials(path, data), None))
        return sorted(found)[:_MOST_FILES]
