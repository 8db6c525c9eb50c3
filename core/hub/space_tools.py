"""Call the Gradio endpoints of a Space from outside: which there are, and one of them with named inputs."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from typing import Any
from urllib.parse import quote, urlsplit

import httpx

from core.caller import Caller
from core.errors import AppFailed, HubUnavailable, InvalidInput, NotFound, TimedOut, TooLarge
from core.hub.client import Hub
from core.hub.names import check_repo

_INFO_SECONDS = 30
LONGEST_RUN = 300
_LARGEST_INPUT = 1_000_000
_LARGEST_ANSWER = 5_000_000
_ENDPOINTS = 50
_CHOICES = 200


async def space_tools(hub: Hub, caller: Caller, repo: str) -> list[dict[str, Any]]:
    """The named endpoints of a Gradio Space that runs.

    Args:
        repo: namespace/name.

    Returns `[{name, inputs: [{name, label, type, component, required, default, choices, example}], outputs: [{label, type,
    component}]}]`, at most 50; `choices` is None where any value of the type will do, else at most 200. Raises NotFound, AppFailed when the Space tells of no endpoints, TimedOut, HubUnavailable.
    """
    host, headers = await _address(hub, caller, repo)
    try:
        async with asyncio.timeout(_INFO_SECONDS), _client(hub) as web, web.stream("GET", f"{host}/gradio_api/info", headers=headers) as response:
            body, status = await _whole(response), response.status_code
    except TimeoutError:
        raise TimedOut(f"{repo} did not say within {_INFO_SECONDS} seconds what can be called.") from None
    except httpx.HTTPError:
        raise HubUnavailable(f"{repo} does not answer at its address.", "See whether the Space runs, and try again.") from None
    told = _json(body) if status == 200 else None
    named = told.get("named_endpoints") if isinstance(told, dict) else None
    if not isinstance(named, dict):
        raise AppFailed(f"{repo} offers nothing to call.", "Only a Gradio Space that runs can be called; see its stage in hf_space_details.")
    return [_tool(name, one) for name, one in list(named.items())[:_ENDPOINTS] if isinstance(one, Mapping)]


async def run_space_tool(
    hub: Hub, caller: Caller, repo: str, endpoint: str, inputs: Mapping[str, Any], *, timeout: float = 120
) -> list[Any]:
    """Run one endpoint of a Gradio Space and give its last outputs, one for each output it declares.

    Args:
        endpoint: its name as `space_tools` gives it, such as greet.
        inputs: values by the names of the inputs; what has a default may be left out.
        timeout: seconds, 1 to 300.

    Raises InvalidInput for an unknown endpoint or input or one of the wrong type, NotFound, AppFailed, TimedOut, TooLarge.
    """
    tools = {tool["name"]: tool for tool in await space_tools(hub, caller, repo)}
    tool = tools.get(endpoint.strip().lstrip("/"))
    if tool is None:
        raise InvalidInput(f"{repo} has no endpoint {endpoint[:60]!r}.", f"Its endpoints are: {', '.join(tools) or 'none'}.")
    data = _values(tool, inputs)
    if len(json.dumps(data, default=str)) > _LARGEST_INPUT:
        raise TooLarge(f"The inputs are larger than {_LARGEST_INPUT:,} characters.")
    seconds = max(1.0, min(timeout, LONGEST_RUN))
    host, headers = await _address(hub, caller, repo)
    address = f"{host}/gradio_api/call/{quote(tool['name'], safe='')}"
    try:
        async with asyncio.timeout(seconds), _client(hub) as web:
            async with web.stream("POST", address, json={"data": data}, headers=headers) as answer:
                begun = _json(await _whole(answer))
            if answer.status_code != 200 or not isinstance(begun, dict) or not isinstance(begun.get("event_id"), str):
                raise AppFailed(f"{repo} refused the call of {tool['name']} with the status {answer.status_code}.", "Check the inputs.")
            async with web.stream("GET", f"{address}/{quote(begun['event_id'], safe='')}", headers=headers) as response:
                return await _last(response, repo, tool["name"])
    except TimeoutError:
        raise TimedOut(f"{tool['name']} of {repo} did not end within {seconds:g} seconds.") from None
    except httpx.HTTPError:
        raise HubUnavailable(f"{repo} broke off the call of {tool['name']}.", "See whether the Space runs, and try again.") from None


async def _address(hub: Hub, caller: Caller, repo: str) -> tuple[str, dict[str, str]]:
    """Where a Space answers, without a slash at the end, and the headers for it.

    The token goes to a private Space at huggingface.co only, which lets nobody in without: an app can read what comes with a
    request (Gradio's own words on `token` in `gradio.load`), and whose app it is is anybody's.
    """
    check_repo(repo)
    info = await hub.ask(caller, lambda api: api.space_info(repo), doing=f"read {repo}", timeout=30, retry=True)
    host = (info.host or "").rstrip("/")
    if not host:
        raise NotFound(f"{repo} has no address yet.", "Wait until the Space has been built.")
    parts = urlsplit(host)
    own = hub.local and host.startswith(f"{hub.endpoint}/s/")
    theirs = not hub.local and parts.scheme == "https" and (parts.hostname or "").endswith(".hf.space")
    if not own and not theirs:
        raise NotFound(f"{repo} is a sample here and does not run." if hub.local else f"{repo} is at an address that is no Space's.")
    return host, {"Authorization": f"Bearer {caller.token.reveal()}"} if theirs and info.private and caller.token else {}


def _client(hub: Hub) -> httpx.AsyncClient:
    web = hub.web()
    web.follow_redirects = False  # a token does not follow an app to wherever it points
    web.timeout = httpx.Timeout(LONGEST_RUN, connect=10)
    web.headers["Accept-Encoding"] = "identity"
    return web


def _tool(name: str, told: Mapping[str, Any]) -> dict[str, Any]:
    inputs = [
        {
            "name": str(one.get("parameter_name") or f"input_{number}"),
            "label": str(one.get("label") or ""),
            "type": _type(one),
            "component": str(one.get("component") or ""),
            "required": not one.get("parameter_has_default"),
            "default": one.get("parameter_default"),
            "choices": _choices(one),
            "example": one.get("example_input"),
        }
        for number, one in enumerate(_dicts(told.get("parameters")))
    ]
    outputs = [{"label": str(one.get("label") or ""), "type": _type(one), "component": str(one.get("component") or "")} for one in _dicts(told.get("returns"))]
    return {"name": name.lstrip("/"), "inputs": inputs, "outputs": outputs}


def _type(told: Mapping[str, Any]) -> str:
    schema = told.get("type")
    return str(schema.get("type") or "any") if isinstance(schema, Mapping) else "any"


def _choices(told: Mapping[str, Any]) -> list[Any] | None:
    schema = told.get("type")
    listed = schema.get("enum") if isinstance(schema, Mapping) else None
    return listed[:_CHOICES] if isinstance(listed, list) and listed else None


_TYPES: dict[str, tuple[type, ...]] = {"string": (str,), "number": (int, float), "integer": (int,), "boolean": (bool,), "array": (list,)}


def _values(tool: Mapping[str, Any], inputs: Mapping[str, Any]) -> list[Any]:
    names = [one["name"] for one in tool["inputs"]]
    if unknown := [name for name in inputs if name not in names]:
        raise InvalidInput(f"{tool['name']} has no input {unknown[0][:60]!r}.", f"Its inputs are: {', '.join(names) or 'none'}.")
    return [_value(tool["name"], one, inputs) for one in tool["inputs"]]


def _value(tool: str, one: Mapping[str, Any], inputs: Mapping[str, Any]) -> Any:
    if one["name"] not in inputs:
        if one["required"]:
            raise InvalidInput(f"{tool} needs {one['name']}.", f"Give a value of the type {one['type']}.")
        return one["default"]
    value = inputs[one["name"]]
    if value in (one["choices"] or ()):  # Gradio calls every choice a string, numbers too
        return value
    wanted = _TYPES.get(one["type"])
    if value is not None and wanted and (not isinstance(value, wanted) or (isinstance(value, bool) and bool not in wanted)):
        raise InvalidInput(f"{one['name']} of {tool} is of the type {one['type']}.", f"Give such a value, not {type(value).__name__}.")
    return value


async def _last(response: httpx.Response, repo: str, tool: str) -> list[Any]:
    """The outputs of the event that ends the stream."""
    kind, rest = "", b""
    async for piece in _bounded(response):
        *lines, rest = (rest + piece).split(b"\n")
        for line in lines:
            if line.startswith(b"event:"):
                kind = line[6:].strip().decode("ascii", "replace")
            elif line.startswith(b"data:") and kind in ("complete", "error"):
                told = _json(line[5:])
                if kind == "complete" and isinstance(told, list):
                    return told
                why = told.get("error") if isinstance(told, dict) else told
                said = f": {why[:300]}" if isinstance(why, str) and why else ""
                raise AppFailed(f"{tool} of {repo} failed{said}.", "Try other inputs, or read the Space's log.")
    raise AppFailed(f"{tool} of {repo} ended without an answer.", "Try again, or read the Space's log.")


async def _whole(response: httpx.Response) -> bytes:
    return b"".join([piece async for piece in _bounded(response)])


async def _bounded(response: httpx.Response) -> AsyncIterator[bytes]:
    """The body as it comes: what is compressed all the same is not unpacked, because a few kilobytes may hold gigabytes."""
    seen = 0
    async for piece in response.aiter_raw():
        seen += len(piece)
        if seen > _LARGEST_ANSWER:
            raise TooLarge(f"The Space answered more than {_LARGEST_ANSWER // 1_000_000} MB.", "Ask it for less.")
        yield piece


def _json(body: bytes) -> Any:
    try:
        return json.loads(body)
    except ValueError:
        return None


def _dicts(rows: Any) -> list[Mapping[str, Any]]:
    return [one for one in rows if isinstance(one, Mapping)] if isinstance(rows, list) else []
