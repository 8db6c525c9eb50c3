"""A Gradio Space, by Gradio's own client and in a real browser."""

from __future__ import annotations

from gradio_client import Client

from tests.hub.space_apps import create, readme

APP = """import time
import gradio as gr


def greet(name):
    for number in range(3):
        time.sleep(0.1)
        yield f"Hello {name} {number}"


with gr.Blocks() as demo:
    name, greeting = gr.Textbox(label="Name"), gr.Textbox(label="Greeting")
    gr.Button("Greet").click(greet, name, greeting, api_name="greet")
demo.launch(server_name="0.0.0.0", server_port=7860, share=True)
"""


def test_a_private_gradio_space_streams_and_its_waiting_page_opens_it(hub, name, page):
    api, repo = hub.api(), f"anna/{name}"
    files = {"README.md": readme("gradio", "sdk_version: 6.31.0"), "app.py": APP, "requirements.txt": "gradio>=5\n"}
    runtime = create(api, repo, files, private=True)
    assert runtime.stage == "RUNNING", runtime.raw
    host = api.space_info(repo).host
    client = Client(f"{host}/", verbose=False)
    assert list(client.submit("Anna", api_name="/greet"))[-1] == "Hello Anna 2"
    client.close()

    api.restart_space(repo)
    page.goto(f"{host}/")
    assert page.title() in ("Building", "Starting")
    page.get_by_label("Name").fill("Zoe", timeout=40_000)
    page.get_by_role("button", name="Greet", exact=True).click()
    page.wait_for_function("[...document.querySelectorAll('textarea')].some(area => area.value === 'Hello Zoe 2')", timeout=20_000)
