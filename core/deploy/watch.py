"""Wait until a Space really serves a revision, or say why it does not."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass

from core.caller import Caller
from core.deploy.steps import Steps
from core.errors import AppFailed, Conflict, HubUnavailable, RateLimited, SpacesError, TimedOut
from core.failures import first_error
from core.hub import STAGES, Hub, address_of, answer_of, log_tail, stage_of

SETTLE_SECONDS = 8.0  # a stage that was there before our commit is believed only after this long
_PATIENCE_WITH_4XX = 8.0
_SLOWEST = 5  # times the first pause
_TAIL = 50
_BUILD_FAILURES = frozenset({"BUILD_ERROR", "CONFIG_ERROR", "NO_APP_FILE"})


@dataclass(frozen=True)
class Expected:
    """What is waited for: `revision` at `repo`; `stage_before` is what the Space was at before the commit or restart."""

    repo: str
    revision: str
    stage_before: str
    changed: bool


@dataclass(frozen=True)
class Served:
    """It answers: `stage` as the Hub names it, `url` the address, `answer` the HTTP status of its first page."""

    stage: str
    url: str
    answer: int


async def wait_until_serving(
    hub: Hub, caller: Caller, expected: Expected, steps: Steps, *, timeout: float, poll: float
) -> Served:
    """Poll the stage, gently slower, until the Space's address answers with a page of the expected revision.

    Args:
        timeout: seconds in all.
        poll: seconds between the first looks; later ones are up to five times as far apart.

    Raises AppFailed with the first error of the log (`details`: stage, line, log), Conflict when somebody paused it,
    TimedOut naming the last stage. A Hub that is away for a while is waited for.
    """
    begun = time.monotonic()
    look = _Look(hub, caller, expected, steps, begun)
    pause = poll
    while True:
        wait = pause
        try:
            served = await look.once()
            if served:
                return served
        except (HubUnavailable, TimedOut) as error:
            look.trouble = error
        except RateLimited as error:
            look.trouble = error
            wait = max(wait, float(error.details.get("retry_after") or 5))
        left = begun + timeout - time.monotonic()
        if left <= 0:
            raise look.late(timeout)
        await asyncio.sleep(min(wait, left))
        pause = min(pause * 1.25, poll * _SLOWEST)


class _Look:
    """The eyes of one wait: what was seen so far."""

    def __init__(self, hub: Hub, caller: Caller, expected: Expected, steps: Steps, begun: float):
        self.hub, self.caller, self.expected, self.steps, self.begun = hub, caller, expected, steps, begun
        self.trouble: SpacesError | None = None
        self.stage = expected.stage_before
        self.answer: int | None = None
        self._busy_seen = False
        self._host: str | None = None
        self._private = False
        self._refused_since: float | None = None

    async def once(self) -> Served | None:
        repo = self.expected.repo
        runtime = await self.hub.ask(
            self.caller, lambda api: api.get_space_runtime(repo), doing=f"read the state of {repo}", timeout=30, retry=True
        )
        self.trouble = None
        self.stage = stage_of(runtime)
        word, meaning = STAGES.get(self.stage, (self.stage.lower(), "building"))
        running = runtime.raw.get("sha")
        settled = time.monotonic() - self.begun > SETTLE_SECONDS
        if meaning in ("building", "starting"):
            self._busy_seen = True
            self._tell_progress(meaning)
            return None
        fresh = self._busy_seen or settled or self.stage != self.expected.stage_before
        if meaning == "failed":
            if fresh or running == self.expected.revision:
                raise await self._failure(word, runtime.raw.get("errorMessage"))
        elif meaning == "stopped":
            if settled:
                raise Conflict(f"{repo} is {word}; somebody stopped it meanwhile.", "Restart the Space and deploy again.")
        elif (running == self.expected.revision) if running and self.expected.changed else fresh or not self.expected.changed:
            return await self._open_page()
        return None

    def _tell_progress(self, meaning: str) -> None:
        if meaning == "building":
            self.steps.tell("build", "Building")
        else:
            self.steps.done("build", "Built")
            self.steps.tell("start", "Starting")

    async def _open_page(self) -> Served | None:
        self.steps.done("build", "Built")
        self.steps.done("start", "Started")
        self.steps.tell("serve", "Waiting for its first page")
        if self._host is None:
            repo = self.expected.repo
            info = await self.hub.ask(self.caller, lambda api: api.space_info(repo), doing=f"read {repo}", retry=True)
            self._host, self._private = address_of(info), bool(info.private)
        if not self._host:
            return None
        self.answer = await answer_of(self.hub, self.caller, self._host, private=self._private)
        if self.answer is not None and self.answer < 400:
            self.steps.tell("serve", f"Serving at {self._host}", "done")
            return Served(self.stage, self._host, self.answer)
        if self.answer is None or self.answer >= 500:
            self._refused_since = None
            return None
        # An API without a page at "/" answers 404 for good: it serves, and that is worth a warning.
        self._refused_since = self._refused_since or time.monotonic()
        if time.monotonic() - self._refused_since < _PATIENCE_WITH_4XX:
            return None
        self.steps.tell("serve", f"It runs, but its first page answers {self.answer}", "warning")
        return Served(self.stage, self._host, self.answer)

    async def _failure(self, word: str, message: str | None) -> AppFailed:
        try:
            tail = await log_tail(self.hub, self.caller, self.expected.repo, build=self.stage in _BUILD_FAILURES)
        except SpacesError:
            tail = []
        told = " ".join(str(message).split())[:500].rstrip(".") if message else ""
        own = [line.strip() for line in tail if line.strip() and not line.startswith("=====") and not (told and told in line)]
        last = own[-1] if own else ""
        said = [told] if told and self.stage in _BUILD_FAILURES else [part for part in (told, last) if part]
        line = first_error(tail) or ": ".join(said)[:500] or "the log says nothing"
        repo = self.expected.repo
        return AppFailed(f"{repo}: {word}: {line}", stage=self.stage, line=line, log=tail[-_TAIL:])

    def late(self, timeout: float) -> SpacesError:
        if self.trouble:
            return self.trouble
        word = STAGES.get(self.stage, (self.stage.lower(), ""))[0]
        page = f", and its page answers {self.answer or 'nothing'}" if self._host else ""
        return TimedOut(
            f"{self.expected.repo} does not serve after {timeout:g} seconds: it is {word}{page}.",
            "Look at its log; it may still come up.",
            stage=self.stage,
        )
