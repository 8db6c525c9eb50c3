"""What sealing an app takes is there before the app is forked, so that every start costs only the kernel's part."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from core.box import Entry, Launch, Limits, Workspace, sealing

FORKS = """
import ctypes, json, os, sys
sys.path.insert(0, sys.argv[1])
import seal

policy = json.load(sys.stdin)
made = []
ctypes.CDLL = lambda *given, **more: made.append("a library")
sys.setprofile(lambda frame, event, argument: made.append("a class") if event == "c_call" and argument is __build_class__ else None)
child = os.fork()
if child == 0:
    seal.prepare(policy)()
    sys.setprofile(None)
    try:
        os.listdir("/")
        made.append("a way out")
    except PermissionError:
        pass
    os.write(1, json.dumps(made).encode())
    os._exit(0)
sys.setprofile(None)
sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""


def test_a_fork_seals_itself_with_what_was_loaded_before_it(tmp_path: Path):
    launch = Launch("x", Path(sys.executable), Entry(script="app.py"), Workspace(tmp_path), {}, Limits())
    policy = sealing.policy(launch, sealing.find_means())
    command = [sys.executable, "-I", "-c", FORKS, str(sealing.RUNNERS)]
    done = subprocess.run(command, input=json.dumps(policy), capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads(done.stdout) == []
