"""Spaces that run: stages, addresses, environment, owners' controls. By the unmodified client, with real apps."""

from __future__ import annotations

import json
import os
import stat

import httpx
import pytest
from huggingface_hub.errors import BadRequestError, HfHubHTTPError, RepositoryNotFoundError
from websockets.sync.client import connect

from tests.hub.space_apps import create, page, push, readme, settled, until, visit, web_app


@pytest.fixture(scope="module")
def api(hub):
    return hub.api()


@pytest.fixture(scope="module")
def app(api) -> str:
    """A running web app that several tests look at and none changes."""
    runtime = create(
        api,
        "anna/looked-at",
        web_app("hello"),
        space_secrets=[{"key": "API_KEY", "value": "very secret value", "description": "for the service"}],
        space_variables=[{"key": "MODE", "value": "fast"}],
    )
    assert runtime.stage == "RUNNING"
    return "anna/looked-at"


def test_a_new_space_without_an_application_file_says_so(api, name):
    for sdk, file in (("gradio", "app.py"), ("static", "index.html"), ("docker", "Dockerfile")):
        api.create_repo(f"anna/{name}-{sdk}", repo_type="space", space_sdk=sdk)
        runtime = settled(api, f"anna/{name}-{sdk}")
        assert runtime.stage == "NO_APP_FILE"
        assert file in runtime.raw["errorMessage"]
        answer = visit(api, f"anna/{name}-{sdk}")
        assert answer.status_code == 503 and "No application yet" in answer.text


def test_a_static_space_serves_its_files_and_has_no_hardware(api, name):
    repo = f"anna/{name}"
    runtime = create(api, repo, page("first") | {"more/about.txt": "below"})
    assert (runtime.stage, runtime.hardware, runtime.requested_hardware) == ("RUNNING", None, None)
    assert visit(api, repo).text.endswith("<h1>first</h1>")
    assert visit(api, repo, "/more/about.txt").text == "below"
    assert visit(api, repo, "/.gitattributes").status_code == 404
    push(api, repo, page("second"))
    until(lambda: "second" in visit(api, repo).text)
    with pytest.raises(BadRequestError, match="[Ss]tatic"):
        api.pause_space(repo)


def test_an_app_answers_over_http_and_websocket_at_its_address(api, hub, app):
    info = api.space_info(app)
    assert (info.host, info.subdomain) == (f"{hub.endpoint}/s/anna-looked-at", "anna-looked-at")
    assert visit(api, app).json() == {"word": "hello"}
    assert httpx.get(info.host).headers["location"].endswith("/s/anna-looked-at/")
    with connect(info.host.replace("http", "ws") + "/ws") as socket:
        socket.send("over there")
        assert socket.recv(timeout=5) == "echo over there"
    assert httpx.get(f"{hub.endpoint}/s/nobody-nothing/").status_code == 404


def test_the_runtime_is_told_as_the_hub_tells_it(api, app):
    runtime = api.get_space_runtime(app)
    assert (runtime.stage, runtime.hardware, runtime.requested_hardware) == ("RUNNING", "cpu-basic", "cpu-basic")
    assert runtime.sleep_time == 172_800 and runtime.storage is None and runtime.dev_mode is False
    assert runtime.raw["sha"] == api.space_info(app).sha
    assert runtime.raw["replicas"] == {"current": 1, "requested": 1}
    assert api.space_info(app).runtime.raw == runtime.raw
    assert api.space_info(app, expand=["runtime"]).runtime.stage == "RUNNING"


def test_an_app_finds_its_own_environment_and_nothing_of_the_server(api, app):
    env = visit(api, app, "/env").json()
    assert env["SPACE_ID"] == app and env["SPACE_AUTHOR_NAME"] == "anna" and env["SPACE_REPO_NAME"] == "looked-at"
    assert env["SPACE_TITLE"] == "A test" and env["ACCELERATOR"] == "none" and env["SPACE_HOST"]
    assert (env["API_KEY"], env["MODE"]) == ("very secret value", "fast")
    assert "SYSTEM" not in env and "HF_TOKEN" not in env and not [key for key in env if key.startswith("PYTEST")]


def test_secrets_are_never_told_again(api, hub, app):
    secrets = api.get_space_secrets(app)
    assert secrets["API_KEY"].description == "for the service" and secrets["API_KEY"].updated_at is not None
    with hub.http() as http:
        for path in (f"/api/spaces/{app}/secrets", f"/api/spaces/{app}", f"/api/spaces/{app}/variables"):
            assert "very secret" not in http.get(path).text
    folder = hub.data / "repos" / "spaces" / "anna" / "looked-at.git"
    assert "very secret" not in (folder / "hub.json").read_text()
    assert stat.S_IMODE(os.stat(folder / "runtime.json").st_mode) == 0o600


def test_variables_and_secrets_reach_the_app_after_they_change(api, name):
    repo = f"anna/{name}"
    create(api, repo, web_app("x"))
    api.add_space_variable(repo, "COLOUR", "blue", description="of the sky")
    api.add_space_variable(repo, "COLOUR", "green")
    api.add_space_secret(repo, "PASS", "one two\nthree")
    assert api.get_space_variables(repo)["COLOUR"].value == "green"
    settled(api, repo)
    env = until(lambda: (found := visit(api, repo, "/env").json()).get("PASS") and found)
    assert (env["COLOUR"], env["PASS"]) == ("green", "one two\nthree")
    api.delete_space_secret(repo, "PASS")
    api.delete_space_secret(repo, "PASS")
    api.delete_space_variable(repo, "COLOUR")
    assert api.get_space_variables(repo) == {} and api.get_space_secrets(repo) == {}
    settled(api, repo)
    until(lambda: not {"PASS", "COLOUR"} & visit(api, repo, "/env").json().keys())
    for bad in ("1up", "with-dash", "", "a b"):
        with pytest.raises(BadRequestError, match="key"):
            api.add_space_variable(repo, bad, "x")


def test_what_a_stranger_may_not(hub, app):
    bert, reader, nobody = hub.api("bert"), hub.api("anna-read"), hub.api(None)
    assert nobody.get_space_runtime(app).stage == "RUNNING"
    for stranger in (bert, reader, nobody):
        for forbidden in (
            lambda api: api.pause_space(app),
            lambda api: api.restart_space(app),
            lambda api: api.add_space_secret(app, "A", "b"),
            lambda api: api.get_space_secrets(app),
            lambda api: api.add_space_variable(app, "A", "b"),
            lambda api: api.set_space_sleep_time(app, 60),
            lambda api: api.request_space_hardware(app, "cpu-basic"),
        ):
            with pytest.raises(HfHubHTTPError) as refused:
                forbidden(stranger)
            assert refused.value.response.status_code in (401, 403)
    for stranger in (bert, nobody):
        with pytest.raises(HfHubHTTPError):
            list(stranger.fetch_space_logs(app))
    assert hub.api().get_space_runtime(app).stage == "RUNNING"


def test_pause_and_restart(api, hub, name):
    repo = f"anna/{name}"
    create(api, repo, web_app("again"))
    paused = api.pause_space(repo)
    assert (paused.stage, paused.hardware) == ("PAUSED", None)
    answer = visit(api, repo)
    assert answer.status_code == 503 and "Paused" in answer.text and "refresh" not in answer.text
    push(api, repo, web_app("changed meanwhile"))
    assert api.get_space_runtime(repo).stage == "PAUSED"
    assert api.restart_space(repo).stage == "BUILDING"
    assert settled(api, repo).stage == "RUNNING"
    assert visit(api, repo).json() == {"word": "changed meanwhile"}
    assert api.restart_space(repo, factory_reboot=True).stage == "BUILDING"
    assert settled(api, repo).stage == "RUNNING"


def test_a_private_space_answers_only_at_an_address_nobody_guesses(api, hub, name):
    repo = f"anna/{name}"
    create(api, repo, web_app("hidden"), private=True)
    host = api.space_info(repo).host
    assert httpx.get(f"{host}/").json() == {"word": "hidden"}
    guessed = httpx.get(f"{hub.endpoint}/s/anna-{name}/")
    unknown = httpx.get(f"{hub.endpoint}/s/anna-nothing/")
    assert guessed.status_code == unknown.status_code == 404 and guessed.text == unknown.text
    assert httpx.get(f"{host[:-1]}/").status_code == 404
    with pytest.raises(RepositoryNotFoundError):
        hub.api("bert").get_space_runtime(repo)
    assert repo not in [space.id for space in hub.api("bert").list_spaces(author="anna")]
    api.update_repo_settings(repo, repo_type="space", private=False)
    public = until(lambda: (now := api.space_info(repo).host) != host and now)
    until(lambda: httpx.get(f"{public}/").status_code == 200)
    assert httpx.get(f"{host}/").status_code == 404


def test_a_space_sleeps_when_nobody_comes_and_wakes_for_a_visitor(api, name):
    repo = f"anna/{name}"
    create(api, repo, web_app("awake"))
    assert api.set_space_sleep_time(repo, 1).sleep_time == 1
    until(lambda: api.get_space_runtime(repo).stage == "SLEEPING")
    answer = visit(api, repo)
    assert answer.status_code == 503 and "refresh" in answer.text
    api.set_space_sleep_time(repo, -1)
    assert settled(api, repo).stage == "RUNNING" and api.get_space_runtime(repo).sleep_time is None
    assert visit(api, repo).json() == {"word": "awake"}


def test_hardware_is_a_wish_that_somebody_must_be_able_to_pay(api, app, name):
    kinds = {kind.name: kind for kind in api.list_spaces_hardware()}
    assert kinds["cpu-basic"].unit_cost_usd == 0 and kinds["t4-small"].accelerator.model == "T4"
    with pytest.raises(HfHubHTTPError) as refused:
        api.request_space_hardware(app, "t4-medium")
    assert refused.value.response.status_code == 402
    for unfit in ("zero-a10g", "abacus"):
        with pytest.raises(BadRequestError):
            api.request_space_hardware(app, unfit)
    with pytest.raises(HfHubHTTPError):
        api.create_repo(f"anna/{name}", repo_type="space", space_sdk="gradio", space_hardware="a100-large")
    assert not api.repo_exists(f"anna/{name}", repo_type="space")
    api.create_repo(f"acme/{name}", repo_type="space", space_sdk="docker", space_hardware="cpu-upgrade")
    assert api.get_space_runtime(f"acme/{name}").requested_hardware == "cpu-upgrade"
    granted = api.request_space_hardware(f"acme/{name}", "t4-medium", sleep_time=300)
    assert (granted.requested_hardware, granted.hardware, granted.sleep_time) == ("t4-medium", None, 300)


def test_templates_and_what_this_hub_has_not(api, hub, name):
    templates = {template.repo_id: template for template in api.list_space_templates()}
    assert templates["templates/page"].sdk == "static"
    api.create_repo(f"anna/{name}", repo_type="space", space_sdk="static", space_template="templates/page")
    assert settled(api, f"anna/{name}").stage == "RUNNING"
    assert "It runs" in visit(api, f"anna/{name}").text
    with hub.http() as http:
        for method, part in (("POST", "storage"), ("POST", "dev-mode"), ("PUT", "volumes")):
            answer = http.request(method, f"/api/spaces/anna/{name}/{part}", json={})
            assert answer.status_code == 501 and answer.json()["error"]


def test_a_deleted_or_renamed_space_leaves_its_address(api, hub, name):
    create(api, f"anna/{name}", web_app("moving"), space_secrets=[{"key": "KEEP", "value": "me"}])
    old = api.space_info(f"anna/{name}").host
    api.move_repo(f"anna/{name}", f"anna/{name}-new", repo_type="space")
    until(lambda: api.get_space_runtime(f"anna/{name}-new").stage == "RUNNING")
    assert visit(api, f"anna/{name}-new", "/env").json()["KEEP"] == "me"
    assert httpx.get(f"{old}/").status_code == 404
    new = api.space_info(f"anna/{name}-new").host
    api.delete_repo(f"anna/{name}-new", repo_type="space")
    until(lambda: httpx.get(f"{new}/").status_code == 404)


def test_two_names_that_come_to_the_same_letters_have_two_addresses(api, name):
    for part, word in ((f"{name}_x", "underscore"), (f"{name}.x", "dot")):
        create(api, f"anna/{part}", page(word) | {"README.md": readme("static")})
    assert "underscore" in visit(api, f"anna/{name}_x").text
    assert "dot" in visit(api, f"anna/{name}.x").text


def test_the_waiting_page_gives_nothing_away(api, name):
    repo = f"anna/{name}"
    create(api, repo, web_app("x") | {"main.py": "raise RuntimeError('inner secret of the app')"})
    answer = visit(api, repo)
    assert answer.status_code == 503 and "Runtime error" in answer.text
    assert "inner secret" not in answer.text and "anna" not in answer.text
    assert answer.headers["content-security-policy"].startswith("sandbox") and answer.headers["cache-control"] == "no-store"
    assert json.dumps(dict(answer.headers)).count("hf_") == 0
