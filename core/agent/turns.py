"""One turn of a chat: what it needs is put together, the loop runs, and how it ended comes back."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from core.agent.chat import Chat
from core.agent.guards import doubt, push
from core.agent.meanwhile import meanwhile
from core.agent.toolbox import ChatProject, RegistryToolbox
from core.agent.trust import Trust
from core.agent.values import Decision, Ending, Limits, Message, Role, Tool
from core.agent.wire import note
from core.build import GRADIO_VERSION
from core.errors import NoTemplateFits, NotFound, SpacesError
from core.events import Noticed, Said, Similar
from core.hub import whoami
from core.registry import Call
from core.running import run_action

if TYPE_CHECKING:
    from core.settings import Agent

_PATIENCE_SECONDS = 4.0
_ACCOUNT_SECONDS = 2.0
_LIST_SECONDS = 5.0
_A_KEY_ADDS = "With a key on the Keys tab a model writes, looks at and repairs any app you describe."
_NO_KEY = (
    "There is no key of a model provider, so nobody here can change the app by words. You can edit its files, undo, look at "
    f"the preview and deploy; or begin a new chat with another idea. {_A_KEY_ADDS}"
)
_GONE = "The project of this chat was deleted, so its turn ended. Write what to do, and it goes on without one; or name another project."


class ProjectGone(Exception):
    """The project a turn works on was deleted meanwhile."""


def usable(call: Call) -> bool:
    """Whether the caller has any key that could ask a model."""
    return any(not key.disabled for key in call.house.providers.keys(call.caller))


async def revision_of(call: Call, project: str | None) -> str:
    """Where a project stands; "" without one. Raises NotFound."""
    if not project:
        return ""
    return await asyncio.to_thread(lambda: call.house.projects.get(project, call.caller.id).revision)


async def place_of(chat: Chat, call: Call) -> tuple[str, str]:
    """Where the chat's project stands, and which it is; "" without one, or where it is gone: the turn says so."""
    project = chat.row["project"]
    try:
        return await revision_of(call, project), project or ""
    except NotFound:
        return "", ""


async def turn(chat: Chat, call: Call, decisions: Mapping[str, Decision], settings: Agent) -> Ending:
    """Run one turn of the chat for this caller.

    One model answers all of a turn: the role is plan until there is a project, then code. Raises SpacesError for what
    kept it from beginning.
    """
    try:
        await _project_is_there(chat, call)
        if not chat.row["state"].get("looked") and not chat.row["project"]:
            await _look_for_similar(chat, call)
        return await (_modelled(chat, call, decisions, settings) if usable(call) else _by_rules(chat, call))
    except ProjectGone:
        chat.change(project=None)
        return Ending("failed", _GONE)


async def _modelled(chat: Chat, call: Call, decisions: Mapping[str, Decision], settings: Agent) -> Ending:
    from core.agent import loop  # what only a turn with a model needs is imported by the first one
    from core.agent.context import Context
    from core.agent.mind import RoutedMind
    from core.agent.models import choose
    from core.agent.stuck import Watch

    limits = _limits(chat, settings)
    if _spent_up(chat) and not decisions:
        return _money(chat)
    role: Role = "code" if chat.row["project"] else "plan"
    chat.role = role
    given, providers = chat.row["settings"], call.house.providers
    view = await providers.models(call.caller, wait=_LIST_SECONDS)
    keys = providers.keys(call.caller)
    keyed, bare = list(dict.fromkeys(key.provider for key in keys)), not any(key.models for key in keys)

    def thinker(role: Role, **more: Any) -> RoutedMind:
        choice = choose(role, model=given.get("model"), provider=given.get("provider"), view=view, keyed=keyed, bare=bare)
        return RoutedMind(
            providers, call.caller, role=role, model=choice.model, provider=choice.provider, effort=choice.effort, listing=view, **more
        )  # fmt: skip

    mind = thinker(role, summariser=thinker("summarise"))
    toolbox = await _toolbox(chat, call, limits)
    context = Context(mind, chat.emit)

    async def fit(messages: list[Message], system: str, tools: Sequence[Tool], force: bool = False) -> list[Message]:
        await _project_is_there(chat, call)
        return await context.fit(messages, system, tools, force)

    def guard(messages: Sequence[Message]) -> str | None:
        return push(chat.work, [tool.name for tool in toolbox.tools()], str(messages[-1].get("content") or "") if messages else "")

    async def inbox() -> list[str]:
        return chat.hear(*await place_of(chat, call)) if chat.inbox else []

    if did := await meanwhile(chat, call):
        chat.messages.append(note(did))
        chat.messages_changed()
    ending = await loop.run(
        chat.messages, system=await _system(chat, call, mind, limits), mind=mind, toolbox=toolbox, limits=limits, emit=chat.emit, inbox=inbox,
        decisions=decisions, fit=fit, watch=Watch(), guard=guard, kept=chat.messages_changed,
    )  # fmt: skip
    return _money(chat) if ending.kind == "money" and _spent_up(chat) else ending


def _limits(chat: Chat, settings: Agent) -> Limits:
    """The most this turn may take: the settings', and of the money no more than the chat has left."""
    usd = chat.row["settings"].get("limit_usd")
    left = None if usd is None else max(0.0, usd - chat.row["spent"].get("usd", 0.0))
    return Limits(iterations=settings.iterations, tokens=settings.tokens, usd=left, seconds=settings.seconds)


def _spent_up(chat: Chat) -> bool:
    usd = chat.row["settings"].get("limit_usd")
    return usd is not None and chat.row["spent"].get("usd", 0.0) >= usd


def _money(chat: Chat) -> Ending:
    usd = chat.row["settings"]["limit_usd"]
    return Ending("money", f"This chat has spent the ${usd:.2f} it may. Raise its limit, then let it go on.")


async def _toolbox(chat: Chat, call: Call, limits: Limits) -> RegistryToolbox:
    given, state = chat.row["settings"], chat.row["state"]
    trust = Trust(lambda: chat.row["settings"].get("trust") or ())
    outside = await call.house.outside.toolset(call.caller)
    for trouble in outside.troubles:
        chat.emit(Noticed(kind="outside", text=trouble))
    asked = state.setdefault("asked", {})  # what a person was asked about is about the project they were shown
    project = ChatProject(chat.row["project"] or "", changed=lambda id: chat.change(project=id or None), asked=asked)
    wanted = {name: given.get(name) for name in ("model", "provider")} | {"limit_usd": limits.usd}
    fixed = {name: wanted for name in ("research", "app_repair", "hf_hub_ask")}

    async def doubts(id: str) -> str:
        return doubt(chat.work, await revision_of(call, id)) if id == chat.row["project"] else "This chat has not looked at it."

    return RegistryToolbox(call, project=project, trust=trust, outside=[outside], fixed=fixed, doubt=doubts)


async def _project_is_there(chat: Chat, call: Call) -> None:
    if chat.row["project"]:
        try:
            await revision_of(call, chat.row["project"])
        except NotFound:
            raise ProjectGone from None


async def _look_for_similar(chat: Chat, call: Call) -> None:
    """Whether a Space does it already: told to the person, and to the model as data. Silent where that cannot be found out."""
    chat.change(state={"looked": True})
    idea = next((one["content"] for one in chat.messages if (one.get("meta") or {}).get("kind") == "said"), "")
    try:
        async with asyncio.timeout(_PATIENCE_SECONDS):
            found = await run_action("find_similar_spaces", {"idea": idea[:2_000], "limit": 3}, Call(call.caller, call.house))
    except (SpacesError, TimeoutError):
        return
    if rows := tuple(found.get("items") or ()):
        from core.agent.rendering import enclosed, render

        chat.emit(Similar(items=rows))
        words = "Spaces that may do it already; the person sees them too. Offer to use, duplicate or improve one where it fits."
        chat.messages.append(note(f"{words}\n{enclosed(render(list(rows)), 'find_similar_spaces')}"))
        chat.messages_changed()


async def _by_rules(chat: Chat, call: Call) -> Ending:
    """The turn without a model: a template, by rules; its steps are events."""
    words = [one["content"] for one in chat.messages if (one.get("meta") or {}).get("kind") == "said"]
    if chat.row["project"]:
        return _answered(chat, _NO_KEY)
    try:
        made = await run_action("build_space", {"idea": words[-1] if words else "", "deploy": False}, Call(call.caller, call.house, chat.emit))
    except NoTemplateFits as error:
        nearest = ", ".join(str(row.get("title") or row.get("id")) for row in error.details.get("nearest") or [])
        return _answered(chat, f"{error.message} {f'The nearest are: {nearest}. ' if nearest else ''}{_A_KEY_ADDS}")
    except SpacesError as error:
        if project := error.details.get("project"):
            chat.change(project=project)
        return _answered(chat, f"{error.message} {error.fix} {_A_KEY_ADDS}", Ending("failed", f"{error.message} {error.fix}", error=error.to_dict()))
    chat.change(project=made["project"]["id"])
    return _answered(chat, f"“{made['project']['title']}” is made from the template {made['template']} and runs in the preview. {_A_KEY_ADDS}")


def _answered(chat: Chat, text: str, ending: Ending | None = None) -> Ending:
    chat.emit(Said(text=text))
    chat.messages.append({"role": "assistant", "content": text, "meta": {"kind": "reply"}})
    chat.messages_changed()
    return ending or Ending("done")


async def _system(chat: Chat, call: Call, mind: Any, limits: Limits) -> str:
    """The system prompt, composed by what is true of this chat."""
    from core.agent.models import is_small
    from core.agent.prompts import system_prompt, version

    house, project = call.house, chat.row["project"]
    found = await asyncio.to_thread(house.projects.get, project, call.caller.id) if project else None
    account, organizations, pro = await _account(call)
    # What the work itself changes stays as it was when the person spoke last: an upstream keeps a prompt that is the same for the next turn.
    task = {"said": sum((one.get("meta") or {}).get("kind") == "said" for one in chat.messages), "prompts": version()}
    stood = chat.row["state"].get("task") or {}
    if any(stood.get(name) != value for name, value in task.items()) or stood["project"] not in ("", project):
        stood = {**task, "project": project or "", "sdk": found.sdk if found else None, "usd": limits.usd}
        chat.change(state={"prompts": version(), "task": stood})
    return system_prompt(
        native=mind.native, small=is_small(chat.row["settings"].get("model")), sees=mind.sees, sdk=stood["sdk"], project=stood["project"],
        gradio=GRADIO_VERSION, signed_in=call.caller.token is not None, account=account, organizations=organizations, pro=pro, local_hub=house.local_hub is not None,
        usd=stood["usd"], iterations=limits.iterations,
    )  # fmt: skip


async def _account(call: Call) -> tuple[str, list[str], bool]:
    """The name of the Hub account, its organizations, and whether it is PRO; "" where that cannot be known quickly."""
    if call.caller.token is None:
        return "", [], False
    try:
        async with asyncio.timeout(_ACCOUNT_SECONDS):
            found = await whoami(call.house.hub, call.caller)
            return found.name, [one.name for one in found.orgs], found.is_pro
    except (SpacesError, TimeoutError):
        return "", [], False

