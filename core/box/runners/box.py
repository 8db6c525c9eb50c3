"""Stands between the server and one app: sets the limits, seals and starts the app, and outlives everything the app forks.

Run as `python -I -S box.py` with the policy as JSON on standard input, or entered by `supervise` from a process
that was forked for it; standard library only. It is the subreaper of the tree, so a daemonized grandchild stays its
descendant. When the app ends, when it is asked to (SIGTERM), or when the server dies (parent-death signal), it ends
every descendant, then itself.
"""

import ctypes
import fcntl
import importlib.machinery
import json
import os
import resource
import signal
import sys
import time

LINUX = sys.platform == "linux"
LIBC = ctypes.CDLL(None)
PR_SET_PDEATHSIG, PR_SET_CHILD_SUBREAPER = 1, 36  # linux/prctl.h
POLICY, LISTENER = 3, 4  # descriptors the bootstrap finds its policy and its socket on
ENDING_SECONDS = 15.0


def control(option, value):
    """prctl(option, value) where there is one."""
    if LINUX:
        LIBC.prctl(option, value, 0, 0, 0)


def descendants(root):
    """Pids of everything below `root`, zombies left out."""
    children = {}
    for name in os.listdir("/proc") if LINUX else []:
        if name.isdigit():
            try:
                stat = os.open(f"/proc/{name}/stat", os.O_RDONLY)
            except OSError:
                continue
            try:
                state, parent = os.read(stat, 512).rpartition(b")")[2].split()[:2]
            except OSError:
                continue
            finally:
                os.close(stat)
            if state != b"Z":
                children.setdefault(int(parent), []).append(int(name))
    found, todo = [], [root]
    while todo:
        below = children.get(todo.pop(), [])
        found += below
        todo += below
    return found


def send(pids, number):
    for pid in pids:
        try:
            os.kill(pid, number)
        except OSError:
            pass


def reap():
    """Collect every ended child; returns {pid: (status, most kilobytes it or what it had collected ever held)}."""
    ended = {}
    while True:
        try:
            pid, status, usage = os.wait4(-1, os.WNOHANG)
        except ChildProcessError:
            return ended
        if pid == 0:
            return ended
        ended[pid] = status, usage.ru_maxrss


def childless():
    """Whether this process has no child at all. As a subreaper it has none below it either: orphans become its children."""
    try:
        os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
    except ChildProcessError:
        return True
    return False


def strike_groups(app, pids):
    """Kill whole process groups: the kernel reaches a group at once, with what its members are just forking."""
    groups = {app}
    for pid in pids:
        try:
            groups.add(os.getpgid(pid))
        except OSError:
            continue
    for group in groups - {os.getpgrp()}:
        try:
            os.killpg(group, signal.SIGKILL)
        except OSError:
            continue


def end_all(app):
    """Stop, kill and reap until no descendant is left: one that forks while it is killed is met in the next round. Whether so."""
    if LINUX and childless():
        return True
    deadline, left = time.monotonic() + ENDING_SECONDS, []
    while time.monotonic() < deadline:
        strike_groups(app, left)
        left = descendants(os.getpid())
        if not left and reap() == {}:
            return True
        send(left, signal.SIGSTOP)
        send(left, signal.SIGKILL)
        reap()
        time.sleep(0.002)
    return False


def threads_of_user():
    """How many threads this user has now: RLIMIT_NPROC counts them all, not only ours."""
    count = 0
    for name in os.listdir("/proc") if LINUX else []:
        if name.isdigit():
            try:
                if os.stat(f"/proc/{name}").st_uid == os.getuid():
                    count += len(os.listdir(f"/proc/{name}/task"))
            except OSError:
                continue
    return count


def limit(policy):
    """Lower this process's limits; a limit the system does not allow to lower stays."""
    wanted = {
        "RLIMIT_CORE": 0,
        "RLIMIT_FSIZE": policy["file_bytes"],
        "RLIMIT_NOFILE": policy["open_files"],
        "RLIMIT_DATA": policy["data_bytes"],
        "RLIMIT_AS": policy["address_bytes"],
        "RLIMIT_CPU": policy["cpu_seconds"],
        "RLIMIT_MSGQUEUE": 0,
    }
    for name in ("RLIMIT_AS", "RLIMIT_CPU"):
        if not wanted[name]:
            del wanted[name]
    if policy["group"]:  # the kernel counts the tasks of this group
        with open(policy["group"], "w") as members:
            members.write("0")
    elif LINUX and os.getuid() != 0:
        wanted["RLIMIT_NPROC"] = threads_of_user() + policy["threads"]
    for name, value in wanted.items():
        number = getattr(resource, name, None)
        if number is not None:
            try:
                hard = resource.getrlimit(number)[1]
                value = value if hard == resource.RLIM_INFINITY else min(value, hard)
                resource.setrlimit(number, (value, value))
            except (OSError, ValueError):
                pass
    os.nice(policy["nice"])
    if LINUX:
        with open("/proc/self/oom_score_adj", "w") as score:  # the system, when it is short of memory, ends apps first
            score.write("900")


def close_all_but(kept):
    """Close every descriptor above standard error except `kept`."""
    try:
        numbers = [int(name) for name in os.listdir("/proc/self/fd")]
    except OSError:
        numbers = range(3, 4096)
    for number in numbers:
        if number > 2 and number not in kept:
            try:
                os.close(number)
            except OSError:
                pass


def become_app(policy, parent, enter):
    """In the forked child: limits, descriptors, seal, then `enter(policy)`, the app itself. Never returns."""
    sealed = False
    try:
        os.setsid()
        control(PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:
            os._exit(137)
        close_all_but({policy["listener"]})
        seal = load("seal").prepare(policy["seal"])
        limit(policy["limits"])
        signal.pthread_sigmask(signal.SIG_SETMASK, [])
        seal()
        sealed = True
        control(PR_SET_PDEATHSIG, signal.SIGKILL)  # the kernel forgets it with a change of user
        os.chdir(policy["directory"])
        enter(policy)
    except BaseException as error:
        what = f"{policy['command'][0]} could not be started" if sealed else "The app could not be sealed and was not started"
        os.write(2, f"Error: {what}: {error}\n".encode())
    finally:
        os._exit(127 if sealed else 126)


def execute(policy):
    """The app as a program of its own: the bootstrap finds its policy and its socket on two fixed descriptors."""
    if policy["app"] is not None:
        readable, writable = os.pipe()
        os.write(writable, json.dumps(policy["app"]).encode())
        os.close(writable)
        away = {number: fcntl.fcntl(given, fcntl.F_DUPFD, LISTENER + 1) for number, given in ((POLICY, readable), (LISTENER, policy["listener"]))}
        for number, given in away.items():  # whatever numbers they came on: none of the two lies where the other goes
            os.dup2(given, number)
        close_all_but({POLICY, LISTENER})
    else:
        close_all_but(())
    for number in (signal.SIGPIPE, signal.SIGXFSZ):  # this interpreter ignores them, and what is ignored stays so
        signal.signal(number, signal.SIG_DFL)
    os.execvpe(policy["command"][0], policy["command"], policy["env"])


def load(name):
    """A module beside this file, without putting this directory on anybody's path."""
    known = f"_preview_{name}"
    if known not in sys.modules:
        place = os.path.join(os.path.dirname(os.path.abspath(__file__)), f"{name}.py")
        module = sys.modules[known] = type(sys)(known)
        importlib.machinery.SourceFileLoader(known, place).exec_module(module)
    return sys.modules[known]


def supervise(policy, enter, keep=()):
    """Fork the app, which is sealed and then runs `enter(policy)`; end what is left of it; returns its exit code.

    Called in a process made for it, with a single thread, whose standard output and error are the app's.
    keep: descriptors that this process needs afterwards; every other one is closed here.
    """
    nothing = os.open(os.devnull, os.O_RDWR)
    os.dup2(nothing, 0)
    control(PR_SET_PDEATHSIG, signal.SIGTERM)
    control(PR_SET_CHILD_SUBREAPER, 1)
    if os.getppid() != policy["parent"]:
        return 137
    watched = {signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGCHLD}
    signal.pthread_sigmask(signal.SIG_BLOCK, watched)
    signal.signal(signal.SIGCHLD, lambda number, frame: None)
    box = os.getpid()
    if any((crossing := policy.get("crossing") or {}).values()):
        load("crossing").beside(crossing, sys.modules[__name__])
    app = os.fork()
    if app == 0:
        become_app(policy, box, enter)
    os.dup2(nothing, 1)
    os.dup2(nothing, 2)
    report = policy.get("report")
    close_all_but({*keep, report})
    policy.clear()
    ended = None
    while ended is None:
        ended = reap().get(app)
        if ended is None and signal.sigwait(watched) != signal.SIGCHLD:
            ended = signal.SIGTERM, 0
    clean = end_all(app)
    code = os.waitstatus_to_exitcode(ended[0])
    if report is not None and clean:
        tell(report, code, ended[1])
    return code if code >= 0 else 128 - code


def tell(report, code, kilobytes):
    """Say how the app ended, once nothing is left below this process."""
    said = {"exit": code if code >= 0 else None, "signal": -code if code < 0 else None, "peak_bytes": kilobytes * 1024}
    try:
        os.write(report, json.dumps(said).encode())
    except OSError:
        pass  # nobody listens any more


def main():
    return supervise(json.loads(sys.stdin.buffer.read()), execute)


if __name__ == "__main__":
    code = main()
    os._exit(code)
