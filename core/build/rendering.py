"""Values into template files, each written the way the file's language writes text.

`${name}` stands for a declared input and for nothing else. In Python and JavaScript it becomes a whole literal,
quotes included (`TITLE = ${title}`); in HTML and Markdown it becomes text. So a title like `"); import os #` stays a title.
"""

from __future__ import annotations

import html
import json
import re
from collections.abc import Callable, Mapping
from pathlib import PurePosixPath

_PLACE = re.compile(r"\$\{([a-z][a-z0-9_]*)\}")
_MARKDOWN = re.compile(r"([\\`*_{}\[\]()#+!|~>-])")
Value = str | bool | int | float | list[str]


def render(source: bytes, values: Mapping[str, Value], *, path: str) -> bytes:
    """The file with every `${name}` replaced.

    Args:
        source: UTF-8 text of the template's file.
        values: input name → value.
        path: decides the language: .py, .js, .json, .html or .md.

    Raises ValueError for a language nobody escapes for, or a name that is not in `values`: a mistake in the template.
    """
    suffix = PurePosixPath(path).suffix
    if suffix not in _WRITERS:
        raise ValueError(f"{path}: files of this kind are copied, not rendered")
    write = _WRITERS[suffix]

    def fill(match: re.Match) -> str:
        if match[1] not in values:
            raise ValueError(f"{path}: ${{{match[1]}}} is not a declared input")
        return write(values[match[1]])

    return _PLACE.sub(fill, source.decode()).encode()


def _python(value: Value) -> str:
    if isinstance(value, list):
        return "[" + ", ".join(_python(item) for item in value) + "]"
    if isinstance(value, str):
        # A JSON string is a Python string; DEL and the separators are escaped so that editors show them.
        return re.sub(r"[\x7f\u2028\u2029]", lambda c: f"\\u{ord(c[0]):04x}", json.dumps(value, ensure_ascii=False))
    return repr(value)


def _javascript(value: Value) -> str:
    return re.sub(r"[<>&\x7f\u2028\u2029]", lambda c: f"\\u{ord(c[0]):04x}", json.dumps(value, ensure_ascii=False))


def _html(value: Value) -> str:
    if isinstance(value, list):
        return "".join(f"<li>{_html(item)}</li>" for item in value)
    return html.escape(str(value), quote=True)


def markdown(value: Value) -> str:
    """The value as one line of Markdown that shows it as it is."""
    if isinstance(value, list):
        return ", ".join(markdown(item) for item in value)
    return _MARKDOWN.sub(r"\\\1", html.escape(" ".join(str(value).split()), quote=False))


_WRITERS: dict[str, Callable[[Value], str]] = {
    ".py": _python,
    ".js": _javascript,
    ".json": _javascript,
    ".html": _html,
    ".md": markdown,
}
