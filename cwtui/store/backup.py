"""Backups: an uncompressed tar of the store's files, with a manifest as its first member.

A backup holds the store as it was at one instant. Reading does not trust it: only plain files with
known names are accepted, and their sizes and SHA-256 must match the manifest.
"""

import io
import tarfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from hashlib import sha256
from pathlib import Path
from typing import Annotated, BinaryIO, Final, NamedTuple

import msgspec
from msgspec import Meta, Struct

from cwtui.accounts.errors import StoreDamaged, StoreTooNew
from cwtui.accounts.model import Time
from cwtui.host.files import cannot, exists, new_file, write_all
from cwtui.host.locks import undisturbed
from cwtui.host.untrusted_files import read_regular
from cwtui.language import _
from cwtui.store.accounts import TinyAccountStore
from cwtui.store.contents import Contents
from cwtui.store.layout import Layout, is_member
from cwtui.store.parts import Part, pieces
from cwtui.store.parts import opened as opened_part
from cwtui.store.records import TinyRecordStore

FORMAT: Final = 2
"""Format 2 has journals, which versions of cwtui that read only format 1 would refuse as damage."""
_MANIFEST: Final = "manifest.json"
_MANIFEST_MOST: Final = 1 << 20
_HEAD_MOST: Final = 1 << 16
ACCOUNTS: Final = "accounts.json"
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


class Snapshot(NamedTuple):
    """The store at one instant.

    `parts` are its files by name in the backup, which is the path relative to the store's folder.
    """

    parts: dict[str, Part]
    contents: Contents


@contextmanager
def snapshot(layout: Layout) -> Iterator[Snapshot]:
    """Open the accounts and audit log as they are at one instant, and each complete record file.

    Locks are held only while opening the files: later writes replace files and extend the audit
    log, so the open parts do not change. Raises CannotCheck.
    """
    accounts, records = TinyAccountStore(layout.accounts), TinyRecordStore(layout.records)
    with ExitStack() as opened:

        def named(found: dict[Path, Part]) -> dict[str, Part]:
            return {path.relative_to(layout.folder).as_posix(): p for path, p in found.items()}

        try:
            with undisturbed(layout.accounts):
                contents = accounts.contents()
                found = named(opened.enter_context(accounts.parts()))
                for number in records.numbers() if exists(layout.records) else ():
                    found |= named(opened.enter_context(records.parts(number)))
                with undisturbed(layout.audit):
                    for name in layout.audit_files():
                        found[name] = opened.enter_context(audit_part(layout.folder / name))
        except OSError as error:
            raise cannot("read", layout.folder, error) from None
        yield Snapshot(found, contents)


@contextmanager
def audit_part(path: Path) -> Iterator[Part]:
    """Open a file of the audit log, whose lock the caller holds. Raises OSError."""
    if path.suffix == ".head":  # it is changed in place
        content = read_regular(path, _HEAD_MOST)
        yield Part(io.BytesIO(content), len(content))
        return
    with opened_part(path) as part:
        yield part


def manifest_of(found: Snapshot, version: str, now: float) -> Manifest:
    """Return the manifest for a snapshot.

    Raises StoreDamaged if the accounts cannot be read, and OSError.
    """
    members = {}
    for name, part in found.parts.items():
        digest = sha256()
        for piece in part.pieces():
            digest.update(piece)
        members[name] = Member(part.size, digest.hexdigest())
    # Without keys that were given up as lost.
    keys = found.contents.used() & found.contents.needed
    return Manifest(FORMAT, now, version, tuple(sorted(keys)), members)


def write(found: Snapshot, manifest: Manifest, put: Callable[[bytes], object]) -> None:
    """Write the whole tar with `put`, piece by piece. Raises OSError."""
    content = msgspec.json.format(msgspec.json.encode(manifest))
    parts = {_MANIFEST: Part(io.BytesIO(content), len(content)), **found.parts}
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
            raise reader.damaged(_("{name!r} does not belong in a backup", name=info.name))
        if info.size != member.size:
            raise reader.damaged(_("the size of {name} differs from the manifest", name=info.name))
        found.add(info.name)
        digest = sha256()
        path = folder / info.name
        path.parent.mkdir(mode=0o700, exist_ok=True)
        with new_file(path) as descriptor:
            for piece in reader.content(info):
                digest.update(piece)
                write_all(descriptor, piece)
        if digest.hexdigest() != member.sha256:
            raise reader.damaged(_("the content of {name} was changed", name=info.name))
    missing = sorted({ACCOUNTS, *manifest.members} - found)
    if missing:
        raise reader.damaged(_("{name} is missing", name=missing[0]))
    return manifest


class _Reader:
    """Reads the plain members of a tar in order; refuses links, devices and extensions."""

    def __init__(self, source: BinaryIO, name: str) -> None:
        self._source = source
        self._name = name

    def manifest(self) -> Manifest:
        info = self.next()
        if info is None or info.name != _MANIFEST or info.size > _MANIFEST_MOST:
            raise self.damaged(_("it does not start with a manifest"))
        content = b"".join(self.content(info))
        try:
            if msgspec.json.decode(content, type=_Format).format > FORMAT:
                raise StoreTooNew(
                    _(
                        "{name} was written by a newer version of cwtui. Install that version.",
                        name=self._name,
                    )
                )
            return msgspec.json.decode(content, type=Manifest)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
            raise self.damaged(_("the manifest is invalid: {error}", error=error)) from None

    def next(self) -> tarfile.TarInfo | None:
        """Return the next member, or None at the end. Read the previous content first."""
        block = self._source.read(tarfile.BLOCKSIZE)
        if block == _END:
            return None
        try:
            info = tarfile.TarInfo.frombuf(block, "utf-8", "strict")
        except (tarfile.HeaderError, UnicodeDecodeError):
            raise self.damaged(_("it is not a complete tar archive")) from None
        if info.type != tarfile.REGTYPE or info.size < 0:
            raise self.damaged(_("{name!r} is not a plain file", name=info.name))
        return info

    def content(self, info: tarfile.TarInfo) -> Iterator[bytes]:
        try:
            yield from pieces(self._source, info.size)
        except EOFError:
            raise self.damaged(_("it is incomplete")) from None
        self._source.read(-info.size % tarfile.BLOCKSIZE)

    def damaged(self, reason: str) -> StoreDamaged:
        return StoreDamaged(
            _("{name} is not a usable backup: {reason}.", name=self._name, reason=reason)
        )
