"""Connecting on the Keys tab: snippets for other clients, and a server of somebody else's."""

from tests.outside.mcp_server import mcp_server

def opened_keys(page, server) -> None:
    page.goto(server.url)
    page.wait_for_selector("#bar .account, #bar [data-account], #account")
    page.get_by_role("tab", name="Keys").click()
    page.wait_for_selector("#outside form")
    page.wait_for_selector("#connect summary")  # drawn once the page has told its own address


SECRET = "outside-header-0123456789"


def test_a_server_is_connected_with_its_header_shown_with_its_risk_and_disconnected(server, page):
    with mcp_server(needs=f"Bearer {SECRET}") as other:
        opened_keys(page, server)
        page.fill("#connection-address", other.url)
        page.click("#connection-save")
        page.wait_for_selector("#outside .token-said:has-text('wants to know who asks')")
        page.click("#outside form summary")
        page.fill("#connection-name", "Sample")
        page.fill("#connection-value", f"Bearer {SECRET}")
        page.click("#connection-save")
        card = page.locator("#outside li[data-server]")
        card.wait_for()
        card.locator("summary").click()
        assert "sample_look_up" in card.inner_text() and "asks you first" in card.inner_text()
        assert SECRET not in page.content()
        card.get_by_role("button", name="Disconnect sample").click()
        card.wait_for(state="detached")
    assert all("401" in each for each in page.complaints)


def test_each_client_has_a_snippet_with_this_servers_address(server, page):
    opened_keys(page, server)
    text = page.locator("#connect").inner_text()
    assert all(name in text for name in ("Claude Code", "Claude Desktop", "Cursor", "VS Code", "Codex", "REST", "hf and git"))
    page.locator("#connect summary", has_text="Cursor").click()
    assert f"{server.url}/gradio_api/mcp/" in page.locator("#connect details[open]", has_text="Cursor").inner_text()
