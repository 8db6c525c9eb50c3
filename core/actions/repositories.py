"""The files of any repository of the Hub, to look at."""

from __future__ import annotations

from typing import Literal

from core.hub import list_files, read_file
from core.registry import Call, action


@action(risk="read", title="Files of a repository")
async def hf_repo_files(
    call: Call,
    repo_id: str,
    repo_type: Literal["model", "dataset", "space"] = "model",
    operation: Literal["list", "read"] = "list",
    path: str = "",
    revision: str = "main",
    offset: int = 0,
) -> dict:
    """List the files of a model, dataset or Space, or read one of them as text. It changes nothing.

    list returns `{repo, kind, revision, path, url, items: [{path, size, large}], meta: {count, bytes, cut, note}}`, at most 500
    files, sizes in bytes. read returns `{…, size, binary, text, offset, next_offset, total, note}`, 50,000 characters at a time;
    text is null for a binary file. Errors: not_found, unauthorized, forbidden (gated), rate_limited, hub_unavailable, timed_out.

    Args:
        repo_id: owner/name, or a one-part id such as gpt2.
        repo_type: model (the default), dataset or space.
        operation: list (the default) or read.
        path: list: a folder, by default everything; read: the file.
        revision: a branch, a tag or a commit; main by default.
        offset: read: character to go on from, next_offset of the answer before.
    """
    if operation == "list":
        return await list_files(call.house.hub, call.caller, repo_id, kind=repo_type, path=path, revision=revision)
    return await read_file(call.house.hub, call.caller, repo_id, path, kind=repo_type, revision=revision, offset=max(0, offset))
