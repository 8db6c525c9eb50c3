"""multiprocessing's locks without /dev/shm, which a sealed process may not reach: semaphores of the kernel's event descriptors.

A fork inherits them, so they hold between processes as the named semaphores do that they stand in for.
"""

import os
import select
import threading
import time
import types

RECURSIVE = 0  # multiprocessing.synchronize


class EventSemaphore:
    """What `_multiprocessing.SemLock` offers of a semaphore, on an event descriptor."""

    SEM_VALUE_MAX = 0x7FFFFFFF
    name = None  # nothing to unlink

    def __init__(self, kind, value, maxvalue):
        self.kind, self.maxvalue = kind, maxvalue
        self.handle = os.eventfd(value, os.EFD_SEMAPHORE | os.EFD_NONBLOCK | os.EFD_CLOEXEC)
        self._owner, self._times = None, 0

    def acquire(self, block=True, timeout=None):
        if self.kind == RECURSIVE and self._is_mine():
            self._times += 1
            return True
        deadline = None if timeout is None else time.monotonic() + max(0.0, timeout)
        while True:
            try:
                os.eventfd_read(self.handle)
            except BlockingIOError:
                left = None if deadline is None else deadline - time.monotonic()
                if not block or (left is not None and left <= 0):
                    return False
                self._wait(left)
            else:
                self._owner, self._times = self._me(), 1
                return True

    def release(self):
        if self.kind == RECURSIVE:
            if not self._is_mine():
                raise AssertionError("attempt to release recursive lock not owned by thread")
            self._times -= 1
            if self._times:
                return
        elif self.maxvalue == 1 and not self._is_zero():
            raise ValueError("semaphore or lock released too many times")
        self._owner = None
        os.eventfd_write(self.handle, 1)

    def __enter__(self):
        self.acquire()

    def __exit__(self, *error):
        self.release()

    def __del__(self):
        os.close(self.handle)

    def _wait(self, seconds):
        waiting = select.poll()
        waiting.register(self.handle, select.POLLIN)
        waiting.poll(None if seconds is None else seconds * 1000)

    def _me(self):
        return os.getpid(), threading.get_ident()

    def _is_mine(self):
        return self._owner == self._me() and self._times > 0

    def _count(self):
        return self._times if self._is_mine() else 0

    def _is_zero(self):
        waiting = select.poll()
        waiting.register(self.handle, select.POLLIN)
        return not waiting.poll(0)

    def _get_value(self):
        raise NotImplementedError("the value of a semaphore cannot be read here")

    def _after_fork(self):
        self._owner, self._times = None, 0


def change_synchronize(module):
    """Named semaphores where they can be had, these where not."""
    named = module._multiprocessing.SemLock

    def semaphore(kind, value, maxvalue, name, unlink):
        try:
            return named(kind, value, maxvalue, name, unlink)
        except OSError:
            return EventSemaphore(kind, value, maxvalue)

    semaphore.SEM_VALUE_MAX, semaphore._rebuild = named.SEM_VALUE_MAX, named._rebuild
    module._multiprocessing = types.SimpleNamespace(SemLock=semaphore)


def change_heap(module):
    """Shared arrays lie in the app's own directory for temporary files."""
    module.Arena._dir_candidates = []
