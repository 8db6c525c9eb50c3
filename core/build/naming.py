"""A title for the app, and the thing an API is about, taken from the idea's own words."""

from __future__ import annotations

import re

_TITLE_LENGTH = 50

# “called X”, “named X”: the person has already chosen.
_NAMED = re.compile(
    r"\b(?:called|named|titled|title it|call it|name it)\s+"
    r"(?:[\"“'‘«`]([^\"”'’»`\n]{1,50})[\"”'’»`]|((?:[A-Z][\w-]*)(?:\s+[A-Z0-9][\w-]*){0,4}))"
)
_ASKING = re.compile(
    r"^(?:(?:hi|hello|hey|ok|okay|so|well|please|pls|can you|could you|would you|i'd|i’d|i'm|i|we|you|want|need|would|like|love"
    r"|wanna|have|an idea|to have|to(?![- ]do\b)|help|let's|lets|make|build|create|write|develop|design|generate|code|give|show"
    r"|get|set up|me|us|my|our|a|an|the|some|simple|small|quick|basic|little|nice|cool|just|app|application|tool|web app"
    r"|landing page|home ?page|web ?page|website|program|space|gradio|streamlit|that|which|where|for|of|can|tells?|shows?|gives?"
    r"|allows?|users?|people|something)\b[\s,:!.]*)+",
    re.IGNORECASE,
)
_CLAUSE = re.compile(
    r"(?:[.!?;:\n]|,\s|\s[-–—]\s|\s\(|\b(?:that|which|where|so that|so|because|I can|I could|I want|we can|when|while|whose"
    r"|using|by|and (?:then|show|draw|tell|give|display|let|see|download|save|export|lists?|make)s?|in order to|please|including"
    r"|showing)\b)",
    re.IGNORECASE,
)
_TAIL = re.compile(r"\s+(?:with|and|or|for|of|to|in|on|from|my|the|a|an|app|me|as|into|at)$", re.IGNORECASE)
_KEPT = re.compile(r"\b(?:csv|json|api|html|css|mcp|url|sql|faq|pdf|rest|utf|id|ui|bmi|iso)s?\b", re.IGNORECASE)

# “API for books”, “manage my recipes”, “CRUD of customers”: the plural noun behind it.
_RESOURCES = (
    re.compile(
        r"\b(?:api|backend|service|server|endpoint|crud|database|microservice)\b(?: \w+){0,2}?"
        r" (?:for|of|to (?:store|manage|track|save|keep|list|handle|serve)|that (?:store|manage|track|keep|save|list|serve)\w*|about)"
        r"(?: (?:my|our|the|a|all|storing|managing|tracking|simple|list|of|some|and|to|list|manage|track|save))* (\w{3,24})"
    ),
    re.compile(r"\b(\w{3,24}) (?:rest )?(?:api|crud|backend|inventory api)\b"),
)
# “GET /books lists them”: the address the person wants.
_ROUTE = re.compile(r"\b(?:GET|POST|PUT|PATCH|DELETE)\s+((?:/[A-Za-z0-9_-]{1,40}){1,5})")
_NO_RESOURCE = frozenset(
    """
    rest restful http json simple small web crud fastapi docker python api public own tiny app thing data stuff item
    people user typed sqlite basic backend server the and with using that mock fake test demo little postgre which
    graphql good new open
    """.split()
)


def title_of(text: str) -> str:
    """A short title in sentence case, at most 50 characters; what the idea names itself wins."""
    named = _NAMED.search(text)
    if named:
        return " ".join((named[1] or named[2]).split())[:_TITLE_LENGTH]
    line = " ".join(text.split())
    rest = _ASKING.sub("", line, count=1)
    rest = rest if any(c.isalnum() for c in rest) else line
    clause = _CLAUSE.search(rest)
    if clause and clause.start() >= 3:
        rest = rest[: clause.start()]
    rest = _shortened(rest.strip(" \"“”'‘’«»`,.;:!?-–—()[]<>"))
    rest = _KEPT.sub(lambda match: match.group().upper().replace("IDS", "IDs"), rest)
    return (rest[:1].upper() + rest[1:]) or "My Space"


def resource_of(words: list[str]) -> str:
    """The plural noun an API in these (folded) words is about, such as "books"; "" when there is none."""
    line = " ".join(words)
    nouns = (match[1] for shape in _RESOURCES for match in shape.finditer(line))
    noun = next((noun for noun in nouns if noun.isascii() and noun.isalpha() and noun not in _NO_RESOURCE), "")
    if not noun:
        return ""
    if noun.endswith(("s", "x", "ch", "sh")):
        return noun + "es"
    return noun[:-1] + "ies" if noun.endswith("y") and noun[-2] not in "aeiou" else noun + "s"


def route_of(text: str) -> str:
    """The first path the idea gives a request, such as "/books"; "" when there is none."""
    found = _ROUTE.search(text)
    return found[1] if found else ""


def _shortened(text: str) -> str:
    words = text.split(" ")
    if len(words) > 7:
        words = words[:7]
    kept = ""
    for word in words:
        if len(kept) + len(word) + 1 > _TITLE_LENGTH:
            break
        kept = f"{kept} {word}".strip()
    kept = kept or text[:_TITLE_LENGTH]
    while _TAIL.search(kept):
        kept = _TAIL.sub("", kept)
    return kept
