"""What an account did lately: repositories made and changed, likes, conversations begun."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from core.localhub import discussions
from core.localhub.community import AVATAR, Community, Organization, Person
from core.localhub.names import Kind


def activity(account: Person | Organization, rows: Iterable[tuple[Kind, dict[str, Any]]], community: Community) -> list[dict[str, Any]]:
    """Everything, the newest first.

    Args:
        rows: every repository the caller may see, with its kind.
    """
    found = []
    for kind, row in rows:
        if row["author"].lower() == account.name.lower():
            found.append(_item(account, "publish", row["createdAt"], kind, row))
            if row["lastModified"] > row["createdAt"]:
                found.append(_item(account, "update", row["lastModified"], kind, row))
    if isinstance(account, Person):
        for like in community.liked_by(account):
            told = {"id": like.repo, "type": like.kind, "sample": True}
            found.append(_item(account, "like", like.at, like.kind, told))
        for one in discussions.everything():
            if one.author == account.name:
                item = _item(account, "discussion", one.at, one.kind, {"id": one.repo, "sample": True})
                found.append(item | {"discussionData": {"num": one.num, "title": one.title, "status": one.status}})
    return sorted(found, key=lambda item: (item["time"], item["repoId"]), reverse=True)


def _item(account: Person | Organization, type: str, at: str, kind: Kind, row: dict[str, Any]) -> dict[str, Any]:
    told = {
        "time": at,
        "user": account.name,
        "userAvatarUrl": AVATAR,
        "type": type,
        "repoId": row["id"],
        "repoType": kind,
    }
    return told | ({"sample": True} if row.get("sample") else {})
