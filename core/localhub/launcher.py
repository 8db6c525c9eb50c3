"""One Space's builds, one after the other: start the new revision, let it take over, end the old one."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from core.errors import Conflict, SpacesError
from core.localhub.builds import Attempt, CannotBuild, Problem, plan, problem_of, read_files
from core.localhub.space import Space
from core.preview import Limits

if TYPE_CHECKING:
    from core.localhub.server import LocalHub

LOG = logging.getLogger(__name__)
AT_ONCE = 2  # builds
TURN_SECONDS = 10.0  # that a start may take before the next build begins beside it
HANDOVER_SECONDS = 2.0  # for requests that are still with the old revision


class Launcher:
    """Builds and ends what Spaces run. Owns the tasks that do.

    make_room: called before a Space starts; puts others to sleep when too many run.
    """

    def __init__(self, hub: LocalHub, *, make_room: Callable[[Space], Awaitable[None]]):
        self._hub, self._make_room = hub, make_room
        self._turns = asyncio.Semaphore(AT_ONCE)
        self._tasks: set[asyncio.Task] = set()

    def launch(self, space: Space, sha: str, *, fresh: bool = False) -> None:
        """Build a revision and let it take over; an older build of this Space ends. fresh: end what serves at once."""
        if fresh and (old := space.serving):
            space.serving = None
            self.spawn(self._end(old))
        attempt = space.trying = space.latest = Attempt(sha)
        space.problem = None
        space.task = self.spawn(self._try(space, attempt, before=space.task))

    async def stop(self, space: Space) -> None:
        """End whatever a Space runs or builds."""
        attempts = [attempt for attempt in (space.trying, space.serving) if attempt]
        space.trying = space.serving = space.problem = None
        if space.task is not None and not space.task.done():
            space.task.cancel()
            await asyncio.wait([space.task])
        for attempt in attempts:
            await self._end(attempt)

    def spawn(self, work: Coroutine[Any, Any, None]) -> asyncio.Task:
        """Do something beside, and keep hold of it until it is done."""
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def close(self) -> None:
        """End every task."""
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _try(self, space: Space, attempt: Attempt, *, before: asyncio.Task | None) -> None:
        if before is not None:
            before.cancel()
            await asyncio.wait([before])
        try:
            await self._make_room(space)
            async with self._turns:
                await self._begin(space, attempt)
                # One that starts slowly does not keep the others waiting.
                await _settled(attempt, ("building",))
                with suppress(TimeoutError):
                    await asyncio.wait_for(_settled(attempt, ("starting",)), TURN_SECONDS)
            await _settled(attempt, ("starting",))
        except CannotBuild as error:
            attempt.fail(error.problem)
        except SpacesError as error:
            attempt.fail(problem_of(error, started=attempt.started, sdk=space.repo.sdk or ""))
        except asyncio.CancelledError:
            await self._end(attempt)
            raise
        except Exception as error:  # whatever it is, the Space must not seem to build for ever
            attempt.fail(Problem("BUILD_ERROR", f"The build stopped unexpectedly: {type(error).__name__}."))
            LOG.exception("building %s stopped unexpectedly", space.repo.full_name)
        self._take_over(space, attempt)

    async def _begin(self, space: Space, attempt: Attempt) -> None:
        git, limits = self._hub.repos.git(space.repo), Limits()
        files = await asyncio.to_thread(read_files, git, attempt.sha, limits)
        spec = plan(files, repo=space.repo, desired=space.desired, mount=f"{self._hub.prefix}/s/{space.place}")
        starting = asyncio.ensure_future(self._hub.previews.start(spec))
        try:
            attempt.preview = await asyncio.shield(starting)
        except asyncio.CancelledError:
            attempt.preview = await starting
            raise

    def _take_over(self, space: Space, attempt: Attempt) -> None:
        if space.trying is not attempt:  # a newer one came, or the Space was stopped, at the last moment
            self.spawn(self._end(attempt))
            return
        preview = attempt.preview
        if preview is not None and preview.stage != "running" and attempt.problem is None:
            error = preview.error or Conflict("The Space was stopped before it answered.").to_dict()
            attempt.fail(problem_of(error, started=attempt.started, sdk=preview.spec.sdk))
        space.trying, space.problem = None, attempt.problem
        if attempt.problem is None:
            old, space.serving = space.serving, attempt
            self.spawn(self._watch(space, attempt))
            if old is not None:
                self.spawn(self._retire(old))

    async def _watch(self, space: Space, attempt: Attempt) -> None:
        """Tell when what serves has stopped by itself."""
        preview = attempt.preview
        assert preview is not None
        while preview.live:
            await preview.wait_stage_change(preview.stage)
        if space.serving is attempt:
            space.serving = None
            if preview.error is not None and space.problem is None:
                attempt.fail(problem_of(preview.error, started=True, sdk=preview.spec.sdk))
                space.problem = attempt.problem

    async def _retire(self, old: Attempt) -> None:
        await asyncio.sleep(HANDOVER_SECONDS)
        await self._end(old)

    async def _end(self, attempt: Attempt) -> None:
        if attempt.preview is not None and attempt.preview.live:
            await self._hub.previews.stop(attempt.preview.id)


async def _settled(attempt: Attempt, stages: tuple[str, ...]) -> None:
    """Wait while the attempt's preview is in one of these stages."""
    preview = attempt.preview
    while preview is not None and (stage := preview.stage) in stages:
        await preview.wait_stage_change(stage)
