"""git over a stream: advertise refs, answer fetches, take pushes (objects first, checked, then refs by compare-and-swap)."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO

from dulwich.errors import ApplyDeltaError, ChecksumMismatch, GitProtocolError, ObjectFormatException
from dulwich.object_store import PackInputTooLarge
from dulwich.objects import Blob, Commit, Tag, Tree
from dulwich.protocol import ReceivableProtocol
from dulwich.repo import Repo
from dulwich.server import Backend, ReceivePackHandler, UploadPackHandler

from core.errors import InvalidInput, SpacesError
from core.git import refs
from core.git.store import GitStore

ZERO = b"0" * 40
MAX_PACK = 8 * 1000**3
SIDE_BAND_BYTES = 65515
_BROKEN_PACK = (zlib.error, OSError, ChecksumMismatch, ApplyDeltaError, AssertionError, ObjectFormatException, PackInputTooLarge)
Allows = Callable[[str, str | None], str | None]
Moved = Callable[[str, str | None], None]


class _Stream(ReceivableProtocol):
    """dulwich's protocol, except that a large answer is cut into packets in linear time."""

    def write_sideband(self, channel: int, blob: bytes) -> None:
        view = memoryview(blob)
        for at in range(0, len(view), SIDE_BAND_BYTES):
            self.write_pkt_line(bytes([channel]) + view[at : at + SIDE_BAND_BYTES])


class _One(Backend):
    """The one repository of this request."""

    def __init__(self, repo: Repo):
        self._repo = repo

    def open_repository(self, path: str) -> Repo:
        return self._repo


def advertise(path: Path, service: str, out: BinaryIO) -> None:
    """Write the refs of a repository as the answer to `info/refs?service=…`."""
    with Repo(str(path), bare=True) as repo:
        handler = _handler(service)(_One(repo), [""], _Stream(lambda _: b"", out.write), stateless_rpc=True,
                                    advertise_refs=True)  # fmt: skip
        handler.proto.write_pkt_line(b"# service=" + service.encode() + b"\n")
        handler.proto.write_pkt_line(None)
        handler.handle()


def upload_pack(path: Path, body: BinaryIO, out: BinaryIO) -> None:
    """Answer a fetch or clone: `body` is the request, `out` gets the pack. `InvalidInput` for a broken request."""
    with Repo(str(path), bare=True) as repo:
        _handle(UploadPackHandler(_One(repo), [""], _Stream(body.read, out.write), stateless_rpc=True))


def receive_pack(store: GitStore, body: BinaryIO, out: BinaryIO, *, allows: Allows, moved: Moved) -> None:
    """Take a push.

    Args:
        allows: (full ref name, new commit or None to delete) → why not, or None.
        moved: told of every ref that did move, with its new commit or None.

    Errors: `InvalidInput` for a broken request. Refs that cannot move are reported to the client.
    """
    with Repo(str(store.path), bare=True) as repo:
        proto = _Stream(body.read, out.write)
        _handle(_Receive(_One(repo), [""], proto, store=store, allows=allows, moved=moved))


def _handler(service: str) -> type:
    return {"git-upload-pack": UploadPackHandler, "git-receive-pack": ReceivePackHandler}[service]


def _handle(handler) -> None:
    try:
        handler.handle()
    except (GitProtocolError, ValueError, KeyError, AssertionError) as error:
        raise InvalidInput(f"The git request is not valid ({type(error).__name__}).") from error


class _Receive(ReceivePackHandler):
    """The protocol is dulwich's; how refs move is ours: it reports a lost race as success and checks no objects."""

    def __init__(self, backend: Backend, args, proto, *, store: GitStore, allows: Allows, moved: Moved):
        super().__init__(backend, args, proto, stateless_rpc=True)
        self._store, self._allows, self._moved = store, allows, moved

    def _apply_pack(self, commands) -> Iterator[tuple[bytes, bytes]]:
        if any(new != ZERO for _, new, _ in commands):
            try:
                self.repo.object_store.add_thin_pack(
                    self.proto.read, getattr(self.proto, "recv", None), max_input_size=MAX_PACK
                )
            except _BROKEN_PACK as error:
                yield b"unpack", type(error).__name__.encode()
                return
        yield b"unpack", b"ok"
        if self.has_capability(b"atomic"):
            refused = {ref: why for old, new, ref in commands if (why := self._why_not(old, new, ref))}
            if refused:
                for _, _, ref in commands:
                    yield ref, refused.get(ref, b"atomic push failed")
                return
        for old, new, ref in commands:
            yield ref, self._move(old, new, ref)

    def _move(self, old: bytes, new: bytes, ref: bytes) -> bytes:
        name = ref.decode("utf-8", "replace")
        if why := self._why_not(old, new, ref):
            return why
        with self._store.lock:
            if (self.repo.refs.read_ref(ref) or ZERO) != old:
                return b"fetch first"
            try:
                if new == ZERO:
                    refs.remove(self.repo, name)
                else:
                    refs.swap(self.repo, name, new.decode(), expect=refs.ABSENT if old == ZERO else None)
            except SpacesError as error:
                return error.message.encode("ascii", "replace").replace(b"\n", b" ")
            except OSError:
                return b"failed to write"
        self._moved(name, None if new == ZERO else self._store.head(name))
        return b"ok"

    def _why_not(self, old: bytes, new: bytes, ref: bytes) -> bytes | None:
        name = ref.decode("utf-8", "replace")
        if why := self._allows(name, None if new == ZERO else new.decode()):
            return why.encode("ascii", "replace")
        if (self.repo.refs.read_ref(ref) or ZERO) != old:
            return b"fetch first"
        return None if new == ZERO else _incomplete(self.repo, new, ref)


def _incomplete(repo: Repo, tip: bytes, ref: bytes) -> bytes | None:
    """Why the objects below `tip` may not be published: missing, of the wrong kind, or with names that are not safe."""
    known = set(repo.refs.as_dict().values())
    waiting: list[tuple[bytes, type | None]] = [(tip, None)]
    seen: set[bytes] = set()
    while waiting:
        oid, kind = waiting.pop()
        if oid in seen or oid in known:
            continue
        seen.add(oid)
        if kind is Blob:
            if oid not in repo.object_store:
                return b"missing necessary objects"
            continue
        try:
            found = repo.object_store[oid]
            found.check()
        except KeyError:
            return b"missing necessary objects"
        except (ObjectFormatException, ValueError) as error:
            return b"invalid object: " + str(error).encode("ascii", "replace").replace(b"\n", b" ")[:100]
        if (kind and not isinstance(found, kind)) or (kind is None and ref.startswith(b"refs/heads/") and not isinstance(found, Commit)):
            return b"invalid object: it is of the wrong kind"
        waiting += _below(found)
    return None


def _below(found) -> list[tuple[bytes, type | None]]:
    if isinstance(found, Commit):
        return [(found.tree, Tree), *((parent, Commit) for parent in found.parents)]
    if isinstance(found, Tree):
        return [(item.sha, Tree if item.mode == 0o040000 else Blob) for item in found.items() if item.mode != 0o160000]
    return [(found.object[1], found.object[0])] if isinstance(found, Tag) else []
