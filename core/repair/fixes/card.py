"""README.md's front matter: there is one, the Hub accepts it, and it names what is there."""

from __future__ import annotations

import re

import yaml

from core.build import GRADIO_VERSION, Card, parse_card, write_card
from core.errors import SpacesError
from core.repair.fixes.reading import Files, Unfit
from core.repair.values import Look

README = "README.md"
_FENCED = re.compile(r"\A\ufeff?---[ \t]*\r?\n(?P<matter>.*?)^---[ \t]*(?:\r?\n|\Z)", re.DOTALL | re.MULTILINE)
_STREAMLIT = b"""FROM python:3.12-slim
WORKDIR /app
COPY . .
RUN pip install -r requirements.txt
EXPOSE 7860
CMD ["streamlit", "run", "%s", "--server.port", "7860", "--server.address", "0.0.0.0"]
"""


def write_missing_card(files: Files, look: Look) -> dict[str, bytes]:
    """A front matter for files that have none, its sdk told by what is there."""
    body = _text(files) if README in files else ""
    if _FENCED.match(body):
        raise Unfit
    sdk = sdk_of(files)
    card = Card(title="App", sdk=sdk, sdk_version=GRADIO_VERSION if sdk == "gradio" else None, app_file=_app_file(files, sdk))
    return {README: write_card(card, body)}


def set_sdk(files: Files, look: Look) -> dict[str, bytes]:
    """The sdk these files are made for; a Streamlit app gets the Dockerfile it needs."""
    values = _values(files)
    sdk, more = sdk_of(files), {}
    if values.get("sdk") == "streamlit" and "Dockerfile" not in files:
        app = next((path for path in (values.get("app_file"), "app.py", "streamlit_app.py", "main.py") if path in files), None)
        if app is None:
            raise Unfit
        sdk, more = "docker", {"Dockerfile": _STREAMLIT.replace(b"%s", app.encode()), PATH: _requirements(files, "streamlit")}
    dropped = {"sdk_version", "app_file"} if sdk != "gradio" else set()
    kept = {key: value for key, value in values.items() if key not in {"sdk", *dropped}}
    return {README: _written(files, {**kept, "sdk": sdk} | ({"app_port": 7860} if more else {})), **more}


def drop_card_key(files: Files, look: Look, *, key: str) -> dict[str, bytes]:
    """Without a key whose value the Hub refuses; a text that is too long is cut instead."""
    values = _values(files)
    if key not in values or key == "sdk":
        raise Unfit
    if key in ("short_description", "title") and isinstance(values[key], str):
        values[key] = values[key][: 60 if key == "short_description" else 200].rsplit(" ", 1)[0]
    else:
        del values[key]
    return {README: _written(files, values)}


def quote_card_values(files: Files, look: Look) -> dict[str, bytes]:
    """Quotes around values YAML cannot read, such as a title with a colon."""
    text = _text(files)
    found = _FENCED.match(text)
    if not found:
        raise Unfit
    lines = [_quoted(line.expandtabs(2)) for line in found["matter"].splitlines()]
    new = "---\n" + "\n".join(lines) + "\n---\n" + text[found.end() :]
    try:
        parse_card("\n".join(lines).encode())
    except SpacesError as error:
        if "not valid YAML" in error.message:
            raise Unfit from None
    return {README: new.encode()}


def _quoted(line: str) -> str:
    pair = re.fullmatch(r"([A-Za-z_]\w*)\s*:\s*(\S.*)", line)
    if not pair or pair[2][0] in "[{|>":
        return line
    try:
        value = yaml.safe_load(line)
        if isinstance(value, dict):
            return line
    except yaml.YAMLError:
        pass
    plain = pair[2].strip().strip("\"'").replace("\\", "\\\\").replace('"', '\\"')
    return f'{pair[1]}: "{plain}"'


def set_app_file(files: Files, look: Look, *, missing: str) -> dict[str, bytes]:
    """The file that is there in place of one that is not: of the same name in another case or folder, else the only one that can be it."""
    values = _values(files)
    sdk = values.get("sdk")
    if sdk == "docker":
        return _dockerfile(files, missing)
    ending = ".html" if sdk == "static" else ".py"
    own = [path for path in files if path.endswith(ending)]
    alike = [path for path in own if path.rsplit("/", 1)[-1].lower() == missing.rsplit("/", 1)[-1].lower()]
    known = [path for path in ("app.py", "main.py", "index.html", "demo.py", "gradio_app.py") if path in own]
    launching = [path for path in own if b".launch(" in files[path]]
    for found in (alike, known, launching, own):
        if len(found) == 1 or (found and found is known):
            return {README: _written(files, {**values, "app_file": found[0]})}
    raise Unfit


def _dockerfile(files: Files, missing: str) -> dict[str, bytes]:
    other = next((path for path in files if path.lower() == "dockerfile" and path != "Dockerfile"), None)
    if missing != "Dockerfile" or not other:
        raise Unfit
    return {"Dockerfile": files[other], other: None}  # type: ignore[dict-item]


def sdk_of(files: Files) -> str:
    """What kind of Space these files are: a Dockerfile, a Python app, or a page."""
    if "Dockerfile" in files:
        return "docker"
    if any(path.endswith(".py") for path in files):
        return "gradio"
    if any(path.endswith(".html") for path in files):
        return "static"
    raise Unfit


PATH = "requirements.txt"


def _requirements(files: Files, package: str) -> bytes:
    text = files.get(PATH, b"").decode(errors="replace")
    return (text if package in text else f"{text.rstrip()}\n{package}\n".lstrip()).encode()


def _app_file(files: Files, sdk: str) -> str | None:
    wanted = {"gradio": "app.py", "static": "index.html"}.get(sdk)
    if wanted is None or wanted in files:
        return None
    own = [path for path in files if path.endswith(".py" if sdk == "gradio" else ".html") and "/" not in path]
    return own[0] if len(own) == 1 else None


def _values(files: Files) -> dict:
    found = _FENCED.match(_text(files))
    try:
        values = yaml.safe_load(found["matter"]) if found else None
    except yaml.YAMLError:
        raise Unfit from None
    if values is None and found:
        values = {}
    if not isinstance(values, dict):
        raise Unfit
    return values


def _text(files: Files) -> str:
    try:
        return files.get(README, b"").decode("utf-8-sig")
    except UnicodeDecodeError:
        raise Unfit from None


def _written(files: Files, values: dict) -> bytes:
    text = _text(files)
    found = _FENCED.match(text)
    block = yaml.safe_dump(values, sort_keys=False, allow_unicode=True, width=1000)
    return f"---\n{block}---\n{text[found.end() :] if found else text}".encode()


FIXES = (write_missing_card, set_sdk, drop_card_key, quote_card_values, set_app_file)
