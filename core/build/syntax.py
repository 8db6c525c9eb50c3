"""Whether files that a program reads can be read at all: Python, JSON, YAML and TOML."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Callable, Mapping

import yaml

from core.build.checks import python_findings
from core.build.finding import Finding

_LARGEST = 1_000_000


def check_syntax(files: Mapping[str, bytes]) -> list[Finding]:
    """What is wrong with these files, one finding a file; those of other kinds, and over 1 MB, are not looked at."""
    found = []
    for path, data in files.items():
        if path.endswith(".py"):
            found += python_findings(path, data)
        elif (read := _READERS.get(path.rpartition(".")[2].lower())) and len(data) <= _LARGEST:
            found += _tried(path, data, read)
    return found


def _tried(path: str, data: bytes, read: Callable[[str], object]) -> list[Finding]:
    kind = path.rpartition(".")[2].upper()
    try:
        read(data.decode())
    except UnicodeDecodeError:
        return [Finding(path, 0, f"{path} is not UTF-8 text.", "Save it as UTF-8.")]
    except json.JSONDecodeError as error:
        return [Finding(path, error.lineno, f"{path} line {error.lineno}: {error.msg}.", "Correct the JSON of that line.")]
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = mark.line + 1 if mark else 0
        problem = getattr(error, "problem", None) or "it cannot be read"
        return [Finding(path, line, f"{path} line {line}: {problem}.", "Correct the YAML of that line.")]
    except (tomllib.TOMLDecodeError, ValueError, RecursionError) as error:
        return [Finding(path, 0, f"{path} is not valid {kind}: {str(error)[:200]}.", f"Correct the {kind}.")]
    return []


def _yaml(text: str) -> None:
    for _ in yaml.parse(text, Loader=yaml.SafeLoader):  # events only: aliases are not expanded, tags not looked up
        pass


_READERS: dict[str, Callable[[str], object]] = {"json": json.loads, "yaml": _yaml, "yml": _yaml, "toml": tomllib.loads}
