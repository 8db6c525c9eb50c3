"""The tables of the sample: rows of text with `|` between, and numbers drawn from names, the same on every run."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

from core.localhub.names import Kind

FOLDER = Path(__file__).parent / "catalogue"
# Everything in the sample happened before this day.
NEWEST = date(2026, 3, 10)
_KINDS: Mapping[str, Kind] = {"m": "model", "d": "dataset", "s": "space"}
_COLORS = ("blue", "green", "purple", "pink", "indigo", "yellow", "red", "gray")


def table(path: Path, section: str = "") -> Iterator[list[str]]:
    """The rows of a table, their fields without blanks around; `section` names the part below its `[title]`."""
    here = not section
    for line in path.read_text("utf-8").splitlines():
        line = line.strip()
        if line.startswith("[") and line.endswith("]"):
            here = line == f"[{section}]"
        elif here and line and not line.startswith("#"):
            yield [field.strip() for field in line.split("|")]


def names(text: str, between: str = ",") -> list[str]:
    return [part.strip() for part in text.split(between) if part.strip()]


def typed(text: str) -> tuple[Kind | str, str]:
    """`m:owner/name` as its kind and id; a paper is of the kind "paper"."""
    letter, _, id = text.partition(":")
    return _KINDS.get(letter, "paper"), id


def draw(*parts: str) -> float:
    """A number from 0 up to 1 that belongs to these words."""
    digest = hashlib.blake2b("\0".join(parts).encode(), digest_size=7).digest()
    return int.from_bytes(digest, "big") / (1 << 56)


def moment(earliest: str, *parts: str, latest: date = NEWEST) -> str:
    """A time between a day and the newest one, drawn from these words, as the Hub writes it."""
    start = datetime.fromisoformat(earliest[:10])
    span = max((datetime.combine(latest, datetime.min.time()) - start).total_seconds(), 3600)
    return (start + timedelta(seconds=int(span * draw("moment", *parts)))).strftime("%Y-%m-%dT%H:%M:%S.000Z")


def more(kind: Kind) -> list[dict[str, Any]]:
    """The entries of the compact table in the form the longer ones have."""
    made = {"model": _models, "dataset": _datasets, "space": _spaces}[kind]
    return list(made())


def papers_of(kind: Kind) -> dict[str, list[str]]:
    """Which papers the longer entries of a kind name, by id."""
    found: dict[str, list[str]] = {}
    for paper, repos in table(FOLDER / "more.txt", "papers"):
        for given in names(repos):
            where, id = typed(given)
            if where == kind:
                found.setdefault(id, []).append(paper)
    return found


def _dated(id: str, created: str, likes: str) -> dict[str, Any]:
    return {
        "id": id,
        "likes": int(likes),
        "createdAt": created,
        "lastModified": moment(created, "changed", id, latest=min(date.fromisoformat(created) + timedelta(150), NEWEST))[:10],
        "downloads": round(int(likes) * (40 + 2_500 * draw("downloads", id) ** 3)),
    }


def _models() -> Iterator[dict[str, Any]]:
    owner = licence = ""
    for fields in table(FOLDER / "more.txt", "models"):
        if fields[0].startswith("@"):
            owner, licence = fields[0][1:].strip(), fields[1]
            continue
        name, task, library, billions, created, likes, papers = fields
        chat = task in ("text-generation", "image-text-to-text") and not name.endswith(("-base", "-hf", "7b", "8B", "1B", "v0.1"))
        item = _dated(f"{owner}/{name}", created, likes) | {"pipeline_tag": task, "library_name": library, "license": licence}
        item["tags"] = (["conversational"] if chat else []) + [f"arxiv:{paper}" for paper in names(papers)]
        if billions != "-":
            item["parameters"] = round(float(billions) * 1e9)
        if chat and library == "transformers" and int(likes) > 600:
            item["providers"] = [p for p in ("together", "novita", "fireworks-ai", "nebius") if draw(p, name) < 0.5] or ["novita"]
        yield item


def _datasets() -> Iterator[dict[str, Any]]:
    for id, tasks, rows, created, likes, modality, papers, description in table(FOLDER / "more.txt", "datasets"):
        yield _dated(id, created, likes) | {
            "tasks": names(tasks),
            "rows": int(rows),
            "modalities": [modality],
            "format": "parquet",
            "languages": ["en"] if modality in ("text", "audio") else [],
            "tags": [f"arxiv:{paper}" for paper in names(papers)],
            "description": description,
        }


def _spaces() -> Iterator[dict[str, Any]]:
    for id, sdk, category, created, likes, title, models, description in table(FOLDER / "more.txt", "spaces"):
        yield _dated(id, created, likes) | {
            "title": title,
            "emoji": "📄" if sdk == "static" else "🧩",
            "sdk": sdk,
            "category": category,
            "shortDescription": description,
            "stage": "SLEEPING" if sdk != "static" and draw("sleeps", id) < 0.15 else "RUNNING",
            "colorFrom": _COLORS[int(8 * draw("from", id))],
            "colorTo": _COLORS[int(8 * draw("to", id))],
            "hardware": None if sdk == "static" else "cpu-basic",
            "models": names(models),
        }
