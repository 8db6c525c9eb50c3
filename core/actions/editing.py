"""Make projects from files, and change files by search and replace: what a model writes, checked before it counts."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict

from core.actions.projects import announce, open_project, summary
from core.build import GRADIO_VERSION, Card, Edit, Finding, Project, apply_edits, check_syntax, preflight, read_card, undeclared, write_card
from core.errors import InvalidInput, SpacesError
from core.hub import space_files, whoami
from core.registry import Call, action
from core.repair import package_of

_LONGEST_DIFF = 20_000
# What a card says when nobody wrote one: emoji, and the two colours the Hub wants.
_FACES = {"gradio": ("🚀", "indigo", "blue"), "static": ("📄", "blue", "green"), "docker": ("🐳", "blue", "indigo")}


class FileEdit(BaseModel):
    """One search-and-replace. Other houses call the two texts old and new."""

    model_config = ConfigDict(extra="forbid")

    path: str
    search: str
    replace: str
    all: bool = False


def _named_otherwise(value: Any) -> Any:
    if not isinstance(value, Mapping):
        return value
    names = {"old": "search", "old_str": "search", "old_string": "search", "new": "replace", "new_str": "replace", "new_string": "replace",
             "file": "path", "file_path": "path", "replace_all": "all"}  # fmt: skip
    return {names.get(key, key): one for key, one in value.items()}


@action(risk="write", title="Edit files", open_world=False)
async def project_edit(
    call: Call, project: str, edits: list[Annotated[FileEdit, BeforeValidator(_named_otherwise)]], message: str = "", base: str = ""
) -> dict:
    """Change files by search and replace: all edits in one change that undo takes back, or none.

    The search text must stand in the file once; blanks at line ends, quotes, line ends and a shifted indentation are forgiven.

    Args:
        project: the project's id.
        edits: 1 to 100 of `{path, search, replace, all}`, made in this order; search is copied from the file, with enough
            lines around it to stand there once; all (default false) replaces every place; an empty search makes a new file.
        message: what the change is for, at most 200 characters.
        base: the revision the search texts were read at; a file changed since then is `outdated`. Empty takes the newest.

    Returns `{project, revision, changed, applied: [{path, line, how, places}], warnings: [{path, line, message, fix}], diff}`;
    warnings tell what would keep the app from starting, diff is unified, at most 20,000 characters. Raises invalid_input with `details.edits`: each
    edit that could not be made, the lines of several matches, or the nearest block and what differs.
    """
    found = await open_project(call, project)
    before = found.revision
    wanted = [Edit(one.path, one.search, one.replace, one.all) for one in edits]
    made = await asyncio.to_thread(lambda: apply_edits(_read(found, before, wanted), wanted))
    title = message.strip()[:200] or f"Edit {', '.join(list(made.changes)[:3])}{' …' if len(made.changes) > 3 else ''}"
    revision = await asyncio.to_thread(found.write, made.changes, title, base=base or before) if made.changes else before
    changed = await announce(call, found, before, revision)
    patches = [one.patch for one in await asyncio.to_thread(found.diff, before, revision)] if changed else []
    return {
        "project": project,
        "revision": revision,
        "changed": changed,
        "applied": [one.to_dict() for one in made.applied],
        "warnings": await warnings_of(found, made.changes),
        "diff": "".join(patches)[:_LONGEST_DIFF],
    }


@action(risk="write", title="Create a project", open_world=False)
async def project_create(call: Call, title: str, files: dict[str, str], sdk: Literal["gradio", "static", "docker"] | None = None) -> dict:
    """Make a project from whole files; where README.md lacks the card the Hub needs, it is written.

    Args:
        title: what people call the app, up to 100 characters.
        files: path → the whole text: app.py and requirements.txt for gradio, index.html for static, Dockerfile and the
            rest for docker; at most 2000 files, 10 MB each, 50 MB together.
        sdk: gradio, static or docker; told from the card or the files when left out.

    Returns `{project, title, sdk, revision, files, written, warnings: [{path, line, message, fix}]}`; written are files made or
    changed here, README.md with its card; warnings tell what would keep the app from starting. Raises invalid_input for a path that is not safe, too_large, conflict with 50 projects already.
    """
    data = _encoded(files)
    kind = sdk or _sdk_of(data)
    given, data = data, _with_card(data, title, kind)
    made = await asyncio.to_thread(
        lambda: call.house.projects.create(call.caller.id, title=title, files=data, sdk=kind, message=f"Create {title.strip()[:100]}")
    )
    return await _made(made, data) | {"written": [path for path in data if data[path] != given.get(path)]}


@action(risk="write", title="Start from a Space")
async def project_from_space(call: Call, repo: str, title: str = "") -> dict:
    """Make a project from the files of a Space, to look at it here or to make it better; the Space itself is not touched.

    Args:
        repo: owner/name of a Space that can be read.
        title: what to call the project; the Space's own title when empty.

    Returns `{project, title, sdk, revision, files, warnings, repo, left_out: [{path, size, why}]}`; left_out are files too
    large for a project. A deploy goes back to the Space where it is the caller's own, else to one of their own; keep to its licence.
    """
    found = await space_files(call.house.hub, call.caller, repo.strip())
    try:
        card = read_card(found.files)
    except InvalidInput:
        card = None  # told among the warnings, with its line
    name = title.strip() or (card and card.title) or repo.rpartition("/")[2]
    kind = card.sdk if card else None
    made = await asyncio.to_thread(
        lambda: call.house.projects.create(call.caller.id, title=name, files=found.files, sdk=kind, message=f"Copy of {repo.strip()}")
    )
    if await _is_own(call, repo.strip()):
        await asyncio.to_thread(made.set_space, repo.strip())
    return await _made(made, found.files) | {"repo": repo.strip(), "left_out": list(found.left_out)}


async def _is_own(call: Call, repo: str) -> bool:
    """Whether the caller may write to this Space; no where that cannot be known."""
    if call.caller.token is None:
        return False
    try:
        account, namespace = await whoami(call.house.hub, call.caller), repo.split("/")[0]
    except SpacesError:
        return False
    mine = namespace.lower() == account.name.lower() or account.organization(namespace) is not None
    return mine and account.can_write(namespace) is not False


def _read(project: Project, revision: str, edits: Sequence[Edit]) -> dict[str, bytes]:
    """Every file's name, and the content of those that are edited."""
    wanted = {edit.path for edit in edits}
    whole = project.snapshot(revision)
    return {path: data if path in wanted else b"" for path, data in whole.items()}


async def _made(project: Project, files: Mapping[str, bytes]) -> dict[str, Any]:
    findings = await asyncio.to_thread(_findings, files, files)
    facts = summary(project)
    return {
        "project": project.id,
        "title": project.title,
        "sdk": facts["sdk"],
        "revision": facts["revision"],
        "files": {path: len(data) for path, data in sorted(files.items())},
        "warnings": _told(findings),
    }


async def warnings_of(project: Project, changes: Mapping[str, bytes | None]) -> list[dict[str, Any]]:
    """What would keep the app from starting, as far as these changed files have a part in it."""
    changed = {path: data for path, data in changes.items() if data is not None}
    if not changed:
        return []
    return _told(await asyncio.to_thread(lambda: _findings(project.snapshot(), changed)))


def _findings(files: Mapping[str, bytes], changed: Mapping[str, bytes]) -> list[Finding]:
    """Those about changed files; what the Dockerfile and the card say of one port belongs to both, an import to requirements.txt too."""
    concerned = set(changed) | ({"Dockerfile"} if "README.md" in changed else set())
    found = [one for one in preflight(files) if one.path in concerned or changed is files]
    found += [one for one in check_syntax(changed) if not one.path.endswith(".py")]
    return found + [one for one in undeclared(files, package_of) if one.path in changed or "requirements.txt" in changed]


def _told(findings: Sequence[Finding]) -> list[dict[str, Any]]:
    return [{"path": one.path, "line": one.line, "message": one.message, "fix": one.fix} for one in findings]


def _encoded(files: Mapping[str, str]) -> dict[str, bytes]:
    try:
        return {path: text.encode() for path, text in files.items()}
    except UnicodeEncodeError:
        raise InvalidInput("The text holds half of a surrogate pair, which no file can hold.", "Send valid Unicode.") from None


def _sdk_of(files: Mapping[str, bytes]) -> Literal["gradio", "static", "docker"]:
    try:
        card = read_card(files)
    except InvalidInput:
        card = None
    if card and card.sdk:
        return card.sdk
    if "Dockerfile" in files:
        return "docker"
    if "app.py" in files:
        return "gradio"
    if "index.html" in files:
        return "static"
    raise InvalidInput("These files do not tell what kind of app this is.", "Add app.py, index.html or a Dockerfile, or name the sdk.")


def _with_card(files: dict[str, bytes], title: str, sdk: Literal["gradio", "static", "docker"]) -> dict[str, bytes]:
    """The files with a card that names the sdk; what a card says already stays, and a broken one is left for the warnings."""
    body = files.get("README.md", b"")
    try:
        card = read_card(files)
    except InvalidInput:
        return files
    if card and card.sdk:
        return files
    emoji, first, second = _FACES[sdk]
    given = card.front_matter() if card else {}
    facts = {"title": " ".join(title.split())[:100] or "Untitled", "emoji": emoji, "colorFrom": first, "colorTo": second, "sdk": sdk}
    facts |= {"sdk_version": GRADIO_VERSION} if sdk == "gradio" else {"app_port": 7860} if sdk == "docker" else {}
    return files | {"README.md": write_card(Card.model_validate(facts | given), body)}
