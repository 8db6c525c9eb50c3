"""Programs over the Hub: run one, with or without its accounting, and what the runtime offers."""

from __future__ import annotations

from core.query import Outcome, capabilities, run
from core.registry import Call, action


@action(risk="read", title="Ask the Hub by program")
async def hf_hub_query(call: Call, code: str, query: str, max_calls: int = 400, timeout_sec: int = 90) -> dict:
    """Run a short async Python program that joins, ranks and counts across the Hub; gives {ok, data, error, api_calls}, and notes where data was cut.

    The program is exactly: async def solve(query, max_calls): ... and, as its last line, await solve(query, max_calls).
    Helpers such as hf_repo_search, hf_user_graph, hf_user_likes and hf_org_overview are in scope and awaited; each gives
    {ok, item, items, meta, error}. Nothing is imported. hf_runtime_capabilities lists helpers, columns and limits.

    Args:
        code: the program, up to 64 KB.
        query: the question it answers, given to it as `query`.
        max_calls: HTTP requests in all, 1 to 400; leave it out for ordinary questions.
        timeout_sec: seconds in all, 1 to 300.
    """
    outcome = await _run(call, code, query, max_calls, timeout_sec)
    data = outcome.result
    if isinstance(data, dict) and outcome.error and data.get("error") == outcome.error:
        data = {name: value for name, value in data.items() if name != "error"}  # it stands beside it
    notes = {"notes": outcome.meta["notes"]} if "notes" in outcome.meta else {}
    return {"ok": outcome.ok, "data": data, "error": outcome.error, "api_calls": outcome.meta["api_calls"], **notes}


@action(risk="read", title="Ask the Hub by program, with accounting")
async def hf_hub_query_raw(call: Call, code: str, query: str, max_calls: int = 400, timeout_sec: int = 90) -> dict:
    """Run the same programs as hf_hub_query; gives {result, meta} with ok, api_calls, elapsed_ms, limits_reached, limit_summary, trace.

    Args:
        code: the program, up to 64 KB.
        query: the question it answers, given to it as `query`.
        max_calls: HTTP requests in all, 1 to 400; leave it out for ordinary questions.
        timeout_sec: seconds in all, 1 to 300.
    """
    outcome = await _run(call, code, query, max_calls, timeout_sec)
    return {"result": outcome.result, "meta": outcome.meta}


@action(risk="read", title="What programs may use", open_world=False)
async def hf_runtime_capabilities(call: Call, section: str | None = None) -> dict:
    """What programs over the Hub may use: helpers with signatures, columns, spellings, limits, operators, raw endpoints.

    Args:
        section: overview, helpers (signatures), helper_defaults, fields (columns), aliases, limits, where (operators), repo_search or
            raw_api; without one the overview.

    Returns `{section, content, sections}`: sections are the names to ask for, one at a time.
    """
    return capabilities(section or "overview") | {"sections": sorted(capabilities()["sections"])}


async def _run(call: Call, code: str, query: str, max_calls: int, timeout: int) -> Outcome:
    house = call.house
    return await run(
        code, query, wire=house.hub.wire, rows=house.hub.datasets, token=call.caller.token, max_calls=max_calls, timeout=timeout, sandbox=house.query_sandbox, who=call.caller.id
    )
