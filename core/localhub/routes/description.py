"""What this Hub serves, described as the Hub describes its API: derived from the routes themselves, so it says nothing else."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from core.localhub import wire

PATH = "/.well-known/openapi.json"
_ABOUT = "What a Local Hub serves, by its routes. Queries and bodies are those of huggingface.co, which serves more: https://huggingface.co/docs/hub/api."
_PARAMETER = re.compile(r"\{(\w+)(?::\w+)?\}")
_VERBS = {"GET": "Read", "POST": "Send", "PUT": "Set", "PATCH": "Change", "DELETE": "Delete"}
_MEANINGS = {
    "kind": {"schema": {"enum": ["models", "datasets", "spaces"]}},
    "rev": {"schema": {"type": "string"}, "description": "A branch, a tag or a commit."},
    "namespace": {"schema": {"type": "string"}, "description": "The owner: a user or an organization."},
}


def routes(groups: Mapping[str, Sequence[Route]]) -> list[Route]:
    """The route that describes the others, by the name of the group each is of."""
    document: dict[str, Any] = {}

    async def description(request: Request) -> Response:
        if not document:
            document.update(describe(groups))
        return wire.answer(document)

    return [Route(PATH, description)]


def describe(groups: Mapping[str, Sequence[Route]]) -> dict[str, Any]:
    """The description as a document of OpenAPI 3.1."""
    paths: dict[str, dict[str, Any]] = {}
    for group, listed in groups.items():
        for route in listed:
            if not isinstance(route, Route) or not route.path.startswith(("/api/", "/docs/")):
                continue
            path = _PARAMETER.sub(r"{\1}", route.path)
            for method in sorted((route.methods or set()) & _VERBS.keys()):
                paths.setdefault(path, {}).setdefault(method.lower(), _operation(group, route, path, method))
    tags = sorted({tag for methods in paths.values() for one in methods.values() for tag in one["tags"]})
    return {
        "openapi": "3.1.0",
        "info": {"title": "A Local Hub", "version": "1", "description": _ABOUT},
        "tags": [{"name": tag} for tag in tags],
        "paths": paths,
    }


def _operation(group: str, route: Route, path: str, method: str) -> dict[str, Any]:
    name = route.endpoint.__name__.strip("_")
    last = next(part for part in reversed(path.split("/")) if part and not part.startswith("{"))
    words = name.replace("_", " ") if name != "endpoint" else last
    said = (route.endpoint.__doc__ or "").strip().partition("\n")[0]
    where = f" ({last})" if last not in words else ""
    parameters = [
        {"name": each, "in": "path", "required": True, "schema": {"type": "string"}} | _MEANINGS.get(each, {}) for each in _PARAMETER.findall(route.path)
    ]
    return {
        "operationId": name if name != "endpoint" else last,
        "summary": said or f"{_VERBS[method]}: {words}{where}",
        "tags": [group.replace("_", " ")],
        "parameters": parameters,
        "responses": {"200": {"description": "As huggingface.co answers it."}},
    }
