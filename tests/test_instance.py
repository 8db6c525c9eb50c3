import multiprocessing
import os
import signal
from pathlib import Path

import pytest

from core.errors import Conflict
from core.instance import Instance, free_port, running


def hold(data: str, ready) -> None:
    held = Instance(Path(data), 4321)
    ready.set()
    assert held
    signal.pause()


def test_a_second_process_finds_the_first_and_is_refused(tmp_path):
    context = multiprocessing.get_context("spawn")
    ready = context.Event()
    process = context.Process(target=hold, args=(str(tmp_path), ready), daemon=True)
    process.start()
    assert ready.wait(20)
    assert running(tmp_path).pid == process.pid and running(tmp_path).port == 4321
    with pytest.raises(Conflict, match=str(process.pid)):
        Instance(tmp_path, 1)
    os.kill(process.pid, signal.SIGKILL)
    process.join()
    assert running(tmp_path) is None  # the lock ended with its process
    Instance(tmp_path, 1).release()


def test_a_taken_port_is_named():
    import socket

    with socket.socket() as taken:
        taken.bind(("0.0.0.0", 0))
        taken.listen()
        with pytest.raises(Conflict, match=str(taken.getsockname()[1])):
            free_port(taken.getsockname()[1])
    assert free_port(0) > 0
