"""Templates of the parts: autoescaped, with the page's words for numbers, sizes and times."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader
from markupsafe import Markup

from ui.parts import icons, words

_templates = Environment(
    loader=FileSystemLoader(Path(__file__).parent),
    autoescape=True,
    trim_blocks=True,
    lstrip_blocks=True,
)
_templates.globals.update(icon=icons.icon, state_icon=words.state_icon, state_word=words.state_word)
_templates.filters.update(
    ago=words.ago, size=words.size, seconds=words.seconds, count=words.count, clock=words.clock, host=words.host, web=words.web, usd=words.usd, cents=words.cents
)


def draw(template: str, **data: Any) -> str:
    """The template of that name filled with the data, as HTML safe to put into the page."""
    return str(Markup(_templates.get_template(f"{template}.html").render(**data)).strip())
