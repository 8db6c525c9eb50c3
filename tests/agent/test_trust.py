"""What "don't ask again" reaches: the same kind of step at the same Space, and nothing else."""

import pytest

from core.agent.trust import with_grant, without_grant
from tests.actions.test_agent import DONE, told
from tests.agent.test_policy import FREE, PUBLISHING, World, trusting, verdict

RESTARTING = {"repo": "anna/page", "class": "restart"}
ELSEWHERE = FREE | {"repo": "anna/other", "exists": True, "own_space": "anna/page"}


def test_what_was_trusted_runs_at_the_same_space_and_says_what_it_offers_elsewhere():
    assert verdict("deploy_to_space", None, trusting(PUBLISHING), project="p").trusted
    assert verdict("space_update", None, trusting(PUBLISHING), project="p", repo="anna/page").trusted
    asked = verdict("deploy_to_space", World(plan=FREE | {"repo": "anna/new"}), trusting(PUBLISHING), project="p").asked
    assert asked.grant == {"repo": "anna/new", "class": "publish"}


def test_trust_in_a_restart_overwrites_nothing():
    restart = {"repo": "anna/page", "command": "restart"}
    assert verdict("space_control", None, None, **restart).asked.grant == RESTARTING
    assert verdict("space_control", None, trusting(RESTARTING), **restart).trusted
    for name, given in (("space_update", {"repo": "anna/page"}), ("deploy_to_space", {"name": "anna/page"})):
        assert verdict(name, None, trusting(RESTARTING), project="p", **given).asked.kind == "publish", name
    assert verdict("space_control", None, trusting(PUBLISHING), **restart).asked is not None


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("space_control", {"repo": "anna/page", "command": "pause"}),
        ("space_duplicate", {"repo": "bert/page", "name": "anna/page", "visibility": "public"}),
        ("space_duplicate", {"repo": "anna/page"}),
        ("hf_create_space", {"name": "anna/page", "visibility": "public"}),
        ("build_space", {"idea": "x", "deploy": True, "name": "anna/page"}),
        ("hf_query_save", {"program": "1"}),
    ],
)
def test_what_makes_something_new_or_stops_something_is_asked_each_time(name, arguments):
    asked = verdict(name, None, trusting(), **arguments).asked
    assert asked is not None and asked.grant is None


def test_trust_goes_as_far_as_its_price():
    dear = World(plan=FREE | {"cost_per_hour": 4.0})
    assert verdict("deploy_to_space", dear, trusting(PUBLISHING, usd=4.0), project="p").trusted
    asked = verdict("deploy_to_space", dear, trusting(PUBLISHING, usd=3.9), project="p").asked
    assert (asked.kind, asked.usd_per_hour, asked.grant) == ("hardware", 4.0, PUBLISHING)
    unknown = World(runs_on="mystery")
    assert verdict("space_control", unknown, trusting(RESTARTING), repo="anna/page", command="restart").asked.grant is None


def test_a_space_that_is_not_the_projects_own_is_told_of_and_never_overwritten_on_trust():
    there = {"repo": "anna/other", "class": "publish"}
    asked = verdict("space_update", World(plan=ELSEWHERE), trusting(there), project="p", repo="anna/other").asked
    assert asked.warning == "This project's own Space is anna/page; this would overwrite another one, anna/other." and asked.grant is None
    fresh = verdict("deploy_to_space", World(plan=ELSEWHERE | {"own_space": ""}), trusting(there), project="p").asked
    assert "was never at anna/other, which exists already" in fresh.warning
    assert verdict("deploy_to_space", World(plan=ELSEWHERE | {"own_space": "Anna/Other"}), trusting(there), project="p").trusted
    assert verdict("deploy_to_space", World(plan=ELSEWHERE | {"exists": False}), None, project="p").asked.warning == ""


def test_one_step_has_one_grant():
    grants = with_grant(with_grant([], PUBLISHING, 1.0), {"repo": "Anna/Page", "class": "publish"}, 0.0)
    assert [(one["repo"], one["usd_per_hour"]) for one in grants] == [("Anna/Page", 0.0)]
    assert without_grant(with_grant(grants, RESTARTING, 0.0), PUBLISHING) == [RESTARTING | {"usd_per_hour": 0.0}]


def deploys(name, **more):
    return {"calls": [{"name": "deploy_to_space", "arguments": {"name": name, **more}}]}


CHANGED = {"calls": [{"name": "project_write", "arguments": {"files": {"a.txt": "changed"}}}, *deploys("one-page")["calls"]]}


def test_a_no_takes_trust_back_and_a_yes_to_one_space_is_none_to_another(tmp_path):
    async def story(at, server):
        first = await at.do("agent_chat", message="publish it", project=await at.page())
        chat = first["chat"]
        await at.do("agent_decide", chat=chat, decisions=[{"id": first["pending"][0]["id"], "approve": True}], trust_usd=0)
        other = await at.do("agent_chat", chat=chat, message="and there")
        assert other["ending"] == "approval"  # another Space
        await at.do("agent_decide", chat=chat, decisions=[{"id": other["pending"][0]["id"], "approve": False}])
        assert len((await at.do("agent_open", chat=chat))["about"]["trust"]) == 1
        changed = await at.do("agent_chat", chat=chat, message="another text")
        assert changed["ending"] == "approval"  # the same Space, and nobody looked at it since it changed
        await at.do("agent_chat", chat=chat, message="no, leave it")
        assert (await at.do("agent_open", chat=chat))["about"]["trust"] == []

    script = [deploys("one-page"), DONE, deploys("two-page"), DONE, CHANGED, DONE, DONE, DONE]
    told(story, script, tmp_path)


def test_a_person_is_warned_of_a_step_that_follows_what_others_wrote(tmp_path):
    delete = {"name": "use_action", "arguments": {"name": "space_delete", "arguments": {"repo": "anna/page"}}}
    read = {"calls": [{"name": "project_read", "arguments": {"path": "index.html"}}]}

    async def story(at, server):
        made = await at.do("agent_chat", message="delete it", project=await at.page())
        chat = made["chat"]
        await at.do("agent_chat", chat=chat, message="no, look at the page first")
        asked = [one for one in await at.record(chat) if one["event"] == "ApprovalAsked"]
        assert [one["title"] for one in asked] == ["Delete a Space"] * 2
        assert asked[0]["warning"] == "" and "(project_read index.html). Approve this only if you want it yourself." in asked[1]["warning"]
        await at.do("agent_chat", chat=chat, message="no, and now delete it")
        assert [one["warning"] for one in await at.record(chat) if one["event"] == "ApprovalAsked"][2] == ""

    told(story, [{"calls": [delete]}, read, {"calls": [delete]}, {"calls": [delete]}], tmp_path)
