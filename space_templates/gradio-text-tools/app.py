"""The page: one tab for each operation. Everything happens in this process; no text is kept."""

import csv
import html
import inspect
import tempfile
from pathlib import Path

import gradio as gr

from operations import OPERATIONS
from operations.result import Result

TITLE = ${title}
ABOUT = ${about}
LIMIT = 200_000
# A DownloadButton gives what it held before the click; this fetches what the click has just made.
FETCH = """(file) => {
  const link = Object.assign(document.createElement("a"), { href: file.url, download: file.orig_name || "table.csv" });
  document.body.append(link);
  link.click();
  link.remove();
}"""

theme = gr.themes.Base(
    primary_hue="indigo",
    neutral_hue="slate",
    radius_size="md",
    font=["system-ui", "-apple-system", "Segoe UI", "sans-serif"],
    font_mono=["ui-monospace", "Menlo", "monospace"],
).set(body_background_fill="*neutral_50", body_background_fill_dark="*neutral_950", block_shadow="none", body_text_color_subdued="*neutral_500", body_text_color_subdued_dark="*neutral_400", button_primary_background_fill="*primary_600")


def tiles(result: Result) -> str:
    note = f'<p class="note">{html.escape(result.note)}</p>' if result.note else ""
    cells = "".join(f"<div><dt>{html.escape(str(name))}</dt><dd>{html.escape(str(value))}</dd></div>" for name, value in result.numbers.items())
    return f'<dl class="tiles">{cells}</dl>{note}' if cells else note


def work(operation, text: str, *options):
    text = text or ""
    if len(text) > LIMIT:
        return f'<p class="note">The text is longer than {LIMIT:,} characters; work on a part of it.</p>', gr.skip(), gr.skip()
    result = operation.run(text, *options) if text.strip() else Result(note="Type or paste a text to begin.")
    table = gr.update(value=[list(row) for row in result.rows], headers=list(result.headers) or None, visible=bool(result.rows))
    return tiles(result), gr.update(value=result.text or "", visible=result.text is not None), table


def to_csv(operation, text: str, *options) -> str:
    result = operation.run(text or "", *options)
    path = Path(tempfile.mkdtemp()) / f"{operation.__name__.rsplit('.', 1)[-1]}.csv"
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        if result.rows:
            writer.writerow(result.headers)
            writer.writerows(result.rows)
        else:
            writer.writerows(result.numbers.items())
    return str(path)


def read(path: str | None) -> str:
    if not path:
        return ""
    data = Path(path).read_bytes()[: LIMIT * 4]
    try:
        return data.decode("utf-8-sig")[:LIMIT]
    except UnicodeDecodeError:
        raise gr.Error("This file is not plain text (UTF-8).") from None


def control(option):
    if option.choices:
        return gr.Dropdown(list(option.choices), value=option.default, label=option.label)
    if isinstance(option.default, bool):
        return gr.Checkbox(option.default, label=option.label)
    if isinstance(option.default, int):
        return gr.Number(option.default, label=option.label, precision=0, minimum=1)
    return gr.Textbox(option.default, label=option.label, lines=option.lines)


def panel(name: str, operation) -> None:
    gr.Markdown(operation.ABOUT, elem_classes="about")
    with gr.Row(equal_height=False):
        with gr.Column(scale=5, min_width=300):
            text = gr.Textbox(operation.SAMPLE, label="Your text", lines=9, max_lines=24, elem_id=f"{name}-text")
            options = [control(option) for option in operation.OPTIONS.values()]
            with gr.Row():
                clear = gr.Button("Clear", size="sm", min_width=80)
                upload = gr.UploadButton("Open a text file", size="sm", file_types=["text", ".md", ".csv", ".json", ".log"], min_width=120)
        with gr.Column(scale=6, min_width=300):
            first = operation.run(operation.SAMPLE, *(option.default for option in operation.OPTIONS.values()))
            numbers = gr.HTML(tiles(first), elem_id=f"{name}-numbers", padding=False)
            new_text = gr.Textbox(first.text or "", visible=first.text is not None, label="Result", lines=4, max_lines=16, buttons=["copy"], elem_id=f"{name}-result")
            table = gr.Dataframe(
                [list(row) for row in first.rows],
                headers=list(first.headers) or None,
                visible=bool(first.rows),
                interactive=False,
                wrap=True,
                max_height=320,
                show_label=False,
                elem_id=f"{name}-table",
            )
            download = gr.Button("Download as CSV", size="sm")
            ready = gr.File(visible=False)
    given, shown = [text, *options], [numbers, new_text, table]

    # Gradio reads names and types for the API from the function itself.
    def run(*values):
        return work(operation, *values)

    def export(*values):
        return to_csv(operation, *values)

    run.__doc__ = inspect.getdoc(operation)
    changes = [text.change, *(option.change for option in options)]
    gr.on(changes, run, given, shown, api_name=name, show_progress="hidden", trigger_mode="always_last")
    clear.click(lambda: "", None, text, api_visibility="private")
    upload.upload(read, upload, text, api_visibility="private")
    made = download.click(export, given, ready, api_visibility="private")
    made.success(None, ready, None, js=FETCH, api_visibility="private")


with gr.Blocks(title=TITLE) as demo:
    gr.HTML(f'<header class="top"><h1>{html.escape(TITLE)}</h1><p>{html.escape(ABOUT)}</p></header>', padding=False)
    if len(OPERATIONS) == 1:
        ((only, module),) = OPERATIONS.items()
        panel(only, module)
    else:
        with gr.Tabs():
            for key, module in OPERATIONS.items():
                with gr.Tab(module.TITLE):
                    panel(key, module)

if __name__ == "__main__":
    demo.launch(theme=theme, css_paths=[Path(__file__).with_name("style.css")])
