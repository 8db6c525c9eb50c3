"""What the Hub, its client library or the network raised, as one of our errors: what happened, and what to do."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import httpx

from core.errors import (
    Conflict,
    Forbidden,
    HubUnavailable,
    InvalidInput,
    NotFound,
    Outdated,
    PaymentRequired,
    RateLimited,
    SpacesError,
    StorageFull,
    TimedOut,
    TooLarge,
    Unauthorized,
    Unexpected,
)
from core.hub.transport import retry_after
from core.secrets import Secret, redact

PAID_CHOICE = (
    "Choose one: a static Space is free for everyone, a Gradio Space on ZeroGPU (zero-a10g) is free for an account "
    "in good standing, or subscribe to PRO."
)
SAMPLE = "The Local Hub holds a small sample: that something is missing in it proves nothing about huggingface.co."
_MESSAGE_LENGTH = 400
_CLIENT_MODULES = ("huggingface_hub", "httpx", "httpcore", "json", "hf_xet")


@contextmanager
def hub_errors(doing: str, secret: Secret | None = None) -> Iterator[None]:
    """Translate whatever the client library raises inside the block.

    Args:
        doing: what was asked, to finish "could not …" ("create alice/demo").
        secret: the token in use; it is cut out of every text the Hub sent back.

    Raises the fitting class of `core.errors`; errors that are ours already, and defects of our own code, pass unchanged.
    """
    try:
        yield
    except SpacesError:
        raise
    except Exception as error:
        ours = translate(error, doing, secret)
        if ours is None:
            raise
        raise ours from None


def translate(error: Exception, doing: str, secret: Secret | None = None) -> SpacesError | None:
    """The error of ours that says the same, or None when the fault is not the Hub's, the network's or the input's."""
    from huggingface_hub.errors import (
        HfHubHTTPError,
        HFValidationError,
        LocalEntryNotFoundError,
        OfflineModeIsEnabled,
    )

    if isinstance(error, HfHubHTTPError):
        return _from_answer(error, doing, secret)
    if isinstance(error, HFValidationError):
        return InvalidInput(f"Could not {doing}: {_first_line(str(error), secret)}", "Use a name the Hub accepts.")
    if isinstance(error, OfflineModeIsEnabled):
        return HubUnavailable(f"Could not {doing}: HF_HUB_OFFLINE is set.", "Unset HF_HUB_OFFLINE, or use the Local Hub.")
    if isinstance(error, LocalEntryNotFoundError):
        return HubUnavailable(f"Could not {doing}: the file could not be fetched from the Hub.")
    if isinstance(error, (httpx.ConnectError, httpx.ConnectTimeout, httpx.ProxyError)):
        return HubUnavailable(f"Could not {doing}: the Hub does not answer.")
    if isinstance(error, httpx.TimeoutException):
        return TimedOut(f"Could not {doing}: the Hub did not answer in time.")
    if isinstance(error, httpx.HTTPError):
        return HubUnavailable(f"Could not {doing}: the connection to the Hub broke ({type(error).__name__}).")
    if isinstance(error, httpx.InvalidURL):
        return InvalidInput(f"Could not {doing}: the Hub's address is not a valid URL.", "Correct HF_ENDPOINT.")
    if not _raised_by_client(error):
        return None
    if isinstance(error, (json.JSONDecodeError, UnicodeDecodeError, KeyError, TypeError, AttributeError, IndexError)):
        return nonsense(doing)
    if isinstance(error, ValueError):  # the library's own checks, such as a README front matter the Hub refuses
        return InvalidInput(f"Could not {doing}: {_first_line(str(error), secret)}")
    if isinstance(error, (RuntimeError, OSError)):  # the shared client was closed under us, or the upload library failed
        return HubUnavailable(f"Could not {doing}: the connection to the Hub broke ({type(error).__name__}).")
    return None


def nonsense(doing: str) -> HubUnavailable:
    """The error for an answer that arrived, but makes no sense."""
    return HubUnavailable(f"Could not {doing}: the Hub answered something that is not its protocol.")


def refusal(status: int, doing: str, *, code: str = "", said: str = "", token: Secret | None = None) -> SpacesError:
    """The error for an answer that is no success, as its status, its `X-Error-Code` and its own words tell it.

    Args:
        doing: what was asked, to finish "could not …".
        token: what the request carried; it is cut out of the words.
    """
    said = _first_line(said, token)
    if code in ("GatedRepo", "DisabledRepo"):
        return Forbidden(f"Could not {doing}: {said or 'access is restricted.'}", "Ask its owner for access on its page.")
    if code in ("RevisionNotFound", "EntryNotFound"):
        return NotFound(f"Could not {doing}: {said or 'there is no such revision or file.'}")
    if code == "RepoNotFound":
        return _missing(doing, token is not None)
    if answer := _BY_STATUS.get(status):
        return answer(doing, said, token is not None)
    if status >= 500:
        return HubUnavailable(f"Could not {doing}: the Hub answered with an error of its own ({status}).")
    return Unexpected(f"Could not {doing}: the Hub answered {status}. {said}".strip())


def of_sample(error: SpacesError) -> SpacesError:
    """What a Local Hub does not have may well exist: said where it says that there is no such thing."""
    if not isinstance(error, NotFound) or SAMPLE in error.fix:
        return error
    return NotFound(error.message, f"{error.fix} {SAMPLE}", **error.details)


def _from_answer(error, doing: str, secret: Secret | None) -> SpacesError:
    from huggingface_hub.errors import (
        DisabledRepoError,
        GatedRepoError,
        RemoteEntryNotFoundError,
        RepositoryNotFoundError,
        RevisionNotFoundError,
    )

    response = error.response
    said = _first_line(error.server_message or "", secret)
    signed = "authorization" in response.request.headers
    if isinstance(error, (GatedRepoError, DisabledRepoError)):
        return Forbidden(f"Could not {doing}: {said or 'access is restricted.'}", "Ask its owner for access on its page.")
    if isinstance(error, (RevisionNotFoundError, RemoteEntryNotFoundError)):
        return NotFound(f"Could not {doing}: {said or 'there is no such revision or file.'}")
    if isinstance(error, RepositoryNotFoundError):
        return _missing(doing, signed)
    status = response.status_code
    answer = _BY_STATUS.get(status)
    if answer:
        return answer(doing, said, signed)
    if status == 429:
        seconds = retry_after(response)
        when = f"in {seconds} seconds" if seconds else "in a minute"
        return RateLimited(
            f"Could not {doing}: the Hub takes no more requests for now.", f"Try again {when}.", retry_after=seconds
        )
    if status >= 500:
        return HubUnavailable(f"Could not {doing}: the Hub answered with an error of its own ({status}).")
    return Unexpected(f"Could not {doing}: the Hub answered {status}. {said}".strip())


def _missing(doing: str, signed: bool) -> NotFound:
    if signed:
        return NotFound(f"Could not {doing}: it does not exist, or this token may not see it.")
    return NotFound(
        f"Could not {doing}: it does not exist, or it is private and nobody is signed in.",
        "Check the name, or sign in with an account that may see it.",
    )


def _unauthorized(doing: str, said: str, signed: bool) -> SpacesError:
    if signed:
        return Unauthorized(
            f"Could not {doing}: the Hub does not accept this token.",
            "Sign in again, or paste a valid token on the Keys tab; it may have expired or been revoked.",
        )
    return Unauthorized(f"Could not {doing}: nobody is signed in.")


def _forbidden(doing: str, said: str, signed: bool) -> SpacesError:
    return Forbidden(
        f"Could not {doing}: this token may not do that. {said}".strip(),
        "Use a token with write access to this namespace; a read-only or narrowly scoped one is refused.",
    )


def _taken(doing: str, said: str, signed: bool) -> SpacesError:
    return Conflict(f"Could not {doing}: {said or 'the name is taken.'}")


def _outdated(doing: str, said: str, signed: bool) -> SpacesError:
    return Outdated(f"Could not {doing}: somebody changed the repository meanwhile.")


def _refused(doing: str, said: str, signed: bool) -> SpacesError:
    return InvalidInput(f"Could not {doing}: {said or 'the Hub refused what was sent.'}")


_BY_STATUS: dict[int, Callable[[str, str, bool], SpacesError]] = {
    400: _refused,
    401: _unauthorized,
    402: lambda doing, said, signed: PaymentRequired(
        f"Could not {doing}: {said or 'the plan of this account does not include it.'}", PAID_CHOICE
    ),
    403: _forbidden,
    404: lambda doing, said, signed: _missing(doing, signed),
    408: lambda doing, said, signed: TimedOut(f"Could not {doing}: the Hub gave up waiting."),
    409: _taken,
    410: lambda doing, said, signed: NotFound(f"Could not {doing}: it is gone from the Hub."),
    412: _outdated,
    413: lambda doing, said, signed: TooLarge(f"Could not {doing}: {said or 'it is larger than the Hub accepts.'}"),
    422: _refused,
    501: lambda doing, said, signed: HubUnavailable(f"Could not {doing}: this Hub does not offer that."),
    507: lambda doing, said, signed: StorageFull(f"Could not {doing}: {said or 'the storage of the Hub is full.'}"),
}


def _first_line(text: str, secret: Secret | None) -> str:
    """The first words that matter, short and free of credentials. The Hub's text is data, never trusted as markup."""
    lines = [line.strip(" -") for line in redact(text, secret).splitlines() if line.strip(" -")]
    joined = re.sub(r"\s+", " ", " ".join(lines[:3]))
    if len(joined) > _MESSAGE_LENGTH:
        return joined[: _MESSAGE_LENGTH - 1] + "…"
    return joined + "." if joined and joined[-1].isalnum() else joined


def _raised_by_client(error: BaseException) -> bool:
    trace = error.__traceback__
    module = ""
    while trace is not None:
        module = trace.tb_frame.f_globals.get("__name__", "")
        trace = trace.tb_next
    return module.partition(".")[0] in _CLIENT_MODULES

