"""A chat as files: everything as JSON, what a person reads as Markdown; and both kept in the person's own private dataset."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from core.agent.chat import Chat
from core.agent.readable import markdown, without_keys
from core.caller import Caller
from core.errors import Forbidden
from core.hub import Hub, web_url, whoami

if TYPE_CHECKING:
    from huggingface_hub import HfApi

DATASET = "spaces-os-chats"
_CARD = "---\npretty_name: Chats of Spaces OS\n---\nConversations with the agent of Spaces OS, one JSON and one Markdown file each. Private.\n"


async def exported(chat: Chat) -> tuple[str, str]:
    """The chat as JSON and as Markdown; pictures stay in the JSON alone, and what opens a preview or a private Space in neither."""
    events: list[dict[str, Any]] = []
    while bodies := await chat.events(events[-1]["seq"] if events else 0):
        events += bodies
    row = chat.row
    about = {name: row[name] for name in ("id", "title", "project", "status", "created", "updated", "settings", "spent")}
    kept = {"version": 1, **about, "prompts": row["state"].get("prompts"), "events": events, "messages": chat.messages_kept()}
    return without_keys(json.dumps(kept, ensure_ascii=False, indent=1)), markdown(about, events)


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
