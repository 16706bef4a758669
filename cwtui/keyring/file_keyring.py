"""The keys that protect the store, in one JSON file apart from it."""

import errno
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Self

from msgspec.structs import replace

from cwtui.accounts.errors import CannotCheck, KeyringMissing, Refused
from cwtui.host.files import (
    cannot,
    check_private,
    discard,
    exists,
    keep,
    make_private_folder,
    prepare,
    rename,
    write_atomically,
)
from cwtui.host.locks import exclusive
from cwtui.host.reasons import reason_of
from cwtui.host.untrusted_files import check_regular
from cwtui.keyring import file_format
from cwtui.keyring.file_format import KeyFile
from cwtui.keyring.opened import Held, Keys, OpenKeyring, Version, held_in, remedy
from cwtui.language import _


class FileKeyring(OpenKeyring):
    """The keys of one file, re-read when another process replaced it.

    A credential is a file that systemd provides for this process; cwtui never writes it.
    """

    def __init__(self, path: Path, *, credential: bool = False) -> None:
        self._path = path
        self._credential = credential
        super().__init__(str(path))

    @classmethod
    def load(cls, path: Path, *, credential: bool = False) -> Self:
        """Read the keyring. Raises KeyringMissing, StoreExposed, StoreDamaged or StoreTooNew."""
        return cls(path, credential=credential)

    @classmethod
    def create(cls, path: Path, now: float) -> Self:
        """Create a keyring with one new key. The caller holds the lock. Raises CannotCheck."""
        make_private_folder(path.parent)
        if exists(path):
            raise CannotCheck(
                _("The keyring {path} already exists. It was not changed.", path=path)
            )
        return cls._made(path, now)

    @classmethod
    def replace(cls, path: Path, now: float) -> Self:
        """Replace a wrong keyring with a new one; the old file is kept as `NAME.lost-TIME`.

        Raises CannotCheck, also for what is not a regular file.
        """
        make_private_folder(path.parent)
        real = _real(path)
        try:
            with suppress(FileNotFoundError):
                check_regular(real)
        except OSError as error:
            raise cannot("write", path, error) from None
        keep(real, f"lost-{datetime.fromtimestamp(now, UTC):%Y%m%dT%H%M%S.%f}")
        return cls._made(path, now)

    @classmethod
    def _made(cls, path: Path, now: float) -> Self:
        write_atomically(_real(path), file_format.encoded(file_format.new_file(now)))
        return cls(path)

    @property
    def is_read_only(self) -> bool:
        return self._credential

    @contextmanager
    def change(self) -> Iterator["KeyringChange"]:
        """Change the keyring under its lock. Raises Refused for a credential, and CannotCheck."""
        if self._credential:
            raise Refused(
                _(
                    "The keyring {path} is a credential, which only systemd can write. Stop the "
                    "unit, set keyring.file in the configuration to the source of the credential, "
                    "and run this again. Then give the unit the new file.",
                    path=self._path,
                )
            )
        with locked(self._path) as real:
            change = _FileChange(real)
            if self.check is not None:
                self.check(change.held)
            try:
                yield change
                change.commit()
            finally:
                change.forget()

    def _read(self) -> "Keys":
        # Before reading, so that a change while reading is noticed next time.
        version = self.version()
        if self._credential:
            file_format.check_credential(self._path)
        else:
            check_private(self._path)
        return Keys(file_format.read(self._path), version)

    def version(self) -> Version:
        try:
            found = self._path.stat()
        except (FileNotFoundError, NotADirectoryError):
            raise KeyringMissing(
                _(
                    "The keyring {path} is missing. Without it the store cannot be read. {remedy}",
                    path=self._path,
                    remedy=remedy(),
                )
            ) from None
        except OSError as error:
            raise CannotCheck(
                _(
                    "Cannot read the keyring {path}: {reason}.",
                    path=self._path,
                    reason=reason_of(error),
                )
            ) from None
        return found.st_dev, found.st_ino, found.st_mtime_ns, found.st_ctime_ns, found.st_size


@contextmanager
def locked(path: Path) -> Iterator[Path]:
    """Hold the lock of the keyring, and yield the file that has it: a link leads there.

    Raises CannotCheck.
    """
    real = _real(path)
    with exclusive(real):
        yield real


def _real(path: Path) -> Path:
    """Return the file that a link leads to: the link stays, and the keys stay on their disk.

    Raises CannotCheck.
    """
    try:
        return path.resolve() if path.is_symlink() else path
    except (OSError, RuntimeError) as error:  # RuntimeError: links that lead to each other
        reason = error if isinstance(error, OSError) else OSError(errno.ELOOP, str(error))
        raise cannot("write", path, reason) from None


class KeyringChange:
    """A new version of the keyring."""

    def __init__(self, before: KeyFile) -> None:
        # Stored from now on, as the key that it was derived from may be removed.
        names = file_format.names_key(before)
        self._content = replace(before, names=names)

    @property
    def held(self) -> Held:
        """The keys after the changes so far."""
        return held_in(self._content)

    def add(self, now: float) -> str:
        key = file_format.new_key(now)
        self._put(replace(self._content, active=key.id, keys=(*self._content.keys, key)))
        return key.id

    def add_pepper(self, key: str, pepper: bytes, now: float) -> None:
        added = file_format.PepperEntry(key, now, pepper)
        self._put(replace(self._content, peppers=(*self._content.peppers, added)))

    def remove(self, *ids: str) -> None:
        keys = tuple(key for key in self._content.keys if key.id not in ids)
        peppers = tuple(one for one in self._content.peppers if one.id not in ids)
        self._put(replace(self._content, keys=keys, peppers=peppers))

    def _put(self, content: KeyFile) -> None:
        self._content = content


class _FileChange(KeyringChange):
    """A new version of the file. Each change is written to disk; `commit` renames it."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._prepared: Path | None = None
        super().__init__(file_format.read(path))

    def commit(self) -> None:
        """Replace the file. If it raises CannotCheck, the file is unchanged."""
        if self._prepared is not None:
            rename(self._prepared, self._path)
            self._prepared = None

    def forget(self) -> None:
        if self._prepared is not None:
            discard(self._prepared)

    def _put(self, content: KeyFile) -> None:
        super()._put(content)
        self._prepared = prepare(self._path, file_format.encoded(content))
