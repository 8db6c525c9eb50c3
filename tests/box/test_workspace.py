"""What an app leaves in its directory is read without being led astray, and removed whatever it is."""

import os
import socket
import time

import pytest

from core.box import workspace
from core.errors import NotFound, TooLarge


@pytest.fixture
def place(tmp_path):
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "secret.txt").write_text("secret")
    root = tmp_path / "app"
    (root / "folder").mkdir(parents=True)
    (root / "folder" / "plain.txt").write_text("plain")
    (root / "link.txt").symlink_to(outside / "secret.txt")
    (root / "linked").symlink_to(outside)
    (root / "dangling").symlink_to("nowhere")
    os.link(outside / "secret.txt", root / "hard.txt")
    os.mkfifo(root / "pipe")
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(root / "socket"))
    (root / "device").symlink_to("/dev/zero")
    if os.geteuid() == 0:
        (root / "device").unlink()
        os.mknod(root / "device", 0o20666, os.makedev(1, 5))
    return root


def test_a_plain_file_is_read(place):
    assert workspace.read_file(place, "folder/plain.txt", 5) == b"plain"


@pytest.mark.parametrize(
    "path",
    ["link.txt", "linked/secret.txt", "dangling", "hard.txt", "pipe", "socket", "device", "folder", "missing", "folder/plain.txt/x",
     "../outside/secret.txt", "folder/../folder/plain.txt", "/etc/passwd", "./folder/plain.txt", "", "folder//plain.txt", "a\0b", "\udcff"],
)  # fmt: skip
def test_everything_else_is_not_there(place, path):
    before = len(os.listdir("/proc/self/fd"))
    with pytest.raises(NotFound):
        workspace.read_file(place, path, 1000)
    assert len(os.listdir("/proc/self/fd")) <= before  # what another test left may be closed meanwhile


def test_a_file_that_is_too_large_is_said(place):
    with pytest.raises(TooLarge):
        workspace.read_file(place, "folder/plain.txt", 4)


def test_no_descriptor_stays_open(place):
    before = len(os.listdir("/proc/self/fd"))
    for path in ("folder/plain.txt", "pipe", "linked/secret.txt", "hard.txt", "missing"):
        try:
            workspace.read_file(place, path, 100)
        except NotFound:
            continue
    assert len(os.listdir("/proc/self/fd")) <= before  # what another test left may be closed meanwhile


def test_removing_leaves_what_links_point_to(place):
    outside = place.parent / "outside" / "secret.txt"
    workspace.remove(place)
    assert not place.exists() and outside.read_text() == "secret"


def test_a_tree_deeper_than_any_path_is_removed(tmp_path):
    root = tmp_path / "deep"
    root.mkdir()
    here = os.open(root, os.O_RDONLY)
    for number in range(3000):
        os.mkdir("folder", dir_fd=here)
        below = os.open("folder", os.O_RDONLY, dir_fd=here)
        os.close(os.open(f"file{number}", os.O_CREAT, dir_fd=here))
        os.close(here)
        here = below
    os.close(here)
    workspace.remove(root)
    assert not root.exists()


def test_folders_closed_to_their_owner_are_removed(tmp_path):
    root = tmp_path / "closed"
    (root / "a" / "b").mkdir(parents=True)
    (root / "a" / "b" / "file").touch()
    for folder in (root / "a" / "b", root / "a", root):
        folder.chmod(0)
    workspace.remove(root)
    assert not root.exists()


def test_a_hundred_thousand_files_are_removed(tmp_path):
    root = tmp_path / "many"
    for folder in range(10):
        (root / str(folder)).mkdir(parents=True)
        here = os.open(root / str(folder), os.O_RDONLY)
        for number in range(10_000):
            os.close(os.open(str(number), os.O_CREAT, dir_fd=here))
        os.close(here)
    began = time.monotonic()
    workspace.remove(root)
    assert not root.exists()
    assert time.monotonic() - began < 60


def test_removing_what_is_not_there_is_nothing(tmp_path):
    workspace.remove(tmp_path / "never")
