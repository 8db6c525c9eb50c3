"""The status line of one research: who it is, what it does now, what it came to; and what of its events others see."""

from __future__ import annotations

from dataclasses import replace

from core.agent.keeping import cleaned
from core.agent.meter import cost_of
from core.agent.values import Emit
from core.events import Cost, Event, Noticed, SubAgent, ToolEnded, ToolStarted
from core.secrets import Secret, redact

_LABEL = 50  # characters of the task
_WHY = 300  # characters of why a call failed


class Status:
    """Tells how one research goes. Its words stay its own; its costs and steps are told.

    id: of the line. secrets: what is kept out of it.
    """

    def __init__(self, emit: Emit, id: str, task: str, secrets: tuple[Secret, ...]):
        flat = " ".join(redact(task, *secrets).split())
        self.id = id
        self.tokens = self.tools = 0
        self.usd = 0.0  # as the budget counts it
        self.priced = True  # every price was told, or can be estimated
        self.model: str | None = None  # that answered last
        self._emit, self._secrets = emit, secrets
        self._label = "research: " + (flat if len(flat) <= _LABEL else flat[:_LABEL] + "…")
        self._tell("working", "begins")

    def step(self, text: str) -> None:
        """A call begins."""
        self.tools += 1
        self._tell("working", redact(text, *self._secrets))

    def end(self, state: str, text: str) -> None:
        self._tell(state, text)

    def pass_on(self, event: Event) -> None:
        """Costs, what tools were called and how that ended, and what a person should know go on; pieces of text and results do not."""
        if isinstance(event, Cost):
            usd, tokens = cost_of(event.receipt)
            self.usd, self.tokens = self.usd + usd, self.tokens + tokens
            self.priced = self.priced and any(event.receipt.get(name) is not None for name in ("cost_usd", "estimate_usd"))
            self.model = event.receipt.get("model") or self.model
            self._emit(event)
            self._tell("working", "thinks")
        elif isinstance(event, ToolStarted):
            self._emit(replace(event, arguments=cleaned(event.arguments, self._secrets)))
        elif isinstance(event, ToolEnded):
            why = "" if event.ok else redact(event.text[:_WHY], *self._secrets)
            self._emit(replace(event, text=why, data=None, picture=None))
        elif isinstance(event, Noticed):
            self._emit(event)

    def _tell(self, state: str, text: str) -> None:
        self._emit(SubAgent(id=self.id, label=self._label, state=state, text=text, tokens=self.tokens, tools=self.tools, cost_usd=round(self.usd, 6)))
