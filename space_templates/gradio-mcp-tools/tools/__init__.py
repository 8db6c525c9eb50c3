"""The tools. Each public function of each module is one: its type hints and docstring are what an agent reads."""

import importlib
import inspect

GROUPS = ${tools}
MODULES = [importlib.import_module(f"tools.{name}") for name in GROUPS]


def functions(module) -> list:
    """The public functions a module defines itself, in the order they are written."""
    found = [f for name, f in inspect.getmembers(module, inspect.isfunction) if not name.startswith("_") and f.__module__ == module.__name__]
    return sorted(found, key=lambda function: function.__code__.co_firstlineno)
