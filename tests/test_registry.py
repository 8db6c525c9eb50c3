import asyncio
import re

import pytest

import core.actions  # noqa: F401  registers them
from core.caller import Caller
from core.errors import Forbidden, InvalidInput, NotFound
from core.registry import Call, actions, find, invoke

PROMISED = """hf_search_spaces hf_search_models hf_search_datasets hf_model_details hf_dataset_details hf_space_details
hf_create_space deploy_to_space analyze_user_request select_optimal_framework generate_app_code build_space preview_start
preview_stop preview_logs space_status space_logs space_control space_update space_delete""".split()


def call(*approved: str) -> Call:
    return Call(Caller(id="me", approves=frozenset(approved)), house=None)


def test_the_promised_names_are_there():
    assert set(PROMISED) <= set(actions())


def test_every_action_describes_itself_and_each_of_its_arguments():
    for one in actions().values():
        assert len(one.description) > 20, one.name
        for name, spec in one.schema.get("properties", {}).items():
            assert spec["description"], f"{one.name}: {name} has no description"
        assert "Args:" not in one.description


def test_every_action_tells_what_it_gives():
    for one in actions().values():
        assert re.search(r"`?\{|\b[Rr]eturns?\b|\b[Gg]ives\b|\b[Ii]tems\b", one.description), one.name


def test_no_action_takes_a_key():
    for one in actions().values():
        assert not {"token", "api_key", "key", "secret", "password"} & set(one.schema.get("properties", {})), one.name


def test_schemas_come_from_the_signatures():
    schema = find("build_space").schema
    assert schema["required"] == ["idea"]
    assert schema["properties"]["deploy"]["default"] is False
    assert schema["properties"]["visibility"]["enum"] == ["public", "private"]
    assert schema["additionalProperties"] is False


@pytest.mark.parametrize("given", [{}, {"idea": 7}, {"idea": "x", "unknown": 1}, {"idea": "x", "visibility": "secret"}])
def test_wrong_arguments_are_named_with_the_right_ones(given):
    with pytest.raises(InvalidInput) as caught:
        find("build_space").check(given)
    assert caught.value.message.startswith("build_space: ") and "idea" in caught.value.fix


def test_a_destructive_action_needs_approval():
    with pytest.raises(Forbidden):
        asyncio.run(invoke("space_delete", {"repo": "a/b"}, call("read", "write")))


def test_an_unknown_action_is_not_found():
    with pytest.raises(NotFound):
        asyncio.run(invoke("make_coffee", {}, call("read")))


def test_hints_follow_the_risk():
    assert find("hf_search_models").hints == {"readOnlyHint": True, "destructiveHint": False, "idempotentHint": True, "openWorldHint": True}
    assert find("space_delete").hints["destructiveHint"] and not find("project_write").hints["readOnlyHint"]
