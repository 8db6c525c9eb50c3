"""The server closes itself to other programs of its user, and orphans of its boxes become its children."""

import subprocess
import sys

GUARDED = """
import os, subprocess, sys, time
from core.box import guard_host
os.setresuid(4242, 4242, 4242) if os.getuid() == 0 else None
guard_host()
print(os.stat(f"/proc/{os.getpid()}/mem").st_uid == 0)  # nobody's but root's, whatever our own user
reader, writer = os.pipe()
if os.fork() == 0:
    if os.fork() == 0:
        time.sleep(1)
        os.write(writer, str(os.getppid()).encode())
        os._exit(0)
    os._exit(0)
os.wait()
print(int(os.read(reader, 16)) == os.getpid())
"""


def test_a_guarded_server_is_closed_to_others_and_adopts_orphans():
    done = subprocess.run([sys.executable, "-c", GUARDED], capture_output=True, text=True, timeout=60)
    assert done.stdout.split() == ["True", "True"], done.stderr
