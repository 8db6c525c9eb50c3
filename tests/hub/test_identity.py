"""Who am I, who may what, and the checks clients make before they start."""

from __future__ import annotations

import json
import stat

import httpx
import pytest
from huggingface_hub.errors import HfHubHTTPError, RepositoryNotFoundError

from tests.hub.conftest import TOKENS, RunningHub


def test_whoami_names_the_user_their_organizations_and_the_token(either_hub):
    me = either_hub.api().whoami()
    assert (me["type"], me["name"], me["fullname"], me["email"]) == ("user", "anna", "Anna A.", "anna@example.org")
    assert [(org["name"], org["roleInOrg"]) for org in me["orgs"]] == [("acme", "admin")]
    assert me["auth"]["accessToken"]["role"] == "write"
    assert either_hub.api("anna-read").whoami()["auth"]["accessToken"]["role"] == "read"
    scoped = either_hub.api("anna-acme").whoami()["auth"]["accessToken"]
    assert scoped["role"] == "fineGrained" and scoped["fineGrained"]["scoped"][0]["permissions"] == ["repo.write"]


def test_a_wrong_token_is_refused_everywhere(hub):
    for path in ("/api/whoami-v2", "/api/models/anna/x", "/anna/x/resolve/main/a"):
        answered = httpx.get(hub.endpoint + path, headers={"Authorization": "Bearer hf_wrong"})
        assert answered.status_code == 401 and "Bearer" in answered.headers["WWW-Authenticate"]
    with pytest.raises(HfHubHTTPError, match="Invalid user token"):
        hub.api().whoami(token="hf_wrong")


def test_the_command_line_logs_in_by_token(hub):
    done = hub.run("hf", "auth", "login", "--token", TOKENS["anna"], who=None)
    assert done.returncode == 0, done.stderr
    assert "anna" in hub.run("hf", "auth", "whoami", who=None).stdout
    assert hub.run("hf", "auth", "logout", who=None).returncode == 0
    assert "anna" not in hub.run("hf", "auth", "whoami", who=None).stdout


def test_auth_check_tells_reading_from_writing(hub, name):
    hub.api().create_repo(f"anna/{name}", private=True)
    hub.api().auth_check(f"anna/{name}")
    hub.api("anna-read").auth_check(f"anna/{name}")
    for who in ("bert", None):
        with pytest.raises(RepositoryNotFoundError):
            hub.api(who).auth_check(f"anna/{name}")
    for who, status in (("anna", 200), ("anna-read", 403), ("bert", 404), (None, 401)):
        assert hub.http(who).get(f"/api/models/anna/{name}/auth-check/write").status_code == status


def test_what_every_client_asks_first_is_answered(hub):
    harnesses = hub.http(None).get("/api/agent-harnesses").json()
    assert isinstance(harnesses["standardEnvVars"], list) and isinstance(harnesses["harnesses"], dict)
    assert hub.http(None).head("/api/telemetry/huggingface_hub/py").status_code == 200


def test_an_unknown_part_of_the_protocol_is_an_error_clients_can_read(hub):
    answered = hub.http().get("/api/does-not-exist")
    assert answered.status_code == 404 and answered.json()["error"]
    assert answered.headers["X-Error-Message"] and answered.headers["X-Request-Id"]
    assert hub.http().patch("/api/whoami-v2").status_code == 405


def test_without_a_users_file_there_is_one_user_with_a_token_only_its_owner_reads(tmp_path):
    from core.localhub.users import Users

    first, second = Users.load(tmp_path), Users.load(tmp_path)
    token = first.first.tokens[0].token
    assert token.startswith("hf_") and second.by_token(token).name == first.first.name == "local"
    assert stat.S_IMODE((tmp_path / "token").stat().st_mode) == 0o600
    assert token not in repr(first.first)


@pytest.mark.parametrize(
    ("content", "named"),
    [
        ("not json", "expected JSON"),
        ("[]", "users"),
        ('{"users": []}', "users"),
        ('{"users": [{"fullname": "x"}]}', "name"),
        ('{"users": [{"name": "a", "tokens": [{"token": "t", "role": "king"}]}]}', "role"),
        ('{"users": [{"name": "a", "surprise": 1}]}', "surprise"),
    ],
)
def test_a_broken_users_file_is_named_with_its_field(tmp_path, content, named):
    from core.errors import InvalidInput
    from core.localhub.users import Users

    file = tmp_path / "users.json"
    file.write_text(content)
    with pytest.raises(InvalidInput, match=named) as caught:
        Users.load(tmp_path, file)
    assert str(file) in caught.value.message


def test_a_broken_users_file_stops_the_program_with_one_sentence(tmp_path):
    (tmp_path / "users.json").write_text(json.dumps({"users": [{"nam": "a"}]}))
    hub = RunningHub(1, tmp_path / "data", tmp_path)
    import sys

    from tests.hub.conftest import ROOT

    done = hub.run(sys.executable, "-m", "core.localhub", "--data", str(tmp_path / "d"), "--users", "users.json",
                   who=None, PYTHONPATH=str(ROOT))  # fmt: skip
    assert done.returncode == 2 and "users.json" in done.stderr and "Traceback" not in done.stderr
