"""multiprocessing in an app: its locks, queues and pools hold between processes, also where /dev/shm is out of reach."""

import importlib.util
import os
import threading
from pathlib import Path

import httpx
import pytest

import core.box

SPEC = importlib.util.spec_from_file_location("locks", Path(core.box.__file__).parent / "runners" / "locks.py")
locks = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(locks)
RECURSIVE, PLAIN = 0, 1

APP = b"""
import multiprocessing
from concurrent.futures import ProcessPoolExecutor
from fastapi import FastAPI

app = FastAPI()
forking = multiprocessing.get_context("fork")
lock, total = forking.Lock(), forking.Value("i", 0)

def add(count):
    for _ in range(count):
        with lock:
            total.value += 1

def square(number):
    return number * number

@app.get("/")
def root():
    return "up"

@app.get("/sum")
def sum_up():
    workers = [forking.Process(target=add, args=(300,)) for _ in range(3)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    return total.value

@app.get("/pool")
def pool():
    with ProcessPoolExecutor(2, mp_context=forking) as workers:
        return list(workers.map(square, range(5)))

@app.get("/queue")
def queue():
    things = forking.Queue(2)
    worker = forking.Process(target=lambda: [things.put(n) for n in range(4)])
    worker.start()
    found = [things.get(timeout=30) for _ in range(4)]
    worker.join()
    return found
"""


@pytest.fixture(scope="module")
def app(house):
    app = house.start({"main.py": APP})
    yield app
    house.stop(app)


@pytest.mark.parametrize("path, expected", [("sum", 900), ("pool", [0, 1, 4, 9, 16]), ("queue", [0, 1, 2, 3])])
def test_processes_of_an_app_work_together(house, app, path, expected):
    answer = httpx.get(house.url(app, path), timeout=60)
    assert answer.status_code == 200 and answer.json() == expected, "\n".join(line.text for line in app.logs.lines()[-5:])


def test_a_lock_is_held_by_one_and_taken_by_the_next():
    lock = locks.EventSemaphore(PLAIN, 1, 1)
    assert lock.acquire() and lock._is_zero() and not lock.acquire(False) and not lock.acquire(True, 0.01)
    taken = threading.Thread(target=lock.acquire)
    taken.start()
    lock.release()
    taken.join(30)
    assert not taken.is_alive() and lock._is_zero()
    lock.release()
    with pytest.raises(ValueError):
        lock.release()


def test_a_recursive_lock_counts_and_belongs_to_its_thread():
    lock = locks.EventSemaphore(RECURSIVE, 1, 1)
    assert lock.acquire() and lock.acquire() and lock._count() == 2
    refused = []
    other = threading.Thread(target=lambda: refused.append(lock.acquire(False)))
    other.start()
    other.join(30)
    assert refused == [False]
    lock.release()
    assert lock._is_mine()
    lock.release()
    assert not lock._is_mine() and not lock._is_zero()
    with pytest.raises(AssertionError):
        lock.release()


def test_a_fork_waits_for_the_same_lock():
    lock = locks.EventSemaphore(PLAIN, 0, 5)
    child = os.fork()
    if child == 0:
        lock.acquire()
        os._exit(7)
    lock.release()
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 7
