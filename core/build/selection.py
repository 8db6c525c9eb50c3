"""Which template fits an idea, and why; and the honest answer when none does."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

from core.build.analysis import Analysis
from core.build.filling import wanted
from core.build.templates import Template, templates
from core.build.words import matched, words_of
from core.errors import InvalidInput

ENOUGH = 3.0
_TASK = 3.0
_INPUT = 0.5
_CANNOT_TAKE = -4.0
_ASKED_FOR = 4.0  # the person named the framework or the task themselves

# What people call a kind of app → the sdk, or the template, that means.
FRAMEWORKS = {
    "gradio": "gradio",
    "static": "static",
    "html": "static",
    "javascript": "static",
    "docker": "docker",
    "fastapi": "docker",
}
# Among equals, what everybody can deploy without paying comes first.
_WITHOUT_A_PLAN = ("static", "gradio", "docker")
_MEDIA = ("image", "audio", "video")


@dataclass(frozen=True)
class Match:
    """One template against the idea: its points, and a reason for each part of them."""

    id: str
    title: str
    summary: str
    sdk: str
    score: float
    reasons: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        return {**asdict(self), "reasons": list(self.reasons)}


@dataclass(frozen=True)
class Selection:
    """chosen: the template that fits, or None; ranked: all of them, best first; why: the sentence for people."""

    chosen: Match | None
    ranked: tuple[Match, ...]
    why: str
    notes: tuple[str, ...] = field(default=())

    def to_dict(self) -> dict[str, Any]:
        return {
            "chosen": self.chosen.to_dict() if self.chosen else None,
            "ranked": [match.to_dict() for match in self.ranked],
            "why": self.why,
            "notes": list(self.notes),
        }


def select(analysis: Analysis, *, framework: str | None = None, task: str | None = None) -> Selection:
    """Score every template against the idea.

    Args:
        framework: gradio, static, html, javascript, docker or fastapi; only templates of that kind. Default: any.
        task: a task such as text-classification or summarization, as a further wish. Default: none.

    Returns the chosen template or None, all of them ranked with reasons, and why in a sentence.
    Raises InvalidInput for a framework there are no templates for.
    """
    sdk = _sdk(framework)
    asked = " ".join(words_of(task)) if task else ""
    ranked = sorted(
        (_match(template, analysis, task=task, asked=asked) for template in templates().values() if sdk in (None, template.manifest.sdk)),
        key=lambda match: (-match.score, _WITHOUT_A_PLAN.index(match.sdk), match.id),
    )
    best = ranked[0]
    if sdk and best.score > 0 and not analysis.refusals and not analysis.needs_model:
        best = ranked[0] = Match(best.id, best.title, best.summary, best.sdk, best.score + _ASKED_FOR, (*best.reasons, f"{framework} was asked for"))
    fits = best.score >= ENOUGH and not analysis.refusals and not analysis.needs_model
    return Selection(best if fits else None, tuple(ranked), _why(analysis, ranked, fits), analysis.notes)


def _sdk(framework: str | None) -> str | None:
    if not framework or framework.lower() in ("any", "auto"):
        return None
    if framework.lower() not in FRAMEWORKS:
        raise InvalidInput(f"There is no template for the framework {framework[:40]!r} yet.", f"Choose one of: {', '.join(FRAMEWORKS)}.")
    return FRAMEWORKS[framework.lower()]


def _match(template: Template, analysis: Analysis, *, task: str | None, asked: str) -> Match:
    manifest, words = template.manifest, list(analysis.words)
    score, reasons = 0.0, []
    hits = {hit: manifest.keywords[hit] for hit in matched(manifest.keywords, words)}
    for item in (item for item in manifest.inputs if item.decides or hits):
        for choice, _, found in wanted(item, words):
            hits.update({hit: max(hits.get(hit, 0), choice.keywords[hit]) for hit in found})
    if hits:
        score += sum(hits.values())
        said = sorted((hit for hit in hits if hits[hit] > 0), key=lambda hit: -hits[hit])[:5]
        reasons += ["the idea says " + ", ".join(f"“{hit}”" for hit in said)] if said else []
    tasks = [name for name in analysis.tasks if name in manifest.tasks]
    if tasks:
        score += _TASK
        reasons.append(f"it does {' and '.join(name.replace('-', ' ') for name in tasks[:2])}")
    if task and asked in {" ".join(words_of(name)) for name in manifest.tasks}:
        score += _ASKED_FOR
        reasons.append(f"the task {task} was asked for")
    for hint in analysis.hints:
        if hint in manifest.hints:
            score += manifest.hints[hint]
            reasons.append(f"{hint} points to it" if manifest.hints[hint] > 0 else f"{hint} speaks against it")
    takes = [name for name in analysis.inputs if name in (*manifest.needs, *manifest.wants)]
    if takes:
        score += _INPUT * len(takes)
        reasons.append(f"it takes {' and '.join(takes)}")
    cannot = [name for name in analysis.inputs if name in _MEDIA and name not in (*manifest.needs, *manifest.wants)]
    if cannot and manifest.sdk == "gradio":
        score += _CANNOT_TAKE * len(cannot)
        reasons.append(f"it takes no {' or '.join(cannot)}")
    return Match(manifest.id, manifest.title, manifest.summary, manifest.sdk, round(score, 2), tuple(reasons))


def _why(analysis: Analysis, ranked: list[Match], fits: bool) -> str:
    if fits:
        best = ranked[0]
        second = next((match for match in ranked[1:] if match.score > 0), None)
        beside = f" {second.title} came second." if second else ""
        return f"{best.title} fits: {'; '.join(best.reasons)}.{beside}"
    nearest = ", ".join(match.title for match in ranked[:3])
    if analysis.refusals:
        return f"{analysis.refusals[0]}. The nearest templates are: {nearest}."
    if analysis.needs_model:
        says = analysis.needs_model[0].says
        return f"This asks for {says}, which needs an AI model; no template here uses one yet. The nearest templates are: {nearest}."
    if analysis.notes and ranked[0].score < ENOUGH:
        return f"{analysis.notes[0]} No template fits what was understood; the nearest are: {nearest}."
    known = "Nothing in the idea matches a template" if ranked[0].score <= 0 else "Too little in the idea matches a template"
    return f"{known}. The nearest are: {nearest}."
