"""How much one process tree may use."""

from __future__ import annotations

from dataclasses import dataclass

MB = 1 << 20


@dataclass(frozen=True)
class Limits:
    """The bounds of one box; every one has a default that fits a free Space's kind of app."""

    memory_bytes: int = 2048 * MB  # proportional set size, summed over the whole tree
    data_bytes: int = 1536 * MB  # private memory of one process
    address_bytes: int = 0  # of one process, whatever backs it; 0 for no bound
    workspace_bytes: int = 512 * MB  # files the tree wrote, temporary and unlinked ones included
    file_bytes: int = 128 * MB  # one file
    files_written: int = 20_000  # entries in the workspace
    open_files: int = 512
    processes: int = 64  # of the whole tree
    threads: int = 256  # above those the user already has; the kernel does not count root's
    cpu_seconds: int = 0  # of one process; 0 for no bound
    log_lines: int = 5000
    log_bytes: int = 2 * MB
    log_bytes_per_second: int = 1 * MB
