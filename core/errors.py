"""Every error a person, a model or a program can meet.

    SpacesError
    ├── InvalidInput         400  what was given cannot be used
    │   ├── TooLarge         413  more than the stated limit
    │   ├── NoTemplateFits   422  the idea is clear, no template does it
    │   └── NoModelFits      422  no configured model may answer this prompt
    ├── Unauthorized         401  nobody is signed in, or the token is not valid
    ├── PaymentRequired      402  the account's plan does not include this
    │   └── OverBudget       402  it would cost more than the stated budget
    ├── Forbidden            403  the token may not do this
    ├── NotFound             404  no such project, Space, file, preview
    ├── Conflict             409  the name is taken, or the state forbids it
    ├── Outdated             412  somebody changed it meanwhile
    ├── RateLimited          429  too many requests; says when to come back
    ├── Cancelled            499  the person stopped it
    ├── Unexpected           500  a defect of ours
    ├── ProviderFailed       502  a model provider did not answer, or answered nonsense
    ├── HubUnavailable       503  the Hub does not answer, or answers nonsense
    ├── TimedOut             504  no answer within the stated time
    ├── AppFailed            422  the app did not start, or stopped serving
    └── StorageFull          507  the disk or a quota is full

Core raises these; each door (page, REST, MCP, command line) has one adapter that
turns them into its own shape. `message` is one sentence that says what happened,
`fix` one sentence that says what to do.
"""

from __future__ import annotations

import traceback
from pathlib import Path
from typing import Any, ClassVar

_ROOT = Path(__file__).resolve().parent.parent


class SpacesError(Exception):
    """An error with the five fields every door shows: code, message, fix, retryable, status."""

    code: ClassVar[str] = "error"
    status: ClassVar[int] = 500
    retryable: ClassVar[bool] = False
    default_fix: ClassVar[str] = "Try again; if it happens again, report it with the request id."

    def __init__(self, message: str, fix: str | None = None, **details: Any):
        super().__init__(message)
        self.message = message
        self.fix = fix or self.default_fix
        self.details = details

    def to_dict(self) -> dict[str, Any]:
        """The wire shape: `{code, message, fix, retryable, status}` plus `details` when there are any."""
        shape: dict[str, Any] = {
            "code": self.code,
            "message": self.message,
            "fix": self.fix,
            "retryable": self.retryable,
            "status": self.status,
        }
        if self.details:
            shape["details"] = self.details
        return shape


class InvalidInput(SpacesError):
    code, status, default_fix = "invalid_input", 400, "Correct the value and send it again."


class TooLarge(InvalidInput):
    code, status, default_fix = "too_large", 413, "Make it smaller and send it again."


class NoTemplateFits(InvalidInput):
    code, status = "no_template_fits", 422
    default_fix = "Choose one of the nearest templates, describe the app in other words, or write its files without a template."


class NoModelFits(InvalidInput):
    code, status = "no_model_fits", 422
    default_fix = "Add a key, or choose another model; the list of who was not asked says why."


class AppFailed(SpacesError):
    code, status = "app_failed", 422
    default_fix = "Read the first error in the log, change the file it names and start it again."


class Unauthorized(SpacesError):
    code, status, default_fix = "unauthorized", 401, "Sign in or paste a token on the Keys tab; programs send one as a bearer, the command line reads HF_TOKEN."


class PaymentRequired(SpacesError):
    code, status, default_fix = "payment_required", 402, "Choose a free kind of Space, or upgrade the account."


class OverBudget(PaymentRequired):
    code, default_fix = "over_budget", "Raise the budget, choose a cheaper model, or wait until the day ends."


class Forbidden(SpacesError):
    code, status, default_fix = "forbidden", 403, "Use a token with write access to this namespace."


class NotFound(SpacesError):
    code, status, default_fix = "not_found", 404, "Check the name; it may have been moved or deleted."


class Conflict(SpacesError):
    code, status, default_fix = "conflict", 409, "Choose another name."


class Outdated(SpacesError):
    code, status, retryable = "outdated", 412, True
    default_fix = "Load the newest state and apply the change again."


class RateLimited(SpacesError):
    code, status, retryable, default_fix = "rate_limited", 429, True, "Wait a moment and try again."


class Cancelled(SpacesError):
    code, status, default_fix = "cancelled", 499, "Start it again when you are ready."


class Unexpected(SpacesError):
    code, status = "unexpected", 500


class ProviderFailed(SpacesError):
    code, status, retryable = "provider_failed", 502, True
    default_fix = "Try again, or let another provider answer by adding a key."


class HubUnavailable(SpacesError):
    code, status, retryable = "hub_unavailable", 503, True
    default_fix = "Check the network and try again in a minute; nothing was changed."


class TimedOut(SpacesError):
    code, status, retryable, default_fix = "timed_out", 504, True, "Try again, or allow more time."


class StorageFull(SpacesError):
    code, status, default_fix = "storage_full", 507, "Free some space and try again; nothing was changed."


def where(error: BaseException) -> str:
    """What kind of defect showed, and where in our files: nothing of what it was about, so that any log may hold it."""
    frames = [one for one in traceback.extract_tb(error.__traceback__) if Path(one.filename).is_relative_to(_ROOT)]
    return type(error).__name__ + (f" in {Path(frames[-1].filename).relative_to(_ROOT)}:{frames[-1].lineno}" if frames else "")
