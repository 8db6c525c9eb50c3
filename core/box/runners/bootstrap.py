"""Runs one Python app so that whatever server it starts listens on the inherited socket and nowhere else.

Run as `python -I -u bootstrap.py`: the policy is JSON on descriptor 3, the bound unix socket is descriptor 4. A zygote
calls `run` instead. It belongs to the app's process, not to ours: nothing of the server is importable from here.
"""

import importlib.util
import json
import os
import runpy
import socket
import sys
import traceback

HERE = os.path.dirname(os.path.abspath(__file__))


def read_policy():
    with open(3, "rb", closefd=True) as pipe:
        return json.load(pipe)


def load(name):
    """A module beside this file, without putting this directory on the app's path."""
    known = f"_preview_{name}"
    if known not in sys.modules:
        spec = importlib.util.spec_from_file_location(known, os.path.join(HERE, f"{name}.py"))
        module = importlib.util.module_from_spec(spec)
        sys.modules[known] = module
        spec.loader.exec_module(module)
    return sys.modules[known]


def prepare():
    """Load what `run` needs, for forks that come later."""
    for name in ("sockets", "servers", "locks"):
        load(name)


def report(error):
    """The traceback a person expects: from the app's own first line on."""
    trace = error.__traceback__
    while trace is not None and _is_ours(trace.tb_frame.f_code.co_filename):
        trace = trace.tb_next
    traceback.print_exception(type(error), error, trace)


def _is_ours(filename):
    return os.path.dirname(filename) == HERE or filename in (runpy.__file__, "<frozen runpy>")


def run(policy, listener):
    """Run the app to its end, `listener` being the one socket it can be reached by. Ends the process when it fails.

    policy: script or module, arguments, directory, mount, port, fallback.
    """
    listener.set_inheritable(False)
    sys.dont_write_bytecode = True  # compiled files are told apart by whole seconds: a quick edit of equal length would not count
    sockets = load("sockets")
    own = sockets.OwnServer(policy, listener)
    sockets.install(own)
    servers = load("servers")
    servers.install(policy, own, load("locks"))
    arguments = servers.arguments_of(policy)
    beside = os.path.dirname(policy["script"] or "")  # as `python folder/app.py` does
    sys.path.insert(0, os.path.join(policy["directory"], beside))
    for extra in reversed(os.environ.get("PYTHONPATH", "").split(os.pathsep)):
        if extra:
            sys.path.insert(1, extra)
    try:
        if policy["module"]:
            sys.argv = [policy["module"], *arguments]
            runpy.run_module(policy["module"], run_name="__main__", alter_sys=True)
        else:
            sys.argv = [policy["script"], *arguments]
            runpy.run_path(policy["script"], run_name="__main__")
    except Exception as error:
        report(error)
        sys.stderr.flush()
        os._exit(1)


if __name__ == "__main__":
    run(read_policy(), socket.socket(fileno=4))
