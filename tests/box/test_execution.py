"""A piece of code in a fresh sealed box: what comes back, what is refused, that nothing stays."""

import asyncio
import os
import shutil
import threading
import time
from dataclasses import replace

import psutil
import pytest

import core.actions  # noqa: F401
from core.box import Executions, Monitor, execute
from core.caller import ANONYMOUS, Caller
from core.errors import Cancelled, Forbidden, InvalidInput, RateLimited, TooLarge, Unauthorized
from core.registry import Call, find
from tests.box.conftest import left
from tests.preview.conftest import run


def test_output_errors_and_the_exit_code_come_back_apart(attempt):
    done = attempt("import sys\nprint('said')\nprint('complained', file=sys.stderr)\nsys.exit(3)")
    assert (done.stdout, done.stderr, done.exit, done.signal, done.killed_by) == ("said\n", "complained\n", 3, None, None)
    assert done.wall_ms > 0 and 1 << 20 < done.peak_bytes < 1 << 29


@pytest.mark.parametrize(
    "runtime, code, said",
    [
        ("python", "import sys\nprint(sum(range(10)), sys.flags.ignore_environment)", "45 1\n"),
        ("bash", "set -e\nfor n in 1 2; do echo $n; done | tail -1\nyes | head -1", "2\ny\n"),
        ("node", "console.log([1, 2].map(n => n * 2).join())", "2,4\n"),
    ],
)
def test_the_runtimes(attempt, runtime, code, said):
    if shutil.which(runtime) is None:
        with pytest.raises(InvalidInput, match=f"{runtime} is not installed"):
            attempt(code, runtime=runtime)
        return
    done = attempt(code, runtime=runtime, timeout=60)
    assert (done.stdout, done.stderr, done.exit) == (said, "", 0)


def test_a_signal_is_no_exit_code_and_an_exit_code_no_signal(attempt):
    done = attempt("import os\nos.kill(os.getpid(), 11)")
    assert (done.exit, done.signal, done.killed_by) == (None, 11, None)
    done = attempt("import sys\nsys.exit(137)")
    assert (done.exit, done.signal) == (137, None)


def test_time_is_bounded_and_what_was_said_is_kept(attempt):
    done = attempt("import time\nprint('begun', flush=True)\ntime.sleep(100)", timeout=1)
    assert (done.stdout, done.exit, done.signal, done.killed_by) == ("begun\n", None, 9, "timeout")
    assert done.wall_ms < 60_000


def test_processor_time_is_bounded_too(engine, places):
    code = "import resource\nprint(resource.getrlimit(resource.RLIMIT_CPU)[0])"
    monitor = Monitor()
    assert execute(engine, places, code, monitor=monitor, timeout=7).stdout == "8\n"
    monitor.close()


def test_much_output_keeps_its_beginning_and_its_end(attempt):
    done = attempt("import sys\nfor n in range(200_000): sys.stdout.write(f'{n}\\n')\nsys.stderr.write('x' * 300_000)", timeout=60)
    assert done.stdout.startswith("0\n1\n2\n") and done.stdout.endswith("199999\n") and "bytes left out" in done.stdout
    assert len(done.stdout) < 263_000 and len(done.stderr) < 263_000
    assert (done.exit, done.killed_by) == (0, None)


def test_output_without_end_is_ended(attempt):
    done = attempt("while True: print('x' * 10_000)", timeout=60)
    assert (done.killed_by, done.exit, done.signal) == ("output", None, 9)


def test_bytes_that_are_no_text_do_no_harm(attempt):
    done = attempt("import os\nos.write(1, b'a\\xff\\xfe\\0b')")
    assert done.stdout == "a\ufffd\ufffd\0b"


def test_standard_input_is_what_was_given_or_nothing(attempt):
    echo = "import sys\nprint(repr(sys.stdin.read()))"
    assert attempt(echo).stdout == "''\n"
    assert attempt(echo, stdin="grüße\n".encode()).stdout == "'grüße\\n'\n"
    assert attempt("read -r line; echo got $line", runtime="bash", stdin=b"a line\n").stdout == "got a line\n"


def test_files_lie_beside_the_program(attempt):
    done = attempt("import beside\nprint(beside.X, open('data/a.txt').read())", files={"beside.py": b"X = 4", "data/a.txt": b"text"})
    assert done.stdout == "4 text\n", done.stderr


@pytest.mark.parametrize(
    "files, error",
    [
        ({"../out": b""}, InvalidInput),
        ({"/etc/x": b""}, InvalidInput),
        ({"main.py": b""}, InvalidInput),
        ({"a": b"", "a/b": b""}, InvalidInput),
        ({"large": b"x" * (9 << 20)}, TooLarge),
        ({f"f{n}": b"" for n in range(201)}, TooLarge),
    ],
)
def test_files_that_cannot_lie_there_are_refused(engine, monitor, places, files, error):
    with pytest.raises(error):
        execute(engine, places, "pass", files=files, monitor=monitor)
    assert not places.exists() or list(places.iterdir()) == []


def test_code_that_cannot_be_run_is_refused(engine, monitor, places):
    with pytest.raises(TooLarge):
        execute(engine, places, "#" * (2 << 20), monitor=monitor)
    with pytest.raises(InvalidInput, match="no runtime 'ruby'"):
        execute(engine, places, "pass", runtime="ruby", monitor=monitor)


def test_each_box_is_fresh_and_reaches_nothing_of_ours(attempt, tmp_path, monkeypatch):
    monkeypatch.setenv("HF_TOKEN", "hf_of_the_server")
    (tmp_path / "secret").write_text("of the server")
    code = f"""
import os, socket
print(sorted(os.listdir(".")), sorted(os.environ))
open("left.txt", "w").write("x")
for attempt in (lambda: open({str(tmp_path / "secret")!r}), lambda: socket.create_connection(("127.0.0.1", 22), 2),
                lambda: open("/proc/{os.getpid()}/environ"), lambda: os.kill({os.getpid()}, 0)):
    try:
        attempt()
        print("reached")
    except OSError as error:
        print(type(error).__name__)
"""
    for _ in range(2):
        lines = attempt(code).stdout.splitlines()
        assert lines[0].startswith("['main.py'] ['HOME', 'LANG', ") and "HF_" not in lines[0]
        assert len(lines) == 5 and set(lines[1:]) <= {"PermissionError", "FileNotFoundError", "ProcessLookupError"}, lines


def test_nothing_runs_without_a_seal(engine, monitor, places):
    class Unsealed:
        """The same engine on a machine that cannot seal."""

        def probe(self, *given, **options):
            return replace(engine.probe(), sealed=False)

        def start(self, launch):
            raise AssertionError("something was started")

    with pytest.raises(Forbidden, match="cannot seal"):
        execute(Unsealed(), places, "pass", monitor=monitor)
    assert not places.exists()


def test_the_layers_are_named(attempt):
    assert attempt("pass").layers


DAEMON = """
import os, sys, time
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        os.execv(sys.executable, [sys.executable, "-c", "import time; time.sleep(300)"])
    os._exit(0)
print("done")
"""


def test_what_it_leaves_running_ends_with_it(attempt, engine):
    done = attempt(DAEMON, timeout=60)
    assert (done.stdout, done.exit) == ("done\n", 0)
    assert left(engine) == []


def test_descriptors_and_threads_do_not_grow(attempt):
    def held():
        return len(os.listdir("/proc/self/fd")), psutil.Process().num_threads()

    for _ in range(3):
        attempt("pass")
    before = held()
    for _ in range(8):
        attempt("print(1)")
    deadline = time.monotonic() + 5
    while held() > before and time.monotonic() < deadline:
        time.sleep(0.1)
    assert held() <= before


def test_an_execution_can_be_cancelled(engine, monitor, places):
    cancelled = threading.Event()
    threading.Timer(0.5, cancelled.set).start()
    with pytest.raises(Cancelled):
        execute(engine, places, "import time; time.sleep(100)", timeout=60, monitor=monitor, cancelled=cancelled)
    assert list(places.iterdir()) == []


@pytest.fixture
def executions(engine, monitor, places):
    executions = Executions(engine, monitor, places, at_once=2, per_caller=2, waiting=1)
    yield executions
    executions.close()


WAIT = "import time; time.sleep(1.5); print('done')"


def test_a_caller_has_two_at_once_and_the_server_a_few(executions):
    async def play():
        first = [asyncio.create_task(executions.execute("a", WAIT, timeout=60)) for _ in range(2)]
        await asyncio.sleep(0.1)
        with pytest.raises(RateLimited, match="of your executions"):
            await executions.execute("a", "pass")
        third = asyncio.create_task(executions.execute("b", "print('third')", timeout=60))
        await asyncio.sleep(0.1)
        with pytest.raises(RateLimited, match="waiting on this server"):
            await executions.execute("c", "pass")
        done = [task.stdout for task in await asyncio.gather(*first, third)]
        again = await executions.execute("a", "print('again')", timeout=60)
        return done, again.stdout

    assert run(play()) == (["done\n", "done\n", "third\n"], "again\n")
    assert 'spaces_os_execution_total{runtime="python",killed_by="none"} 4' in executions.metrics()


def test_who_does_not_wait_any_more_ends_the_program(executions, engine):
    async def play():
        task = asyncio.create_task(executions.execute("a", "import time; time.sleep(100)", timeout=60))
        await asyncio.sleep(1)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        return (await executions.execute("a", "print('next')", timeout=60)).stdout

    assert run(play()) == "next\n"
    executions.close()
    assert left(engine) == []


def test_a_stranger_without_session_or_token_executes_nothing():
    call = Call(Caller(id=ANONYMOUS), house=None)
    with pytest.raises(Unauthorized):
        run(find("sandbox_execute").run(call, "pass"))
