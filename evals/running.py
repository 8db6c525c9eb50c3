"""One idea through the running server: built by rules or by the agent, then used in a browser."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import httpx

from evals.ideas import Idea, Result, Way

_QUESTIONS = 3  # the agent may ask so often; it is told to decide for itself
_DECIDE = "Decide this for yourself; nobody can be asked. Go on until the app works here."
_REFUSED = "Nothing may be published, paid or opened here. Finish the app in this project."


class Failed(Exception):
    """An action's error."""

    def __init__(self, error: dict[str, Any]):
        super().__init__(error.get("message", ""))
        self.error = error


class Client:
    """The server's actions by name over REST. seconds: the longest one may take."""

    def __init__(self, url: str, *, seconds: float):
        self._web = httpx.Client(base_url=url, timeout=httpx.Timeout(seconds, connect=10))

    def __call__(self, _name: str, /, **given: Any) -> Any:
        answer = self._web.post(f"/api/actions/{_name}", json=given)
        body = answer.json()
        if answer.is_success:
            return body
        raise Failed(body.get("error", body))


def run(do: Client, idea: Idea, *, path: str, model: str | None, provider: str | None, limit_usd: float) -> Result:
    """Build it, use it, say what came of it. Whatever goes wrong with the app is a result, not an error."""
    began = time.monotonic()
    made = by_rules(do, idea) if path == "rules" else by_agent(do, idea, model=model, provider=provider, limit_usd=limit_usd)
    seconds = round(time.monotonic() - began, 1)
    project = made.pop("project", None)
    if project is None:
        return Result(idea.id, False, seconds=seconds, **made | {"said": made.get("said") or "Nothing was built."})
    works, starts, said, sdk = used(do, idea, project)
    stop(do, project)
    return Result(idea.id, works, starts, sdk=sdk, seconds=seconds, **made | {"said": said or made.get("said", "")})


def by_rules(do: Client, idea: Idea) -> dict[str, Any]:
    """`build_space` without publishing. What no template can do, and what does not start, is said."""
    try:
        built = do("build_space", idea=idea.idea)
    except Failed as failed:
        project = (failed.error.get("details") or {}).get("project")
        return {"said": failed.error.get("message", "")} | ({"project": project} if project else {})
    return {"project": built["project"]["id"], "rungs": len(built.get("repairs") or [])}


def by_agent(do: Client, idea: Idea, *, model: str | None, provider: str | None, limit_usd: float) -> dict[str, Any]:
    """One chat: what needs a person's yes is refused, questions are sent back, within the limit of money."""
    asking = {name: value for name, value in {"model": model, "provider": provider, "limit_usd": limit_usd}.items() if value is not None}
    try:
        state = do("agent_chat", message=idea.idea, **asking)
        for _ in range(_QUESTIONS):
            if state["ending"] == "question":
                state = do("agent_chat", message=_DECIDE, chat=state["chat"])
            elif state["ending"] == "approval":
                decisions = [{"id": one["id"], "approve": False, "feedback": _REFUSED} for one in state["pending"]]
                state = do("agent_decide", chat=state["chat"], decisions=decisions)
            else:
                break
    except Failed as failed:
        return {"said": failed.error.get("message", ""), "cost_usd": None}
    except httpx.TimeoutException:
        chat = newest_chat(do)
        if chat is None:
            return {"said": "The agent did not end in time.", "ending": "time", "cost_usd": None}
        do("agent_stop", chat=chat["id"])
        state = {"chat": chat["id"], "project": chat["project"], "ending": "time", "text": "Stopped: it took too long.", "spent": chat["spent"]}
    spent = state.get("spent") or {}
    tools, rungs, verified = told(do, state["chat"])
    return {
        "said": "" if state["ending"] == "done" else f"{state['ending']}: {state.get('text', '')}"[:300],
        "ending": state["ending"], "tools": tools, "rungs": rungs, "verified": verified,
        "tokens": (spent.get("prompt") or 0) + (spent.get("completion") or 0),
        "cost_usd": None if spent.get("unknown") else spent.get("usd", 0.0),
    } | ({"project": state["project"]} if state.get("project") else {})  # fmt: skip


def newest_chat(do: Client) -> dict[str, Any] | None:
    rows = do("agent_chats")["items"]
    return rows[0] if rows else None


def told(do: Client, chat: str) -> tuple[int, int, bool | None]:
    """How many tools were called, how many rungs its repairs had, and whether its last look said that the app works."""
    tools = rungs = after = 0
    verified: bool | None = None
    while True:
        page = do("agent_open", chat=chat, after=after, limit=1000)
        for one in page["events"]:
            if one["event"] != "ToolEnded" or one.get("agent"):
                continue
            tools += 1
            data = one.get("data") if isinstance(one.get("data"), dict) else {}
            if one["name"] == "app_repair":
                rungs += len(data.get("rungs") or [])
            if one["name"] in ("app_verify", "app_repair"):
                verified = data.get("ok")
        if not page["more"] or not page["events"]:
            return tools, rungs, verified
        after = page["events"][-1]["seq"]


def used(do: Client, idea: Idea, project: str) -> tuple[bool, bool, str, str]:
    """Whether one way works; whether it starts at all; why not; the sdk it has."""
    sdk = next((one["sdk"] for one in do("project_list")["items"] if one["id"] == project), "") or ""
    if idea.sdk and sdk != idea.sdk:
        return False, False, f"It is a {sdk or 'nameless'} Space; {idea.sdk} was asked for.", sdk
    opened = do("app_verify", project=project, steps=[])
    if not opened["preview"]:
        return False, False, opened["first_error"], sdk
    said = opened["first_error"]
    for way in idea.ways:
        lacking = _lacking(do, project, way) or (_without_tool(opened["preview"]["url"], way.mcp) if way.mcp else "")
        if not lacking:
            return True, True, "", sdk
        said = said or lacking
    return False, True, said, sdk


def _lacking(do: Client, project: str, way: Way | None) -> str:
    """The first thing that does not go this way, or ""."""
    while way is not None:
        try:
            found = do("preview_check", preview_or_project=project, steps=list(way.steps), path=way.path, screenshot=False)
        except Failed as failed:
            return failed.error.get("message", "")
        if not found["verdict"]["ok"]:
            return next(iter(found["verdict"]["problems"]), "It does not work.")
        empty = next((one["target"] for one in found["steps"] if one["do"] == "read" and not str(one.get("text") or "").strip()), "")
        if empty:
            return f"There is nothing in {empty}."
        way = way.then
    return ""


def _without_tool(url: str, words: str) -> str:
    """Why an MCP client finds no such tool at this app, or ""."""
    try:
        tools = asyncio.run(_tools(f"{url}gradio_api/mcp/"))
    except (httpx.HTTPError, ExceptionGroup, OSError) as error:
        return f"No MCP server answers there ({type(error).__name__})."
    return "" if any(words in tool.lower() for tool in tools) else f"None of its {len(tools)} MCP tools is about that."


async def _tools(address: str) -> list[str]:
    from mcp import ClientSession
    from mcp.client.streamable_http import streamable_http_client

    async with asyncio.timeout(30), streamable_http_client(address) as (read, write, _), ClientSession(read, write) as session:
        await session.initialize()
        return [f"{tool.name} {tool.description or ''}" for tool in (await session.list_tools()).tools]


def stop(do: Client, project: str) -> None:
    """Its preview is not needed any more."""
    for one in do("preview_list")["items"]:
        if one["project"] == project:
            do("preview_stop", preview=one["id"])


