"""The templates: every folder below `space_templates` that holds a `template.yaml`."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, model_validator

from core.build.card import Colour, Sdk
from core.build.paths import check_path
from core.errors import InvalidInput

ROOT = Path(__file__).resolve().parents[2] / "space_templates"
MANIFEST = "template.yaml"
InputKind = Literal["text", "lines", "choice", "choices", "bool", "number"]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Choice(_Part):
    """One value of a `choice` or `choices` input, and the words of an idea that ask for it."""

    value: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    label: str
    keywords: dict[str, float] = {}
    note: str = ""


class Input(_Part):
    """One thing that can be filled in.

    type: text (one line), lines (a list of lines), choice (one of `choices`), choices (several), bool, number.
    source: which part of the analysis fills it when nobody gives a value; by default `choice` and `choices` are
        filled by the keywords of their values, and everything else by `default`.
    decides: whether those keywords alone speak for this template, or only add to words of its own.
    """

    name: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    label: str
    type: InputKind = "text"
    default: Any = None
    required: bool = False
    source: Literal["title", "idea", "labels", "resource", "route"] | None = None
    choices: tuple[Choice, ...] = ()
    decides: bool = True
    most: int = Field(20, ge=1, le=50)
    description: str = ""


class FileRule(_Part):
    """One file of the result. `source` is where it lies in the template (default: the same path); `${input}` in
    it stands for the value of a `choice`. `when` lists input → value the file belongs to."""

    path: str
    mode: Literal["copy", "render"] = "copy"
    source: str | None = None
    when: dict[str, str] = {}


class TemplateCard(_Part):
    """What of the Space's card the template decides; the rest comes from the idea."""

    emoji: str
    colour_from: Colour = Field(alias="colorFrom")
    colour_to: Colour = Field(alias="colorTo")
    python_version: str | None = None
    app_file: str | None = None
    app_port: int | None = None
    tags: tuple[str, ...] = ()


class Preview(_Part):
    """Where a preview answers with 200 once it is up."""

    ready_path: str = "/"


class Check(_Part):
    """A request whose answer must hold a text, once the app runs."""

    path: str
    expects: str


class Manifest(_Part):
    """`template.yaml`. Weights: 1 hints at this template, 3 alone is enough to choose it."""

    id: str = Field(pattern=r"^[a-z][a-z0-9-]*$")
    version: int
    title: str
    summary: str = Field(max_length=60)
    sdk: Sdk
    category: str
    tasks: tuple[str, ...] = ()
    keywords: dict[str, float] = {}
    hints: dict[str, float] = {}
    needs: tuple[str, ...] = ()
    wants: tuple[str, ...] = ()
    inputs: tuple[Input, ...] = ()
    card: TemplateCard
    files: tuple[FileRule, ...]
    preview: Preview = Preview()
    checks: tuple[Check, ...] = ()
    examples: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _is_consistent(self) -> Manifest:
        inputs = {item.name: item for item in self.inputs}
        if "title" not in inputs:
            raise ValueError("inputs: every template needs the input `title`")
        for item in self.inputs:
            values = {choice.value for choice in item.choices}
            if (item.type in ("choice", "choices")) != bool(values):
                raise ValueError(f"inputs: {item.name}: `choices` belongs to the types choice and choices, and only to them")
            given = item.default if item.type == "choices" else [item.default]
            if values and not set(given or []) <= values:
                raise ValueError(f"inputs: {item.name}: the default is none of the choices")
        for rule in self.files:
            check_path(rule.path)
            for name, value in rule.when.items():
                if name not in inputs or value not in {choice.value for choice in inputs[name].choices}:
                    raise ValueError(f"files: {rule.path}: when: there is no {name}: {value}")
        return self

    def input(self, name: str) -> Input | None:
        return next((item for item in self.inputs if item.name == name), None)


@dataclass(frozen=True)
class Template:
    """A manifest and the folder its files lie in."""

    manifest: Manifest
    folder: Path

    @property
    def id(self) -> str:
        return self.manifest.id

    def source(self, path: str) -> bytes:
        """The bytes of one of its files, by relative path."""
        return (self.folder / check_path(path)).read_bytes()


def load(folder: Path) -> Template:
    """The template in that folder; ValueError naming the file when its manifest is not valid."""
    path = folder / MANIFEST
    try:
        manifest = Manifest.model_validate(yaml.safe_load(path.read_text(encoding="utf-8")))
    except (yaml.YAMLError, ValueError, InvalidInput) as error:
        raise ValueError(f"{path}: {error}") from None
    if manifest.id != folder.name:
        raise ValueError(f"{path}: the id {manifest.id!r} is not the name of its folder")
    return Template(manifest, folder)


@cache
def templates(root: Path = ROOT) -> dict[str, Template]:
    """Every template by id, in alphabetical order; read once a process."""
    return {folder.name: load(folder) for folder in sorted(root.iterdir()) if (folder / MANIFEST).is_file()}
