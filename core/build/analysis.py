"""What an idea asks for, read by rules and tables. No model, no network, the same answer every time."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from core.build.limits import IDEA_BYTES
from core.build.naming import resource_of, route_of, title_of
from core.build.words import fold, matched, slug_of, words_of
from core.errors import InvalidInput, TooLarge

_TABLES = Path(__file__).parent / "tables"
_QUOTED = re.compile(r"[\"“”«»„]([^\"“”«»„\n]{1,80})[\"“”«»]|(?<!\w)['‘]([^'’\n]{2,80})['’](?!\w)|`([^`\n]{1,80})`")
_MOST_LABELS = 20
_EXAMPLE = "For instance: a word counter that shows the reading time."


@dataclass(frozen=True)
class Need:
    """Something no template here has: `task` is the Hub's name for it ("" when it is no model task), `says` how people put it."""

    task: str
    says: str


@dataclass(frozen=True)
class Analysis:
    """What was understood of an idea.

    title, slug: names for the app; slug is valid for a Space.
    words: every folded word in order; keywords: those that say something, at most 20.
    tasks, inputs, outputs, hints: names from the tables beside this module.
    labels: what the idea put in quotes. resource: the plural noun an API would be about, or ""; route: the path it asks for, or "".
    language: the language it reads like. needs_model: model work it asks for. refusals: why it cannot be a Space of ours.
    notes: sentences about what was not understood.
    """

    idea: str
    title: str
    slug: str
    words: tuple[str, ...]
    keywords: tuple[str, ...] = ()
    tasks: tuple[str, ...] = ()
    inputs: tuple[str, ...] = ()
    outputs: tuple[str, ...] = ()
    hints: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()
    resource: str = ""
    route: str = ""
    language: str = "English"
    needs_model: tuple[Need, ...] = ()
    refusals: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """The same as JSON, without the word list."""
        shape = {name: list(value) if isinstance(value, tuple) else value for name, value in asdict(self).items()}
        del shape["words"]
        return shape


def analyze(idea: str) -> Analysis:
    """Read an idea.

    Args:
        idea: a sentence or a few, at most 20 kB.

    Returns an Analysis. Raises InvalidInput when it is empty or not text, TooLarge when it is longer;
    nothing of it is kept.
    """
    text = _checked(idea)
    words = words_of(text)
    vocabulary = table("vocabulary")
    language = _language(text, words, vocabulary["languages"])
    fillers = _fillers()
    keywords = tuple(dict.fromkeys(word for word in words if word not in fillers and len(word) > 1))[:20]
    title = title_of(text)
    needs, refusals = _out_of_reach(text)
    return Analysis(
        idea=text,
        title=title,
        slug=slug_of(title),
        words=tuple(words),
        keywords=keywords,
        tasks=_names(table("tasks"), words),
        inputs=_names(vocabulary["inputs"], words),
        outputs=_names(vocabulary["outputs"], words),
        hints=_names(vocabulary["hints"], words),
        labels=_labels(text),
        resource=resource_of(words),
        route=route_of(text),
        language=language,
        needs_model=needs,
        refusals=refusals,
        notes=_notes(language, keywords),
    )


@cache
def table(name: str) -> dict[str, Any]:
    """One of the tables beside this module, read once."""
    return yaml.safe_load((_TABLES / f"{name}.yaml").read_text(encoding="utf-8"))


@cache
def _fillers() -> frozenset[str]:
    return frozenset(fold(word) for word in table("vocabulary")["fillers"].split())


def _checked(idea: str) -> str:
    if not isinstance(idea, str):
        raise InvalidInput("The idea must be text.", _EXAMPLE)
    # Half a character (a lone surrogate) becomes the replacement character, which counts as unreadable below.
    idea = idea.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    size = len(idea.encode())
    if size > IDEA_BYTES:
        raise TooLarge(f"The idea is {size // 1000} kB long; {IDEA_BYTES // 1000} kB are allowed.", "Describe the app in a few sentences.")
    text = unicodedata.normalize("NFC", idea).strip()
    if not text:
        raise InvalidInput("There is no idea yet.", _EXAMPLE)
    odd = sum(1 for c in text if unicodedata.category(c) in ("Cc", "Cn", "Co", "Cs") and c not in "\t\r\n" or c == "\ufffd")
    if "\0" in text or odd * 10 > len(text):
        raise InvalidInput("The idea is not readable text.", _EXAMPLE)
    text = "".join(c if c.isprintable() or c in "\t\r\n" else " " for c in text).strip()
    if not any(c.isalnum() for c in text):
        raise InvalidInput("The idea holds no words.", _EXAMPLE)
    return text


def _names(phrases_by_name: dict[str, list[str]], words: list[str]) -> tuple[str, ...]:
    return tuple(name for name, phrases in phrases_by_name.items() if matched(phrases, words))


def _labels(text: str) -> tuple[str, ...]:
    found = (" ".join(next(filter(None, groups)).split()) for groups in _QUOTED.findall(text))
    return tuple(dict.fromkeys(label for label in found if label))[:_MOST_LABELS]


def _out_of_reach(text: str) -> tuple[tuple[Need, ...], tuple[str, ...]]:
    needs = table("needs")
    line = " ".join(text.lower().split())
    # A page about something is a page, whatever the something is; in “a chatbot and a page about it” the chatbot still counts.
    about = re.search(needs["about"], line)
    if about:
        line = line[: about.start()]
    line = re.sub(needs["without_a_model"], " ", line)
    line = re.sub(_QUOTED, " ", line)
    found = dict.fromkeys(Need(row["task"], row["says"]) for row in needs["models"] if re.search(row["pattern"], line))
    return tuple(found), tuple(row["says"] for row in needs["refusals"] if re.search(row["pattern"], line))


# First letters of the names Unicode gives to characters of scripts other than Latin.
_SCRIPTS = {
    "CJK": "Chinese",
    "HIRAGANA": "Japanese",
    "KATAKANA": "Japanese",
    "HANGUL": "Korean",
    "CYRILLIC": "Russian",
    "ARABIC": "Arabic",
    "HEBREW": "Hebrew",
    "DEVANAGARI": "Hindi",
    "GREEK": "Greek",
    "THAI": "Thai",
    "BENGALI": "Bengali",
    "TAMIL": "Tamil",
}


def _language(text: str, words: list[str], lists: dict[str, list[str]]) -> str:
    letters = [c for c in text if c.isalpha()]
    scripts = [unicodedata.name(c, "").split(" ")[0] for c in letters[:2_000]]
    foreign = [script for script in scripts if script in _SCRIPTS]
    if len(foreign) * 2 > len(scripts):
        languages = [_SCRIPTS[script] for script in foreign]
        # Japanese mixes its own syllables into Chinese characters.
        return "Japanese" if "Japanese" in languages else max(set(languages), key=languages.count)
    counts = {name: sum(word in known for word in words) for name, known in ((n, {fold(w) for w in ws}) for n, ws in lists.items())}
    best = max(counts, key=lambda name: (counts[name], name == "English"))
    if counts[best] == counts["English"]:
        return "English"
    alone = [name for name in counts if counts[name] == counts[best]] == [best]
    return best if alone else "another language"


def _notes(language: str, keywords: tuple[str, ...]) -> tuple[str, ...]:
    if language == "English":
        return ()
    known = ", ".join(f"“{word}”" for word in keywords[:5] if word.isascii())
    heard = f" Only single words such as {known} could be looked at." if known else ""
    return (f"The idea reads like {language}, and only English is fully understood here.{heard} Writing it in English finds more.",)
