"""GitHub, to read: repositories of an owner, examples in one, one file. It knows nothing of the Hub and writes nothing."""

from core.github.client import GitHub
from core.github.examples import find_examples
from core.github.files import read_file
from core.github.listing import list_repos

__all__ = ["GitHub", "find_examples", "list_repos", "read_file"]
