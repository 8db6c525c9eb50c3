"""What rules can do to files: small functions from files and an error to changes. Pure; none guesses where it cannot know.

    fix(files, look, **parameters) -> {path: new content, or None to delete}

`Unfit` where it does not apply. A fix of Python source is kept only when the file then parses further than before.
"""

from collections.abc import Callable, Mapping

from core.repair.fixes import calls, card, modules, names, packages, parts, servers, syntax
from core.repair.fixes.reading import Unfit

Changes = Mapping[str, bytes | None]
FIXES: dict[str, Callable[..., Changes]] = {
    function.__name__: function
    for room in (calls, card, modules, names, packages, parts, servers, syntax)
    for function in room.FIXES
}

__all__ = ["FIXES", "Unfit"]
