"""Calls judged and run against a real Local Hub: whose a repository is, what a deploy would do, what it costs, what trust allows."""

import pytest
from huggingface_hub import HfApi
from tests.agent.hub_house import Chat, house_at
from tests.deploy.local_hub import WRITER, LocalHubProcess

from core.agent.facts import HubFacts
from core.agent.trust import Trust
from core.caller import Caller
from core.events import Deployed
from core.registry import Call
from core.secrets import Secret


@pytest.fixture(scope="module")
def process(tmp_path_factory):
    running = LocalHubProcess(tmp_path_factory.mktemp("local-hub"))
    running.wait()
    yield running
    running.close()


@pytest.fixture
def house(process, tmp_path):
    with house_at(tmp_path, process.endpoint) as made:
        yield made


@pytest.fixture
def api(process):
    return HfApi(endpoint=process.endpoint, token=WRITER)


def anna(house, **options) -> Chat:
    return Chat(house, Caller(id="local", door="page", token=Secret(WRITER)), **options)


def there(api, repo: str) -> bool:
    return api.repo_exists(repo, repo_type="space")


def test_a_deploy_is_shown_before_the_fact_and_done_after_the_word(house, api):
    chat = anna(house)
    chat.page()
    request = chat.request("deploy_to_space", name="asked-page", visibility="private")
    asked = chat.judge(request)
    assert asked.kind == "publish" and asked.usd_per_hour == 0.0
    assert asked.plan["repo"] == "anna/asked-page" and {file["path"] for file in asked.plan["files"]} == {"README.md", "index.html"}
    assert "Create anna/asked-page: 2 files created (private, free)." in asked.reason
    assert not there(api, "anna/asked-page")
    done = chat.run(request, approved=True)
    assert done.ok and done.data["repo"] == "anna/asked-page", done.text
    assert there(api, "anna/asked-page") and any(isinstance(event, Deployed) for event in chat.events)


def test_without_a_word_about_it_an_agent_publishes_privately_and_an_update_leaves_it(house, api):
    chat = anna(house)
    chat.page()
    assert "Create anna/quiet-page: 2 files created (private, free)." in chat.judge(chat.request("deploy_to_space", name="quiet-page")).reason
    assert chat.run(chat.request("deploy_to_space", name="quiet-page", visibility="public"), approved=True).ok
    again = chat.judge(chat.request("deploy_to_space", name="quiet-page"))
    assert again.reason == "Publish the project “Page” as a Space. anna/quiet-page is up to date; nothing will change (public, free)."
    assert chat.use("deploy_plan", name="quiet-page").data["visibility"] == "public"


def trusting(*repos: str, kind: str = "publish", usd: float = 100.0) -> Trust:
    return Trust(lambda: [{"repo": repo, "class": kind, "usd_per_hour": usd} for repo in repos])


def test_trust_deploys_to_the_space_it_was_given_for_and_within_its_price(house, api):
    chat = anna(house, trust=trusting("anna/trusted-page", "anna/dear", "anna/within", usd=0.5))
    chat.page()
    assert chat.use("deploy_to_space", name="trusted-page").ok and there(api, "anna/trusted-page")
    assert chat.judge(chat.request("deploy_to_space", name="another-page")).grant == {"repo": "anna/another-page", "class": "publish"}
    chat.act("project_create", title="App", files={"app.py": "print(1)"}, sdk="gradio")
    app = chat.act("project_list")["items"][0]["id"]
    dear = chat.judge(chat.request("deploy_to_space", project=app, name="dear", hardware="a10g-small"))
    assert (dear.kind, dear.usd_per_hour) == ("hardware", 1.0)
    assert chat.judge(chat.request("deploy_to_space", project=app, name="within", hardware="t4-small")) is None


@pytest.mark.parametrize("key", [WRITER, "sk-" + "a1" * 20])
def test_a_key_in_a_file_is_published_by_nobody_unasked(house, api, key):
    chat = anna(house, trust=trusting("anna/leaky", "anna/fine", "anna/x"))
    chat.page(**{"config.js": f"const key = '{key}'\n"})
    asked = chat.judge(chat.request("deploy_to_space", name="leaky"))
    assert asked.kind == "secret" and "config.js" in asked.reason and key not in str(asked)
    assert not there(api, "anna/leaky")


def test_a_deploy_that_cannot_be_planned_tells_the_model_and_asks_nobody(house, api):
    chat = anna(house, trust=trusting("anna/leaky", "anna/fine", "anna/x"))
    chat.page()
    for name, code in (("bad name!", "invalid_input"), ("-x", "invalid_input")):
        got = chat.use("deploy_to_space", name=name)
        assert not got.ok and got.text.startswith(code)
    unknown = chat.use("deploy_to_space", name="fine", hardware="quantum")
    assert not unknown.ok and not there(api, "anna/fine")


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("deploy_to_space", {"name": "openai/whisper"}),
        ("space_update", {"repo": "openai/whisper"}),
        ("space_control", {"repo": "openai/whisper", "command": "pause"}),
        ("hf_create_space", {"name": "acme/new"}),
        ("space_duplicate", {"repo": "anna/asked-page", "name": "acme/copy"}),
        ("space_delete", {"repo": "openai/whisper"}),
        ("deploy_to_space", {"name": "https://huggingface.co/spaces/anna/x"}),
    ],
)
def test_what_is_not_annas_is_asked_even_when_trusted(house, name, arguments):
    chat = anna(house, trust=trusting("openai/whisper", "acme/new", "acme/copy", "anna/x"))
    chat.page()
    assert chat.judge(chat.request(name, **arguments)).kind == "foreign"


def test_the_case_of_a_name_makes_nothing_ones_own_or_foreign(house):
    chat = anna(house)
    chat.page()
    assert chat.judge(chat.request("space_delete", repo="Anna/x")).kind == "delete"
    assert chat.judge(chat.request("space_delete", repo="annabel/x")).kind == "foreign"
    assert chat.judge(chat.request("space_delete", repo=" anna/x")).kind == "delete"


def test_a_restart_is_asked_at_the_price_of_what_it_runs_on(house, api):
    api.create_repo("anna/free", repo_type="space", space_sdk="static", exist_ok=True)
    chat = anna(house)
    asked = chat.judge(chat.request("space_control", repo="anna/free", command="restart"))
    assert (asked.kind, asked.usd_per_hour) == ("publish", 0.0) and asked.reason == "Start anna/free again (restart)."
    facts = HubFacts(Call(chat.caller, house))
    prices = [chat.loop.run_until_complete(facts.price(name)) for name in ("cpu-basic", "t4-small", "quantum")]
    assert prices == [0.0, 0.4, None]
    assert [chat.loop.run_until_complete(facts.runs_on(name)) for name in ("anna/free", "free", "anna/nothing", "")] == [None, None, None, None]


def test_without_an_account_the_model_is_told_to_have_them_sign_in(tmp_path):
    with house_at(tmp_path) as house:
        chat = Chat(house, Caller(id="local"))
        chat.page()
        for name, arguments in (("deploy_to_space", {}), ("space_delete", {"repo": "anna/x"}), ("hf_create_space", {"name": "x"})):
            got = chat.use(name, **arguments)
            assert not got.ok and "unauthorized" in got.text and "ign in" in got.text, got.text


def test_a_hub_that_is_away_publishes_nothing_unasked(tmp_path):
    with house_at(tmp_path, "http://127.0.0.1:9") as house:
        chat = anna(house, trust=trusting("anna/leaky", "anna/fine", "anna/x"))
        chat.page()
        request = chat.request("deploy_to_space", name="x")
        assert chat.judge(request) is None
        got = chat.run(request)
        assert not got.ok and got.text.startswith(("hub_unavailable", "timed_out"))


def test_a_project_made_from_ones_own_space_goes_back_there_and_what_it_overwrites_is_not_its_home(house, api):
    chat = anna(house)
    chat.page()
    for name in ("home-page", "victim-page"):
        chat.page(**{"index.html": f"<!doctype html><title>A page</title><h1>{name}</h1>\n"})
        assert chat.run(chat.request("deploy_to_space", name=name), approved=True).ok
    assert chat.use("project_from_space", repo="anna/home-page").ok
    assert chat.use("deploy_plan").data["repo"] == "anna/home-page"
    over = chat.request("space_update", repo="anna/victim-page")
    asked = chat.judge(over)
    assert asked.warning == "This project's own Space is anna/home-page; this would overwrite another one, anna/victim-page."
    assert asked.reason.startswith("Make the files of the Space anna/victim-page the same as those of the project “")
    assert "-<!doctype html><title>A page</title><h1>victim-page</h1>" in asked.plan["diff"] and "h1>home-page" in asked.plan["diff"]
    assert asked.plan["where"] == house.hub.endpoint.split("/")[2]
    assert chat.run(over, approved=True).ok
    assert chat.use("deploy_plan").data["repo"] == "anna/home-page"  # "as it is now" still goes home
