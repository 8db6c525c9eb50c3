"""Operate Spaces: which are mine, how they are, pause, restart, create, delete."""

from __future__ import annotations

import asyncio
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal, get_args
from urllib.parse import urlsplit

import httpx

from core.caller import Caller
from core.errors import InvalidInput, SpacesError
from core.failures import first_error
from core.hub.accounts import whoami
from core.hub.client import Hub
from core.hub.logs import log_tail
from core.hub.names import check_name, check_repo
from core.hub.rows import web_url
from core.secrets import redact

if TYPE_CHECKING:
    from huggingface_hub import HfApi, SpaceInfo, SpaceRuntime

Action = Literal["pause", "restart", "factory_restart"]
Visibility = Literal["public", "private"]
_HOPS = 5

# Stage → (one word for a person, what it means for somebody who waits).
STAGES: dict[str, tuple[str, Literal["serving", "building", "starting", "failed", "stopped"]]] = {
    "RUNNING": ("running", "serving"),
    "RUNNING_BUILDING": ("updating", "building"),
    "RUNNING_APP_STARTING": ("updating", "starting"),
    "BUILDING": ("building", "building"),
    "APP_STARTING": ("starting", "starting"),
    "SLEEPING": ("asleep", "serving"),  # the first request wakes it
    "PAUSED": ("paused", "stopped"),
    "STOPPED": ("stopped", "stopped"),
    "DELETING": ("being deleted", "stopped"),
    "BUILD_ERROR": ("build failed", "failed"),
    "CONFIG_ERROR": ("configuration wrong", "failed"),
    "NO_APP_FILE": ("no app file", "failed"),
    "RUNTIME_ERROR": ("crashed", "failed"),
}
_BUILD_FAILURES = frozenset({"BUILD_ERROR", "CONFIG_ERROR", "NO_APP_FILE"})
_LISTED = 100


@dataclass(frozen=True)
class SpaceStatus:
    """How a Space is. `revision` is the running commit where the Hub tells it, else the newest one.

    `serving`: the address answers with a page; None when that was not looked at. `error`: the first error, one line.
    """

    repo: str
    title: str
    stage: str
    word: str
    revision: str | None
    hardware: str | None
    sdk: str | None
    host: str | None
    url: str
    serving: bool | None
    error: str | None
    private: bool
    updated: str | None

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)


def stage_of(runtime: SpaceRuntime | None) -> str:
    """The stage as the Hub names it, upper case; a stage that is new to us passes through."""
    return str(getattr(runtime, "stage", None) or "STOPPED").upper()


async def list_spaces(hub: Hub, caller: Caller) -> list[SpaceStatus]:
    """The Spaces of the caller's account and of the organizations it may write to, newest change first, at most 100 each.

    Raises Unauthorized without a valid token, RateLimited, HubUnavailable, TimedOut.
    """
    account = await whoami(hub, caller)
    owners = [account.name, *(org.name for org in account.orgs if account.can_write(org.name) is not False)][:20]

    def question(api: HfApi) -> list[SpaceInfo]:
        fields = ["lastModified", "private", "runtime", "sdk", "sha", "subdomain", "cardData"]
        return [info for owner in owners for info in api.list_spaces(author=owner, limit=_LISTED, expand=fields)]

    found = await hub.ask(caller, question, doing="list your Spaces", retry=True)
    return sorted((_status(hub, info) for info in found), key=lambda one: one.updated or "", reverse=True)


async def status(hub: Hub, caller: Caller, repo: str, *, look: bool = True) -> SpaceStatus:
    """How one Space is.

    Args:
        repo: namespace/name.
        look: also open its address, and read the log's first error when it failed.

    Raises NotFound, Unauthorized, Forbidden, RateLimited, HubUnavailable, TimedOut.
    """
    check_repo(repo)
    info = await hub.ask(caller, lambda api: api.space_info(repo), doing=f"read {repo}", timeout=30, retry=True)
    found = _status(hub, info)
    if not look:
        return found
    meaning = STAGES.get(found.stage, ("", ""))[1]
    if meaning == "failed" and not found.error:
        found = replace(found, error=await _error_in_log(hub, caller, found))
    if found.host and (meaning == "serving" or found.stage.startswith("RUNNING")):
        code = await answer_of(hub, caller, found.host, private=found.private)
        found = replace(found, serving=code is not None and code < 400)
    elif meaning in ("stopped", "failed", "building", "starting"):
        found = replace(found, serving=False)
    return found


def _status(hub: Hub, info: SpaceInfo) -> SpaceStatus:
    runtime = info.runtime
    raw = runtime.raw if runtime else {}
    stage = stage_of(runtime)
    message = str(raw.get("errorMessage") or "").strip()
    updated = info.last_modified or info.created_at
    card = info.card_data.to_dict() if info.card_data is not None and hasattr(info.card_data, "to_dict") else {}
    return SpaceStatus(
        repo=info.id,
        title=str(card.get("title") or info.id.split("/")[-1]),
        stage=stage,
        word=STAGES.get(stage, (stage.lower().replace("_", " "), ""))[0],
        revision=raw.get("sha") or info.sha,
        hardware=(runtime.hardware or runtime.requested_hardware) if runtime else None,
        sdk=info.sdk,
        host=address_of(info) or _usual_host(hub, info),
        url=web_url(hub.endpoint, "space", info.id),
        serving=None,
        error=redact(message.splitlines()[0][:500]) if message else None,
        private=bool(info.private),
        updated=updated.isoformat().replace("+00:00", "Z") if isinstance(updated, datetime) else None,
    )


def address_of(info: SpaceInfo) -> str | None:
    """Where a Space serves, ending with a slash so that relative addresses resolve below it; None when nothing says."""
    return f"{info.host.rstrip('/')}/" if info.host else None


def _usual_host(hub: Hub, info: SpaceInfo) -> str | None:
    """Listings leave the address out. A private Space of the Local Hub has one nobody can derive."""
    if not info.subdomain:
        return None
    if hub.local:
        return None if info.private else f"{hub.endpoint}/s/{info.subdomain}/"
    return f"https://{info.subdomain}.hf.space/"


async def _error_in_log(hub: Hub, caller: Caller, found: SpaceStatus) -> str | None:
    try:
        return first_error(await log_tail(hub, caller, found.repo, build=found.stage in _BUILD_FAILURES))
    except SpacesError:
        return None  # the stage itself is known; its log may be closed to this token


async def answer_of(hub: Hub, caller: Caller, host: str, *, private: bool) -> int | None:
    """The HTTP status a Space's address answers with, its own redirects followed; None when nothing answers within 10 s.

    The token is sent only to a private Space at huggingface.co, whose address asks for it. A redirect to another host is the
    answer: an app does not choose what this server opens.
    """
    parts = urlsplit(host)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        return None
    headers = {}
    if private and caller.token and not hub.local and parts.scheme == "https" and parts.hostname.endswith(".hf.space"):
        headers["Authorization"] = f"Bearer {caller.token.reveal()}"
    try:
        async with asyncio.timeout(10), hub.web() as web:
            here = httpx.URL(host)
            for _ in range(_HOPS):
                async with web.stream("GET", here, headers=headers, follow_redirects=False) as response:
                    there = response.next_request.url if response.next_request else None
                    if there is None or there.copy_with(raw_path=here.raw_path) != here:
                        return response.status_code
                here = there
    except (httpx.HTTPError, TimeoutError):
        pass
    return None


async def control(hub: Hub, caller: Caller, repo: str, action: Action) -> SpaceStatus:
    """Pause a Space, start it again, or rebuild it without caches; returns its status right after.

    Raises InvalidInput (a static Space cannot be paused), NotFound, Forbidden, Unauthorized, HubUnavailable, TimedOut.
    """
    check_repo(repo)
    caller.require_token("to control a Space")
    if action not in get_args(Action):
        raise InvalidInput(f"{action!r} is not something to do with a Space.", "Use pause, restart or factory_restart.")

    def question(api: HfApi) -> None:
        if action == "pause":
            api.pause_space(repo)
        else:
            api.restart_space(repo, factory_reboot=action == "factory_restart")

    await hub.ask(caller, question, doing=f"{action.replace('_', ' ')} {repo}")
    return await status(hub, caller, repo, look=False)


async def create_space(
    hub: Hub, caller: Caller, name: str, *, sdk: str = "gradio", visibility: Visibility = "public", hardware: str | None = None
) -> dict[str, Any]:
    """Create an empty Space.

    Args:
        name: bare, or namespace/name; a bare name goes to the caller's own account.
        sdk: gradio, static or docker; streamlit is served as docker.
        visibility: public or private.
        hardware: a Hub hardware id; None for the Hub's default.

    Returns `{repo, url}`. Raises InvalidInput, Conflict when the name is taken, PaymentRequired, Forbidden, Unauthorized.
    """
    if visibility not in get_args(Visibility):
        raise InvalidInput(f"{visibility!r} is not a visibility.", "Use public or private.")
    kinds = {"gradio": "gradio", "static": "static", "docker": "docker", "streamlit": "docker"}
    if sdk not in kinds:
        raise InvalidInput(f"{sdk!r} is not an SDK of a Space.", "Use gradio, static or docker.")
    repo = await full_name(hub, caller, name)

    def question(api: HfApi) -> None:
        api.create_repo(
            repo, repo_type="space", space_sdk=kinds[sdk], private=visibility == "private", space_hardware=hardware
        )

    await hub.ask(caller, question, doing=f"create {repo}")
    return {"repo": repo, "url": web_url(hub.endpoint, "space", repo)}


async def delete_space(hub: Hub, caller: Caller, repo: str) -> None:
    """Delete a Space with its files and history. Raises NotFound, Forbidden, Unauthorized, HubUnavailable, TimedOut."""
    check_repo(repo)
    caller.require_token("to delete a Space")
    await hub.ask(caller, lambda api: api.delete_repo(repo, repo_type="space"), doing=f"delete {repo}")


async def full_name(hub: Hub, caller: Caller, name: str) -> str:
    """`namespace/name`: a bare name belongs to the caller's account. Checked by the Hub's rules before anything is asked."""
    if "/" in name:
        return check_repo(name)
    check_name(name)
    caller.require_token("to name a Space")
    return check_repo(f"{(await whoami(hub, caller)).name}/{name}")
