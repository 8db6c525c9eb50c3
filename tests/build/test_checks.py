"""Preflight: what would keep files from becoming a running Space."""

import pytest

from core.build import preflight, undeclared

CARD = b"---\ntitle: x\nsdk: gradio\nsdk_version: 6.31.0\napp_file: app.py\n---\n"
GOOD = {"README.md": CARD, "app.py": b"print(1)\n", "requirements.txt": b"# nothing\npandas>=2 # why\nuvicorn[standard]==0.30; python_version > '3.8'\n-r more.txt\nhttps://example.org/x.whl\n"}


def test_a_good_project_has_no_findings():
    assert preflight(GOOD) == []


@pytest.mark.parametrize(
    ("changes", "path", "line", "words"),
    [
        ({"app.py": b"x = 1\ndef f(:\n"}, "app.py", 2, "syntax"),
        ({"app.py": b"def f():\n    return await g()\n"}, "app.py", 2, "await"),
        ({"app.py": b"a\0b"}, "app.py", 0, "null"),
        ({"app.py": b"print('\xff')"}, "app.py", 0, ""),
        ({"app.py": None}, "app.py", 0, "no such file"),
        ({"README.md": None}, "README.md", 0, "no README.md"),
        ({"README.md": b"# x"}, "README.md", 1, "front matter"),
        ({"README.md": b"---\ntitle: x\n---\n"}, "README.md", 2, "sdk"),
        ({"README.md": b"---\nsdk: streamlit\n---\n"}, "README.md", 2, "sdk"),
        ({"README.md": b"---\nsdk: docker\n---\n"}, "Dockerfile", 0, "Dockerfile"),
        ({"README.md": b"---\nsdk: static\n---\n"}, "index.html", 0, "index.html"),
        ({"config.py": b"\n\nTOKEN = 'hf_" + b"a" * 34 + b"'\n"}, "config.py", 3, "Hugging Face token"),
        ({"notes.txt": b"key sk-" + b"A1" * 20}, "notes.txt", 1, "API key"),
        ({"id": b"-----BEGIN RSA PRIVATE KEY-----\n"}, "id", 1, "private key"),
        ({"requirements.txt": b"pandas\nthis is not one\n"}, "requirements.txt", 2, "not a requirement"),
        ({"../x": b""}, "../x", 0, "outside"),
        ({"App.py": b""}, "App.py", 0, "one file"),
        ({"big.bin": b"0" * 10_000_001}, "big.bin", 0, "10 MB"),
    ],
)
def test_each_defect_is_found_where_it_is(changes, path, line, words):
    files = {name: data for name, data in {**GOOD, **changes}.items() if data is not None}
    findings = preflight(files)
    found = [one for one in findings if one.path == path]
    assert found, findings
    assert found[0].severity == "error" and found[0].fix
    assert words.lower() in found[0].message.lower()
    assert found[0].line == line or (line == 0 and found[0].line <= 1)


def test_a_package_the_sdk_brings_is_a_warning():
    (finding,) = preflight({**GOOD, "requirements.txt": b"Gradio==5.0\n"})
    assert (finding.severity, finding.line) == ("warning", 1)


def test_the_credential_itself_is_not_repeated():
    secret = "hf_" + "q" * 34
    assert secret not in str(preflight({**GOOD, "x.py": f"T = '{secret}'".encode()}))


def test_a_python_file_is_compiled_and_never_run(tmp_path):
    mark = tmp_path / "ran"
    assert preflight({**GOOD, "app.py": f"open({str(mark)!r}, 'w')\n".encode()}) == []
    assert not mark.exists()


DOCKER = {"README.md": b"---\nsdk: docker\n---\n", "main.py": b""}
OTHER_PORT = {"README.md": b"---\nsdk: docker\napp_port: 8000\n---\n"}


@pytest.mark.parametrize(
    "dockerfile, more, found",
    [
        ('EXPOSE 7860\nCMD ["uvicorn", "main:app", "--host", "0.0.0.0", "--port", "7860"]', {}, []),
        ('CMD ["uvicorn", "main:app", "--host", "127.0.0.1", "--port", "7860"]', {}, [("error", 2, "listens on 127.0.0.1")]),
        ("CMD gunicorn -b localhost:7860 main:app", {}, [("error", 2, "listens on localhost:7860")]),
        ("CMD uvicorn main:app --host=0.0.0.0 --port=8000", {}, [("warning", 2, "listens at port 8000, and the Hub asks at 7860")]),
        ("CMD uvicorn main:app --host=0.0.0.0 --port=8000", OTHER_PORT, []),
        ("CMD uvicorn main:app --host 0.0.0.0 --port 7860", OTHER_PORT, [("warning", 2, "listens at port 7860, and the Hub asks at 8000")]),
        ('EXPOSE 8501\nCMD ["python", "main.py"]', {}, [("warning", 0, "exposes 8501, and the Hub asks at 7860")]),
        ('EXPOSE 8000/tcp 7860\nCMD ["python", "main.py"]', {}, []),
        ("CMD uvicorn main:app --port ${PORT:-7860}", {}, []),
        ("CMD uvicorn main:app --host 127.0.0.1 --port 8000 & nginx", {}, []),
        ('ENTRYPOINT ["uvicorn", "main:app"]\nCMD ["--host", "127.0.0.1"]', {}, [("error", 3, "listens on 127.0.0.1")]),
    ],
)
def test_a_docker_space_listens_where_the_hub_asks(dockerfile, more, found):
    told = preflight({**DOCKER, "Dockerfile": f"FROM python:3.12\n{dockerfile}\n".encode(), **more})
    assert [(one.severity, one.line if line else 0, words in one.message) for one, (_, line, words) in zip(told, found, strict=True)] == [(kind, line, True) for kind, line, _ in found]


def name_of(module):
    return {"cv2": "opencv-python-headless"}.get(module, module)


@pytest.mark.parametrize(
    "app, requirements, missing",
    [
        ("import gradio as gr, numpy, pandas as pd\nfrom PIL import Image\nimport json, httpx\n", "", []),
        ("import os\nimport matplotlib.pyplot as plt\n", "", [("app.py", 2, "matplotlib")]),
        ("import cv2\nfrom absent_package.sub import x\n", "absent-package>=1\n", [("app.py", 1, "opencv-python-headless")]),
        ("try:\n    import torch\nexcept ImportError:\n    torch = None\nimport tools, parts.more\nfrom . import x\n", "", []),
        ("import matplotlib\n", "-r more.txt\n", []),
        ("def late():\n    import seaborn\n", "# seaborn\n", [("app.py", 2, "seaborn")]),
    ],
)
def test_what_is_imported_and_not_installed_is_told(app, requirements, missing):
    files = {"README.md": CARD, "app.py": app.encode(), "tools.py": b"", "parts/more.py": b"", "requirements.txt": requirements.encode()}
    told = undeclared(files, name_of)
    assert [(one.path, one.line, one.message) for one in told] == [(path, line, f"Imported, not in requirements.txt: {name}.") for path, line, name in missing]
    assert undeclared({**files, "README.md": DOCKER["README.md"]}, name_of) == []
