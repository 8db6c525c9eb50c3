"""Repositories under the name of one part that they had before names had an owner. Tried last: it fits every name there is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from core.localhub import access, wire
from core.localhub.names import SINGULAR

if TYPE_CHECKING:
    from core.localhub.server import LocalHub

# Old names of one part, and where they live now. Source: redirects of the Hub, 2024.
LEGACY = {
    "models": {"gpt2": "openai-community", "bert-base-uncased": "google-bert", "bert-base-multilingual-cased": "google-bert",
               "distilbert-base-uncased": "distilbert", "roberta-base": "FacebookAI", "xlm-roberta-base": "FacebookAI",
               "t5-small": "google-t5", "t5-base": "google-t5"},
    "datasets": {"squad": "rajpurkar", "squad_v2": "rajpurkar", "imdb": "stanfordnlp", "glue": "nyu-mll", "ag_news": "fancyzhx",
                 "emotion": "dair-ai", "gsm8k": "openai", "mnist": "ylecun", "cifar10": "uoft-cs"},
}  # fmt: skip


def routes(hub: LocalHub) -> list[Route]:
    async def legacy(request: Request) -> Response:
        kind, name = request.path_params["kind"], wire.segment(request, "name")
        owner = LEGACY.get(kind, {}).get(name.lower())
        if owner is None or hub.catalogue.get(SINGULAR[kind], f"{owner}/{name}") is None:
            raise wire.RepoNotFound("Repository not found") if access.identify(hub, request) else wire.RepoHidden("Invalid username or password.")
        query = f"?{request.url.query}" if request.url.query else ""
        return RedirectResponse(f"{wire.base_url(request, hub.prefix)}/api/{kind}/{owner}/{name}{query}", 307)

    return [Route("/api/{kind:kind}/{name}", legacy)]
