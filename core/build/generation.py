"""From a template and an idea to the files of a Space. The same idea gives the same bytes."""

from __future__ import annotations

import string
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from core.build.analysis import Analysis
from core.build.card import GRADIO_VERSION, Card, Sdk, write_card
from core.build.filling import fill
from core.build.paths import check_set
from core.build.rendering import Value, markdown, render
from core.build.selection import Selection
from core.build.templates import FileRule, Manifest, Template, templates
from core.build.words import slug_of
from core.errors import NoTemplateFits, NotFound


@dataclass(frozen=True)
class Generated:
    """The files of a Space (path → content), what they came from, and sentences a person should read."""

    files: dict[str, bytes]
    template: str
    inputs: dict[str, Value]
    title: str
    slug: str
    sdk: Sdk
    notes: tuple[str, ...] = ()


def generate(analysis: Analysis, choice: Selection | str, *, inputs: Mapping[str, Any] | None = None) -> Generated:
    """Write the files.

    Args:
        analysis: of the idea; fills what `inputs` leaves open.
        choice: a selection, or the id of a template.
        inputs: input name → value, as the template declares them.

    Raises NoTemplateFits (with the nearest three in its details) when the selection chose none, NotFound for
    an unknown template, InvalidInput for a wrong input.
    """
    template = templates().get(choice) if isinstance(choice, str) else _chosen(choice)
    if template is None:
        raise NotFound(f"There is no template called {str(choice)[:60]!r}.", f"Choose one of: {', '.join(templates())}.")
    manifest = template.manifest
    values = fill(manifest, analysis, inputs)
    title = str(values["title"])
    files: dict[str, bytes] = {}
    for rule in manifest.files:
        if all(_has(values[name], value) for name, value in rule.when.items()):
            files[rule.path] = _content(template, rule, values)
    files["README.md"] = _readme(manifest, values, analysis)
    check_set(files)
    return Generated(
        files=dict(sorted(files.items())),
        template=manifest.id,
        inputs=values,
        title=title,
        slug=slug_of(title),
        sdk=manifest.sdk,
        notes=(*analysis.notes, *_notes(manifest, values)),
    )


def _chosen(selection: Selection) -> Template:
    if selection.chosen is None:
        nearest = [{"id": match.id, "title": match.title, "summary": match.summary} for match in selection.ranked[:3]]
        raise NoTemplateFits(selection.why, nearest=nearest)
    return templates()[selection.chosen.id]


def _has(given: Value, value: str) -> bool:
    return value in given if isinstance(given, list) else given == value


def _content(template: Template, rule: FileRule, values: Mapping[str, Value]) -> bytes:
    source = string.Template(rule.source or rule.path).substitute({name: value for name, value in values.items() if isinstance(value, str)})
    data = template.source(source)
    return render(data, values, path=rule.path) if rule.mode == "render" else data


def _readme(manifest: Manifest, values: Mapping[str, Value], analysis: Analysis) -> bytes:
    card = Card(
        title=str(values["title"]),
        emoji=manifest.card.emoji,
        colorFrom=manifest.card.colour_from,
        colorTo=manifest.card.colour_to,
        sdk=manifest.sdk,
        sdk_version=GRADIO_VERSION if manifest.sdk == "gradio" else None,
        python_version=manifest.card.python_version if manifest.sdk == "gradio" else None,
        app_file=manifest.card.app_file,
        app_port=manifest.card.app_port,
        short_description=manifest.summary,
        tags=manifest.card.tags or None,
        license="mit",
    )
    idea = " ".join(analysis.idea.split())
    idea = idea if len(idea) <= 500 else idea[:499] + "…"
    lines = [
        f"# {markdown(values['title'])}",
        "",
        f"{manifest.summary}.",
        "",
        f"Built from the idea: {markdown(idea)}",
        "",
        "## What is inside",
        "",
        *(f"- {line}" for line in _parts(manifest, values)),
        "",
        "## Run it on your own machine",
        "",
        "```",
        *_COMMANDS[manifest.sdk],
        "```",
        "",
    ]
    return write_card(card, "\n".join(lines))


_COMMANDS = {
    "gradio": ("pip install -r requirements.txt gradio[mcp]", "python app.py"),
    "static": ("python -m http.server 7860",),
    "docker": ("docker build -t app . && docker run -p 7860:7860 app",),
}


def _parts(manifest: Manifest, values: Mapping[str, Value]) -> list[str]:
    parts = []
    for item in manifest.inputs:
        for choice in item.choices:
            if _has(values[item.name], choice.value):
                parts.append(f"{choice.label}{': ' + choice.note if choice.note else ''}")
    return parts or [manifest.title]


def _notes(manifest: Manifest, values: Mapping[str, Value]) -> list[str]:
    return [
        f"{choice.label}: {choice.note}"
        for item in manifest.inputs
        for choice in item.choices
        if choice.note and _has(values[item.name], choice.value)
    ]
