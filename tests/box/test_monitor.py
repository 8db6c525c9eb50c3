"""Programs that take more than they may, each really run: what the kernel does not stop, the monitor does."""

import os
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import psutil
import pytest

from core.box import MB, Limits, Monitor, Watch, disk, proc, workspace
from tests.box.conftest import left

SLOWLY = "import os, time, mmap\n"

KILLED = {
    "shared memory no limit of a process counts": (
        "memory", {"memory_bytes": 200 * MB},
        """
        held = []
        while True:
            piece = mmap.mmap(-1, 32 << 20)
            piece.write(b"x" * (32 << 20))
            held.append(piece)
            time.sleep(0.05)
        """,
    ),
    "many processes with a little each": (
        "memory", {"memory_bytes": 150 * MB},
        """
        for n in range(10):
            if os.fork() == 0:
                held = bytearray(os.urandom(1) * (30 << 20))
                time.sleep(60)
        time.sleep(60)
        """,
    ),
    "many files": (
        "disk", {"workspace_bytes": 40 * MB},
        """
        for n in range(1000):
            open(f"f{n}", "wb").write(b"x" * (4 << 20))
            time.sleep(0.05)
        """,
    ),
    "files without a name": (
        "disk", {"workspace_bytes": 40 * MB},
        """
        held = []
        while True:
            held.append(open("f", "wb"))
            os.unlink("f")
            held[-1].write(b"x" * (4 << 20))
            held[-1].flush()
            time.sleep(0.05)
        """,
    ),
    "files without a name and without a descriptor": (
        "disk", {"workspace_bytes": 40 * MB},
        """
        held = []
        while True:
            file = open("f", "wb+")
            os.unlink("f")
            file.write(b"x" * (4 << 20))
            file.flush()
            held.append(mmap.mmap(file.fileno(), 4096))
            os.close(os.dup(file.fileno()))
            file.close()
            time.sleep(0.05)
        """,
    ),
    "a hundred thousand files": (
        "disk", {"files_written": 2000},
        """
        for n in range(100_000):
            os.close(os.open(f"f{n}", os.O_CREAT))
        time.sleep(60)
        """,
    ),
    "files in a folder closed to its owner": (
        "disk", {"files_written": 500},
        """
        os.mkdir("closed")
        here = os.open("closed", os.O_RDONLY)
        for n in range(1000):
            os.close(os.open(f"f{n}", os.O_CREAT, dir_fd=here))
        os.fchmod(here, 0)
        time.sleep(60)
        """,
    ),
    "folders in folders without end": (
        "disk", {},
        """
        for n in range(3000):
            os.mkdir("d")
            os.chdir("d")
        time.sleep(60)
        """,
    ),
    "processes that double": (  # 255 of them at most, however it ends
        "processes", {"processes": 32},
        """
        def wait():
            while True:
                time.sleep(1)
        def grow(depth):
            for _ in range(2):
                if os.fork() == 0:
                    grow(depth - 1) if depth else wait()
            wait()
        grow(6)
        """,
    ),
    "many processes": (
        "processes", {"processes": 12},
        """
        for n in range(40):
            if os.fork() == 0:
                os.setsid()
                time.sleep(60)
        time.sleep(60)
        """,
    ),
    "processes that are somebody else at every look": (
        "processes", {"processes": 12},
        """
        for n in range(16):
            if os.fork() == 0:
                while True:  # as many as before, each a new one
                    time.sleep(0.02)
                    if os.fork():
                        os._exit(0)
                    os.setsid()
        time.sleep(60)
        """,
    ),
    "many threads": (
        "processes", {"threads": 20},
        """
        import threading
        for n in range(60):
            threading.Thread(target=time.sleep, args=(60,)).start()
        """,
    ),
}  # fmt: skip


@pytest.mark.parametrize("what", KILLED)
def test_what_takes_too_much_is_ended_whole_and_says_why(attempt, engine, what):
    reason, limits, code = KILLED[what]
    done = attempt(SLOWLY + textwrap.dedent(code), timeout=60, **limits)
    assert (done.killed_by, done.exit, done.signal) == (reason, None, 9), done
    assert left(engine) == []


STOPPED_BY_THE_KERNEL = {
    "private memory": ("x = bytearray(b'x') * (600 << 20)", {"data_bytes": 300 * MB}, "MemoryError"),
    "one huge file": ("f = open('f', 'wb')\nwhile True: f.write(b'x' * (1 << 20))", {"file_bytes": 20 * MB}, "File too large"),
    "open files": ("held = [open('f', 'w') for n in range(500)]", {"open_files": 100}, "Too many open files"),
}


@pytest.mark.parametrize("what", STOPPED_BY_THE_KERNEL)
def test_what_the_kernel_bounds_fails_inside_the_program(attempt, what):
    code, limits, said = STOPPED_BY_THE_KERNEL[what]
    done = attempt(code, timeout=60, **limits)
    assert said in done.stderr and (done.exit, done.killed_by) == (1, None)


def test_memory_files_are_refused_or_counted(attempt):
    code = """
    held = []
    for n in range(20):
        held.append(os.memfd_create("m"))
        os.write(held[-1], b"x" * (20 << 20))
        time.sleep(0.1)
    time.sleep(60)
    """
    done = attempt(SLOWLY + textwrap.dedent(code), timeout=60, workspace_bytes=100 * MB)
    assert done.killed_by == "disk" or "PermissionError" in done.stderr


def test_a_program_within_its_limits_is_left_alone_and_measured(attempt):
    code = """
    held = bytearray(b"x" * (80 << 20))
    open("f", "wb").write(b"x" * (1 << 20))
    end = time.monotonic() + 1.5
    while time.monotonic() < end:
        pass
    print("done")
    """
    done = attempt(SLOWLY + textwrap.dedent(code), timeout=60)
    assert (done.stdout, done.exit, done.killed_by) == ("done\n", 0, None)
    assert 80 * MB < done.peak_bytes < 300 * MB


def test_a_disk_that_runs_full_ends_the_box_that_holds_most(engine, places):
    monitor, ended = Monitor(free_floor=1 << 60), []
    small, large = (workspace.create(places / name, {"f": b"x" * size}) for name, size in (("small", MB), ("large", 20 * MB)))
    for place in (small, large):
        monitor.watch(Watch(place.root.name, lambda: None, place.root, Limits(), breached=lambda breach, place=place: ended.append((place, breach))))
    deadline = time.monotonic() + 20
    while not ended and time.monotonic() < deadline:
        time.sleep(0.05)
    time.sleep(0.6)
    monitor.close()
    assert [place for place, _ in ended] == [large]
    assert ended[0][1].kind == "disk" and "disk has less than" in ended[0][1].sentence


def test_a_box_that_cannot_be_measured_does_not_hide_the_others(places):
    monitor, ended = Monitor(), []
    place = workspace.create(places / "one", {"f": b"x" * MB})

    def broken():
        raise RuntimeError("on purpose")

    monitor.watch(Watch("broken", broken, places / "nowhere", Limits(), breached=ended.append))
    monitor.watch(Watch("one", lambda: None, place.root, Limits(workspace_bytes=MB // 2), breached=ended.append))
    deadline = time.monotonic() + 20
    while not ended and time.monotonic() < deadline:
        time.sleep(0.05)
    monitor.close()
    assert [breach.kind for breach in ended] == ["disk"]


def test_the_thread_lives_while_there_is_something_to_watch(places):
    monitor = Monitor()
    place = workspace.create(places / "one", {})
    watch = monitor.watch(Watch("one", lambda: None, place.root, Limits(), breached=print))
    thread = monitor._thread
    monitor.forget(watch)
    thread.join(10)
    assert not thread.is_alive() and monitor._thread is None


def test_too_many_processes_are_seen_without_asking_each_what_it_shares(tmp_path, monkeypatch):
    """That waits for a lock a forking process holds most of the time, and a bomb goes on meanwhile."""
    code = "import os, sys, time\nheld = b'x' * (40 << 20)\nfor n in range(4):\n    if os.fork() == 0: time.sleep(60)\nprint(flush=True)\nsys.stdin.read()\nos.killpg(0, 9)"
    with subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True) as root:
        try:
            assert root.stdout.readline()

            def figures(most: int):
                watch = Watch("a", lambda: root.pid, tmp_path, Limits(processes=most, memory_bytes=1 * MB), breached=print)
                watch.look(proc.snapshot(), time.monotonic())
                return watch.figures, watch.verdict().kind

            few, kind = figures(8)
            assert few.memory_bytes < few.rss_bytes and kind == "memory"
            many, kind = figures(3)
            assert many.memory_bytes == many.rss_bytes and kind == "processes"
            monkeypatch.setattr("core.box.monitor.READING_SECONDS", 0.0)  # what is not read in time counts plain
            late, kind = figures(8)
            assert late.memory_bytes == late.rss_bytes and kind == "memory"
        finally:
            os.killpg(root.pid, 9)


def test_a_process_is_read_as_psutil_reads_it():
    process = psutil.Process()
    # A thread may end between the two looks, so they look until they see the same moment.
    pairs = ((proc.read(os.getpid()), process.num_threads()) for _ in range(100))
    row = next(row for row, threads in pairs if row.threads == threads)
    assert (row.parent, row.session) == (process.ppid(), os.getsid(0))
    assert abs(row.rss_bytes - process.memory_info().rss) < 20 * MB
    assert proc.proportional_bytes(os.getpid()) <= row.rss_bytes * 1.1
    assert proc.read(2**22 + 1) is None
    assert proc.directory(os.getpid()) == proc.Path.cwd()


def test_counting_stops_at_its_bounds(tmp_path):
    for n in range(300):
        (tmp_path / f"f{n}").write_bytes(b"x" * 5000)
    whole = disk.measure(tmp_path, most_bytes=1 << 40, most_entries=1 << 40)
    assert whole.entries == 300 and whole.bytes >= 300 * 5000
    assert disk.measure(tmp_path, most_bytes=1 << 40, most_entries=10).entries == 11
    assert disk.measure(tmp_path, most_bytes=100_000, most_entries=1 << 40).bytes < 120_000


ORPHANS = """
import ctypes, os, signal, subprocess, sys, time
from pathlib import Path
import psutil
from core.box import Entry, Launch, Limits, LocalBox, guard_host, workspace
from core.box.execution import environment
guard_host()
assert ctypes.CDLL(None).prctl(3, 0, 0, 0, 0) == 0  # PR_GET_DUMPABLE
own = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
engine = LocalBox(Path(sys.argv[1]))
code = b'''
import os, sys, time
for n in range(3):
    if os.fork() == 0:
        os.setsid()
        os.chdir("/")
        os.execve(sys.executable, [sys.executable, "-c", "import time; time.sleep(300)"], {})
time.sleep(0.5)
print("ready", flush=True)
time.sleep(300)
'''
place = workspace.create(Path(sys.argv[1]) / "live" / "one", {"main.py": code})
launch = Launch(id="one", python=Path(sys.executable), entry=Entry(command=(sys.executable, "main.py"), server=False),
                workspace=place, env=environment(place), limits=Limits())
handle = engine.start(launch)
assert os.read(handle.output, 100) == b"ready\\n"
below = psutil.Process(handle.pid).children(recursive=True)
assert len(below) == 4, below
os.kill(handle.pid, signal.SIGKILL)
handle.wait(10)
handle.end()
gone, alive = psutil.wait_procs(below, timeout=10)
print(len(gone), len(alive), own.poll())
own.kill()
engine.close()
"""


def test_orphans_of_a_killed_box_end_though_nothing_names_them(tmp_path):
    command = [sys.executable, "-c", ORPHANS, str(tmp_path)]
    done = subprocess.run(command, cwd=Path(__file__).parents[2], capture_output=True, text=True, timeout=90)
    assert done.stdout == "4 0 None\n", done.stderr
