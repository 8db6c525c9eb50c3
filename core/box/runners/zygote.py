"""A process with the stock packages loaded, from which apps are forked: their start costs no import.

Run as `python -I -u zygote.py DESCRIPTOR [programs]` with a constructed environment: `/proc/<app>/environ` of every fork
shows it. With "programs" nothing is preloaded: its boxes start a program by exec, and cost only the fork themselves.
The descriptor is a socket of messages. "start" comes with descriptors (policy, listener, output, errors, report) and is answered
by "started PID"; "ended PID STATUS" follows when that box is gone; "retire" lets it end after its last box. What an app
is told, its secrets with it, is read by the fork and never enters this process, which the next app is forked from.
"""

import atexit
import ctypes
import gc
import importlib.util
import json
import os
import random
import select
import signal
import socket
import sys
import threading
import time

HERE = os.path.dirname(os.path.abspath(__file__))
LIBC = ctypes.CDLL(None)
PR_SET_PDEATHSIG, PR_SET_DUMPABLE = 1, 4  # linux/prctl.h
UNSET = "/unset"  # stands for the directories of an app in what packages read from the environment at import
# What an app of the stock packages has imported when it has given its first answer.
MODULES = (
    "numpy",
    "pandas",
    "fastapi",
    "uvicorn",
    "uvicorn.protocols.http.auto",
    "uvicorn.protocols.websockets.auto",
    "uvicorn.lifespan.on",
    "uvicorn.loops.asyncio",
    "anyio._backends._asyncio",
    "starlette.middleware.cors",
    "fastapi.telemetry._runtime",
    "gradio",
    "gradio.http_server",
    "gradio.mcp",
    "multiprocessing.synchronize",
    "encodings.idna",
    "encodings.unicode_escape",
)


def load(name):
    """A module beside this file, without putting this directory on anybody's path."""
    spec = importlib.util.spec_from_file_location(f"_preview_{name}", os.path.join(HERE, f"{name}.py"))
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def preload():
    """Import the stock packages that are there, and make one Blocks: that imports what is imported late."""
    for name in MODULES:
        try:
            importlib.import_module(name)
        except ImportError:
            continue
    if "gradio" in sys.modules:
        gradio = sys.modules["gradio"]
        with gradio.Blocks() as blocks:
            box = gradio.Textbox()
            gradio.Button().click(str, box, box)
        sys.modules["gradio.routes"].App.create_app(blocks)
        gradio.context.Context.id = 0
    gc.collect()
    gc.freeze()


def native_threads():
    return len(os.listdir("/proc/self/task"))


def serve(control, box, enter):
    """Fork on request and collect what has ended, until the server hangs up."""
    woken, wake = os.pipe()
    os.set_blocking(wake, False)
    os.set_blocking(woken, False)
    signal.signal(signal.SIGCHLD, lambda number, frame: None)
    signal.set_wakeup_fd(wake, warn_on_full_buffer=False)
    live, retiring = set(), False
    while not (retiring and not live):
        ready, _, _ = select.select([control, woken], [], [])
        if woken in ready:
            os.read(woken, 4096)
            collect(control, live)
        if control not in ready:
            continue
        message, descriptors, _, _ = socket.recv_fds(control, 64, 8)
        if not message:
            return
        if message == b"retire":
            retiring = True
            continue
        pid = os.fork()
        if pid == 0:
            signal.set_wakeup_fd(-1)
            for descriptor in (woken, wake, control.detach()):
                os.close(descriptor)
            become_box(descriptors, box, enter)
        for descriptor in descriptors:
            os.close(descriptor)
        live.add(pid)
        control.send(b"started %d" % pid)


def collect(control, live):
    while live:
        pid, status = os.waitpid(-1, os.WNOHANG)
        if pid == 0:
            return
        live.discard(pid)
        control.send(b"ended %d %d" % (pid, os.waitstatus_to_exitcode(status)))


def become_box(descriptors, box, enter):
    """In the fork: the box of one app, its supervisor. Never returns."""
    code = 1
    try:
        told, listener, output, errors, *report = descriptors
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        os.dup2(output, 1)
        os.dup2(errors, 2)
        with open(told, "rb") as pipe:
            policy = json.load(pipe)
        for descriptor in (output, errors):
            os.close(descriptor)
        LIBC.prctl(PR_SET_DUMPABLE, 1, 0, 0, 0)
        os.chdir(policy["directory"])  # after a crash of the server, it is recognised by where it is
        policy |= {"parent": os.getppid(), "listener": listener, "report": report[0] if report else None}
        code = box.supervise(policy, enter)
    except BaseException as error:
        os.write(2, f"Error: the app's process could not be started: {type(error).__name__}: {error}\n".encode())
    finally:
        os._exit(code)


def become_app(policy, bootstrap):
    """In the sealed fork of the fork: what a new interpreter would be given, then the app. Never returns."""
    listener = policy["listener"]
    LIBC.prctl(PR_SET_DUMPABLE, 1, 0, 0, 0)  # its own server measures it
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    os.environ.clear()
    os.environ.update(policy["env"])
    time.tzset()
    new_randomness()
    set_directories(policy["env"])
    app = policy.pop("app")
    policy.clear()
    end(exit_code(lambda: bootstrap.run(app, socket.socket(fileno=listener))))


def exit_code(run):
    """What the interpreter itself makes of how a program ends."""
    try:
        run()
    except SystemExit as error:
        if error.code is None or isinstance(error.code, int):
            return error.code or 0
        print(error.code, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


def end(code):
    """As an interpreter ends: threads are waited for, what is registered runs, what is written arrives."""
    threading._shutdown()
    atexit._run_exitfuncs()
    for stream in (sys.stdout, sys.stderr):
        stream.flush()
    os._exit(code & 0xFF)


def new_randomness():
    """Forks of one process would draw the same numbers."""
    random.seed()
    if "numpy" in sys.modules:
        sys.modules["numpy"].random.seed()
    process = sys.modules["multiprocessing.process"].current_process()
    process.authkey = os.urandom(32)


def set_directories(env):
    """Where packages keep their files was read at import: put the app's directories in place of the stand-ins."""
    places = {f"{UNSET}/home": env.get("HOME", ""), f"{UNSET}/gradio": env.get("GRADIO_TEMP_DIR", "")}
    sys.modules["tempfile"].tempdir = None
    for module_name, module in list(sys.modules.items()):
        if module_name.partition(".")[0] not in ("gradio", "gradio_client", "huggingface_hub"):
            continue
        for name, value in list(vars(module).items()):
            if isinstance(value, (str, os.PathLike)) and str(value).startswith(UNSET):
                stand_in, _, rest = str(value).removeprefix(f"{UNSET}/").partition("/")
                place = places.get(f"{UNSET}/{stand_in}")
                if place:
                    setattr(module, name, type(value)(os.path.join(place, rest) if rest else place))


def main():
    LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    control = socket.socket(fileno=int(sys.argv[1]))
    control.set_inheritable(False)
    box = load("box")
    box.load("seal")
    if sys.argv[2:] == ["programs"]:
        enter = box.execute
    else:
        bootstrap = load("bootstrap")
        bootstrap.prepare()
        enter = lambda policy: become_app(policy, bootstrap)  # noqa: E731
        try:
            preload()
        except Exception as error:
            control.send(f"failed {type(error).__name__}: {error}"[:200].encode())
            return
    LIBC.prctl(PR_SET_DUMPABLE, 0, 0, 0, 0)
    if native_threads() != 1:
        control.send(b"failed %d threads after the imports" % native_threads())  # a fork has only the one that forked
        return
    control.send(b"ready")
    serve(control, box, enter)


if __name__ == "__main__":
    main()
