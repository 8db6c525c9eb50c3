"""Documentation: the products, their pages, and the two searches."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from anyio import to_thread
from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route

from core.errors import InvalidInput, NotFound
from core.localhub import access, doc_pages, wire
from core.localhub.doc_pages import DocPage, Section
from core.localhub.names import SINGULAR

if TYPE_CHECKING:
    from core.localhub.server import LocalHub

MAX_QUERY = 250
LARGEST_PAGE = 50
_NOTE = "Written for the sample of a Local Hub; the real documentation is at https://huggingface.co/docs."
# Old names of one part, and where they live now. Source: redirects of the Hub, 2024.
LEGACY = {
    "models": {"gpt2": "openai-community", "bert-base-uncased": "google-bert", "bert-base-multilingual-cased": "google-bert",
               "distilbert-base-uncased": "distilbert", "roberta-base": "FacebookAI", "xlm-roberta-base": "FacebookAI",
               "t5-small": "google-t5", "t5-base": "google-t5"},
    "datasets": {"squad": "rajpurkar", "squad_v2": "rajpurkar", "imdb": "stanfordnlp", "glue": "nyu-mll", "ag_news": "fancyzhx",
                 "emotion": "dair-ai", "gsm8k": "openai", "mnist": "ylecun", "cifar10": "uoft-cs"},
}  # fmt: skip


def routes(hub: LocalHub) -> list[Route]:
    async def products(request: Request) -> Response:
        first = {page.product: page for page in reversed(doc_pages.pages())}
        listed = [{"id": name, "url": f"/docs/{name}", "category": first[name].category, "sample": True} for name in sorted(first)]
        return wire.answer(listed)

    def asked(request: Request, product: str) -> tuple[str, str, int]:
        query = request.query_params.get("q", "").strip()
        if not query or len(query) > MAX_QUERY:
            raise InvalidInput(f'"q" must be a text of 1 to {MAX_QUERY} characters')
        return query, request.query_params.get(product, ""), min(wire.number(request, "limit", 10, low=1), LARGEST_PAGE)

    async def search(request: Request) -> Response:
        query, product, limit = asked(request, "product")
        found = await to_thread.run_sync(doc_pages.by_meaning, query, product)
        base = wire.base_url(request, hub.prefix)
        return wire.answer([_hit(page, section, base) for page, section in found[:limit]])

    async def full_text(request: Request) -> Response:
        query, product, limit = asked(request, "domain")
        hits = [
            {
                "url": f"{page.path}#{section.anchor}",
                "hierarchy_lvl0": page.product,
                "hierarchy_lvl1": page.title,
                "hierarchy_lvl2": section.heading,
                "content": section.text,
                "sample": True,
            }
            for page, section in doc_pages.by_words(query, product)[:limit]
        ]
        return wire.answer({"hits": hits})

    async def manifest(request: Request) -> Response:
        product = wire.segment(request, "product")
        listed = [page for page in doc_pages.pages() if page.product == product]
        if not listed:
            raise NotFound("Not Found")
        base = wire.base_url(request, hub.prefix)
        lines = [f"# {product}", "", _NOTE, "", *(f"- [{page.title}]({base}{page.path}.md)" for page in listed)]
        return _text("\n".join(lines) + "\n")

    async def page(request: Request) -> Response:
        product, name = wire.segment(request, "product"), wire.segment(request, "page").removesuffix(".md")
        found = next((page for page in doc_pages.pages() if (page.product, page.name) == (product, name)), None)
        if found is None:
            raise NotFound("Not Found")
        return _text(f"{found.text}\n{_NOTE}\n")

    async def legacy(request: Request) -> Response:
        kind, name = request.path_params["kind"], wire.segment(request, "name")
        owner = LEGACY.get(kind, {}).get(name.lower())
        if owner is None or hub.catalogue.get(SINGULAR[kind], f"{owner}/{name}") is None:
            raise wire.RepoNotFound("Repository not found") if access.identify(hub, request) else wire.RepoHidden("Invalid username or password.")
        query = f"?{request.url.query}" if request.url.query else ""
        return RedirectResponse(f"{wire.base_url(request, hub.prefix)}/api/{kind}/{owner}/{name}{query}", 307)

    return [
        Route("/api/docs", products),
        Route("/api/docs/search", search),
        Route("/api/docs/search/full-text", full_text),
        Route("/docs/{product}/llms.txt", manifest),
        Route("/docs/{product}/{page}", page),
        Route("/api/{kind:kind}/{name}", legacy),
    ]


def _text(text: str) -> Response:
    return PlainTextResponse(text, media_type="text/markdown; charset=utf-8")


def _hit(page: DocPage, section: Section, base: str) -> dict[str, Any]:
    return {
        "text": section.text,
        "product": page.product,
        "heading1": page.title,
        "heading2": section.heading,
        "source_page_url": f"{base}{page.path}#{section.anchor}",
        "source_page_title": page.title,
        "sample": True,
    }
