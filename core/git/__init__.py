"""A bare git repository as a store of files, without a git binary. Projects and the Local Hub share it.

Owns objects, trees, commits and refs on disk (dulwich reads and indexes them). Knows nothing of
Hubs, users or HTTP.
"""

from core.git.diff import file_diff
from core.git.paths import check_ref, check_tree_path
from core.git.store import GitStore
from core.git.values import Commit, Copy, Delete, DeleteFolder, Entry, FileDiff, Put

__all__ = [
    "Commit",
    "Copy",
    "Delete",
    "DeleteFolder",
    "Entry",
    "FileDiff",
    "GitStore",
    "Put",
    "check_ref",
    "check_tree_path",
    "file_diff",
]
