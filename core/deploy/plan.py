"""What a deploy will do, before it does it: files, place, visibility, hardware, cost, and who pays."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any, Literal, get_args

from core.caller import Caller
from core.deploy.files import FileChange, RemoteFile, check_files, compare
from core.deploy.hardware import ZERO_GPU, Hardware, choose
from core.deploy.zerogpu import adapt
from core.errors import Forbidden, InvalidInput, NotFound
from core.hub import STAGES, Account, Hub, check_name, check_repo, stage_of, web_url, whoami

if TYPE_CHECKING:
    from huggingface_hub import HfApi

Sdk = Literal["gradio", "static", "docker"]
Visibility = Literal["public", "private"]


@dataclass(frozen=True)
class DeployPlan:
    """Everything a deploy will do. `parent` is the revision it was compared with: a newer one makes it outdated."""

    repo: str
    url: str
    sdk: Sdk
    exists: bool
    parent: str | None
    stage: str | None
    files: tuple[FileChange, ...]
    visibility: Visibility
    hardware: Hardware
    hardware_before: str | None
    account: str
    notes: tuple[str, ...]
    warnings: tuple[str, ...]
    content: Mapping[str, bytes] = field(repr=False)

    @property
    def changes(self) -> tuple[FileChange, ...]:
        """The files that will really change."""
        return tuple(file for file in self.files if file.change != "unchanged")

    @property
    def sentence(self) -> str:
        """The plan in one sentence."""
        counts = {word: sum(file.change == word for file in self.files) for word in ("created", "changed", "deleted")}
        told = ", ".join(f"{count} {'file' if count == 1 else 'files'} {word}" for word, count in counts.items() if count)
        cost = f"${self.hardware.cost_per_hour:.2f} an hour" if self.hardware.cost_per_hour else "free"
        if self.exists and not told:
            return f"{self.repo} is up to date; nothing will change ({self.visibility}, {cost})."
        return f"{'Update' if self.exists else 'Create'} {self.repo}: {told or 'no files'} ({self.visibility}, {cost})."

    def to_dict(self) -> dict[str, Any]:
        """All of it but the bytes of the files, with `sentence` in words."""
        return {
            "repo": self.repo,
            "url": self.url,
            "sentence": self.sentence,
            "sdk": self.sdk,
            "exists": self.exists,
            "parent": self.parent,
            "stage": self.stage,
            "files": [asdict(file) for file in self.files],
            "visibility": self.visibility,
            "hardware": self.hardware.id,
            "hardware_why": self.hardware.why,
            "cost_per_hour": self.hardware.cost_per_hour,
            "payer": self.hardware.payer,
            "account": self.account,
            "notes": list(self.notes),
            "warnings": list(self.warnings),
        }


@dataclass(frozen=True)
class _Remote:
    """What stands at the repository now."""

    revision: str | None
    sdk: str | None
    private: bool
    stage: str
    hardware: str | None
    files: Mapping[str, RemoteFile]


async def plan_deploy(
    hub: Hub,
    caller: Caller,
    *,
    files: Mapping[str, bytes],
    name: str,
    sdk: Sdk,
    visibility: Visibility = "public",
    hardware: str | None = None,
    app_file: str = "app.py",
) -> DeployPlan:
    """Compare a project with what is at its Space and say what deploying would do. Changes nothing.

    Args:
        files: path → bytes of the whole project, 1 to 2000 files, at most 200 MB; what is not in it will be deleted.
        name: the Space, bare or namespace/name; a bare name goes to the caller's own account.
        sdk: gradio, static or docker.
        visibility: public or private, of a new Space; an existing one stays as it is.
        hardware: a Hub hardware id; None takes what is free for this account, or leaves an existing Space as it is.
        app_file: the file a Gradio Space starts, default app.py.

    Raises InvalidInput (says which rule a name breaks), TooLarge, Unauthorized, Forbidden when this token cannot
    write there, RateLimited, HubUnavailable, TimedOut.
    """
    _check(files, name, sdk, visibility)
    caller.require_token("to deploy")
    account = await whoami(hub, caller)
    repo = check_repo(name if "/" in name else f"{account.name}/{name}")
    namespace = repo.split("/")[0]
    _check_right(account, namespace)
    remote = await _remote(hub, caller, repo)
    chosen = await choose(
        hub, caller, account, namespace=namespace, sdk=sdk, wanted=hardware, current=remote.hardware if remote else None
    )
    adapted = adapt(files, app_file) if chosen.id == ZERO_GPU and not hub.local else {}
    content = dict(files) | adapted
    stays = ("private" if remote.private else "public") if remote else visibility
    notes, warnings = _remarks(hub, account, remote, sdk, visibility, adapted)
    return DeployPlan(
        repo=repo,
        url=web_url(hub.endpoint, "space", repo),
        sdk=sdk,
        exists=remote is not None,
        parent=remote.revision if remote else None,
        stage=remote.stage if remote else None,
        files=tuple(compare(content, remote.files if remote else {}, adapted, "so that ZeroGPU hosts it")),
        visibility=stays,
        hardware=chosen,
        hardware_before=remote.hardware if remote else None,
        account=account.name,
        notes=notes,
        warnings=chosen.warnings + warnings,
        content=content,
    )


def _check(files: Mapping[str, bytes], name: str, sdk: str, visibility: str) -> None:
    check_repo(name) if "/" in name else check_name(name)
    if sdk not in get_args(Sdk):
        raise InvalidInput(f"{sdk!r} is not an SDK of a Space.", "Use gradio, static or docker.")
    if visibility not in get_args(Visibility):
        raise InvalidInput(f"{visibility!r} is not a visibility.", "Use public or private.")
    check_files(files)


def _check_right(account: Account, namespace: str) -> None:
    if account.can_write(namespace) is not False:
        return
    if account.token_role == "read":
        raise Forbidden(
            f"The token of {account.name} can only read, so it cannot deploy to {namespace}.",
            "Create a token with write access and paste it on the Keys tab.",
        )
    if namespace.lower() != account.name.lower() and account.organization(namespace) is None:
        raise Forbidden(
            f"{account.name} may not deploy to {namespace}: it is neither this account nor one of its organizations.",
            f"Deploy to {account.name}, or sign in with an account of {namespace}.",
        )
    raise Forbidden(
        f"The token of {account.name} may not write to {namespace}.",
        f"Use a token whose scope includes writing the repositories of {namespace}.",
    )


async def _remote(hub: Hub, caller: Caller, repo: str) -> _Remote | None:
    def question(api: HfApi) -> _Remote:
        info = api.space_info(repo)
        files = {}
        if info.sha:
            for entry in api.list_repo_tree(repo, repo_type="space", recursive=True, revision=info.sha):
                if hasattr(entry, "blob_id"):
                    files[entry.path] = RemoteFile(entry.size, entry.blob_id, entry.lfs.sha256 if entry.lfs else None)
        runtime = info.runtime
        hardware = (runtime.requested_hardware or runtime.hardware) if runtime else None
        return _Remote(info.sha, info.sdk, bool(info.private), stage_of(runtime), hardware, files)

    try:
        return await hub.ask(caller, question, doing=f"read {repo}", retry=True)
    except NotFound:
        return None


def _remarks(
    hub: Hub, account: Account, remote: _Remote | None, sdk: str, visibility: str, adapted: Mapping[str, bytes]
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    notes, warnings = [], []
    if hub.local:
        notes.append(f"{account.name} at the Local Hub: everything is free and stays on this machine.")
    else:
        notes.append(f"{account.name} {'has PRO' if account.is_pro else 'is a free account'}.")
    if adapted:
        notes.append(f"For ZeroGPU these files are adapted while deploying: {', '.join(sorted(adapted))}; the project stays as it is.")
    if remote:
        stays = "private" if remote.private else "public"
        if visibility == "private" and stays == "public":
            warnings.append("The Space exists and is public; it stays public. Change that in its settings on the Hub.")
        if remote.sdk and remote.sdk != sdk:
            warnings.append(f"The Space changes from {remote.sdk} to {sdk}.")
        if STAGES.get(remote.stage, ("", ""))[1] == "stopped":
            notes.append(f"The Space is {STAGES[remote.stage][0]}; deploying starts it again.")
    return tuple(notes), tuple(warnings)
