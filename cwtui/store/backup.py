"""Backups: an uncompressed tar of the store's files, with a manifest as its first member.

A backup holds the store as it was at one instant. Reading does not trust it: only plain files with
known names are accepted, and their sizes and SHA-256 must match the manifest.
"""

import io
import os
import tarfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from hashlib import sha256
from pathlib import Path
from typing import Annotated, BinaryIO, Final, NamedTuple, TypeAlias

import msgspec
from msgspec import Meta, Struct

from cwtui.accounts.errors import StoreDamaged, StoreTooNew
from cwtui.accounts.model import Time
from cwtui.accounts.upkeep.protection import Protected
from cwtui.host.files import cannot, new_file, write_all
from cwtui.host.read_lock import undisturbed
from cwtui.host.untrusted_files import open_regular, read_regular
from cwtui.store.layout import Layout, is_member

FORMAT: Final = 1
_MANIFEST: Final = "manifest.json"
_MANIFEST_MOST: Final = 1 << 20
_HEAD_MOST: Final = 1 << 16
ACCOUNTS: Final = "accounts.json"
_PIECE: Final = 1 << 20
_END: Final = bytes(tarfile.BLOCKSIZE)


class Member(Struct, frozen=True, forbid_unknown_fields=True):
    size: Annotated[int, Meta(ge=0)]
    sha256: Annotated[str, Meta(pattern=r"^[0-9a-f]{64}\Z")]


class Manifest(Struct, frozen=True, forbid_unknown_fields=True):
    """The manifest of a backup. `keys` are the ids of the keys that it needs."""

    format: int
    created_at: Time
    cwtui: str
    keys: tuple[str, ...]
    members: dict[str, Member]


class _Format(Struct):
    format: int


class _Needed(Struct):
    ids: tuple[str, ...]


class _Accounts(Struct):
    """The parts of the accounts file that show which keys it needs."""

    accounts: dict[str, Protected] = {}
    keys: dict[str, _Needed] = {}


class Part(NamedTuple):
    """An open file, and how much of it belongs to the backup."""

    file: BinaryIO
    size: int

    def pieces(self) -> Iterator[bytes]:
        """Yield its content in pieces, from the beginning. Raises OSError."""
        self.file.seek(0)
        return _pieces(self.file, self.size)


Snapshot: TypeAlias = dict[str, Part]
"""Parts by name in the backup, which is the path relative to the store's folder."""


@contextmanager
def snapshot(layout: Layout) -> Iterator[Snapshot]:
    """Open the accounts and audit log as they are at one instant, and each complete record file.

    Locks are held only while opening the files: later writes replace files and extend the audit
    log, so the open parts do not change. Raises CannotCheck.
    """
    with ExitStack() as opened:

        def parts(names: list[str]) -> Snapshot:
            return {name: opened.enter_context(_part(layout.folder / name)) for name in names}

        try:
            with undisturbed(layout.accounts):
                found = parts([ACCOUNTS, *layout.record_files()])
                with undisturbed(layout.audit):
                    found |= parts(layout.audit_files())
        except OSError as error:
            raise cannot("read", layout.folder, error) from None
        yield found


@contextmanager
def _part(path: Path) -> Iterator[Part]:
    if path.suffix == ".head":  # the one file that is changed in place
        content = read_regular(path, _HEAD_MOST)
        yield Part(io.BytesIO(content), len(content))
        return
    with os.fdopen(open_regular(path), "rb") as file:
        yield Part(file, os.fstat(file.fileno()).st_size)


def manifest_of(found: Snapshot, version: str, now: float) -> Manifest:
    """Return the manifest for a snapshot.

    Raises StoreDamaged if the accounts cannot be read, and OSError.
    """
    members = {}
    for name, part in found.items():
        digest = sha256()
        for piece in part.pieces():
            digest.update(piece)
        members[name] = Member(part.size, digest.hexdigest())
    return Manifest(FORMAT, now, version, _keys(found[ACCOUNTS]), members)


def write(found: Snapshot, manifest: Manifest, put: Callable[[bytes], object]) -> None:
    """Write the whole tar with `put`, piece by piece. Raises OSError."""
    content = msgspec.json.format(msgspec.json.encode(manifest))
    parts = {_MANIFEST: Part(io.BytesIO(content), len(content)), **found}
    for name, part in parts.items():
        info = tarfile.TarInfo(name)
        info.size, info.mode, info.mtime = part.size, 0o600, int(manifest.created_at)
        put(info.tobuf(tarfile.USTAR_FORMAT))
        for piece in part.pieces():
            put(piece)
        put(bytes(-part.size % tarfile.BLOCKSIZE))
    put(_END * 2)


def unpack(source: BinaryIO, folder: Path, name: str) -> Manifest:
    """Unpack the members into a private folder and verify each. `name` is for error messages.

    Raises StoreDamaged, StoreTooNew and OSError.
    """
    reader = _Reader(source, name)
    manifest = reader.manifest()
    found = set()
    while (info := reader.next()) is not None:
        member = manifest.members.get(info.name)
        if member is None or not is_member(info.name) or info.name in found:
            raise reader.damaged(f"{info.name!r} does not belong in a backup")
        if info.size != member.size:
            raise reader.damaged(f"the size of {info.name} differs from the manifest")
        found.add(info.name)
        digest = sha256()
        path = folder / info.name
        path.parent.mkdir(mode=0o700, exist_ok=True)
        with new_file(path) as descriptor:
            for piece in reader.content(info):
                digest.update(piece)
                write_all(descriptor, piece)
        if digest.hexdigest() != member.sha256:
            raise reader.damaged(f"the content of {info.name} was changed")
    missing = sorted({ACCOUNTS, *manifest.members} - found)
    if missing:
        raise reader.damaged(f"{missing[0]} is missing")
    return manifest


class _Reader:
    """Reads the plain members of a tar in order; refuses links, devices and extensions."""

    def __init__(self, source: BinaryIO, name: str) -> None:
        self._source = source
        self._name = name

    def manifest(self) -> Manifest:
        info = self.next()
        if info is None or info.name != _MANIFEST or info.size > _MANIFEST_MOST:
            raise self.damaged("it does not start with a manifest")
        content = b"".join(self.content(info))
        try:
            if msgspec.json.decode(content, type=_Format).format > FORMAT:
                raise StoreTooNew(
                    f"{self._name} was written by a newer version of cwtui. Install that version."
                )
            return msgspec.json.decode(content, type=Manifest)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
            raise self.damaged(f"the manifest is invalid: {error}") from None

    def next(self) -> tarfile.TarInfo | None:
        """Return the next member, or None at the end. Read the previous content first."""
        block = self._source.read(tarfile.BLOCKSIZE)
        if block == _END:
            return None
        try:
            info = tarfile.TarInfo.frombuf(block, "utf-8", "strict")
        except (tarfile.HeaderError, UnicodeDecodeError):
            raise self.damaged("it is not a complete tar archive") from None
        if info.type != tarfile.REGTYPE or info.size < 0:
            raise self.damaged(f"{info.name!r} is not a plain file")
        return info

    def content(self, info: tarfile.TarInfo) -> Iterator[bytes]:
        try:
            yield from _pieces(self._source, info.size)
        except EOFError:
            raise self.damaged("it is incomplete") from None
        self._source.read(-info.size % tarfile.BLOCKSIZE)

    def damaged(self, reason: str) -> StoreDamaged:
        return StoreDamaged(f"{self._name} is not a usable backup: {reason}.")


def _pieces(file: BinaryIO, size: int) -> Iterator[bytes]:
    while size:
        piece = file.read(min(size, _PIECE))
        if not piece:
            raise EOFError
        size -= len(piece)
        yield piece


def _keys(accounts: Part) -> tuple[str, ...]:
    try:
        content = msgspec.json.decode(b"".join(accounts.pieces()), type=_Accounts)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        raise StoreDamaged("The accounts cannot be read. See: cwtui store check") from None
    used = {key for account in content.accounts.values() for key in account.keys}
    for needed in content.keys.values():  # without keys that were given up as lost
        used &= set(needed.ids)
    return tuple(sorted(used))
