"""The page: open a file, narrow it down, group and chart it, take it away."""

import html
import tempfile
from pathlib import Path

import gradio as gr
import pandas as pd

import data

TITLE = ${title}
ABOUT = ${about}
SAMPLE = Path(__file__).with_name("sample.csv")
# A DownloadButton gives what it held before the click; this fetches what the click has just made.
FETCH = """(file) => {
  const link = Object.assign(document.createElement("a"), { href: file.url, download: file.orig_name || "table.csv" });
  document.body.append(link);
  link.click();
  link.remove();
}"""

theme = gr.themes.Base(
    primary_hue="emerald",
    neutral_hue="slate",
    radius_size="md",
    font=["system-ui", "-apple-system", "Segoe UI", "sans-serif"],
    font_mono=["ui-monospace", "Menlo", "monospace"],
).set(body_background_fill="*neutral_50", body_background_fill_dark="*neutral_950", block_shadow="none", body_text_color_subdued="*neutral_500", body_text_color_subdued_dark="*neutral_400")

first = data.load(str(SAMPLE))


def tiles(frame: pd.DataFrame, whole: pd.DataFrame) -> str:
    figures = {"Rows": f"{len(frame):,}" + (f" of {len(whole):,}" if len(frame) < len(whole) else ""), "Columns": len(frame.columns)}
    for name in data.numeric(frame)[:3]:
        total = frame[name].mean()
        figures[f"Mean {name}"] = "–" if pd.isna(total) else f"{total:,.2f}"
    cells = "".join(f"<div><dt>{html.escape(str(name))}</dt><dd>{html.escape(str(value))}</dd></div>" for name, value in figures.items())
    return f'<dl class="tiles">{cells}</dl>'


def choices(frame: pd.DataFrame):
    """The three lists of column names that follow from a table."""
    columns, numbers = list(frame.columns), data.numeric(frame)
    words = [name for name in columns if name not in numbers and frame[name].nunique() <= 40] or columns
    return (
        gr.update(choices=["(any)", *columns], value="(any)"),
        gr.update(choices=columns, value=words[0]),
        gr.update(choices=numbers, value=numbers[-1] if numbers else None),
    )


def open_file(path: str | None):
    try:
        frame = data.load(path) if path else first
    except ValueError as error:
        raise gr.Error(str(error)) from None
    return frame, *choices(frame), gr.update(value=""), gr.update(value=""), data.describe(frame)


def show(frame: pd.DataFrame, search: str, column: str, test: str, value: str, by: str, how: str, of: str | None, kind: str):
    try:
        part = data.narrow(frame, search or "", None if column == "(any)" else column, test, value or "")
    except ValueError as error:
        raise gr.Error(str(error)) from None
    if by not in part.columns:
        by = part.columns[0]
    made = data.group(part, by, how, of if of in part.columns else None).head(60)
    plot = made.assign(**{by: made[by].astype(str)})
    figure = made.columns[-1]
    # Hidden, not away: a plot drawn on a tab that was not open fails when it leaves the page (Gradio 6.31).
    bars, lines, dots = (gr.update(visible="hidden"),) * 3
    axes = {"x": by, "y": figure, "x_label_angle": -40, "y_lim": _from_zero(plot[figure]), "visible": True}
    if plot.empty:
        pass  # none of them: a chart over no rows would keep the axes of the one before
    elif kind == "bars":
        bars = gr.BarPlot(plot, sort=list(plot[by]), **axes)
    elif kind == "line":
        lines = gr.LinePlot(plot, **axes)
    else:
        dots = gr.ScatterPlot(plot, **axes)
    return tiles(part, frame), data.shown(part), made, bars, lines, dots


def _from_zero(figures: pd.Series) -> list[float] | None:
    """Axis limits that do not make small differences look large."""
    high = figures.max() if len(figures) else 0
    return [0, float(high) * 1.05] if pd.notna(high) and high > 0 and figures.min() >= 0 else None


def filtered(search: str = "", column: str = "(any)", test: str = "contains", value: str = "") -> list[dict]:
    """Rows of the sample that pass a filter, at most 100.

    Args:
        search: text that must stand in some column.
        column: the column to test, or (any).
        test: contains, is, is not, at least, at most, is empty, is not empty.
        value: what to compare with.
    """
    part = data.narrow(first, search, None if column == "(any)" else column, test, value)
    return data.shown(part).head(100).to_dict("records")


def export(frame: pd.DataFrame, search: str, column: str, test: str, value: str) -> str:
    part = data.narrow(frame, search or "", None if column == "(any)" else column, test, value or "")
    path = Path(tempfile.mkdtemp()) / "filtered.csv"
    part.to_csv(path, index=False)
    return str(path)


columns_now, groups_now, numbers_now = choices(first)

with gr.Blocks(title=TITLE) as demo:
    table_now = gr.State(first)
    gr.HTML(f'<header class="top"><h1>{html.escape(TITLE)}</h1><p>{html.escape(ABOUT)}</p></header>', padding=False)
    with gr.Row(equal_height=False):
        with gr.Column(scale=3, min_width=280):
            source = gr.File(label="CSV, TSV or Parquet", file_types=[".csv", ".tsv", ".txt", ".parquet", ".pq"], height=150)
            search = gr.Textbox(label="Search every column", placeholder="Type to narrow down", elem_id="search")
            with gr.Accordion("Filter", open=False):
                column = gr.Dropdown(columns_now["choices"], value="(any)", label="Filter column")
                test = gr.Dropdown(list(data.TESTS), value="contains", label="Test")
                value = gr.Textbox(label="Value", elem_id="value")
            with gr.Accordion("Group and chart"):
                by = gr.Dropdown(groups_now["choices"], value=groups_now["value"], label="Group by")
                how = gr.Dropdown(list(data.SUMS), value="sum" if numbers_now["value"] else "count", label="Work out")
                of = gr.Dropdown(numbers_now["choices"], value=numbers_now["value"], label="Of")
                kind = gr.Radio(["bars", "line", "dots"], value="bars", label="Chart")
            download = gr.Button("Download the filtered rows")
            ready = gr.File(visible=False)
        with gr.Column(scale=8, min_width=300):
            numbers = gr.HTML(tiles(first, first), padding=False, elem_id="numbers")
            with gr.Tabs():
                with gr.Tab("Chart"):
                    bars = gr.BarPlot(height=380, show_label=False, elem_id="bars")
                    lines = gr.LinePlot(height=380, show_label=False, visible="hidden")
                    dots = gr.ScatterPlot(height=380, show_label=False, visible="hidden")
                    groups = gr.Dataframe(interactive=False, max_height=260, show_label=False, elem_id="groups")
                with gr.Tab("Rows"):
                    rows = gr.Dataframe(data.shown(first), interactive=False, max_height=560, show_label=False, elem_id="rows")
                with gr.Tab("Columns"):
                    about = gr.Dataframe(data.describe(first), interactive=False, max_height=560, show_label=False)
    filters = [table_now, search, column, test, value]
    views = [numbers, rows, groups, bars, lines, dots]
    given = [*filters, by, how, of, kind]
    loaded = source.change(open_file, source, [table_now, column, by, of, search, value, about], api_visibility="private")
    # One event draws everything, whatever was touched; only the newest waiting one counts.
    gr.on(
        [demo.load, search.change, column.input, test.input, value.change, by.input, how.input, of.input, kind.input],
        show,
        given,
        views,
        api_visibility="private",
        trigger_mode="always_last",
        show_progress="hidden",
    )
    loaded.then(show, given, views, api_visibility="private", show_progress="hidden")
    made = download.click(export, filters, ready, api_visibility="private")
    made.success(None, ready, None, js=FETCH, api_visibility="private")
    gr.api(filtered, api_name="filtered")

if __name__ == "__main__":
    demo.launch(theme=theme, css_paths=[Path(__file__).with_name("style.css")])
