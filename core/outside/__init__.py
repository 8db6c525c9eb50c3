"""Tools of others: MCP servers and Spaces a person connected, each with its own headers and its risk marked.

Owns who is connected for whom, in memory only, and the wire toward MCP servers (the official client). Knows no model and no page.
"""

from core.outside.connections import LONGEST_CALL, Connections
from core.outside.server import Server, read_server
from core.outside.toolset import Toolset

__all__ = ["LONGEST_CALL", "Connections", "Server", "Toolset", "read_server"]
