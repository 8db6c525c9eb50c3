"""Each known error in a real project: broken, mended by its rule, verified by looking again."""

import pytest

from core.preview import read_dockerfile
from core.repair import Look, fixes, rules
from tests.repair.broken import DOCKER, TABLE, Broken
from tests.repair.looking import index, look_at

FLASKLESS = "from fastapi import FastAPI\n\nserver = FastAPI()\n"
DOCKERFILE = 'FROM python:3.12\nCOPY . .\nCMD ["uvicorn", "app:app", "--host", "127.0.0.1", "--port", "8000"]\n'

# What only a log tells, as uvicorn, Gradio and FastAPI word it: the words, the rule, the files, what they must hold then.
LOGS = [
    ("The app did not start to serve within 90 seconds.", "address", {"Dockerfile": DOCKERFILE, "main.py": FLASKLESS}, "Dockerfile", '"--host", "0.0.0.0", "--port", "7860"'),
    ("OSError: [Errno 98] Address already in use", "address", {"main.py": "import uvicorn\nuvicorn.run(app, host='127.0.0.1', port=9000)\n"}, "main.py", "host=\"0.0.0.0\", port=7860"),
    ("OSError: Cannot find empty port in range: 8080-8080.", "port", {"app.py": "demo.launch(share=True, server_port=8080, debug=True)\n"}, "app.py", "demo.launch(debug=True)"),
    ('RuntimeError: Form data requires "python-multipart" to be installed.', "undeclared-package", {"requirements.txt": "fastapi\n", "main.py": ""}, "requirements.txt", "fastapi\npython-multipart\n"),
    ("ModuleNotFoundError: No module named 'flask'", "uninstalled", {"requirements.txt": "flask\n", "main.py": "", "Dockerfile": "FROM python:3.12\nCOPY . .\nCMD python main.py\n"}, "Dockerfile", "RUN pip install --no-cache-dir -r requirements.txt\nCMD"),
    ("python: can't open file '/app/main.py': [Errno 2] No such file or directory", "script", {"server.py": "", "Dockerfile": "FROM python:3.12\nCOPY . .\nCMD python main.py\n"}, "Dockerfile", 'CMD ["python", "server.py"]'),
    ('ERROR:    Error loading ASGI app. Could not import module "app".', "asgi-target", {"main.py": FLASKLESS, "Dockerfile": DOCKERFILE}, "Dockerfile", '"main:server"'),
    ("The app ended without starting a server.", "no-launch", {"main.py": FLASKLESS}, "main.py", 'uvicorn.run(server, host="0.0.0.0", port=7860)'),
    ("The app ended without starting a server.", "no-launch", {"app.py": "import streamlit as st\n", "Dockerfile": 'FROM python:3.12\nCMD ["python", "app.py"]\n'}, "Dockerfile", '"streamlit", "run", "app.py"'),
    ("The app ended without starting a server.", "no-launch", {"app.py": "import gradio as gr\n\ndef main():\n    gr.Blocks().launch()\n"}, "app.py", 'if __name__ == "__main__":\n    main()'),
    ("The app ended without starting a server.", "no-launch", {"app.py": "import gradio as gr\n\ndemo = gr.Blocks()\nif __name__ == 'main':\n    demo.launch()\n"}, "app.py", 'if __name__ == "__main__":'),
    ("AttributeError: module 'json' has no attribute 'lods'. Did you mean: 'loads'?", "suggested-attribute", {"app.py": "import json as j\n\nX = j.lods('1')\n"}, "app.py", "X = j.loads('1')"),
    ("The Dockerfile's command listens on 127.0.0.1, where the Hub cannot reach it.", "loopback", {"Dockerfile": DOCKERFILE, "main.py": FLASKLESS}, "Dockerfile", '"--host", "0.0.0.0"'),
]  # fmt: skip
# Proven with a browser in tests/actions/test_repairing.py.
IN_A_BROWSER = {"reference", "too-early"}


@pytest.fixture(scope="module")
def packages():
    with index() as address:
        yield address


def files_after(look: Look, files: dict[str, bytes], rule: str) -> dict[str, bytes]:
    found = {fix.rule: fix for fix in fixes(rules(), look, files)}
    assert rule in found, f"known here: {list(found)}; the error is {look.error!r} {look.log[-3:]}"
    changed = {**files, **found[rule].changes}
    return {path: data for path, data in changed.items() if data is not None}


@pytest.mark.parametrize("broken", TABLE, ids=lambda broken: f"{broken.rule}-{list(broken.files)[-1]}")
def test_a_known_error_is_mended(broken: Broken, packages, tmp_path):
    files = broken.bytes
    for attempt in range(4):  # several of the same kind in one project are mended one after the other
        look = look_at(files, tmp_path / str(attempt), packages)
        assert look.ok is (attempt > 0) or attempt, "the project is not broken"
        if look.ok:
            break
        files = files_after(look, files, broken.rule)
    assert look.ok, look
    for path, piece in broken.holds.items():
        assert piece in files[path].decode()
    for path, piece in broken.lacks.items():
        assert piece not in files[path].decode()


@pytest.mark.parametrize("words, rule, files, path, piece", LOGS, ids=[row[1] for row in LOGS])
def test_what_a_log_tells_is_mended(words, rule, files, path, piece):
    given = {"README.md": DOCKER.encode(), **{name: text.encode() for name, text in files.items()}}
    after = files_after(Look("start", False, words, log=(words,)), given, rule)
    assert piece in after[path].decode()
    if "Dockerfile" in after:
        assert read_dockerfile({**after, "app.py": b"", "main.py": b""}).entry


def test_every_rule_is_proven():
    proven = {broken.rule for broken in TABLE} | {row[1] for row in LOGS} | IN_A_BROWSER
    assert proven == {rule.id for rule in rules()}
    assert len(rules()) >= 25


def test_the_ids_are_different():
    ids = [rule.id for rule in rules()]
    assert len(ids) == len(set(ids))


@pytest.mark.parametrize(
    "error, files",
    [
        ("NameError: name 'customers' is not defined", {"app.py": "print(customers)\n"}),
        ("ModuleNotFoundError: No module named 'os.pth'", {"app.py": "import os.pth\n"}),
        ("ValueError: the numbers do not fit", {"app.py": "raise ValueError\n"}),
        ("app.py line 1: invalid syntax.", {"app.py": "x = = 1\n"}),
        ("app.py line 1: '(' was never closed.", {"app.py": "f((1 2\n"}),
        ("TypeError: mine() got an unexpected keyword argument 'size'", {"app.py": "def mine(): pass\nmine(size=1)\n"}),
    ],
)
def test_what_nobody_can_know_is_left_to_a_model(error, files):
    given = {"README.md": b"---\nsdk: gradio\n---\n", **{path: text.encode() for path, text in files.items()}}
    assert fixes(rules(), Look("start", False, error, "app.py", 1), given) == []


def test_a_fix_never_makes_python_worse():
    """A rule whose words match a sound program changes nothing of it, or leaves it sound."""
    sound = b"import gradio as gr\n\ndemo = gr.Interface(str, 'text', 'text')\ndemo.launch()\n"
    files = {"README.md": b"---\nsdk: gradio\n---\n", "app.py": sound}
    for words in ("invalid syntax", "unexpected indent", "expected ':'", "was never closed", "inconsistent use of tabs", "name 'true' is not defined"):
        for fix in fixes(rules(), Look("start", False, words, "app.py", 3), files):
            compile(fix.changes["app.py"], "app.py", "exec")
