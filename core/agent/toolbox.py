"""The tools of one chat: the registry's actions by a table, the chat's own tools, and those of outside servers.

Every call goes the same way: its arguments are completed and checked, the policy says whether a person is asked, the
registry runs it as the door "agent" (audited, redacted), and what comes back is rendered for a model.
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal, Protocol

from core.agent.facts import HubFacts
from core.agent.offering import checked, nearest, offered, table, unstrung, unwrapped
from core.agent.keeping import cleaned
from core.agent.meter import cost_of
from core.agent.own_tools import OWN, Own, visible
from core.agent.policy import Verdict, decide
from core.agent.rendering import cut, enclosed, pictured, render, shown, trouble, without
from core.agent.trust import Trust
from core.agent.values import Asked, Emit, Output, Tool, ToolRequest
from core.errors import Forbidden, InvalidInput, NotFound, SpacesError, TimedOut, where
from core.events import ApprovalGiven, Cost, Event, ignore
from core.registry import Action, Call
from core.running import run_action
from core.secrets import redact

log = logging.getLogger(__name__)

_REMEMBERED = 200
_MASKED = "Something in it looks like a key: it is masked here, and would be sent as it is."
_WORDS = 300  # characters of what an outside tool says of itself, for a person
_SUBJECTS = ("id", "repo", "url", "path", "preview", "preview_or_project", "query", "idea", "project")


class OutsideTools(Protocol):
    """The tools of one server we do not know."""

    def tools(self) -> Sequence[Tool]: ...

    def kind(self, name: str) -> Literal["read", "outside"]:
        """read: it may run unasked. outside: a person is asked each time."""

    def risk(self, name: str) -> str:
        """What its server says of the tool's risk, in words."""

    async def call(self, name: str, arguments: Mapping[str, Any], emit: Emit) -> Output: ...


@dataclass
class ChatProject:
    """The project a chat works on; "" before there is one. Kept with the chat from turn to turn.

    changed: told of every other one. asked: the project a call meant when a person was asked about it, by the call's id:
    what they approve is what they were shown, whatever the chat has gone on to meanwhile.
    """

    id: str = ""
    changed: Callable[[str], None] | None = None
    asked: dict[str, str] = field(default_factory=dict)

    def become(self, id: str) -> None:
        if id != self.id:
            self.id = id
            if self.changed:
                self.changed(id)


@dataclass(frozen=True)
class _Chosen:
    """What a request comes down to: an action of ours, or a tool of an outside server. given: the arguments before the check."""

    name: str
    arguments: Mapping[str, Any]
    given: Mapping[str, Any] = field(default_factory=dict)
    action: Action | None = None
    server: OutsideTools | None = None
    tool: Tool | None = None


@dataclass
class RegistryToolbox:
    """values.Toolbox over the registry.

    call: the person's own caller, and the house. project: the chat's. trust: what may run ahead of being asked, None for
    nothing. outside: further tools. fixed: arguments put in for the model by action, such as the model of a sub-agent.
    doubt: what the chat knows against publishing a project, one sentence or "".
    """

    call: Call
    project: ChatProject = field(default_factory=ChatProject)
    trust: Trust | None = None
    outside: Sequence[OutsideTools] = ()
    fixed: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    doubt: Callable[[str], Awaitable[str]] | None = None

    def __post_init__(self):
        self._verdicts: dict[tuple[str, str, str], Verdict] = {}
        self._call = Call(replace(self.call.caller, door="agent"), self.call.house, ignore)

    def tools(self) -> Sequence[Tool]:
        """What is offered at once, ours first."""
        known = visible() | OWN
        ours = [offered(known[name]) for name in table().offered if name in known]
        taken = {tool.name for tool in ours} | set(known)
        return [*ours, *(tool for server in self.outside for tool in server.tools() if tool.name not in taken)]

    async def judge(self, request: ToolRequest) -> Asked | None:
        try:
            chosen = self._chosen(request)
            verdict = await self._judged(chosen)
            self._remember(request, chosen, verdict)
            return verdict.asked and self._told(request, chosen, verdict.asked)
        except SpacesError:
            return None  # `run` meets the same error and tells it
        except Exception as error:
            log.error("%s was not judged: %s", request.name[:80], where(error), exc_info=log.isEnabledFor(logging.DEBUG))
            return None  # `run` judges once more, and does not run what it could not judge

    async def run(self, request: ToolRequest, *, emit: Emit, approved: bool = False) -> Output:
        source = None
        try:
            if request.problem:
                return Output(request.problem, ok=False)
            chosen = self._chosen(request, self.project.asked.pop(request.id, None) if approved else None)
            source = _source(chosen)
            if await self._permitted(request, chosen, approved):
                emit(ApprovalGiven(id=request.id, approve=True, by="trust"))
            async with asyncio.timeout(table().seconds):
                return self._clean(await self._done(request, chosen, emit))
        except SpacesError as error:
            return self._clean(Output(trouble(error, outside=source), ok=False, data={"error": shown(error.to_dict())}))
        except TimeoutError:
            late = TimedOut(f"{request.name[:80]} took longer than {table().seconds:g} seconds.")
            return Output(trouble(late), ok=False)
        except Exception as error:
            log.error("%s failed: %s", request.name[:80], where(error), exc_info=log.isEnabledFor(logging.DEBUG))
            return Output(f"unexpected: {request.name[:80]} failed because of a defect ({type(error).__name__}). Go on without it.", ok=False)

    def _told(self, request: ToolRequest, chosen: _Chosen, asked: Asked) -> Asked:
        """What is asked as a person reads it: named by what would be done, with what would be sent to others in the open."""
        title = asked.title or ("" if request.name == chosen.name else chosen.action.title if chosen.action else chosen.tool.title or chosen.name)
        if asked.kind not in ("outside", "foreign") or asked.plan is not None:
            return replace(asked, title=title)
        inputs = shown({name: value for name, value in chosen.arguments.items() if value not in (None, "")}) or "(more than can be shown here)"
        masked = cleaned(inputs, self.call.caller.secrets)
        if masked == inputs:
            return replace(asked, title=title, plan={"inputs": inputs})
        return replace(asked, title=title, reason=f"{asked.reason} {_MASKED}", plan={"inputs": masked, "masked": True})

    async def _permitted(self, request: ToolRequest, chosen: _Chosen, approved: bool) -> bool:
        """Whether it runs on the chat's trust; raises for what may not run."""
        verdict = self._verdicts.pop(_key(request, chosen), None)
        if approved:
            return False
        verdict = verdict or await self._judged(chosen)
        if verdict.refused:
            raise verdict.refused
        if verdict.asked:
            raise Forbidden(f"{chosen.name} needs the person's word first ({verdict.kind}).", "Call it in a reply of its own; they are asked then.")
        return verdict.trusted

    async def _judged(self, chosen: _Chosen) -> Verdict:
        if chosen.server is not None:
            return _of_outside(chosen)
        if chosen.name in OWN:
            return Verdict("read")
        return await decide(chosen.name, chosen.action.risk, chosen.arguments, facts=HubFacts(self._call, self.doubt), trust=self.trust)

    def _remember(self, request: ToolRequest, chosen: _Chosen, verdict: Verdict) -> None:
        self._verdicts[_key(request, chosen)] = verdict
        if verdict.asked:
            self.project.asked[request.id] = self.project.id
        for kept in (self._verdicts, self.project.asked):
            while len(kept) > _REMEMBERED:
                del kept[next(iter(kept))]

    def _chosen(self, request: ToolRequest, project: str | None = None) -> _Chosen:
        """What is to be run, with its arguments completed and checked; raises NotFound or InvalidInput. project: instead of the chat's."""
        name, given = unwrapped(request)
        self._refuse_secrets(given)
        action = visible().get(name) or (OWN.get(name) if name == request.name else None)  # own tools are no actions of use_action
        if action is None:
            for server in self.outside:
                tool = next((tool for tool in server.tools() if tool.name == name), None)
                if tool is not None:
                    return _Chosen(name, given, server=server, tool=tool)
            raise NotFound(f"There is no tool called {name[:80]!r}.", f"The nearest are: {', '.join(nearest(name))}; find_action finds others.")
        if action.name not in OWN:
            given = self._completed(action, unstrung(action, given), self.project.id if project is None else project)
        else:
            given = unstrung(action, given)
        return _Chosen(name, checked(action, given), given, action=action)

    def _completed(self, action: Action, given: Mapping[str, Any], project: str) -> dict[str, Any]:
        known = action.arguments.model_fields
        fixed = {key: value for key, value in self.fixed.get(action.name, {}).items() if key in known and value is not None}
        filled = {} if action.name in table().never_filled else {
            key: value for key, how in table().fills.items() if key in known and not given.get(key) and (value := self._filling(how, project))
        }  # fmt: skip
        ours = {key: value for key, value in table().defaults.get(action.name, {}).items() if given.get(key) in (None, "")}
        return {**given, **ours, **filled, **fixed}

    def _filling(self, how: str, project: str) -> str:
        if how == "project" or not project:
            return project
        live = [one for one in self.call.house.previews.list(self.call.caller.id) if one.spec.label == project]
        return live[-1].id if live else ""

    def _refuse_secrets(self, given: Mapping[str, Any]) -> None:
        text = json.dumps(given, ensure_ascii=False, default=str)
        if any(secret.reveal() in text for secret in self.call.caller.secrets if len(secret.reveal()) >= 6):
            raise InvalidInput("The arguments hold one of the person's keys, and keys go nowhere by a tool.", "Leave it out; Spaces read keys from their own secrets.")

    async def _done(self, request: ToolRequest, chosen: _Chosen, emit: Emit) -> Output:
        if chosen.server is not None:
            found = await chosen.server.call(chosen.name, chosen.arguments, emit)
            return replace(found, text=enclosed(render(found.text), _source(chosen)))
        costs: list[float] = []
        if chosen.name in OWN:
            own = Own(request.id, emit, lambda action: offered(action).schema, table().offered)
            found = await chosen.action.run(own, **chosen.arguments)
            return found if isinstance(found, Output) else Output(render(found), data=shown(found))

        def listen(event: Event) -> None:
            if isinstance(event, Cost):
                costs.append(cost_of(event.receipt)[0])
            emit(event)

        # The policy has decided by now, so the registry's own question about this risk is answered.
        caller = replace(self._call.caller, approves=self._call.caller.approves | {chosen.action.risk})
        result = await run_action(chosen.name, chosen.given, Call(caller, self._call.house, listen))
        self._follow(chosen, result)
        value, picture = pictured(result)
        text, source = render(without(value, table().leave_out.get(chosen.name, ()))), _source(chosen)
        text = enclosed(text, source) if source else text
        return Output(text, data=shown(value), picture=picture, cost_usd=sum(costs) if costs else None)

    def _follow(self, chosen: _Chosen, result: Any) -> None:
        """Work on the project that was just made, and no longer on the one that was just deleted."""
        if chosen.name == "project_delete" and chosen.arguments.get("project") == self.project.id:
            self.project.become("")
        found = result
        for key in table().makes_project.get(chosen.name, ()):
            found = found.get(key) if isinstance(found, Mapping) else None
        if chosen.name in table().makes_project and isinstance(found, str) and found:
            self.project.become(found)

    def _clean(self, output: Output) -> Output:
        """Nothing secret leaves, whoever wrote it, and nothing that no wire can carry."""

        def clean(text: str) -> str:
            return redact(text.encode(errors="replace").decode(), *self.call.caller.secrets)

        data = None if output.data is None else json.loads(clean(json.dumps(output.data, ensure_ascii=False, default=str)))
        return replace(output, text=clean(output.text), data=data)


def _of_outside(chosen: _Chosen) -> Verdict:
    if chosen.server.kind(chosen.name) == "read":
        return Verdict("read")
    where = chosen.tool.source or "an outside server"
    says = " ".join(cut(chosen.tool.description, _WORDS).split())
    reason = f"Call {chosen.tool.title or chosen.name} of {where}, which is not ours. It says of itself: “{says}” ({chosen.server.risk(chosen.name)})."
    return Verdict("outside", asked=Asked("outside", reason))


def _source(chosen: _Chosen) -> str | None:
    """What to call the text others wrote in this result; None when all of it is ours."""
    if chosen.server is not None:
        return f"{chosen.tool.source or 'outside'} {chosen.name}"
    if chosen.name in OWN or chosen.name in table().own_text:
        return None
    if not chosen.action.open_world and chosen.name not in table().foreign_text:
        return None
    subject = next((str(chosen.arguments[key]) for key in _SUBJECTS if isinstance(chosen.arguments.get(key), str) and chosen.arguments[key]), "")
    return f"{chosen.name} {subject}".strip()


def _key(request: ToolRequest, chosen: _Chosen) -> tuple[str, str, str]:
    return request.id, chosen.name, json.dumps(chosen.arguments, sort_keys=True, ensure_ascii=False, default=str)
