import os
import time
from pathlib import Path

import gradio as gr


def count(word: str):
    """Say a word three times.

    Args:
        word: what to say
    """
    for number in (1, 2, 3):
        yield f"{word} {number}"
        time.sleep(0.15)


def add(a: int, b: int) -> int:
    """Add two numbers.

    Args:
        a: one
        b: other
    """
    return a + b


def shout(file):
    text = Path(file).read_text().upper()
    out = Path(file).with_name("shouted.txt")
    out.write_text(text)
    return text, str(out)


with gr.Blocks() as demo:
    word = gr.Textbox(label="Word", elem_id="word")
    said = gr.Textbox(label="Said", elem_id="said")
    gr.Button("Count", elem_id="count").click(count, word, said, api_name="count")
    file = gr.File(label="File", elem_id="file")
    text = gr.Textbox(label="Text", elem_id="text")
    out = gr.DownloadButton("Download", elem_id="download")
    file.upload(shout, file, [text, out], api_name="shout")
    gr.BrowserState("remembered")
    gr.api(add, api_name="add")

if __name__ == "__main__":
    print("the app's directory is", os.getcwd())
    demo.launch(server_name="0.0.0.0", server_port=7860, share=True, mcp_server=True)
