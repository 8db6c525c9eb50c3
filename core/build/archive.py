"""A project as one zip file, both ways. What comes in is measured while it is unpacked, never believed."""

from __future__ import annotations

import io
import stat
import zipfile
import zlib
from collections.abc import Mapping

from core.build.limits import FILE_BYTES, PROJECT_BYTES, PROJECT_FILES, ZIP_ENTRIES, ZIP_RATIO
from core.build.paths import check_path, check_set
from core.errors import InvalidInput, TooLarge

_EPOCH = (1980, 1, 1, 0, 0, 0)  # the earliest date a zip can hold: equal files make equal archives
_DIRECTORY_BYTES = ZIP_ENTRIES * 1_200  # of a central directory, whose records have 46 bytes and a name
_LEFT_BY_SYSTEMS = ("__MACOSX/", ".DS_Store", "Thumbs.db")


def write_zip(files: Mapping[str, bytes]) -> bytes:
    """The files as zip bytes; the same files give the same bytes on every run."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED, compresslevel=6) as archive:
        for path in sorted(files):
            entry = zipfile.ZipInfo(path, _EPOCH)
            entry.create_system = 3
            entry.external_attr = (stat.S_IFREG | 0o644) << 16
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, files[path])
    return buffer.getvalue()


def read_zip(data: bytes) -> dict[str, bytes]:
    """The files of a zip; one folder that holds everything is taken off.

    Args:
        data: the archive, at most 50 MB packed and unpacked, 2000 files of 10 MB.

    Raises InvalidInput or TooLarge, and takes nothing, when any entry is a link, a device, encrypted,
    outside the folder, a duplicate, damaged, or larger than it declares.
    """
    if len(data) > PROJECT_BYTES:
        raise TooLarge(f"The zip is larger than {PROJECT_BYTES // 1_000_000} MB.")
    _check_directory(data)
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            entries = [entry for entry in archive.infolist() if not left_by_a_system(entry.filename)]
            _check_entries(entries, len(data))
            plain = [entry for entry in entries if not entry.is_dir()]
            named = dict(zip(without_top_folder([entry.filename for entry in plain], "zip"), plain, strict=True))
            check_set(named)
            return _unpack(archive, named)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, OverflowError, ValueError) as error:
        raise InvalidInput(f"This is not a readable zip file ({type(error).__name__}).", "Pack the folder again as a plain zip.") from None


def _check_directory(data: bytes) -> None:
    """Refuse a list of entries that is too long before it is read: a million of them would be a million objects."""
    end = data.rfind(b"PK\x05\x06")
    if end >= 0 and int.from_bytes(data[end + 12 : end + 16], "little") > _DIRECTORY_BYTES:
        raise TooLarge(f"The zip holds more entries than the {ZIP_ENTRIES} that are allowed.")


def left_by_a_system(name: str) -> bool:
    """Whether it is one of the files macOS and Windows put into folders and nobody means to send."""
    return name.startswith(_LEFT_BY_SYSTEMS[0]) or name.rsplit("/", 1)[-1] in _LEFT_BY_SYSTEMS[1:]


def _check_entries(entries: list[zipfile.ZipInfo], packed: int) -> None:
    if len(entries) > ZIP_ENTRIES:
        raise TooLarge(f"The zip holds {len(entries)} entries; {ZIP_ENTRIES} are allowed.")
    if sum(not entry.is_dir() for entry in entries) > PROJECT_FILES:
        raise TooLarge(f"The zip holds more than {PROJECT_FILES} files.")
    if not any(not entry.is_dir() for entry in entries):
        raise InvalidInput("The zip holds no files.", "Pack the folder of your app and try again.")
    for entry in entries:
        # orig_filename is what the archive really says: filename is cut at a NUL and has its separators changed.
        check_path(entry.orig_filename.rstrip("/") if entry.is_dir() else entry.orig_filename)
        kind = stat.S_IFMT(entry.external_attr >> 16) if entry.create_system == 3 else 0
        if kind not in (0, stat.S_IFREG, stat.S_IFDIR):
            raise InvalidInput(f"“{entry.filename}” in the zip is a link or a device.", "Replace it with a plain file.", path=entry.filename)
        if entry.flag_bits & 0x1:
            raise InvalidInput(f"“{entry.filename}” in the zip is encrypted.", "Pack it without a password.", path=entry.filename)
        if entry.file_size > FILE_BYTES:
            raise TooLarge(f"“{entry.filename}” in the zip is larger than {FILE_BYTES // 1_000_000} MB.", path=entry.filename)
    declared = sum(entry.file_size for entry in entries)
    if declared > PROJECT_BYTES:
        raise TooLarge(f"The zip unpacks to more than {PROJECT_BYTES // 1_000_000} MB.")
    if declared > 1_000_000 and declared > packed * ZIP_RATIO:
        raise TooLarge("The zip unpacks to far more than its own size, as a zip bomb does.")


def without_top_folder(names: list[str], kind: str) -> list[str]:
    """The names without the one folder all of them are in, if there is one; InvalidInput when a name is there twice."""
    top = names[0].split("/", 1)[0] + "/"
    cut = len(top) if all(name.startswith(top) for name in names) else 0
    if len(set(names)) < len(names):
        raise InvalidInput(f"The {kind} holds the same file name twice.", "Pack the folder again.")
    return [name[cut:] for name in names]


def _unpack(archive: zipfile.ZipFile, named: Mapping[str, zipfile.ZipInfo]) -> dict[str, bytes]:
    files: dict[str, bytes] = {}
    room = PROJECT_BYTES
    for path, entry in named.items():
        allowed = min(room, FILE_BYTES)
        with archive.open(entry) as source:
            content = source.read(allowed + 1)
        if len(content) > allowed:
            raise TooLarge(f"“{path}” in the zip is larger than it declares.", path=path)
        room -= len(content)
        files[path] = content
    return files
