"""Everything else, by litellm: imported on first use, in a thread, with its retries off and its habits tamed.

litellm takes the process's own key when it is given none, so it is never called without one; it keeps clients by key,
so forgetting a key evicts them; its errors may quote keys and local paths, so only a redacted first line is passed on.

It connects by clients of its own, which resolve a name themselves: an address we checked may be another one by the time
they connect, and there is no seam to pin it as `addresses.CheckedResolver` does. So only the instance's owner, who could
open any connection from this machine anyway, may give it a base URL; a visitor's key goes to the provider's own address.
"""

from __future__ import annotations

import asyncio
import importlib
import importlib.util
import logging
import os
import re
import sys
import threading
from collections.abc import AsyncGenerator, AsyncIterator
from typing import Any

import orjson

from core.providers import compound
from core.providers.compatible import Piece, answer_pieces, request_body, usage
from core.providers.policy import Fault, from_answer, quote
from core.providers.provider import End, Provider
from core.providers.values import Candidate, Prompt, Reasoning, Text, ToolCallDelta
from core.secrets import Secret

# Read by litellm at import: no network for its price list, no .env of the working directory, no chatter.
_FLAGS = {
    "LITELLM_LOCAL_MODEL_COST_MAP": "True",
    "LITELLM_LOCAL_ANTHROPIC_BETA_HEADERS": "True",
    "LITELLM_MODE": "PRODUCTION",
    "LITELLM_LOG": "ERROR",
}
_LOGGERS = ("LiteLLM", "LiteLLM Router", "LiteLLM Proxy", "openai", "httpx", "httpcore")
_PREFIX = re.compile(r"^(?:litellm\.)?\w+: (?:litellm\.\w+: )?(?:\w+ - )?")
_SUFFIX = re.compile(r"\.? ?Handle with `litellm\.\w+`\.$")
_importing = threading.Lock()


def available() -> bool:
    """litellm is installed; says so without importing it."""
    return importlib.util.find_spec("litellm") is not None


def _load() -> Any:
    with _importing:
        if "litellm" in sys.modules:
            return sys.modules["litellm"]
        os.environ.update(_FLAGS)
        litellm = importlib.import_module("litellm")
        litellm.suppress_debug_info = True
        litellm.drop_params = True
        litellm.turn_off_message_logging = True
        litellm.redact_messages_in_exceptions = True
        litellm.disable_streaming_logging = True
        for name in _LOGGERS:
            # What fails is told by the error; their own lines bring whole traces, and values of the request in them.
            logging.getLogger(name).setLevel(logging.CRITICAL)
        return litellm


async def ask(candidate: Candidate, prompt: Prompt, row: Provider, *, stream: bool, deadline: float) -> AsyncGenerator[Piece, None]:
    """Ask one candidate through litellm: pieces of the answer, then exactly one `End`. Raises `Fault`."""
    key = candidate.key
    if key.secret is None:
        raise Fault("key", "needs a key.")
    if key.secret.reveal().startswith("os.environ/"):
        raise Fault("key", "the key is the name of a variable, which litellm would look up in this process.")
    if key.base_url and key.owner != "instance":
        raise Fault("address", "takes no address of its own; add the endpoint as an OpenAI-compatible provider.")
    clock = asyncio.get_running_loop().time
    litellm = await asyncio.to_thread(_load)
    if candidate.provider not in {str(getattr(name, "value", name)) for name in litellm.provider_list}:
        raise Fault("address", f"no provider is called {quote(candidate.provider)}; name its base URL.")
    body = request_body(prompt, f"{candidate.provider}/{candidate.model}", row, stream=stream)
    try:
        async with asyncio.timeout_at(deadline):
            answer = await litellm.acompletion(
                **body,
                **compound.arguments(candidate.provider, key.secret),
                api_base=key.base_url,
                timeout=max(1.0, deadline - clock()),
                num_retries=0,
                max_retries=0,
                # Its handler for tools imports version 2 of the mcp package, which gradio holds below 2, and would run MCP tools itself.
                _skip_mcp_handler=True,
            )
        if not stream:
            for piece in answer_pieces(answer.model_dump(), key, row):
                yield piece
            return
        try:
            async for piece in _stream(answer, deadline):
                yield piece
        finally:
            await _end(answer)
    except Fault:
        raise
    except TimeoutError:
        raise Fault("timeout", "did not answer in time.") from None
    except Exception as error:  # litellm raises its own kinds and whatever its adapters let through
        raise _fault(error, candidate.provider, key.secret, row) from None


async def _stream(answer: Any, deadline: float) -> AsyncIterator[Piece]:
    finish = tokens = None
    came = False
    chunks = answer.__aiter__()
    while True:
        try:
            async with asyncio.timeout_at(deadline):
                chunk = await chunks.__anext__()
        except StopAsyncIteration:
            break
        tokens = usage(_plain(getattr(chunk, "usage", None))) or tokens
        for choice in chunk.choices[:1]:
            finish = choice.finish_reason or finish
            delta = choice.delta
            if delta.content:
                came = True
                yield Text(delta.content)
            if getattr(delta, "reasoning_content", None):
                came = True
                yield Reasoning(delta.reasoning_content)
            for call in delta.tool_calls or ():
                came = True
                yield ToolCallDelta(call.index or 0, call.id, call.function.name, call.function.arguments or "")
    if not came:
        raise Fault("empty", "answered nothing.", status=200)
    yield End(finish or "stop", tokens)


async def _end(answer: Any) -> None:
    inner = getattr(answer, "completion_stream", None)
    close = getattr(inner, "aclose", None) or getattr(getattr(inner, "response", None), "aclose", None)
    if close:
        await close()


def _plain(value: Any) -> Any:
    return value.model_dump() if hasattr(value, "model_dump") else value


def _fault(error: Exception, provider: str, secret: Secret, row: Provider) -> Fault:
    name = type(error).__name__
    status = getattr(error, "status_code", None)
    line = str(error).partition("\n")[0]
    for text in compound.hidden(provider, secret):
        line = line.replace(text, "…")
    said = quote(_said(line), secret)
    if name == "APIConnectionError":
        return Fault("network", f"the connection failed ({quote(type(error.__cause__ or error).__name__)}).")
    if name == "Timeout":
        return Fault("timeout", "did not answer in time.")
    if name == "ContentPolicyViolationError":
        return Fault("moderation", said, status=400)
    if isinstance(status, int) and 400 <= status < 600:
        given = getattr(error, "litellm_response_headers", None) or getattr(getattr(error, "response", None), "headers", None) or {}
        headers = {str(name).title(): str(value) for name, value in given.items()}
        return from_answer(status, {"error": {"message": said}}, headers, secret=secret, forbidden=row.forbidden)
    return Fault("server", f"failed ({name}): {said}")


def _said(line: str) -> str:
    """The upstream's own words out of litellm's line `litellm.Kind: FromException - {"error": {"message": …}}`."""
    words = _SUFFIX.sub("", _PREFIX.sub("", line))
    try:
        data = orjson.loads(words)
        return str(data["error"]["message"])
    except (orjson.JSONDecodeError, KeyError, TypeError):
        return words


def forget(secret: Secret) -> int:
    """Close litellm's clients that were made with this key, whose cache holds it in clear. Returns how many entries went."""
    litellm = sys.modules.get("litellm")
    cache = getattr(litellm, "in_memory_llm_clients_cache", None)
    if cache is None:
        return 0
    values = {text for provider in ("", *compound.PARTS) for text in compound.hidden(provider, secret)}
    entries = [
        name for name, client in list(cache.cache_dict.items())
        if any(value in str(name) for value in values) or getattr(client, "api_key", None) in values
    ]  # fmt: skip
    for name in entries:
        cache.delete_cache(name)
    return len(entries)
