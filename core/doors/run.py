"""Every action, ready to run for a door."""

import core.actions  # noqa: F401  a door offers every action, and importing the room registers them
from core.running import follow_action, run_action

__all__ = ["follow_action", "run_action"]
