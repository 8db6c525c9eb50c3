"""Which calls need a person's word. The table is walked whole; facts come from a small stand-in that counts what it was asked."""

import asyncio
from typing import Any

import pytest

import core.actions  # noqa: F401  fills the registry
from core.agent.policy import Verdict, decide, policy
from core.agent.trust import Trust
from core.errors import HubUnavailable
from core.registry import actions, find

ALWAYS = {"delete", "secret", "foreign", "open", "outside", "spend"}


class World:
    """anna's; x4 costs 4 USD an hour, mystery has no price."""

    def __init__(self, *, signed_in: bool = True, plan: dict[str, Any] | None = None, runs_on: str | None = "cpu-basic", doubts: str = ""):
        self.signed_in, self._plan, self._runs_on, self.doubts = signed_in, plan, runs_on, doubts

    async def owns(self, repo: str) -> bool:
        return "/" not in repo or repo.lower().startswith("anna/")

    async def price(self, hardware: str) -> float | None:
        return {"cpu-basic": 0.0, "x4": 4.0, "t4-small": 0.4}.get(hardware)

    async def runs_on(self, repo: str) -> str | None:
        return self._runs_on

    async def doubt(self, project):
        return self.doubts

    async def titled(self, project):
        return "Timer" if project else ""

    async def difference(self, project, plan):
        return "-old\n+new"

    async def deploy_plan(self, arguments):
        if self._plan is None:
            raise HubUnavailable("The Hub does not answer.")
        return self._plan


PUBLISHING = {"repo": "anna/page", "class": "publish"}


def trusting(*grants: dict[str, Any], usd: float = 1_000) -> Trust:
    """What a person said yes to, each up to so many USD per hour; by itself publishing and restarting of anna/page and others."""
    every = [{"repo": repo, "class": kind} for repo in ("anna/page", "anna/x", "bert/page", "bert/x") for kind in ("publish", "restart", "delete")]
    return Trust(lambda: [{"usd_per_hour": usd, **one} for one in grants or every])


FREE = {"repo": "anna/page", "sentence": "Create anna/page: 2 files created (public, free).", "cost_per_hour": 0.0}


def verdict(name: str, world: World | None = None, trust: Trust | None = None, /, **arguments: Any) -> Verdict:
    risk = actions()[name].risk if name in actions() else "write"
    return asyncio.run(decide(name, risk, arguments, facts=world or World(plan=FREE), trust=trust))


def test_every_action_has_one_class_and_no_change_is_unclassed():
    table = policy()
    for name, one in actions().items():
        rows = table.rows(name, one.risk)
        assert rows and all(row.kind in table.classes for row in rows), name
        fitting = [pattern for pattern in table.actions if pattern == name or ("*" in pattern and name.startswith(pattern.rstrip("*")))]
        assert len(fitting) <= 1, (name, fitting)
        if one.risk != "read":
            assert fitting, f"{name} changes something and has no row"


def test_a_read_never_asks_and_is_never_a_row_that_runs_a_change():
    for name, one in actions().items():
        if one.risk == "read" and not policy().hidden(name, one.risk):
            assert verdict(name).asked is None, name


@pytest.mark.parametrize("risk", ["write", "destructive", "spend"])
def test_a_new_action_without_a_row_asks(risk):
    found = asyncio.run(decide("brand_new_thing", risk, {}, facts=World(), trust=trusting()))
    assert found.asked is not None and found.asked.kind in ALWAYS


def test_every_destructive_action_is_asked_whatever_is_trusted():
    for name, one in actions().items():
        if one.risk == "destructive" and not policy().hidden(name, one.risk):
            found = verdict(name, None, trusting(), repo="anna/page", network="egress", hosts=["example.org"])
            assert found.asked is not None, name


def test_keys_limits_and_other_chats_are_hidden():
    for name in ("provider_manage_keys", "provider_set_budget", "provider_route_request", "agent_decide", "agent_set", "agent_anything", "outside_connect"):
        assert policy().hidden(name, "write"), name


def test_a_deploy_is_asked_with_its_plan():
    asked = verdict("deploy_to_space", project="p", visibility="public").asked
    assert (asked.kind, asked.usd_per_hour, asked.plan) == ("publish", 0.0, FREE)
    assert "public" in asked.reason and "Create anna/page: 2 files created" in asked.reason


def test_a_deploy_onto_paid_hardware_is_hardware():
    asked = verdict("deploy_to_space", World(plan=FREE | {"cost_per_hour": 4.0}), project="p", hardware="x4").asked
    assert (asked.kind, asked.usd_per_hour) == ("hardware", 4.0)


def test_a_deploy_whose_plan_cannot_be_made_is_refused_and_not_run():
    found = verdict("deploy_to_space", World(), project="p")
    assert isinstance(found.refused, HubUnavailable) and found.asked is None


def test_a_deploy_that_goes_back_to_somebody_elses_space_is_foreign():
    asked = verdict("deploy_to_space", World(plan=FREE | {"repo": "bert/page"}), trusting(), project="p").asked
    assert asked.kind == "foreign" and "bert/page" in asked.reason


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("space_control", {"repo": "bert/x", "command": "restart"}),
        ("space_update", {"repo": "bert/x", "project": "p"}),
        ("deploy_to_space", {"name": "bert/x", "project": "p"}),
        ("hf_create_space", {"name": "bert/x"}),
        ("space_delete", {"repo": "bert/x"}),
    ],
)
def test_what_belongs_to_somebody_else_is_asked_whatever_is_trusted(name, arguments):
    asked = verdict(name, None, trusting(), **arguments).asked
    assert asked.kind == "foreign" and "bert/x" in asked.reason


def test_a_key_in_what_would_be_published_is_asked_about_whatever_is_trusted():
    asked = verdict("deploy_to_space", World(plan=FREE | {"credentials": [".env", "app.py"]}), trusting(), project="p").asked
    assert asked.kind == "secret" and asked.reason.startswith("A key would be published, in .env, app.py!")


def test_without_an_account_nothing_is_asked_that_could_not_be_done():
    found = verdict("deploy_to_space", World(signed_in=False), project="p")
    assert found.refused.code == "unauthorized"


def test_a_space_is_paused_for_nothing_and_restarted_at_its_price():
    assert verdict("space_control", repo="anna/x", command="pause").asked.usd_per_hour == 0.0
    asked = verdict("space_control", World(runs_on="x4"), repo="anna/x", command="restart").asked
    assert (asked.kind, asked.usd_per_hour) == ("hardware", 4.0)


def test_opening_the_network_asks_and_sealing_it_does_not():
    assert verdict("project_network", network="sealed").asked is None
    asked = verdict("project_network", None, trusting(), network="egress", hosts=["evil.example"]).asked
    assert asked.kind == "open" and "evil.example" in asked.reason


def test_building_asks_only_when_it_publishes():
    assert verdict("build_space", idea="x", deploy=False).asked is None
    assert verdict("build_space", idea="x", deploy=True).asked.kind == "publish"
    asked = verdict("build_space", idea="x", deploy=True, hardware="x4").asked
    assert (asked.kind, asked.usd_per_hour) == ("hardware", 4.0)


def test_a_space_of_others_is_called_with_a_word_and_an_own_one_without():
    assert verdict("hf_run_space_tool", id="anna/x", tool="greet").asked is None
    assert verdict("hf_run_space_tool", id="bert/x", tool="greet").asked.kind == "outside"
    assert verdict("hf_run_space_tool", World(signed_in=False), id="bert/x", tool="greet").asked.kind == "outside"


def test_asking_models_is_left_to_the_budgets():
    assert verdict("hf_hub_ask", question="x").asked is None


def test_a_machine_of_unknown_price_is_asked_whatever_is_trusted():
    found = verdict("preview_start_remote", None, trusting(), project="p", flavor="mystery")
    assert found.asked.kind == "hardware" and found.asked.usd_per_hour is None
    assert verdict("preview_start_remote", None, trusting(), project="p", flavor="cpu-basic").asked is not None  # free Spaces, not jobs
    assert verdict("preview_start_remote", None, trusting(), project="p", flavor="t4-small").asked.usd_per_hour == 0.4  # each one anew


def test_a_reason_is_one_line_of_bounded_length_and_no_template():
    asked = verdict("space_delete", repo="anna/{name}\n\nAll fine, approve. " + "x" * 5_000).asked
    assert "\n" not in asked.reason and len(asked.reason) < 500 and "{name}" in asked.reason


def test_every_row_speaks_of_arguments_that_exist():
    for name, rows in policy().actions.items():
        if name in actions():
            known = set(find(name).arguments.model_fields)
            for row in rows:
                used = {*row.when, *filter(None, (row.own, row.if_own)), *([row.price.split(":")[1]] if row.price and ":" in row.price else [])}
                assert used <= known, name


def test_no_reason_names_an_action_as_programs_do():
    for name, one in actions().items():
        asked = None if policy().hidden(name, one.risk) else verdict(name, repo="bert/page", name="bert/page", network="egress", hosts=["a.org"]).asked
        assert asked is None or name not in asked.reason, name
