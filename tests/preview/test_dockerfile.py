"""Which Dockerfiles run here, and what they come to."""

import pytest

from core.errors import InvalidInput
from core.preview import read_dockerfile
from core.box.engine import Entry

TEMPLATE = b"""# a comment
FROM python:3.12-slim

RUN useradd -m -u 1000 user
USER user
ENV HOME=/home/user \\
    PATH=/home/user/.local/bin:$PATH \\
    MODEL="tiny one"
WORKDIR $HOME/app
COPY --chown=user ./requirements.txt requirements.txt
RUN pip install --no-cache-dir --upgrade pip && \\
    pip install --no-cache-dir -r requirements.txt "httpx>=0.27"
COPY --chown=user . $HOME/app
EXPOSE 7860
CMD ["uvicorn", "main:app", "--host", "0.0.0.0", "--port", "7860"]
"""


def recipe(text, **files):
    return read_dockerfile({"Dockerfile": text.encode() if isinstance(text, str) else text, **files})


def test_the_kind_the_hubs_own_guide_shows():
    found = recipe(TEMPLATE, **{"requirements.txt": b"fastapi", "main.py": b""})
    assert found.entry == Entry(module="uvicorn", arguments=("main:app", "--host", "0.0.0.0", "--port", "7860"))
    assert (found.directory, found.requirement_files, found.requirements) == ("", ("requirements.txt",), ("httpx>=0.27",))
    assert found.env == {"MODEL": "tiny one"}


@pytest.mark.parametrize(
    "command, entry",
    [
        ('["python", "app.py"]', Entry(script="app.py")),
        ("python3 -u server.py --port 7860", Entry(script="server.py", arguments=("--port", "7860"))),
        ("exec python -m http.server 7860", Entry(module="http.server", arguments=("7860",))),
        ("uvicorn main:app --port ${PORT:-7860}", Entry(module="uvicorn", arguments=("main:app", "--port", "7860"))),
        ('["sh", "-c", "uvicorn main:app --port $PORT"]', Entry(module="uvicorn", arguments=("main:app", "--port", "7860"))),
        ("./prepare && python app.py", Entry(command=("sh", "-c", "./prepare && python app.py"))),
        ("cd . && exec ./serve $PORT", Entry(command=("sh", "-c", "cd . && exec ./serve $PORT"))),
        ('["./serve", "now"]', Entry(command=("./serve", "now"))),
    ],
)
def test_commands(command, entry):
    assert recipe(f"FROM python:3.12\nCOPY . .\nCMD {command}").entry == entry


def test_an_entrypoint_and_its_arguments():
    found = recipe('FROM python\nCOPY . .\nENTRYPOINT ["python"]\nCMD ["app.py", "x"]')
    assert found.entry == Entry(script="app.py", arguments=("x",))


def test_a_folder_of_the_project_as_working_directory():
    files = {"backend/main.py": b"", "backend/requirements.txt": b"x"}
    found = recipe("FROM python\nWORKDIR /code\nCOPY backend/ /code\nRUN pip install -r requirements.txt\nCMD python main.py", **files)
    assert (found.directory, found.requirement_files) == ("backend", ("backend/requirements.txt",))
    found = recipe("FROM python\nCOPY . /srv\nWORKDIR /srv/backend\nCMD python main.py", **files)
    assert found.directory == "backend"


@pytest.mark.parametrize(
    "text, said",
    [
        ("FROM node:20\nCMD node x.js", "'node:20'"),
        ("FROM python AS a\nFROM python\nCMD python x.py", "several stages"),
        ("FROM python\nRUN apt-get update\nCMD python x.py", "apt-get update"),
        ("FROM python\nCOPY . .", "no CMD"),
        ("CMD python x.py", "no FROM"),
        ("FROM python\nONBUILD RUN x\nCMD x", "ONBUILD"),
        ("FROM python\nCOPY --from=build /x /y\nCMD x", "another stage"),
        ("FROM python\nRUN pip install -r missing.txt\nCMD x", "missing.txt"),
        ("FROM python\nCOPY a.py /elsewhere/b.py\nCMD x", "away from its place"),
        ('FROM python\nCMD ["python", 1]', "JSON list"),
        ("FROM python\nRUN <<EOF\nCMD x", "cannot be followed"),
        ("FROM python\nCMD", "CMD is empty"),
        ("FROM python\nCMD python 'x", "quotation"),
        ("", "no FROM"),
    ],
)
def test_what_cannot_be_followed_is_named(text, said):
    with pytest.raises(InvalidInput, match=said):
        recipe(text, **{"a.py": b"", "x.py": b""})


def test_a_docker_space_without_a_dockerfile():
    with pytest.raises(InvalidInput, match="needs a file called Dockerfile"):
        read_dockerfile({"app.py": b""})
