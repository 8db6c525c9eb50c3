"""Working inside a project: files edited, compared, saved and seen running; uploads; the terminal; the box on the page."""

import base64
import re

import pytest
from playwright.sync_api import expect

from tests.browser.test_journey import open_page

PAGE = "a static page with a pomodoro timer"


@pytest.fixture
def project(server, page) -> str:
    """A static project of its own, open in the page."""
    made = server.action("generate_app_code", idea=PAGE).json()["project"]["id"]
    open_page(page, server)
    expect(page.locator("#bar select")).to_have_value(made)
    return made


def pane(page, name: str) -> None:
    page.locator(f"#panes > .tab-wrapper [data-tab-id={name}]").click()


def files_of(server, project) -> dict[str, int]:
    return {one["path"]: one["size"] for one in server.action("project_files", project=project).json()["items"]}


def text_of(server, project, path) -> str:
    return server.action("project_read", project=project, path=path).json()["text"]


def type_at_the_top(page, text: str) -> None:
    page.locator("#editor .cm-content").click()
    page.keyboard.press("Control+Home")
    page.keyboard.type(text)


def test_an_edit_is_compared_saved_and_seen_in_the_preview_at_the_same_address(server, page, project):
    server.action("preview_start", project=project)
    page.reload()
    page.complaints.clear()  # of the page that was left while it still asked for something
    frame = page.locator("#preview-frame")
    expect(frame).to_be_visible()
    address = frame.get_attribute("src")
    pane(page, "files")
    type_at_the_top(page, "<p>written by hand</p>")
    page.locator("#compare").click()
    expect(page.locator("#history .d-plus")).to_contain_text("written by hand")
    expect(page.locator("#history .d-minus")).to_have_count(1)
    assert "written by hand" not in text_of(server, project, "index.html")
    page.locator("#history [data-act=save]").click()
    expect(page.locator("#files-said")).to_contain_text("The app runs with it")
    assert text_of(server, project, "index.html").startswith("<p>written by hand</p>")
    pane(page, "preview")
    expect(page.frame_locator("#preview-frame").locator("body")).to_contain_text("written by hand")
    assert frame.get_attribute("src") == address
    assert page.complaints == []


def test_an_edit_survives_other_tabs_other_files_and_a_failed_save(server, page, project):
    pane(page, "files")
    type_at_the_top(page, "<!-- mine -->")
    page.get_by_role("tab", name="Keys").click()
    page.get_by_role("tab", name="Agent").click()
    pane(page, "preview")
    pane(page, "files")
    editor = page.locator("#editor .cm-content")
    expect(editor).to_contain_text("mine")
    page.locator("#tree >> text=README.md").click()
    expect(editor).to_contain_text("title:")
    expect(page.locator("#tree li", has_text="index.html")).to_contain_text("edited")
    page.locator("#bar select").select_option("")  # no project at all, and back
    expect(page.locator("#tree")).to_contain_text("No files yet")
    page.locator("#bar select").select_option(project)
    expect(editor).to_contain_text("mine")

    page.context.set_offline(True)
    page.locator("#save").click()
    page.wait_for_timeout(500)
    page.context.set_offline(False)
    expect(editor).to_contain_text("mine")
    assert "mine" not in text_of(server, project, "index.html")


@pytest.mark.parametrize("choice, stays", [("mine", "<!-- mine -->"), ("theirs", "<!-- theirs -->")])
def test_two_who_change_one_file_are_both_kept(server, page, project, choice, stays):
    pane(page, "files")
    type_at_the_top(page, "<!-- mine -->")
    before = text_of(server, project, "index.html")
    server.action("project_write", project=project, files={"index.html": "<!-- theirs -->\n" + before})
    page.locator("#save").click()
    said = page.locator("#files-said")
    expect(said).to_contain_text("changed by somebody else")
    assert text_of(server, project, "index.html").startswith("<!-- theirs -->")
    said.locator("[data-act=compare]").click()
    expect(page.locator("#history .d-plus").first).to_contain_text("mine")
    expect(page.locator("#history .d-minus").first).to_contain_text("theirs")
    said.locator(f"[data-act={choice}]").click()
    expect(page.locator("#editor .cm-content")).to_contain_text(stays.strip("<>!- "))
    expect(page.locator("#tree .tree-edited")).to_have_count(0)
    assert text_of(server, project, "index.html").startswith(stays)
    changes = server.action("project_history", project=project).json()["items"]
    revisions = [server.action("project_diff", project=project, new=one["revision"]).json()["items"] for one in changes[:-1]]
    kept = "".join(file["patch"] for files in revisions for file in files)
    assert "+<!-- mine -->" in kept and "+<!-- theirs -->" in kept


def test_files_and_archives_are_uploaded_renamed_deleted_and_brought_back(server, page, project, tmp_path):
    pane(page, "files")
    said, tree = page.locator("#files-said"), page.locator("#tree")
    (tmp_path / "notes.txt").write_text("hello")
    (tmp_path / "blob.bin").write_bytes(bytes(range(256)))
    page.set_input_files("[data-upload=files]", [tmp_path / "notes.txt", tmp_path / "blob.bin"])
    expect(said).to_contain_text("2 files are uploaded")
    assert files_of(server, project)["blob.bin"] == 256
    tree.locator("text=blob.bin").click()
    expect(page.locator("#file-shown")).to_contain_text("00 01 02 03")
    expect(page.locator("#editor")).to_be_hidden()

    folder = tmp_path / "pictures"
    (folder / "deep").mkdir(parents=True)
    (folder / "deep" / "a.txt").write_text("a")
    page.set_input_files("[data-upload=folder]", folder)
    expect(tree).to_contain_text("deep")
    tree.locator("[data-arg='pictures/']").click()
    expect(page.locator("#file-name")).to_contain_text("1 file")
    page.locator("#file-rename").click()
    page.locator("#path input, #path textarea").fill("images")
    page.locator("#path-yes").click()
    expect(said).to_contain_text("pictures/ is now images")
    assert "images/deep/a.txt" in files_of(server, project)
    page.locator("#file-delete").click()
    expect(said).to_contain_text("images/ is deleted")
    assert "images/deep/a.txt" not in files_of(server, project)
    said.locator("[data-act=undo]").click()
    expect(tree).to_contain_text("images")
    page.locator("#undo").click()
    expect(tree).to_contain_text("pictures")
    page.locator("#redo").click()
    expect(said).to_contain_text("Brought back")

    (tmp_path / "evil.zip").write_bytes(base64.b64decode(_EVIL_ZIP))
    page.set_input_files("[data-upload=files]", tmp_path / "evil.zip")
    expect(said.locator(".is-failed")).to_contain_text("points outside")

    tree.locator("text=notes.txt").click()
    with page.expect_download() as download:
        page.locator("[data-download='notes.txt']").click()
    assert download.value.suggested_filename == "notes.txt" and download.value.path().read_text() == "hello"


# A zip whose only entry is called "../evil".
_EVIL_ZIP = "UEsDBBQAAAAAAAAAIQCDFtyMAQAAAAEAAAAHAAAALi4vZXZpbHhQSwECFAMUAAAAAAAAACEAgxbcjAEAAAABAAAABwAAAAAAAAAAAAAAgAEAAAAALi4vZXZpbFBLBQYAAAAAAQABADUAAAAmAAAAAAA="


def command(page, text: str):
    line = page.locator("#terminal-command input, #terminal-command textarea")
    line.fill(text)
    line.press("Enter")
    return page.locator("#terminal .term-entry").last


def test_commands_run_over_the_files_are_stopped_remembered_and_kept(server, page, project):
    pane(page, "terminal")
    entries = page.locator("#terminal .term-entry")
    command(page, "ls; cat README.md")
    expect(entries.last).to_contain_text("exit 0")
    expect(entries.last).to_contain_text("index.html")
    expect(entries.last).to_contain_text("title:")

    command(page, "while true; do echo tick; sleep 0.2; done")
    expect(entries.last.locator(".term-output")).to_contain_text(re.compile(r"tick\s+tick"))  # as it comes
    page.locator("#terminal-stop").click()
    expect(entries.last).to_contain_text("stopped")
    expect(page.locator("#terminal-run")).to_be_visible()

    command(page, "echo from the terminal > made.txt; exit 4")
    expect(entries.last).to_contain_text("exit 4")
    assert "made.txt" not in files_of(server, project)
    entries.last.locator("[data-act=keep]").click()
    expect(entries.last).to_contain_text("Kept")
    assert text_of(server, project, "made.txt") == "from the terminal\n"

    line = page.locator("#terminal-command input, #terminal-command textarea")
    for wanted in ("echo from the terminal > made.txt; exit 4", "while true; do echo tick; sleep 0.2; done", "ls; cat README.md"):
        line.press("ArrowUp")
        expect(line).to_have_value(wanted)
    page.reload()
    expect(page.locator("#account")).to_contain_text("@")
    pane(page, "terminal")
    line.press("ArrowUp")
    expect(line).to_have_value("echo from the terminal > made.txt; exit 4")


def test_the_chrome_says_how_sealed_the_app_is_and_tests_it_again(server, page, project):
    server.action("preview_start", project=project)
    page.reload()
    chip = page.locator("#seal")
    expect(chip).to_have_text("sealed")
    chip.click()
    box = page.locator("#box")
    expect(box.locator(".layers li").first).to_be_visible()
    status = server.action("sandbox_status").json()
    expect(box.locator(".layers li")).to_have_count(len(status["layers"]))
    assert all(len(text) > 20 for text in box.locator(".layers li > span:last-child").all_inner_texts())
    page.locator("#seal-test").click()
    expect(box.locator(".box-said")).to_contain_text("Tested just now: sealed")
    box.locator("[data-act=network][data-arg='tcp-own']").click()
    expect(box.locator(".box-said")).to_contain_text("one port of its own")
    assert server.action("project_list").json()["items"][0]["network"] == "tcp-own"
    box.locator("[data-act=close]").click()
    expect(box.locator(".box")).to_have_count(0)


def test_figures_are_asked_for_only_while_somebody_sees_them(server, page):
    made = server.action("generate_app_code", idea="an app that counts words").json()["project"]["id"]
    server.action("preview_start", project=made)
    open_page(page, server)
    expect(page.locator("#chrome")).to_contain_text("MB")
    expect(page.locator("#chrome")).to_contain_text("process")
    asked = []
    page.on("request", lambda request: asked.append(request.url) if "/queue/join" in request.url else None)
    page.wait_for_timeout(5000)
    assert asked
    page.evaluate("Object.defineProperty(document, 'hidden', {value: true, configurable: true})")
    page.wait_for_timeout(1500)
    asked.clear()
    page.wait_for_timeout(6000)
    assert asked == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_phone_has_all_of_it_without_scrolling_sideways(server, browser, scheme):
    made = server.action("generate_app_code", idea=PAGE).json()["project"]["id"]
    server.action("preview_start", project=made)
    context = browser.new_context(viewport={"width": 390, "height": 844}, color_scheme=scheme, has_touch=True)
    phone = context.new_page()
    open_page(phone, server)
    expect(phone.locator("#bar select")).to_have_value(made)
    expect(phone.locator("#seal")).to_be_visible()
    phone.locator("#seal").click()
    expect(phone.locator("#box .layers li").first).to_be_visible()
    for name in ("preview", "files", "terminal", "logs", "receipt"):
        tab = phone.locator(f"#panes > .tab-wrapper [data-tab-id={name}]:visible")
        tab.click()
        phone.wait_for_timeout(300)
        assert phone.evaluate("document.documentElement.scrollWidth") <= 390, name
    pane(phone, "terminal")
    command(phone, "echo on a phone")
    expect(phone.locator("#terminal")).to_contain_text("exit 0")
    expect(phone.locator("#terminal .term-output").last).to_contain_text("on a phone")
    context.close()
