"""What a model is sent of a tool's arguments: everything that is meant, and little else."""

import json

import core.actions  # noqa: F401  fills the registry
from core.agent.offering import offered, table
from core.agent.own_tools import OWN, visible
from core.agent.schemas import compact
from core.registry import actions

MOST = 29_000  # characters of all tools as they go over the wire with every request


def tools():
    known = visible() | OWN
    return [offered(known[name]) for name in table().offered]


def test_all_tools_together_stay_small():
    assert sum(len(json.dumps(tool.spec(), ensure_ascii=False, separators=(",", ":"))) for tool in tools()) <= MOST


def test_no_argument_and_no_duty_is_lost():
    for tool in tools():
        whole = (visible() | OWN)[tool.name].schema
        concealed = set(table().conceal.get(tool.name, ()))
        assert set(tool.schema.get("properties", {})) == set(whole.get("properties", {})) - concealed, tool.name
        assert set(whole.get("required", ())) - set(tool.schema.get("required", ())) <= set(table().fills), tool.name
        text = json.dumps(tool.schema)
        assert "$ref" not in text and "$defs" not in text and '"title": "' not in text and "Raises" not in tool.description, tool.name


def test_a_definition_stands_in_its_place():
    steps = offered(actions()["preview_check"]).schema["properties"]["steps"]
    assert steps["type"] == "array" and "expect_text" in steps["items"]["properties"]["do"]["enum"] and steps["items"]["required"] == ["do"]
    assert offered(actions()["app_verify"]).schema["properties"]["steps"]["items"] == {"type": "object"}
    assert "as in preview_check" in offered(actions()["app_verify"]).schema["properties"]["steps"]["description"]


def test_null_is_left_out_where_leaving_out_says_it_and_stays_where_it_is_a_value():
    assert offered(actions()["hf_search_models"]).schema["properties"]["task"]["type"] == "string"
    assert {"type": "null"} in offered(actions()["project_write"]).schema["properties"]["files"]["additionalProperties"]["anyOf"]


def test_an_argument_called_like_a_keyword_stays():
    assert "title" in offered(actions()["project_create"]).schema["properties"]


def test_a_definition_that_holds_itself_ends():
    node = {"$defs": {"Node": {"type": "object", "properties": {"next": {"$ref": "#/$defs/Node"}}}}, "type": "object", "properties": {"first": {"$ref": "#/$defs/Node"}}}
    assert len(json.dumps(compact(node))) < 2_000
