"""What this app can do with a text. Each module is one operation; the order here is the order on the page."""

import importlib

NAMES = ${operations}
OPERATIONS = {name: importlib.import_module(f"operations.{name}") for name in NAMES}
