"""Look into datasets, the documentation of libraries and the Hub's own API."""

from __future__ import annotations

from core.hub import explore_docs, find_api, gradio_source, inspect_dataset, read_docs
from core.registry import Call, action


@action(risk="read", title="Inspect a dataset")
async def hf_inspect_dataset(call: Call, dataset: str, config: str | None = None, split: str | None = None, sample_rows: int = 3) -> dict:
    """What is in a dataset: configs, splits and sizes, columns with types, sample rows, how its conversations are written, and
    `formats`: which ways of training (SFT, DPO, GRPO, KTO) it fits as it is, or what to change first.

    Returns `{dataset, config, split, status, configs, rows_total, bytes, columns: [{name, type}], samples, conversations,
    formats: [{format, fits, columns, change, note}], parquet, warnings}`; what could not be read stands in warnings.
    Errors: not_found, unauthorized, forbidden, rate_limited, hub_unavailable, timed_out, only when nothing could be read.

    Args:
        dataset: owner/name, or a one-part id such as squad.
        config: a configuration; by default the first one.
        split: a split; by default the first one.
        sample_rows: rows to show, 0 to 10, default 3; their values are cut at 150 characters.
    """
    return await inspect_dataset(
        call.house.hub, call.caller, dataset, config=config or None, split=split or None, sample_rows=max(0, min(sample_rows, 10))
    )


@action(risk="read", title="Explore documentation")
async def explore_hf_docs(call: Call, endpoint: str = "", query: str = "", max_results: int = 20) -> dict:
    """Pages of one library's documentation: all of them, or those that fit a question; read one with fetch_hf_docs.

    Returns `{library, items: [{title, url, text, found_by}], total, related, notes}`: text is the passage or a word about the page.
    Errors: not_found names libraries that come near; rate_limited, hub_unavailable, timed_out.

    Args:
        endpoint: the library, such as trl, transformers, datasets, peft, hub, inference-endpoints or gradio; empty lists them.
        query: words or a question, at most 250 characters; empty lists the pages.
        max_results: 1 to 50, default 20.
    """
    source = gradio_source(call.house.settings.research.gradio)
    return await explore_docs(
        call.house.hub, call.caller, call.house.reader, source, endpoint, query, limit=max(1, min(max_results, 50))
    )


@action(risk="read", title="Fetch documentation")
async def fetch_hf_docs(call: Call, url: str, offset: int = 0) -> dict:
    """One page of the documentation as markdown: `{url, title, text, offset, next_offset, total}`, 20,000 characters at a time.

    Errors: invalid_input for an address outside the documentation of Hugging Face and Gradio, not_found, hub_unavailable, timed_out.

    Args:
        url: as explore_hf_docs gives it: https://huggingface.co/docs/…, https://www.gradio.app/llms.txt…, or a path beginning with /docs/.
        offset: character to go on from: next_offset of the answer before.
    """
    source = gradio_source(call.house.settings.research.gradio)
    return await read_docs(call.house.hub, call.caller, call.house.reader, source, url, offset=max(0, offset))


@action(risk="read", title="Find an API request")
async def find_hf_api(call: Call, query: str = "", tag: str | None = None) -> dict:
    """Requests of the Hub's REST API that do something: method, path, parameters, body, responses and a curl line (it reads
    the token from $HF_TOKEN).

    Returns `{items: [{method, path, summary, parameters, body, responses, curl}], tags, total, note}`, at most 20 items.
    Errors: not_found where this Hub publishes no description of its API; invalid_input for an unknown tag, with those there are.

    Args:
        query: what should be done, such as "create a discussion", at most 250 characters; empty lists the tag's, or the tags.
        tag: only requests with this tag, as `tags` names them.
    """
    return await find_api(call.house.hub, query, tag=tag or None)
