"""Zip files: what goes out, and what may come in."""

import io
import stat
import struct
import warnings
import zipfile

import pytest

from core.build import read_zip, write_zip
from core.errors import InvalidInput, TooLarge


def packed(*entries, method=zipfile.ZIP_DEFLATED) -> bytes:
    buffer = io.BytesIO()
    with warnings.catch_warnings(), zipfile.ZipFile(buffer, "w", method) as archive:
        warnings.simplefilter("ignore")
        for name, data in entries:
            archive.writestr(name, data)
    return buffer.getvalue()


def special(name: str, mode: int) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo(name)
    entry.create_system = 3
    entry.external_attr = mode << 16
    return entry


def test_what_goes_out_comes_back_and_is_the_same_every_time():
    files = {"app.py": b"x = 1\n", "data/a.csv": b"a,b\n", "empty": b"", "bytes": bytes(range(256))}
    data = write_zip(files)
    assert read_zip(data) == files
    assert write_zip(dict(reversed(files.items()))) == data


def test_a_single_top_folder_is_taken_off():
    assert read_zip(packed(("my-app/", b""), ("my-app/app.py", b"1"), ("my-app/x/y", b"2"), ("__MACOSX/my-app/._app.py", b"?"))) == {"app.py": b"1", "x/y": b"2"}
    assert set(read_zip(packed(("a/x", b""), ("b/x", b"")))) == {"a/x", "b/x"}


@pytest.mark.parametrize("name", ["../evil", "a/../../evil", "/etc/passwd", "C:/evil", "a\\..\\evil", ".git/hooks/post-checkout", "top/.git/config", "NUL", "a/\u202eb"])
def test_a_name_that_escapes_refuses_the_whole_archive(name):
    with pytest.raises(InvalidInput):
        read_zip(packed(("app.py", b"1"), (name, b"2")))


def test_a_nul_in_a_name_is_refused():
    data = packed(("appX.py", b"1"), ("b.py", b"2")).replace(b"appX.py", b"app\0.py")
    with pytest.raises(InvalidInput):
        read_zip(data)


@pytest.mark.parametrize("mode", [stat.S_IFLNK | 0o777, stat.S_IFCHR | 0o600, stat.S_IFBLK | 0o600, stat.S_IFIFO | 0o600, stat.S_IFSOCK | 0o600])
def test_links_and_devices_are_refused(mode):
    with pytest.raises(InvalidInput, match="link or a device"):
        read_zip(packed(("app.py", b"1"), (special("x", mode), b"/etc/passwd")))


def test_an_encrypted_entry_is_refused():
    data = bytearray(packed(("app.py", b"1")))
    data[data.index(b"PK\x01\x02") + 8] |= 1
    with pytest.raises(InvalidInput, match="encrypted"):
        read_zip(bytes(data))


def test_duplicates_are_refused():
    with pytest.raises(InvalidInput):
        read_zip(packed(("a.py", b"1"), ("a.py", b"2")))
    with pytest.raises(InvalidInput):
        read_zip(packed(("a.py", b"1"), ("A.py", b"2")))


def test_a_bomb_is_refused_by_its_ratio():
    with pytest.raises(TooLarge, match="bomb"):
        read_zip(packed(*((f"f{n}", bytes(9_000_000)) for n in range(4))))


def test_an_entry_that_lies_about_its_size_is_refused():
    data = bytearray(packed(("a.bin", b"z" * 100_000)))
    at = data.index(b"PK\x01\x02") + 24
    data[at : at + 4] = struct.pack("<I", 10)
    with pytest.raises((InvalidInput, TooLarge)):
        read_zip(bytes(data))


def test_too_many_and_too_large_are_refused():
    with pytest.raises(TooLarge):
        read_zip(packed(*((f"f{n}", b"") for n in range(2_001))))
    with pytest.raises(TooLarge):
        read_zip(packed(*((f"d{n}/", b"") for n in range(4_001)), ("a", b"")))
    with pytest.raises(TooLarge, match="10 MB"):
        read_zip(packed(("a", b"0" * 10_000_001)))
    with pytest.raises(TooLarge):
        read_zip(b"0" * 50_000_001)


@pytest.mark.parametrize("data", [b"", b"not a zip", packed(("a", b"b" * 500))[:-30], packed(), packed(("d/", b""))])
def test_what_is_no_archive_or_empty_is_a_sentence(data):
    with pytest.raises(InvalidInput):
        read_zip(data)


def test_damage_inside_is_found():
    data = bytearray(packed(("a.py", b"hello world"), method=zipfile.ZIP_STORED))
    data[data.index(b"hello")] ^= 1
    with pytest.raises(InvalidInput):
        read_zip(bytes(data))
