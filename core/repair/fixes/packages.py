"""requirements.txt: what is missing there, what cannot be had, what contradicts the rest."""

from __future__ import annotations

import re
import sys
from functools import cache
from pathlib import Path

import yaml
from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from core.repair.fixes.reading import Files, Unfit, text_of
from core.repair.values import Look

PATH = "requirements.txt"
_MODULES = Path(__file__).parent / "packages.yaml"


@cache
def package_of(module: str) -> str:
    """The package on PyPI that brings a module: from the table, else the module's own name."""
    return yaml.safe_load(_MODULES.read_text()).get(module, module.replace("_", "-"))


def add_requirement(files: Files, look: Look, *, module: str) -> dict[str, bytes]:
    """Ask for the package of a module that is not there; a line for another package of that name is replaced."""
    top = module.split(".")[0]
    ours = any(path.split("/")[0] in (f"{top}.py", top) for path in files)
    if ours or top in sys.stdlib_module_names or not re.fullmatch(r"[A-Za-z_]\w*", top) or top.startswith("_"):
        raise Unfit
    package = package_of(top)
    lines = _lines(files)
    if any(_name(line) == canonicalize_name(package) for line in lines):
        raise Unfit
    kept = [line for line in lines if _name(line) != canonicalize_name(top)]
    return _written([*kept, package])


def remove_requirement(files: Files, look: Look, *, name: str) -> dict[str, bytes]:
    """Leave out a package that does not exist: a module of Python itself, or a module's name in place of its package's."""
    wanted = canonicalize_name(name)
    module = next((top for top in (name, name.replace("-", "_")) if package_of(top) != top.replace("_", "-")), None)
    own = name.replace("-", "_").lower() in {top.lower() for top in sys.stdlib_module_names} or any(path in (f"{name}.py", f"{name}/__init__.py") for path in files)
    if not own and not module:
        raise Unfit
    new = [line if _name(line) != wanted else ("" if own or not module else package_of(module)) for line in _lines(files)]
    return _written([line for line in dict.fromkeys(new) if line])


def replace_requirement(files: Files, look: Look, *, old: str, new: str) -> dict[str, bytes]:
    """Another package in place of one, or the new one alone where the old is not named."""
    lines = _lines(files)
    if any(_name(line) == canonicalize_name(new) for line in lines):
        kept = [line for line in lines if _name(line) != canonicalize_name(old)]
        return _written(kept)
    if not any(_name(line) == canonicalize_name(old) for line in lines):
        raise Unfit
    return _written([new if _name(line) == canonicalize_name(old) else line for line in lines])


def unpin_requirement(files: Files, look: Look, *, name: str) -> dict[str, bytes]:
    """Any version of a package, where the wanted one cannot be had."""
    changed = []
    for line in _lines(files):
        if _name(line) == canonicalize_name(name):
            asked = Requirement(line)
            extras = f"[{','.join(sorted(asked.extras))}]" if asked.extras else ""
            line = f"{asked.name}{extras}" + (f" ; {asked.marker}" if asked.marker else "")
        changed.append(line)
    return _written(changed)


def mend_requirements(files: Files, look: Look) -> dict[str, bytes]:
    """Lines no installer reads: `pip install x`, `import x`, bullets, quotes, a single `=`; what cannot be read is left out."""
    text = text_of(files, PATH)
    lines = [mended for line in text.splitlines() for mended in _mended(line)]
    return _written(lines)


def _mended(line: str) -> list[str]:
    plain = line.strip().strip("`\"',").strip()
    if not plain or plain.startswith(("#", "-r", "--", "git+", "http", ".", "/")):
        return [plain] if not line.strip().startswith("```") else []
    plain = re.sub(r"^(?:!?\s*(?:python3? -m )?pip3? install\s+(?:-U\s+|--upgrade\s+)?|[-*•]\s+|\d+\.\s+)", "", plain)
    module = re.fullmatch(r"(?:import|from)\s+([A-Za-z_]\w*).*", plain)
    if module:
        return [package_of(module[1])] if module[1] not in sys.stdlib_module_names else []
    plain = re.sub(r"(?<![=<>!~])=(?!=)", "==", plain.replace("=>", ">=").replace("=<", "<="))
    each = plain.split() if re.fullmatch(r"[\w.-]+(?:\s+[\w.-]+)+", plain) else [plain.rstrip(",;")]
    return [one for one in each if _name(one)]


def _lines(files: Files) -> list[str]:
    if PATH not in files:
        return []
    return [line.strip() for line in text_of(files, PATH).splitlines() if line.strip()]


def _name(line: str) -> str:
    try:
        return canonicalize_name(Requirement(re.sub(r"(^|\s)#.*$", "", line).strip()).name)
    except InvalidRequirement:
        return ""


def _written(lines: list[str]) -> dict[str, bytes]:
    return {PATH: ("\n".join(lines).strip() + "\n").encode()}


FIXES = (add_requirement, remove_requirement, replace_requirement, unpin_requirement, mend_requirements)
