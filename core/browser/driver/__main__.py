"""Read orders, carry each out in a context of its own, write outcomes. Ends when the server closes the socket."""

from __future__ import annotations

import asyncio
import ctypes
import json
import os
import signal
import socket
import sys
import time
from typing import Any

from playwright.async_api import Browser, Error, Playwright, async_playwright

from core.browser.driver.sealing import seal
from core.browser.driver.visit import visit

ORDERS = int(os.environ["SPACES_BROWSER_SOCKET"])  # the descriptor of the socket
LONGEST_LINE = 64 * 1024 * 1024
LAUNCH_SECONDS = 40
PR_SET_PDEATHSIG = 1  # linux/prctl.h


async def main() -> int:
    """Serve until the socket or Chromium ends."""
    setup = json.loads(sys.argv[1])
    sealed = seal(setup["seal"]) if setup["seal"] else False
    reader, writer = await asyncio.open_unix_connection(sock=socket.socket(fileno=ORDERS), limit=LONGEST_LINE)

    def tell(message: dict[str, Any]) -> None:
        if not writer.is_closing():
            writer.write(json.dumps(message).encode() + b"\n")

    async with async_playwright() as playwright:
        try:
            browser, sandboxed = await launch(playwright, setup, own_sandbox=not sealed and os.geteuid() != 0)
        except Error as error:
            tell({"failed": (error.message.splitlines() or ["no reason given"])[0]})
            await writer.drain()
            return 1
        tell({"ready": browser.version, "sandboxed": sandboxed, "sealed": sealed})
        browser.on("disconnected", lambda _: reader.feed_eof())
        await serve(browser, reader, tell)
        await asyncio.wait_for(browser.close(), 5)
    return 0


async def launch(playwright: Playwright, setup: dict[str, Any], *, own_sandbox: bool) -> tuple[Browser, bool]:
    """Chromium, with its own sandbox where that is wanted and the machine allows it, which is told.

    It cannot sandbox itself as root, nor inside a seal, which keeps it from making namespaces.
    """
    options = {
        "executable_path": setup["executable"],
        "args": setup["switches"],
        "env": dict(os.environ),
        "timeout": LAUNCH_SECONDS * 1000,
        "handle_sigint": False,
        "handle_sighup": False,
    }
    if own_sandbox:
        try:
            return await playwright.chromium.launch(chromium_sandbox=True, **options), True
        except Error:
            pass  # no user namespaces here
    return await playwright.chromium.launch(chromium_sandbox=False, **options), False


async def serve(browser: Browser, reader: asyncio.StreamReader, tell) -> None:
    """Start a task for each order; a line `{id, cancel}` ends it early, `{id, raised}` says that its app wrote an error."""
    tasks: dict[int, asyncio.Task] = {}
    raised: dict[int, float] = {}

    async def carry_out(order: dict[str, Any]) -> None:
        try:
            tell({"id": order["id"], "outcome": await visit(browser, order, lambda: raised.get(order["id"], 0.0))})
        except Error as error:
            tell({"id": order["id"], "failed": (error.message.splitlines() or ["it gave no reason"])[0]})
        finally:
            tasks.pop(order["id"], None)
            raised.pop(order["id"], None)

    try:
        while line := await reader.readline():
            order = json.loads(line)
            if order.get("cancel"):
                if task := tasks.get(order["id"]):
                    task.cancel()
            elif order.get("raised"):
                if order["id"] in tasks:
                    raised[order["id"]] = time.monotonic()
            else:
                tasks[order["id"]] = asyncio.create_task(carry_out(order))
    finally:
        for task in list(tasks.values()):
            task.cancel()
        await asyncio.gather(*tasks.values(), return_exceptions=True)


if __name__ == "__main__":
    if sys.platform == "linux":  # a server that is killed takes its browser along
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    sys.exit(asyncio.run(main()))
