"""The attacks by number: what they are, whether they succeed bare and in a box, and what stops them."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Attack:
    """bare: "HIT" where it must succeed without a box, "" where that depends on the machine. boxed: what it comes to sealed.

    elsewhere: the test that runs it, for those that are not a program inside one box.
    """

    number: str
    name: str
    stopped_by: str
    bare: str = "HIT"
    boxed: str = "blocked"
    elsewhere: str = ""


_MONITOR = "tests/box/test_monitor.py"
ATTACKS = (
    Attack("1", "secrets in its own environment", "an environment constructed for it"),
    Attack("2", "environment and memory of the server through /proc", "Landlock"),
    Attack("3", "environments of its parents", "Landlock"),
    Attack("4a", "process_vm_readv of the server", "seccomp, Landlock"),
    Attack("4b", "ptrace of the server", "seccomp, Landlock"),
    Attack("4c", "pidfd_getfd: a descriptor of the server", "seccomp, Landlock"),
    Attack("5", "list processes, command lines, descriptors", "Landlock"),
    Attack("6", "the token in ~/.cache/huggingface", "Landlock"),
    Attack("7a", "read another preview's workspace", "Landlock"),
    Attack("7b", "write into another preview's workspace", "Landlock"),
    Attack("8a", "a symbolic link out of the workspace", "Landlock"),
    Attack("8b", "a hard link to a file outside", "Landlock"),
    Attack("9a", "mode, times and attributes of files outside", "seccomp (pretended)"),
    Attack("9b", "times of a file that it may read", "seccomp (pretended)"),
    Attack("10", "stat of a file outside", "nothing: names, sizes and times can be seen", boxed="HIT"),
    Attack("11", "watch a directory outside", "seccomp"),
    Attack("12", "TCP connection to the server", "seccomp, Landlock"),
    Attack("13", "MPTCP connection", "seccomp", bare=""),
    Attack("14", "TCP fast open", "seccomp", bare=""),
    Attack("15a", "UDP packet", "seccomp"),
    Attack("15b", "netlink socket", "seccomp"),
    Attack("16", "abstract unix socket of the server", "seccomp, Landlock"),
    Attack("17a", "unix socket of another preview", "seccomp"),
    Attack("17b", "datagram to a unix socket from a pair", "seccomp"),
    Attack("18", "listen on a port", "seccomp, Landlock"),
    Attack("19", "listen without bind", "seccomp"),
    Attack("20", "a signal to the server", "Landlock, seccomp"),
    Attack("21", "a signal to everybody", "seccomp, Landlock"),
    Attack("22", "limits, priority and processors of the server", "seccomp"),
    Attack("23", "fork bomb", "control group or RLIMIT_NPROC, where there is one; monitor", bare="", elsewhere=_MONITOR),
    Attack("24", "3 GB of private memory", "RLIMIT_DATA"),
    Attack("25", "shared memory that no limit counts", "monitor", bare="", elsewhere=_MONITOR),
    Attack("26", "memory files", "seccomp"),
    Attack("27", "one file of 200 MB", "RLIMIT_FSIZE"),
    Attack("28", "many large files", "monitor", bare="", elsewhere=_MONITOR),
    Attack("29", "large files without a name", "monitor", bare="", elsewhere=_MONITOR),
    Attack("30", "write to /tmp and /dev/shm", "Landlock"),
    Attack("31", "write to site-packages", "Landlock"),
    Attack("32", "install a package while it runs", "seccomp, Landlock"),
    Attack("33", "gain rights by exec (setuid, file capabilities)", "no-new-privileges, no capability", bare=""),
    Attack("34", "type into the terminal of the server", "seccomp", bare=""),
    Attack("35", "core dump", "RLIMIT_CORE", bare=""),
    Attack("36a", "user namespace", "seccomp", bare=""),
    Attack("36b", "io_uring", "seccomp", bare=""),
    Attack("36c", "System V shared memory", "seccomp", bare=""),
    Attack("36d", "personality", "seccomp"),
    Attack("36e", "calls of another table of numbers", "seccomp", bare=""),
    Attack("36f", "a lease on a file of the system", "seccomp", bare=""),
    Attack("37", "a daemon that leaves its group", "box ends the whole tree", bare="", elsewhere="tests/preview/test_process.py"),
    Attack("38", "forking while it is killed", "stop, kill and look again", bare="", elsewhere="here: test_one_that_forks_while_it_is_ended_is_gone"),
    Attack("39", "the box itself killed", "server as second reaper, marks", bare="", elsewhere="tests/preview/test_process.py"),
    Attack("40", "log flood", "bounded reading", bare="", elsewhere="tests/preview/test_process.py"),
    Attack("41", "an app that never answers", "a client of its own for each preview", bare="", elsewhere="tests/preview/test_proxy_faults.py"),
    Attack("42", "zip bomb, names that leave the folder", "checked before it is unpacked", bare="", elsewhere="tests/build/test_archive.py"),
    Attack("43", "FIFO and links in a workspace the server reads", "opened without following", bare="", elsewhere="tests/box/test_workspace.py"),
)  # fmt: skip


def markdown() -> str:
    """The table of docs/box.md."""
    rows = ["| # | attack | bare | in a box | stopped by | shown by |", "|---|---|---|---|---|---|"]
    for one in ATTACKS:
        bare = one.bare or ("depends" if not one.elsewhere else "–")
        boxed = one.boxed if not one.elsewhere else "ended" if one.elsewhere == _MONITOR else "blocked"
        rows.append(f"| {one.number} | {one.name} | {bare} | {boxed} | {one.stopped_by} | {one.elsewhere or 'tests/preview/test_attacks.py'} |")
    return "\n".join(rows) + "\n"
