"""The left pane beside the steps: examples, templates to choose from, how a build ended."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ui.parts.draw import draw
from ui.parts.notice import Button, failure, notice

# Ideas in people's words; each is done by one of the templates.
EXAMPLES: tuple[tuple[str, str], ...] = (
    ("Count words and readability", "An app that counts words and tells how readable a text is"),
    ("Explore a CSV", "Explore a CSV file: filter the rows and draw a chart"),
    ("Flashcards", "A web page with flashcards to learn Spanish words"),
    ("Pomodoro timer", "A simple static page with a pomodoro timer"),
    ("Tools for agents", "An MCP server with text and date tools for my agent"),
    ("REST API for notes", "A FastAPI backend with a REST API for notes"),
)


def examples() -> str:
    """The six example ideas as buttons that build them."""
    return draw("examples", examples=EXAMPLES)


def candidates(ranked: Sequence[Mapping[str, Any]], chosen: str | None, *, heading: str, limit: int = 4) -> str:
    """Templates as buttons with score and reasons; choosing one builds the idea with it.

    Args:
        ranked: `{id, title, summary, sdk, score, reasons}` each, best first.
        chosen: the id of the one that was used, or None.
        heading: the sentence above them.
        limit: how many are shown.
    """
    return draw("candidates", ranked=list(ranked)[:limit], chosen=chosen, heading=heading) if ranked else ""


def built(result: Mapping[str, Any]) -> str:
    """How a build ended well: what was made, what was noted, what to do next, and the runners-up folded under it."""
    title = (result.get("project") or {}).get("title") or "The app"
    notes = " ".join(str(note) for note in result.get("notes") or [])
    good = notice(f"{title} is running.", notes or "Use it on the right, change its files, or deploy it.", tone="done")
    return good + candidates(result.get("ranked") or [], result.get("template"), heading="Templates that came close")


def not_built(error: Mapping[str, Any]) -> str:
    """How a build ended badly: the error with its cure; without a fitting template the nearest three as buttons."""
    details = error.get("details") or {}
    if error.get("code") == "no_template_fits":
        said = notice(str(error.get("message") or "No template fits."), str(error.get("fix") or ""), tone="warning")
        return said + candidates(details.get("nearest") or [], None, heading="Build it with one of these anyway", limit=3)
    buttons = []
    if details.get("project"):
        buttons.append(Button("Open its files", event="keep", arg=str(details["project"]), icon="file"))
    if error.get("code") not in ("invalid_input", "too_large"):
        buttons.append(Button("Try again", event="again", icon="reload"))
    return failure(error, *buttons)
