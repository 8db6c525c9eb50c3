"""Turns at a service that takes few requests a second from everybody without a key: its callers here share them."""

from __future__ import annotations

import asyncio
import time

LONGEST_TURN = 3.0  # seconds; who would wait longer is told to come back


class Pace:
    """When each account may ask next."""

    def __init__(self) -> None:
        self._free: dict[tuple, float] = {}

    async def turn(self, account: tuple, seconds: float) -> float:
        """Wait for the account's next turn; the seconds it is away, when that is too long to wait for, else 0.

        seconds: between two turns, 0 for a service that wants none.
        """
        if not seconds:
            return 0.0
        now = time.monotonic()
        at = max(now, self._free.get(account, 0.0))
        if at - now > LONGEST_TURN:
            return at - now
        self._free[account] = at + seconds
        await asyncio.sleep(at - now)
        return 0.0
