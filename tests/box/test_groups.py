"""Tasks of a box are counted by the kernel where this machine lets us make control groups, root's as well."""

import subprocess
import sys

from core.box.groups import Groups

FORKS = """
import os, sys, time
open(sys.argv[1], "w").write("0")
made = 0
for n in range(60):
    try:
        if os.fork() == 0:
            time.sleep(3)
            os._exit(0)
        made += 1
    except BlockingIOError:
        break
print(made)
"""


def test_a_group_holds_no_more_tasks_than_it_may():
    groups = Groups("ofatest")
    members = groups.make("one", 20)
    if not groups.counted:  # a container that may not make groups: then none is promised
        assert members is None
        return
    done = subprocess.run([sys.executable, "-c", FORKS, str(members)], capture_output=True, text=True, timeout=60)
    assert int(done.stdout) == 19
    groups.remove(members, seconds=10)
    assert not members.parent.exists()


def test_what_a_killed_server_left_is_removed():
    groups = Groups("ofatest2")
    members = groups.make("left", 20)
    Groups("ofatest2").sweep()
    assert members is None or not members.parent.exists()


def test_a_group_that_is_gone_or_never_was_is_no_trouble(tmp_path):
    groups = Groups("ofatest3")
    groups.remove(None)
    groups.remove(tmp_path / "nothing" / "cgroup.procs")
