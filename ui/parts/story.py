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


def candidates(ranked: Sequence[Mapping[str, Any]], *, heading: str, limit: int = 3, folded: bool = False) -> str:
    """Templates as buttons with their reasons; choosing one builds the idea with it.

    Args:
        ranked: `{id, title, summary, sdk, score, reasons}` each, best first.
        heading: the sentence above them.
        limit: how many are shown, default 3.
        folded: shown only after the heading is pressed.
    """
    return draw("candidates", ranked=list(ranked)[:limit], folded=folded, heading=heading) if ranked else ""


def built(result: Mapping[str, Any]) -> str:
    """How a build ended well: what was made, what was noted, what to do next, and the runners-up folded under it."""
    title = (result.get("project") or {}).get("title") or "The app"
    notes = " ".join(str(note) for note in result.get("notes") or [])
    good = notice(f"{title} is ready.", notes or "Use it, change its files, or deploy it.", tone="done")
    others = [one for one in result.get("ranked") or [] if one.get("id") != result.get("template")]
    return good + candidates(others, heading="Build it with another template instead", limit=3, folded=True)


def not_built(error: Mapping[str, Any]) -> str:
    """How a build ended badly: the error with its cure; without a fitting template the nearest three as buttons."""
    details = error.get("details") or {}
    if error.get("code") == "no_template_fits":
        key = Button("Add a key, so that a model writes it", go="keys", to="#key-value", icon="key")
        said = notice(str(error.get("message") or "No template fits."), str(error.get("fix") or ""), tone="warning", buttons=[key])
        return said + candidates(details.get("nearest") or [], heading="Build it with one of these anyway")
    buttons = []
    if details.get("project"):
        buttons.append(Button("Open its files", event="keep", arg=str(details["project"]), icon="file"))
    if error.get("code") not in ("invalid_input", "too_large"):
        buttons.append(Button("Try again", event="again", icon="reload"))
    return failure(error, *buttons)
