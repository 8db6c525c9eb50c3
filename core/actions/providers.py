"""Ask a model, and look after the keys, models, limits and receipts of doing so. Keys themselves never come through here."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing
from typing import Any, Literal

from core.actions.shapes import listing
from core.errors import InvalidInput, NotFound, ProviderFailed
from core.events import Cost, Reasoning, Text, ToolCall
from core.providers import (
    Caps,
    Finished,
    Interrupted,
    Item,
    Key,
    Keyring,
    Prompt,
    Receipt,
    Task,
    ToolCallDelta,
    ToolCalls,
    billed,
    broken_off,
    build_prompt,
    recommend,
    search_models,
    shown,
)
from core.providers import Reasoning as ReasoningPiece
from core.providers import Text as TextPiece
from core.registry import Call, action


@action(risk="spend", title="Ask a model")
async def provider_route_request(
    call: Call,
    model: str | None = None,
    prompt: str | None = None,
    messages: list[dict[str, Any]] | None = None,
    provider: str | None = None,
    prefer: list[str] | str | None = None,
    stream: bool = False,
    tools: list[dict[str, Any]] | None = None,
    tool_choice: str | dict[str, Any] | None = None,
    temperature: float | None = None,
    max_tokens: int | None = None,
    response_format: dict[str, Any] | None = None,
    max_price: float | None = None,
    timeout: float | None = None,
    fallback: bool = True,
    bill_to: str | None = None,
    extra: dict[str, Any] | None = None,
    so_far: str | None = None,
) -> dict:
    """Ask a model, at the first of the caller's providers that answers; says who was asked and what it cost.

    Returns `{text, reasoning, tool_calls, finish_reason, usage, receipt}`. Raises unauthorized without any key,
    over_budget, no_model_fits, provider_failed; `details.receipt` tells each attempt. An answer that broke off is
    provider_failed with `details.so_far`; sent again with that, the model goes on behind it.

    Args:
        model: id of the model at its provider; none, or "auto", takes each key's own first one.
        prompt: one question as text; comes after messages when both are given.
        messages: a conversation, as objects with role and content.
        provider: this provider first, such as huggingface, openrouter, or a name from the settings.
        prefer: providers to try next, in this order.
        stream: give the pieces of the answer as events while they come.
        tools: functions the model may call, in OpenAI's shape.
        tool_choice: auto, none, required, or one function.
        temperature: 0 to 2; left to the provider when not given.
        max_tokens: the longest answer, in tokens.
        response_format: an object such as {"type": "json_object"}.
        max_price: skip models whose output costs more, in USD per million tokens.
        timeout: seconds for the whole answer, 1 to 1800.
        fallback: ask the next candidate when one cannot answer.
        bill_to: the Hugging Face organisation that pays.
        extra: further fields of the request, such as top_p, seed or stop.
        so_far: the text of an answer that broke off or was stopped; text then holds only what comes behind it.
    """
    asked = build_prompt(
        prompt=prompt, messages=messages, model=model, provider=provider, prefer=prefer, tools=tools, extra=extra, so_far=so_far,
        tool_choice=tool_choice, temperature=temperature, max_tokens=max_tokens, response_format=response_format,
        max_price=max_price, timeout=timeout, fallback=fallback, bill_to=bill_to,
    )  # fmt: skip
    if stream:
        return await _follow(call, asked)
    answer = await call.house.providers.route(asked, call.caller)
    call.emit(Cost(receipt=answer.receipt.to_dict()))
    return _answer(answer.text, answer.reasoning, answer.tool_calls, answer.finish_reason, answer.usage, answer.receipt)


async def _follow(call: Call, asked: Prompt) -> dict:
    written: list[Receipt] = []
    try:
        async with aclosing(call.house.providers.stream(asked, call.caller, on_receipt=written.append)) as items:
            return await _pieces(call, items)
    except asyncio.CancelledError:
        for receipt in written:  # whoever stopped it sees what it came to all the same
            call.emit(Cost(receipt=receipt.to_dict()))
        raise


async def _pieces(call: Call, items: AsyncIterator[Item]) -> dict:
    text: list[str] = []
    thoughts: list[str] = []
    calls = ToolCalls()
    async for item in items:
        if isinstance(item, TextPiece):
            text.append(item.text)
            call.emit(Text(text=item.text))
        elif isinstance(item, ReasoningPiece):
            thoughts.append(item.text)
            call.emit(Reasoning(text=item.text))
        elif isinstance(item, ToolCallDelta):
            calls.add(item)
            call.emit(ToolCall(index=item.index, id=item.id, name=item.name, arguments=item.arguments))
        elif isinstance(item, Finished):
            call.emit(Cost(receipt=item.receipt.to_dict()))
            return _answer("".join(text), "".join(thoughts), calls.whole(), item.finish_reason, item.usage, item.receipt)
        elif isinstance(item, Interrupted):
            call.emit(Cost(receipt=item.receipt.to_dict()))
            raise broken_off(item)
    raise ProviderFailed("The answer ended without an end.")


def _answer(text: str, reasoning: str, tool_calls: Any, finish_reason: str, usage: Any, receipt: Receipt) -> dict:
    return {
        "text": text, "reasoning": reasoning, "tool_calls": list(tool_calls), "finish_reason": finish_reason,
        "usage": usage, "receipt": receipt.to_dict(),
    }  # fmt: skip


@action(risk="write", title="Manage provider keys", idempotent=True)
async def provider_manage_keys(
    call: Call,
    command: Literal["list", "test", "order", "enable", "disable", "label", "bill_to", "remove"] = "list",
    ids: list[str] | None = None,
    label: str = "",
    bill_to: str = "",
) -> dict:
    """List the caller's provider keys, test, order, switch off or on, label or remove them, say who pays. Never takes or returns a key.

    Keys are added on the Keys tab, which posts them to this server's own route. Items have id, provider, label,
    owner (visitor or instance), last4, state (ready, cooling, rejected, or none: an address without its key), disabled, models, payers (organisations that
    can pay through it), bill_to (the one that does); a test adds report.

    Args:
        command: what to do; list changes nothing.
        ids: the keys it is about; for order, those that come first, in their order.
        label: the new label, up to 60 characters, for the command label.
        bill_to: for the command bill_to, one of the key's payers; empty is the key's own account.
    """
    caller, room = call.caller, call.house.providers
    if command == "test":
        return listing([await _tested(call, key) for key in _own(call, ids)[:8]])
    if command != "list":
        ring = _ring(call)
        named = ids or _nothing_named(ids)
        if command == "order":
            ring.order(named)
        elif command == "remove":
            for id in named:
                await room.forget(ring.remove(id), caller.id)
        elif command == "label":
            ring.change(named[0], label=" ".join(label.split())[:60] or ring.find(named[0]).provider)
        elif command == "bill_to":
            for key in _own(call, named):
                ring.pay(key, key.payers, billed(key, bill_to))
        else:
            for id in named:
                ring.change(id, disabled=command == "disable")
    states = room.health(caller)
    return listing([{**shown(key), **_state(state)} for key, state in zip(room.keys(caller), states, strict=True)])


def _state(row: dict[str, Any]) -> dict[str, Any]:
    return {"state": row["state"], "seconds": row["seconds"]}


def _own(call: Call, ids: list[str] | None) -> list[Key]:
    """The named keys that are the caller's own; those of a private run are whose run it is."""
    room = call.house.providers
    mine = [key for key in room.keys(call.caller) if key.owner == "visitor" or room.allows_private]
    return [key for key in mine if key.id in (ids or ())] or _nothing_named(ids)


async def _tested(call: Call, key: Key) -> dict[str, Any]:
    report = await call.house.providers.check(key, call.caller)
    ring = call.caller.keyring
    if ring and report.checked and not key.id.startswith("header:"):
        ring.pay(key, report.orgs, key.bill_to if key.bill_to in report.orgs else None)
    return {**shown(key), "report": report.to_dict()}


def _ring(call: Call) -> Keyring:
    if call.caller.keyring is None:
        raise NotFound("This request belongs to no session, and keys are kept in sessions.", "Open the page, or send the session's id as X-Session.")
    return call.caller.keyring


def _nothing_named(ids: list[str] | None) -> list[Key]:
    if ids:
        raise NotFound("There is no key of that id.", "provider_manage_keys lists the keys and their ids.")
    raise InvalidInput("No key is named.", "Give the ids of the keys it is about.")


@action(risk="read", title="Find a model to ask")
async def provider_models(
    call: Call, query: str = "", task: Task | None = None, provider: str | None = None, limit: int = 30
) -> dict:
    """Search the live models of all providers the caller has keys for, or recommend some for a task.

    Items have provider, id, name, price (USD per million tokens, input and output), context, max_output, tools, vision,
    first_token_ms, throughput, free, hosts; None is unknown. `meta.sources` tells how old each list is, and why one is missing;
    `meta.note` why there is none at all.

    Args:
        query: words of the id or name; empty lists all, newest first.
        task: recommend for plan, code, cheap or vision instead; the query then narrows the choice.
        provider: only this provider's.
        limit: 1 to 200.
    """
    view = await call.house.providers.models(call.caller)
    most = max(1, min(limit, 200))
    found = search_models(view.models(), query.strip()[:200])
    if provider:
        found = [model for model in found if model.provider == provider]
    picked = recommend(found, task, limit=min(most, 12)) if task else found[:most]
    return listing([one.to_dict() for one in picked], total=len(found), sources=view.sources(), task=task, note=call.house.providers.nothing_listed(call.caller))


@action(risk="read", title="Receipts")
async def provider_receipts(call: Call, limit: int = 50, before: float | None = None) -> dict:
    """The caller's receipts, newest first; items tell who was asked, in order, why others were not, tokens, times, USD, who paid.

    A cost of None is unknown. Prompts and answers are not kept. `meta.budget` is each limit with what was spent of it.

    Args:
        limit: 1 to 500.
        before: only older ones, epoch seconds; `meta.next` of the page before.
    """
    room = call.house.providers
    most = max(1, min(limit, 500))
    kept = await room.receipts(call.caller, limit=most, before=before)
    budget = await room.budget(call.caller)
    return listing(kept, next=kept[-1]["at"] if len(kept) == most else None, budget=budget)


@action(risk="write", title="Limit spending", idempotent=True)
async def provider_set_budget(
    call: Call, per_call: float | None = None, per_session: float | None = None, per_day: float | None = None
) -> dict:
    """Set this session's own limits of what models may cost; the instance's stay above them. Returns each with what was spent.

    Args:
        per_call: USD for one request with all its attempts; none lifts it.
        per_session: USD for this session; none lifts it.
        per_day: USD for a UTC day; none lifts it.
    """
    _ring(call).caps = Caps(per_call, per_session, per_day)
    return await call.house.providers.budget(call.caller)
