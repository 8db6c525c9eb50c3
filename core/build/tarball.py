"""A tar, plain or compressed, as files. What comes in is measured while it is unpacked, never believed."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import tarfile
import zlib
from collections.abc import Callable
from typing import BinaryIO

from core.build.archive import left_by_a_system, without_top_folder
from core.build.limits import FILE_BYTES, PROJECT_BYTES, PROJECT_FILES, ZIP_ENTRIES, ZIP_RATIO
from core.build.paths import check_path, check_set
from core.errors import InvalidInput, TooLarge

# A tar spends at most four blocks of 512 bytes besides the content of an entry: header, long name, padding.
_UNPACKED_BYTES = PROJECT_BYTES + ZIP_ENTRIES * 2_048
_RATIO_FROM = 1_000_000
_OPENERS: tuple[tuple[bytes, Callable[[BinaryIO], BinaryIO]], ...] = (
    (b"\x1f\x8b", lambda source: gzip.GzipFile(fileobj=source)),
    (b"BZh", bz2.BZ2File),
    (b"\xfd7zXZ\0", lzma.LZMAFile),
)


def read_tar(data: bytes) -> dict[str, bytes]:
    """The files of a tar, tar.gz, tar.bz2 or tar.xz; one folder that holds everything is taken off.

    Args:
        data: the archive, at most 50 MB packed and unpacked, 2000 files of 10 MB.

    Raises InvalidInput or TooLarge, and takes nothing, when any entry is a link, a device, a pipe, sparse,
    outside the folder, a duplicate or damaged, or the whole unpacks to more than is allowed.
    """
    if len(data) > PROJECT_BYTES:
        raise TooLarge(f"The tar is larger than {PROJECT_BYTES // 1_000_000} MB.")
    opener = next((opener for magic, opener in _OPENERS if data.startswith(magic)), None)
    source = io.BytesIO(data)
    measured = _Measured(opener(source) if opener else source, packed=len(data))
    try:
        with tarfile.open(fileobj=measured, mode="r|", errorlevel=2) as archive:  # type: ignore[call-overload]
            found = _unpack(archive)
    except (tarfile.TarError, EOFError, zlib.error, lzma.LZMAError, OSError, ValueError, OverflowError) as error:
        raise InvalidInput(f"This is not a readable tar file ({type(error).__name__}).", "Pack the folder again, as tar or zip.") from None
    if not found:
        raise InvalidInput("The tar holds no files.", "Pack the folder of your app and try again.")
    files = dict(zip(without_top_folder([name for name, _ in found], "tar"), (content for _, content in found), strict=True))
    check_set(files)
    return files


def _unpack(archive: tarfile.TarFile) -> list[tuple[str, bytes]]:
    found: list[tuple[str, bytes]] = []
    for number, entry in enumerate(archive):
        if number >= ZIP_ENTRIES:
            raise TooLarge(f"The tar holds more entries than the {ZIP_ENTRIES} that are allowed.")
        name = entry.name.removeprefix("./")
        if entry.isdir() and name in ("", "."):
            continue
        check_path(name.rstrip("/") if entry.isdir() else name)
        if entry.isdir() or left_by_a_system(name):
            continue
        if not entry.isreg() or entry.issparse():
            raise InvalidInput(f"“{name}” in the tar is a link or a device.", "Replace it with a plain file.", path=name)
        if entry.size > FILE_BYTES:
            raise TooLarge(f"“{name}” in the tar is larger than {FILE_BYTES // 1_000_000} MB.", path=name)
        if len(found) >= PROJECT_FILES:
            raise TooLarge(f"The tar holds more than {PROJECT_FILES} files.")
        content = archive.extractfile(entry)
        found.append((name, content.read(FILE_BYTES + 1) if content else b""))
    return found


class _Measured(io.RawIOBase):
    """What comes out of a decompressor, counted; TooLarge as soon as it is more than a project may be, or a bomb's share."""

    def __init__(self, source: BinaryIO, *, packed: int):
        self._source, self._packed, self._read = source, packed, 0

    def read(self, size: int = -1) -> bytes:
        piece = self._source.read(min(size, 1 << 16) if size >= 0 else 1 << 16)
        self._read += len(piece)
        if self._read > _UNPACKED_BYTES:
            raise TooLarge(f"The tar unpacks to more than {PROJECT_BYTES // 1_000_000} MB.")
        if self._read > _RATIO_FROM and self._read > self._packed * ZIP_RATIO:
            raise TooLarge("The tar unpacks to far more than its own size, as a bomb does.")
        return piece
