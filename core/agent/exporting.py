"""A chat as files: everything as JSON, what a person reads as Markdown; and both kept in the person's own private dataset."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from core.agent.chat import Chat
from core.caller import Caller
from core.errors import Forbidden
from core.hub import Hub, web_url, whoami

if TYPE_CHECKING:
    from huggingface_hub import HfApi

DATASET = "spaces-os-chats"
_CARD = "---\npretty_name: Chats of Spaces OS\n---\nConversations with the agent of Spaces OS, one JSON and one Markdown file each. Private.\n"
_FENCE = re.compile(r"`{3,}")
_SHOWN = 2_000


async def exported(chat: Chat) -> tuple[str, str]:
    """The chat as JSON and as Markdown; pictures stay in the JSON alone."""
    events: list[dict[str, Any]] = []
    while bodies := await chat.events(events[-1]["seq"] if events else 0):
        events += bodies
    row = chat.row
    about = {name: row[name] for name in ("id", "title", "project", "status", "created", "settings", "spent")}
    kept = {"version": 1, **about, "prompts": row["state"].get("prompts"), "events": events, "messages": chat.messages_kept()}
    return json.dumps(kept, ensure_ascii=False, indent=1), _markdown(about, events)


async def saved(hub: Hub, caller: Caller, chat: Chat) -> dict[str, str]:
    """Put both files into the caller's private dataset `spaces-os-chats`, made when missing, in one commit.

    Returns `{repo, url, revision}`. Raises Unauthorized without a token, Forbidden when that dataset is public.
    """
    caller.require_token("to keep a chat in a dataset of your own")
    account = await whoami(hub, caller)
    repo = f"{account.name}/{DATASET}"
    whole, readable = await exported(chat)

    def question(api: HfApi) -> str:
        from huggingface_hub import CommitOperationAdd

        api.create_repo(repo, repo_type="dataset", private=True, exist_ok=True)
        # exist_ok takes one that is there as it is; what was said here is for its owner alone.
        info = api.repo_info(repo, repo_type="dataset")
        if not info.private:
            raise Forbidden(f"The dataset {repo} is public, so nothing was put there.", "Make it private on the Hub, or rename it.")
        files = {f"{chat.id}.json": whole, f"{chat.id}.md": readable}
        if not any(one.rfilename == "README.md" for one in info.siblings or ()):
            files["README.md"] = _CARD
        operations = [CommitOperationAdd(path, text.encode()) for path, text in files.items()]
        return api.create_commit(repo, operations, commit_message=f"Keep “{chat.row['title']}”", repo_type="dataset").oid

    revision = await hub.ask(caller, question, doing=f"keep the chat in {repo}", timeout=120)
    return {"repo": repo, "url": web_url(hub.endpoint, "dataset", repo), "revision": revision}


def _markdown(about: Mapping[str, Any], events: list[dict[str, Any]]) -> str:
    spent = about["spent"].get("usd") or 0.0
    lines = [f"# {about['title']}", "", f"{about['status']} · ${spent:.4f}{' and what is not told' if about['spent'].get('unknown') else ''}", ""]
    for event in events:
        write = _PARTS.get(event["event"])
        if write and (text := write(event)):
            lines += [text, ""]
    return "\n".join(lines)


def _fenced(text: str) -> str:
    """The text as a block that ends where it should, whatever is in it."""
    cut = text if len(text) <= _SHOWN else f"{text[:_SHOWN]}\n[{len(text) - _SHOWN:,} more characters]"
    longest = max((len(found) for found in _FENCE.findall(cut)), default=2)
    fence = "`" * (longest + 1)
    return f"{fence}\n{cut}\n{fence}"


def _started(event: Mapping[str, Any]) -> str:
    return f"**{event['title'] or event['name']}** `{event['name']}`\n{_fenced(json.dumps(event['arguments'], ensure_ascii=False, indent=1))}"


def _ended(event: Mapping[str, Any]) -> str:
    return f"{'→' if event['ok'] else '✗'} {event['seconds']:.1f} s\n{_fenced(event['text'])}"


def _todo(event: Mapping[str, Any]) -> str:
    return "\n".join(f"- [{'x' if item.get('state') == 'done' else ' '}] {item.get('text', '')}" for item in event["items"])


def _asked(event: Mapping[str, Any]) -> str:
    return f"**Asked to approve** `{event['name']}`: {event['reason']}"


def _given(event: Mapping[str, Any]) -> str:
    return f"**{'Approved' if event['approve'] else 'Refused'}**{': ' + event['feedback'] if event['feedback'] else ''}"


def _similar(event: Mapping[str, Any]) -> str:
    return "Spaces like it:\n" + "\n".join(f"- {row.get('title') or row.get('id')} <{row.get('url')}>" for row in event["items"])


_PARTS: dict[str, Callable[[Mapping[str, Any]], str]] = {
    "UserSaid": lambda event: f"## You\n\n{event['text']}",
    "Said": lambda event: f"## {'Research' if event['agent'] else 'Agent'}\n\n{event['text']}" if event["text"] else "",
    "ToolStarted": _started,
    "ToolEnded": _ended,
    "Todo": _todo,
    "ApprovalAsked": _asked,
    "ApprovalGiven": _given,
    "Question": lambda event: f"**Question:** {event['text']}",
    "Similar": _similar,
    "Noticed": lambda event: f"*{event['text']}*",
    "Step": lambda event: f"- {event['text']}" if event["state"] != "working" else "",
    "Deployed": lambda event: f"Deployed: <{event['url']}>",
    "TurnEnded": lambda event: f"*{event['text']}*" if event["text"] else "",
}
