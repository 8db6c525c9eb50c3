"""A headless Chromium that opens one app and uses it. It knows no keys and can reach nothing but that app.

Owns the browser's thread, processes and directory, and the listener they may talk to. Knows nothing of previews, projects or the page.

    browser = Browser(data)
    found = await browser.check(app, Check(steps=(Step(do="click", role="button", name="Submit"),)), mount="/p/x")
    found["verdict"]               # {"ok": …, "problems": […], "notes": […], "checks": […]}
"""

from core.browser.browser import Browser
from core.browser.check import Check, Step, Verb, Viewport
from core.browser.chromium import find_chromium

__all__ = ["Browser", "Check", "Step", "Verb", "Viewport", "find_chromium"]
