"""Receipts: what was built and why, and what a deploy is going to do."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ui.parts.draw import draw
from ui.parts.steps import Line


def receipt(
    project: Mapping[str, Any],
    files: Sequence[Mapping[str, Any]],
    findings: Sequence[Mapping[str, Any]],
    built: Mapping[str, Any] | None = None,
    lines: Sequence[Line] = (),
    asking: bool = False,
) -> str:
    """What this project is made of: template and why, runners-up, inputs, files with sizes, checks, time for each step.

    Args:
        project: `{title, template, sdk, space, revision, created_at}`.
        files: `{path, size}` each. findings: `{path, line, message, fix, severity}` each.
        built: the result of the build of this visit, when there was one. lines: its steps.
        asking: the question before the project is deleted stands below.
    """
    done = built or {}
    return draw(
        "receipt",
        project=project,
        files=files,
        total=sum(int(one.get("size") or 0) for one in files),
        findings=findings,
        why=done.get("why") or "",
        inputs=done.get("inputs") or {},
        ranked=[one for one in done.get("ranked") or [] if one.get("id") != done.get("template")][:3],
        asking=asking,
        lines=[line for line in lines if line.state not in ("waiting", "working")],
        spent=sum(line.seconds or 0 for line in lines),
    )
