"""Put a text into a field: all of it at once, then the keys that end its typing, since there are apps that follow nothing else."""

from __future__ import annotations

from contextlib import suppress

from playwright.async_api import Error, Locator

# Gradio 6 tells a Textbox's `.input` at a keypress alone, and old pages listen for keyup; a text that is set brings neither.
_KEYS = """(field, key) => {
  for (const kind of ["keydown", "keypress", "keyup"]) field.dispatchEvent(new KeyboardEvent(kind, { key, bubbles: true, cancelable: true, composed: true }));
}"""


async def put(field: Locator, text: str, *, milliseconds: int) -> None:
    """Replace what the field holds. `Error` when it cannot be filled in that time."""
    element = await field.element_handle(timeout=milliseconds)
    await element.fill(text, timeout=milliseconds)
    last = text.strip()[-1:]  # never Enter, which would send what is only being written
    with suppress(Error):  # the text alone may have led to another page
        if last:  # an empty text is put in by a key already: Delete
            await element.evaluate(_KEYS, last)
