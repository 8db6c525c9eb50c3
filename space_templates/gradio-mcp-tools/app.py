"""One page to try the tools, one address for agents: /gradio_api/mcp/ ."""

import html
from pathlib import Path

import gradio as gr

import forms
from tools import MODULES, functions

TITLE = ${title}
ABOUT = ${about}

theme = gr.themes.Base(
    primary_hue="violet",
    neutral_hue="slate",
    radius_size="md",
    font=["system-ui", "-apple-system", "Segoe UI", "sans-serif"],
    font_mono=["ui-monospace", "Menlo", "monospace"],
).set(body_background_fill="*neutral_50", body_background_fill_dark="*neutral_950", block_shadow="none", body_text_color_subdued="*neutral_500", body_text_color_subdued_dark="*neutral_400", button_primary_background_fill="*primary_600")

ADDRESS = """(() => {
  const base = location.href.split(/[?#]/)[0].replace(/\\/+$/, "");
  const address = base + "/gradio_api/mcp/";
  return [address, JSON.stringify({ mcpServers: { tools: { url: address } } }, null, 2)];
})"""


def catalogue() -> str:
    rows = "".join(
        f"<li><code>{html.escape(function.__name__)}</code><span>{html.escape(forms.about(function))}</span></li>" for module in MODULES for function in functions(module)
    )
    return f'<ul class="tools">{rows}</ul>'


with gr.Blocks(title=TITLE) as demo:
    gr.HTML(f'<header class="top"><h1>{html.escape(TITLE)}</h1><p>{html.escape(ABOUT)}</p></header>', padding=False)
    with gr.Tabs():
        for module in MODULES:
            with gr.Tab(module.__doc__):
                for place, function in enumerate(functions(module)):
                    with gr.Accordion(function.__name__, open=place == 0):
                        gr.Markdown(forms.about(function))
                        with gr.Row(equal_height=False):
                            with gr.Column(scale=3, min_width=280):
                                given = forms.fields(function)
                                run = gr.Button("Run", variant="primary", elem_id=f"run-{function.__name__}")
                            with gr.Column(scale=3, min_width=280):
                                answer = gr.Code(label="Answer", language="json", wrap_lines=True, lines=5, interactive=False, elem_id=f"answer-{function.__name__}")
                        run.click(forms.from_form(function), given, answer, api_visibility="private")
                    # queue=False answers an agent in milliseconds; these functions never wait for anything.
                    gr.api(forms.as_tool(function), api_name=function.__name__, queue=False)
        with gr.Tab("Connect an agent"):
            gr.Markdown("Paste this address into a client that speaks MCP (Streamable HTTP), or the block below into its configuration file.")
            address = gr.Textbox(label="Address", buttons=["copy"], interactive=False, elem_id="address")
            config = gr.Code(label="Configuration", language="json", interactive=False, lines=7)
            gr.HTML(catalogue(), padding=False)
    demo.load(None, None, [address, config], js=ADDRESS, api_visibility="private")

if __name__ == "__main__":
    demo.launch(mcp_server=True, theme=theme, css_paths=[Path(__file__).with_name("style.css")])
