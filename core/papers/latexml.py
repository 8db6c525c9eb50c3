"""A paper out of the HTML that LaTeXML makes of its source, as arXiv and ar5iv serve it: title, abstract, sections as text.

Classes as of LaTeXML 0.8: `ltx_section`, `ltx_title`, `ltx_tag`, `ltx_bibliography` and so on. Formulas become their
LaTeX between dollars, tables rows of cells between bars; pictures, navigation and the text of references are left out.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import lru_cache

from core.papers.document import Document, Section
from core.papers.markup import pieces

MOST_TEXT = 2_000_000  # characters of one paper
MOST_SECTIONS = 1_000
DEEPEST = 300  # elements inside each other
_LONGEST_FORMULA = 2_000
_LEVELS = {
    "ltx_part": 1, "ltx_chapter": 1, "ltx_section": 2, "ltx_appendix": 2, "ltx_bibliography": 2, "ltx_index": 2,
    "ltx_acknowledgements": 2, "ltx_subsection": 3, "ltx_subsubsection": 4, "ltx_paragraph": 5, "ltx_subparagraph": 6,
}  # fmt: skip
_SKIPPED = frozenset({
    "ltx_page_navbar", "ltx_TOC", "ltx_page_footer", "ltx_page_header", "ltx_ERROR", "ltx_note_mark", "ltx_tag_note", "ltx_note_type",
    "ltx_dates", "ltx_keywords", "ltx_classification", "ltx_biblist", "ltx_rdf", "ltx_pagination", "ltx_contact", "ltx_role_affiliation",
})  # fmt: skip
_SILENT = frozenset({"script", "style", "nav", "footer", "head", "svg", "button", "annotation", "annotation-xml", "template", "noscript"})
_VOID = frozenset({"img", "br", "hr", "meta", "link", "input", "source", "col", "wbr", "area", "base", "embed", "track", "param"})
_BLOCKS = frozenset({"p", "div", "section", "article", "figure", "figcaption", "li", "ul", "ol", "dl", "dt", "dd", "table", "blockquote", "pre",
                     "h1", "h2", "h3", "h4", "h5", "h6"})  # fmt: skip
_HEADINGS = frozenset({"h1", "h2", "h3", "h4", "h5", "h6"})
_NUMBER = re.compile(r"^(?:appendix|part|chapter|section|§)?\s*([0-9A-Z]{1,4}(?:\.[0-9A-Za-z]{1,4}){0,5}|[IVXLC]{1,8}(?:-[A-Z0-9]{1,3}){0,3})[.:)]?\s*$", re.I)


@dataclass
class _Open:
    """An element that is open: its name, what it is for us, and what its end does."""

    tag: str
    role: str = ""


@dataclass
class _Draft:
    number: str = ""
    title: str = ""
    level: int = 2
    blocks: list[str] = field(default_factory=list)


class _Stop(Exception):
    pass


class _Reader:
    """One pass over the page; what is collected goes to the innermost place that wants text."""

    def __init__(self):
        self.open: list[_Open] = []
        self.counts: dict[str, int] = {}
        self.outside: list[str] = []  # text of the article before and between sections
        self.abstract: list[str] = []
        self.names: list[str] = []
        self.title = ""
        self.drafts: list[_Draft] = []
        self.current: list[_Draft] = []
        self.words: list[str] = []
        self.rows: list[list[str]] = []
        self.prefix = ""
        self.size = 0
        self.cut = False

    def within(self, role: str) -> bool:
        return self.counts.get(role, 0) > 0

    def place(self) -> list[str]:
        if self.within("abstract"):
            return self.abstract
        return self.current[-1].blocks if self.current else self.outside

    def say(self, text: str) -> None:
        self.size += len(text)
        if self.size > MOST_TEXT:
            raise _Stop
        self.words.append(text)

    def taken(self) -> str:
        text = re.sub(r"\s+", " ", "".join(self.words)).strip()
        self.words.clear()
        return text

    def flush(self) -> None:
        """The words so far are a block of their own, except inside a cell, a heading or a tag."""
        if self.within("cell") or self.within("heading") or self.within("tag") or self.within("title"):
            self.words.append(" ")
            return
        if text := self.taken():
            if self.within("article"):
                self.place().append(self.prefix + text)
            self.prefix = ""

    def read(self, html: str) -> None:
        for kind, what, given in pieces(html):
            if kind == "text":
                self.data(what)
            elif kind == "end":
                self.end(what)
            else:
                self.start(what, given)

    def start(self, tag: str, given: dict[str, str]) -> None:
        classes = frozenset((given.get("class") or "").split())
        if tag in _VOID:
            if tag == "br" and not self.within("skip"):
                self.words.append(" ")
            return
        if len(self.open) >= DEEPEST:
            raise _Stop
        role = "skip" if self.within("skip") or tag in _SILENT or classes & _SKIPPED else self.role(tag, classes)
        if tag == "math" and role != "skip":
            formula = " ".join((given.get("alttext") or "")[:_LONGEST_FORMULA].split())
            if formula:
                self.say(f" $${formula}$$ " if given.get("display") == "block" else f"${formula}$")
            role = "skip"
        if tag in _BLOCKS and role != "skip":
            self.flush()
        self.open.append(_Open(tag, role))
        if role:
            self.counts[role] = self.counts.get(role, 0) + 1
            self.begin(role, classes)

    def role(self, tag: str, classes: frozenset[str]) -> str:
        if tag == "article" or "ltx_document" in classes:
            return "article"
        if tag == "section" and classes & _LEVELS.keys():
            return "section"
        if "ltx_abstract" in classes:
            return "abstract"
        if "ltx_title_document" in classes:
            return "title"
        if tag in _HEADINGS and "ltx_title" in classes:
            if "ltx_title_abstract" in classes or "ltx_title_acknowledgements" in classes and not self.current:
                return "skip"
            return "heading" if self.current and not self.current[-1].title and not self.within("abstract") else ""
        if "ltx_personname" in classes:
            return "name"
        if "ltx_authors" in classes:
            return "authors"
        if "ltx_tag" in classes and (self.within("heading") or classes & {"ltx_tag_item", "ltx_tag_enumerate"}):
            return "tag"
        if "ltx_note_content" in classes:
            return "note"
        if tag == "li" and "ltx_item" in classes:
            return "item"
        if tag == "table" and classes & {"ltx_equation", "ltx_equationgroup", "ltx_eqn_table"}:
            return "equation"
        if tag == "tr" and not self.within("equation"):
            return "row"
        if tag in ("td", "th") and not self.within("equation"):
            return "cell"
        return ""

    def begin(self, role: str, classes: frozenset[str]) -> None:
        if role == "section":
            if len(self.drafts) >= MOST_SECTIONS:
                raise _Stop
            level = min(_LEVELS[name] for name in classes & _LEVELS.keys())
            draft = _Draft(level=level)
            if "ltx_bibliography" in classes:
                draft.blocks.append("(The list of references is left out; citation_graph tells it.)")
            self.drafts.append(draft)
            self.current.append(draft)
        elif role == "item":
            self.prefix = "- "
        elif role == "row":
            self.rows.append([])
        elif role == "note":
            self.words.append(" (note: ")
        elif role in ("heading", "title"):
            self.words.clear()

    def end(self, tag: str) -> None:
        at = next((index for index in range(len(self.open) - 1, -1, -1) if self.open[index].tag == tag), None)
        if at is None:
            return
        while len(self.open) > at:
            self.finish(self.open[-1])

    def finish(self, element: _Open) -> None:
        if element.tag in _BLOCKS and element.role not in ("skip", "heading", "title"):
            self.flush()
        self.open.pop()
        if not element.role:
            return
        self.counts[element.role] -= 1
        ending = getattr(self, f"end_{element.role}", None)
        if ending:
            ending()

    def end_section(self) -> None:
        self.current.pop()

    def end_heading(self) -> None:
        if self.current:
            self.current[-1].title = self.taken()[:300].strip(" .:") or "(untitled)"

    def end_title(self) -> None:
        self.title = self.taken()[:500]

    def end_name(self) -> None:
        if len(self.names) < 100 and (name := self.taken()[:200]):
            self.names.append(name)

    def end_authors(self) -> None:
        self.words.clear()

    def end_tag(self) -> None:
        text = self.taken()
        if self.within("heading"):
            found = _NUMBER.match(text)
            self.current[-1].number = found[1].strip(".") if found else text[:20]
        elif text and text[-1].isalnum() or text[-1:] in (".", ")"):
            self.prefix = f"{text} "

    def end_note(self) -> None:
        self.words.append(")")

    def end_cell(self) -> None:
        if self.rows and not self.within("cell"):
            self.rows[-1].append(self.taken())

    def end_row(self) -> None:
        row = self.rows.pop()
        if not any(row):
            return
        text = f"| {' | '.join(row)} |"
        if self.within("cell"):
            self.words.append(" ".join(cell for cell in row if cell) + " ")
        elif self.within("article"):
            self.place().append(text)

    def data(self, data: str) -> None:
        if self.within("skip") or not (self.within("article") or self.within("title")):
            return
        if self.within("authors") and not self.within("name"):
            return
        self.say(data)


def _joined(blocks: list[str]) -> str:
    """Blocks with a blank line between them; rows of a table stand under each other."""
    parts, row_before = [], False
    for block in blocks:
        row = block.startswith("| ")
        parts += ["\n" if row and row_before else "\n\n", block]
        row_before = row
    return "".join(parts[1:])


@lru_cache(maxsize=4)
def parse(html: str) -> Document:
    """The paper in a page; its sections are empty where the page holds none, such as a note that there is no HTML of it."""
    reader = _Reader()
    try:
        reader.read(html)
    except _Stop:
        reader.cut = True
    if reader.within("article") or reader.cut:
        reader.counts = {"article": 1}
        reader.flush()
    sections = [Section(draft.number, draft.title or "(untitled)", draft.level, _joined(draft.blocks)) for draft in reader.drafts]
    before = _joined(reader.outside)
    if not sections and len(before) > 400:  # a short paper without sections
        sections = [Section("", "Text", 2, before)]
    return Document(reader.title, "\n\n".join(reader.abstract), ", ".join(reader.names), tuple(sections), reader.cut)
