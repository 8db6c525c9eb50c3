from pathlib import Path

import gradio as gr


def greet(name, colour, kind, loud, notes):
    said = f"Hello {name}, {colour} and {kind}; notes: {Path(notes).read_text() if notes else 'none'}"
    return said.upper() if loud else said


with gr.Blocks(title="Greeter") as demo:
    name = gr.Textbox(label="Name")
    colour = gr.Dropdown(["red", "green"], label="Colour")
    kind = gr.Radio(["plain", "fancy"], label="Kind", value="plain")
    loud = gr.Checkbox(label="Loud")
    notes = gr.File(label="Notes")
    said = gr.Textbox(label="Greeting")
    gr.Button("Greet").click(greet, [name, colour, kind, loud, notes], said)
    gr.Button("Clear").click(lambda: "", None, said)

demo.launch()
