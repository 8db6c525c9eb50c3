"""A Streamlit app as its Dockerfile starts it: its page, its WebSocket, a button, an upload and a download, in a real browser."""

from pathlib import Path

import httpx
import pytest

APP = b'''
import streamlit as st

st.title("Counting")
st.session_state.setdefault("count", 0)
if st.button("One more"):
    st.session_state.count += 1
st.write(f"It is {st.session_state.count} now")
given = st.file_uploader("A file")
if given is not None:
    st.write("It says " + given.read().decode().upper())
    st.download_button("Get it", b"GOT IT", file_name="got.txt")
'''
DOCKERFILE = b"""FROM python:3.12-slim
WORKDIR /app
COPY . .
RUN pip install streamlit
EXPOSE 8501
ENTRYPOINT ["streamlit", "run", "app.py", "--server.port=8501", "--server.address=0.0.0.0"]
"""


@pytest.fixture(scope="module")
def app(house):
    preview = house.start({"app.py": APP, "Dockerfile": DOCKERFILE})
    yield preview
    house.stop(preview)


def test_it_is_served_on_the_inherited_socket_under_its_prefix(house, app):
    assert app.address.socket is not None
    page = httpx.get(house.url(app))
    assert (page.status_code, "<title>Streamlit</title>" in page.text) == (200, True)
    assert httpx.get(house.url(app, "_stcore/health")).text == "ok"
    assert app.token not in "\n".join(line.text for line in app.logs.lines())


@pytest.mark.parametrize("where", ["in a frame", "in its own tab"])
def test_a_visitor_uses_it(browser, house, app, where, tmp_path):
    page = browser.new_page(accept_downloads=True)
    errors = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    try:
        page.goto(house.page(app) if where == "in a frame" else house.url(app))
        document = page.frame_locator("#app") if where == "in a frame" else page
        document.get_by_text("It is 0 now").wait_for(timeout=60_000)
        document.get_by_role("button", name="One more").click()
        document.get_by_text("It is 1 now").wait_for(timeout=30_000)
        given = tmp_path / "quiet.txt"
        given.write_text("quiet words")
        document.locator("input[type=file]").set_input_files(given)
        document.get_by_text("It says QUIET WORDS").wait_for(timeout=30_000)
        with page.expect_download(timeout=30_000) as download:
            document.get_by_role("button", name="Get it").click()
        assert Path(download.value.path()).read_text() == "GOT IT"
        assert errors == []
    finally:
        page.close()
