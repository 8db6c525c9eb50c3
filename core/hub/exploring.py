"""The documentation of one library: its pages, those that fit some words, and one of them. Nothing is crawled.

Gradio keeps its documentation on a host of its own, as one text for programs; the Hub's token never goes there.
"""

from __future__ import annotations

import asyncio
import difflib
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote, urlsplit

from core.caller import Caller
from core.errors import HubUnavailable, InvalidInput, NotFound, SpacesError, TimedOut
from core.hub.client import Hub
from core.hub.docs import LONGEST_QUERY, PAGE_LENGTH, fetch_docs, find_docs
from core.hub.errors import nonsense
from core.hub.ranking import rank
from core.hub.rows import line, text
from core.reading import Reader, Source

MOST = 50
GRADIO = "gradio"
# Addresses under which people know Gradio's pages; all of them are read from the one host of the settings.
GRADIO_HOSTS = ("gradio.app", "www.gradio.app")
_MANIFEST = "/llms.txt"
_GRADIO_BYTES = 5_000_000
_LIBRARY = re.compile(r"[\w.-]{1,80}")
_LINK = re.compile(r"^\s*[-*]\s*\[([^\[\]]{1,300})\]\(([^()\s]{1,500})\)(?:[: \t]+(.{1,600}))?", re.MULTILINE)
_PRODUCTS_SECONDS = 600
_PLACE = re.compile(r"/(?:docs|learn)/[\w.-]+")  # courses stand below /learn


def gradio_source(base: str) -> Source:
    """Where Gradio's documentation is; a redirect from one of its names to the other is followed."""
    return Source("Gradio's documentation", base, also=tuple(f"https://{host}" for host in GRADIO_HOSTS))


async def explore_docs(hub: Hub, caller: Caller, reader: Reader, gradio: Source, library: str, query: str = "", *, limit: int = 20) -> dict[str, Any]:
    """Pages of one library's documentation.

    Args:
        library: such as trl, transformers, hub or gradio; empty lists the libraries.
        query: words or a question, at most 250 characters; empty lists the pages in their own order.
        limit: pages, 1 to 50.

    Returns `{library, items: [{title, url, text, found_by}], total, related, notes}`; total None where it is not known.
    Raises InvalidInput, NotFound with names that come near, RateLimited, HubUnavailable, TimedOut.
    """
    library, query = library.strip().lower(), " ".join(query.split())
    if library and not _LIBRARY.fullmatch(library):
        raise InvalidInput(f"{library[:60]!r} is not the name of a library.", "Give one such as trl, transformers or hub.")
    if len(query) > LONGEST_QUERY:
        raise InvalidInput(f"A question to the documentation has at most {LONGEST_QUERY} characters; this one has {len(query)}.")
    if not 1 <= limit <= MOST:
        raise InvalidInput(f"max_results is {limit}; it must be from 1 to {MOST}.")
    elsewhere = ""
    if library == GRADIO:
        try:
            return await _gradio(reader, gradio, query, limit)
        except (HubUnavailable, TimedOut) as error:
            elsewhere = f"{error.message} What this Hub itself has of it is shown."
    products = await hub.remembered(caller, "docs", _PRODUCTS_SECONDS, lambda: _products(hub, caller))
    if elsewhere and not products.get(GRADIO, "").startswith(f"{hub.endpoint}/docs/"):
        raise HubUnavailable(elsewhere.partition(" What this")[0])
    if not library:
        items = [_item(name, url, "", "list") for name, url in products.items()][:limit]
        return {"library": "", "items": items, "total": len(products), "related": [], "notes": []}
    name, place = _named(hub, library, products)
    related = [other for other in products if other != name and other.startswith(f"{name}-")][:10]
    (pages, missing), (found, failed) = await asyncio.gather(_pages(hub, place), _found(hub, caller, name, query, limit))
    notes = [note for note in (elsewhere, missing, failed) if note]
    if not query:
        items, total = [_item(*page, "list") for page in pages[:limit]], len(pages) or None
    else:
        texts = [((title, 3.0), (url.rpartition("/")[2], 1.0), (about, 1.0)) for title, url, about in pages]
        by_title = [_item(*pages[place], "title") for place, _ in await asyncio.to_thread(rank, query, texts)]
        items, total = _together(found, by_title)[:limit], None
        if not items and pages:
            items, total = [_item(*page, "list") for page in pages[:limit]], len(pages)
            notes.append(f"Nothing fits {query!r}; the pages are listed in their own order.")
    if not items and failed and missing:
        raise HubUnavailable(f"Could not read the documentation of {name}: {missing} {failed}")
    return {"library": name, "items": items, "total": total, "related": related, "notes": notes}


async def read_docs(hub: Hub, caller: Caller, reader: Reader, gradio: Source, url: str, *, offset: int = 0) -> dict[str, Any]:
    """One page of the Hub's or of Gradio's documentation as markdown; no token travels, and no other host is read.

    Returns and raises what `fetch_docs` does.
    """
    try:
        parts = urlsplit(url.strip())
    except ValueError:
        raise InvalidInput(f"{url[:80]!r} is not an address.", "Give one that explore_hf_docs found.") from None
    if parts.scheme not in ("", "http", "https") or len(url) > 1_000:
        raise InvalidInput(f"{url[:80]!r} is not a page of the documentation.", "Give an address that explore_hf_docs found.")
    if parts.hostname not in (*GRADIO_HOSTS, urlsplit(gradio.base).hostname) or parts.netloc == urlsplit(hub.endpoint).netloc:
        return await fetch_docs(hub, caller, url, offset=offset)
    path = unquote(parts.path).rstrip("/") or _MANIFEST
    whole = await _gradio_text(reader, gradio, path)
    wanted = unquote(parts.fragment)
    at = next((begin for title, begin, _ in _sections(whole) if _anchor(title) == wanted), 0) if wanted else 0
    start = min(max(at, offset, 0), len(whole))
    end = start + PAGE_LENGTH
    heading = re.search(r"^#+\s+(.+)$", whole[start:], re.MULTILINE)
    return {
        "url": url,
        "title": line(heading[1], 150) if heading else path,
        "text": whole[start:end],
        "offset": start,
        "next_offset": end if end < len(whole) else None,
        "total": len(whole),
    }


async def _products(hub: Hub, caller: Caller) -> dict[str, str]:
    """The address of every library's documentation by its name."""
    answer = await hub.wire.get("/api/docs", token=caller.token)
    if not isinstance(answer.data, list):
        raise nonsense("list the documentation")
    found = {one["id"]: one["url"] for one in answer.data if isinstance(one, Mapping) and text(one.get("id")) and text(one.get("url"))}
    return {name: url if "://" in url else hub.endpoint + url.removeprefix(urlsplit(hub.endpoint).path or "") for name, url in found.items()}


def _named(hub: Hub, library: str, products: Mapping[str, str]) -> tuple[str, str]:
    """The library's name and the path of its pages, whose last word differs for some (tgi is text-generation-inference there)."""
    places = {}
    for name, url in products.items():
        path = urlsplit(url).path.removeprefix(urlsplit(hub.endpoint).path) if url.startswith(hub.endpoint) else urlsplit(url).path
        found = _PLACE.match(path)
        places[name] = found[0] if found else f"/docs/{name}"
    spelled = library.replace("_", "-")
    for name, place in places.items():
        if {library, spelled} & {name.lower(), place.rpartition("/")[2].lower(), name.lower().replace("_", "-")}:
            return name, place
    known = sorted({*places, *(place.rpartition("/")[2] for place in places.values())})
    near = difflib.get_close_matches(library, known, n=5, cutoff=0.5)
    raise NotFound(f"There is no documentation of {library!r}.", f"Names that come near: {', '.join(near or known[:30])}; without one all are listed.")


async def _pages(hub: Hub, place: str) -> tuple[list[tuple[str, str, str]], str]:
    """Title, address and a word about every page, as the library lists them for programs; and why there are none."""
    try:
        answer = await hub.wire.get(place + _MANIFEST, token=None)
    except NotFound:
        return [], "The library lists no pages; search by words instead."
    except SpacesError as error:
        return [], f"The list of pages could not be read: {error.message}"
    pages = [(title, url.removesuffix(".md"), about) for title, url, about in _LINK.findall(answer.data if isinstance(answer.data, str) else "")]
    return [page for page in pages if _PLACE.search(page[1])][:5_000], "" if pages else "The list of pages is empty."


async def _found(hub: Hub, caller: Caller, product: str, query: str, limit: int) -> tuple[list[dict[str, str]], str]:
    """What the search says about the words, and why it says nothing."""
    if not query:
        return [], ""
    try:
        page = await find_docs(hub, caller, query, product=product, limit=limit)
    except SpacesError as error:
        return [], f"The search could not be asked: {error.message}"
    return [_item(row.title, row.url, row.summary, "meaning") for row in page.items], ""


def _together(*lists: list[dict[str, str]]) -> list[dict[str, str]]:
    """One list without the same page twice, the first ones in front."""
    seen: dict[str, dict[str, str]] = {}
    for item in (item for items in lists for item in items):
        bare = re.sub(r"/(v\d[\w.]*|main)/", "/", urlsplit(item["url"]).path.removesuffix(".md"))
        anchor = urlsplit(item["url"]).fragment
        if bare not in seen and f"{bare}#{anchor}" not in seen:
            seen[f"{bare}#{anchor}" if anchor else bare] = item
    return list(seen.values())


def _item(title: str, url: str, about: str, found_by: str) -> dict[str, str]:
    return {"title": line(title, 150), "url": url, "text": line(about, 400), "found_by": found_by}


async def _gradio(reader: Reader, gradio: Source, query: str, limit: int) -> dict[str, Any]:
    whole = await _gradio_text(reader, gradio, _MANIFEST)
    sections = _sections(whole)
    address = f"https://{GRADIO_HOSTS[1]}{_MANIFEST}"
    texts = [((title, 3.0), (whole[begin:end], 1.0)) for title, begin, end in sections]
    order = [place for place, _ in await asyncio.to_thread(rank, query, texts)] if query else range(len(sections))
    notes = [] if order or not query else [f"Nothing fits {query!r}; the sections are listed in their own order."]
    items = [
        _item(title, f"{address}#{_anchor(title)}", re.sub(r"^#+ .*\n", "", whole[begin:end], count=1), "words" if query and order else "list")
        for title, begin, end in (sections[place] for place in list(order or range(len(sections)))[:limit])
    ]
    return {"library": GRADIO, "items": items, "total": len(order or sections), "related": [], "notes": notes}


async def _gradio_text(reader: Reader, gradio: Source, path: str) -> str:
    """A text of Gradio's documentation; a web page is none."""
    answer = await reader.get(gradio, path, want="text", accept="text/markdown, text/plain", most_bytes=_GRADIO_BYTES)
    if answer.type not in ("text/plain", "text/markdown", "text/x-markdown"):
        raise InvalidInput(
            f"{path[:80]} of Gradio's documentation is no text ({answer.type or 'unknown type'}).",
            'Read https://www.gradio.app/llms.txt, or a section of it that explore_hf_docs(endpoint="gradio") found.',
        )
    return answer.data


def _sections(whole: str) -> list[tuple[str, int, int]]:
    """Title, beginning and end of every section, a heading inside a block of code being none; at most 2,000."""
    starts: list[tuple[str, int]] = []
    place, fenced = 0, False
    for row in whole.splitlines(keepends=True):
        if row.lstrip().startswith("```"):
            fenced = not fenced
        elif not fenced and (heading := re.match(r"#{1,3}\s+(\S.*)", row)) and len(starts) < 2_000:
            starts.append((line(re.sub(r"\[([^\[\]]*)\]\([^()]*\)", r"\1", heading[1]).strip("# "), 150), place))
        place += len(row)
    ends = [begin for _, begin in starts[1:]] + [len(whole)]
    return [(title, begin, end) for (title, begin), end in zip(starts, ends, strict=True)]


def _anchor(title: str) -> str:
    return re.sub(r"[^\w]+", "-", title.lower()).strip("-")
