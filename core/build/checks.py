"""What would go wrong on the Hub, found before anything is sent there."""

from __future__ import annotations

import ast
import re
import warnings
from collections.abc import Iterator, Mapping

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from core.build.card import Card, read_card
from core.build.finding import Finding
from core.build.limits import FILE_BYTES, PROJECT_BYTES
from core.build.paths import check_path, check_set
from core.build.serving import serving_findings
from core.errors import InvalidInput


# The issuer's own prefixes; long enough that prose about them does not match.
_CREDENTIALS = {
    "a Hugging Face token": re.compile(rb"\bhf_[A-Za-z0-9]{20,}"),
    "an API key": re.compile(rb"\bsk-[A-Za-z0-9_-]{20,}"),
    "a GitHub token": re.compile(rb"\b(?:gh[pousr]_[A-Za-z0-9]{30,}|github_pat_[A-Za-z0-9_]{30,})"),
    "an AWS access key": re.compile(rb"\b(?:AKIA|ASIA)[A-Z0-9]{16}\b"),
    "a Google API key": re.compile(rb"\bAIza[A-Za-z0-9_-]{35}\b"),
    "a Slack token": re.compile(rb"\bxox[abpr]-[A-Za-z0-9-]{10,}"),
    "a private key": re.compile(rb"-----BEGIN (?:[A-Z]+ )*PRIVATE KEY-----"),
}
_SCANNED_BYTES = 2_000_000
_BY_THE_SDK = {"gradio", "gradio-client", "huggingface-hub", "spaces"}


def preflight(files: Mapping[str, bytes]) -> list[Finding]:
    """Everything that would keep these files from becoming a running Space, errors first.

    Args:
        files: the whole project, path to content.

    Returns a list of `Finding(path, line, message, fix, severity)`; empty when all is well. Raises nothing.
    """
    findings = [*_paths(files), *_sizes(files)]
    card, trouble = _card(files)
    findings += trouble
    if card:
        findings += [*_application(files, card), *serving_findings(files, card)]
    for path, data in files.items():
        if path.endswith(".py"):
            findings += python_findings(path, data)
        findings += find_credentials(path, data)
    findings += _requirements(files, card)
    return sorted(findings, key=lambda finding: (finding.severity != "error", finding.path, finding.line))


def _paths(files: Mapping[str, bytes]) -> Iterator[Finding]:
    wrong = False
    for path in files:
        try:
            check_path(path)
        except InvalidInput as error:
            wrong = True
            yield Finding(error.details.get("path", ""), 0, error.message, error.fix)
    if not wrong:
        try:
            check_set(files)
        except InvalidInput as error:
            yield Finding(error.details.get("path", ""), 0, error.message, error.fix)


def _sizes(files: Mapping[str, bytes]) -> Iterator[Finding]:
    for path, data in files.items():
        if len(data) > FILE_BYTES:
            yield Finding(
                path, 0,
                f"{path} is larger than {FILE_BYTES // 1_000_000} MB.",
                "Put it in a dataset or model repository.",
            )
    if sum(map(len, files.values())) > PROJECT_BYTES:
        yield Finding(
            "", 0,
            f"The project is larger than {PROJECT_BYTES // 1_000_000} MB.",
            "Put the data in a dataset repository.",
        )


def _card(files: Mapping[str, bytes]) -> tuple[Card | None, list[Finding]]:
    if "README.md" not in files:
        message = "There is no README.md, so the Hub does not know how to run this."
        return None, [Finding("README.md", 0, message, "Add one with `sdk:` in its front matter.")]
    try:
        card = read_card(files)
    except InvalidInput as error:
        return None, [Finding("README.md", error.details.get("line", 1), error.message, error.fix)]
    if card is None:
        return None, [Finding("README.md", 1, "README.md has no front matter.", "Begin it with a --- block that holds `sdk:`.")]
    if card.sdk is None:
        return card, [Finding("README.md", 2, "The front matter does not name an sdk.", "Add `sdk: gradio`, `sdk: static` or `sdk: docker`.")]
    return card, []


def _application(files: Mapping[str, bytes], card: Card) -> Iterator[Finding]:
    if card.sdk is None or card.app_build_command:
        return
    needed = "Dockerfile" if card.sdk == "docker" else card.runs
    if needed not in files:
        yield Finding(
            needed, 0,
            f"The {card.sdk} Space starts with {needed}, and there is no such file.",
            f"Add {needed} or change app_file in README.md.",
        )


def python_findings(path: str, data: bytes) -> Iterator[Finding]:
    """What keeps Python from compiling this file."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            compile(data, path, "exec", flags=ast.PyCF_ONLY_AST, dont_inherit=True)
            compile(data, path, "exec", dont_inherit=True)
    except SyntaxError as error:
        yield Finding(
            path, error.lineno or 0,
            f"{path} line {error.lineno or 0}: {error.msg}.",
            "Correct the syntax of that line.",
        )
    except (ValueError, RecursionError, MemoryError, OverflowError) as error:
        yield Finding(path, 0, f"{path} is not Python source ({type(error).__name__}).", "Save it as UTF-8 text.")


def find_credentials(path: str, data: bytes) -> Iterator[Finding]:
    """What in this file is shaped like a key that must not be published."""
    for what, shape in _CREDENTIALS.items():
        match = shape.search(data, 0, _SCANNED_BYTES)
        if match:
            line = data.count(b"\n", 0, match.start()) + 1
            yield Finding(
                path, line,
                f"{path} line {line} holds what looks like {what}.",
                "Remove it and set it as a secret of the Space; if it was ever published, revoke it.",
            )


def _requirements(files: Mapping[str, bytes], card: Card | None) -> Iterator[Finding]:
    path = "requirements.txt"
    lines = files.get(path, b"").decode(errors="replace").removeprefix("\ufeff").splitlines()
    for number, raw in enumerate(lines, start=1):
        line = re.sub(r"(^|\s)#.*$", "", raw).strip()
        # Options, URLs and paths are pip's own language; only plain requirements are read here.
        if not line or line.startswith(("-", ".", "/", "git+", "http://", "https://")):
            continue
        try:
            name = canonicalize_name(Requirement(line.split(" --")[0].strip()).name)
        except InvalidRequirement:
            yield Finding(
                path, number,
                f"{path} line {number} is not a requirement: {line[:80]!r}.",
                "Write it like `package==1.2.3`.",
            )
            continue
        if card and card.sdk == "gradio" and name in _BY_THE_SDK:
            yield Finding(
                path, number,
                f"{path} line {number}: {name} comes with the gradio SDK.",
                "Remove the line; sdk_version in README.md decides.",
                "warning",
            )
