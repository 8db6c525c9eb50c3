"""What a person uploads becomes files of a project: plain files as they are, archives unpacked."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import PurePosixPath

from core.build.archive import read_zip
from core.build.limits import PROJECT_BYTES, PROJECT_FILES
from core.build.paths import check_path, check_set
from core.build.tarball import read_tar
from core.errors import InvalidInput, TooLarge

_ARCHIVES = (".zip", ".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tar.xz")


def uploaded(files: Mapping[str, bytes], *, folder: str = "", unpack: bool = True) -> dict[str, bytes]:
    """The files as they will stand in the project.

    Args:
        files: name or relative path → content, as uploaded; at most 2000 and 50 MB together.
        folder: where they go; "" for the top.
        unpack: take .zip, .tar, .tar.gz, .tar.bz2 and .tar.xz apart, each into the folder it lies in.

    Raises InvalidInput or TooLarge, for the whole upload, when any name or archive is not safe or a name is there twice.
    """
    if len(files) > PROJECT_FILES:
        raise TooLarge(f"{len(files)} files are more than the {PROJECT_FILES} a project may hold.")
    if sum(map(len, files.values())) > PROJECT_BYTES:
        raise TooLarge(f"The upload is larger than {PROJECT_BYTES // 1_000_000} MB.")
    found: dict[str, bytes] = {}
    for name, data in files.items():
        path = check_path(f"{folder.rstrip('/')}/{name}" if folder else name)
        parts = _unpacked(path, data) if unpack and path.lower().endswith(_ARCHIVES) else {path: data}
        for part, content in parts.items():
            if part in found:
                raise InvalidInput(f"The upload holds “{part}” twice.", "Upload one of them.", path=part)
            found[part] = content
    check_set(found)
    return found


def _unpacked(path: str, data: bytes) -> dict[str, bytes]:
    inside = read_zip(data) if path.lower().endswith(".zip") else read_tar(data)
    place = PurePosixPath(path).parent
    return {str(place / name): content for name, content in inside.items()}
