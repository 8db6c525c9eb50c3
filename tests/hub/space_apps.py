"""Tiny Spaces the tests put into a Local Hub."""

from __future__ import annotations

import time

import httpx
from huggingface_hub import CommitOperationAdd, HfApi, SpaceRuntime

DOCKERFILE = """FROM python:3.12-slim
WORKDIR /app
COPY . .
EXPOSE 7860
CMD ["uvicorn", "main:app", "--host", "0.0.0.0", "--port", "7860"]
"""
# What it answers is what the tests ask about: its revision's word, its environment, an echo over WebSocket.
WEB_APP = """import os
from fastapi import FastAPI, WebSocket

app = FastAPI()
print("the word is {word}")


@app.get("/")
def root():
    return {{"word": "{word}"}}


@app.get("/env")
def env():
    return dict(os.environ)


@app.websocket("/ws")
async def echo(socket: WebSocket):
    await socket.accept()
    await socket.send_text("echo " + await socket.receive_text())
"""


def readme(sdk: str, *more: str) -> str:
    return "\n".join(["---", "title: A test", "emoji: 🚀", "colorFrom: blue", "colorTo: green", f"sdk: {sdk}", *more, "---", ""])


def web_app(word: str, **more: str) -> dict[str, str]:
    """A Docker Space of the plain kind that answers `word`."""
    return {"README.md": readme("docker"), "Dockerfile": DOCKERFILE, "main.py": WEB_APP.format(word=word), **more}


def page(text: str) -> dict[str, str]:
    return {"README.md": readme("static"), "index.html": f"<h1>{text}</h1>"}


def push(api: HfApi, repo: str, files: dict[str, str]) -> str:
    """One commit with these files; its sha."""
    operations = [CommitOperationAdd(path, text.encode()) for path, text in files.items()]
    return api.create_commit(repo, operations, commit_message="a revision", repo_type="space").oid


def create(api: HfApi, repo: str, files: dict[str, str], **options) -> SpaceRuntime:
    """A new Space with these files; its runtime once it has settled."""
    sdk = next(line.split(": ")[1] for line in files.get("README.md", "sdk: gradio").splitlines() if line.startswith("sdk: "))
    api.create_repo(repo, repo_type="space", space_sdk=sdk, **options)
    push(api, repo, files)
    return settled(api, repo)


def settled(api: HfApi, repo: str, *, timeout: float = 40) -> SpaceRuntime:
    return api.wait_for_space(repo, timeout=timeout, poll_interval=0.1)


def visit(api: HfApi, repo: str, path: str = "/") -> httpx.Response:
    """What somebody without an account gets at the Space's address."""
    return httpx.get(f"{api.space_info(repo).host}{path}", follow_redirects=True, timeout=20)


def until(check, *, timeout: float = 20, every: float = 0.1):
    """The first true value of `check()`."""
    deadline = time.monotonic() + timeout
    while not (value := check()):
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(every)
    return value
