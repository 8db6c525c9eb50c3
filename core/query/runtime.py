"""One program from its text to its answer: check, run with helpers under a budget, bound what comes back."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from core.errors import SpacesError, TimedOut, Unexpected
from core.query.binding import bind
from core.query.budget import MAX_CALLS, TIMEOUT_SECONDS, Budget
from core.query.capabilities import capabilities
from core.query.contract import check
from core.query.envelope import envelope, failed, sentence
from core.query.helpers import IMPLEMENTED
from core.query.plain import plain
from core.query.raw import call_api
from core.query.reach import Reach
from core.query.sandbox import Sandbox
from core.query.tables import HELPERS, Helper
from core.secrets import Secret, redact

if TYPE_CHECKING:
    from core.hub.wire import Wire

LONGEST_TIMEOUT = 300.0
_PRINTED = 8_000
_LONGEST_QUERY = 10_000
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Outcome:
    """What a program gave.

    ok: it ran to its end and its answer comes from the Hub. result: JSON data, may be there beside an error.
    meta: ok, api_calls, max_calls, elapsed_ms, limits_reached, limit_summary, trace, and notes, printed, error, code when there are any.
    """

    ok: bool
    result: Any
    error: str | None
    meta: dict[str, Any] = field(default_factory=dict)


async def run(
    source: str,
    query: str,
    *,
    wire: Wire,
    rows: Wire | None = None,
    token: Secret | None,
    max_calls: int = MAX_CALLS,
    timeout: float = TIMEOUT_SECONDS,
    sandbox: Sandbox | None = None,
    who: str = "",
) -> Outcome:
    """Run one program over the Hub; never raises for what the program or the Hub does wrong.

    Args:
        source: the program, in the form the contract fixes.
        query: the question it answers, given to it as `query`.
        wire: the client of the Hub, rows: that of its service of dataset rows; token: whose eyes it sees with, which the program never gets.
        max_calls: HTTP requests, 1 to 400. timeout: seconds, 1 to 300.
        sandbox: the process's workers; without one a worker is started for this program alone.
        who: whose program it is; nobody takes every worker.
    """
    budget = Budget(max_calls, max(1.0, min(timeout, LONGEST_TIMEOUT)))
    reach = Reach(wire, token, budget, rows)
    printed: list[str] = []
    own = None if sandbox else Sandbox(workers=1)
    try:
        program = check(source)
        inputs = {"query": query[:_LONGEST_QUERY], "max_calls": budget.max_calls, "true": True, "false": False, "null": None}
        async with asyncio.timeout(budget.timeout):
            value = await (sandbox or own).run(program, inputs=inputs, helpers=_helpers(reach), printed=_collector(printed), who=who)
        result, notes = plain(value, token)
    except TimeoutError:
        return _ended(reach, printed, TimedOut(f"The program did not end within {budget.timeout:g} seconds.", "Ask for less, or raise timeout_sec (up to 300)."))  # fmt: skip
    except SpacesError as error:
        return _ended(reach, printed, error)
    finally:
        budget.close()
        if own:
            await own.close()
    if isinstance(result, dict) and result.get("ok") is False and isinstance(result.get("error"), str):
        return _outcome(reach, printed, result, result["error"], notes)
    if not budget.answered and not budget.introspected:
        if budget.last_failure:
            failure, _ = plain(budget.last_failure, token)
            return _outcome(reach, printed, failure, failure["error"], notes)
        return _outcome(reach, printed, None, "The program asked the Hub nothing, so its answer is not a live one. Call a helper and use its rows.", notes)
    return _outcome(reach, printed, result, None, notes)


def _helpers(reach: Reach) -> dict[str, Callable[..., Awaitable[dict[str, Any]]]]:
    return {name: _callable(reach, helper) for name, helper in HELPERS.items()}


def _callable(reach: Reach, helper: Helper) -> Callable[..., Awaitable[dict[str, Any]]]:
    async def call(*arguments: Any, **keywords: Any) -> dict[str, Any]:
        try:
            values = bind(helper, arguments, keywords)
            if helper.name == "call_api":
                return await call_api(reach, **values)
            if helper.name == "hf_runtime_capabilities":
                return _introspect(reach, **values)
            return await IMPLEMENTED[helper.name](reach, **values)
        except SpacesError as error:
            return _failure(reach, helper, error)
        except (KeyError, TypeError, ValueError, AttributeError, RecursionError):
            # The Hub answered in a shape nobody foresaw; one helper fails, the program goes on.
            _log.warning("%s met an answer of an unknown shape", helper.name, exc_info=True)
            return _failure(reach, helper, Unexpected("The Hub's answer has a shape this runtime does not know.", "Use another helper."))

    return call


def _failure(reach: Reach, helper: Helper, error: SpacesError) -> dict[str, Any]:
    if helper.name == "call_api":
        return {"ok": False, "status": 0, "url": "", "data": None, "error": sentence(error)}
    return failed(reach, helper.upstream[0] if helper.upstream else helper.name, error)


def _introspect(reach: Reach, *, section: str | None) -> dict[str, Any]:
    content = capabilities(section)
    reach.budget.introspected = True
    return envelope(reach, "runtime", [content], complete=True, exact_count=True, truncated=False, returned=1, total=1)


def _collector(lines: list[str]) -> Callable[[str], None]:
    room = _PRINTED

    def keep(text: str) -> None:
        nonlocal room
        if room > 0:
            lines.append(text[:room])
            room -= len(text)

    return keep


def _ended(reach: Reach, printed: list[str], error: SpacesError) -> Outcome:
    return _outcome(reach, printed, None, sentence(error), [], code=error.code)


def _outcome(reach: Reach, printed: list[str], result: Any, error: str | None, notes: list[str], **more: Any) -> Outcome:
    budget = reach.budget
    meta: dict[str, Any] = {
        "ok": error is None,
        "api_calls": budget.used,
        "max_calls": budget.max_calls,
        "elapsed_ms": budget.elapsed_ms,
        "limits_reached": budget.limits_reached or bool(notes),
        "limit_summary": budget.summaries,
        "trace": budget.trace,
        **more,
    }
    said = redact("".join(printed), reach.token)
    error = redact(error, reach.token) if error else None
    optional = {"notes": notes, "printed": said, "error": error}
    return Outcome(error is None, result, error, meta | {name: value for name, value in optional.items() if value})
