"""`/api/models-tags-by-type` and its sibling: every tag in use, by what it is about."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from core.localhub.names import Kind

_PREFIXES = {
    "license:": "license", "language:": "language", "task_categories:": "task_categories", "size_categories:": "size_categories",
    "format:": "format", "modality:": "modality", "library:": "library", "dataset:": "dataset", "base_model:": "base_model",
    "region:": "region",
}  # fmt: skip


def tags_by_type(rows: Iterable[Mapping[str, Any]], kind: Kind) -> dict[str, list[dict[str, str]]]:
    """`{type: [{id, label, type}]}`, each list in the order of ids."""
    found: dict[str, dict[str, dict[str, str]]] = {}
    for row in rows:
        languages = (row.get("cardData") or {}).get("language") or ()
        for tag in row["tags"]:
            type = _type(tag, row, (languages,) if isinstance(languages, str) else languages, kind)
            label = tag.partition(":")[2] if type in _PREFIXES.values() and ":" in tag else tag
            found.setdefault(type, {})[tag] = {"id": tag, "label": label, "type": type}
    return {type: [tags[id] for id in sorted(tags)] for type, tags in sorted(found.items())}


def _type(tag: str, row: Mapping[str, Any], languages: Iterable[str], kind: Kind) -> str:
    for prefix, type in _PREFIXES.items():
        if tag.startswith(prefix):
            return type
    if kind == "model" and tag == row.get("pipeline_tag"):
        return "pipeline_tag"
    if kind == "model" and tag in (row.get("library_name"), "safetensors", "pytorch", "tf", "jax", "onnx", "gguf"):
        return "library"
    return "language" if tag in languages else "other"
