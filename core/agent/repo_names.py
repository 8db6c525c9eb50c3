"""Names of repositories in running text: which `owner/name` is meant as one, and which is a pair of words, a path or a unit."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

FILE = re.compile(r"\.(?:py|md|ipynb|json|jsonl|ya?ml|toml|txt|sh|cfg|rst|js|ts|html|css|parquet|csv|safetensors|gguf|bin|pt|onnx|pdf)$", re.IGNORECASE)
_BARE = re.compile(r"(?<![\w./:@~`<=#-])([A-Za-z0-9][\w-]{1,38})/([A-Za-z0-9][\w.-]{1,95}+)(?![/`(]|\]\()")
# What stands before the bar in paths, types of content, and what is measured; none of it owns a repository that reports name.
_NO_OWNER = frozenset(
    "application text image audio video multipart font docs doc src lib test tests train dev eval val examples example scripts utils data dataset datasets "
    "model models space spaces api app apps configs config main blob tree refs heads tmp usr etc bin var home www http https and or input output".split()
)
_ITEM, _CELL = re.compile(r"^\s*(?:[-*+]|\d{1,3}[.)])\s{1,3}[*_\[]*$"), re.compile(r"\|\s{0,5}[*_\[]{0,3}$")
_NEAR = 40  # characters looked at in front of a name
_SOURCES = re.compile(r"^#{1,6}\s*(?:sources|references|quellen|fuentes)\b", re.IGNORECASE)
_FENCE = re.compile(r"^\s*(?:```|~~~)")
_CODE = re.compile(r"`[^`\n]*`")


def bare_names(text: str, known: Callable[[str], bool]) -> Iterator[tuple[int, int]]:
    """Where names of repositories stand in markdown, outside of code: their beginnings and ends.

    known: a name was looked up, so it is one whatever it looks like.
    """
    at, fenced, sources = 0, False, False
    for line in text.splitlines(keepends=True):
        if _FENCE.match(line):
            fenced = not fenced
        elif line.startswith("#"):
            sources = bool(_SOURCES.match(line))
        elif not fenced:
            plain = _CODE.sub(lambda code: "`" * len(code[0]), line)
            for match in _BARE.finditer(plain):
                start, end = match.start(), match.end() - len(match[0]) + len(match[0].rstrip("._-"))
                before = plain[max(0, start - _NEAR) : start]
                listed = sources or bool(_CELL.search(before)) or (start < _NEAR and bool(_ITEM.search(before)))
                if known(plain[start:end]) or _is_name(match[1], match[2].rstrip("._-"), listed):
                    yield at + start, at + end
        at += len(line)


def _is_name(owner: str, name: str, listed: bool) -> bool:
    """listed: it begins an item or a cell, or stands under Sources, where names stand and pairs of words seldom do."""
    if owner.lower() in _NO_OWNER or FILE.search(name) or not (re.search("[A-Za-z]", owner) and re.search("[A-Za-z]{2}", name)):
        return False
    if re.search(r"\d", owner) and max(len(owner), len(name)) <= 6 or owner.isupper() and len(name) <= 6:
        return False  # FP16/BF16, A100/H100, CPU/T4
    stem, other = (re.match(r"[A-Za-z]*", part)[0].lower() for part in (owner, name))
    if stem == other and re.search(r"-\d+\w?$", owner):
        return False  # ROUGE-1/ROUGE-2, GPT-4/GPT-4o
    if re.search(r"\d", name) and len(name) >= 5 and re.search(r"[-_.]|[a-z]\d|\d[a-z]", name):
        return True
    if "-" not in owner and (name.count("-") >= 2 or "_" in name):
        return True
    return listed and bool(re.search(r"[-_\dA-Z]", name[1:]))
