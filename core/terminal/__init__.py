"""Shell commands over a copy of a project's files, each in a sealed box; what they change is held until it is kept.

Owns what is held. Knows nothing of the page or of actions.
"""

from core.terminal.command import Done
from core.terminal.terminals import Held, Terminals

__all__ = ["Done", "Held", "Terminals"]
