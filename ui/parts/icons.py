"""The page's icons: strokes of one width on a 16 × 16 grid, coloured by the text around them."""

from __future__ import annotations

from markupsafe import Markup, escape

_PATHS: dict[str, str] = {
    "alert": "M8 2.2 14.5 13.5h-13zM8 6.5v3M8 11.6v.1",
    "box": "M2.5 5 8 2.2 13.5 5v6L8 13.8 2.5 11zM2.5 5 8 7.8 13.5 5M8 7.8v6",
    "check": "M3 8.5 6.5 12 13 4.5",
    "chevron": "M6 3.5 10.5 8 6 12.5",
    "circle": "M8 3.2a4.8 4.8 0 1 0 0 9.6 4.8 4.8 0 0 0 0-9.6z",
    "clock": "M8 2a6 6 0 1 0 0 12A6 6 0 0 0 8 2zM8 4.8V8l2.2 1.6",
    "copy": "M5.5 5.5h8v8h-8zM10.5 5.5v-3h-8v8h3",
    "cross": "M4 4l8 8M12 4l-8 8",
    "cube": "M8 1.8 13.5 5v6L8 14.2 2.5 11V5zM2.5 5 8 8.2 13.5 5M8 8.2v6",
    "database": "M2.8 4c0-1.2 2.3-2 5.2-2s5.2.8 5.2 2-2.3 2-5.2 2-5.2-.8-5.2-2zM2.8 4v8c0 1.2 2.3 2 5.2 2s5.2-.8 5.2-2V4M2.8 8c0 1.2 2.3 2 5.2 2s5.2-.8 5.2-2",
    "desktop": "M2 3h12v8H2zM6 13.5h4M8 11v2.5",
    "download": "M8 2v8M4.8 7.2 8 10.4l3.2-3.2M2.5 13.5h11",
    "down": "M8 3v10M3.8 8.8 8 13l4.2-4.2",
    "edit": "M10.8 2.7 13.3 5.2 5.5 13H3v-2.5zM9.3 4.2l2.5 2.5",
    "file": "M4 1.8h5.2L12 4.6v9.6H4zM9 1.8V5h3",
    "folder": "M2 4h4.2l1.5 1.8H14v7H2z",
    "globe": "M8 2a6 6 0 1 0 0 12A6 6 0 0 0 8 2zM2 8h12M8 2c2 1.8 2.6 3.8 2.6 6S10 12.2 8 14C6 12.2 5.4 10.2 5.4 8S6 3.8 8 2z",
    "grip": "M6 4v.1M10 4v.1M6 8v.1M10 8v.1M6 12v.1M10 12v.1",
    "heart": "M8 13.5C4.5 11 2 8.9 2 6.2 2 4.4 3.4 3 5.1 3 6.3 3 7.4 3.7 8 4.8 8.6 3.7 9.7 3 10.9 3 12.6 3 14 4.4 14 6.2c0 2.7-2.5 4.8-6 7.3z",
    "history": "M2.5 8a5.5 5.5 0 1 0 1.8-4.1M2.2 2.3v2.5h2.5M8 5v3.2l2 1.3",
    "key": "M10.5 2.5a3.3 3.3 0 1 0 0 6.6 3.3 3.3 0 0 0 0-6.6zM8.1 8.1 2.5 13.7M4.2 12l1.8 1.8",
    "lock": "M3.5 7.2h9v6.3h-9zM5.5 7.2V5a2.5 2.5 0 0 1 5 0v2.2",
    "log": "M3 3.5h10M3 6.5h7M3 9.5h10M3 12.5h5",
    "moon": "M13.2 9.6A5.7 5.7 0 0 1 6.4 2.8a5.7 5.7 0 1 0 6.8 6.8z",
    "open": "M9 2.5h4.5V7M13.2 2.8 7.5 8.5M11.5 9.5v4h-9v-9h4",
    "pause": "M5.5 3.5v9M10.5 3.5v9",
    "phone": "M5 1.8h6v12.4H5zM7.4 12.2h1.2",
    "play": "M5 3.2v9.6L12.5 8z",
    "plus": "M8 3v10M3 8h10",
    "plug": "M5.5 2v3M10.5 2v3M3.8 5h8.4v2.5a4.2 4.2 0 0 1-8.4 0zM8 11.7V14",
    "reload": "M13.3 8A5.3 5.3 0 1 1 11.6 4.1M13.3 2v3h-3",
    "rocket": "M6 10 4 8.8C4.8 5.2 7.5 2.5 13.5 2.5c0 6-2.7 8.7-6.3 9.5zM4 8.8 2.2 9.3M7.2 12l-.5 1.8M4.2 11.8 2.5 13.5M10 6v.1",
    "search": "M7 2.5a4.5 4.5 0 1 0 0 9 4.5 4.5 0 0 0 0-9zM10.3 10.3l3.4 3.4",
    "spinner": "M8 2.5a5.5 5.5 0 0 1 5.5 5.5",
    "square": "M4.5 4.5h7v7h-7z",
    "stack": "M8 2 14 5.2 8 8.4 2 5.2zM2.3 8.2 8 11.2l5.7-3M2.3 11 8 14l5.7-3",
    "terminal": "M2 3h12v10H2zM4.5 6l2 2-2 2M8 10.2h3",
    "trash": "M2.8 4.3h10.4M6.2 4.3v-2h3.6v2M4.2 4.3l.6 9.5h6.4l.6-9.5M6.8 7v4M9.2 7v4",
    "undo": "M3 6h6.5a3.5 3.5 0 0 1 0 7H6M5.8 3.2 3 6l2.8 2.8",
    "up": "M8 13V3M3.8 7.2 8 3l4.2 4.2",
    "upload": "M8 10.5v-8M4.8 5.7 8 2.5l3.2 3.2M2.5 13.5h11",
    "user": "M8 2.5a2.8 2.8 0 1 0 0 5.6 2.8 2.8 0 0 0 0-5.6zM2.8 13.8c.5-2.8 2.6-4.2 5.2-4.2s4.7 1.4 5.2 4.2",
}  # fmt: skip


def icon(name: str, label: str = "") -> Markup:
    """The icon as inline SVG; decorative unless `label` says what it means."""
    spoken = Markup(' role="img" aria-label="{}"').format(label) if label else Markup(' aria-hidden="true"')
    return Markup('<svg class="i i-{}" viewBox="0 0 16 16" width="16" height="16" fill="none"{}><path d="{}"/></svg>').format(
        escape(name), spoken, _PATHS[name]
    )
