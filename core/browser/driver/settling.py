"""When is a page done with what it was told: no request on its way, and its document at rest."""

from __future__ import annotations

import asyncio
import time

from playwright.async_api import Error, Page

from core.browser.driver.notices import Notices

QUIET_MILLISECONDS = 250
_AT_REST = """([quiet, limit]) => new Promise((done) => {
  const end = (rest) => { observer.disconnect(); clearTimeout(timer); done(rest); };
  let timer = setTimeout(() => end(true), quiet);
  const observer = new MutationObserver(() => { clearTimeout(timer); timer = setTimeout(() => end(true), quiet); });
  observer.observe(document, {subtree: true, childList: true, characterData: true, attributes: true});
  setTimeout(() => end(false), limit);
})"""


async def settle(page: Page, notices: Notices, *, seconds: float) -> bool:
    """Wait until the page is at rest, at most so long; returns whether it came to rest."""
    deadline = time.monotonic() + seconds
    while (left := deadline - time.monotonic()) > 0:
        if notices.busy:
            await asyncio.sleep(0.05)
            continue
        try:
            rest = await asyncio.wait_for(page.evaluate(_AT_REST, [QUIET_MILLISECONDS, int(left * 1000)]), left + 0.5)
        except TimeoutError:
            return False
        except Error:  # it went to another document meanwhile
            if page.is_closed():
                return False
            await asyncio.sleep(0.05)
            continue
        if rest and not notices.busy:
            return True
    return False
