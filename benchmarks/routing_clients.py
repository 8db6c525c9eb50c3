"""The clients the benchmark of routing compares: each gives a function that asks at a path, one that streams and returns the
seconds to the first token, and one that closes it."""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import aiohttp
import httpx
import orjson

from core.providers import Key, Prompt, Router, Text
from core.secrets import Secret

REFUSING = 9  # nothing listens at discard's port
MESSAGES = [{"role": "user", "content": "say hello"}]
LONG = [{"role": "user", "content": "A sentence of the kind that documents are made of. " * 160}]  # 8 kB


def by_httpx(base: str):
    client = httpx.AsyncClient(timeout=30, limits=httpx.Limits(max_connections=200, max_keepalive_connections=200))

    async def ask(path: str, messages: list = MESSAGES) -> None:
        answer = await client.post(f"{base}/{path}/v1/chat/completions", json={"model": "m", "messages": messages})
        answer.raise_for_status().json()["choices"][0]["message"]["content"]

    async def stream(path: str = "ok") -> float:
        began = first = time.perf_counter()
        body = {"model": "m", "messages": MESSAGES, "stream": True}
        async with client.stream("POST", f"{base}/{path}/v1/chat/completions", json=body) as answer:
            async for line in answer.aiter_lines():
                if line.startswith("data: {") and json.loads(line[6:])["choices"][0]["delta"].get("content") and first == began:
                    first = time.perf_counter()
        return first - began

    return ask, stream, client.aclose


def by_aiohttp(base: str):
    session = aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=200))

    async def ask(path: str, messages: list = MESSAGES) -> None:
        body = orjson.dumps({"model": "m", "messages": messages})
        async with session.post(f"{base}/{path}/v1/chat/completions", data=body) as answer:
            answer.raise_for_status()
            orjson.loads(await answer.read())["choices"][0]["message"]["content"]

    async def stream(path: str = "ok") -> float:
        began = first = time.perf_counter()
        body = orjson.dumps({"model": "m", "messages": MESSAGES, "stream": True}).replace(b'"stream":true', b'"stream": true')
        async with session.post(f"{base}/{path}/v1/chat/completions", data=body) as answer:
            async for line in answer.content:
                if line.startswith(b"data: {") and orjson.loads(line[6:])["choices"][0]["delta"].get("content") and first == began:
                    first = time.perf_counter()
        return first - began

    return ask, stream, session.close


def by_ours(base: str):
    router = Router()
    prompts = {id(messages): Prompt(messages=tuple(messages), model="m") for messages in (MESSAGES, LONG)}

    def key(path: str) -> Key:
        return Key(id=path, provider=path, secret=Secret("sk-benchmark-0000"), base_url=f"{base}/{path}/v1", allow_private=True)

    made = {path: key(path) for path in ("ok", "paced", "500", "429", "drop")}
    made["refused"] = replace(made["drop"], id="refused", provider="refused", base_url=f"http://127.0.0.1:{REFUSING}/v1")
    counter = iter(range(10**9))

    async def ask(path: str, messages: list = MESSAGES) -> None:
        prompt = prompts[id(messages)]
        if path == "ok":
            await router.route(prompt, [made["ok"]])
        elif path.startswith("cold-"):  # each call is a session of its own, so nothing rests yet
            await router.route(prompt, [made[path[5:]], made["ok"]], caller_id=str(next(counter)))
        else:
            await router.route(prompt, [made[path], made["ok"]])

    async def stream(path: str = "ok") -> float:
        began = first = time.perf_counter()
        async for item in router.stream(prompts[id(MESSAGES)], [made[path]]):
            if first == began and isinstance(item, Text):
                first = time.perf_counter()
        return first - began

    return ask, stream, router.close


def by_openai(base: str):
    from openai import AsyncOpenAI

    clients = {path: AsyncOpenAI(base_url=f"{base}/{path}/v1", api_key="sk-benchmark-0000", max_retries=0) for path in ("ok", "paced")}

    async def ask(path: str, messages: list = MESSAGES) -> None:
        (await clients["ok"].chat.completions.create(model="m", messages=messages)).choices[0].message.content

    async def stream(path: str = "ok") -> float:
        began = first = time.perf_counter()
        async for piece in await clients[path].chat.completions.create(model="m", messages=MESSAGES, stream=True):
            if first == began and piece.choices and piece.choices[0].delta.content:
                first = time.perf_counter()
        return first - began

    async def close() -> None:
        for client in clients.values():
            await client.close()

    return ask, stream, close


def _litellm():
    os.environ.update(LITELLM_LOCAL_MODEL_COST_MAP="True", LITELLM_MODE="PRODUCTION", LITELLM_LOG="ERROR")
    import litellm

    litellm.suppress_debug_info = True
    return litellm


def by_litellm(base: str, through: Callable | None = None):
    call = through or _litellm().acompletion

    def given(path: str) -> dict:
        if through:
            return {"model": "paced" if path == "paced" else "mine"}
        return {"model": "openai/m", "api_base": f"{base}/{path}/v1", "api_key": "sk-benchmark-0000", "max_retries": 0, "num_retries": 0}

    async def ask(path: str, messages: list = MESSAGES) -> None:
        (await call(messages=messages, **given("ok"))).choices[0].message.content

    async def stream(path: str = "ok") -> float:
        began = first = time.perf_counter()
        async for piece in await call(messages=MESSAGES, stream=True, **given(path)):
            if first == began and piece.choices and piece.choices[0].delta.content:
                first = time.perf_counter()
        return first - began

    async def nothing() -> None:
        pass

    return ask, stream, nothing


def by_litellm_router(base: str, path: str = "ok"):
    def deployment(name: str, where: str) -> dict:
        return {"model_name": name, "litellm_params": {"model": "openai/m", "api_base": f"{base}/{where}/v1", "api_key": "sk-benchmark-0000"}}

    router = _litellm().Router(
        model_list=[deployment("mine", path), deployment("other", "ok"), deployment("paced", "paced")], fallbacks=[{"mine": ["other"]}], num_retries=0
    )  # fmt: skip
    return by_litellm(base, router.acompletion)


CLIENTS = {
    "httpx": by_httpx, "aiohttp": by_aiohttp, "ours": by_ours, "openai": by_openai, "litellm": by_litellm, "router": by_litellm_router,
}  # fmt: skip
