"""Who has which servers connected, and asking them. All of it in memory: headers are secrets and end with the process."""

from __future__ import annotations

import asyncio
import hashlib
import json
import re
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from core.agent import Picture, Tool
from core.caller import Caller
from core.errors import Conflict, NotFound, SpacesError, Unauthorized
from core.hub import Hub, run_space_tool, space_tools
from core.outside import speaking
from core.outside.server import Server, read_server
from core.outside.toolset import Offered, Toolset
from core.secrets import redact

LONGEST_CALL = 120.0
_MOST_SERVERS = 8
_MOST_CALLERS = 2_000
_LIST_AGE = 300.0
_LONGEST_NAME = 64


@dataclass
class _Listed:
    """A server and what it offered when it was last asked."""

    server: Server
    offered: tuple[Offered, ...] = ()
    asked: float = 0.0
    error: SpacesError | None = None
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)


class Connections:
    """The servers of every caller.

    hub: where Spaces are found. hub_mcp: the Hub's own MCP address. allow_private: servers may stand at private addresses.
    patience: seconds a server may take to tell its tools.
    """

    def __init__(self, hub: Hub, *, hub_mcp: str, allow_private: bool, patience: float = speaking.LIST_SECONDS):
        self._hub = hub
        self._hub_mcp = hub_mcp
        self._allow_private = allow_private
        self._patience = patience
        self._of: OrderedDict[str, dict[str, _Listed]] = OrderedDict()

    async def connect(self, caller: Caller, given: Mapping[str, Any]) -> dict[str, Any]:
        """Connect a server and ask it for its tools; nothing is kept when it does not answer.

        Raises InvalidInput, Conflict (8 already, or connected already), Unauthorized, and what asking it may raise.
        """
        if caller.anonymous:
            raise Unauthorized("Servers are connected for somebody with a session or a token only.")
        holder = _holder(caller)
        mine = self._mine(caller)
        if len(mine) >= _MOST_SERVERS:
            raise Conflict(f"You have {_MOST_SERVERS} servers connected already.", "Disconnect one first.")
        server = read_server(given, hub_mcp=self._hub_mcp, taken=frozenset(one.server.name for one in mine.values()))
        if any(one.server.address == server.address for one in mine.values()):
            raise Conflict(f"{server.address} is connected already.", "Disconnect it first to change how.")
        entry = _Listed(server)
        self._of.setdefault(holder, {})[server.id] = entry  # at once: the bound and the names hold for two that connect together
        self._of.move_to_end(holder)
        while len(self._of) > _MOST_CALLERS:
            self._of.popitem(last=False)
        try:
            await self._ask(caller, entry)
            if entry.error:
                raise entry.error
        except BaseException:
            self._drop(holder, server.id)
            raise
        return _told(entry)

    def disconnect(self, caller: Caller, id: str) -> Server:
        """Forget a server and its headers; NotFound when it is not connected."""
        entry = self._find(caller, id)
        self._drop(_holder(caller), entry.server.id)
        return entry.server

    async def listed(self, caller: Caller) -> list[dict[str, Any]]:
        """The caller's servers with their tools, asked anew when five minutes old."""
        return [_told(entry) for entry in await self._fresh(caller)]

    async def toolset(self, caller: Caller) -> Toolset:
        """The tools of all of them for one turn; servers that do not answer are named in `troubles`."""
        entries = await self._fresh(caller)

        async def call(offered: Offered, arguments: Mapping[str, Any], say: Callable[[str], None]) -> tuple[str, bool, tuple[Picture, ...]]:
            return await self.call(caller, offered.server, offered.inner, arguments, say)

        offers = [one for entry in entries for one in entry.offered]
        troubles = tuple(entry.error.message for entry in entries if entry.error)
        return Toolset(tuple(offers), call, troubles)

    async def call(
        self, caller: Caller, server: str, tool: str, arguments: Mapping[str, Any], say: Callable[[str], None] = lambda text: None
    ) -> tuple[str, bool, tuple[Picture, ...]]:
        """Call one tool of one server: the text it gave, whether it succeeded, its pictures (at most 4). Raises SpacesError."""
        entry = self._find(caller, server)
        if all(one.inner != tool for one in entry.offered):
            names = ", ".join(one.inner for one in entry.offered) or "none"
            raise NotFound(f"{entry.server.name} has no tool {tool[:60]!r}.", f"Its tools are: {names[:500]}.")

        def clean(text: str) -> str:
            """A server that shows what it was sent must not show it to a model."""
            return redact(text, caller.token, *entry.server.secrets)

        if entry.server.kind == "space":
            outputs = await run_space_tool(self._hub, caller, entry.server.address, tool, arguments, timeout=LONGEST_CALL)
            return clean("\n".join(one if isinstance(one, str) else _plain(one) for one in outputs)), True, ()
        async with speaking.session(entry.server, self._headers(caller, entry.server), allow_private=self._allow_private, seconds=LONGEST_CALL) as opened:
            result = await speaking.call_tool(opened, tool, arguments, on_progress=lambda line: say(clean(line)))
        text, pictures = speaking.flattened(result)
        return clean(text), not result.isError, tuple(Picture(mime, data) for mime, data in pictures[:4])

    def forget(self, holder: str) -> None:
        """Drop all servers of a session that has ended, or of a caller."""
        self._of.pop(holder, None)

    def _drop(self, holder: str, id: str) -> None:
        mine = self._of.get(holder, {})
        mine.pop(id, None)
        if not mine:
            self._of.pop(holder, None)

    def _mine(self, caller: Caller) -> dict[str, _Listed]:
        return self._of.get(_holder(caller), {}) if not caller.anonymous else {}

    def _find(self, caller: Caller, id: str) -> _Listed:
        found = next((one for one in self._mine(caller).values() if id in (one.server.id, one.server.name)), None)
        if found is None:
            raise NotFound("No such server is connected.", "outside_list tells which are.")
        return found

    async def _fresh(self, caller: Caller) -> list[_Listed]:
        entries = list(self._mine(caller).values())
        await asyncio.gather(*(self._ask(caller, entry) for entry in entries))
        return entries

    async def _ask(self, caller: Caller, entry: _Listed) -> None:
        async with entry.lock:
            if entry.offered and time.monotonic() - entry.asked < _LIST_AGE:
                return
            try:
                entry.offered = tuple(await self._offers(caller, entry.server))
                nothing = Conflict(f"{entry.server.name} offers no tools.", "Connect another server.")
                entry.error = None if entry.offered else nothing
            except SpacesError as error:
                entry.offered, entry.error = (), error
            entry.asked = time.monotonic()

    async def _offers(self, caller: Caller, server: Server) -> list[Offered]:
        if server.kind == "space":
            tools = await space_tools(self._hub, caller, server.address)
            return [_of_space(server, one) for one in tools]
        async with speaking.session(server, self._headers(caller, server), allow_private=self._allow_private, seconds=self._patience) as opened:
            found = await speaking.list_tools(opened)
        return [_of_mcp(server, one) for one in found]

    def _headers(self, caller: Caller, server: Server) -> dict[str, str]:
        headers = {name: scheme + value.reveal() for name, (scheme, value) in server.headers.items()}
        if server.hub_token and caller.token:
            headers["Authorization"] = f"Bearer {caller.token.reveal()}"
        return headers


def _holder(caller: Caller) -> str:
    """Whose they are: secrets belong to the session where there is one, and end with it, whoever is signed in."""
    return caller.session or caller.id


def _of_mcp(server: Server, one: Any) -> Offered:
    hints = one.annotations
    reads = bool(hints and hints.readOnlyHint)
    risk = "says it only reads" if reads else "says it can delete" if hints is None or hints.destructiveHint is not False else "changes things"
    tool = Tool(_tool_name(server, one.name), speaking.described(one), one.inputSchema, (one.title or one.name)[:60], reads and server.trust_reads, server.name)
    return Offered(tool, server.id, one.name, risk, reads and server.trust_reads)


def _of_space(server: Server, one: Mapping[str, Any]) -> Offered:
    types = {"string", "number", "integer", "boolean", "array", "object"}
    properties = {
        each["name"]: {
            "description": f"{each['label']} ({each['component']})"[:200],
            **({"type": each["type"]} if each["type"] in types else {}),
            **({"enum": each["choices"]} if each["choices"] else {}),
        }
        for each in one["inputs"]
    }
    schema = {"type": "object", "properties": properties, "required": [each["name"] for each in one["inputs"] if each["required"]]}
    gives = ", ".join(str(each["label"] or each["component"]) for each in one["outputs"])
    words = f"{one['name']} of the Space {server.address}; gives {gives or 'nothing'}."
    tool = Tool(_tool_name(server, one["name"]), words[:500], schema, one["name"][:60], False, server.name)
    return Offered(tool, server.id, one["name"], "runs somebody's Space", False)


def _tool_name(server: Server, name: str) -> str:
    """Unique within 64 characters: a long one keeps its beginning and a hash of the whole."""
    whole = re.sub(r"[^A-Za-z0-9_]+", "_", f"{server.name}_{name}")
    return whole if len(whole) <= _LONGEST_NAME else f"{whole[:55]}_{hashlib.sha256(whole.encode()).hexdigest()[:8]}"


def _told(entry: _Listed) -> dict[str, Any]:
    tools = [{"name": one.inner, "as": one.tool.name, "description": one.tool.description, "risk": one.risk, "asks": not one.free} for one in entry.offered]
    return {**entry.server.shown(), "tools": tools, "trouble": entry.error.message if entry.error else None}


def _plain(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, default=str)
