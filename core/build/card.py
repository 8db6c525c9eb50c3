"""The front matter of a Space's README.md: read, checked and written in one place."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Any, Literal

import yaml
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, field_validator, model_validator

from core.build.paths import check_path
from core.errors import InvalidInput

Sdk = Literal["gradio", "static", "docker"]
Colour = Literal["red", "yellow", "green", "blue", "indigo", "purple", "pink", "gray"]
GRADIO_VERSION = "6.31.0"

_FENCE = re.compile(rb"\A(?:\xef\xbb\xbf)?---[ \t]*\r?\n(.*?)^---[ \t]*(?:\r?\n|\Z)", re.DOTALL | re.MULTILINE)
_PYTHON = re.compile(r"3\.\d{1,2}(\.\d{1,2})?")
_text = BeforeValidator(lambda value: str(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else value)


class Card(BaseModel):
    """What the Hub reads from a Space's README. Keys it knows and we do not are kept as they are.

    sdk: gradio, static or docker; None when the README does not say, which the Hub refuses to build.
    """

    model_config = ConfigDict(extra="allow", populate_by_name=True, frozen=True)

    title: Annotated[str, _text, Field(max_length=200)] | None = None
    emoji: str | None = None
    colour_from: Colour | None = Field(None, alias="colorFrom")
    colour_to: Colour | None = Field(None, alias="colorTo")
    sdk: Sdk | None = None
    sdk_version: Annotated[str, _text] | None = None
    python_version: Annotated[str, _text] | None = None
    app_file: str | None = None
    app_port: int | None = Field(None, ge=1, le=65535)
    app_build_command: str | None = None
    short_description: Annotated[str, _text, Field(max_length=60)] | None = None
    tags: tuple[Annotated[str, _text], ...] | None = None
    license: str | None = None
    pinned: bool | None = None

    @field_validator("emoji")
    @classmethod
    def _is_an_emoji(cls, value: str | None) -> str | None:
        if value is not None and not (0 < len(value) <= 12 and all(ord(c) >= 0xA9 or c in "#*0123456789" for c in value)):
            raise ValueError("must be one emoji")
        return value

    @field_validator("python_version")
    @classmethod
    def _is_a_python_version(cls, value: str | None) -> str | None:
        if value is not None and not _PYTHON.fullmatch(value):
            raise ValueError('must look like "3.12" (in quotes, because YAML reads 3.10 as 3.1)')
        return value

    @field_validator("app_file")
    @classmethod
    def _is_a_safe_path(cls, value: str | None) -> str | None:
        if value is not None:
            try:
                check_path(value.removeprefix("./"))
            except InvalidInput as error:
                raise ValueError(error.message) from None
        return value

    @model_validator(mode="after")
    def _port_is_for_docker(self) -> Card:
        if self.app_port is not None and self.sdk not in (None, "docker"):
            raise ValueError("app_port is for Docker Spaces only")
        return self

    @property
    def runs(self) -> str:
        """The file that is started or served: `app_file`, or what the Hub takes without one."""
        return (self.app_file or {"static": "index.html", "docker": "Dockerfile"}.get(self.sdk or "", "app.py")).removeprefix("./")

    def front_matter(self) -> dict[str, Any]:
        """The keys as the README spells them, without those that are not set."""
        shape = self.model_dump(by_alias=True, exclude_none=True)
        return {key: list(value) if isinstance(value, tuple) else value for key, value in shape.items()}


def read_card(files: Mapping[str, bytes]) -> Card | None:
    """The card of these files, or None when there is no README.md or it has no front matter.

    Raises InvalidInput with the key, the line and what it must be, when the Hub would refuse it.
    """
    readme = files.get("README.md")
    match = _FENCE.match(readme) if readme else None
    return parse_card(match[1]) if match else None


def parse_card(front_matter: bytes) -> Card:
    """The card of a YAML block without its `---` lines; errors as in `read_card`."""
    if len(front_matter) > 60_000:
        raise InvalidInput("The front matter of README.md is longer than 60 kB.", "Move the text below the second --- line.")
    try:
        values = yaml.safe_load(front_matter.decode()) or {}
    except UnicodeDecodeError:
        raise InvalidInput("README.md is not UTF-8 text.", "Save it as UTF-8.") from None
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        mark = getattr(error, "problem_mark", None)
        line = mark.line + 2 if mark else 1
        raise InvalidInput(
            f"README.md line {line}: the front matter is not valid YAML.", "Put values with : or # in quotes.", path="README.md", line=line
        ) from None
    if not isinstance(values, dict) or not all(isinstance(key, str) for key in values):
        raise InvalidInput("README.md: the front matter must be a list of `key: value` lines.", path="README.md", line=2)
    try:
        return Card.model_validate(values)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        key = str(first["loc"][0]) if first["loc"] else "sdk"
        line = _line_of(front_matter, key)
        message = first["msg"].removeprefix("Value error, ").replace("Input should be", "must be")
        raise InvalidInput(
            f"README.md line {line}: {key} {message[:1].lower() + message[1:]}.",
            "Correct that line; the keys are listed at huggingface.co/docs/hub/spaces-config-reference.",
            path="README.md",
            line=line,
            key=key,
        ) from None


def write_card(card: Card, body: str | bytes = "") -> bytes:
    """README.md with this card as front matter.

    Args:
        card: what to write.
        body: the text below, or a whole README whose own front matter is replaced.
    """
    text = body.encode() if isinstance(body, str) else body
    match = _FENCE.match(text)
    if match:
        text = text[match.end() :]
    block = yaml.safe_dump(card.front_matter(), sort_keys=False, allow_unicode=True, width=1000)
    return f"---\n{block}---\n\n".encode() + text.lstrip(b"\r\n")


def _line_of(front_matter: bytes, key: str) -> int:
    for number, line in enumerate(front_matter.split(b"\n"), start=2):
        if line.startswith(key.encode() + b":"):
            return number
    return 2
