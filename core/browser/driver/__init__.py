"""The process that drives Chromium. It has an environment of its own and knows none of our rooms.

Run as a module with a socket, whose descriptor SPACES_BROWSER_SOCKET names: orders come in and outcomes go out as lines of JSON.
"""
