"""Broken projects, a row for each known error: the files, the rule that knows it, and what the mended files must hold."""

from __future__ import annotations

from dataclasses import dataclass, field

CARD = "---\ntitle: An app\nsdk: gradio\n---\n"
STATIC = "---\nsdk: static\n---\n"
DOCKER = "---\nsdk: docker\n---\n"
APP = "import gradio as gr\n\ndemo = gr.Interface(str, 'text', 'text')\n"


@dataclass(frozen=True)
class Broken:
    """rule: what mends it. files: the project. holds: path → a piece of its text afterwards; lacks: what is gone."""

    rule: str
    files: dict[str, str | bytes]
    holds: dict[str, str] = field(default_factory=dict)
    lacks: dict[str, str] = field(default_factory=dict)

    @property
    def bytes(self) -> dict[str, bytes]:
        return {path: text if isinstance(text, bytes) else text.encode() for path, text in self.files.items()}


def app(rule: str, text: str | bytes, holds: str = "", lacks: str = "", **more: str | bytes) -> Broken:
    """A Gradio Space of one file."""
    named = {path.replace("__", "/").replace("_dot_", "."): data for path, data in more.items()}
    return Broken(rule, {"README.md": CARD, "app.py": text, **named}, {"app.py": holds} if holds else {}, {"app.py": lacks} if lacks else {})


def gr(rule: str, line: str, holds: str = "", lacks: str = "") -> Broken:
    """A program of one line that uses Gradio."""
    return app(rule, f"import gradio as gr\nimport numpy as np\n\n{line}\n", holds, lacks)


# Seen before anything runs, or by importing the program.
TABLE = [
    Broken("no-card", {"app.py": APP}, {"README.md": "sdk: gradio"}),
    Broken("no-card", {"README.md": "# Only words\n", "index.html": "<h1>Hello</h1>"}, {"README.md": "sdk: static"}),
    Broken("no-sdk", {"README.md": "---\ntitle: x\n---\nWords\n", "app.py": APP}, {"README.md": "Words"}),
    Broken("unknown-sdk", {"README.md": "---\nsdk: nodejs\n---\n", "index.html": "<h1>Hello</h1>"}, {"README.md": "sdk: static"}),
    Broken("unknown-sdk", {"README.md": "---\nsdk: streamlit\nsdk_version: 1.30.0\napp_file: app.py\n---\n", "app.py": "import json\n"},
           {"README.md": "sdk: docker", "Dockerfile": '"streamlit", "run", "app.py"', "requirements.txt": "streamlit"}),
    Broken("card-yaml", {"README.md": "---\ntitle: Notes: the app\nsdk: gradio\n---\n", "app.py": APP}, {"README.md": 'title: "Notes: the app"'}),
    Broken("card-key", {"README.md": "---\nsdk: gradio\ncolorFrom: orange\n---\n", "app.py": APP}, {"README.md": "sdk: gradio"}, {"README.md": "orange"}),
    Broken("card-key", {"README.md": "---\nsdk: gradio\nshort_description: " + "a word " * 20 + "\n---\n", "app.py": APP}, {"README.md": "short_description: a word"}),
    Broken("app-port", {"README.md": "---\nsdk: gradio\napp_port: 7860\n---\n", "app.py": APP}, {}, {"README.md": "app_port"}),
    Broken("app-file", {"README.md": CARD, "App.py": APP}, {"README.md": "app_file: App.py"}),
    Broken("app-file", {"README.md": CARD, "tools.py": "X = 1\n", "start.py": APP + "demo.launch\n# demo.launch()\n"}, {"README.md": "app_file: start.py"}),
    Broken("app-file", {"README.md": STATIC, "home.html": "<h1>Hello</h1>"}, {"README.md": "app_file: home.html"}),
    Broken("app-file", {"README.md": DOCKER, "dockerfile": "FROM python:3.12\nCMD python main.py\n", "main.py": ""}, {"Dockerfile": "CMD python main.py"}),
    app("encoding", "X = 'für'\n".encode("cp1252"), "für"),
    app("encoding", "X = 'naïve'\n".encode("utf-16"), "naïve"),
    app("fences", "Here is the program:\n```python\nimport json\nX = 1\n```\nIt does nothing.\n", "X = 1", "```"),
    app("fences", "```python\nX = 1\n", "X = 1", "```"),
    app("typed-characters", "X = “a word”\nY = 'a “quoted” word'\n", "'a “quoted” word'", "“a word”"),
    app("typed-characters", "X =\u00a01\n", "X = 1"),
    app("tabs", "def f(x):\n    if x:\n\treturn 1\n        return 2\n", "        return 1"),
    app("margin", "    X = 1\n    Y = 2\n", "X = 1\nY = 2"),
    app("margin", "X = 1\n  Y = 2\n", "X = 1\nY = 2"),
    app("colon", "def f(x)\n    return x\n", "def f(x):"),
    app("colon", "X = 1\nif X == 1  # one\n    X = 2\n", "if X == 1:  # one"),
    app("empty-block", "def f():\n# later\nX = 1\n", "def f():\n    pass"),
    app("print", "print 'hello'\nX = 1\n", "print('hello')"),
    app("cut-off", "def f(x):\n    return max([x, (1", "max([x, (1)])"),
    # packages, from an index on this machine
    app("requirement-lines", "X = 1\n", requirements_dot_txt="```\npip install packaging\n- pydantic\nbeta=1.0\nimport yaml\n```\n"),
    app("no-such-package", "import json\n", requirements_dot_txt="json\n"),
    app("no-such-package", "import bs4\n", requirements_dot_txt="bs4\n"),
    app("no-such-version", "import beta\n", requirements_dot_txt="beta==99\n"),
    app("no-such-versions", "import beta\n", requirements_dot_txt="beta>=7\n"),
    app("requirements-conflict", "import alpha\n", requirements_dot_txt="alpha==1.0\nbeta==3.0\n"),
    app("requirements-conflict-first", "import alpha\n", requirements_dot_txt="alpha==1.0\nbeta==3.0\n"),
    app("no-screen", "import cv2\n", requirements_dot_txt="opencv-python\n"),
    app("missing-package", "import cv2\n"),
    app("missing-package", "import bs4\nimport cv2\n"),
    # names
    app("own-module", "from Helpers import word\n", "from helpers import word", helpers_dot_py="word = 1\n"),
    app("own-module", "import tools\nX = tools.word\n", "import src.tools as tools", src__tools_dot_py="word = 1\n"),
    app("moved-module", "from sklearn.externals import joblib\n", "import joblib", requirements_dot_txt="scikit-learn\n"),
    app("main-guard", 'X = 1\nif name == "main":\n    X = 2\n', 'if __name__ == "__main__":'),
    app("other-words", "X = {'a': true, 'b': null}\nY = false\n", "{'a': True, 'b': None}"),
    app("forgotten-import", '"""A program."""\nfrom __future__ import annotations\n\nX = np.zeros(3)\n', "import numpy as np"),
    app("forgotten-import", "X = datetime.now()\n", "from datetime import datetime"),
    app("forgotten-import", "X = Path('.')\nY = json.dumps(1)\n", "from pathlib import Path"),
    app("moved-import", "from collections import Counter, Iterable as I\n", "from collections import Counter\nfrom collections.abc import Iterable as I"),
    app("moved-import", "from jinja2 import Markup\n", "from markupsafe import Markup"),
    app("moved-import", "from gradio import Box\n\nX = Box\n", "from gradio import Group as Box"),
    gr("moved-attribute", "X = np.float(1)", "X = float(1)"),
    gr("moved-attribute", "with gr.Blocks():\n    with gr.Box():\n        gr.Textbox()", "gr.Group()"),
    gr("moved-attribute", "X = gr.inputs.Textbox(label='a')\nY = gr.outputs.Textbox()", "X = gr.Textbox(label='a')"),
    app("moved-attribute", "import PIL.Image\nfrom PIL import Image\n\nX = Image.ANTIALIAS\nY = PIL.Image.ANTIALIAS\n", "Image.LANCZOS"),
    app("moved-attribute", "import collections\n\nX = isinstance([], collections.Iterable)\n", "collections.abc.Iterable"),
    app("renamed-method", "for pair in {1: 2}.iteritems():\n    X = pair\n", ".items()"),
    # Gradio in the words of before
    gr("gradio-style", "X = gr.Textbox().style(container=True)\nY = gr.Gallery().style(grid=(2))", "X = gr.Textbox()", ".style("),
    gr("gradio-update", "X = gr.Textbox.update(value=1)", "gr.update(value=1)"),
    gr("gradio-file", "X = gr.File(label='a', type='file')", "type='filepath'"),
    gr("gradio-argument", "X = gr.Image(source='upload', label='a')", "sources=['upload'], label='a'"),
    gr("gradio-argument", "X = gr.Chatbot(type='messages', height=300)", "gr.Chatbot(height=300)"),
    gr("gradio-argument", "X = gr.Interface(str, 'text', 'text', allow_flagging='never')", "flagging_mode='never'"),
    gr("gradio-argument", "X = gr.ChatInterface(\n    lambda m, h: m,\n    type='messages',  # as before\n    retry_btn=None,\n)", "gr.ChatInterface(", "type="),
    gr("gradio-argument", "X = gr.Slider(0, 9, default=3)\nY = gr.Number(default=2)", "value=3"),
    gr("gradio-argument", "with gr.Blocks() as demo:\n    b = gr.Button()\n    b.click(str, b, b, _js='x => x', show_api=False)", "js='x => x', api_visibility=\"private\""),
    gr("gradio-argument", "demo = gr.Blocks()\ndemo.queue(concurrency_count=3, max_size=9)", "default_concurrency_limit=3"),
    gr("meant", "X = gr.Textbx()", "gr.Textbox()"),
    app("meant", "total = 1\nprint(totl)\n", "print(total)"),
    # files
    app("json", "import json\n\nX = json.load(open('a.json'))\n", a_dot_json='{"a": 1, // one\n "b": "x, }",}\n'),
    app("json", "import json\n\nX = json.load(open('a.json'))\n", a_dot_json=b"\xef\xbb\xbf[1]"),
    app("path", "X = open('Data.csv').read()\n", "open('data.csv')", data_dot_csv="1\n"),
    app("path", "X = open('numbers.csv').read()\n", "open('data/numbers.csv')", data__numbers_dot_csv="1\n"),
]  # fmt: skip
