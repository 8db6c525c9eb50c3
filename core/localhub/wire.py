"""Requests and answers in the Hub's own words: headers, the error shape, paging, addresses."""

from __future__ import annotations

import base64
import errno
import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from typing import Any, TypeVar
from urllib.parse import quote, urlencode

from pydantic import BaseModel, ValidationError
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse, Response

from core.errors import InvalidInput, NotFound, SpacesError, StorageFull, TooLarge, Unauthorized, Unexpected

MAX_JSON = 4_000_000
MAX_PAGE = 1000
_GIT = re.compile(r"/(info/refs|info/lfs/.*|git-(upload|receive)-pack)$")
# An encoded slash inside one path segment, while routing: no file name may hold a control character.
SLASH = "\x1f"
EXPOSED = (
    "X-Repo-Commit,X-Request-Id,X-Error-Code,X-Error-Message,X-Total-Count,ETag,Link,Accept-Ranges,"
    "Content-Range,X-Linked-Size,X-Linked-ETag"
)
T = TypeVar("T")
Shape = TypeVar("Shape", bound=BaseModel)


class RepoNotFound(NotFound):
    hub_code = "RepoNotFound"


class RepoHidden(Unauthorized):
    """What an anonymous caller meets where a repository is missing or private."""

    # A 401 alone is not "not found" for clients of a plain-http endpoint; the code makes it one.
    hub_code = "RepoNotFound"


class RevisionNotFound(NotFound):
    hub_code = "RevisionNotFound"


class EntryNotFound(NotFound):
    hub_code = "EntryNotFound"


class NotImplementedHere(SpacesError):
    code, status = "not_implemented", 501
    default_fix = "Use huggingface.co for this."


class Unprocessable(InvalidInput):
    status = 422


def answer(data: Any, *, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """A JSON answer with the Hub's weak ETag."""
    body = json.dumps(data, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")
    digest = base64.b64encode(hashlib.sha1(body, usedforsecurity=False).digest()).decode().rstrip("=")
    tags = {"ETag": f'W/"{len(body):x}-{digest}"', **(headers or {})}
    return Response(body, status, tags, media_type="application/json; charset=utf-8")


def failure(error: SpacesError, request: Request | None = None) -> Response:
    """The error shape: `{"error": …}` plus the headers clients decide by; plain text below /resolve/."""
    message = re.sub(r"[\x00-\x1f\x7f]+", " ", error.message.encode("utf-8", "replace").decode()).strip()
    headers = {"X-Error-Message": message.encode("ascii", "replace").decode()[:1000].strip()}
    if code := getattr(error, "hub_code", None):
        headers["X-Error-Code"] = code
    if commit := error.details.get("commit"):
        headers["X-Repo-Commit"] = commit
    if error.status == 401:
        # git asks for a password only where Basic is offered; a browser would, too, so the API does not offer it.
        scheme = "Basic" if request is not None and _GIT.search(request.url.path) else "Bearer"
        headers["WWW-Authenticate"] = f'{scheme} realm="Authentication required", charset="UTF-8"'
    if request is not None and re.search(r"/(resolve|raw)/", request.url.path) and "/api/" not in request.url.path:
        return PlainTextResponse(message, error.status, headers)
    body: dict[str, Any] = {"error": message}
    body |= {key: error.details[key] for key in ("url", "errors") if key in error.details}
    return answer(body, status=error.status, headers=headers)


async def on_error(request: Request, error: Exception) -> Response:
    """Starlette's exception handler: every error leaves in the error shape, none with a stack trace."""
    if isinstance(error, ClientDisconnect):
        return Response(status_code=400)
    if isinstance(error, HTTPException):
        shown = NotFound("Not Found") if error.status_code == 404 else InvalidInput(str(error.detail))
        shown.status = error.status_code
        return failure(shown, request)
    if isinstance(error, SpacesError):
        return failure(error, request)
    if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
        return failure(StorageFull("There is no room left on the disk."), request)
    return failure(Unexpected("Internal Error - We're working hard to fix this as soon as possible!"), request)


def base_url(request: Request, prefix: str = "") -> str:
    """The endpoint as this client spells it: its own scheme and Host, and where the Hub is mounted."""
    host = request.headers.get("host", "")
    if not re.fullmatch(r"[A-Za-z0-9.:\[\]_-]{1,255}", host):
        raise InvalidInput("The Host header is missing or not a host name.")
    return f"{request.url.scheme}://{host}{prefix}"


def segment(request: Request, name: str) -> str:
    """A path parameter, with encoded slashes as slashes."""
    return request.path_params[name].replace(SLASH, "/")


def flag(request: Request, name: str, default: bool = False) -> bool:
    """A boolean of the query string: `true`, `1` and a bare name are true."""
    value = request.query_params.get(name)
    return default if value is None else value.lower() in ("", "1", "true", "yes", "on")


def number(request: Request, name: str, default: int, *, low: int = 0, high: int = MAX_PAGE) -> int:
    """A whole number of the query string within low..high; `InvalidInput` when it is none."""
    value = request.query_params.get(name)
    if value is None:
        return default
    if not re.fullmatch(r"-?\d{1,9}", value) or not low <= int(value):
        raise InvalidInput(f'"{name}" must be a number from {low} to {high}')
    return min(int(value), high)


def many(request: Request, name: str) -> list[str]:
    """A repeated argument of the query string, also spelled `name[]`."""
    return [*request.query_params.getlist(name), *request.query_params.getlist(f"{name}[]")]


def encode_cursor(place: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(place).encode()).decode().rstrip("=")


def decode_cursor(text: str) -> Any:
    try:
        return json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
    except ValueError:
        raise InvalidInput("Invalid cursor") from None


def next_link(request: Request, prefix: str, **changed: str | int) -> dict[str, str]:
    """The `Link` header toward the next page: the same address and arguments, with some changed."""
    kept = [(key, value) for key, value in request.query_params.multi_items() if key not in changed]
    query = urlencode([*kept, *changed.items()])
    # The prefix is part of the raw path already where the Hub is mounted below one.
    host = base_url(request, prefix).removesuffix(prefix) if prefix else base_url(request)
    path = request.scope.get("raw_path", b"").decode("ascii", "replace") or quote(request.url.path)
    return {"Link": f'<{host}{path}?{query}>; rel="next"'}


def page(request: Request, prefix: str, items: Sequence[T], limit: int) -> tuple[list[T], dict[str, str]]:
    """One page of a list by `limit` and `cursor` (an offset), with its `Link` header."""
    cursor = request.query_params.get("cursor")
    start = decode_cursor(cursor) if cursor else 0
    if not isinstance(start, int) or start < 0:
        raise InvalidInput("Invalid cursor")
    more = start + limit < len(items)
    link = next_link(request, prefix, cursor=encode_cursor(start + limit)) if more else {}
    return list(items[start : start + limit]), link


async def read_body(request: Request, limit: int = MAX_JSON) -> bytes:
    """The whole body; `TooLarge` beyond `limit` bytes."""
    parts: list[bytes] = []
    size = 0
    async for chunk in request.stream():
        size += len(chunk)
        if size > limit:
            raise TooLarge(f"The request body is larger than {limit} bytes.")
        parts.append(chunk)
    return b"".join(parts)


async def read_json(request: Request, shape: type[Shape], limit: int = MAX_JSON) -> Shape:
    """The JSON body as `shape`; an empty body counts as `{}`. `InvalidInput` names the first wrong field."""
    body = await read_body(request, limit)
    try:
        return shape.model_validate_json(body or b"{}")
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        raise InvalidInput(f'"{where}": {first["msg"]}' if where else f"The body is not valid: {first['msg']}") from None
