"""A plan says file by file what will happen, where, visible to whom, on what hardware, at what cost, and changes nothing."""

import ast
import asyncio

import pytest
from tests.hub_client.faulty_hub import PRO_TOKEN, READ_TOKEN, SCOPED_TOKEN, Space

from core.caller import Caller
from core.deploy import plan_deploy
from core.deploy.zerogpu import adapt
from core.errors import Forbidden, InvalidInput, TooLarge, Unauthorized
from core.hub import Hub
from core.secrets import Secret

APP = {"app.py": b"import gradio as gr\n\ngr.Interface(len, 'text', 'number').launch()\n", "README.md": b"---\nsdk: gradio\n---\n"}
PAGE = {"index.html": b"<h1>hi</h1>"}


def plan(hub, caller, files=PAGE, name="demo", sdk="static", **options):
    return asyncio.run(plan_deploy(hub, caller, files=files, name=name, sdk=sdk, **options))


def someone(token):
    return Caller(id=token, token=Secret(token))


def changes(made):
    return {file.path: file.change for file in made.files}


def test_a_new_static_space_is_free_and_nothing_is_written(server, hub, alice):
    made = plan(hub, alice)
    assert (made.repo, made.exists, made.parent, made.visibility) == ("alice/demo", False, None, "public")
    assert made.hardware.id is None and made.hardware.cost_per_hour == 0 and made.hardware.payer is None
    assert changes(made) == {"index.html": "created"}
    assert made.sentence == "Create alice/demo: 1 file created (public, free)."
    assert {method for method, _, _ in server.requests} == {"GET"}
    shape = made.to_dict()
    assert "content" not in shape and shape["files"][0] == {
        "path": "index.html", "change": "created", "size": 11, "size_before": None, "why": None,
    }  # fmt: skip


def test_an_update_tells_created_changed_unchanged_deleted(server, hub, alice):
    space = Space("static", private=True)
    space.commit({"index.html": b"old", "same.css": b"body{}", "gone.js": b"x", ".gitattributes": b"", "README.md": b"r"}, "x")
    server.spaces["alice/demo"] = space
    made = plan(hub, alice, {"index.html": b"new!", "same.css": b"body{}", "more.js": b"y"})
    assert changes(made) == {"gone.js": "deleted", "index.html": "changed", "more.js": "created", "same.css": "unchanged"}
    assert made.exists and made.parent == space.head
    assert made.visibility == "private", "an update does not publish a private Space"
    assert next(file for file in made.files if file.path == "index.html").size_before == 3


def test_a_free_account_gets_zerogpu_with_the_needed_adjustment_shown(server, hub, alice):
    made = plan(hub, alice, APP, sdk="gradio")
    assert made.hardware.id == "zero-a10g" and made.hardware.cost_per_hour == 0
    app = next(file for file in made.files if file.path == "app.py")
    assert "ZeroGPU" in app.why
    assert b"@spaces.GPU" in made.content["app.py"] and b"@spaces.GPU" not in APP["app.py"]
    assert any("app.py" in note for note in made.notes)


def test_pro_and_local_hub_need_no_adjustment(server, hub, alice):
    pro = plan(hub, someone(PRO_TOKEN), APP, sdk="gradio")
    assert pro.hardware.id == "cpu-basic" and pro.content["app.py"] == APP["app.py"]
    local = plan(Hub(server.url, local=True), alice, APP, sdk="docker")
    assert local.hardware.cost_per_hour == 0 and local.warnings == () and local.content["app.py"] == APP["app.py"]


def test_docker_on_a_free_account_is_warned_about_before(hub, alice):
    made = plan(hub, alice, {"Dockerfile": b"FROM python:3.12\n"}, sdk="docker")
    assert any("402" in warning and "paid plan" in warning for warning in made.warnings)
    organization = plan(hub, alice, {"Dockerfile": b"FROM python:3.12\n"}, name="acme/demo", sdk="docker")
    assert organization.repo == "acme/demo" and any("402" in warning for warning in organization.warnings)


def test_paid_hardware_names_its_price_and_who_pays(server, hub):
    bob = someone(PRO_TOKEN)
    made = plan(hub, bob, APP, sdk="gradio", hardware="t4-small")
    assert made.hardware.cost_per_hour == pytest.approx(0.40, abs=0.001) and made.hardware.payer == "bob"
    assert any("$0.40 an hour" in warning for warning in made.warnings)
    assert plan(hub, bob, APP, sdk="gradio", hardware="l4x1").hardware.cost_per_hour == 0.80, "the Hub's list left it out"
    with pytest.raises(InvalidInput, match="abacus"):
        plan(hub, bob, APP, sdk="gradio", hardware="abacus")
    with pytest.raises(InvalidInput, match="static"):
        plan(hub, bob, PAGE, hardware="cpu-basic")


def test_a_space_on_zerogpu_keeps_its_gpu_function_when_updated(server, hub, alice):
    space = Space("gradio", hardware="zero-a10g")
    space.commit({"app.py": adapt(APP)["app.py"], "README.md": APP["README.md"]}, "x")
    server.spaces["alice/demo"] = space
    assert plan(hub, alice, APP, sdk="gradio").changes == ()


@pytest.mark.parametrize(
    ("name", "rule"),
    [("a--b", "--"), ("a..b", ".."), ("a.git", ".git"), ("-a", "begin"), ("a b", "letters"), ("x" * 97, "96"), ("a/b/c", "namespace/name"), ("ü", "letters")],
)  # fmt: skip
def test_a_name_the_hub_refuses_is_refused_with_its_rule_before_any_call(server, hub, alice, name, rule):
    with pytest.raises(InvalidInput) as caught:
        plan(hub, alice, name=name)
    assert rule in caught.value.message + caught.value.fix
    assert server.requests == []


@pytest.mark.parametrize(
    "files", [{}, {"../x": b""}, {"/etc/x": b""}, {"a//b": b""}, {".git/config": b""}, {"a\\b": b""}, {"": b""}]
)
def test_files_that_cannot_be_deployed_are_refused(server, hub, alice, files):
    with pytest.raises(InvalidInput):
        plan(hub, alice, files)
    assert server.requests == []


def test_too_many_files(hub, alice):
    with pytest.raises(TooLarge):
        plan(hub, alice, {f"{number}.txt": b"" for number in range(2001)})


def test_who_cannot_write_there_hears_it_before_anything_happens(server, hub, alice):
    with pytest.raises(Forbidden, match="can only read"):
        plan(hub, someone(READ_TOKEN))
    with pytest.raises(Forbidden, match="neither this account nor one of its organizations"):
        plan(hub, alice, name="strangers/demo")
    with pytest.raises(Forbidden, match="may not write"):
        plan(hub, alice, name="lookers/demo")
    with pytest.raises(Forbidden, match="may not write"):
        plan(hub, someone(SCOPED_TOKEN))
    with pytest.raises(Unauthorized, match="to deploy"):
        plan(hub, Caller(id="nobody"))
    with pytest.raises(Unauthorized, match="does not accept"):
        plan(hub, someone("hf_wrongwrongwrongwrongwrong"))


def test_the_zerogpu_adjustment_is_python_that_imports_spaces_first():
    source = b'"""Doc."""\nfrom __future__ import annotations\nimport torch\nimport gradio as gr\n\nx = 1\n'
    adapted = adapt({"app.py": source})["app.py"]
    names = [alias.name for node in ast.parse(adapted).body if isinstance(node, ast.Import) for alias in node.names]
    assert names == ["spaces", "torch", "gradio"]
    assert ast.get_docstring(ast.parse(adapted)) == "Doc."
    assert adapt({"app.py": adapted}) == {}, "adapting again changes nothing"
    assert adapt({"app.py": b"import spaces\n@spaces.GPU(duration=5)\ndef f(): ...\n"}) == {}
    assert adapt({"app.py": b"def broken(:\n"}) == {}


def test_the_zerogpu_adjustment_of_readme_and_requirements():
    readme = b"---\nsdk: gradio\npython_version: 3.11\n---\npython_version: 3.11 in the text\n"
    app = b"import spaces\n@spaces.GPU\ndef f(): ...\n"
    changed = adapt({"app.py": app, "README.md": readme, "requirements.txt": b"torch\nspaces==0.1\nspacy\n"})
    assert changed["README.md"] == b'---\nsdk: gradio\npython_version: "3.12"\n---\npython_version: 3.11 in the text\n'
    assert changed["requirements.txt"] == b"torch\nspacy\n"
    assert adapt({"app.py": app, "README.md": b"---\npython_version: '3.10'\n---\n"}) == {}
