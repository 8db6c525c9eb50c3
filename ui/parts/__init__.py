"""What the page shows, as pure functions from data to HTML.

Each part is a Jinja template beside a module that prepares its data. Autoescaping is on for all of them, so
that a title, a log line or a file name stays text whatever it holds. Nothing in here asks the house anything.
"""
