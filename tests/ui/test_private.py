"""No handler of the page is an endpoint for others, and no secret passes through a component."""

import gradio as gr
import pytest

from core.doors.session import Sessions
from core.registry import actions
from ui.mcp import add_endpoints
from ui.page import LAUNCH, build_page

IDS = {"idea", "build", "stop", "deploy-open", "deploy-name", "deploy-confirm", "search-query", "tabs", "steps", "outcome"}


@pytest.fixture
def sessions():
    return Sessions()


def test_every_listener_of_the_page_is_private(house, sessions):
    page = build_page(house, sessions)
    assert len(page.fns) > 40
    assert {function.api_visibility for function in page.fns.values()} == {"private"}
    assert page.get_api_info()["named_endpoints"] == {}


def test_only_the_registrys_actions_are_public(house, sessions):
    page = build_page(house, sessions)
    with page:
        add_endpoints(house, sessions)
    listed = {name.removeprefix("/") for name in page.get_api_info()["named_endpoints"]}
    assert listed == set(actions())
    assert page.get_api_info()["unnamed_endpoints"] == {}


def test_no_listener_makes_visitors_wait_for_each_other(house, sessions):
    page = build_page(house, sessions)
    assert {function.concurrency_limit for function in page.fns.values()} == {None}


def test_the_token_field_is_no_component(house, sessions):
    page = build_page(house, sessions)
    for block in page.blocks.values():
        if isinstance(block, gr.Textbox):
            assert block.type != "password" and block.elem_id != "token-input"
    html = [block.value for block in page.blocks.values() if isinstance(block, gr.HTML) and block.value]
    assert any('id="token-input"' in text and "data-form=\"token\"" in text for text in html)
    default = house.local_hub.default_token.reveal()
    assert default not in str(page.get_config_file())


def test_the_ids_others_rely_on_are_there(house, sessions):
    page = build_page(house, sessions)
    there = [block.elem_id for block in page.blocks.values() if getattr(block, "elem_id", None)]
    assert set(there) >= IDS
    assert len(there) == len(set(there))


def test_the_page_brings_all_it_needs(house, sessions):
    for text in (LAUNCH["css"], LAUNCH["head"]):
        assert "http://" not in text.replace("http://www.w3.org/2000/svg", "").replace("xmlns='http://www.w3.org", "")
        assert "https://" not in text and "@import" not in text
    assert not LAUNCH["theme"]._stylesheets


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_signing_in_on_a_space_adds_no_public_endpoint(house, sessions, monkeypatch):
    given = {"OAUTH_CLIENT_ID": "id", "OAUTH_CLIENT_SECRET": "secret", "OAUTH_SCOPES": "openid", "OPENID_PROVIDER_URL": "http://127.0.0.1:9"}
    for name, value in given.items():
        monkeypatch.setenv(name, value)
        monkeypatch.setattr(f"gradio.oauth.{name}", value)  # Gradio reads them once, when it is imported
    monkeypatch.setenv("SYSTEM", "spaces")
    monkeypatch.setenv("SPACE_ID", "acme/os")
    page = build_page(house, sessions)
    assert any(isinstance(block, gr.LoginButton) for block in page.blocks.values())
    assert {function.api_visibility for function in page.fns.values()} == {"private"}


def test_elsewhere_there_is_no_sign_in_button_that_could_not_work(house, sessions, monkeypatch):
    monkeypatch.delenv("OAUTH_CLIENT_ID", raising=False)
    assert not any(isinstance(block, gr.LoginButton) for block in build_page(house, sessions).blocks.values())
