"""System prompts: files with tagged sections, put together by what is true of model, target, account and limits.

A file of `prompts/` begins with its front matter: `version`, `for` (the roles it is part of), `order`, and `when`, the
conditions under which it belongs. `{name}` in it is filled with a fact. Its sections join those of the same tag.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Literal

import yaml

from core.build import GRADIO_VERSION

PromptRole = Literal["main", "research", "summarise", "repair"]
TAGS = ("Role", "Plan", "Build", "Sandbox", "Deploy", "Rules", "Tools", "Report")
_FOLDER = Path(__file__).with_name("prompts")
_SECTION = re.compile(r"^<(\w+)>\n(.*?)\n</\1>$", re.MULTILINE | re.DOTALL)
_FACT = re.compile(r"\{(\w+)\}")
# A fact goes into our own sentences, so it is a name or a figure and never a sentence of somebody else's.
_PLAIN = re.compile(r"[\w ./:@+-]{0,80}", re.ASCII)


@dataclass(frozen=True)
class Part:
    """One file. when: fact → value, or values; true and false ask whether there is any."""

    name: str
    version: int
    roles: tuple[str, ...]
    order: int
    when: Mapping[str, Any]
    sections: tuple[tuple[str, str], ...]

    def holds(self, facts: Mapping[str, Any]) -> bool:
        return all(_meets(facts.get(name), wanted) for name, wanted in self.when.items())


def system_prompt(
    role: PromptRole = "main",
    *,
    native: bool = True,
    small: bool = False,
    sees: bool = False,
    sdk: str | None = None,
    signed_in: bool = False,
    account: str = "",
    organizations: Sequence[str] = (),
    pro: bool = False,
    local_hub: bool = False,
    project: str = "",
    gradio: str = "",
    usd: float | None = None,
    iterations: int = 60,
    words: int = 600,
) -> str:
    """The system text of a role.

    Args:
        native: the model calls tools by itself; otherwise it writes them as text.
        small: a model that needs short steps. sees: it can look at pictures.
        sdk: what the Space is made with: gradio, static, docker; None when nothing is chosen yet.
        signed_in, account, organizations, pro: the Hub account that would deploy. local_hub: the embedded Hub stands in.
        project: id of the chat's project, "" without one. gradio: the version to pin, "" for the one templates take.
        usd, iterations: the most this turn may take. words: the most a summary may have.
    """
    facts = {
        "named": account, "organizations": _joined(organizations), "native": native, "small": small, "sees": sees, "sdk": sdk or "none", "signed_in": signed_in, "account": account or "yours",
        "pro": pro, "local_hub": local_hub, "project": project, "gradio": gradio or GRADIO_VERSION,
        "usd": "" if usd is None else f"{usd:.2f}", "iterations": iterations, "words": words,
    }  # fmt: skip
    found: dict[str, list[str]] = {tag: [] for tag in TAGS}
    for part in parts():
        if role in part.roles and part.holds(facts):
            for tag, text in part.sections:
                found[tag].append(_filled(text, facts))
    return "\n\n".join("\n".join((f"<{tag}>", *texts, f"</{tag}>")) for tag, texts in found.items() if texts)


@cache
def parts() -> tuple[Part, ...]:
    """Every file of the folder, in the order they are put together."""
    read = [_read(path) for path in sorted(_FOLDER.glob("*.md"))]
    return tuple(sorted(read, key=lambda part: (part.order, part.name)))


def version() -> str:
    """The versions of all files as one line, for a chat's record: which prompts it ran with."""
    return " ".join(f"{part.name}:{part.version}" for part in parts())


def _read(path: Path) -> Part:
    _, front, body = path.read_text(encoding="utf-8").split("---\n", 2)
    head = yaml.safe_load(front)
    roles = head["for"] if isinstance(head["for"], list) else [head["for"]]
    sections = tuple((tag, text.strip()) for tag, text in _SECTION.findall(body))
    left = _SECTION.sub("", body).strip()
    if left or not sections or {tag for tag, _ in sections} - set(TAGS):
        raise ValueError(f"prompts/{path.name}: outside of known sections stands {left[:60]!r}")
    return Part(path.stem, int(head["version"]), tuple(roles), int(head["order"]), head.get("when") or {}, sections)


def _meets(value: Any, wanted: Any) -> bool:
    if isinstance(wanted, bool):
        return bool(value) is wanted
    return value in wanted if isinstance(wanted, list) else value == wanted


def _joined(names: Sequence[str]) -> str:
    """As many names as are read as a fact."""
    told = ""
    for name in names:
        longer = f"{told} and {name}" if told else name
        if not _PLAIN.fullmatch(longer):
            break
        told = longer
    return told


def _filled(text: str, facts: Mapping[str, Any]) -> str:
    def fact(match: re.Match[str]) -> str:
        value = str(facts[match[1]])
        return value if _PLAIN.fullmatch(value) else "unnamed"

    return _FACT.sub(fact, text)
