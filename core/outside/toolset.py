"""The outside tools of one turn, as a toolbox takes them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from core.agent import Output, Picture, Tool
from core.errors import SpacesError
from core.events import Event, Log

_LONGEST = 12_000
_LARGEST_PICTURE = 2_000_000


@dataclass(frozen=True)
class Offered:
    """One tool of one server.

    inner: its name there. risk: what the server says of it, in words. free: it needs no approval, because the person
    trusts what this server says of reading.
    """

    tool: Tool
    server: str
    inner: str
    risk: str
    free: bool


Calling = Callable[[Offered, Mapping[str, Any], Callable[[str], None]], Awaitable[tuple[str, bool, tuple[Picture, ...]]]]


class Toolset:
    """offered: the tools. troubles: servers that do not answer now, one sentence each."""

    def __init__(self, offered: tuple[Offered, ...], call: Calling, troubles: tuple[str, ...] = ()):
        self._offered = {one.tool.name: one for one in offered}
        self._call = call
        self.troubles = troubles

    def tools(self) -> Sequence[Tool]:
        return [one.tool for one in self._offered.values()]

    def kind(self, name: str) -> str:
        """read, or outside where a person has to say yes first."""
        return "read" if self._offered[name].free else "outside"

    def risk(self, name: str) -> str:
        """What its server says of the tool, in words."""
        return self._offered[name].risk

    async def call(self, name: str, arguments: Mapping[str, Any], emit: Callable[[Event], None]) -> Output:
        """Call it; what goes wrong is an `Output` that is not ok. Its words are data of somebody else's."""
        offered = self._offered[name]
        try:
            text, ok, pictures = await self._call(offered, arguments, lambda words: emit(Log(source=offered.tool.source, text=words)))
        except SpacesError as error:
            return Output(f"{error.code}: {error.message} {error.fix}", ok=False)
        cut = text if len(text) <= _LONGEST else f"{text[: _LONGEST * 2 // 3]}\n[cut: {len(text) - _LONGEST} characters]\n{text[-_LONGEST // 3 :]}"
        picture = next((one for one in pictures if len(one.base64) <= _LARGEST_PICTURE), None)
        return Output(cut or "It gave nothing.", ok=ok, picture=picture)
