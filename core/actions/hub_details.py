"""Look at one thing of the Hub: a model, a dataset, a Space, a paper, a person, a collection, a page of the documentation."""

from __future__ import annotations

from typing import Any

from core.errors import SpacesError
from core.hub import about, collection, fetch_docs, paper, person
from core.providers import routed_models
from core.registry import Call, action


@action(risk="read", title="Model details")
async def hf_model_details(call: Call, id: str) -> dict:
    """Everything the Hub tells about one model; gives `{id, url, …}` with task, library, tags, licence, files, numbers, `readme` (its card as
    markdown), `providers` (who serves it, with `price` in USD per million tokens, None where unknown), `spaces` that
    use it, `papers` (arXiv ids).

    Args:
        id: owner/name, or a one-part id such as gpt2.
    """
    found = await about(call.house.hub, call.caller, "model", id.strip())
    return found | {"providers": await _priced(call, found["id"], found["providers"])}


@action(risk="read", title="Dataset details")
async def hf_dataset_details(call: Call, id: str) -> dict:
    """Everything the Hub tells about one dataset; gives `{id, url, …}` with tags, licence, files, numbers, `readme`, `spaces` that use it, `papers`.

    Args:
        id: owner/name, or a one-part id such as squad.
    """
    return await about(call.house.hub, call.caller, "dataset", id.strip())


@action(risk="read", title="Space details")
async def hf_space_details(call: Call, id: str) -> dict:
    """Everything the Hub tells about one Space; gives `{id, url, …}` with SDK, stage, address, models, tags, files, numbers, `readme`.

    Args:
        id: owner/name.
    """
    return await about(call.house.hub, call.caller, "space", id.strip())


@action(risk="read", title="Paper details")
async def hf_paper_details(call: Call, id: str) -> dict:
    """One paper; gives `{id, url, …}` with title, authors, abstract, keywords, code and project pages, and the models, datasets and Spaces that belong to it.

    Args:
        id: an arXiv id such as 2509.04664.
    """
    return await paper(call.house.hub, call.caller, id)


@action(risk="read", title="Person details")
async def hf_user_details(call: Call, id: str) -> dict:
    """One user or organization; gives `{id, url, …}` with name, followers, counts, organizations, and their most liked models, datasets and Spaces.

    Args:
        id: the handle, such as google or @julien-c.
    """
    return await person(call.house.hub, call.caller, id)


@action(risk="read", title="Collection details")
async def hf_collection_details(call: Call, id: str) -> dict:
    """One collection; gives `{id, url, …}` with title, owner, description, and `contents`: rows of what it holds, each with its note.

    Args:
        id: owner/title-id, as hf_search_collections gives it.
    """
    return await collection(call.house.hub, call.caller, id)


@action(risk="read", title="Read the documentation")
async def hf_fetch_docs(call: Call, id: str, offset: int = 0) -> dict:
    """One page of the documentation as markdown: `{url, title, text, offset, next_offset, total}`, 20,000 characters at a time.

    Args:
        id: the page's address, as hf_search_docs gives it: https://huggingface.co/docs/…, or the path beginning with /docs/.
        offset: character to go on from: next_offset of the answer before.
    """
    return await fetch_docs(call.house.hub, call.caller, id, offset=max(0, offset))


async def _priced(call: Call, model: str, providers: list[dict[str, Any]] | None) -> list[dict[str, Any]] | None:
    """Who serves the model, with what each charges where the router's list tells it."""
    if not providers:
        return providers
    try:
        if call.house.local_hub:
            listed = routed_models("huggingface", (await call.house.hub.wire.get("/router/v1/models", token=None)).data)
        else:
            listed = (await call.house.providers.models(call.caller, wait=2.0)).models()
    except SpacesError:
        listed = ()
    prices = {host.name: host.price for one in listed if one.provider == "huggingface" and one.id == model for host in one.hosts}
    return [
        one | {"price": {"input": price.input, "output": price.output} if (price := prices.get(one["provider"])) else None}
        for one in providers
    ]
