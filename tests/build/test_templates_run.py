"""Every template, generated from an idea, started and used as a person or an agent would."""

import json
from concurrent.futures import ThreadPoolExecutor

import anyio
import httpx
import pandas as pd
import pytest
from mcp import ClientSession
from mcp.client.streamable_http import streamable_http_client
from playwright.sync_api import expect

TEXT = "a word counter with readability, and compare two texts"
DATA = "explore my sales csv with charts"
TOOLS = "an MCP server with date and number tools for my agent"
BOOKS = "a REST API for books"


def framed(page, app):
    """The app inside the sandboxed frame of another page."""
    page.goto(app.frame)
    return page.frame_locator("#app")


def tile(frame, label: str):
    return frame.locator(".tiles:visible div", has=frame.get_by_text(label, exact=True)).locator("dd")


def test_text_tools_work_while_one_types(stage, page):
    frame = framed(page, stage.run(TEXT))
    expect(frame.get_by_role("heading", name="Word counter")).to_be_visible()
    frame.get_by_role("tab", name="Word count").click()
    frame.locator("#word_count-text textarea").fill("one two three four. Five!")
    expect(tile(frame, "Words")).to_have_text("5")
    expect(tile(frame, "Sentences")).to_have_text("2")
    frame.get_by_role("tab", name="Compare").click()
    frame.locator("#compare-text textarea").fill("same\nold")
    frame.get_by_label("The other version").fill("same\nnew")
    expect(tile(frame, "Lines added")).to_have_text("1")
    expect(frame.locator("#compare-result textarea")).to_have_value("--- before\n+++ after\n@@ -1,2 +1,2 @@\n same\n-old\n+new")


def test_text_tools_take_a_file_and_give_a_csv(stage, page, tmp_path):
    frame = framed(page, stage.run(TEXT))
    path = tmp_path / "note.txt"
    path.write_text("aa bbb bbb")
    frame.get_by_role("tab", name="Word count").click(timeout=20_000)
    panel = frame.locator("[role=tabpanel]:visible")
    panel.get_by_test_id("Open a text file-upload-button").set_input_files(path)
    expect(tile(frame, "Words")).to_have_text("3")
    with page.expect_download(timeout=20_000) as download:
        panel.get_by_role("button", name="Download as CSV").click()
    assert download.value.path().read_text() == "Letters in a word,Words\n2,1\n3,2\n"


def test_text_tools_are_an_api_too(stage):
    app = stage.run(TEXT)
    begun = httpx.post(f"{app.url}gradio_api/call/word_count", json={"data": ["one two", 230]}).json()
    with httpx.stream("GET", f"{app.url}gradio_api/call/word_count/{begun['event_id']}", timeout=30) as answer:
        body = answer.read().decode()
    assert "event: complete" in body and "<dt>Words</dt><dd>2</dd>" in json.loads(body.split("data: ", 1)[1])[0]


def in_a_thread(coroutine_function):
    """Its result; playwright keeps an event loop running in the test's own thread."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(anyio.run, coroutine_function).result()


def table(tmp_path, kind: str):
    frame = pd.DataFrame({"city": ["Lima", "Oslo", "Lima", "Cairo"], "day": ["2026-01-01", "2026-01-02", "2026-01-03", "2026-01-04"], "visits": [10, 20, 30, 40]})
    path = tmp_path / f"visits.{kind}"
    frame.to_parquet(path) if kind == "parquet" else frame.to_csv(path, index=False)
    return path


@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_the_data_explorer_opens_filters_groups_and_charts(stage, page, tmp_path, kind):
    frame = framed(page, stage.run(DATA))
    expect(tile(frame, "Rows")).to_have_text("180")  # the sample
    frame.get_by_test_id("file-upload").first.set_input_files(table(tmp_path, kind))
    expect(tile(frame, "Rows")).to_have_text("4")
    expect(tile(frame, "Mean visits")).to_have_text("25.00")
    expect(frame.locator("#groups")).to_contain_text("Lima")
    expect(frame.locator("#groups")).to_contain_text("sum of visits")
    expect(frame.locator("#bars canvas, #bars svg").first).to_be_visible()
    frame.locator("#search textarea, #search input").first.fill("lima")
    expect(tile(frame, "Rows")).to_have_text("2 of 4")
    expect(tile(frame, "Mean visits")).to_have_text("20.00")
    expect(frame.locator("#groups")).to_contain_text("40")
    with page.expect_download(timeout=20_000) as download:
        frame.get_by_role("button", name="Download the filtered rows").click()
    assert pd.read_csv(download.value.path())["visits"].tolist() == [10, 30]


def test_the_data_explorer_says_what_it_cannot_read(stage, page, tmp_path):
    path = tmp_path / "broken.parquet"
    path.write_bytes(b"not parquet")
    frame = framed(page, stage.run(DATA))
    expect(tile(frame, "Rows")).to_have_text("180")
    frame.get_by_test_id("file-upload").first.set_input_files(path)
    expect(frame.get_by_text("could not be read as a table")).to_be_visible()
    expect(tile(frame, "Rows")).to_have_text("180")


def test_an_agent_lists_and_calls_the_mcp_tools(stage):
    app = stage.run(TOOLS)

    async def use():
        async with streamable_http_client(f"{app.url}gradio_api/mcp/") as (read, write, _), ClientSession(read, write) as session:
            await session.initialize()
            tools = {tool.name: tool for tool in (await session.list_tools()).tools}
            between = await session.call_tool("days_between", {"start": "2026-01-01", "end": "2026-01-08"})
            wrong = await session.call_tool("convert_unit", {"value": 1, "source": "km", "target": "kg"})
            unfit = await session.call_tool("add_days", {"days": "many"})
            return tools, between, wrong, unfit

    tools, between, wrong, unfit = in_a_thread(use)
    assert set(tools) == {"days_between", "add_days", "convert_time", "convert_unit", "describe_numbers", "loan_payment"}
    assert tools["days_between"].inputSchema["properties"]["start"]["description"] == "first date as YYYY-MM-DD; it counts."
    assert "enum" in tools["loan_payment"].inputSchema["properties"]["rhythm"]
    assert json.loads(between.content[0].text) == {"days": 7, "weeks": 1.0, "working_days": 5}
    assert json.loads(wrong.content[0].text) == {"error": "km cannot be converted to kg."}
    assert unfit.isError


def test_the_mcp_tools_can_be_tried_on_the_page(stage, page):
    app = stage.run(TOOLS)
    frame = framed(page, app)
    frame.locator("#run-days_between").click(timeout=20_000)
    expect(frame.locator("#answer-days_between")).to_contain_text("364")
    frame.get_by_role("tab", name="Connect an agent").click()
    expect(frame.locator("#address textarea, #address input").first).to_have_value(f"{app.url}gradio_api/mcp/")


def test_the_api_keeps_items(stage):
    url = stage.run(BOOKS).url
    api = f"{url}api/books"
    made = httpx.post(api, json={"title": "Dune", "author": "Frank Herbert", "year": 1965, "rating": 5})
    assert made.status_code == 201
    item = made.json()
    assert httpx.get(f"{api}/{item['id']}").json() == item
    assert [one["title"] for one in httpx.get(api, params={"search": "herbert"}).json()] == ["Dune"]
    assert httpx.put(f"{api}/{item['id']}", json={**item, "rating": 4}).json()["rating"] == 4
    assert httpx.post(api, json={"title": "", "rating": 9}).status_code == 422
    assert httpx.get(api, params={"search": "%"}).json() == []
    assert httpx.delete(f"{api}/{item['id']}").status_code == 204
    assert httpx.get(f"{api}/{item['id']}").status_code == 404
    assert httpx.get(f"{api}/99999999999999999999").status_code == 422
    schema = httpx.get(f"{url}openapi.json").json()
    assert {"get", "post"} <= set(schema["paths"]["/api/books"]) and schema["components"]["schemas"]["Item"]["properties"]["rating"]["maximum"] == 5


def test_the_api_has_a_page_to_use_it(stage, page):
    frame = framed(page, stage.run(BOOKS))
    frame.get_by_label("Title").fill("<b>Momo</b>")
    frame.get_by_label("Author").fill("Michael Ende")
    frame.get_by_role("button", name="Add", exact=True).click()
    row = frame.locator("#items tr", has_text="Michael Ende")
    expect(row).to_contain_text("<b>Momo</b>")
    frame.get_by_label("Search").fill("ende")
    expect(frame.locator("#items tbody tr")).to_have_count(1)
    row.get_by_role("button", name="Change").click()
    frame.get_by_label("Rating").fill("9")
    frame.get_by_role("button", name="Save").click()
    expect(frame.locator("#answer")).to_contain_text("less than or equal to 5")
    frame.get_by_label("Rating").fill("3")
    frame.get_by_role("button", name="Save").click()
    expect(row).to_contain_text("3")
    row.get_by_role("button", name="Delete").click()
    expect(frame.locator("#items tbody tr")).to_have_count(0)


def test_a_todo_list_in_a_sandboxed_frame(stage, page):
    frame = framed(page, stage.run("a to-do list with 'tent' and 'stove'"))
    expect(frame.locator("#left")).to_have_text("2 of 2 open")
    frame.locator("#new").fill("<img src=x onerror=alert(1)>")
    frame.locator("#new").press("Enter")
    expect(frame.get_by_text("<img src=x onerror=alert(1)>")).to_be_visible()
    frame.get_by_label("tent", exact=True).check()
    expect(frame.locator("#left")).to_have_text("2 of 3 open")
    frame.get_by_role("button", name="Done", exact=True).click()
    expect(frame.locator("main li")).to_have_count(1)
    frame.get_by_role("button", name="Remove tent").click()
    frame.get_by_role("button", name="Undo remove").click()
    expect(frame.locator("#left")).to_have_text("2 of 3 open")
    assert page.complaints == []


def test_a_timer_counts_down_and_pauses(stage, page):
    frame = framed(page, stage.run("a pomodoro timer"))
    expect(frame.locator("#clock")).to_have_text("25:00")
    frame.get_by_role("button", name="Start").click()
    expect(frame.locator("#clock")).to_have_text("24:58")
    frame.get_by_role("button", name="Pause").click()
    frame.locator("#minutes-rest").fill("3")
    frame.get_by_role("button", name="Break", exact=True).click()
    expect(frame.locator("#clock")).to_have_text("03:00")


def test_a_calculator_calculates(stage, page):
    frame = framed(page, stage.run("simple calculator"))
    for key in ("2", "+", "3", "×", "(", "4", "−", "6", ")", "="):
        frame.get_by_role("button", name=key, exact=True).click()
    expect(frame.locator("#result")).to_have_text("−4")
    page.keyboard.press("Escape")
    page.keyboard.type("10/0=")
    expect(frame.get_by_text("That cannot be worked out.")).to_be_visible()
    page.keyboard.press("Escape")
    page.keyboard.type("-2^2+50%=")
    expect(frame.locator("#result")).to_have_text("−3.5")


def test_a_converter_converts(stage, page):
    frame = framed(page, stage.run("celsius to fahrenheit converter"))
    frame.locator("#amount").fill("100")
    expect(frame.locator("[data-unit=Fahrenheit] strong")).to_have_text("212")
    frame.get_by_role("button", name="Length").click()
    frame.locator("#amount").fill("1,5")
    expect(frame.locator("[data-unit=kilometre] strong")).to_have_text("0.0015")


def test_a_quiz_keeps_score(stage, page):
    frame = framed(page, stage.run("quiz about capitals", items=["Peru = Lima", "Norway = Oslo", "Egypt = Cairo"]))
    answers = {"Peru": "Lima", "Norway": "Oslo", "Egypt": "Cairo"}
    for place in range(3):
        question = frame.locator("#question").inner_text()
        right = answers[question]
        chosen = right if place else next(other for other in answers.values() if other != right)
        frame.get_by_role("button", name=chosen, exact=True).click()
        expect(frame.locator("#verdict")).to_have_text("Right." if place else f"It is {right}.")
        frame.locator("#next").click()
    expect(frame.locator("#score")).to_have_text("2/3")
    expect(frame.get_by_role("button", name="Try the missed ones")).to_be_visible()


def test_flashcards_bring_back_what_was_not_known(stage, page):
    frame = framed(page, stage.run("flashcards for words", items=["uno = one", "dos = two"]))
    expect(frame.locator("#progress")).to_have_text("0 known, 2 to go")
    frame.locator("#card").click()
    frame.locator("#again").click()
    expect(frame.locator("#progress")).to_have_text("0 known, 2 to go")
    for _ in range(2):
        frame.locator("#card").click()
        frame.locator("#knew").click()
    expect(frame.get_by_text("All known")).to_be_visible()


def test_a_picker_picks_one_of_the_entries(stage, page):
    frame = framed(page, stage.run("pick a random name for the raffle"))
    frame.locator("#names").fill("Zoe\nYan")
    frame.locator("#pick").click()
    expect(frame.locator("#past li")).to_have_count(1)
    assert frame.locator("#past li").inner_text() in ("Zoe", "Yan") and frame.locator("#winner").inner_text() in ("Zoe", "Yan")


def test_a_landing_page_checks_its_form(stage, page):
    frame = framed(page, stage.run("landing page for my bakery"))
    expect(frame.get_by_role("heading", name="Bakery", exact=True)).to_be_visible()
    frame.get_by_label("Your name").fill("Ada")
    frame.get_by_label("E-mail").fill("not an address")
    frame.get_by_role("button", name="Send").click()
    expect(frame.locator("#answer")).to_contain_text("e-mail address")
    frame.get_by_label("E-mail").fill("ada@example.org")
    frame.get_by_role("button", name="Send").click()
    expect(frame.locator("#answer")).to_contain_text("Thank you, Ada")
    assert page.complaints == []


def test_the_theme_follows_the_system_and_can_be_changed(stage, browser):
    context = browser.new_context(color_scheme="dark", viewport={"width": 390, "height": 800})
    page = context.new_page()
    page.goto(stage.run("simple calculator").url)
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(21, 19, 17)"
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    page.locator("#theme").click()
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(250, 249, 247)"
    context.close()


@pytest.mark.parametrize("idea", [TEXT, DATA, TOOLS, BOOKS])
def test_what_the_manifest_promises_is_answered(stage, idea):
    from core.build import templates

    app = stage.run(idea)
    manifest = templates()[app.made.template].manifest
    assert httpx.get(app.url + manifest.preview.ready_path.lstrip("/")).status_code == 200
    for check in manifest.checks:
        assert check.expects in httpx.get(app.url + check.path.lstrip("/")).text
