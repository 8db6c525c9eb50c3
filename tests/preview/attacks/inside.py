"""The attacks, as code that runs where an app runs: bare for control, then in a box. Prints {row: "HIT" or why not}.

An attack returns when it got what it wanted and raises when it did not. Each harms nothing where it succeeds.
"""

import ctypes
import errno
import fcntl
import json
import mmap
import os
import pathlib
import platform
import resource
import secrets
import signal
import socket
import sys
import urllib.request

GIVEN = json.loads(os.environ["TARGETS"])
SERVER, VICTIM, PLACE = GIVEN["server"], GIVEN["victim"], pathlib.Path(GIVEN["place"])
TCP, UDP = tuple(GIVEN["tcp"]), tuple(GIVEN["udp"])
X86 = platform.machine() == "x86_64"
libc = ctypes.CDLL(None, use_errno=True)


def call(x86_64, aarch64, *arguments):
    words = (ctypes.c_long(one) if isinstance(one, int) else one for one in arguments)  # the last goes by the stack, whole
    result = libc.syscall(x86_64 if X86 else aarch64, *words)
    if result < 0:
        raise OSError(ctypes.get_errno(), errno.errorcode.get(ctypes.get_errno(), "refused"))
    return result


def any_of(*attacks):
    """Every one has to fail; the first that succeeds is the hit."""
    refused = None
    for attack in attacks:
        try:
            return attack()
        except OSError as error:
            refused = error
    raise refused


def expect(true, words):
    if not true:
        raise OSError(words)


def read(path):
    with open(path, "rb") as file:
        return file.read(64)


def write(path):
    with open(path, "xb") as file:
        file.write(b"x")
    os.unlink(path)


def own_environment():
    expect("SECRETMARKER" in "".join(os.environ.values()), "nothing of the server's is in it")


def parents():
    pid, seen = os.getppid(), 0
    while pid > 1 and seen < 30:
        if b"SECRETMARKER" in pathlib.Path(f"/proc/{pid}/environ").read_bytes():
            return
        pid = int(pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
        seen += 1
    raise OSError("no parent with a secret")


def processes():
    expect(str(VICTIM) in os.listdir("/proc"), "not listed")


def read_memory():
    buffer = ctypes.create_string_buffer(8)
    vector = (ctypes.c_size_t * 2)(ctypes.addressof(buffer), 8)
    far = (ctypes.c_size_t * 2)(GIVEN["victim_address"], 8)
    call(310, 270, VICTIM, vector, 1, far, 1, 0)


def symlink():
    link = f"link-{secrets.token_hex(4)}"
    os.symlink(PLACE / "file", link)
    read(link)


def hard_link():
    name = f"hard-{secrets.token_hex(4)}"
    os.link(PLACE / "file", name)
    os.unlink(name)


def metadata():
    path = PLACE / "file"
    before = path.stat()
    for change in (lambda: os.chmod(path, 0o604), lambda: os.utime(path, (os.getpid(), os.getpid())), lambda: os.setxattr(path, "user.x", b"x")):
        try:
            change()
        except OSError:
            continue
    after = path.stat()
    expect((before.st_mode, before.st_mtime) != (after.st_mode, after.st_mtime), "unchanged")


def metadata_of_what_may_be_read():
    """A file that opens for reading: its descriptor is enough to change its times."""
    with open(GIVEN["readable"], "rb") as file:
        os.utime(file.fileno(), (os.getpid(), os.getpid()))
        expect(os.fstat(file.fileno()).st_mtime == os.getpid(), "unchanged")


def connect(family, kind, proto, address):
    with socket.socket(family, kind, proto) as client:
        client.settimeout(3)
        client.connect(address)


def fast_open():
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as client:
        client.settimeout(3)
        client.sendto(b"x", socket.MSG_FASTOPEN, TCP)


def udp():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.sendto(b"x", UDP)


def unix_datagram():
    """A pair is connected, but one of datagrams may name another address for each."""
    one, _ = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
    one.sendto(b"x", str(PLACE / "datagrams"))


def bind():
    with socket.socket() as server:
        server.bind(("0.0.0.0", 0))


def listen_unbound():
    with socket.socket() as server:
        server.listen()


def pidfd_signal():
    descriptor = os.pidfd_open(SERVER)
    signal.pidfd_send_signal(descriptor, 0)


def private_memory():
    mmap.mmap(-1, 3 << 30, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS).close()


def large_file():
    name = f"large-{secrets.token_hex(4)}"
    try:
        with open(name, "wb") as file:
            file.truncate(200 << 20)
    finally:
        os.unlink(name)


def packages(name=""):
    where = next(path for path in sys.path if path.endswith("site-packages"))
    write(os.path.join(where, name or f"attack-{secrets.token_hex(4)}.pth.txt"))


def install():
    urllib.request.urlopen(f"http://127.0.0.1:{GIVEN['http']}/", timeout=3).read(16)
    packages()


def gain_by_exec():
    status = pathlib.Path("/proc/self/status").read_text()
    expect("NoNewPrivs:\t0" in status or "CapEff:\t0000000000000000" not in status, "no new privileges, no capability")


def push_back():
    import pty

    try:
        controlling, terminal = pty.openpty()
    except OSError:
        controlling, terminal = os.pipe()
    fcntl.ioctl(terminal, 0x5412, b"x")


def core_dump():
    resource.setrlimit(resource.RLIMIT_CORE, (1 << 20, 1 << 20))


def lease():
    """A write lease keeps everybody else from opening the file for most of a minute."""
    with open(os.__file__, "rb") as file:
        fcntl.fcntl(file, fcntl.F_SETLEASE, fcntl.F_RDLCK)
        fcntl.fcntl(file, fcntl.F_SETLEASE, fcntl.F_UNLCK)


SIGNAL = (lambda: os.kill(SERVER, 0), pidfd_signal)
LIMITS = (
    lambda: resource.prlimit(VICTIM, resource.RLIMIT_CORE, (0, 0)),
    lambda: os.setpriority(os.PRIO_PROCESS, VICTIM, 6),
    lambda: os.sched_setaffinity(VICTIM, os.sched_getaffinity(0)),
)
ATTACKS = {
    "1": own_environment,
    "2": lambda: any_of(lambda: read(f"/proc/{VICTIM}/environ"), lambda: read(f"/proc/{VICTIM}/mem")),
    "3": parents,
    "4a": read_memory,
    "4b": lambda: call(101, 117, 0x4206, VICTIM, None, None),
    "4c": lambda: call(438, 438, os.pidfd_open(VICTIM), 0, 0),
    "5": lambda: any_of(processes, lambda: read(f"/proc/{VICTIM}/cmdline"), lambda: os.listdir(f"/proc/{VICTIM}/fd")),
    "6": lambda: read(PLACE / "home" / ".cache" / "huggingface" / "token"),
    "7a": lambda: any_of(lambda: read(PLACE / "other" / "app" / "main.py"), lambda: os.listdir(PLACE / "other" / "app")),
    "7b": lambda: write(PLACE / "other" / "app" / f"new-{secrets.token_hex(4)}"),
    "8a": symlink,
    "8b": hard_link,
    "9a": metadata,
    "9b": metadata_of_what_may_be_read,
    "10": lambda: os.stat(PLACE / "file"),
    "11": lambda: any_of(lambda: call(254, 27, libc.inotify_init1(0), bytes(PLACE), 0x100)),
    "12": lambda: connect(socket.AF_INET, socket.SOCK_STREAM, 0, TCP),
    "13": lambda: connect(socket.AF_INET, socket.SOCK_STREAM, 262, TCP),
    "14": fast_open,
    "15a": udp,
    "15b": lambda: socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0).close(),
    "16": lambda: connect(socket.AF_UNIX, socket.SOCK_STREAM, 0, "\0" + GIVEN["abstract"]),
    "17a": lambda: connect(socket.AF_UNIX, socket.SOCK_STREAM, 0, str(PLACE / "socket")),
    "17b": unix_datagram,
    "18": bind,
    "19": listen_unbound,
    "20": lambda: any_of(*SIGNAL),
    "21": lambda: os.kill(-1, 0),
    "22": lambda: any_of(*LIMITS),
    "24": private_memory,
    "26": lambda: os.close(os.memfd_create("x")),
    "27": large_file,
    "30": lambda: any_of(*(lambda place=place: write(f"{place}/attack-{secrets.token_hex(4)}") for place in ("/tmp", "/dev/shm", "/var/tmp"))),
    "31": packages,
    "32": install,
    "33": gain_by_exec,
    "34": push_back,
    "35": core_dump,
    "36a": lambda: call(272, 97, 0x10000000),
    "36b": lambda: call(425, 425, 1, ctypes.create_string_buffer(120)),
    "36c": lambda: call(29, 194, 0, 4096, 0o1600),
    "36d": lambda: call(135, 92, 0xFFFFFFFF),
    "36e": lambda: call(435, 435, None, 0) if not X86 else call(0x40000000 + 39, 0),
    "36f": lease,
}


def main():
    told = {}
    for row, attack in ATTACKS.items():
        pid = os.fork() if row == "36a" else 0  # the namespace is to end with a process of its own
        if pid:
            told[row] = "HIT" if os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0 else "refused"
            continue
        try:
            attack()
            told[row] = "HIT"
        except (OSError, MemoryError, ValueError) as error:
            told[row] = str(error) or type(error).__name__
        if row == "36a":
            os._exit(0 if told[row] == "HIT" else 1)
    print(json.dumps(told))


main()
