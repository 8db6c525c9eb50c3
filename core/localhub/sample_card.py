"""The README of an entry of the sample: its only file, which says that it is a sample."""

from __future__ import annotations

import hashlib
from typing import Any

import yaml

from core.localhub.names import PREFIX, Kind

NAME = "README.md"


def card(kind: Kind, entry: dict[str, Any]) -> bytes:
    """The card: what the entry tells about itself as YAML, and where the real one is."""
    front = yaml.safe_dump(entry.get("cardData") or {}, allow_unicode=True, sort_keys=False)
    title = (entry.get("cardData") or {}).get("title") or entry["id"].split("/")[1]
    about = entry.get("description") or entry.get("ai_short_description") or ""
    real = f"https://huggingface.co/{PREFIX[kind]}{entry['id']}"
    note = f"This is an entry of the sample a Local Hub carries: its numbers are illustrative, and it has no other files. The real {kind}: {real}"
    return f"---\n{front}---\n\n# {title}\n\n{about}{chr(10) * 2 if about else ''}> {note}\n".encode()


def blob_id(content: bytes) -> str:
    """The id git would give this file."""
    return hashlib.sha1(b"blob %d\0" % len(content) + content, usedforsecurity=False).hexdigest()


def sibling(kind: Kind, entry: dict[str, Any]) -> dict[str, Any]:
    """The file as a description lists it."""
    content = card(kind, entry)
    return {"rfilename": NAME, "size": len(content), "blobId": blob_id(content)}


def headers(kind: Kind, entry: dict[str, Any]) -> dict[str, str]:
    content = card(kind, entry)
    return {
        "ETag": f'"{blob_id(content)}"',
        "X-Repo-Commit": entry["sha"],
        "Content-Type": "text/plain; charset=utf-8",
        "Content-Length": str(len(content)),
        "Content-Disposition": f'inline; filename="{NAME}"',
        "Accept-Ranges": "none",
    }
