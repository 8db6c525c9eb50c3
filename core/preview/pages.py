"""The few pages we answer ourselves under an app's address. Plain, and the same for everybody."""

from __future__ import annotations

from html import escape

_PAGE = """<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
{head}<title>{title}</title><style>body{{font:16px/1.5 system-ui,sans-serif;margin:15vh auto;max-width:34rem;padding:0 1rem;
color:#374151;background:#fff}}@media(prefers-color-scheme:dark){{body{{color:#d1d5db;background:#111827}}}}</style></head>
<body><h1 style="font-size:1.2rem">{title}</h1><p>{text}</p></body></html>"""


def page(title: str, text: str, *, refresh: bool = False) -> bytes:
    """One page with a title and a sentence; `refresh` loads it again after a second."""
    head = '<meta http-equiv="refresh" content="1">' if refresh else ""
    return _PAGE.format(title=escape(title), text=escape(text), head=head).encode()


NOT_FOUND = page("Nothing here", "There is no app at this address. It may have been stopped; start it again to get a new one.")
STARTING = page("Starting", "The app is being started. This page opens it as soon as it answers.", refresh=True)
NO_FILE = page("Not found", "The app has no page at this address.")
NO_ANSWER = page("No answer", "The app did not answer. Look at its log.")
TOO_SLOW = page("No answer in time", "The app took too long to answer. Look at its log.")
TOO_LARGE = page("Too large", "The request is larger than this app may receive.")
TOO_MANY_HEADERS = page("Too many headers", "The request carries more headers than this app may receive.")
BUSY = page("Busy", "The app is still working on as many requests as it may have at once. Try again in a moment.")
