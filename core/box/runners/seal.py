"""Gives up, for this process and all it will start, every right that the app was not given. Standard library only.

The policy was worked out by the server (`core.box.sealing`); here it is only carried out, in the order that leaves
nothing open: capabilities, no-new-privileges, Landlock, seccomp. A step that fails raises: nothing runs half sealed.
"""

import binascii
import ctypes
import errno
import os
import stat
import struct

# linux/prctl.h, linux/capability.h, linux/seccomp.h
PR_CAPBSET_READ, PR_CAPBSET_DROP, PR_SET_SECCOMP, PR_SET_SECUREBITS = 23, 24, 22, 28
PR_SET_NO_NEW_PRIVS, PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL = 38, 47, 4
NO_CAPABILITY_FROM_ROOT = 0x0F  # NOROOT and NO_SETUID_FIXUP, each locked
CAPABILITY_VERSION = 0x20080522
SECCOMP_MODE_FILTER = 2
# asm-generic/unistd.h: the same numbers on every architecture
LANDLOCK_CREATE_RULESET, LANDLOCK_ADD_RULE, LANDLOCK_RESTRICT_SELF = 444, 445, 446
RULE_PATH_BENEATH, RULE_NET_PORT = 1, 2
LIBC = ctypes.CDLL(None, use_errno=True)  # here, so that whoever forks apps has it before they are forked


class Program(ctypes.Structure):
    """linux/filter.h, sock_fprog."""

    _fields_ = [("length", ctypes.c_ushort), ("instructions", ctypes.c_char_p)]


def prepare(policy):
    """Whatever can be made ready before limits are lowered; the result, called without arguments, seals this process."""
    if policy is None:  # a system without the kernel's means; the server decided that this app may run there
        return lambda: None
    filters = [binascii.a2b_base64(text) for text in policy["filters"]]
    ruleset = open_ruleset(policy["landlock"])

    def seal():
        drop_capabilities()
        check(LIBC.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), "no-new-privileges")
        if ruleset is not None:
            check(LIBC.syscall(LANDLOCK_RESTRICT_SELF, ruleset, 0), "Landlock")
            os.close(ruleset)
        for program in filters:
            load_filter(program)

    return seal


def check(result, what):
    """The kernel's answer, or OSError with the step it refused."""
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")
    return result


def drop_capabilities():
    """Drop them all, for good, whatever the user's number: the bounding set first, which needs a capability itself."""
    LIBC.prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0)
    number = 0
    set_capabilities(permitted=(held := permitted_capabilities()), effective=held)
    while LIBC.prctl(PR_CAPBSET_READ, number, 0, 0, 0) >= 0:
        LIBC.prctl(PR_CAPBSET_DROP, number, 0, 0, 0)
        number += 1
    LIBC.prctl(PR_SET_SECUREBITS, NO_CAPABILITY_FROM_ROOT, 0, 0, 0)  # may be denied; no-new-privileges says the same of exec
    set_capabilities(permitted=0, effective=0)


def permitted_capabilities():
    words = ctypes.create_string_buffer(24)
    header = ctypes.create_string_buffer(struct.pack("=Ii", CAPABILITY_VERSION, 0))
    check(LIBC.capget(header, words), "capabilities")
    _, low, _, _, high, _ = struct.unpack("=6I", words.raw[:24])
    return low | high << 32


def set_capabilities(permitted, effective):
    sets = (effective, permitted, 0)
    words = struct.pack("=6I", *(value & 0xFFFFFFFF for value in sets), *(value >> 32 for value in sets))
    header = ctypes.create_string_buffer(struct.pack("=Ii", CAPABILITY_VERSION, 0))
    check(LIBC.capset(header, words), "capabilities")


def open_ruleset(policy):
    """A Landlock ruleset with the paths and ports of the policy; None without one. A path that is not there gives nothing."""
    if policy is None:
        return None
    attributes = struct.pack("=QQQ", policy["files"], policy["ports"], policy["scopes"])[: policy["size"]]
    ruleset = check(LIBC.syscall(LANDLOCK_CREATE_RULESET, attributes, ctypes.c_size_t(len(attributes)), 0), "Landlock ruleset")
    for access, path in policy["paths"]:
        try:
            place = os.open(path, os.O_PATH | os.O_CLOEXEC)
        except (FileNotFoundError, NotADirectoryError, PermissionError):
            continue
        try:
            if not stat.S_ISDIR(os.fstat(place).st_mode):
                access &= policy["of_a_file"]
            rule = struct.pack("=Qi", access, place)
            check(LIBC.syscall(LANDLOCK_ADD_RULE, ruleset, RULE_PATH_BENEATH, rule, 0), f"Landlock rule for {path}")
        finally:
            os.close(place)
    for access, port in policy["allowed_ports"]:
        rule = struct.pack("=QQ", access, port)
        check(LIBC.syscall(LANDLOCK_ADD_RULE, ruleset, RULE_NET_PORT, rule, 0), f"Landlock rule for port {port}")
    return ruleset


def load_filter(program):
    """Load one classic BPF program of 8-byte instructions as a system call filter."""
    prog = Program(len(program) // 8, program)
    if LIBC.prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, ctypes.byref(prog), 0, 0) != 0:
        number = ctypes.get_errno() or errno.EINVAL
        raise OSError(number, f"seccomp: {os.strerror(number)}")
