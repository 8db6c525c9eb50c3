"""Tar files and uploads: what may come in, and what refuses the whole of it."""

import base64
import bz2
import gzip
import io
import lzma
import tarfile
import zipfile

import pytest

from core.build import read_tar, uploaded, write_zip
from core.errors import InvalidInput, TooLarge


def entry(name: str, kind: bytes = tarfile.REGTYPE, *, size: int = 0, link: str = "") -> tarfile.TarInfo:
    made = tarfile.TarInfo(name)
    made.type, made.size, made.linkname = kind, size, link
    return made


def packed(*entries, format=tarfile.PAX_FORMAT) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=format) as archive:
        for made in entries:
            if isinstance(made, tuple):
                name, data = made
                archive.addfile(entry(name, size=len(data)), io.BytesIO(data))
            else:
                archive.addfile(made)
    return buffer.getvalue()


@pytest.mark.parametrize("format", [tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
@pytest.mark.parametrize("squeeze", [bytes, gzip.compress, bz2.compress, lzma.compress])
def test_what_tar_packs_comes_out_without_its_top_folder(format, squeeze):
    long = "data/" + "n" * (80 if format == tarfile.USTAR_FORMAT else 120) + ".csv"
    data = packed(entry("./app", tarfile.DIRTYPE), ("./app/app.py", b"x = 1\n"), (f"./app/{long}", bytes(range(256))), ("./app/.DS_Store", b"?"), format=format)
    assert read_tar(squeeze(data)) == {"app.py": b"x = 1\n", long: bytes(range(256))}


@pytest.mark.parametrize("name", ["../evil", "a/../../evil", "/etc/passwd", "C:/evil", ".git/hooks/post-checkout", "top/.git/config", "NUL", "a/\u202eb", "./../evil"])
def test_a_name_that_escapes_refuses_the_whole_archive(name):
    with pytest.raises(InvalidInput):
        read_tar(packed(("app.py", b"1"), (name, b"2")))


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.BLKTYPE, tarfile.FIFOTYPE, tarfile.GNUTYPE_SPARSE])
def test_links_devices_pipes_and_sparse_files_are_refused(kind):
    with pytest.raises(InvalidInput):
        read_tar(packed(("app.py", b"1"), entry("x", kind, link="/etc/passwd"), format=tarfile.GNU_FORMAT))


def test_duplicates_are_refused():
    for other in ("a.py", "./a.py", "A.py"):
        with pytest.raises(InvalidInput):
            read_tar(packed(("a.py", b"1"), (other, b"2")))


def test_a_bomb_is_refused_while_it_unpacks():
    with pytest.raises(TooLarge, match="bomb"):
        read_tar(gzip.compress(packed(*((f"f{n}", bytes(9_000_000)) for n in range(4)))))


def test_what_unpacks_to_more_than_a_project_is_refused_by_its_real_bytes():
    noise = base64.b64encode(bytes(range(256)) * 30)
    data = packed(*((f"f{n}", (noise * 1000)[:9_900_000]) for n in range(7)))
    with pytest.raises(TooLarge):
        read_tar(lzma.compress(data, preset=0))


def test_too_many_and_too_large_are_refused():
    with pytest.raises(TooLarge, match="2000 files"):
        read_tar(packed(*((f"f{n}", b"") for n in range(2_001))))
    with pytest.raises(TooLarge, match="entries"):
        read_tar(packed(*(entry(f"d{n}", tarfile.DIRTYPE) for n in range(4_001)), ("a", b"")))
    with pytest.raises(TooLarge, match="10 MB"):
        read_tar(packed(("a", b"0" * 10_000_001)))
    with pytest.raises(TooLarge):
        read_tar(b"0" * 50_000_001)


@pytest.mark.parametrize("data", [b"", b"not a tar", gzip.compress(b"not a tar"), packed(("a", b"b" * 2000))[:1500], gzip.compress(packed(("a", bytes(range(256)) * 20)))[:-40], packed(), packed(entry("d", tarfile.DIRTYPE))])
def test_what_is_no_archive_or_empty_is_a_sentence(data):
    with pytest.raises(InvalidInput):
        read_tar(data)


def test_an_upload_is_put_into_its_folder_and_archives_are_taken_apart():
    files = {"a.txt": b"a", "site.zip": write_zip({"index.html": b"<p>"}), "deep/more.tar.gz": gzip.compress(packed(("data.csv", b"1,2\n")))}
    assert uploaded(files, folder="put/here/") == {"put/here/a.txt": b"a", "put/here/index.html": b"<p>", "put/here/deep/data.csv": b"1,2\n"}
    assert uploaded(files, unpack=False) == files


@pytest.mark.parametrize(
    "files",
    [
        {"../a": b""},
        {"/a": b""},
        {"a": b"", "A": b""},
        {"a": b"", "a/b": b""},
        {"x.zip": write_zip({"a": b"1"}), "a": b"2"},
        {"x.zip": b"no zip"},
        {f"f{n}": b"" for n in range(2_001)},
        {f"f{n}": bytes(9_999_999) for n in range(6)},
    ],
)
def test_an_upload_with_anything_unsafe_is_refused_whole(files):
    with pytest.raises(InvalidInput):
        uploaded(files)


def test_a_zip_with_a_hundred_thousand_entries_is_refused_before_they_are_read(monkeypatch):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", allowZip64=True) as archive:
        for number in range(100_000):
            archive.writestr(f"some/folder/with/a/name/{number:050d}", b"")
    monkeypatch.setattr(zipfile, "ZipFile", None)  # it would be a defect to hand this to the reader
    with pytest.raises(TooLarge, match="entries"):
        uploaded({"x.zip": buffer.getvalue()})
