"""The app finds its policy and its socket on two fixed descriptors, whatever numbers they had before."""

import socket
import subprocess
import sys

import pytest

from core.box.local import RUNNERS

START = """
import importlib.util, json, os, sys
spec = importlib.util.spec_from_file_location("box", sys.argv[1])
box = importlib.util.module_from_spec(spec)
spec.loader.exec_module(box)
given, listener, before = (int(word) for word in sys.argv[2:5])
os.dup2(given, listener)
if given != listener:
    os.close(given)
for number in range(3, before):  # so that the pipe of the policy comes on `before`
    try:
        os.fstat(number)
    except OSError:
        os.dup2(0, number)
app = "import json, os, socket; print(json.load(os.fdopen(3))['word'], socket.socket(fileno=4).getsockname(), len(os.listdir('/proc/self/fd')))"
box.execute({"app": {"word": "policy"}, "listener": listener, "command": [sys.executable, "-I", "-S", "-c", app], "env": {}})
"""


@pytest.mark.parametrize("listener", [3, 4, 5, 99, 100, 101])
@pytest.mark.parametrize("before", [3, 4, 100, 101])
def test_the_app_starts_whatever_numbers_its_descriptors_came_on(tmp_path, listener, before):
    way = str(tmp_path / "app.sock")
    with socket.socket(socket.AF_UNIX) as one:
        one.bind(way)
        command = [sys.executable, "-I", "-S", "-c", START, str(RUNNERS / "box.py"), str(one.fileno()), str(listener), str(before)]
        ran = subprocess.run(command, pass_fds=[one.fileno()], stdin=subprocess.DEVNULL, capture_output=True, text=True)
    # three standard streams and the directory being listed: nothing else came along, and the two were closed when read
    assert (ran.stdout.split(), ran.stderr) == (["policy", way, "4"], "")
