"""The keyring in the database of the store, encrypted under a key that is not in it.

So all hosts share one keyring: a rotation on one of them is seen by the others. Each host has the
other key, the outer one, in a file of the keyring's format or in a credential. It stays the same.
"""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Final, Protocol

from cwtui.accounts.errors import KeyringMissing, StoreDamaged
from cwtui.accounts.model import Sealed
from cwtui.hints import again
from cwtui.keyring import file_format
from cwtui.keyring.file_format import KeyFile
from cwtui.keyring.file_keyring import FileKeyring, KeyringChange
from cwtui.keyring.opened import Keys, OpenKeyring, Version
from cwtui.language import _

_ASSOCIATED: Final = b"cwtui keyring"


class Row(Protocol):
    """Where the database has the sealed keyring. All methods raise CannotCheck."""

    place: str

    def version(self) -> str | None:
        """Return what changes with each change, as far as this process knows; None if empty."""

    def read(self) -> tuple[Sealed, str] | None:
        """Return the sealed keyring and its version."""

    def changing(
        self, before: Sealed, after: Callable[[], Sealed | None]
    ) -> AbstractContextManager[None]:
        """Replace it at the end of the block, or with a change of accounts in it.

        It fails if somebody else has replaced it. `after` may return None for no change.
        """


class SealedKeyring(OpenKeyring):
    """The Keyring port on a row of the database and an outer key."""

    def __init__(self, row: Row, outer: FileKeyring) -> None:
        self._row = row
        self._outer = outer
        super().__init__(row.place)

    def content(self) -> tuple[KeyFile, Sealed]:
        """Return the keys as they are now, and how they are kept. Raises CannotCheck."""
        content, sealed, _ = self._found()
        return content, sealed

    @contextmanager
    def change(self) -> Iterator[KeyringChange]:
        content, sealed, _ = self._found()
        change = _Change(content, self._outer)
        if self.check is not None:
            self.check(change.held)
        with self._row.changing(sealed, change.sealed):
            yield change

    def version(self) -> Version:
        # Without the file of the outer key, nothing that was read with it is used any more.
        return self._row.version() or "", *self._outer.version()

    def _read(self) -> Keys:
        outer = self._outer.version()
        content, _, version = self._found()
        return Keys(content, (version, *outer))

    def _found(self) -> tuple[KeyFile, Sealed, str]:
        found = self._row.read()
        if found is None:
            raise KeyringMissing(
                _(
                    "There is no keyring {place}. To move one there, set keyring.in_database to "
                    "false and keyring.file to its file, and run: {command}",
                    place=self._row.place,
                    command=again("key to-database FILE"),
                )
            )
        sealed, version = found
        if sealed.key not in self._outer.held_now().ids:
            raise KeyringMissing(
                _(
                    "The keyring {place} is encrypted under the key {key}, which {file} lacks. "
                    "Copy the right file from another host.",
                    place=self._row.place,
                    key=sealed.key,
                    file=self._outer.place,
                )
            )
        content = self._outer.opened(sealed, _ASSOCIATED)
        if content is None:
            raise StoreDamaged(
                _(
                    "The keyring {place} was changed outside cwtui. Restore the database from its "
                    "backup, or use your copy of the keyring: see cwtui help postgresql",
                    place=self._row.place,
                )
            )
        return (
            file_format.decoded(content, _("The keyring {place}", place=self._row.place)),
            sealed,
            version,
        )


def sealed_under(outer: FileKeyring, content: KeyFile) -> Sealed:
    """Return the keyring as it is kept in the database."""
    return outer.seal(file_format.encoded(content), _ASSOCIATED)


class _Change(KeyringChange):
    """A new version of a keyring that the database writes."""

    def __init__(self, content: KeyFile, outer: FileKeyring) -> None:
        super().__init__(content)
        self._outer = outer
        self._sealed: Sealed | None = None

    def sealed(self) -> Sealed | None:
        """Return what is to be written, if anything was changed."""
        return self._sealed

    def _put(self, content: KeyFile) -> None:
        super()._put(content)
        self._sealed = sealed_under(self._outer, content)
