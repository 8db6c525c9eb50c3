"""Markdown that somebody else wrote, as HTML that can do nothing: no script, no style, no form, no image unless asked for."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import urljoin, urlsplit

import nh3
from markdown_it import MarkdownIt
from markdown_it.rules_core import StateCore
from markdown_it.token import Token
from markupsafe import Markup

_LONGEST = 80_000
_TAGS = set(
    "a abbr b blockquote br code dd del details div dl dt em h1 h2 h3 h4 h5 h6 hr i img kbd li ol p pre s span strong sub "
    "summary sup table tbody td th thead tr ul".split()
)
_ATTRIBUTES = {"a": {"href", "title"}, "img": {"src", "alt", "title", "width", "height"}, "td": {"align"}, "th": {"align"}, "ol": {"start"}}
_SCHEMES = {"http", "https", "mailto"}
_ADDRESS = re.compile(r"https?://[^\s<>\"'`|)\]]*[^\s<>\"'`|)\].,;:!?*_]")
_markdown = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])


def _linked(state: StateCore) -> None:
    """An address that only stands there becomes a link."""
    for block in state.tokens:
        if block.type != "inline" or "://" not in block.content:
            continue
        made: list[Token] = []
        inside = 0
        for token in block.children or []:
            inside += token.nesting if token.type in ("link_open", "link_close") else 0
            made += [token] if inside or token.type != "text" else _pieces(token.content)
        block.children = made


def _pieces(text: str) -> list[Token]:
    """A text as tokens, its addresses as links."""
    made, place = [], 0
    for found in _ADDRESS.finditer(text):
        made += [_text(text[place : found.start()]), Token("link_open", "a", 1, attrs={"href": found[0]}), _text(found[0]), Token("link_close", "a", -1)]
        place = found.end()
    return [*made, _text(text[place:])]


def _text(content: str) -> Token:
    return Token("text", "", 0, content=content)


_markdown.core.ruler.after("inline", "addresses", _linked)


@dataclass(frozen=True)
class Card:
    """What a card looks like, and how many images it would load."""

    html: Markup
    images: int


def card(markdown: str, *, base: str = "", images: bool = False) -> Card:
    """Render a card.

    Args:
        markdown: the text, HTML inside it allowed; what is behind 80,000 characters is left out.
        base: the address its relative links start from; without one they lead nowhere.
        images: load the images it names; else their descriptions stand in their places.
    """
    found: set[str] = set()

    def attribute(tag: str, name: str, value: str) -> str | None:
        if name not in ("href", "src"):
            return value
        try:
            there = urljoin(base, value.strip())
            parts = urlsplit(there)
        except ValueError:
            return None
        if parts.scheme not in _SCHEMES or (parts.scheme != "mailto" and not parts.hostname):
            return None
        if name == "src":
            if parts.scheme == "mailto":
                return None
            found.add(there)
            return there if images else None
        return None if value.strip().startswith("#") else there

    html = nh3.clean(
        _markdown.render(markdown[:_LONGEST]),
        tags=_TAGS,
        attributes=_ATTRIBUTES,
        attribute_filter=attribute,
        url_schemes=_SCHEMES,
        link_rel="noopener noreferrer nofollow",
        set_tag_attribute_values={"a": {"target": "_blank"}, "img": {"loading": "lazy", "referrerpolicy": "no-referrer"}},
    )
    return Card(Markup(html), len(found))
