"""The system call filters of a box, as classic BPF bytes: which calls are refused, which only pretend, which arguments decide.

Everything here is data and an assembler of forty lines; the box loads the bytes and needs no library.
"""

from __future__ import annotations

import errno
import os
import socket
import struct
from collections.abc import Iterable
from dataclasses import dataclass

from core.box.engine import Network
from core.box.syscalls import ARCHITECTURES, FIRST_UNKNOWN, NUMBERS

# linux/bpf_common.h, linux/seccomp.h
_LOAD, _AND, _RETURN, _IF_EQUAL, _IF_AT_LEAST = 0x20, 0x54, 0x06, 0x15, 0x35
KILL, ALLOW, _ERRNO = 0x80000000, 0x7FFF0000, 0x00050000
_NUMBER, _ARCHITECTURE, _ARGUMENTS = 0, 4, 16  # offsets in struct seccomp_data; both architectures are little-endian
_WORD = 0xFFFFFFFF


@dataclass(frozen=True)
class Test:
    """Whether the low word of an argument, masked, equals a value; `differs` turns it round."""

    argument: int
    value: int
    mask: int = _WORD
    differs: bool = False


@dataclass(frozen=True)
class Rule:
    """Calls that get `answer` (an errno; 0 pretends success) when every test holds. The first rule that fits decides."""

    answer: int
    calls: tuple[str, ...]
    tests: tuple[Test, ...] = ()


def _denied(answer: int, calls: str) -> Rule:
    return Rule(answer, tuple(calls.split()))


def _unless(call: str, argument: int, *values: int, answer: int = errno.EPERM, mask: int = _WORD) -> Rule:
    return Rule(answer, tuple(call.split()), tuple(Test(argument, value, mask, differs=True) for value in values))


def _when(call: str, argument: int, value: int, *, answer: int = errno.EPERM, mask: int = _WORD) -> Rule:
    return Rule(answer, tuple(call.split()), (Test(argument, value & mask, mask),))


_NEW_NAMESPACES = (0x00020000, 0x02000000, 0x04000000, 0x08000000, 0x10000000, 0x20000000, 0x40000000)  # linux/sched.h
_FASTOPEN = 0x20000000
_TERMINAL_CALLS = 0x5400  # ioctls of terminals, pipes and sockets in general; those of file systems and devices are others
_ENDANGERING_TERMINAL_CALLS = (0x5412, 0x541C, 0x541D, 0x5423)  # TIOCSTI, TIOCLINUX, TIOCCONS, TIOCSETD
_F_SETOWN, _F_SETOWN_EX, _F_SETLEASE, _F_NOTIFY = 8, 15, 1024, 1026

_ALWAYS = (
    # Other processes, and the ways to look into them.
    _denied(errno.EPERM, "ptrace process_vm_readv process_vm_writev process_madvise process_mrelease kcmp pidfd_getfd"),
    _denied(errno.EPERM, "move_pages migrate_pages perf_event_open lsm_set_self_attr"),
    # Namespaces, mounts, file handles: each leads out of what Landlock looks at.
    _denied(errno.EPERM, "unshare setns mount umount2 pivot_root chroot fsopen fsconfig fsmount fspick open_tree move_mount"),
    _denied(errno.EPERM, "mount_setattr statmount listmount name_to_handle_at open_by_handle_at"),
    *(_when("clone", 0, flag, mask=flag) for flag in _NEW_NAMESPACES),
    # The kernel itself.
    _denied(errno.EPERM, "bpf userfaultfd keyctl add_key request_key init_module finit_module delete_module create_module"),
    _denied(errno.EPERM, "kexec_load kexec_file_load reboot swapon swapoff acct quotactl quotactl_fd personality mbind"),
    _denied(errno.EPERM, "set_mempolicy_home_node syslog iopl ioperm settimeofday clock_settime clock_adjtime adjtimex"),
    _denied(errno.EPERM, "sethostname setdomainname vhangup lookup_dcookie nfsservctl uselib ustat sysfs _sysctl modify_ldt"),
    # Its arguments lie in memory, where a filter cannot look; C libraries fall back to clone and to plain reads.
    _denied(errno.ENOSYS, "clone3 io_uring_setup io_uring_enter io_uring_register"),
    # Memory and messages that belong to no process or no directory, so that nobody would count them.
    _denied(errno.EPERM, "memfd_create memfd_secret shmget shmat shmctl shmdt semget semop semctl semtimedop"),
    _denied(errno.EPERM, "msgget msgsnd msgrcv msgctl mq_open mq_unlink mq_timedsend mq_timedreceive mq_notify mq_getsetattr"),
    _denied(errno.EPERM, "inotify_add_watch fanotify_init fanotify_mark"),  # tells of directories that cannot be opened
    # Signals, limits and priorities of others: only "myself" and one named process pass.
    _when("kill", 0, -1),
    _unless("prlimit64 sched_setaffinity sched_setscheduler sched_setparam sched_setattr", 0, 0),
    _unless("setpriority", 0, 0),
    _unless("setpriority", 1, 0),
    _unless("ioprio_set", 0, 1),
    _unless("ioprio_set", 1, 0),
    _when("seccomp", 1, 8, mask=8),  # a listener would hold every call of a child
    # On a file that may only be read these still change it, or keep others from it.
    *(_when("fcntl", 1, command) for command in (_F_SETLEASE, _F_NOTIFY)),
    *(_when("ioctl", 1, command) for command in _ENDANGERING_TERMINAL_CALLS),
    _unless("ioctl", 1, _TERMINAL_CALLS, answer=errno.ENOTTY, mask=0xFFFFFF00),
    _when("sendto", 3, _FASTOPEN, mask=_FASTOPEN),
    _when("sendmsg sendmmsg", 2, _FASTOPEN, mask=_FASTOPEN),
    _when("sendmmsg", 3, _FASTOPEN, mask=_FASTOPEN),
    # A pair knows its other end; one of datagrams could still be sent from to any address.
    _unless("socketpair", 0, socket.AF_UNIX, answer=errno.EACCES),
    _unless("socketpair", 1, socket.SOCK_STREAM, socket.SOCK_SEQPACKET, answer=errno.EACCES, mask=0xF),
)

# Landlock does not look at these, they would reach the server's files, and refusing them breaks whatever copies or
# unpacks files: so they only pretend.
_PRETENDED_METADATA = (
    _denied(0, "chmod fchmod fchmodat fchmodat2 chown fchown lchown fchownat utime utimes futimesat utimensat"),
    _denied(0, "setxattr lsetxattr fsetxattr removexattr lremovexattr fremovexattr"),
)

_NETWORK: dict[Network, tuple[Rule, ...]] = {
    "sealed": (
        _unless("socket", 0, socket.AF_UNIX, answer=errno.EACCES),
        _unless("socket", 1, socket.SOCK_STREAM, answer=errno.EACCES, mask=0xF),
        _denied(errno.EACCES, "connect"),
    ),
    # Landlock decides about the ports. It knows TCP only, so nothing else passes: no UDP, no MPTCP, no unix sockets.
    "tcp-own": (
        _unless("socket", 0, socket.AF_INET, socket.AF_INET6, answer=errno.EACCES),
        _unless("socket", 1, socket.SOCK_STREAM, answer=errno.EACCES, mask=0xF),
        _unless("socket", 2, 0, socket.IPPROTO_TCP, answer=errno.EACCES),
    ),
}
_NETWORK["egress"] = _NETWORK["tcp-own"]


def _where_landlock_is_older(abi: int, guarded: Iterable[int]) -> tuple[Rule, ...]:
    """What newer Landlock versions do themselves: truncation since 3, signals since 6."""
    rules: list[Rule] = []
    if abi < 3:
        read_and_truncate = os.O_TRUNC | os.O_ACCMODE
        rules += [_denied(errno.EPERM, "truncate"), _denied(errno.ENOSYS, "openat2")]
        rules += [_when(call, argument, os.O_TRUNC, mask=read_and_truncate) for call, argument in (("open", 1), ("openat", 2))]
    if abi < 6:
        rules.append(_denied(errno.EPERM, "pidfd_send_signal"))
        rules += [_when("fcntl", 1, command) for command in (_F_SETOWN, _F_SETOWN_EX)]
        for pid in guarded:
            calls = "kill tkill tgkill rt_sigqueueinfo rt_tgsigqueueinfo"
            rules += [_when(calls, 0, pid), _when(calls, 0, -pid)]
    return tuple(rules)


def rules(network: Network, *, landlock: int = 7, guarded: Iterable[int] = ()) -> tuple[Rule, ...]:
    """What a box refuses, in order.

    Args:
        network: the profile.
        landlock: version of the Landlock that seals the files, 0 for none.
        guarded: pids of the server, which an older Landlock does not keep signals from.
    """
    return (*_NETWORK[network], *_PRETENDED_METADATA, *_where_landlock_is_older(landlock, guarded), *_ALWAYS)


def prelude(machine: str) -> bytes:
    """The first filter: another architecture's calls end the process, unknown calls do not exist."""
    return _code(
        (_LOAD, 0, 0, _ARCHITECTURE),
        (_IF_EQUAL, 1, 0, ARCHITECTURES[machine]),
        (_RETURN, 0, 0, KILL),
        (_LOAD, 0, 0, _NUMBER),
        (_IF_AT_LEAST, 0, 1, FIRST_UNKNOWN),  # x32's numbers are above it too
        (_RETURN, 0, 0, _ERRNO | errno.ENOSYS),
        (_RETURN, 0, 0, ALLOW),
    )


def assemble(rules: Iterable[Rule], machine: str) -> bytes:
    """The filter for these rules; what no rule fits is allowed. KeyError for an architecture without a table."""
    numbers = NUMBERS[machine]
    code = [(_LOAD, 0, 0, _NUMBER)]
    for rule in rules:
        for number in (numbers[call] for call in rule.calls if call in numbers):
            body = _body(rule)
            code += [(_IF_EQUAL, 0, len(body), number), *body]
    return _code(*code, (_RETURN, 0, 0, ALLOW))


def _body(rule: Rule) -> list[tuple[int, int, int, int]]:
    end = (_RETURN, 0, 0, _ERRNO | rule.answer)
    if not rule.tests:
        return [end]
    body, size = [], 2 + sum(2 if test.mask == _WORD else 3 for test in rule.tests)
    for test in rule.tests:
        body.append((_LOAD, 0, 0, _ARGUMENTS + 8 * test.argument))
        if test.mask != _WORD:
            body.append((_AND, 0, 0, test.mask))
        away = size - len(body) - 2  # to the last instruction, which loads the number again for the next rule
        body.append((_IF_EQUAL, away, 0, test.value & _WORD) if test.differs else (_IF_EQUAL, 0, away, test.value & _WORD))
    return [*body, end, (_LOAD, 0, 0, _NUMBER)]


def _code(*instructions: tuple[int, int, int, int]) -> bytes:
    return b"".join(struct.pack("<HBBI", *instruction) for instruction in instructions)
