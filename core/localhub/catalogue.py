"""A small sample of real, named public repositories, so that search and lists answer without a network.

The data is `catalogue/*.json` and the table `catalogue/more.txt`: illustrative, with approximate numbers. Every entry leaves with `"sample": true`.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Callable, Mapping
from datetime import date
from pathlib import Path
from typing import Any

from core.localhub import sample, sample_card
from core.localhub.names import PLURAL, Kind, RepoId, subdomain
from core.localhub.users import stable_id

FOLDER = Path(__file__).parent / "catalogue"
# The day the sample was written down: how new something is counts from here, so that ranks stay the same.
WRITTEN = date(2025, 10, 1)
SIZES = ((1e3, "n<1K"), (1e4, "1K<n<10K"), (1e5, "10K<n<100K"), (1e6, "100K<n<1M"), (1e7, "1M<n<10M"), (1e8, "10M<n<100M"),
         (1e9, "100M<n<1B"), (math.inf, "n>1B"))  # fmt: skip
_LOADED_BY = {"transformers": ("transformers", "safetensors"), "diffusers": ("diffusers", "safetensors")}
_RUNS = ("RUNNING", "RUNNING_BUILDING", "RUNNING_APP_STARTING")


class Catalogue:
    """The sample, in the shape `GET /api/{kind}/{id}` has. Read once, never changed."""

    def __init__(self, folder: Path = FOLDER):
        self._entries: dict[Kind, dict[str, dict[str, Any]]] = {}
        for kind, shape in _SHAPES.items():
            items = json.loads((folder / f"{PLURAL[kind]}.json").read_text("utf-8"))["items"]
            entries = {item["id"].lower(): _common(kind, item) | shape(item) for item in [*items, *sample.more(kind)]}
            for id, papers in sample.papers_of(kind).items():
                entries[id.lower()]["tags"] += [f"arxiv:{paper}" for paper in papers]
            self._entries[kind] = entries

    def get(self, kind: Kind, name: str) -> dict[str, Any] | None:
        """Everything about one entry, or None; names are compared without case."""
        return self._entries[kind].get(name.lower())

    def entries(self, kind: Kind) -> list[dict[str, Any]]:
        """Every entry of a kind."""
        return list(self._entries[kind].values())


def _common(kind: Kind, item: Mapping[str, Any]) -> dict[str, Any]:
    created, changed = item["createdAt"], item["lastModified"]
    age = max((WRITTEN - date.fromisoformat(created)).days, 7)
    return {
        "_id": stable_id("sample", kind, item["id"]),
        "id": item["id"],
        "author": item["id"].split("/")[0],
        "sha": hashlib.sha1(f"{kind} {item['id']} {changed}".encode(), usedforsecurity=False).hexdigest(),
        "createdAt": f"{created}T09:00:00.000Z",
        "lastModified": f"{changed}T09:00:00.000Z",
        "private": False,
        "gated": item.get("gated", False),
        "disabled": False,
        "likes": item["likes"],
        "trendingScore": round(30 * item["likes"] / age),
        "siblings": [{"rfilename": sample_card.NAME}],
        "usedStorage": 0,
        "sample": True,
    }


def _model(item: Mapping[str, Any]) -> dict[str, Any]:
    library, task, licence = item["library_name"], item["pipeline_tag"], item.get("license")
    languages = item.get("languages", [])
    tags = [*_LOADED_BY.get(library, (library,)), task, *item["tags"], *languages]
    shape: dict[str, Any] = {
        "modelId": item["id"],
        "library_name": library,
        "pipeline_tag": task,
        "downloads": item["downloads"],
        "downloadsAllTime": item["downloads"] * 12,
        "tags": _tags(tags, licence),
        "cardData": _present(license=licence, language=languages or None, pipeline_tag=task, library_name=library),
        "config": {},
        "model-index": None,
        "spaces": [],
        "transformersInfo": {},
        "widgetData": [],
    }
    if "parameters" in item and "safetensors" in shape["tags"]:
        shape["safetensors"] = {"parameters": {"BF16": item["parameters"]}, "total": item["parameters"]}
    if providers := item.get("providers"):
        chat = "conversational" in shape["tags"]
        shape["inference"] = "warm"
        shape["inferenceProviderMapping"] = [
            {"provider": name, "providerId": item["id"], "status": "live", "task": "conversational" if chat else task}
            for name in providers
        ]
    return shape


def _dataset(item: Mapping[str, Any]) -> dict[str, Any]:
    rows, licence, languages = item["rows"], item.get("license"), item.get("languages", [])
    size = next(name for limit, name in SIZES if rows < limit)
    tags = [f"task_categories:{task}" for task in item["tasks"]]
    tags += [f"language:{language}" for language in languages]
    tags += [f"size_categories:{size}", f"format:{item['format']}"]
    tags += [f"modality:{modality}" for modality in item["modalities"]] + ["library:datasets", *item.get("tags", [])]
    return {
        "description": item["description"],
        "citation": None,
        "downloads": item["downloads"],
        "downloadsAllTime": item["downloads"] * 12,
        "tags": _tags(tags, licence),
        "cardData": _present(
            license=licence, language=languages or None, task_categories=item["tasks"], size_categories=[size]
        ),
        "mainSize": None,
    }


def _space(item: Mapping[str, Any]) -> dict[str, Any]:
    running, hardware = item["stage"] in _RUNS, item.get("hardware")
    runtime: dict[str, Any] = {
        "stage": item["stage"],
        "hardware": {"current": hardware if running else None, "requested": hardware},
        "storage": None,
        "replicas": {"requested": 1} | ({"current": 1} if running else {}),
    }
    card = {key: item[key] for key in ("title", "emoji", "colorFrom", "colorTo", "sdk")}
    card |= _present(short_description=item["shortDescription"], models=item.get("models"), tags=item.get("tags"), pinned=False)
    name = subdomain(RepoId("space", *item["id"].split("/")))
    return {
        "sdk": item["sdk"],
        "tags": _tags([item["sdk"], *item.get("tags", [])], None),
        "cardData": card,
        "models": item.get("models", []),
        "datasets": [],
        # Where the real one is: nothing of it runs here.
        "subdomain": name,
        "host": f"https://{name}.{'static.' if item['sdk'] == 'static' else ''}hf.space",
        "runtime": runtime,
        "ai_short_description": item["shortDescription"],
        "ai_category": item["category"],
    }


_SHAPES: dict[Kind, Callable[[Mapping[str, Any]], dict[str, Any]]] = {"model": _model, "dataset": _dataset, "space": _space}


def _tags(tags: list[str], licence: str | None) -> list[str]:
    return list(dict.fromkeys([*tags, *([f"license:{licence}"] if licence else []), "region:us"]))


def _present(**values: Any) -> dict[str, Any]:
    return {key: value for key, value in values.items() if value is not None}
