"""From a Space's revision to what `core.preview` runs, or to the reason why it cannot be run."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from core.build import Card, read_card
from core.errors import InvalidInput, SpacesError
from core.git import GitStore
from core.localhub.desired import Desired
from core.localhub.lfs import object_path, read_pointer
from core.localhub.repos import Repo
from core.localhub.users import stable_id
from core.preview import Limits, Preview, PreviewSpec

SYMLINK = 0o120000
_DURATION = re.compile(r"(\d{1,5})\s*(s|m|h)?")
_SECONDS = {"s": 1, "m": 60, "h": 3600, None: 1}
LONGEST_START = 1800
_DOCKER = (
    "There is no Docker engine here: a Docker Space runs when its Dockerfile is of the plain kind "
    "(FROM a Python image, WORKDIR, COPY, RUN pip install, ENV, EXPOSE, USER, CMD)."
)


@dataclass(frozen=True)
class Problem:
    """Why a Space does not run: the stage that tells it, and one sentence."""

    stage: str
    message: str


class CannotBuild(Exception):
    """The revision is not one that can be run."""

    def __init__(self, stage: str, message: str):
        super().__init__(message)
        self.problem = Problem(stage, message)


@dataclass(eq=False)
class Attempt:
    """One try to build and run one revision. `preview` is there once it began, `problem` once it failed."""

    sha: str
    queued_at: datetime = field(default_factory=lambda: datetime.now(UTC))
    preview: Preview | None = None
    problem: Problem | None = None
    ended_at: datetime = field(default_factory=lambda: datetime.now(UTC))

    def fail(self, problem: Problem) -> None:
        """It came to nothing, for this reason."""
        self.problem, self.ended_at = problem, datetime.now(UTC)

    @property
    def started(self) -> bool:
        """It was built, and its app was started."""
        return self.preview is not None and bool({"starting", "running"} & set(self.preview.stages))

    @property
    def over(self) -> bool:
        """It failed, or its preview has ended."""
        return self.problem is not None or (self.preview is not None and not self.preview.live)

    @property
    def built(self) -> bool:
        """Nothing more will be written to the build log."""
        return self.started or self.over


def read_files(git: GitStore, sha: str, limits: Limits) -> dict[str, bytes]:
    """Every plain file of a revision, large ones by their bytes.

    Errors: `CannotBuild` (CONFIG_ERROR) when they are more, or larger, than a Space here may have.
    """
    entries = [entry for entry in git.tree(sha, recursive=True) if entry.kind == "file" and entry.mode != SYMLINK]
    pointers = {entry.path: pointer for entry in entries if (pointer := read_pointer(git, entry))}
    total = sum(pointers[entry.path].size if entry.path in pointers else entry.size for entry in entries)
    if len(entries) > limits.files or total > limits.project_bytes:
        raise CannotBuild(
            "CONFIG_ERROR",
            f"The Space has {len(entries)} files of {total} bytes; this Hub runs at most {limits.files} files "
            f"of {limits.project_bytes} bytes.",
        )
    files: dict[str, bytes] = {}
    for entry in entries:
        pointer = pointers.get(entry.path)
        stored = object_path(git.path, pointer.oid) if pointer else None
        files[entry.path] = stored.read_bytes() if stored and stored.is_file() else git.blob(entry.oid)
    return files


def plan(files: Mapping[str, bytes], *, repo: Repo, desired: Desired, mount: str) -> PreviewSpec:
    """What to run for these files. Pure.

    Errors: `CannotBuild` with NO_APP_FILE or CONFIG_ERROR, naming the line of README.md where there is one.
    """
    try:
        card = read_card(files)
    except InvalidInput as error:
        raise CannotBuild("CONFIG_ERROR", error.message) from None
    if card is None:
        raise CannotBuild("CONFIG_ERROR", "Missing configuration in README: it has no front matter (a block between two --- lines).")
    if card.sdk is None:
        raise CannotBuild("CONFIG_ERROR", "README.md: the front matter does not say which sdk to use (gradio, docker or static).")
    if card.runs not in files:
        raise CannotBuild("NO_APP_FILE", f"No application file: {card.runs} is not in the repository.")
    return PreviewSpec(
        files=files,
        sdk=card.sdk,
        owner=f"space:{repo.full_name}",
        label=repo.full_name,
        app_file="" if card.sdk == "docker" else card.runs,
        env={**space_environment(repo, desired, card), **{k: str(v.value) for k, v in desired.variables.items()}},
        secrets={key: value.value for key, value in desired.secrets.items()},
        mount=mount,
        idle_seconds=None,
        limits=replace(Limits(), start_seconds=_start_seconds(card)),
    )


def space_environment(repo: Repo, desired: Desired, card: Card) -> dict[str, str]:
    """What every Space finds in its environment.

    SYSTEM=spaces is left out. Gradio 6.31 runs with it here, but then saves deep links, offers itself as an installed
    app, and fails at a LoginButton, because it expects the Hub's OAuth settings and https around it.
    """
    return {
        "SPACE_ID": repo.full_name,
        "SPACE_HOST": f"{desired.subdomain}.localhost",
        "SPACE_AUTHOR_NAME": repo.repo.namespace,
        "SPACE_REPO_NAME": repo.repo.name,
        "SPACE_TITLE": card.title or repo.repo.name,
        "SPACE_CREATOR_USER_ID": stable_id("user", repo.creator),
        "ACCELERATOR": "none",
        "CPU_CORES": str(os.cpu_count() or 1),
        "MEMORY": f"{Limits().memory_bytes >> 30}Gi",
    }


def problem_of(error: Mapping[str, Any] | SpacesError, *, started: bool, sdk: str) -> Problem:
    """The stage and sentence of a preview that failed.

    Args:
        error: what it failed with.
        started: it had begun to run, so it is not the build that failed.
        sdk: kind of the Space.
    """
    shape = error.to_dict() if isinstance(error, SpacesError) else error
    message = str(shape["message"])
    if started:
        return Problem("RUNTIME_ERROR", message)
    if shape["status"] in (400, 413):
        return Problem("CONFIG_ERROR", f"{message} {_DOCKER}" if sdk == "docker" else message)
    return Problem("BUILD_ERROR", message)


def _start_seconds(card: Card) -> float:
    match = _DURATION.fullmatch(str((card.model_extra or {}).get("startup_duration_timeout", "")).strip())
    if not match:
        return Limits().start_seconds
    return max(1, min(int(match[1]) * _SECONDS[match[2]], LONGEST_START))
