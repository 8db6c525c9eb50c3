"""What a report rests on: every source its tools read, and which of the names in its text no tool has ever returned."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any

UNSEEN = "[not seen by a tool]"
_MOST_NAMES = 200_000
_MOST_CITATIONS = 100
_DEEPEST = 12
_URL = re.compile(r"https?://[^\s<>\"'`\\|\])}]+", re.IGNORECASE)
# arXiv's two styles: YYMM.NNNNN since April 2007, archive/YYMMNNN before.
_PAPER = re.compile(r"(?<![\w./-])(\d{2}(?:0[1-9]|1[0-2])\.\d{4,5}|[a-z][a-z-]{1,20}(?:\.[A-Z]{2})?/\d{7})(?:v\d{1,3})?(?![\w-]|\.\d)")
_PAPER_URL = re.compile(r"(?:arxiv\.org/(?:abs|pdf|html)|huggingface\.co/papers|hf\.co/papers)/([\w.-]+(?:/\d{7})?)", re.IGNORECASE)
_NAME = re.compile(r"(?<![\w./:-])([A-Za-z0-9][\w.-]{0,95}/[A-Za-z0-9][\w.-]{0,95})(?![\w/])")
_QUOTED = re.compile(r"`([A-Za-z0-9][\w.-]{0,95}/[A-Za-z0-9][\w.-]{0,95})`")
_FILE = re.compile(r"\.(?:py|md|ipynb|json|ya?ml|toml|txt|sh|cfg|rst|js|ts|html|css|parquet|csv|safetensors)$", re.IGNORECASE)
# An address of a repository or of a file in it, in the two places whose ids our tools name.
_REPOSITORY = re.compile(
    r"(?:github\.com|huggingface\.co|hf\.co)/(?:datasets/|spaces/)?(?P<name>[\w.-]+/[\w.-]+?)"
    r"(?:/(?:blob|tree|resolve|raw)/[^/]+(?P<slash>/)?(?(slash)(?P<path>.*)))?$"
)
_PAGE = {
    "model": "https://huggingface.co/{}", "dataset": "https://huggingface.co/datasets/{}", "space": "https://huggingface.co/spaces/{}",
    "paper": "https://arxiv.org/abs/{}",
}  # fmt: skip


@dataclass(frozen=True)
class Citation:
    """A source. kind: paper, model, dataset, space, code, docs or page."""

    kind: str
    id: str
    url: str

    def to_dict(self) -> dict[str, str]:
        return asdict(self)


class Sources:
    """What the tools of one research have returned."""

    def __init__(self) -> None:
        self._names: set[str] = set()
        self._read: dict[tuple[str, str], Citation] = {}

    def take(self, tool: str, arguments: Mapping[str, Any], value: Any) -> None:
        """A call that went well, and what it gave."""
        for text in _texts(value):
            if len(self._names) > _MOST_NAMES:
                break
            self._names.update(_names(text))
        found = _READ[tool](arguments, value) if tool in _READ and isinstance(value, Mapping) else None
        if found:
            self._names.add(_plain(found.id))
            self._names.add(_plain(found.url))
            self._read.setdefault((found.kind, found.id), found)

    def saw(self, name: str) -> bool:
        """A tool returned it, as an id, an address, or the beginning of an address."""
        plain = _plain(name)
        if plain in self._names:
            return True
        if _place(name) in self._names:
            return True
        return "://" in name and any(one.startswith(plain + "/") for one in self._names)

    def checked(self, text: str) -> tuple[str, tuple[Citation, ...], tuple[str, ...]]:
        """The text with what no tool returned marked; what was read, and what else the text names of what was seen; the unseen."""
        unseen: list[str] = []
        found = dict(self._read)

        def mark(name: str, whole: str) -> str:
            if self.saw(name):
                return whole
            unseen.append(name)
            return f"{whole} {UNSEEN}"

        def address(match: re.Match[str]) -> str:
            url = match[1].rstrip(".,;:*_")
            paper = _PAPER_URL.search(url)
            if paper and self.saw(_bare(paper[1])):
                self._add(found, Citation("paper", _bare(paper[1]), _PAGE["paper"].format(_bare(paper[1]))))
                return match[0]
            if self.saw(url):
                self._add(found, Citation("page", url, url))
            return mark(url, match[0])

        def paper(match: re.Match[str]) -> str:
            if self.saw(match[1]):
                self._add(found, Citation("paper", match[1], _PAGE["paper"].format(match[1])))
            return mark(match[1], match[0])

        pieces = []
        last = 0
        for match in re.finditer(rf"({_URL.pattern})\)?", text, re.IGNORECASE):
            pieces += [_PAPER.sub(paper, text[last : match.start()]), address(match)]
            last = match.end()
        pieces.append(_PAPER.sub(paper, text[last:]))
        marked = "".join(pieces)
        marked = _QUOTED.sub(lambda match: match[0] if _FILE.search(match[1]) or _PAPER.fullmatch(match[1]) else mark(match[1], match[0]), marked)
        return marked, tuple(found.values())[:_MOST_CITATIONS], tuple(dict.fromkeys(unseen))

    def _add(self, found: dict[tuple[str, str], Citation], one: Citation) -> None:
        place = _place(one.url)
        if not any(known.url == one.url or known.id.lower() == place for known in found.values()):
            found[(one.kind, one.id)] = one


def _paper(arguments: Mapping[str, Any], value: Mapping[str, Any]) -> Citation | None:
    id = _bare(str(arguments.get("arxiv_id") or ""))
    return Citation("paper", id, _PAGE["paper"].format(id)) if id else None


def _dataset(arguments: Mapping[str, Any], value: Mapping[str, Any]) -> Citation:
    id = str(value.get("dataset") or arguments.get("dataset"))
    return Citation("dataset", id, _PAGE["dataset"].format(id))


def _page(arguments: Mapping[str, Any], value: Mapping[str, Any]) -> Citation:
    url = str(value.get("url") or arguments.get("url"))
    return Citation("docs", str(value.get("title") or url), url)


def _code(arguments: Mapping[str, Any], value: Mapping[str, Any]) -> Citation:
    repo, path = str(value.get("repo") or arguments.get("repo")), str(value.get("path") or arguments.get("path"))
    url = str(value.get("url") or f"https://github.com/{repo}/blob/{value.get('ref') or 'HEAD'}/{path}")
    return Citation("code", f"{repo}/{path}", url)


def _repository(arguments: Mapping[str, Any], value: Mapping[str, Any]) -> Citation:
    kind, id = str(arguments.get("repo_type") or "model"), str(arguments.get("repo_id"))
    path = str(arguments.get("path") or "") if arguments.get("operation") == "read" else ""
    page = _PAGE.get(kind, _PAGE["model"]).format(id)
    return Citation(kind, f"{id}/{path}" if path else id, f"{page}/blob/{arguments.get('revision') or 'main'}/{path}" if path else page)


# What a call of each tool is about; the others only show names.
_READ = {"hf_papers": _paper, "hf_inspect_dataset": _dataset, "fetch_hf_docs": _page, "github_read_file": _code, "hf_repo_files": _repository}


def _texts(value: Any, depth: int = 0) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif depth > _DEEPEST:
        return
    elif isinstance(value, Mapping):
        for one in value.values():
            yield from _texts(one, depth + 1)
    elif isinstance(value, list | tuple):
        for one in value:
            yield from _texts(one, depth + 1)


def _names(text: str) -> Iterator[str]:
    for match in _URL.finditer(text):
        yield _plain(match[0])
        if paper := _PAPER_URL.search(match[0]):
            yield _plain(_bare(paper[1]))
    for match in _PAPER.finditer(text):
        yield _plain(match[1])
    for match in _NAME.finditer(text):
        yield _plain(match[1].rstrip("."))


def _plain(name: str) -> str:
    """A name as it is compared: an address without scheme, mark, query and `.md`."""
    bare = re.sub(r"^https?://(?:www\.)?", "", name.strip().rstrip(".,;:*_").lower()).partition("#")[0].partition("?")[0]
    return bare.rstrip("/").removesuffix(".md")


def _place(url: str) -> str | None:
    """`owner/name` or `owner/name/path` of such an address, whatever its revision."""
    part = _REPOSITORY.match(_plain(url))
    return "/".join(filter(None, (part["name"], part["path"]))) if part else None


def _bare(id: str) -> str:
    """An arXiv id without what stands around it and without its version."""
    found = _PAPER_URL.search(id)
    return re.sub(r"(?:\.pdf)?$", "", re.sub(r"v\d{1,3}$", "", (found[1] if found else id).removesuffix(".pdf").strip()))
