"""Which files, ports and processes a box reaches, in the terms of the kernel's Landlock (linux/landlock.h)."""

from __future__ import annotations

import ctypes
import sys
import sysconfig
from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path

from core.box.engine import Launch, Network

_CREATE_RULESET, _ASK_VERSION = 444, 1

EXECUTE, WRITE_FILE, READ_FILE, READ_DIR = 1 << 0, 1 << 1, 1 << 2, 1 << 3
MAKE_CHAR, MAKE_BLOCK, REFER, TRUNCATE, IOCTL_DEV = 1 << 6, 1 << 11, 1 << 13, 1 << 14, 1 << 15
BIND_TCP, CONNECT_TCP = 1, 2
ABSTRACT_UNIX, SIGNAL = 1, 2

_READ = READ_FILE | READ_DIR
_RUN = _READ | EXECUTE
_OF_A_FILE = EXECUTE | WRITE_FILE | READ_FILE | TRUNCATE | IOCTL_DEV

# The system's programs. Not all of /usr: images keep applications, and their data, in /usr/src or /usr/local.
SYSTEM = ("/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32") + tuple(
    f"{top}/{name}" for top in ("/usr", "/usr/local") for name in
    ("bin", "sbin", "lib", "lib32", "lib64", "libexec", "share", "include")
)  # fmt: skip
# Settings that programs read and that hold no secret; a server that runs as root could read all of /etc.
SETTINGS = tuple(
    f"/etc/{name}" for name in (
        "ld.so.cache", "ld.so.conf", "ld.so.conf.d", "ld.so.preload", "passwd", "group", "nsswitch.conf", "host.conf", "hosts",
        "resolv.conf", "gai.conf", "services", "protocols", "localtime", "timezone", "machine-id", "os-release", "debian_version",
        "mime.types", "magic", "inputrc", "bash.bashrc", "profile", "profile.d", "terminfo", "fonts", "alternatives", "locale.alias",
        "ssl/certs", "ssl/openssl.cnf", "ssl/cert.pem", "ca-certificates", "ca-certificates.conf", "pki/tls/certs",
        "pki/tls/cert.pem", "pki/tls/openssl.cnf", "pki/ca-trust", "crypto-policies", "ImageMagick-6", "ImageMagick-7",
    )
)  # fmt: skip
# What the kernel tells of the machine, and of the process itself; nothing of other processes.
KERNEL = ("/proc/self",) + tuple(
    f"/proc/{name}" for name in (
        "cpuinfo", "meminfo", "stat", "loadavg", "uptime", "version", "filesystems", "sys/kernel/osrelease", "sys/kernel/random",
        "sys/kernel/ngroups_max", "sys/kernel/pid_max", "sys/vm/overcommit_memory", "sys/fs/pipe-max-size",
    )
) + ("/sys/devices/system/cpu", "/sys/kernel/mm/transparent_hugepage")  # fmt: skip
DEVICES = ("/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom")
_OF_A_PYTHON = ("bin", "lib", "lib64", "include", "share", "ssl", "pyvenv.cfg", "_server_packages.pth")


def version() -> int:
    """The kernel's Landlock version; 0 where there is none."""
    if sys.platform != "linux":
        return 0
    found = ctypes.CDLL(None, use_errno=True).syscall(_CREATE_RULESET, None, ctypes.c_size_t(0), _ASK_VERSION)
    return max(found, 0)


@lru_cache(maxsize=64)
def python_places(*interpreters: Path) -> list[str]:
    """Where an interpreter and its packages lie. Parts of its prefix only: a project may be an environment of its own."""
    prefixes = {sys.prefix, sys.base_prefix, sys.exec_prefix, sys.base_exec_prefix}
    for interpreter in interpreters:
        prefixes |= {str(interpreter.parent.parent), str(interpreter.resolve().parent.parent)}
    found = {f"{prefix.rstrip('/')}/{name}" for prefix in prefixes for name in _OF_A_PYTHON}
    found |= {sysconfig.get_path(name) for name in ("stdlib", "platstdlib", "purelib", "platlib")}
    return sorted(found)


def handled(version: int) -> int:
    """Every right over files that this version knows: what is not given by a rule is refused."""
    return (1 << {1: 13, 2: 14, 3: 15, 4: 15}.get(version, 16)) - 1


def ruleset(launch: Launch, version: int, *, runners: Path) -> dict | None:
    """What `runners/seal.py` hands to the kernel; None where the kernel has no Landlock.

    Args:
        launch: the tree, with what its seal opens.
        version: of Landlock, 1 or more; 0 for none.
        runners: our own programs that run inside.
    """
    if version < 1:
        return None
    known = handled(version)
    place = launch.workspace
    writable = [str(path) for path in (place.app, place.home, place.temporary, *launch.seal.write)]
    runnable = [*SYSTEM, *python_places(launch.python), str(runners), *map(str, launch.seal.read)]
    paths = [
        *_rules(known & _RUN, runnable),
        *_rules(known & _READ, (*SETTINGS, *KERNEL)),
        *_rules(known & (READ_FILE | WRITE_FILE | TRUNCATE | IOCTL_DEV), DEVICES),
        # It may run what it wrote: it could interpret it as well, and no program here gains a right by being run.
        *_rules(known & ~(MAKE_CHAR | MAKE_BLOCK | IOCTL_DEV), writable),
    ]
    return {
        "size": 24 if version >= 6 else 16 if version >= 4 else 8,
        "files": known,
        "ports": BIND_TCP | CONNECT_TCP if version >= 4 else 0,
        "scopes": ABSTRACT_UNIX | SIGNAL if version >= 6 else 0,
        "of_a_file": _OF_A_FILE,
        "paths": paths,
        "allowed_ports": [[access, port] for access, port in _ports(launch.seal.network, launch.seal.ports) if version >= 4],
    }


def _rules(access: int, paths: Iterable[str]) -> list[list]:
    return [[access, path] for path in dict.fromkeys(paths)]


def _ports(network: Network, ports: tuple[int, ...]) -> list[tuple[int, int]]:
    access = {"sealed": 0, "tcp-own": BIND_TCP | CONNECT_TCP, "egress": CONNECT_TCP}[network]
    return [(access, port) for port in ports if access]
