"""What a report rests on: every source its tools read, and which of the names in its text no tool has ever returned."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from core.agent.repo_names import FILE, bare_names

UNSEEN, MISSING = "[not seen by a tool]", "[not found here]"
HUB = "https://huggingface.co"
_MOST_NAMES = 200_000
_MOST_CITATIONS = 100
_DEEPEST = 12
_URL = re.compile(r"https?://[^\s<>\"'`\\|\])}]+", re.IGNORECASE)
# arXiv's two styles: YYMM.NNNNN since April 2007, archive/YYMMNNN before.
_PAPER = re.compile(r"(?<![\w./-])(\d{2}(?:0[1-9]|1[0-2])\.\d{4,5}|[a-z][a-z-]{1,20}(?:\.[A-Z]{2})?/\d{7})(?:v\d{1,3})?(?![\w-]|\.\d)")
_PAPER_URL = re.compile(r"(?:arxiv\.org/(?:abs|pdf|html)|huggingface\.co/papers|hf\.co/papers)/([\w.-]+(?:/\d{7})?)", re.IGNORECASE)
_NAME = re.compile(r"(?<![\w./:-])([A-Za-z0-9][\w.-]{0,95}/[A-Za-z0-9][\w.-]{0,95})(?![\w/])")
_QUOTED = re.compile(r"`([A-Za-z0-9][\w.-]{0,95}/[A-Za-z0-9][\w.-]{0,95})`")
# An address of a repository or of a file in it, in the two places whose ids our tools name.
_REPOSITORY = re.compile(
    r"(?:github\.com|huggingface\.co|hf\.co)/(?:datasets/|spaces/)?(?P<name>[\w.-]+/[\w.-]+?)"
    r"(?:/(?:blob|tree|resolve|raw)/[^/]+(?P<slash>/)?(?(slash)(?P<path>.*)))?$"
)
_PAPER_PAGE = "https://arxiv.org/abs/{}"
_BELOW = {"model": "", "dataset": "datasets/", "space": "spaces/"}
# Whatever these give may be no more than what their programs were told to print.
_WRITTEN = frozenset({"bash", "hf_hub_query"})


@dataclass(frozen=True)
class Citation:
    """A source. kind: paper, model, dataset, space, code, docs or page."""

    kind: str
    id: str
    url: str

    def to_dict(self) -> dict[str, str]:
        return asdict(self)


class Sources:
    """What the tools of one research have returned. endpoint: of the Hub they ask; its pages count under either address."""

    def __init__(self, endpoint: str = HUB) -> None:
        self._endpoint = endpoint.rstrip("/")
        self._names: set[str] = set()
        self._missing: set[str] = set()
        self._read: dict[tuple[str, str], Citation] = {}

    def take(self, tool: str, arguments: Mapping[str, Any], value: Any) -> None:
        """A call that went well, and what it gave.

        A name the call itself brought counts when content came back for it, not where it is only repeated.
        """
        brought = {self._key(name) for given in _texts(arguments) for name in (*_names(given[0]), given[0], _bare(given[0]))}
        for text, inside in _texts(value):
            if len(self._names) > _MOST_NAMES:
                break
            names = {self._key(name) for name in _names(text)}
            kept = names if inside and tool not in _WRITTEN else {one for one in names if not _repeats(one, brought)}
            self._names |= kept | {_repository_of(one) for one in kept}
        found = _READ[tool](arguments, value) if tool in _READ and isinstance(value, Mapping) else None
        if found:
            found = Citation(found.kind, found.id, self._address(found.url))
            self._names |= {self._key(found.id), self._key(found.url), _repository_of(self._key(found.url)), self._key(f"{found.id}/README.md")}
            self._read.setdefault((found.kind, found.id), found)
        elif tool == "hf_papers" and isinstance(value, Mapping) and any(isinstance(rows, list) and rows for key, rows in value.items() if key in _ROWS):
            self._names |= {self._key(_bare(str(arguments[name]))) for name in ("arxiv_id",) if arguments.get(name)}

    def missed(self, arguments: Mapping[str, Any]) -> None:
        """A call that was told that there is no such thing."""
        self._missing |= {self._key(str(arguments[name])) for name in _SUBJECTS if arguments.get(name)}

    def saw(self, name: str) -> bool:
        """A tool returned it, as an id, an address, or the beginning of an address."""
        plain = self._key(name)
        if plain in self._names or _place(plain) in self._names:
            return True
        return "://" in name and any(one.startswith(plain + "/") for one in self._names)

    def _key(self, name: str) -> str:
        """As it is compared; the Hub of this process and huggingface.co are one."""
        plain = _plain(name)
        own = _plain(self._endpoint)
        if plain == own or plain.startswith(own + "/"):
            return "huggingface.co" + plain[len(own) :]
        return "huggingface.co" + plain[len("hf.co") :] if plain.startswith("hf.co/") else plain

    def _address(self, url: str) -> str:
        """An address at the Hub that was asked: what was read by a path has a whole one."""
        if url.startswith("/"):
            return self._endpoint + url
        return self._endpoint + url[len(HUB) :] if url.startswith(HUB + "/") else url

    def _mark(self, name: str) -> str:
        plain = self._key(name)
        return MISSING if {plain, _place(plain), _repository_of(plain)} & self._missing else UNSEEN

    def checked(self, text: str) -> tuple[str, tuple[Citation, ...], tuple[str, ...]]:
        """The text with what no tool returned marked; what was read, and what else the text names of what was seen; the unseen."""
        unseen: list[str] = []
        found = dict(self._read)

        def mark(name: str, whole: str) -> str:
            if self.saw(name):
                return whole
            unseen.append(name)
            return f"{whole} {self._mark(name)}"

        def address(match: re.Match[str]) -> str:
            url = match[1].rstrip(".,;:*_")
            paper = _PAPER_URL.search(url)
            if paper and self.saw(_bare(paper[1])):
                self._add(found, Citation("paper", _bare(paper[1]), _PAPER_PAGE.format(_bare(paper[1]))))
                return match[0]
            if self.saw(url):
                self._add(found, Citation("page", url, self._address(url)))
            return mark(url, match[0])

        def paper(match: re.Match[str]) -> str:
            if self.saw(match[1]):
                self._add(found, Citation("paper", match[1], _PAPER_PAGE.format(match[1])))
            return mark(match[1], match[0])

        pieces, last = [], 0
        for start, end in bare_names(text, lambda name: self._key(name) in self._missing):
            pieces += [text[last:start], mark(text[start:end], text[start:end])]
            last = end
        text, pieces, last = "".join([*pieces, text[last:]]), [], 0
        for match in re.finditer(rf"({_URL.pattern})\)?", text, re.IGNORECASE):
            pieces += [_PAPER.sub(paper, text[last : match.start()]), address(match)]
            last = match.end()
        pieces.append(_PAPER.sub(paper, text[last:]))
        marked = "".join(pieces)
        marked = _QUOTED.sub(lambda match: match[0] if FILE.search(match[1]) or _PAPER.fullmatch(match[1]) else mark(match[1], match[0]), marked)
        return marked, tuple(found.values())[:_MOST_CITATIONS], tuple(dict.fromkeys(unseen))

    def _add(self, found: dict[tuple[str, str], Citation], one: Citation) -> None:
        place = _place(one.url)
        if not any(known.url == one.url or known.id.lower() == place for known in found.values()):
            found[(one.kind, one.id)] = one


def _paper(arguments: Mapping[str, Any], value: Mapping[str, Any]) -> Citation | None:
    """The paper, where its words came back: its abstract, sections or passages."""
    id = _bare(str(arguments.get("arxiv_id") or ""))
    told = any(value.get(name) for name in ("paper", "section", "sections", "abstract")) or (value.get("operation") == "snippet_search" and value.get("items"))
    return Citation("paper", id, _PAPER_PAGE.format(id)) if id and told else None


def _dataset(arguments: Mapping[str, Any], value: Mapping[str, Any]) -> Citation | None:
    id = str(value.get("dataset") or arguments.get("dataset"))
    told = any(value.get(name) for name in ("columns", "samples", "configs", "rows_total"))
    return Citation("dataset", id, f"{HUB}/datasets/{id}") if told else None


def _page(arguments: Mapping[str, Any], value: Mapping[str, Any]) -> Citation | None:
    url = str(value.get("url") or arguments.get("url"))
    return Citation("docs", str(value.get("title") or url), url) if value.get("text") else None


def _code(arguments: Mapping[str, Any], value: Mapping[str, Any]) -> Citation | None:
    repo, path = str(value.get("repo") or arguments.get("repo")), str(value.get("path") or arguments.get("path") or "")
    url = str(value.get("url") or f"https://github.com/{repo}/blob/{value.get('ref') or 'HEAD'}/{path}")
    return Citation("code", f"{repo}/{path}".rstrip("/"), url) if value.get("text") is not None or value.get("entries") else None


def _repository(arguments: Mapping[str, Any], value: Mapping[str, Any]) -> Citation | None:
    kind, id = str(arguments.get("repo_type") or "model"), str(arguments.get("repo_id"))
    reads = arguments.get("operation") == "read"
    path = str(arguments.get("path") or "").strip("/") if reads else ""
    if value.get("text") is None if reads else not value.get("items"):
        return None
    page = f"{HUB}/{_BELOW.get(kind, '')}{id}"
    if path.lower() in ("", "readme.md"):  # the card is what the repository's own page shows
        return Citation(kind, id, page)
    own = str(value.get("url") or "")  # a Hub of our own shows files at no other address
    return Citation(kind, f"{id}/{path}", own if own and not own.startswith(HUB) else f"{page}/blob/{arguments.get('revision') or 'main'}/{path}")


def _model(arguments: Mapping[str, Any], value: Mapping[str, Any]) -> Citation | None:
    id = str(value.get("id") or "")
    return Citation("model", id, f"{HUB}/{id}") if id else None


# What a call of each tool is about; the others only show names.
_READ = {
    "hf_papers": _paper, "hf_inspect_dataset": _dataset, "fetch_hf_docs": _page, "github_read_file": _code, "hf_repo_files": _repository,
    "hf_model_details": _model,
}  # fmt: skip
_ROWS = frozenset({"items", "references", "citations", "models", "datasets", "spaces", "collections"})
_SUBJECTS = ("repo_id", "dataset", "id", "repo", "url", "arxiv_id")


def _texts(value: Any, depth: int = 0, inside: bool = False) -> Iterator[tuple[str, bool]]:
    """Every text, and whether it stands in an entry of the result rather than at its top."""
    if isinstance(value, str):
        yield value, inside
    elif depth > _DEEPEST:
        return
    elif isinstance(value, Mapping):
        for one in value.values():
            yield from _texts(one, depth + 1, depth > 0)
    elif isinstance(value, list | tuple):
        for one in value:
            yield from _texts(one, depth + 1, inside)


def _repeats(name: str, brought: set[str]) -> bool:
    """It is what the call brought, or an address made of it."""
    parts = name.split("/")
    return name in brought or any(one in brought and _PAPER.fullmatch(one) or f"{one}/{two}" in brought for one, two in zip(parts, [*parts[1:], ""], strict=True))


def _repository_of(name: str) -> str:
    found = _REPOSITORY.match(name)
    return found["name"] if found else ""


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
