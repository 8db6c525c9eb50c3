"""A question that takes much reading, answered by a sub-agent of its own."""

from __future__ import annotations

from dataclasses import replace

from core.actions.projects import open_project
from core.agent.research import LIMITS, run_research
from core.registry import Call, action


@action(risk="spend", title="Research")
async def research(
    call: Call,
    task: str,
    context: str = "",
    project: str | None = None,
    model: str | None = None,
    provider: str | None = None,
    limit_usd: float | None = None,
) -> dict:
    """Have a sub-agent read papers, datasets, documentation and code, and report; its reading stays out of your context.

    For what takes many lookups: the best published recipe for a task, how a library is used today, which dataset fits. It reads
    and changes nothing. Several at once run side by side, three of a caller at a time. Returns `{text, citations: [{kind, id, url}],
    unseen, tokens, tools, cost_usd, ending, model, why}`: text is a report of 500 to 1,500 words in which every name that no tool
    returned is marked "[not seen by a tool]" or "[not found here]"; cost_usd is null where a price is not known, model the one that
    answered, ending done or which limit cut it short. Errors: unauthorized without a model's
    key, over_budget, rate_limited above twenty waiting.

    Args:
        task: what to find out, up to 8,000 characters; name libraries, datasets, repositories, and what a good answer holds.
        context: what is known already: the aim, what was tried, what is ruled out; up to 20,000 characters.
        project: whose files it may look at; none unless given.
        model: id of the chat's model; a cheaper one of its family may read. None takes each key's own first one.
        provider: this provider first.
        limit_usd: the most it may cost, 0.01 to 20; 1 unless given.
    """
    limits = LIMITS if limit_usd is None else replace(LIMITS, usd=min(max(limit_usd, 0.01), 20.0))
    if project:
        await open_project(call, project)
    found = await run_research(call, task, context=context, project=project or "", model=model, provider=provider, limits=limits)
    return found.to_dict()
